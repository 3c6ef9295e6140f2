"""The coarse step: faces of any size, found by the network BlazeFace in the whole photograph and in parts of it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from fesdist.align.halves import Square

SAMPLES = 256
"""Samples a side of the squares that the network sees. It finds eyes that are 1/50 to 2/5 of a side apart."""

LARGEST_PART = 1400
"""Pixels: photographs with a longer side are also searched in parts of this side, in which most faces are found whose
eyes are 20 pixels apart, and all whose eyes are 28 apart."""

_STEP = 0.75
"""Parts lie this share of a side apart: where they overlap, every face that the whole does not show lies in one."""

_SMALLEST_SCORE = 0.4
"""Guesses are looked at more closely, so that it is better to have too many."""
_SAME = 0.3
"""Boxes whose intersection is more than this share of their union are one face."""

_CELLS = ((SAMPLES // 16, 2), (SAMPLES // 32, 6))
"""The network answers on two grids: cells a side, and answers a cell."""


@dataclass(frozen=True)
class Guess:
    """About where a face is."""

    square: Square
    """The face, from chin to brows, upright in it."""

    score: float
    """0 to 1."""


def searches(shape: tuple[int, int]) -> Iterator[list[Square]]:
    """Yield squares in which a photograph of (rows, cols) is searched together; the next are for those without faces.

    First the whole and, if it is large, its parts; then the whole seen from afar, for faces larger than the photograph;
    then the first ones upside down.

    >>> [[square.side for square in squares] for squares in searches((900, 1350))]
    [[1350], [2700], [1350]]
    >>> [len(squares) for squares in searches((4000, 6000))]
    [25, 1, 25]
    """
    whole = Square((shape[1] / 2, shape[0] / 2), max(shape))
    parts = [Square((x, y), LARGEST_PART) for y, x in product(*(_middles(side) for side in shape))]
    squares = [whole, *(parts if whole.side > LARGEST_PART else ())]
    yield squares
    yield [replace(whole, side=2 * whole.side)]
    yield [replace(square, angle=math.pi) for square in squares]


def guesses(square: Square, scores: NDArray[np.float32], boxes: NDArray[np.float32]) -> list[Guess]:
    """Return the faces that the network tells of a square, the surest first.

    `scores` are (answer,) float32 before the logistic function. `boxes` are (answer, 8, 2) float32 in samples: centre
    from the middle of the answer's cell, width and height, then six points like the centre, of which the first are the
    eyes. Answers that overlap by more than 3/10 are one face, and their mean weighted by score is taken.
    """
    sure = np.flatnonzero(scores > math.log(_SMALLEST_SCORE / (1 - _SMALLEST_SCORE)))
    chances = 1 / (1 + np.exp(-scores[sure].astype(float)))
    centres = boxes[sure, 0] / SAMPLES + _cells()[sure]
    eyes = boxes[sure, 2:4] / SAMPLES + _cells()[sure, None]
    sides = boxes[sure, 1] / SAMPLES
    found = []
    left = list(np.argsort(-chances))
    while left:
        best, others = left[0], np.array(left)
        same = _overlap(centres[best], sides[best], centres[others], sides[others]) > _SAME
        same[0] = True
        one = others[same]
        weights = chances[one] / chances[one].sum()
        found.append(
            Guess(
                _face(square, weights @ centres[one], weights @ sides[one], np.tensordot(weights, eyes[one], 1)),
                float(chances[best]),
            )
        )
        left = list(others[~same])
    return found


def distinct(guessed: list[Guess]) -> list[Guess]:
    """Return the surest of the guesses that overlap, the surest first; they may be from several squares."""
    kept: list[Guess] = []
    for guess in sorted(guessed, key=lambda guess: -guess.score):
        centres = np.array([other.square.centre for other in kept]).reshape(-1, 2)
        sides = np.array([[other.square.side] * 2 for other in kept]).reshape(-1, 2)
        box = np.array([guess.square.side] * 2)
        if not (_overlap(np.array(guess.square.centre), box, centres, sides) > _SAME).any():
            kept.append(guess)
    return kept


def _face(square: Square, centre: NDArray[np.float64], sides: NDArray[np.float64], eyes: NDArray[np.float64]) -> Square:
    """Return the square of a face in the photograph from its box and eyes in fractions of the searched square."""
    across = eyes[1] - eyes[0]
    x, y = square.in_photograph(centre)
    return Square((x, y), square.side * float(sides.max()), square.angle + math.atan2(across[1], across[0]))


def _middles(side: int) -> NDArray[np.float64]:
    """Return the middles of the parts along one side of a photograph."""
    first, last = min(side, LARGEST_PART) / 2, side - min(side, LARGEST_PART) / 2
    return np.linspace(first, last, 1 + math.ceil((last - first) / (_STEP * LARGEST_PART)))


def _cells() -> NDArray[np.float64]:
    """Return the middle of each answer's cell, (answer, 2) as x and y in fractions of the square."""
    grids = []
    for cells, answers in _CELLS:
        middles = (np.arange(cells) + 0.5) / cells
        grid = np.stack(np.meshgrid(middles, middles), axis=-1).reshape(-1, 2)
        grids.append(np.repeat(grid, answers, axis=0))
    return np.concatenate(grids)


def _overlap(
    centre: NDArray[np.float64],
    sides: NDArray[np.float64],
    centres: NDArray[np.float64],
    others: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the intersection of a box with others, (box,), as a share of their union."""
    low = np.maximum(centre - sides / 2, centres - others / 2)
    high = np.minimum(centre + sides / 2, centres + others / 2)
    common = np.clip(high - low, 0, None).prod(axis=-1)
    return np.asarray(common / (sides.prod() + others.prod(axis=-1) - common))
