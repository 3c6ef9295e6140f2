"""Every primitive of `values` does to sixteen numbers what numpy does to them one by one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numba import njit

from fesdist.simd import values
from fesdist.simd.lanes import LANES, load, store
from tests.fesdist.simd.registers import applied, numbers


@pytest.mark.parametrize("dtype", [np.uint32, np.float32, np.float64])
def test_spread_fills_all_lanes_with_one_number(dtype: Any) -> None:
    source, target = np.arange(1, 8).astype(dtype), np.zeros(LANES, dtype)
    njit(lambda out, a, at: store(out, 0, values.spread(a, at)))(target, source, 5)
    assert (target == 6).all()


@pytest.mark.parametrize("dtype", [np.uint32, np.float32, np.float64])
def test_zeros(dtype: Any) -> None:
    assert not applied(values.zeros_like, np.arange(1, LANES + 1).astype(dtype)).any()


def test_to_float32_converts_sums_of_pairs() -> None:
    sums, target = (
        np.random.default_rng(0).integers(-(2**31), 2**31, LANES).astype(np.int32),
        np.zeros(LANES, np.float32),
    )
    njit(lambda out, a: store(out, 0, values.to_float32(load(a, 0))))(target, sums.view(np.uint32))
    assert np.array_equal(target, sums.astype(np.float32))


@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
def test_load_sample_is_float64(dtype: Any) -> None:
    source, target = np.arange(200, 200 + 2 * LANES).astype(dtype), np.zeros(LANES)
    njit(lambda out, a: store(out, 0, values.load_sample(a, 9)))(target, source)
    assert np.array_equal(target, source[9 : 9 + LANES].astype(np.float64))


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_load_pixels_is_float32(dtype: Any) -> None:
    given, out = np.arange(100, 103 + LANES).astype(dtype), np.zeros(LANES, np.float32)
    njit(lambda out, line: store(out, 0, values.load_pixels(line, 3)))(out, given)
    assert np.array_equal(out, np.arange(103, 103 + LANES))


def test_spread_float32() -> None:
    out = np.zeros(LANES, np.float32)
    njit(lambda out, number: store(out, 0, values.spread_float32(number)))(out, np.float32(0.1))
    assert np.array_equal(out, np.full(LANES, np.float32(0.1)))


def test_clipped_is_as_numpy_clips() -> None:
    given = numbers(np.float32)
    given[:6] = np.nan, np.inf, -np.inf, -0.0, 0.25, 1.0
    found = applied(njit(lambda register: values.clipped(register)), given)
    np.testing.assert_array_equal(found, np.clip(given, 0, 1))


@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
def test_products_of_samples_are_added(dtype: Any) -> None:
    left, right = np.random.default_rng(0).integers(250, 256, (2, 2 * LANES)).astype(dtype)
    out = np.zeros(1)

    @njit
    def dot(out: Any, left: Any, right: Any) -> None:
        total = values.no_products(left)
        for _ in range(33_000):
            total = values.add_products_of(total, left, 3, right, 5)
        out[0] = values.sum_of_lanes(total)

    dot(out, left, right)
    wide = left.astype(np.int64), right.astype(np.int64)
    assert out[0] == 33_000 * (wide[0][3 : 3 + LANES] * wide[1][5 : 5 + LANES]).sum()


@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
def test_twice_as_many_products_are_added_in_the_same_order(dtype: Any) -> None:
    left, right = np.random.default_rng(0).integers(250, 256, (2, 3 * LANES)).astype(dtype)
    left, right = (drawn / 255 if dtype == np.float64 else drawn for drawn in (left, right))
    out = np.zeros(2)

    @njit
    def dot(out: Any, left: Any, right: Any) -> None:
        wide = narrow = values.no_products(left)
        for _ in range(16_000):
            wide = values.add_wide_products_of(wide, left, 3, right, 5)
            narrow = values.add_products_of(narrow, left, 3, right, 5)
            narrow = values.add_products_of(narrow, left, 3 + LANES, right, 5 + LANES)
        out[0], out[1] = values.sum_of_lanes(wide), values.sum_of_lanes(narrow)

    dot(out, left, right)
    assert out[0] == out[1] > 0


def test_sum_of_lanes_adds_halves_to_each_other() -> None:
    given = numbers(np.float64)
    expected = given
    while len(expected) > 1:
        expected = expected[: len(expected) // 2] + expected[len(expected) // 2 :]
    assert njit(lambda a: values.sum_of_lanes(load(a, 0)))(given) == expected[0]


def test_magnitude() -> None:
    given = numbers(np.float32)
    given[:2] = (-0.0, -np.inf)
    assert np.array_equal(applied(values.magnitude, given), np.abs(given))
    assert not np.signbit(applied(values.magnitude, given)).any()


@pytest.mark.parametrize("place", range(LANES))
def test_largest_magnitude_is_found_in_any_lane_of_either(place: int) -> None:
    one, other = numbers(np.float32, 1), numbers(np.float32, 2)
    (one if place % 2 else other)[place] = -1e30
    assert _largest(one, other) == np.float32(1e30)
    assert _largest(one[::-1].copy(), np.zeros(LANES, np.float32)) == np.abs(one).max()


@njit
def _largest(one: Any, other: Any) -> Any:
    return values.largest_magnitude(load(one, 0), load(other, 0))


@pytest.mark.parametrize("dtype", [np.int64, np.float64])
def test_clear_sets_a_register_to_nought(dtype: Any) -> None:
    target = np.full(3 * LANES, -1, dtype)
    target[7] = 5
    njit(lambda out, at: values.clear(out, at))(target, 5)
    assert (target[5 : 5 + LANES] == 0).all()
    assert (target[:5] == -1).all()
    assert (target[5 + LANES :] == -1).all()


def test_every_primitive_has_a_test_here() -> None:
    text = Path(__file__).read_text()
    primitives = [name for name, value in vars(values).items() if type(value) is type(load)]
    assert {"spread", "load_sample", "magnitude"} < set(primitives)
    assert not [name for name in primitives if f"values.{name}" not in text]
