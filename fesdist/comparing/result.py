"""The result of a comparison: a measurement for each entrant and change of expression, or why there is none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fesdist.comparing.entrants import Entrant
from fesdist.comparing.measurement import Measurement
from fesdist.comparing.units import Change, Unit
from fesdist.evaluation.looks import REAL
from fesdist.evaluation.scores import MEAN_DIFFERENCE, MODEL, REFINED, UNCHANGED
from fesdist.ground.notices import Notice, noticed

PAPERS_ORDER = ("mr-5", "lasso", "omp", "ridge")
"""From the best to the worst in Khan et al. 2020, table 1: MR 5, l1, l0 and l2."""


@dataclass(frozen=True)
class Contender:
    """A row of the tables of errors: an answer without a model, an entrant, or an entrant refined."""

    name: str
    entrant: str | None
    """None for the answers that need no model, which every entrant's measurements have."""
    method: str


@dataclass(frozen=True)
class ComparisonResult:
    """All that was asked for; `directions` has the changes of each direction by its name."""

    entrants: tuple[Entrant, ...]
    directions: Mapping[str, tuple[Change, ...]]
    measured: Mapping[tuple[str, Change], Measurement]
    """By the entrant's name and the change."""
    failed: Mapping[tuple[str, Change], str]
    """Why there is no measurement."""

    @property
    def changes(self) -> tuple[Change, ...]:
        return tuple(change for changes in self.directions.values() for change in changes)

    @property
    def contenders(self) -> tuple[Contender, ...]:
        """Return the rows of the tables of errors."""
        rows = [Contender(method, None, method) for method in (UNCHANGED, MEAN_DIFFERENCE)]
        for entrant in self.entrants:
            rows.append(Contender(entrant.name, entrant.name, MODEL))
            rows.append(Contender(f"{entrant.name} refined", entrant.name, REFINED))
        return tuple(rows)

    def of_entrant(self, name: str, changes: Sequence[Change] | None = None) -> list[Measurement]:
        """Return the measurements that an entrant has of some changes, or of all."""
        found = (self.measured.get((name, change)) for change in (self.changes if changes is None else changes))
        return [measurement for measurement in found if measurement is not None]

    @property
    def seen(self) -> tuple[Contender, ...]:
        """Return the rows of the tables of what people see: the real photographs, and the contenders."""
        return Contender(REAL, None, REAL), *self.contenders

    def error(self, contender: Contender, region: str, changes: Sequence[Change]) -> float | None:
        """Return MSE x 100 averaged over changes; None if one of them was not measured."""
        return self._mean(contender, changes, lambda found: found.mse_x100[contender.method][region])

    def share(self, contender: Contender, measure: str, changes: Sequence[Change]) -> float | None:
        """Return a measure of `Seen`, a share, averaged over changes; None if one of them was not measured."""

        def of(found: Measurement) -> float | None:
            return getattr(found.seen[contender.method], measure) if contender.method in found.seen else None

        return self._mean(contender, changes, of)

    def classifier_right(self) -> float | None:
        """Return about what share of real photographs the classifiers were right; None if one of them is not known."""
        anybody = Contender(UNCHANGED, None, UNCHANGED)
        return self._mean(anybody, self.changes, lambda found: found.classifier_right)

    def _mean(
        self, contender: Contender, changes: Sequence[Change], value: Callable[[Measurement], float | None]
    ) -> float | None:
        values = []
        for change in changes:
            names = [contender.entrant] if contender.entrant else [entrant.name for entrant in self.entrants]
            found = [self.measured[name, change] for name in names if (name, change) in self.measured]
            # Measurements of older versions of fesdist do not have everything.
            known = next((known for each in found if (known := value(each)) is not None), None)
            if known is None:
                return None
            values.append(known)
        return sum(values) / len(values)

    def winner(self, region: str) -> str | None:
        """Return the name of the contender with the smallest mean error; None if none was measured everywhere."""
        errors = {row.name: self.error(row, region, self.changes) for row in self.contenders}
        known = {name: error for name, error in errors.items() if error is not None}
        return min(known, key=known.__getitem__, default=None)

    def papers_order(self) -> dict[str, float] | None:
        """Return the mean face errors of `PAPERS_ORDER`, the best first; None unless all four were measured."""
        errors: dict[str, float] = {}
        for name in PAPERS_ORDER:
            error = self.error(Contender(name, name, MODEL), "face", self.changes)
            if error is None:
                return None
            errors[name] = error
        return dict(sorted(errors.items(), key=lambda item: item[1]))

    @property
    def notices(self) -> tuple[Notice, ...]:
        """Return what could not be measured, and regressions that did not end as they should."""
        failed = {_named(key): reason for key, reason in self.failed.items()}
        unsolved = {_named(key): f"{found.unsolved:,}" for key, found in self.measured.items() if found.unsolved}
        return (
            *noticed("failed", "{n measurement} failed", failed),
            *noticed("doubtful", "{n model} with regressions that are not solved; `fesdist show` tells why", unsolved),
        )

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        order = self.papers_order()
        return {
            "entrants": {
                entrant.name: {"model": entrant.model.name, "parameters": entrant.model.parameters()}
                for entrant in self.entrants
            },
            "measured": [
                {"entrant": name, "input": change.before, "target": change.after, **measurement.to_record()}
                for (name, change), measurement in self.measured.items()
            ],
            "failed": [
                {"entrant": name, "input": change.before, "target": change.after, "error": reason}
                for (name, change), reason in self.failed.items()
            ],
            "notices": [notice.to_record() for notice in self.notices],
            "winners": {region: self.winner(region) for region in ("face", "mouth")},
            "order_of_the_papers": None if order is None else tuple(order) == PAPERS_ORDER,
        }


def _named(key: tuple[str, Change]) -> str:
    name, change = key
    return f"{name}, {change}"


def result_of(
    entrants: Sequence[Entrant],
    directions: Mapping[str, tuple[Change, ...]],
    outcomes: Mapping[Unit, Measurement | str],
) -> ComparisonResult:
    """Return the result that the outcomes of units make, a measurement or the reason why there is none."""
    found = {(unit.entrant.name, unit.change): outcome for unit, outcome in outcomes.items()}
    return ComparisonResult(
        tuple(entrants),
        directions,
        {key: outcome for key, outcome in found.items() if isinstance(outcome, Measurement)},
        {key: outcome for key, outcome in found.items() if isinstance(outcome, str)},
    )
