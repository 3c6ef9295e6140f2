"""The two kernels of MR on one core, against matrix products of the same machine: planes and Cholesky."""

from __future__ import annotations

import numpy as np

from fesdist.families.windowed.block import BlockSums
from fesdist.ground.receptive_field import displacements
from fesdist.ground.tiles import TileGrid
from fesdist.registry import MaskedRegression
from tests.benchmarks.bench import Bench, random_pairs
from tests.benchmarks.in_memory import TARGET, Pairs, block_sums, plane_flops, solve_flops, tile_statistics
from tests.benchmarks.limits import Gemm
from tests.benchmarks.peers import Floats, normal_equations, unit_planes
from tests.benchmarks.rows import Row, Spread, Target
from tests.benchmarks.timing import alternate, ratio

OF_GEMM = 0.15
"""Least fraction of the rate of matrix products that is promised."""


def planes(bench: Bench, *, size: int, side: int, n_samples: int) -> Row:
    """Accumulate all planes of a block, from images as they are read to sums, one gray channel, one expression."""
    model = MaskedRegression.with_window(size)
    pairs = random_pairs(n_samples, 1, side)
    wide = pairs[0][:, 0].astype(np.float64)

    def ours() -> BlockSums:
        return block_sums(model, pairs)

    def peer() -> Floats:
        return _gram_planes(wide, model)

    gemm = Gemm(np.float32)
    ours_seconds, peer_seconds, gemm_seconds = alternate(bench.turns, ours, peer, gemm)
    seconds, flops = Spread.of(ours_seconds), plane_flops(model) * n_samples * side * side
    of_gemm = flops / gemm.flops * ratio(gemm_seconds, ours_seconds).median
    block = ours()
    sums = block.flat.image(block.sums[0, : len(block.planes.displacements)])
    return Row(
        name=f"planes {size}x{size}, one core",
        what=f"sums of products of {n_samples} samples of {side} x {side} pixels; peer: numpy einsum of shifted "
        "float64 images, the input's planes alone; bound: float32 matrix product on one core",
        seconds=seconds,
        rate=f"{flops / seconds.median / 1e9:.1f} Gflop/s",
        bound="arithmetic",
        of_bound=of_gemm,
        ratio=ratio(peer_seconds, ours_seconds),
        difference=float(np.abs(sums - peer()).max()),
        target=Target(f"{OF_GEMM:.0%} of GEMM", of_gemm, OF_GEMM),
    )


def cholesky(bench: Bench, *, size: int, side: int) -> Row:
    """Solve the systems of a tile: read out of its planes, factored, solved for one expression, filed."""
    model = MaskedRegression.with_window(size)
    pairs = random_pairs(64, 1, side)
    statistics = tile_statistics(model, pairs, TileGrid((side, side), (side, side))[0])
    matrices, sides = _systems(pairs, model)
    gemm = Gemm(np.float64)

    def ours() -> Floats:
        arrays = model.solve(statistics)[TARGET]
        solutions: Floats = np.concatenate([arrays["weights"][0], arrays["bias"]])
        return solutions

    def peer() -> Floats:
        return np.asarray(np.linalg.solve(matrices, sides))

    ours_seconds, peer_seconds, gemm_seconds = alternate(bench.turns, lambda: model.solve(statistics), peer, gemm)
    unknowns = size * size + 1
    seconds, flops = Spread.of(ours_seconds), solve_flops(model) * side * side
    of_gemm = flops / gemm.flops * ratio(gemm_seconds, ours_seconds).median
    return Row(
        name=f"Cholesky, {unknowns} unknowns, one core",
        what=f"{side * side:,} systems read out of planes, factored and solved once; peer: batched "
        "numpy.linalg.solve of matrices that are ready; bound: float64 matrix product on one core",
        seconds=seconds,
        rate=f"{flops / seconds.median / 1e9:.1f} Gflop/s",
        bound="arithmetic",
        of_bound=of_gemm,
        ratio=ratio(peer_seconds, ours_seconds),
        difference=float(np.abs(ours().reshape(unknowns, -1) - peer()[..., 0].T).max()),
        target=Target(f"{OF_GEMM:.0%} of GEMM", of_gemm, OF_GEMM),
    )


def _gram_planes(images: Floats, model: MaskedRegression) -> Floats:
    """Return G_d[q] = Σ_n x[n, q] x[n, q + d], (plane, row, col), 0 where q + d is outside; exact in float64."""
    _, rows, cols = images.shape
    shifts = displacements(model.offsets)
    sums = np.zeros((len(shifts), rows, cols))
    for plane, (drow, dcol) in zip(sums, shifts, strict=True):
        left, right = max(-dcol, 0), cols - max(dcol, 0)
        here = images[:, : rows - drow, left:right]
        there = images[:, drow:, left + dcol : right + dcol]
        plane[: rows - drow, left:right] = np.einsum("nij,nij->ij", here, there)
    return sums


def _systems(pairs: Pairs, model: MaskedRegression) -> tuple[Floats, Floats]:
    """Return the matrices and right-hand sides of all pixels of a tile."""
    size = round(len(model.offsets) ** 0.5)
    inputs, targets = unit_planes(pairs[0], size // 2), unit_planes(pairs[1])
    rows = [
        normal_equations(inputs[:, row : row + size], targets[:, row : row + 1], size, model.ridge)
        for row in range(targets.shape[1])
    ]
    matrices, sides = zip(*rows, strict=True)
    return np.concatenate(matrices), np.concatenate(sides)
