"""A grid of combinations as curves: one option runs along the axis, and what the others may be tells curves apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fesdist.training.choice import Result
from fesdist.tuning.tuning import Tuning, in_words

MOST_CURVES = 8


@dataclass(frozen=True)
class Curve:
    """Combinations that differ in the option along the axis only."""

    name: str
    """What tells it from the other curves, "window 5"; "" if it is the only one."""
    results: tuple[Result, ...]
    """Those that could be trained, in the order of the axis."""


@dataclass(frozen=True)
class Curves:
    """The best curves of a tuning, first the one with what was chosen."""

    option: str
    """What runs along the axis."""
    values: tuple[Any, ...]
    """All that were tried of it; numbers ascend."""
    shown: tuple[Curve, ...]
    n_curves: int
    """How many there are, with those that are not shown."""

    @property
    def numeric(self) -> bool:
        return all(map(_is_number, self.values))

    @property
    def logarithmic(self) -> bool:
        """Whether the axis is: whole numbers, and words, are evenly spaced."""
        return self.numeric and any(isinstance(value, float) for value in self.values) and min(self.values) > 0


def curves_of(tuning: Tuning) -> Curves:
    """Return the curves over the number that was tried at most values, ridge for most models.

    Where only words were tried, such as kernels, these are along the axis.
    """
    tried: dict[str, list[Any]] = {}
    for result in tuning.results:
        for name, value in result.options.items():
            values = tried.setdefault(name, [])
            if value not in values:
                values.append(value)
    option = max(tried, key=lambda name: _fitness(tried[name]))
    if all(map(_is_number, tried[option])):
        tried[option].sort()
    telling = [name for name, values in tried.items() if name != option and len(values) > 1]
    groups: dict[tuple[Any, ...], list[Result]] = {}
    for result in sorted(tuning.results, key=lambda result: tried[option].index(result.options[option])):
        if not result.failed:
            groups.setdefault(tuple(result.options[name] for name in telling), []).append(result)
    curves = sorted(
        (
            Curve(in_words(dict(zip(telling, values, strict=True))), tuple(results))
            for values, results in groups.items()
        ),
        key=lambda curve: (
            tuning.best not in curve.results,
            min(result.mean(tuning.region).mse_x100 for result in curve.results),
        ),
    )
    return Curves(option, tuple(tried[option]), tuple(curves[:MOST_CURVES]), len(curves))


def _fitness(values: list[Any]) -> tuple[bool, int, bool]:
    """Return how well values fit an axis: several numbers, many of them, not whole ones."""
    return (
        len(values) > 1 and all(map(_is_number, values)),
        len(values),
        any(isinstance(value, float) for value in values),
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
