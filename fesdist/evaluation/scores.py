"""What an evaluation found: every measure of every person, for the model and for what needs no model."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.ground.measures import MEASURES, REGIONS

UNCHANGED = "output = input"
MEAN_DIFFERENCE = "input + mean difference"
MODEL = "model"
REFINED = "model, refined"

METHODS = (UNCHANGED, MEAN_DIFFERENCE, MODEL, REFINED)
"""The rows of a table: two baselines that every model must beat, the model, and the model refined (RMR)."""


@dataclass(frozen=True)
class ExpressionScores:
    """The scores of one expression."""

    expression: str
    people: tuple[str, ...]
    trained_on: tuple[str, ...]
    """Those of `people` whom the model has learned from."""
    values: NDArray[np.float64]
    """(method, region, measure, person), in the order of `METHODS`, `REGIONS` and `MEASURES`."""

    def each(self, method: str, region: str, measure: str) -> NDArray[np.float64]:
        """Return one measure of every person, (person,) float64."""
        return np.asarray(self.values[METHODS.index(method), REGIONS.index(region), MEASURES.index(measure)])

    def mean(self, method: str, region: str, measure: str) -> float:
        """Return one measure averaged over the people."""
        return float(self.each(method, region, measure).mean())

    def improvement(self, method: str, region: str) -> float | None:
        """Return by how many percent the error falls below that of doing nothing.

        100 (1 - mean MSE of `method` / mean MSE of "output = input"); None where doing nothing is no error.
        """
        unchanged = self.mean(UNCHANGED, region, "mse_x100")
        return 100.0 * (1.0 - self.mean(method, region, "mse_x100") / unchanged) if unchanged else None

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values: the people, and for each method, region and measure a number a person."""
        scores = {
            method: {
                region: {measure: self.each(method, region, measure).tolist() for measure in MEASURES}
                for region in REGIONS
            }
            for method in METHODS
        }
        return {"people": list(self.people), "trained_on": list(self.trained_on), "scores": scores}

    @classmethod
    def from_json(cls, expression: str, record: Mapping[str, Any]) -> ExpressionScores:
        """Rebuild the scores from the values that `to_json` returned."""
        scores = record["scores"]
        values = [[[scores[m][r][measure] for measure in MEASURES] for r in REGIONS] for m in METHODS]
        return cls(expression, tuple(record["people"]), tuple(record["trained_on"]), np.array(values, np.float64))


@dataclass(frozen=True)
class Evaluation:
    """The scores of one version on the people of one split of one stack."""

    name: str
    version: int
    split: str
    """Which people were evaluated: "holdout" or "train"."""
    stack: str
    """Path of the stack."""
    fingerprint: str
    """Digest of the images that were used, so that an evaluation can be told from one on other images."""
    created: str
    """When, ISO 8601 in UTC."""
    expressions: tuple[ExpressionScores, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Why expressions were not evaluated: nobody in the split has them."""
    not_kept: str = ""
    """Why the store could not keep the evaluation, or ""; no part of the record."""

    @property
    def key(self) -> str:
        """Name under which the store keeps the evaluation; the same images and split give the same key."""
        return hashlib.sha256(f"{self.split} {self.fingerprint}".encode()).hexdigest()[:16]

    @property
    def trained_on(self) -> tuple[str, ...]:
        """People among those evaluated whom the model has learned from, for whichever expression."""
        return tuple(sorted({person for scores in self.expressions for person in scores.trained_on}))

    def of(self, expression: str) -> ExpressionScores | None:
        """Return the scores of one expression, or None if it was not evaluated."""
        return next((scores for scores in self.expressions if scores.expression == expression), None)

    def to_record(self) -> dict[str, Any]:
        """Return the record that the weight store keeps: plain JSON values."""
        return {
            "name": self.name,
            "version": self.version,
            "split": self.split,
            "stack": self.stack,
            "fingerprint": self.fingerprint,
            "created": self.created,
            "expressions": {scores.expression: scores.to_json() for scores in self.expressions},
            "left_out": dict(self.left_out),
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Evaluation:
        """Rebuild the evaluation from the record that `to_record` returned."""
        return cls(
            name=record["name"],
            version=record["version"],
            split=record["split"],
            stack=record["stack"],
            fingerprint=record["fingerprint"],
            created=record["created"],
            expressions=tuple(ExpressionScores.from_json(name, found) for name, found in record["expressions"].items()),
            left_out=record.get("left_out", {}),  # older records have no such part
        )


def error_rows(evaluation: Evaluation) -> list[dict[str, Any]]:
    """Return one flat row for each expression and method, averaged over people: for tables of any kind.

    Keys: expression, people (a count), method, then for each region `<region>_<measure>` and
    `<region>_improvement` (percent of the MSE of "output = input", None where that is 0).
    """
    rows = []
    for scores in evaluation.expressions:
        for method in METHODS:
            row: dict[str, Any] = {
                "expression": scores.expression,
                "people": len(scores.people),
                "method": method,
            }
            for region in REGIONS:
                for measure in MEASURES:
                    row[f"{region}_{measure}"] = scores.mean(method, region, measure)
                row[f"{region}_improvement"] = scores.improvement(method, region)
            rows.append(row)
    return rows
