"""Shifted registers add what windows of numpy add, in the same order, and are shifted by one instruction each."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numba import njit

from fesdist.simd import lanes, shifting
from fesdist.simd.lanes import LANES, load, store
from tests.fesdist.simd.registers import AVX512


@njit
def _summed(out: Any, weights: Any, line: Any, columns: tuple[int, ...]) -> None:
    """Add to two rows of two planes, whose lines follow each other, what the windows of a row of inputs add."""
    totals = (load(out, 0), load(out, LANES)), (load(out, 2 * LANES), load(out, 3 * LANES))
    low = load(line, 0), load(line, 2 * LANES)
    high = load(line, LANES), load(line, 3 * LANES)
    (a, b), (c, d) = shifting.add_shifts(totals, weights, 1, low, high, columns)
    store(out, 0, a)
    store(out, LANES, b)
    store(out, 2 * LANES, c)
    store(out, 3 * LANES, d)


@pytest.mark.parametrize("count", [1, 5, LANES + 1])
def test_shifts_are_added_in_order(count: int) -> None:
    random = np.random.default_rng(count)
    out, line = (random.normal(size=(4, LANES)).astype(np.float32) for _ in range(2))
    weights = random.normal(size=(count, 2, LANES)).astype(np.float32)
    # Products of float32 are exact in float64; a sum that is rounded there first may differ in its last bit.
    expected, planes = out.reshape(2, 2, LANES).copy(), line.reshape(2, 2 * LANES).astype(np.float64)
    for i in range(count):
        for row in range(2):
            products = weights[i, row].astype(np.float64) * planes[:, i : i + LANES]
            expected[row] = (expected[row] + products).astype(np.float32)
    flat = np.concatenate([np.full(1, np.nan, np.float32), weights.reshape(-1)])
    _summed(out.reshape(-1), flat, line.reshape(-1), tuple(range(count)))
    np.testing.assert_allclose(out.reshape(2, 2, LANES), expected, rtol=0, atol=1e-5)


PROGRAM = """
import json
from fesdist.families.windowed.kernels.squares import _apply, square_of
from fesdist.ground.receptive_field import window_offsets
from fesdist.simd.compiler import compile_here
from fesdist.simd.shifting import SHIFTS
from numba import types, typeof
import numpy as np
image, window, line = types.uint8[:, :, :, ::1], types.float32[:, :, ::1], types.float32[::1]
room = types.Tuple([types.Tuple([line, types.UniTuple(types.int64, 3)]), line, line])
reading = types.Tuple([types.UniTuple(types.int64, 2), types.float32])
windows = types.Tuple([window, types.float32[:, ::1]])
square = typeof(square_of(window_offsets(5)))
compile_here()  # what is kept cannot be looked into
_apply.compile((image, reading, square, windows, room, types.UniTuple(types.boolean, 2), types.float32[:, :, :, ::1]))
text = _apply.inspect_asm(_apply.signatures[0])
print(json.dumps([SHIFTS, text.count("valign"), text.count("vfmadd")]))
"""


@pytest.mark.skipif(platform.machine() != "x86_64", reason="names instructions of x86-64")
@pytest.mark.parametrize(
    ("features", "shifts"),
    [("+avx2,+fma", False), (AVX512, True)],
)
def test_one_instruction_shifts(features: str, shifts: bool, tmp_path: Path) -> None:
    """Compiled for CPUs that this one need not be, and not run."""
    compiled_for = {"NUMBA_CPU_NAME": "x86-64-v3", "NUMBA_CPU_FEATURES": features, "NUMBA_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-c", PROGRAM]
    ran = subprocess.run(command, env=os.environ | compiled_for, capture_output=True, text=True, check=True)
    chosen, aligned, products = json.loads(ran.stdout)
    assert chosen == shifts
    # Of three planes and eight input rows, of which those for all four output rows are a loop; one column needs none.
    assert not shifts or (aligned, products) >= (3 * 4 * 7, 3 * 5 * (4 + 2 * (1 + 2 + 3)))


def test_every_primitive_has_a_test_here() -> None:
    text = Path(__file__).read_text()
    own = [name for name, value in vars(shifting).items() if type(value) is type(lanes.load)]
    primitives = [name for name in own if getattr(lanes, name, None) is None]
    assert primitives == ["add_shifts"]
    assert not [name for name in primitives if f"shifting.{name}" not in text]
