"""What one-pixel models allocate, in the shapes in which they do."""

from __future__ import annotations

from collections.abc import Sequence

from fesdist.families.common.fit import Fit
from fesdist.families.common.footprint import (
    compared_images,
    gray_versions,
    prepared_arrays,
    samples_read,
    solved_arrays,
)
from fesdist.families.common.layout import ArrayLayout
from fesdist.families.onepixel.kernels.intensities import INTENSITIES
from fesdist.families.onepixel.sums import PASS_SAMPLES, Shapes
from fesdist.ground.memory import Allocation, Memory, Phase
from fesdist.ground.tiles import Halo
from fesdist.simd.cholesky import workspace_shapes
from fesdist.simd.lanes import LANES

_NO_HALO = Halo(0, 0, 0, 0)

_OBJECTS = Allocation("Python's objects", (1 << 14,), "uint8")
"""Heads of arrays, lists and names."""


def training_memory(
    own: Sequence[ArrayLayout], rank: int, fit: Fit, tile_shape: tuple[int, int], n_block: int
) -> Memory:
    """Return what is alive at most while a tile is trained and measured.

    `own` is the layout of the model, `rank` the number of its features, 0 if it needs none.
    """
    sums, solved = _sums(fit, tile_shape), solved_arrays(own, fit, tile_shape)
    images = compared_images(fit, tile_shape, n_block)
    differences = Allocation("differences of sums", (fit.channels, *tile_shape), "float64", 2)
    return Memory(
        (_OBJECTS, *samples_read(fit, tile_shape, n_block, _NO_HALO)),
        (
            Phase("adding", (*sums, *_pass(fit, tile_shape, n_block))),
            Phase("solving", (*sums, *solved, differences, *_systems(rank, fit.n_expressions))),
            Phase("measuring", (*solved, *prepared_arrays(own, fit, tile_shape), images)),
        ),
    )


def validation_memory(
    rank: int, fit: Fit, judged: Fit | None, tile_shape: tuple[int, int], sizes: tuple[int, int]
) -> Memory:
    """Return what is alive at most in a tile whose folds are judged; `sizes` are samples at a time, and folds.

    `judged` is what sums of their own to judge by are for, if there are any; `rank` is the largest of all candidates.
    """
    n_block, n_folds = sizes
    kept = *_sums(fit, tile_shape, n_folds), *(_sums(judged, tile_shape, n_folds) if judged else ())
    cols, n_expressions = tile_shape[1], fit.n_expressions
    samples = samples_read(fit, tile_shape, n_block, _NO_HALO, "samples of a fold")
    a_row = (
        Allocation("outputs of a row", (n_expressions, INTENSITIES, 1, cols), "float64"),
        Allocation("norm and status of a row", (n_expressions + 1, cols), "float64"),
        Allocation("errors of a row by intensity", (cols, INTENSITIES), "float64", 3),
        Allocation("errors", (n_expressions, *tile_shape), "float64"),
    )
    return Memory(
        (_OBJECTS, *kept, *samples_read(fit, tile_shape, n_block, _NO_HALO)),
        (
            Phase("adding", (*samples, *_pass(fit, tile_shape, n_block))),
            # The total of all folds, and the total without one of them.
            Phase("judging", (*_sums(fit, tile_shape, 2), *a_row, *_systems(rank, n_expressions))),
        ),
    )


def _sums(fit: Fit, tile_shape: tuple[int, int], validated: int = 0) -> tuple[Allocation, ...]:
    """Return the sums of a tile, or so many of them with the squares that errors need."""
    shapes = Shapes.of(tile_shape, fit.weight_channels, fit.channels, fit.n_expressions, validated > 0)
    times = max(validated, 1)
    return (
        Allocation("sums by intensity", shapes.sums, "uint32", times),
        Allocation("sums of images", shapes.image_sums, "int64", times),
        Allocation("sums of squares", shapes.squares, "int64", times),
    )


def _pass(fit: Fit, tile_shape: tuple[int, int], n_block: int) -> tuple[Allocation, ...]:
    """Return contiguous samples, and their gray versions; samples that are contiguous already are not copied."""
    n = min(n_block, PASS_SAMPLES)
    return (
        Allocation("contiguous samples", (n, fit.channels, *tile_shape), fit.dtype, 1 + fit.n_expressions),
        Allocation("sums of a pass", (fit.channels, *tile_shape), "int64"),
        *gray_versions(fit, n, tile_shape),
    )


def _systems(rank: int, n_expressions: int) -> tuple[Allocation, ...]:
    """Return a register of systems, and what the features of a kernel are found in."""
    if rank == 0:
        return ()
    return (
        *(Allocation("systems", shape, "float64") for shape in workspace_shapes(rank, n_expressions)),
        Allocation("counts of a register", (1 + n_expressions, INTENSITIES, LANES), "float64"),
        # The kernel, what is left of it, and two of its size while they are made.
        Allocation("kernel", (INTENSITIES, INTENSITIES), "float64", 4),
        # Column by column, as a matrix, and filled up to whole registers.
        Allocation("features", (INTENSITIES, workspace_shapes(rank, 0)[0][1]), "float64", 3),
    )
