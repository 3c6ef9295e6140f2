"""Cross-validation of one-pixel models: sums of each fold give the weights of all others, and its own errors.

With f of the sums outside a fold, and m, s and Σ t² of those within, the errors of a pixel are
Σ_n (t - f(x))² = Σ t² - 2 Σ_v s[v] f(v) + Σ_v m[v] f(v)².
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
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
from fesdist.families.onepixel.kernels.intensities import INTENSITIES
from fesdist.families.onepixel.kernels.systems import Tables
from fesdist.families.onepixel.memory import validation_memory
from fesdist.families.onepixel.sums import IntensitySums
from fesdist.ground.colour import Colour
from fesdist.ground.memory import Memory
from fesdist.ground.tiles import Padding, Region

Solver = Callable[[Array, Tables], None]
"""Fills tables of a tile's pixels from its sums by intensity."""


@dataclass(frozen=True)
class IntensityValidation:
    """Candidates, each the solver of a kernel and a ridge, judged from the sums of each fold; see `CrossValidation`."""

    solvers: tuple[Solver, ...]
    rank: int
    """The largest number of features of a candidate."""

    by_place: ClassVar[bool] = False

    def inputs_of(self, region: Region, image_shape: tuple[int, int]) -> tuple[Region, Padding]:
        return region, Padding(0, 0, 0, 0)

    def memory(self, fit: Fit, tile_shape: tuple[int, int], n_block: int, n_folds: int) -> Memory:
        judged = replace(fit, colour=Colour.SHARED) if fit.colour.judged_apart(fit.channels) else None
        return validation_memory(self.rank, fit, judged, tile_shape, (n_block, n_folds))

    def gather(self, problem: TileProblem, dtype: np.dtype[Any], n_folds: int) -> IntensityFolds:
        return IntensityFolds(self.solvers, problem, n_folds)

    def restore(self, arrays: Mapping[str, Array]) -> FoldErrors:
        return FoldErrors.restored(arrays)

    def errors(self, total: FoldErrors, expressions: tuple[str, ...], fit: Fit, folds: NDArray[np.int64]) -> FoldErrors:
        return total


class IntensityFolds:
    """Sums of each fold, and with them the errors of candidates.

    Colour is judged as it is stored: weights that were fitted on gray have their errors summed over the channels.
    """

    def __init__(self, solvers: Sequence[Solver], problem: TileProblem, n_folds: int) -> None:
        self._problem, self._solvers = problem, solvers

        def sums(colour: Colour) -> list[IntensitySums]:
            return [IntensitySums(replace(problem, colour=colour), squares=True) for _ in range(n_folds)]

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
        region = self._problem.tile.region
        rows = [row - region.row0 for row in judgement.rows(region)]
        values = [sums.n_samples * self._problem.channels for sums in self._fitted]
        judging = Judging(judgement, values, len(self._solvers), len(self._problem.expressions))
        judging.enter(region)
        total = reduce(add, self._fitted)
        for fold, (own, judged_by) in enumerate(zip(self._fitted, self._judged, strict=True)):
            for candidate, errors in enumerate(self._errors(total - own, judged_by, rows)):
                judging.count(fold, candidate, errors)
        return judging.found()

    def _errors(self, outside: IntensitySums, within: IntensitySums, rows: list[int]) -> Iterator[NDArray[np.float64]]:
        """Yield the errors (expression, measured row, col) of each candidate, fitted `outside` and judged `within`."""
        n_expressions, cols = len(self._problem.expressions), self._problem.tile.region.shape[1]
        for solver in self._solvers:
            errors = np.zeros((n_expressions, len(rows), cols))
            for sums, judged, squares in zip(outside.sums, within.sums, within.squares, strict=True):
                for to, row in enumerate(rows):
                    tables = Tables(
                        np.empty((n_expressions, INTENSITIES, 1, cols)),
                        np.empty((n_expressions, 1, cols)),
                        np.zeros((1, cols), np.uint8),
                    )
                    solver(sums[row : row + 1], tables)
                    errors[:, to] += _errors_of_row(tables.outputs[:, :, 0], judged[row], squares[:, row])
            yield errors


def _errors_of_row(outputs: Array, judged: Array, squares: Array) -> NDArray[np.float64]:
    """Return the errors (expression, col) of tables (expression, intensity, col), images in [0, 1]."""
    unit = float(INTENSITIES - 1)
    errors = squares / unit**2
    counts = judged[..., 0].astype(np.float64)
    for expression, table in enumerate(outputs):
        f = np.ascontiguousarray(table.T)
        errors[expression] += np.einsum("cv,cv,cv->c", counts, f, f)
        errors[expression] -= 2 / unit * np.einsum("cv,cv->c", judged[..., 1 + expression].astype(np.float64), f)
    return np.asarray(errors)
