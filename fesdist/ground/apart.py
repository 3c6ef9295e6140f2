"""Whether the two photographs of a pair lie alike: how much better they would fit if one was moved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.ground.signature import Floats, Signature, signature

SIDE = 32
"""Rows and columns of the pictures that are compared; smaller photographs are taken to lie alike."""

_REACH = 3
"""Places, along both axes, by which they are moved: a tenth of the side."""

USUAL = 1.5
"""How many times better a pair that lies alike may fit when moved; docs/decisions/015 has what was measured."""

look = partial(signature, side=SIDE)
"""Returns what is compared of a photograph, as `signature`."""


@dataclass(frozen=True)
class Apart:
    """How the second photograph of a pair lies to the first."""

    better: float
    """How many times smaller their mean square difference is when it is moved back; 1 if no move makes it smaller."""
    down: float = 0.0
    right: float = 0.0
    """How far lower, and further right, it lies, in parts of the side."""

    @property
    def differs(self) -> bool:
        """Return whether they lie at different places."""
        return self.better > USUAL

    def in_words(self) -> str:
        """Return where the second one lies, such as "3 % lower and 6 % further left"."""
        ways = ((self.down, "lower", "higher"), (self.right, "further right", "further left"))
        words = [(100 * abs(share), more if share > 0 else less) for share, more, less in ways if share]
        return " and ".join(f"{share:.0f} % {way}" for share, way in words)


def compared(before: Signature, after: Signature) -> Apart:
    """Return how two pictures, (row, col) as `look` returns them, lie to each other.

    Mean square differences over what both show: all of it alike, and the middle more (a half sine along each axis and
    picture). A move must make both smaller, the one that becomes less so counts: with the first alone shoulders and
    hair decide, with the second brows.
    """
    if not (before.any() and after.any()):
        return Apart(1.0)
    reach = range(-_REACH, _REACH + 1)
    first, second = before.astype(np.float64), after.astype(np.float64)
    here = _differences(first, second, 0, 0)
    found = [
        (float((here / np.maximum(_differences(first, second, down, right), _LEAST)).min()), down, right)
        for down in reach
        for right in reach
    ]
    better, down, right = max(found, key=lambda each: (each[0], -abs(each[1]) - abs(each[2])))
    return Apart(better, down / SIDE, right / SIDE) if (down or right) else Apart(1.0)


def beside(before: NDArray[Any]) -> Callable[[NDArray[Any]], Apart]:
    """Return what tells how photographs lie to one of the same size, (channel, row, col) as `signature` takes them."""
    if min(before.shape[1:]) < SIDE:
        return lambda _: Apart(1.0)
    first = look(before)
    return lambda after: compared(first, look(after))


_LEAST = 1.0
"""Squared difference, in the square of 32nds of a standard deviation, below which nothing is better."""

_MIDDLE: Floats = np.outer(*[np.sin(np.pi * (np.arange(SIDE) + 0.5) / SIDE)] * 2)


def _differences(first: Floats, second: Floats, down: int, right: int) -> Floats:
    """Return both mean square differences, (2,), of what is in the first picture and so much further in the second."""
    here, there = zip(_overlap(down), _overlap(right), strict=True)
    squares = (first[here] - second[there]) ** 2
    weights = _MIDDLE[here] * _MIDDLE[there]
    return np.array([squares.mean(), (weights * squares).sum() / weights.sum()])


def _overlap(by: int) -> tuple[slice, slice]:
    return slice(max(0, -by), SIDE - max(0, by)), slice(max(0, by), SIDE - max(0, -by))
