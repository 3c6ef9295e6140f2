"""From counts of intensities to a table of outputs: the kernel ridge systems of one-pixel models, solved.

At one pixel let m[v] be how often intensity v occurs, s[v] the sum of its targets, and K the 256 x 256 kernel matrix
of all intensities. The N coefficients of kernel ridge regression are equal for equal inputs, so its predictions f
for all intensities solve (K⁻¹ λ + diag(m)) f = s, whatever N is. Two ways to solve that without K⁻¹ are here: by
features of K, and by the chain that K⁻¹ is for the Laplacian kernel.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fesdist.families.onepixel.kernels.intensities import INTENSITIES
from fesdist.simd.cholesky import PANEL, Workspace, factor_and_solve, workspace
from fesdist.simd.kernel import kernel, pasted, subkernel
from fesdist.simd.lanes import LANES, load, multiply_add, ones_like, scale, store

Array = NDArray[Any]


class Tables(NamedTuple):
    """What is found for each pixel and written."""

    outputs: Array
    """(expression, 256, row, col), of a floating-point type of its own: f in [0, 1] units."""
    norm: Array
    """(expression, row, col) float64: |f[0]| + Σ_v |f[v] - f[v - 1]|."""
    status: Array
    """(row, col) uint8: 1 where a pivot was not positive; f is then the mean target for every input."""


class Counted(NamedTuple):
    """Scratch for a block's sums of the intensities that occur in any of its pixels."""

    used: Array
    """(256,) int64: these intensities."""
    known: Array
    """(1 + expression, 256, LANES) float64: m, then s of each expression, at the intensities `used`."""


def solve_by_features(sums: Array, features: Array, ridge: float, tables: Tables) -> None:
    """Fill the tables of a tile's pixels by (Φᵀ diag(m) Φ + ridge I) w = Φᵀ s and f = Φ w.

    `sums` is (row, col, 256, 1 + expression) uint32, or float64 where they are means: m, then s of each expression in
    units of 1/255. `features` Φ is (256, feature) float64.
    """
    n_features = features.shape[1]
    order = -(-n_features // PANEL) * PANEL
    whole = np.zeros((INTENSITIES, order))
    # Features of nothing but zeros fill the last panel; their weights are 0.
    whole[:, :n_features] = features
    counted = Counted(np.empty(INTENSITIES, np.int64), np.empty((sums.shape[-1], INTENSITIES, LANES)))
    _solve_blocks(sums, whole, ridge, counted, workspace(order, len(tables.outputs)), tables)


@kernel
def _solve_blocks(
    sums: Array, features: Array, ridge: float, counted: Counted, systems: Workspace, tables: Tables
) -> None:
    used, known = counted
    matrix, inverse = systems.matrix, systems.inverse
    outputs, norm, status = tables
    rows, cols = status.shape
    order = features.shape[1]
    made = np.empty((INTENSITIES, LANES))
    for row in range(rows):
        for col in range(0, cols, LANES):
            # The last block of a row reaches beyond the tile: pixels without samples, solved too and dropped.
            lanes = min(LANES, cols - col)
            n_used = _read_block(sums, row, col, lanes, used, known)
            _fill_matrix(features, used[:n_used], known, ridge, matrix)
            factor_and_solve(systems, order)
            for lane in range(lanes):
                smallest = inverse[0, lane]
                for i in range(1, order):
                    smallest = min(smallest, inverse[i, lane])
                status[row, col + lane] = smallest <= 0.0
            for expression in range(len(outputs)):
                _evaluate(features, matrix, order + expression, made)
                for lane in range(lanes):
                    if status[row, col + lane] != 0:
                        targets = known[1 + expression, :n_used, lane]
                        made[:, lane] = targets.sum() / known[0, :n_used, lane].sum() / (INTENSITIES - 1)
                    _write(made[:, lane], outputs[expression, :, row, col + lane], norm[expression], row, col + lane)


@subkernel
def _read_block(sums: Array, row: int, col: int, lanes: int, used: Array, known: Array) -> int:
    """Read the sums of a block's pixels for the intensities that occur in any of them; return how many they are."""
    n_used = 0
    for v in range(INTENSITIES):
        occurs = False
        for lane in range(lanes):
            occurs |= sums[row, col + lane, v, 0] != 0
        if not occurs:
            continue
        used[n_used] = v
        for k in range(len(known)):
            for lane in range(LANES):
                known[k, n_used, lane] = sums[row, col + lane, v, k] if lane < lanes else 0.0
        n_used += 1
    return n_used


@subkernel
def _fill_matrix(features: Array, used: Array, known: Array, ridge: float, matrix: Array) -> None:
    """Set the lower triangle of a block to Φᵀ diag(m) Φ + ridge I, and its right-hand sides to Φᵀ s."""
    order = features.shape[1]
    line, values = matrix.reshape(-1), known.reshape(-1)
    one = ones_like(load(values, 0))
    nought = scale(one, 0.0)
    for i in range(0, order, 2):
        for j in range(0, i + 2, PANEL):
            a0 = a1 = a2 = a3 = b0 = b1 = b2 = b3 = nought
            for n in range(len(used)):
                v = used[n]
                m = load(values, n * LANES)
                x, y = scale(m, features[v, i]), scale(m, features[v, i + 1])
                f = scale(one, features[v, j])
                a0, b0 = multiply_add(a0, x, f), multiply_add(b0, y, f)
                f = scale(one, features[v, j + 1])
                a1, b1 = multiply_add(a1, x, f), multiply_add(b1, y, f)
                f = scale(one, features[v, j + 2])
                a2, b2 = multiply_add(a2, x, f), multiply_add(b2, y, f)
                f = scale(one, features[v, j + 3])
                a3, b3 = multiply_add(a3, x, f), multiply_add(b3, y, f)
            at, below = (i * order + j) * LANES, ((i + 1) * order + j) * LANES
            _store_four(line, at, a0, a1, a2, a3)
            _store_four(line, below, b0, b1, b2, b3)
    for i in range(order):
        for lane in range(LANES):
            matrix[i, i, lane] += ridge
    for k in range(1, len(known)):
        for j in range(0, order, PANEL):
            a0 = a1 = a2 = a3 = nought
            for n in range(len(used)):
                v = used[n]
                s = load(values, (k * INTENSITIES + n) * LANES)
                a0 = multiply_add(a0, s, scale(one, features[v, j]))
                a1 = multiply_add(a1, s, scale(one, features[v, j + 1]))
                a2 = multiply_add(a2, s, scale(one, features[v, j + 2]))
                a3 = multiply_add(a3, s, scale(one, features[v, j + 3]))
            _store_four(line, ((order + k - 1) * order + j) * LANES, a0, a1, a2, a3)


@subkernel
def _evaluate(features: Array, matrix: Array, row: int, made: Array) -> None:
    """Set `made` (256, lane) to Φ w / 255, where w is a row of the solved block."""
    order = features.shape[1]
    line, out = matrix.reshape(-1), made.reshape(-1)
    one = ones_like(load(out, 0))
    unit = 1.0 / (INTENSITIES - 1)
    for v in range(0, INTENSITIES, 4):
        a0 = a1 = a2 = a3 = scale(one, 0.0)
        for k in range(order):
            w = load(line, (row * order + k) * LANES)
            a0 = multiply_add(a0, w, scale(one, features[v, k]))
            a1 = multiply_add(a1, w, scale(one, features[v + 1, k]))
            a2 = multiply_add(a2, w, scale(one, features[v + 2, k]))
            a3 = multiply_add(a3, w, scale(one, features[v + 3, k]))
        _store_four(out, v * LANES, scale(a0, unit), scale(a1, unit), scale(a2, unit), scale(a3, unit))


@pasted
def _store_four(line: Array, at: int, a0: Any, a1: Any, a2: Any, a3: Any) -> None:
    store(line, at, a0)
    store(line, at + LANES, a1)
    store(line, at + 2 * LANES, a2)
    store(line, at + 3 * LANES, a3)


@subkernel
def _write(made: Array, outputs: Array, norm: Array, row: int, col: int) -> None:
    """File the table of one pixel, and its norm."""
    total = abs(made[0])
    outputs[0] = made[0]
    for v in range(1, INTENSITIES):
        total += abs(made[v] - made[v - 1])
        outputs[v] = made[v]
    norm[row, col] = total


@kernel
def solve_chain(sums: Array, decay: float, end: float, ridge: float, tables: Tables) -> None:
    """Fill the tables of a tile's pixels for the kernel K[v, w] = decay^|v - w|, 0 <= decay < 1.

    K⁻¹ is tridiagonal: with `end` = 1 / (1 - decay²), which a caller knows more exactly, its off-diagonal entries are
    -end × decay, its diagonal entries end × (1 + decay²), but `end` at both ends. So f takes one elimination along
    the intensities. No pivot can vanish: each is at least ridge. Arrays as in `solve_by_features`; the
    status is left as it is.
    """
    outputs, norm, status = tables
    rows, cols = status.shape
    pivots, partial, made = np.empty(INTENSITIES), np.empty(INTENSITIES), np.empty(INTENSITIES)
    coupling = ridge * end * decay
    for row in range(rows):
        for col in range(cols):
            for expression in range(len(outputs)):
                known = sums[row, col]
                pivots[0] = known[0, 0] + ridge * end
                partial[0] = known[0, 1 + expression]
                for v in range(1, INTENSITIES):
                    own = ridge * end * (1.0 + decay * decay) if v < INTENSITIES - 1 else ridge * end
                    share = coupling / pivots[v - 1]
                    pivots[v] = known[v, 0] + (own - share * coupling)
                    partial[v] = known[v, 1 + expression] + share * partial[v - 1]
                following = 0.0
                for v in range(INTENSITIES - 1, -1, -1):
                    following = (partial[v] + coupling * following) / pivots[v]
                    made[v] = following / (INTENSITIES - 1)
                _write(made, outputs[expression, :, row, col], norm[expression], row, col)
