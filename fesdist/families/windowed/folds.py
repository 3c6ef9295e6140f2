"""Cross-validation of masked regression: a tile's sums for each fold, of the widest field that any candidate has."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.families.common.contract import Array, TileProblem
from fesdist.families.common.fit import Fit
from fesdist.families.common.foldwise import FoldErrors
from fesdist.families.windowed.entries import window_entries
from fesdist.families.windowed.kernels.planes import PASS_SAMPLES
from fesdist.families.windowed.kernels.validation import validate_windows
from fesdist.families.windowed.statistics import BLOCK, WindowStatistics
from fesdist.families.windowed.sums import FlatBlock, WindowSums
from fesdist.ground.colour import Colour
from fesdist.ground.receptive_field import Offset, displacements, halo_of
from fesdist.ground.tiles import Region, TileGrid

Field = tuple[Offset, ...]


class WindowFolds:
    """Sums of each fold, and with them the errors of candidates, each a receptive field and a ridge.

    Colour is judged as it is stored: weights that were fitted on gray have their errors summed over the channels.
    """

    def __init__(
        self, candidates: Sequence[tuple[Field, float]], problem: TileProblem, dtype: np.dtype[Any], n_folds: int
    ) -> None:
        self._problem = problem
        self._unit = 255.0 if dtype == np.uint8 else 1.0
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

    def add(self, folds: NDArray[np.int64], inputs: Array, targets: Mapping[str, Array]) -> None:
        """Add samples; see `FoldStatistics.add`."""
        for fold in np.unique(folds):
            own = folds == fold
            of_fold = inputs[own], {name: images[own] for name, images in targets.items()}
            self._fitted[fold].add(*of_fold)
            if self._judged is not self._fitted:
                self._judged[fold].add(*of_fold)

    def errors(self, row_step: int) -> Iterator[FoldErrors]:
        """Yield the errors of each candidate on each fold; see `FoldStatistics.errors`."""
        for number, block in enumerate(self._fitted[0].blocks):
            region = block.sums.problem.tile.region
            fitted = [statistics.blocks[number].sums for statistics in self._fitted]
            judged = [statistics.blocks[number].sums for statistics in self._judged]
            total = np.sum([sums.sums for sums in fitted], axis=0)
            for fold in range(len(fitted)):
                for offsets, candidates in self._candidates.items():
                    squared = self._validate(total, fold, fitted[fold], judged[fold], offsets, candidates, row_step)
                    for candidate, values in zip(candidates, squared, strict=True):
                        yield FoldErrors(fold, candidate, region, values)

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
        entries, factors = window_entries(offsets, flat.shape, n_expressions, unit, self._field)
        squares = (fitted.first_square + np.arange(n_expressions)) * flat.length
        first_row = -fitted.problem.tile.region.row0 % row_step
        n_rows = len(range(first_row, flat.shape[0], row_step))
        errors = np.zeros((len(candidates), n_expressions, n_rows, flat.shape[1]))
        of_channel = np.empty_like(errors)
        for channel in range(len(total)):
            validate_windows(
                total[channel],
                fitted.sums[channel],
                judged.sums[channel],
                entries,
                factors,
                squares,
                unit**2 * self._ridges[candidates],
                self._corners(fold),
                flat.origin + first_row * flat.stride,
                row_step * flat.stride,
                len(offsets),
                of_channel,
            )
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


def fold_bytes(fields: Sequence[Field], fit: Fit, tile_shape: tuple[int, int], n_block: int, n_folds: int) -> int:
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


def measured_rows(region: Region, row_step: int) -> range:
    """Return the rows of the image in a region that are measured."""
    return range(region.row0 + -region.row0 % row_step, region.row1, row_step)
