"""What a training run measured of itself: errors on held-out people, statuses, and what it cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from fesdist.ground.status import Status


@dataclass(frozen=True)
class RegionErrors:
    """Mean squared errors over one region of all held-out people, images in [0, 1], times 100."""

    mse_x100: float
    unchanged_mse_x100: float
    """Of the trivial answer "output = input"."""


@dataclass(frozen=True)
class ExpressionMetrics:
    """What was measured of one expression."""

    face: RegionErrors | None = None
    """None where nobody was held out."""
    mouth: RegionErrors | None = None
    """None also where the image has no pixel there."""
    statuses: Mapping[Status, int] = field(default_factory=dict)
    """How many systems ended with which status."""

    def errors(self, region: str) -> RegionErrors | None:
        """Return the errors of "face" or "mouth"."""
        return {"face": self.face, "mouth": self.mouth}[region]


@dataclass(frozen=True)
class RunMetrics:
    """What the tiles of a run measured; zeros where a version does not tell."""

    expressions: Mapping[str, ExpressionMetrics] = field(default_factory=dict)
    tiles: int = 0
    tile_seconds: float = 0.0
    peak_bytes: int = 0
    """Largest resident memory that a worker process ever had (measured)."""
    projected_bytes: int = 0
    """Memory that the plan expected a worker to need at most."""
    phases: Mapping[str, float] = field(default_factory=dict)
    """Seconds of all tiles by phase; "write" is what was waited for it when the errors were measured."""
    steps: Mapping[str, float] = field(default_factory=dict)
    """Seconds of the run by step, as a clock on the wall tells them; all tiles are one step."""

    def statuses(self) -> Counter[Status]:
        """Return how many systems of all expressions ended with which status."""
        total: Counter[Status] = Counter()
        for found in self.expressions.values():
            total.update(found.statuses)
        return total
