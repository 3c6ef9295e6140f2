"""What the coarse network says becomes squares of faces, and large photographs are covered by parts."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from numpy.typing import NDArray

from fesdist.align.blazeface import PART, SAMPLES, Guess, distinct, guesses, searches
from fesdist.align.halves import Square

ANSWERS = 16 * 16 * 2 + 8 * 8 * 6
NOTHING = np.full(ANSWERS, -5, np.float32)


def answer(size: float, eyes: tuple[tuple[float, float], tuple[float, float]]) -> NDArray[np.float32]:
    """Return an answer's eight pairs: a box of a size in the middle of its cell, and eyes."""
    box = np.zeros((8, 2), np.float32)
    box[1] = size
    box[2:4] = eyes
    return box


def test_an_answer_is_a_square_in_the_photograph() -> None:
    # Row 3, column 5 of the finer grid of 16 x 16 cells: its middle is at (5.5, 3.5) cells of 16 samples.
    scores, boxes = NOTHING.copy(), np.zeros((ANSWERS, 8, 2), np.float32)
    number = 2 * (3 * 16 + 5)
    scores[number] = 2.0
    boxes[number] = answer(64.0, ((-10, -10), (10, 10)))
    [guess] = guesses(Square((256.0, 256.0), 512.0), scores, boxes)
    assert guess.score == pytest.approx(1 / (1 + math.exp(-2)))
    assert guess.square == Square(pytest.approx((176.0, 112.0)), pytest.approx(128.0), pytest.approx(math.pi / 4))


def test_an_answer_in_a_turned_square() -> None:
    # The last answer of the coarser grid of 8 x 8 cells, in a square on its head.
    scores, boxes = NOTHING.copy(), np.zeros((ANSWERS, 8, 2), np.float32)
    scores[-1] = 2.0
    boxes[-1] = answer(32.0, ((-8, 0), (8, 0)))
    [guess] = guesses(Square((100.0, 100.0), float(SAMPLES), math.pi), scores, boxes)
    assert guess.square.centre == pytest.approx((100 - 112, 100 - 112))
    assert guess.square.angle == pytest.approx(math.pi)


def test_answers_that_overlap_are_one_face_in_their_mean() -> None:
    scores, boxes = NOTHING.copy(), np.zeros((ANSWERS, 8, 2), np.float32)
    eyes = ((-10.0, 0.0), (10.0, 0.0))
    scores[[0, 1, 500]] = [3.0, 1.0, 0.0]
    boxes[[0, 1]] = answer(60.0, eyes), answer(80.0, eyes)
    boxes[500] = answer(30.0, eyes)
    found = guesses(Square((128.0, 128.0), float(SAMPLES)), scores, boxes)
    weights = 1 / (1 + np.exp(-scores[[0, 1]].astype(float)))
    assert [guess.square.side for guess in found] == pytest.approx([weights @ [60, 80] / weights.sum(), 30.0])
    assert [guess.score for guess in found] == pytest.approx([weights[0], 0.5])


def test_nothing_is_guessed_from_nothing() -> None:
    assert guesses(Square((128.0, 128.0), 256.0), NOTHING, np.zeros((ANSWERS, 8, 2), np.float32)) == []


def test_the_surest_of_guesses_from_several_squares_is_kept() -> None:
    far, near = Guess(Square((500.0, 0.0), 100.0), 0.6), Guess(Square((10.0, 0.0), 110.0, 0.2), 0.7)
    surest = Guess(Square((0.0, 0.0), 100.0), 0.9)
    assert distinct([far, near, surest]) == [surest, far]
    assert distinct([near, far], known=[surest]) == [far]
    assert distinct([]) == []


@pytest.mark.parametrize("shape", [(1000, 1001), (1080, 1920), (4000, 6000), (9000, 700)])
def test_parts_cover_a_large_photograph_and_overlap_by_a_face(shape: tuple[int, int]) -> None:
    [whole], parts, [afar], turned = (search.squares for search in searches(shape))
    assert whole.side == max(shape)
    assert afar.side == 2 * whole.side
    assert [(square.centre, square.side) for square in turned] == [(s.centre, s.side) for s in (whole, *parts)]
    for axis, side in enumerate(reversed(shape)):
        middles = sorted({part.centre[axis] for part in parts})
        starts, ends = ([middle + sign * PART / 2 for middle in middles] for sign in (-1, 1))
        assert starts[0] <= 0
        assert ends[-1] >= side
        assert all(end - start >= PART / 4 for end, start in zip(ends, itertools.islice(starts, 1, None), strict=False))
