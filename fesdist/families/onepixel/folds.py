"""Cross-validation of one-pixel models: sums of each fold give the weights of all others, and its own errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fesdist.families.common.fit import Fit
from fesdist.families.common.judging import Judging
from fesdist.families.common.layout import Array, TileArrays
from fesdist.families.common.problem import TileProblem
from fesdist.families.common.samples import Samples
from fesdist.families.common.sums import added
from fesdist.families.common.validation import FoldErrors, Judgement
from fesdist.families.onepixel.judging import judged_rows, wanted_change
from fesdist.families.onepixel.memory import validation_memory
from fesdist.families.onepixel.sums import IntensitySums
from fesdist.families.onepixel.tables import Solver
from fesdist.ground.colour import Colour
from fesdist.ground.memory import Memory
from fesdist.ground.tiles import Padding, Region


@dataclass(frozen=True)
class IntensityValidation:
    """Candidates, each the solver of a kernel and a ridge and how far it pools neighbours; see `CrossValidation`."""

    candidates: tuple[tuple[Solver, int], ...]
    rank: int
    """The largest number of features of a candidate."""
    mirror: bool = False

    by_place: ClassVar[bool] = False

    @property
    def margin(self) -> int:
        """Return how far any candidate pools neighbours."""
        return max(pool for _, pool in self.candidates)

    def inputs_of(self, region: Region, image_shape: tuple[int, int]) -> tuple[Region, Padding]:
        return self.targets_of(region, image_shape), Padding(0, 0, 0, 0)

    def targets_of(self, region: Region, image_shape: tuple[int, int]) -> Region:
        return region.grown(self.margin, image_shape)

    def memory(self, fit: Fit, tile_shape: tuple[int, int], n_block: int, n_folds: int) -> Memory:
        judged = replace(fit, colour=Colour.SHARED) if fit.colour.judged_in_colour(fit.channels) else None
        return validation_memory((self.rank, self.margin), fit, judged, tile_shape, (n_block, n_folds))

    def gather(self, problem: TileProblem, dtype: np.dtype[Any], n_folds: int) -> IntensityFolds:
        return IntensityFolds(self, problem, n_folds)

    def restore(self, arrays: Mapping[str, Array]) -> FoldErrors:
        return FoldErrors.restored(arrays)

    def errors(self, total: FoldErrors, expressions: tuple[str, ...], fit: Fit, folds: NDArray[np.int64]) -> FoldErrors:
        return total


class IntensityFolds:
    """Sums of each fold, and with them the errors of candidates.

    Colour is judged as it is stored: weights that were fitted on gray have their errors summed over the channels.
    """

    def __init__(self, validation: IntensityValidation, problem: TileProblem, n_folds: int) -> None:
        self._problem, self._candidates = problem, validation.candidates

        def sums(colour: Colour) -> list[IntensitySums]:
            of_colour = replace(problem, colour=colour)
            return [IntensitySums(of_colour, squares=True, margin=validation.margin) for _ in range(n_folds)]

        self._fitted = sums(problem.colour)
        self._judged = sums(Colour.SHARED) if problem.colour.judged_in_colour(problem.channels) else self._fitted

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
        rows = judgement.rows(region)
        values = [sums.n_samples * self._problem.channels for sums in self._fitted]
        judging = Judging(judgement, values, len(self._candidates), len(self._problem.expressions))
        judging.enter(region)
        total = added(self._fitted)
        for fold, (own, judged_by) in enumerate(zip(self._fitted, self._judged, strict=True)):
            judging.want(wanted_change(judged_by, rows))
            for number, agreement, change in self._judge(total - own, judged_by, rows):
                judging.count(fold, number, agreement, change)
        judging.leave()
        return judging.found()

    def _judge(
        self, outside: IntensitySums, within: IntensitySums, rows: range
    ) -> Iterator[tuple[int, NDArray[np.float64], NDArray[np.float64]]]:
        """Yield each candidate with its agreement and change (expression, row, col), summed over sets of weights."""
        for number, candidate in enumerate(self._candidates):
            found = list(judged_rows(outside, within, candidate, rows))
            agreement, change = (reduce(add, of_sets) for of_sets in zip(*found, strict=True))
            yield number, agreement, change


def evidence_of(
    total: IntensitySums, folds: Sequence[IntensitySums], candidate: tuple[Solver, int], row_step: int
) -> dict[str, TileArrays]:
    """Return `agreement` and `change` of each expression; see `Model.evidence`."""
    problem = total.problem
    region = problem.tile.region
    rows = Judgement(problem.image_shape or (0, 0), (), row_step).rows(region)
    shape = problem.weight_channels, *region.shape
    found = {name: {"agreement": np.zeros(shape), "change": np.zeros(shape)} for name in problem.expressions}
    place = slice(rows.start - region.row0, None, row_step)
    for own in folds:
        for channel, (agreement, change) in enumerate(judged_rows(total - own, own, candidate, rows)):
            for number, name in enumerate(problem.expressions):
                found[name]["agreement"][channel, place] += agreement[number]
                found[name]["change"][channel, place] += change[number]
    return found
