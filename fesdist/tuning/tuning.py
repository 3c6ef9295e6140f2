"""What tuning found: the error of every combination on people left out, and the one that was chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from fesdist.families.windowed.ridge_map import RidgeMap
from fesdist.ground.measures import REGIONS
from fesdist.ground.notices import Notice, noticed, worse_than_input
from fesdist.training.choice import Result
from storage.blobs.documents import convert
from storage.errors import FormatError


@dataclass(frozen=True)
class Tuning:
    """A grid, measured by cross-validation."""

    model: str
    colour: str
    input_expression: str
    stack: str
    """Path of the stack."""
    fingerprint: str
    """Of the images of the people who were split into folds, as in `TrainingJob`."""
    n_people: int
    n_folds: int
    row_step: int
    """Every so many rows of the image were measured."""
    clipped: bool
    """Whether outputs were clipped to [0, 1] before they were measured; from sums they cannot be."""
    region: str
    """The best error in this region was chosen."""
    results: tuple[Result, ...]
    chosen: int
    """Position among `results`."""
    ridge_map: RidgeMap | None = None
    """A ridge for each cell of the image, beside the other options of the chosen result."""
    unchanged: Result | None = None
    """The errors of the input itself, without options; None in what 0.5.0 and before wrote."""

    @property
    def best(self) -> Result:
        return self.results[self.chosen]

    @property
    def ranking(self) -> list[int]:
        """Return the positions of the combinations that could be trained, the one with the smallest error first."""
        trained = (number for number, result in enumerate(self.results) if not result.failed)
        return sorted(trained, key=lambda number: self.results[number].mean(self.region).mse_x100)

    @property
    def options(self) -> dict[str, Any]:
        """Return the options that were chosen."""
        options = dict(self.best.options)
        return options if self.ridge_map is None else options | {"ridge": [list(row) for row in self.ridge_map]}

    @property
    def expressions(self) -> tuple[str, ...]:
        return tuple(self.best.scores)

    def at_the_edge(self) -> tuple[str, ...]:
        """Return the options whose chosen number is the smallest or the largest that was tried.

        A switch has none: nothing lies below 0, and a single value beside it, like yes beside no, says whether.
        """
        edges = []
        for option, value in self.best.options.items():
            tried = {result.options[option] for result in self.results}
            if isinstance(value, str) or not value or len(tried - {0}) < 2:
                continue
            if value in (min(tried), max(tried)):
                edges.append(option)
        return tuple(edges)

    @property
    def notices(self) -> tuple[Notice, ...]:
        """Return what could not be tried, and what may be better beyond what was."""
        failed = {in_words(result.options): result.failed for result in self.results if result.failed}
        edges = [f"{option} {value_in_words(self.best.options[option])}" for option in self.at_the_edge()]
        return (
            *worse_than_input(self._above_unchanged()),
            *noticed("failed", "{n combination} could not be trained", failed),
            *noticed("doubtful", "{n value} at the edge of what was tried; one beyond it may be better", edges),
        )

    def _above_unchanged(self) -> dict[str, float]:
        """Return by how many percent the error of what was chosen is above that of the input, by expression."""
        if self.unchanged is None:
            return {}
        scores = {name: of_input[self.region].mse_x100 for name, of_input in self.unchanged.scores.items()}
        return {
            name: 100 * (self.best.scores[name][self.region].mse_x100 / error - 1)
            for name, error in scores.items()
            if error
        }

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values, which `from_json` understands; what is None or empty is left out."""
        plain = {key: value for key, value in asdict(self).items() if value is not None}
        for result in (*plain["results"], *([plain["unchanged"]] if self.unchanged else [])):
            if not result["failed"]:
                del result["failed"]
        return plain | {"results": list(plain["results"])}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any], what: str = "a tuning") -> Tuning:
        """Return the tuning that `to_json` described; raises FormatError naming `what` for a damaged one."""
        tuning = convert(cls, plain, what)
        if fault := tuning._fault():
            raise FormatError(f"{what}: {fault}; it was damaged or not written by fesdist")
        return tuning

    def _fault(self) -> str:
        """Return what does not fit together, or ""."""
        if not 0 <= self.chosen < len(self.results) or self.best.failed:
            return f"result {self.chosen} of {len(self.results)} was chosen"
        for result in (*self.results, *([self.unchanged] if self.unchanged else [])):
            if not result.failed and (
                set(result.scores) != set(self.expressions)
                or any(set(regions) != set(REGIONS) for regions in result.scores.values())
            ):
                return "scores are missing"
        for option in self.best.options:
            tried = [result.options.get(option) for result in self.results]
            if not (all(isinstance(value, int | float) for value in tried) or all(isinstance(v, str) for v in tried)):
                return f"the option {option!r} has values that cannot be compared"
        if self.ridge_map is not None and (not self.ridge_map or len(set(map(len, self.ridge_map))) != 1):
            return "the map of ridges has rows of different lengths"
        return ""


def in_words(options: Mapping[str, Any]) -> str:
    """Return options for people, "window 5, ridge 0.3"."""
    return ", ".join(f"{name} {value_in_words(value)}" for name, value in options.items())


def value_in_words(value: Any) -> str:
    """Return the value of an option for people."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
