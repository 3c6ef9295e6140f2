"""What one-pixel models allocate, in the shapes in which they do."""

from __future__ import annotations

from collections.abc import Sequence

from fesdist.families.common.fit import Fit
from fesdist.families.common.footprint import (
    compared_images,
    evidence_arrays,
    gray_versions,
    prepared_arrays,
    samples_read,
    solved_arrays,
    with_neighbours,
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
    own: Sequence[ArrayLayout],
    system: tuple[int, int],
    fit: Fit,
    tile_shape: tuple[int, int],
    sizes: tuple[int, int],
) -> Memory:
    """Return what is alive at most while a tile is trained and measured.

    `own` is the layout of the model. `system` is the number of its features, 0 if it needs none, and how far it pools
    neighbours; `sizes` are samples at a time, and folds whose sums are kept apart.
    """
    (rank, margin), (n_block, n_folds) = system, sizes
    pooled = with_neighbours(tile_shape, margin)
    sums, solved = _sums(fit, pooled, n_folds), solved_arrays(own, fit, tile_shape)
    images = compared_images(fit, tile_shape, n_block)
    differences = Allocation("differences of sums", (fit.channels, *tile_shape), "float64", 2)
    evidence = evidence_arrays(fit, tile_shape) if n_folds > 1 else ()
    # The total of all folds, and the total without one of them.
    totals = _sums(fit, pooled, 2) if n_folds > 1 else ()
    of_fold = samples_read(fit, pooled, n_block, _NO_HALO, "samples of a fold") if n_folds > 1 else ()
    return Memory(
        (_OBJECTS, *samples_read(fit, pooled, n_block, _NO_HALO)),
        (
            Phase("adding", (*sums, *of_fold, *_pass(fit, pooled, n_block))),
            Phase(
                "solving",
                (
                    *sums,
                    *totals,
                    *solved,
                    *evidence,
                    differences,
                    *_a_row(fit, tile_shape[1], margin),
                    *_systems(rank, fit.n_expressions),
                ),
            ),
            Phase("measuring", (*solved, *evidence, *prepared_arrays(own, fit, tile_shape), images)),
        ),
    )


def left_out_memory(system: tuple[int, int], fit: Fit, cols: int, sizes: tuple[int, int]) -> tuple[Allocation, ...]:
    """Return what people are left out in around a row of `cols` columns; `system` as in `training_memory`.

    `sizes` are all samples, and folds.
    """
    (rank, margin), (n_samples, n_folds) = system, sizes
    around = with_neighbours((1, cols), margin)
    return (
        _OBJECTS,
        # Those of each fold, of all, and of all without one of them.
        *_sums(fit, around, n_folds + 2),
        *_pass(fit, around, n_samples),
        *_a_row(fit, cols, margin),
        *_systems(rank, fit.n_expressions),
    )


def validation_memory(
    system: tuple[int, int], fit: Fit, judged: Fit | None, tile_shape: tuple[int, int], sizes: tuple[int, int]
) -> Memory:
    """Return what is alive at most in a tile whose folds are judged; `sizes` are samples at a time, and folds.

    `judged` is what sums of their own to judge by are for, if there are any; `system` is the largest number of features
    of all candidates, and how far any of them pools neighbours.
    """
    (rank, margin), (n_block, n_folds) = system, sizes
    pooled = with_neighbours(tile_shape, margin)
    kept = (
        *_sums(fit, pooled, n_folds, squares=True),
        *(_sums(judged, pooled, n_folds, squares=True) if judged else ()),
    )
    found = Allocation("agreement and change", (fit.n_expressions, *tile_shape), "float64", 6)
    return Memory(
        (_OBJECTS, *kept, *samples_read(fit, pooled, n_block, _NO_HALO)),
        (
            Phase(
                "adding",
                (*samples_read(fit, pooled, n_block, _NO_HALO, "samples of a fold"), *_pass(fit, pooled, n_block)),
            ),
            # The total of all folds, and the total without one of them.
            Phase(
                "judging",
                (
                    *_sums(fit, pooled, 2, squares=True),
                    *_a_row(fit, tile_shape[1], margin),
                    found,
                    *_systems(rank, fit.n_expressions),
                ),
            ),
        ),
    )


def _a_row(fit: Fit, cols: int, margin: int) -> tuple[Allocation, ...]:
    """Return what a row is solved and judged in, and its neighbours put together."""
    n_expressions = fit.n_expressions
    pooled = (cols + 2 * margin, INTENSITIES, 1 + n_expressions)
    return (
        Allocation("sums of a row and its neighbours", pooled, "float64", 4 if margin else 1),
        Allocation("outputs of a row", (n_expressions, INTENSITIES, 1, cols), "float64"),
        Allocation("norm and status of a row", (n_expressions + 1, cols), "float64"),
        Allocation("errors of a row by intensity", (cols, INTENSITIES), "float64", 4),
    )


def _sums(fit: Fit, tile_shape: tuple[int, int], times: int = 1, *, squares: bool = False) -> tuple[Allocation, ...]:
    """Return so many sums of a tile, with or without the squares that errors need."""
    shapes = Shapes.of(tile_shape, fit.weight_channels, fit.channels, fit.n_expressions, squares)
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
