"""What a benchmark reports: one row a subject, with its ratio to a peer, its distance from a bound, and its target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Self


@dataclass(frozen=True)
class Spread:
    """Several measurements of one quantity, in turns that alternate with the peer's."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        return cls(median(values), min(values), max(values))


@dataclass(frozen=True)
class Target:
    """What the product promises of a row, and what was measured of it."""

    text: str
    """The promise, as a person would say it."""
    measured: float
    limit: float
    at_least: bool = True
    """Whether `limit` is the least that will do, or the most."""

    @property
    def met(self) -> bool:
        return self.measured >= self.limit if self.at_least else self.measured <= self.limit


@dataclass(frozen=True)
class Row:
    """One subject, measured."""

    name: str
    what: str
    """What was timed, what it was compared with, and what the bound counts."""
    seconds: Spread
    rate: str
    bound: str
    """What would stop a perfect program: `arithmetic`, `memory`, `I/O`, or the `sleep` of tiles that are simulated."""
    of_bound: float
    """Seconds that the bound alone would take, divided by the seconds measured."""
    ratio: Spread | None = None
    """Seconds of the peer divided by ours, turn by turn."""
    difference: float | None = None
    """Largest absolute difference between our results and the peer's."""
    target: Target | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values, with whether the target was met."""
        plain = asdict(self)
        if self.target is not None:
            plain["target"]["met"] = self.target.met
        return plain
