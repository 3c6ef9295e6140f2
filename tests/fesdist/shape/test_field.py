"""The displacement that people have in common: sums without a trace, nothing folded, lengths that follow the size."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from fesdist.shape.field import (
    LEAST_AREA,
    UNFOLDED_UP_TO,
    FlowSums,
    largest_intensity,
    smallest_area,
    unfolded,
)
from fesdist.shape.flow import STEPS, UNKNOWN, Flow
from fesdist.shape.warping import LARGEST_REACH, Displacement
from tests.fesdist.shape.pictures import over_all, places, rough_displacement, smooth_displacement

SHAPE = (48, 64)


def _flow(seed: int, largest: float = 2.0, unknown: float = 0.3, shape: tuple[int, int] = SHAPE) -> Flow:
    random = np.random.default_rng(seed)
    steps = random.integers(-int(largest * STEPS), int(largest * STEPS) + 1, (2, *shape)).astype(np.int16)
    steps[:, random.random(shape) < unknown] = UNKNOWN
    return Flow(steps)


def _constant(down: float, right: float, shape: tuple[int, int] = SHAPE) -> Flow:
    return Flow(np.broadcast_to(np.array([down * STEPS, right * STEPS], np.int16)[:, None, None], (2, *shape)).copy())


def areas(values: NDArray[np.floating], intensity: float) -> NDArray[np.float64]:
    """Return twice the signed areas of the triangles between neighbouring pixels, where the pixels come from."""
    down, right = places(values.shape[1:])
    down, right = down + intensity * values[0], right + intensity * values[1]
    corners = [
        (down[rows, cols], right[rows, cols])
        for rows in (slice(None, -1), slice(1, None))
        for cols in (slice(None, -1), slice(1, None))
    ]
    found = []
    for a, b, c in ((0, 1, 2), (3, 2, 1), (1, 3, 0), (2, 0, 3)):
        (ay, ax), (by, bx), (cy, cx) = corners[a], corners[b], corners[c]
        found.append((bx - ax) * (cy - ay) - (by - ay) * (cx - ax))
    return np.stack(found)


def test_who_was_taken_away_was_never_there() -> None:
    people = [FlowSums.of(_flow(seed)) for seed in range(4)]
    kept = people[0] + people[2] + people[3]
    left = people[0] + people[1] + people[2] + people[3] - people[1]
    assert np.array_equal(left.total, kept.total)
    assert np.array_equal(left.number, kept.number)
    assert np.array_equal(left.displacement().values, kept.displacement().values)
    nobody = FlowSums.nobody(SHAPE)
    assert np.array_equal((people[1] - people[1]).total, nobody.total)
    assert np.array_equal((people[1] + nobody).displacement().values, people[1].displacement().values)


def test_what_is_unknown_does_not_count() -> None:
    known, unknown = _constant(1.0, -0.5), Flow(np.full((2, *SHAPE), UNKNOWN, np.int16))
    found = (FlowSums.of(known) + FlowSums.of(unknown)).displacement().values
    np.testing.assert_allclose(found, np.broadcast_to([[[1.0]], [[-0.5]]], found.shape), atol=1e-5)


def test_the_displacement_is_the_mean_of_people() -> None:
    found = (FlowSums.of(_constant(1.0, -0.5)) + FlowSums.of(_constant(2.0, 0.5))).displacement().values
    np.testing.assert_allclose(found, np.broadcast_to([[[1.5]], [[0.0]]], found.shape), atol=1e-5)


@pytest.mark.parametrize("flows", [[], [Flow(np.full((2, *SHAPE), UNKNOWN, np.int16))]], ids=["nobody", "unknown"])
def test_nobody_moves_nothing(flows: list[Flow]) -> None:
    found = sum((FlowSums.of(flow) for flow in flows), FlowSums.nobody(SHAPE)).displacement().values
    assert found.dtype == np.float32
    assert np.array_equal(found, np.zeros((2, *SHAPE)))


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (7, 9), SHAPE])
def test_one_person_gives_a_finite_displacement(shape: tuple[int, int]) -> None:
    found = FlowSums.of(_flow(1, unknown=0.9, shape=shape)).displacement().values
    assert found.shape == (2, *shape)
    assert np.isfinite(found).all()


def test_a_displacement_is_cut_at_a_sixteenth_of_the_side() -> None:
    found = FlowSums.of(_constant(5.0, -7.0)).displacement().values
    most = LARGEST_REACH * min(SHAPE)
    np.testing.assert_allclose(found, np.broadcast_to([[[most]], [[-most]]], found.shape), atol=1e-5)


@pytest.mark.parametrize("unknown", [0.0, 0.5, 0.97])
@pytest.mark.parametrize("seed", [0, 1])
def test_no_flow_however_rough_folds_an_image(unknown: float, seed: int) -> None:
    flow = _flow(seed, largest=4.0, unknown=unknown)
    # Parts that go apart and together, on top of the noise.
    flow.steps[:, :, 20:40][:, flow.known[:, 20:40]] -= 3 * STEPS
    found = FlowSums.of(flow).displacement()
    assert np.abs(found.values).max() > 0.01
    assert smallest_area(found, UNFOLDED_UP_TO) >= LEAST_AREA
    for intensity in (0.5, 1.0, UNFOLDED_UP_TO):
        assert areas(found.values, intensity).min() > 0
    larger = over_all(found.at((2 * SHAPE[0] + 3, 2 * SHAPE[1])))
    assert areas(larger, UNFOLDED_UP_TO).min() > 0


def test_a_step_between_two_pixels_is_a_fold() -> None:
    values = np.zeros((2, 16, 16), np.float32)
    values[1, :, 8:] = -0.8
    assert areas(values, 2.0).min() < 0
    assert smallest_area(Displacement(values), 2.0) < 0


def test_what_folds_nothing_stays_as_it_is() -> None:
    displacement = smooth_displacement(SHAPE, 1.0)
    assert smallest_area(displacement, UNFOLDED_UP_TO) > 0.2
    assert np.array_equal(unfolded(displacement, UNFOLDED_UP_TO).values, displacement.values)
    assert smallest_area(rough_displacement(SHAPE, 2.0), 1.0) < 0
    assert smallest_area(unfolded(rough_displacement(SHAPE, 2.0), 1.0), 1.0) > 0


def test_areas_are_those_of_a_zoom() -> None:
    down, right = places(SHAPE)
    zoomed = Displacement(np.stack([-0.25 * down, 0.5 * right]).astype(np.float32))
    assert smallest_area(zoomed, 1.0) == pytest.approx(0.75 * 1.5)
    assert smallest_area(zoomed, 2.0) == pytest.approx(0.5 * 2.0)
    assert smallest_area(Displacement(np.zeros((2, 1, 9), np.float32)), 2.0) == 1


def test_an_intensity_goes_as_far_as_nothing_is_folded() -> None:
    down, right = places(SHAPE)
    zoomed = Displacement(np.stack([-0.25 * down, 0 * right]).astype(np.float32))
    assert largest_intensity(zoomed, 3.0) == 3.0
    assert largest_intensity(zoomed, 10.0) == pytest.approx((1 - LEAST_AREA) / 0.25, abs=2e-3)
    assert smallest_area(zoomed, largest_intensity(zoomed, 10.0)) >= LEAST_AREA
