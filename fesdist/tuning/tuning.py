"""What tuning found: the error of every combination on people left out, and the one that was chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from fesdist.families.windowed.ridge_map import RidgeMap
from fesdist.ground.measures import REGIONS


@dataclass(frozen=True)
class Score:
    """An error on people left out, over all folds."""

    mse_x100: float
    standard_error: float
    """Over the folds."""


@dataclass(frozen=True)
class Result:
    """One combination of options."""

    options: Mapping[str, Any]
    scores: Mapping[str, Mapping[str, Score]]
    """By expression and region; empty for a combination that could not be trained."""
    failed: str = ""
    """Why it could not be trained."""

    def mean(self, region: str) -> Score:
        """Return the score averaged over the expressions."""
        scores = [of_expression[region] for of_expression in self.scores.values()]
        return Score(
            sum(score.mse_x100 for score in scores) / len(scores),
            sum(score.standard_error for score in scores) / len(scores),
        )


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

    @property
    def best(self) -> Result:
        return self.results[self.chosen]

    @property
    def options(self) -> dict[str, Any]:
        """Return the options that were chosen."""
        options = dict(self.best.options)
        return options if self.ridge_map is None else options | {"ridge": [list(row) for row in self.ridge_map]}

    @property
    def expressions(self) -> tuple[str, ...]:
        return tuple(self.best.scores)

    def at_the_edge(self) -> tuple[str, ...]:
        """Return the options whose chosen number is the smallest or the largest that was tried."""
        edges = []
        for option, value in self.best.options.items():
            tried = {result.options[option] for result in self.results}
            if isinstance(value, (int, float)) and len(tried) > 2 and value in (min(tried), max(tried)):
                edges.append(option)
        return tuple(edges)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values, which `from_json` understands; what is None or empty is left out."""
        plain = {key: value for key, value in asdict(self).items() if value is not None}
        for result in plain["results"]:
            if not result["failed"]:
                del result["failed"]
        return plain | {"results": list(plain["results"])}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Tuning:
        """Return the tuning that `to_json` described."""
        results = tuple(
            Result(
                result["options"],
                {
                    expression: {region: Score(**regions[region]) for region in REGIONS}
                    for expression, regions in result["scores"].items()
                },
                result.get("failed", ""),
            )
            for result in plain["results"]
        )
        ridge_map = plain.get("ridge_map")
        cells = None if ridge_map is None else tuple(tuple(map(float, row)) for row in ridge_map)
        return cls(**{**plain, "results": results, "ridge_map": cells})
