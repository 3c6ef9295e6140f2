"""Packed samples are multiplied exactly, as pairs and, where the CPU can, as fours of bytes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numba import njit
from numpy.typing import NDArray

from fesdist.simd import lanes, octets
from fesdist.simd.lanes import LANES, OCTET_LANES
from tests.fesdist.simd.registers import pairs

Array = NDArray[Any]

only_with_fours = pytest.mark.skipif(not OCTET_LANES, reason="this CPU does not multiply bytes")
SIGNS = np.uint32(0x80808080)
EXTREMES = np.array([0, 1, 127, 128, 254, 255])


def fours(seed: int, n: int = LANES) -> tuple[Array, Array]:
    """Return packed fours of 8-bit values, many of them extreme, and the same as (lane, byte) int64."""
    random = np.random.default_rng(seed)
    values = np.where(random.integers(0, 2, (n, 4)), random.integers(0, 256, (n, 4)), random.choice(EXTREMES, (n, 4)))
    return (values.astype("<u1").view("<u4")[:, 0].astype(np.uint32) ^ SIGNS).view(np.int32), values


@pytest.mark.parametrize("index", [0, 5])
def test_pair_rows_interleaves_two_rows_of_bytes(index: int) -> None:
    low, high = np.random.default_rng(0).integers(0, 256, (2, 2 * LANES), dtype=np.uint8)
    target = np.zeros(LANES, np.uint32)
    njit(lambda out, low, high, at: lanes.store(out, 0, octets.pair_rows(low, high, at)))(target, low, high, index)
    own = slice(index, index + LANES)
    assert np.array_equal(target, low[own].astype(np.uint32) | high[own].astype(np.uint32) << 16)


@pytest.mark.parametrize("index", [0, 5])
@pytest.mark.parametrize("known", [1, 2, 3, 4])
def test_quad_rows_interleaves_four_rows_of_bytes(index: int, known: int) -> None:
    rows = np.random.default_rng(0).integers(0, 256, (4, 2 * LANES), dtype=np.uint8)
    target, mask = np.zeros(LANES, np.int32), np.uint32(2 ** (8 * known) - 1)
    packing = njit(lambda out, a, b, c, d, at, mask: lanes.store(out, 0, octets.quad_rows(a, b, c, d, at, mask)))
    packing(target, *rows, index, mask)
    expected = rows[:, index : index + LANES].astype(np.uint32)
    expected[known:] = 0
    assert np.array_equal(target.view(np.uint32) ^ SIGNS, (expected << np.arange(0, 32, 8, np.uint32)[:, None]).sum(0))


def test_black_is_nought_in_all_samples() -> None:
    assert octets.BLACK[np.dtype(np.uint32)] == 0
    assert (np.array([octets.BLACK[np.dtype(np.int32)]], np.int32).view(np.int8) == -128).all()
    assert np.dtype(octets.PACKED) in octets.SAMPLES_IN


@njit
def _summed(sums: Array, left: Array, right: Array, times: int) -> None:
    total, bias = lanes.open_sum(sums, 0), octets.no_bias()
    for _ in range(times):
        x = octets.as_left(lanes.load(left, 0))
        bias = octets.add_bias(bias, x)
        total = lanes.multiply_add(total, x, lanes.load(right, 0))
    lanes.close_sum(sums, 0, octets.unbiased(total, bias))


@only_with_fours
@pytest.mark.parametrize("width", [OCTET_LANES, 8])
def test_sums_of_fours_are_exact(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "OCTET_LANES", width)
    summed = njit(_summed.py_func)
    for seed in range(20):
        (left, left_values), (right, right_values) = fours(2 * seed), fours(2 * seed + 1)
        sums = np.full(LANES, 2**60)
        summed(sums, left, right, 128)
        assert np.array_equal(sums - 2**60, 128 * (left_values * right_values).sum(axis=1))


def test_other_samples_have_no_bias() -> None:
    (left, left_halves), (right, right_halves) = pairs(1), pairs(2)
    sums = np.zeros(LANES, np.int64)
    _summed(sums, left, right, 64)
    assert np.array_equal(sums, 64 * (left_halves * right_halves).sum(axis=1))
    numbers, of_numbers = np.arange(LANES) / 8, np.ones(LANES)
    _summed(of_numbers, numbers, numbers, 2)
    assert np.array_equal(of_numbers, 1 + 2 * numbers**2)


@only_with_fours
def test_sums_of_samples_are_products_with_ones() -> None:
    @njit
    def summed(sums: Array, packed: Array) -> None:
        x = octets.as_left(lanes.load(packed, 0))
        lanes.close_sum(sums, 0, lanes.multiply_add(lanes.open_sum(sums, 0), x, lanes.ones_like(x)))

    packed, values = fours(5)
    sums = np.zeros(LANES, np.int64)
    summed(sums, packed)
    assert np.array_equal(sums, values.sum(axis=1))


@only_with_fours
@pytest.mark.parametrize("count", [3, 4, 5])
def test_a_run_shares_two_registers(count: int) -> None:
    @njit
    def summed(sums: Array, left: Array, right: Array, step: int, count: int) -> None:
        run, bias = octets.open_run(5), octets.no_bias()
        octets.prefetch_run(sums, 2, step, run)
        for _ in range(2):
            x = octets.as_left(lanes.load(left, 0))
            bias = octets.add_bias(bias, x)
            run = octets.add_run(run, x, lanes.load(right, 0), lanes.load(right, LANES))
        octets.close_run(sums, 2, step, count, run, bias)

    (left, left_values), (right, right_values) = fours(1), fours(2, 2 * LANES)
    sums = np.full((5, LANES + 3), 7)
    expected = sums.copy()
    for i in range(count):
        expected[i, 2 : 2 + LANES] += 2 * (left_values * right_values[i : i + LANES]).sum(axis=1)
    summed(sums.reshape(-1), left, right, sums.shape[1], count)
    assert np.array_equal(sums, expected)


PROGRAM = """
import json
from fesdist.simd import lanes, octets
print(json.dumps([lanes.PART, lanes.OCTET_LANES, octets.PACKED.__name__, octets.RUNS]))
"""


@pytest.mark.parametrize(
    ("features", "chosen"),
    [
        ("+avx2,-avxvnni", [4, 0, "uint32", False]),
        ("+avx2,+avxvnni", [4, 8, "int32", False]),
        ("+avx2,+avx512f", [8, 0, "uint32", False]),
        ("+avx512f,+avx512vnni", [8, 16, "int32", True]),
    ],
)
def test_the_way_to_pack_is_chosen_by_what_is_compiled_for(features: str, chosen: list[Any]) -> None:
    environment = {**os.environ, "NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": features}
    command = [sys.executable, "-c", PROGRAM]
    found = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    assert json.loads(found) == chosen


def test_every_primitive_has_a_test_here() -> None:
    text = Path(__file__).read_text()
    own = [name for name, value in vars(octets).items() if type(value) is type(lanes.load)]
    primitives = [name for name in own if getattr(lanes, name, None) is None]
    assert {"quad_rows", "add_run"} <= set(primitives)
    assert not [name for name in primitives if f"octets.{name}" not in text]
