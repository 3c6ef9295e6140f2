"""Whether the two photographs of a pair lie alike: how much better they would fit if one was moved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice, product
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
class Misalignment:
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


def misalignments(before: Signature, after: Signature) -> list[Misalignment]:
    """Return how each person's two pictures, (person, row, col) as `look` returns them, lie to each other.

    Mean square differences over what both show: all of it alike, and the middle more (a half sine along each axis and
    picture). A move must make both smaller, the one that becomes less so counts: with the first alone shoulders and
    hair decide, with the second brows.
    """
    first, second = before.astype(np.float64), after.astype(np.float64)
    here = _differences(first, second, 0, 0)
    better = np.stack([(here / np.maximum(_differences(first, second, *move), _LEAST)).min(axis=0) for move in _MOVES])
    better[:, ~(before.any(axis=(1, 2)) & after.any(axis=(1, 2)))] = 0  # nothing to see, and the first move is none
    found = []
    for best, times in zip(better.argmax(axis=0).tolist(), better.max(axis=0, initial=0).tolist(), strict=True):
        down, right = _MOVES[best]
        found.append(Misalignment(times, down / SIDE, right / SIDE) if best else Misalignment(1.0))
    return found


def misalignments_of(pairs: Iterable[tuple[NDArray[Any], NDArray[Any]]]) -> Iterator[Misalignment]:
    """Yield how the second photograph of each pair lies to the first, (channel, row, col) as `signature` takes them.

    All are of one size. Some are looked at together, as each move costs as much for one pair as for many.
    """
    pairs = iter(pairs)
    while some := list(islice(pairs, _AT_ONCE)):
        if min(some[0][0].shape[1:]) < SIDE:
            yield from [Misalignment(1.0)] * len(some)
        else:
            seen: dict[int, Signature] = {}
            for image in (image for pair in some for image in pair):
                if id(image) not in seen:
                    seen[id(image)] = look(image)
            first, second = (np.stack([seen[id(pair[place])] for pair in some]) for place in (0, 1))
            yield from misalignments(first, second)


_AT_ONCE = 256
"""Pairs that are looked at together."""

_LEAST = 1.0
"""Squared difference, in the square of 32nds of a standard deviation, below which nothing is better."""

_MOVES = sorted(product(range(-_REACH, _REACH + 1), repeat=2), key=lambda move: (abs(move[0]) + abs(move[1]), move))
"""Places down and to the right; of two moves that are as good the shorter counts, which comes first."""

_MIDDLE: Floats = np.outer(*[np.sin(np.pi * (np.arange(SIDE) + 0.5) / SIDE)] * 2)


def _differences(first: Floats, second: Floats, down: int, right: int) -> Floats:
    """Return both mean square differences, (2, person), of what is in the first and so much further in the second."""
    here, there = zip(_overlap(down), _overlap(right), strict=True)
    weights = _MIDDLE[here] * _MIDDLE[there]
    squares = ((first[:, *here] - second[:, *there]) ** 2).reshape(len(first), weights.size)
    return np.stack([squares.mean(axis=1), (squares * weights.ravel()).sum(axis=1) / weights.sum()])


def _overlap(by: int) -> tuple[slice, slice]:
    return slice(max(0, -by), SIDE - max(0, by)), slice(max(0, by), SIDE - max(0, -by))
