"""What a tile sends home instead of arrays, and what a whole run says of itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from fesdist.ground.metrics import ExpressionMetrics, RegionErrors, RunMetrics
from fesdist.ground.status import Status
from fesdist.passes.phases import added


@dataclass(frozen=True)
class SquaredErrors:
    """Sums of squared errors over held-out people, images in [0, 1], and the number of values summed."""

    n_values: int = 0
    model: float = 0.0
    unchanged: float = 0.0
    """The error of the trivial answer "output = input"."""

    def __add__(self, other: SquaredErrors) -> SquaredErrors:
        return SquaredErrors(self.n_values + other.n_values, self.model + other.model, self.unchanged + other.unchanged)


@dataclass(frozen=True)
class TileReport:
    """The few numbers that a tile sends home; the arrays are in the store."""

    index: int
    checksums: dict[str, str]
    statuses: dict[str, dict[Status, int]]
    """For each expression, how many systems ended with which status."""
    face: dict[str, SquaredErrors]
    mouth: dict[str, SquaredErrors]
    seconds: float
    peak_bytes: int
    """Largest resident memory that the worker process ever had (measured)."""
    projected_bytes: int = 0
    """Memory that the plan expected; 0 in receipts of older runs."""
    phases: dict[str, float] = field(default_factory=dict)
    """Seconds by phase; what is written is written while errors are measured."""

    @property
    def key(self) -> str:
        return receipt_key(self.index)

    def is_of(self, index: int, expressions: Sequence[str]) -> bool:
        """Return whether it tells of this tile and of these expressions: damage may leave a receipt readable."""
        told = (self.statuses, self.face, self.mouth)
        return self.index == index and all(found.keys() == set(expressions) for found in told)


def receipt_key(index: int) -> str:
    """Return the name under which a tile's receipt is stored."""
    return f"tile-{index:06d}"


def summarise(reports: list[TileReport]) -> RunMetrics:
    """Return what the tiles measured: per expression MSE x 100 on held-out people, statuses, and the run's cost."""
    statuses: dict[str, Counter[Status]] = {expression: Counter() for expression in sorted(reports[0].statuses)}
    for report in reports:
        for expression, counts in report.statuses.items():
            statuses[expression].update(counts)
    return RunMetrics(
        expressions={
            expression: ExpressionMetrics(
                _mse(report.face[expression] for report in reports),
                _mse(report.mouth[expression] for report in reports),
                dict(sorted(counts.items())),
            )
            for expression, counts in statuses.items()
        },
        tiles=len(reports),
        tile_seconds=round(sum(report.seconds for report in reports), 3),
        peak_bytes=max(report.peak_bytes for report in reports),
        projected_bytes=max(report.projected_bytes for report in reports),
        phases=added(report.phases for report in reports),
    )


def _mse(sums: Iterable[SquaredErrors]) -> RegionErrors | None:
    total = sum(sums, SquaredErrors())
    if not total.n_values:
        return None
    return RegionErrors(100 * total.model / total.n_values, 100 * total.unchanged / total.n_values)
