"""What is measured of a unit: errors on held-out people, what people see in outputs, size, and time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from fesdist.evaluation.looks import Seen
from fesdist.evaluation.scores import ALWAYS
from fesdist.ground.measures import REGIONS
from storage.blobs.documents import convert
from storage.errors import FormatError


@dataclass(frozen=True)
class Measurement:
    """The numbers of one entrant for one change of expression; docs/comparison.md tells how each is measured."""

    version: int
    """Of the model that the unit is called."""
    people: int
    """Held out."""
    mse_x100: Mapping[str, Mapping[str, float]]
    """MSE x 100 by method, see `fesdist.evaluation.scores.METHODS`, and region, face or mouth."""
    parameters: int
    stored_bytes: int
    training_seconds: float
    synthesis_seconds: float
    """Of one face, on one thread."""
    unsolved: int
    """Regressions whose status is not 0."""
    seen: Mapping[str, Seen] = field(default_factory=dict)
    """By method, and of the real photographs; nothing in measurements of fesdist 0.2 and before."""
    classifier_right: float | None = None
    """Share of real photographs of people held out that the classifier of expressions takes for what they are."""

    def to_record(self) -> dict[str, Any]:
        """Return the record that the weight store keeps: plain JSON values."""
        return asdict(self)

    @classmethod
    def from_record(cls, record: Mapping[str, Any], what: str) -> Measurement:
        """Rebuild the measurement from the record that `to_record` returned; raises FormatError naming `what`."""
        measurement = convert(cls, record, what)
        if any(set(REGIONS) - set(measurement.mse_x100.get(method, {})) for method in ALWAYS):
            raise FormatError(f"{what}: errors are missing; it was damaged or not written by fesdist")
        return measurement
