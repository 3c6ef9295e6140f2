"""What a displacement is worth, told by people who did not teach it."""

from __future__ import annotations

import numpy as np
import pytest

from fesdist.ground.tiles import Region
from fesdist.shape.field import FlowSums
from fesdist.shape.flow import STEPS, Flow
from fesdist.shape.judging import ComparedPair, ShapeErrors, judged
from tests.fesdist.shape.pictures import places, texture

SHAPE = (40, 48)
MOUTH = Region(24, 34, 12, 36)


def _person(seed: int, col: int) -> tuple[FlowSums, ComparedPair]:
    """Return somebody who moves by whole columns, and is the same otherwise."""
    down, right = places(SHAPE)
    steps = np.zeros((2, *SHAPE), np.int16)
    steps[1] = col * STEPS
    return FlowSums.of(Flow(steps)), ComparedPair(texture(down, right, seed), texture(down, right + col, seed))


def test_people_are_moved_by_what_the_others_teach() -> None:
    people = [_person(seed, col) for seed, col in enumerate((1, 1, 2))]
    sums, pairs = [each[0] for each in people], {fold: [each[1]] for fold, each in enumerate(people)}
    face, mouth = judged(sums, pairs, MOUTH)
    for errors, part in ((face, Region(0, *SHAPE[:1], 0, SHAPE[1])), (mouth, MOUTH)):
        unchanged, moved = [], []
        for fold, (_, pair) in enumerate(people):
            others = [each[0] for number, each in enumerate(people) if number != fold]
            made = (others[0] + others[1]).displacement().applied(pair.inputs[None, None])[0, 0]
            for image, found in ((pair.inputs, unchanged), (made, moved)):
                difference = (image / 255 - pair.target / 255)[part.slices]
                found.append(100 * np.square(difference).mean())
        assert errors.unchanged_mse_x100 == pytest.approx(np.mean(unchanged), abs=1e-6)
        assert errors.moved_mse_x100 == pytest.approx(np.mean(moved), abs=1e-6)
    assert face.moved_mse_x100 < face.unchanged_mse_x100


def test_one_fold_judges_nobody() -> None:
    sums, pair = _person(0, 1)
    nothing = ShapeErrors(0.0, 0.0)
    assert judged([sums], {0: [pair]}, MOUTH) == (nothing, nothing)
    assert judged([sums, sums], {}, MOUTH) == (nothing, nothing)


def test_a_region_without_pixels_has_no_errors() -> None:
    people = [_person(seed, 1) for seed in range(2)]
    face, mouth = judged([each[0] for each in people], {0: [people[0][1]]}, Region(24, 24, 12, 36))
    assert face.unchanged_mse_x100 > 0
    assert mouth == ShapeErrors(0.0, 0.0)
