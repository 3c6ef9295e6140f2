"""Cross-validation of masked regression: sums of each fold, of the widest field that any candidate has.

The sums outside a fold are the total minus the fold; they give the weights, and the fold's own sums give the errors of
these weights, for any number of candidates and without seeing an image twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fesdist.families.common.fit import Fit
from fesdist.families.common.judging import Judging
from fesdist.families.common.layout import Array
from fesdist.families.common.problem import TileProblem
from fesdist.families.common.samples import Samples
from fesdist.families.common.validation import FoldErrors, Judgement
from fesdist.families.windowed.entries import window_equations
from fesdist.families.windowed.kernels.systems import Pixels
from fesdist.families.windowed.kernels.validation import Known, validate_windows
from fesdist.families.windowed.memory import validation_memory, widest
from fesdist.families.windowed.sums import WindowSums
from fesdist.ground.colour import Colour
from fesdist.ground.memory import Memory
from fesdist.ground.receptive_field import Field, halo_of
from fesdist.ground.tiles import Padding, Region
from fesdist.ground.units import unit_of


@dataclass(frozen=True)
class WindowValidation:
    """Candidates, each a receptive field and a ridge, judged from the sums of each fold; see `CrossValidation`."""

    candidates: tuple[tuple[Field, float], ...]

    by_place: ClassVar[bool] = True

    @property
    def fields(self) -> list[Field]:
        """Return the field of each candidate."""
        return [field for field, _ in self.candidates]

    def inputs_of(self, region: Region, image_shape: tuple[int, int]) -> tuple[Region, Padding]:
        return halo_of(widest(self.fields)).around(region, image_shape)

    def memory(self, fit: Fit, tile_shape: tuple[int, int], n_block: int, n_folds: int) -> Memory:
        judged = replace(fit, colour=Colour.SHARED) if fit.colour.judged_apart(fit.channels) else None
        return validation_memory(self.fields, fit, judged, tile_shape, (n_block, n_folds))

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
        self, candidates: tuple[tuple[Field, float], ...], problem: TileProblem, dtype: np.dtype[Any], n_folds: int
    ) -> None:
        self._problem = problem
        self._candidates: dict[Field, list[int]] = {}
        for number, (field, _) in enumerate(candidates):
            self._candidates.setdefault(field, []).append(number)
        self._ridges = np.array([ridge for _, ridge in candidates])

        def sums(colour: Colour) -> list[WindowSums]:
            of_colour, field = replace(problem, colour=colour), widest(list(self._candidates))
            return [WindowSums(of_colour, field, dtype, squares=True) for _ in range(n_folds)]

        self._fitted = sums(problem.colour)
        self._judged = sums(Colour.SHARED) if problem.colour.judged_apart(problem.channels) else self._fitted

    def add(self, folds: NDArray[np.int64], samples: Samples) -> None:
        """Add samples; see `TileFolds.add`."""
        for fold in np.unique(folds):
            of_fold = samples.of(folds == fold)
            self._fitted[fold].add(of_fold)
            if self._judged is not self._fitted:
                self._judged[fold].add(of_fold)

    def found(self, judgement: Judgement) -> FoldErrors:
        """Return the errors of each candidate on each fold; outputs are not clipped."""
        values = [sums.n_samples * self._problem.channels for sums in self._fitted]
        judging = Judging(judgement, values, len(self._ridges), len(self._problem.expressions))
        parts_to_fit = zip(*(sums.parts() for sums in self._fitted), strict=True)
        parts_to_judge = zip(*(sums.parts() for sums in self._judged), strict=True)
        for fitted, judged in zip(parts_to_fit, parts_to_judge, strict=True):
            judging.enter(fitted[0].problem.tile.region)
            total = reduce(add, fitted)
            for fold, (own, judged_by) in enumerate(zip(fitted, judged, strict=True)):
                for candidate, errors in self._errors(total - own, judged_by, judgement.row_step):
                    judging.count(fold, candidate, errors)
        return judging.found()

    def _errors(
        self, outside: WindowSums, within: WindowSums, row_step: int
    ) -> Iterator[tuple[int, NDArray[np.float64]]]:
        """Yield each candidate and its errors (expression, measured row, col), fitted `outside` and judged `within`."""
        (block,) = within.blocks
        planes, flat, unit = within.planes, block.sums.flat, unit_of(within.dtype)
        squares = np.array([planes.square(number) * flat.length for number in range(planes.n_expressions)])
        first_row = -within.problem.tile.region.row0 % row_step
        n_rows = len(range(first_row, flat.shape[0], row_step))
        pixels = Pixels(flat.origin + first_row * flat.stride, row_step * flat.stride)
        for field, candidates in self._candidates.items():
            equations = window_equations(field, planes, flat.shape, unit)
            ridges = unit**2 * self._ridges[candidates]
            errors = np.zeros((len(candidates), planes.n_expressions, n_rows, flat.shape[1]))
            of_channel = np.empty_like(errors)
            for fitted, judged in zip(_known(outside), _known(within), strict=True):
                validate_windows(fitted, judged, equations, squares, ridges, pixels, of_channel)
                errors += of_channel
            yield from zip(candidates, errors / unit**2, strict=True)


def _known(sums: WindowSums) -> list[Known]:
    """Return the sums of each set of weights in a block."""
    (block,) = sums.blocks
    corner = unit_of(sums.dtype) ** 2 * sums.n_fitted
    return [Known(planes.reshape(-1), corner) for planes in block.sums.sums]
