"""Cross-validation of masked regression: a tile's sums for each fold, of the widest field that any candidate has."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fesdist.families.common.cells import CellErrors
from fesdist.families.common.fit import Fit
from fesdist.families.common.layout import Array
from fesdist.families.common.problem import TileProblem
from fesdist.families.common.samples import Samples
from fesdist.families.common.validation import FoldErrors, Judgement
from fesdist.families.windowed.entries import window_equations
from fesdist.families.windowed.kernels.planes import PASS_SAMPLES
from fesdist.families.windowed.kernels.systems import Pixels
from fesdist.families.windowed.kernels.validation import Known, validate_windows
from fesdist.families.windowed.statistics import BLOCK, WindowStatistics
from fesdist.families.windowed.sums import FlatBlock, WindowSums
from fesdist.ground.colour import Colour
from fesdist.ground.memory import Allocation, Memory
from fesdist.ground.receptive_field import Offset, displacements, halo_of
from fesdist.ground.tiles import Padding, Region, TileGrid
from fesdist.ground.units import unit_of

Field = tuple[Offset, ...]


@dataclass(frozen=True)
class WindowValidation:
    """Candidates, each a receptive field and a ridge, judged from the sums of each fold; see `CrossValidation`."""

    candidates: tuple[tuple[Field, float], ...]

    by_place: ClassVar[bool] = True

    @property
    def field(self) -> Field:
        """Return the field with the taps of all candidates: its sums contain theirs."""
        return widest([offsets for offsets, _ in self.candidates])

    def inputs_of(self, region: Region, image_shape: tuple[int, int]) -> tuple[Region, Padding]:
        return halo_of(self.field).around(region, image_shape)

    def memory(self, fit: Fit, tile_shape: tuple[int, int], n_block: int, n_folds: int) -> Memory:
        total = _fold_bytes([offsets for offsets, _ in self.candidates], fit, tile_shape, n_block, n_folds)
        return Memory((Allocation("all arrays", (total,), "uint8"),))

    def gather(self, problem: TileProblem, dtype: np.dtype[Any], n_folds: int) -> WindowFolds:
        return WindowFolds(self.candidates, problem, dtype, n_folds)

    def restore(self, arrays: Mapping[str, Array]) -> FoldErrors:
        return FoldErrors.restored(arrays)

    def errors(self, total: FoldErrors, expressions: tuple[str, ...], fit: Fit, folds: NDArray[np.int64]) -> FoldErrors:
        return total


class WindowFolds:
    """Sums of each fold, and with them the errors of candidates.

    Colour is judged as it is stored: weights that were fitted on gray have their errors summed over the channels.
    """

    def __init__(
        self, candidates: Sequence[tuple[Field, float]], problem: TileProblem, dtype: np.dtype[Any], n_folds: int
    ) -> None:
        self._problem = problem
        self._unit = unit_of(dtype)
        self._candidates: dict[Field, list[int]] = {}
        for number, (offsets, _) in enumerate(candidates):
            self._candidates.setdefault(offsets, []).append(number)
        self._ridges = np.array([ridge for _, ridge in candidates])
        self._field = widest(self._candidates)

        def statistics(colour: Colour) -> list[WindowStatistics]:
            of_colour = replace(problem, colour=colour)
            return [WindowStatistics(of_colour, self._field, dtype, squares=True) for _ in range(n_folds)]

        self._fitted = statistics(problem.colour)
        self._judged = statistics(Colour.SHARED) if judged_apart(problem.colour, problem.channels) else self._fitted

    def add(self, folds: NDArray[np.int64], samples: Samples) -> None:
        """Add samples; see `TileFolds.add`."""
        for fold in np.unique(folds):
            of_fold = samples.of(folds == fold)
            self._fitted[fold].add(of_fold)
            if self._judged is not self._fitted:
                self._judged[fold].add(of_fold)

    def found(self, judgement: Judgement) -> FoldErrors:
        """Return the errors of each candidate on each fold; outputs are not clipped."""
        n_folds, regions = len(self._fitted), judgement.regions
        squared = np.zeros((n_folds, len(self._ridges), len(self._problem.expressions), len(regions)))
        values = np.zeros((n_folds, len(regions)))
        cells = CellErrors.empty(len(self._ridges)) if judgement.in_cells else None
        people = np.array([statistics.n_samples for statistics in self._fitted])
        for number, block in enumerate(self._fitted[0].blocks):
            region = block.sums.problem.tile.region
            rows, cols = judgement.rows(region), range(region.col0, region.col1)
            parts = [_positions(part, rows, cols) for part in regions]
            values += people[:, None] * self._problem.channels * [len(down) * len(across) for down, across in parts]
            for fold, candidate, errors in self._block_errors(number, judgement.row_step):
                for to, (down, across) in enumerate(parts):
                    squared[fold, candidate, :, to] += errors[:, down][:, :, across].sum(axis=(1, 2))
                if cells is not None:
                    cells.count(candidate, errors.sum(axis=0), (rows, cols), judgement.image_shape)
        return FoldErrors(squared, values, cells)

    def _block_errors(self, number: int, row_step: int) -> Iterator[tuple[int, int, NDArray[np.float64]]]:
        """Yield fold, candidate and its errors (expression, measured row, col) in one block."""
        fitted = [statistics.blocks[number].sums for statistics in self._fitted]
        judged = [statistics.blocks[number].sums for statistics in self._judged]
        total = np.sum([sums.sums for sums in fitted], axis=0)
        for fold in range(len(fitted)):
            for offsets, candidates in self._candidates.items():
                errors = self._validate(total, fold, fitted[fold], judged[fold], offsets, candidates, row_step)
                for candidate, of_candidate in zip(candidates, errors, strict=True):
                    yield fold, candidate, of_candidate

    def _validate(
        self,
        total: Array,
        fold: int,
        fitted: WindowSums,
        judged: WindowSums,
        offsets: Field,
        candidates: list[int],
        row_step: int,
    ) -> NDArray[np.float64]:
        """Return the squared errors (candidate, expression, row, col) of one block and fold."""
        flat, unit, n_expressions = fitted.flat, self._unit, len(self._problem.expressions)
        equations = window_equations(offsets, flat.shape, n_expressions, unit, self._field)
        squares = (fitted.first_square + np.arange(n_expressions)) * flat.length
        first_row = -fitted.problem.tile.region.row0 % row_step
        n_rows = len(range(first_row, flat.shape[0], row_step))
        errors = np.zeros((len(candidates), n_expressions, n_rows, flat.shape[1]))
        of_channel = np.empty_like(errors)
        corners, ridges = self._corners(fold), unit**2 * self._ridges[candidates]
        pixels = Pixels(flat.origin + first_row * flat.stride, row_step * flat.stride)
        for channel in range(len(total)):
            outside = Known(np.subtract(total[channel], fitted.sums[channel]).reshape(-1), corners[0])
            within = Known(judged.sums[channel].reshape(-1), corners[1])
            validate_windows(outside, within, equations, squares, ridges, pixels, of_channel)
            errors += of_channel
        return errors / unit**2

    def _corners(self, fold: int) -> tuple[float, float]:
        """Return unit² times the samples of one fit outside the fold, and of one judgement within it."""
        channels, colour = self._problem.channels, self._problem.colour
        outside = sum(statistics.n_samples for statistics in self._fitted) - self._fitted[fold].n_samples
        judged_as = Colour.SHARED if self._judged is not self._fitted else colour
        return (
            self._unit**2 * outside * colour.channels_per_fit(channels),
            self._unit**2 * self._fitted[fold].n_samples * judged_as.channels_per_fit(channels),
        )


def _fold_bytes(fields: Sequence[Field], fit: Fit, tile_shape: tuple[int, int], n_block: int, n_folds: int) -> int:
    """Return an upper bound of the array bytes of `WindowFolds`, whose candidates have these fields."""
    rows, cols = tile_shape
    field, images = widest(fields), 1 + fit.n_expressions
    flat = FlatBlock((min(rows, BLOCK), min(cols, BLOCK)), field)
    n_blocks = len(TileGrid(tile_shape, (BLOCK, BLOCK)))
    planes = len(displacements(field)) + 1 + fit.n_expressions * (len(field) + 2)
    sets = fit.weight_channels + judged_apart(fit.colour, fit.channels)
    sums = (sets * planes + 2 * images * fit.channels) * flat.length * 8
    halo = halo_of(field)
    n_inputs = (rows + halo.top + halo.bottom) * (cols + halo.left + halo.right)
    # Of a block of samples there are the arrays that were read, and copies of one fold's.
    samples = 2 * n_block * fit.channels * (n_inputs + fit.n_expressions * rows * cols) * fit.itemsize
    in_pass = min(n_block, PASS_SAMPLES)
    packed = images * (in_pass + 1) * flat.length * max(2, fit.itemsize) + images * in_pass * n_inputs * fit.gray_bytes
    errors = 3 * len(fields) * fit.n_expressions * math.prod(flat.shape) * 8
    total = fit.weight_channels * planes * flat.length * 8
    return n_folds * n_blocks * sums + max(samples + packed, total + errors)


def widest(fields: Sequence[Field] | Mapping[Field, Any]) -> Field:
    """Return the field with the taps of all others: its sums contain theirs."""
    return tuple(sorted({offset for offsets in fields for offset in offsets}))


def judged_apart(colour: Colour, channels: int) -> bool:
    """Return whether sums to judge by are others than those to fit by."""
    return colour is Colour.GRAY and channels > 1


def _positions(region: Region, rows: range, cols: range) -> tuple[list[int], list[int]]:
    """Return which of the measured rows and columns lie in a region."""
    return (
        [number for number, row in enumerate(rows) if region.row0 <= row < region.row1],
        [number for number, col in enumerate(cols) if region.col0 <= col < region.col1],
    )
