"""Every primitive of `lanes` does to sixteen numbers what numpy does to them one by one, to the bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numba import njit
from numpy.typing import NDArray

from fesdist.simd import lanes
from fesdist.simd.lanes import LANES
from tests.fesdist.simd.registers import applied, numbers, pairs

Array = NDArray[Any]

FLOATS = (np.float32, np.float64)


@pytest.mark.parametrize("dtype", [np.uint32, np.float32, np.float64])
@pytest.mark.parametrize("index", [0, 1, 7])
def test_load_and_store_move_numbers_at_any_place(dtype: Any, index: int) -> None:
    source = np.random.default_rng(0).integers(0, 2**31, 3 * LANES).astype(dtype)
    target = np.zeros_like(source)
    njit(lambda source, target, at: lanes.store(target, at + 3, lanes.load(source, at)))(source, target, index)
    expected = np.zeros_like(source)
    expected[index + 3 : index + 3 + LANES] = source[index : index + LANES]
    assert np.array_equal(target, expected)


@pytest.mark.parametrize("dtype", [np.int64, np.float64])
def test_load_as_float64_rounds_as_a_conversion_does(dtype: Any) -> None:
    source = np.random.default_rng(0).integers(-(2**62), 2**62, 2 * LANES).astype(dtype)
    source[3:13] = [0, 1, -1, 2**32, -(2**32), 2**53 + 1, -(2**53) - 3, 2**52, -(2**63), -(2**31) - 7]
    target = np.zeros(LANES)
    njit(lambda source, target: lanes.store(target, 0, lanes.load_as_float64(source, 3)))(source, target)
    assert np.array_equal(target, source[3 : 3 + LANES].astype(np.float64))


def test_parts_make_up_a_register_of_float64() -> None:
    source, target = np.random.default_rng(0).normal(size=LANES + 1), np.zeros(LANES)
    assert LANES % lanes.PART == 0

    @njit
    def move(source: Array, target: Array) -> None:
        for part in range(0, LANES, lanes.PART):
            lanes.store(target, part, lanes.load_part(source, part + 1))

    move(source, target)
    assert np.array_equal(target, source[1:])


def test_a_sum_of_pairs_begins_at_nought_and_is_added_to_64_bits() -> None:
    left, left_halves = pairs(1)
    right, right_halves = pairs(2)
    sums = np.full(LANES + 4, 2**60)
    _run_sum(sums, left, right, 64)
    assert np.array_equal(sums[2:-2], 2**60 + 64 * (left_halves * right_halves).sum(axis=1))
    assert (sums[[0, 1, -2, -1]] == 2**60).all()


def test_a_sum_of_float64_goes_on_from_where_it_was() -> None:
    left, right, before = numbers(np.float64, 1), numbers(np.float64, 2), numbers(np.float64, 3)
    sums = np.zeros(LANES + 4)
    sums[2:-2] = before
    _run_sum(sums, left, right, 1)
    assert np.array_equal(sums[2:-2], applied(lanes.multiply_add, before, left, right))
    assert (sums[[0, 1, -2, -1]] == 0).all()


@njit
def _run_sum(sums: Array, left: Array, right: Array, times: int) -> None:
    total = lanes.open_sum(sums, 2)
    for _ in range(times):
        total = lanes.multiply_add(total, lanes.load(left, 0), lanes.load(right, 0))
    lanes.close_sum(sums, 2, total)


@pytest.mark.parametrize("dtype", FLOATS)
def test_ones_of_floats(dtype: Any) -> None:
    assert (applied(lanes.ones_like, numbers(dtype)) == 1).all()


def test_ones_of_pairs_are_one_in_both_halves() -> None:
    assert (applied(lanes.ones_like, pairs()[0]) == 0x00010001).all()


@pytest.mark.parametrize("dtype", FLOATS)
def test_multiply_add_and_multiply_subtract_round_once(dtype: Any) -> None:
    total, left, right = (numbers(dtype, seed) for seed in range(3))
    # In twice the precision the product is exact; the sum is then rounded to it, and again.
    wide = [values.astype(np.longdouble) for values in (total, left, right)]
    tolerance = 2 * np.finfo(dtype).eps
    added = applied(lanes.multiply_add, total, left, right)
    np.testing.assert_allclose(added, (wide[0] + wide[1] * wide[2]).astype(dtype), rtol=tolerance)
    subtracted = applied(lanes.multiply_subtract, total, left, right)
    np.testing.assert_allclose(subtracted, (wide[0] - wide[1] * wide[2]).astype(dtype), rtol=tolerance)
    # What only a fused instruction finds: the rounding of the product.
    x = np.full(LANES, 1 + np.finfo(dtype).eps, dtype)
    lost = applied(lanes.multiply_subtract, x * x, x, x)
    assert (lost == -(np.finfo(dtype).eps.astype(dtype) ** 2)).all()
    assert (applied(lanes.multiply_add, -x * x, x, x) == -lost).all()


def test_multiply_add_of_pairs_adds_both_products_in_32_bits() -> None:
    left, left_halves = pairs(1)
    right, right_halves = pairs(2)
    total = np.arange(LANES, dtype=np.uint32) * 1000
    expected = total + (left_halves * right_halves).sum(axis=1)
    assert np.array_equal(applied(lanes.multiply_add, total, left, right), expected)


@pytest.mark.parametrize("dtype", FLOATS)
def test_subtract_and_multiply(dtype: Any) -> None:
    left, right = numbers(dtype, 1), numbers(dtype, 2)
    assert np.array_equal(applied(lanes.subtract, left, right), left - right)
    assert np.array_equal(applied(lanes.multiply, left, right), left * right)


@pytest.mark.parametrize("dtype", FLOATS)
def test_positive_reciprocal_is_nought_where_there_is_none(dtype: Any) -> None:
    values = numbers(dtype)
    values[:5] = (0.0, -0.0, -1.0, np.nan, np.inf)
    expected = np.divide(1, values, out=np.zeros_like(values), where=values > 0)
    assert np.array_equal(applied(lanes.positive_reciprocal, values), expected)


def test_scale_multiplies_all_lanes_by_one_number() -> None:
    values, target = numbers(np.float64), np.zeros(LANES)
    njit(lambda out, a, factor: lanes.store(out, 0, lanes.scale(lanes.load(a, 0), factor)))(target, values, 1 / 255)
    assert np.array_equal(target, values * (1 / 255))


def test_every_primitive_has_a_test_here() -> None:
    text = Path(__file__).read_text()
    primitives = [name for name, value in vars(lanes).items() if type(value) is type(lanes.load)]
    assert {"load", "store", "scale"} < set(primitives)
    assert not [name for name in primitives if f"lanes.{name}" not in text]
