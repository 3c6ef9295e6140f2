"""The coarse step: faces of any size, found by the network BlazeFace in the whole photograph and in parts of it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from fesdist.align.halves import Square

SAMPLES = 256
"""Samples a side of the squares that the network sees. It finds eyes that are 1/50 to 2/5 of a side apart."""

PART = 1000
"""Pixels: photographs with a longer side are also searched in parts of this side, so that faces are found whose eyes
are 20 pixels apart."""

_PORTRAIT = 1 / 8
"""Of the photograph's longer side: with eyes farther apart, it is not searched for faces a sixth as large and less."""

_STEP = 0.75
"""Parts lie this share of a side apart: where they overlap, every face that the whole does not show lies in one."""

_SMALLEST_SCORE = 0.4
"""Guesses are looked at more closely, so that it is better to have too many."""
_SAME = 0.3
"""Boxes whose intersection is more than this share of their union are one face."""

_CELLS = ((SAMPLES // 16, 2), (SAMPLES // 32, 6))
"""The network answers on two grids: cells a side, and answers a cell."""


@dataclass(frozen=True)
class Search:
    """Squares that are searched together."""

    squares: list[Square]
    """In which faces stand upright, more or less."""

    largest: float
    """Pixels: it is left out if a face has been found with eyes farther apart than that."""


@dataclass(frozen=True)
class Guess:
    """About where a face is."""

    square: Square
    """The face, from chin to brows, upright in it."""

    score: float
    """0 to 1."""


def searches(shape: tuple[int, int]) -> list[Search]:
    """Return the searches for faces in a photograph of (rows, cols), in their order.

    The whole; its parts, if it is large and no portrait; then, if there was no face at all, the whole seen from afar,
    for a face larger than the photograph, and the first squares upside down.

    >>> [[square.side for square in search.squares] for search in searches((600, 800))]
    [[800], [], [1600], [800]]
    >>> [len(search.squares) for search in searches((4000, 6000))]
    [1, 40, 1, 41]
    """
    whole = Square((shape[1] / 2, shape[0] / 2), max(shape))
    rows, cols = (_middles(side) for side in shape)
    parts = [Square((x, y), PART) for y, x in product(rows, cols)] if whole.side > PART else []
    upside_down = [replace(square, angle=math.pi) for square in (whole, *parts)]
    return [
        Search([whole], math.inf),
        Search(parts, _PORTRAIT * whole.side),
        Search([replace(whole, side=2 * whole.side)], 0),
        Search(upside_down, 0),
    ]


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


def distinct(guessed: Iterable[Guess], known: Iterable[Guess] = ()) -> list[Guess]:
    """Return the surest of guesses that overlap, the surest first, without those that overlap known ones."""
    kept: list[Guess] = []
    others = [guess.square for guess in known]
    for guess in sorted(guessed, key=lambda guess: -guess.score):
        centres = np.array([other.centre for other in others]).reshape(-1, 2)
        sides = np.array([[other.side] * 2 for other in others]).reshape(-1, 2)
        if not (_overlap(np.array(guess.square.centre), np.full(2, guess.square.side), centres, sides) > _SAME).any():
            kept.append(guess)
            others.append(guess.square)
    return kept


def _face(square: Square, centre: NDArray[np.float64], sides: NDArray[np.float64], eyes: NDArray[np.float64]) -> Square:
    """Return the square of a face in the photograph from its box and eyes in fractions of the searched square."""
    across = eyes[1] - eyes[0]
    x, y = square.in_photograph(centre)
    return Square((x, y), square.side * float(sides.max()), square.angle + math.atan2(across[1], across[0]))


def _middles(side: int) -> NDArray[np.float64]:
    """Return the middles of the parts along one side of a photograph."""
    first, last = min(side, PART) / 2, side - min(side, PART) / 2
    return np.linspace(first, last, 1 + math.ceil((last - first) / (_STEP * PART)))


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
