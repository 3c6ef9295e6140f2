"""Cross-validation of masked regression: sums of each fold, of the widest field that any candidate has.

The sums outside a fold are the total minus the fold; they give the weights, and the fold's own sums give the errors of
these weights, for any number of candidates and without seeing an image twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fesdist.families.common.fit import Fit
from fesdist.families.common.judging import Judging
from fesdist.families.common.layout import Array, TileArrays
from fesdist.families.common.problem import TileProblem
from fesdist.families.common.samples import Samples
from fesdist.families.common.sums import added
from fesdist.families.common.validation import FoldErrors, Judgement
from fesdist.families.windowed.judging import judged_rows, left_out_rows, wanted_change
from fesdist.families.windowed.memory import validation_memory, widest
from fesdist.families.windowed.ridge_map import RidgeMap, ridges_at
from fesdist.families.windowed.sums import WindowSums
from fesdist.ground.colour import Colour
from fesdist.ground.memory import Memory
from fesdist.ground.receptive_field import Field, halo_of
from fesdist.ground.tiles import Padding, Region


class WindowCandidate(NamedTuple):
    """What may be chosen of a masked regression."""

    field: Field
    ridge: float
    pool: int


@dataclass(frozen=True)
class WindowValidation:
    """Candidates judged from the sums of each fold; see `CrossValidation`."""

    candidates: tuple[WindowCandidate, ...]
    mirror: bool = False

    by_place: ClassVar[bool] = True

    @property
    def fields(self) -> list[Field]:
        """Return the field of each candidate."""
        return [candidate.field for candidate in self.candidates]

    @property
    def margin(self) -> int:
        """Return how far any candidate pools neighbours."""
        return max(candidate.pool for candidate in self.candidates)

    def inputs_of(self, region: Region, image_shape: tuple[int, int]) -> tuple[Region, Padding]:
        return halo_of(widest(self.fields)).around(self.targets_of(region, image_shape), image_shape)

    def targets_of(self, region: Region, image_shape: tuple[int, int]) -> Region:
        return region.grown(self.margin, image_shape)

    def memory(self, fit: Fit, tile_shape: tuple[int, int], n_block: int, n_folds: int) -> Memory:
        judged = replace(fit, colour=Colour.SHARED) if fit.colour.judged_in_colour(fit.channels) else None
        return validation_memory(self.fields, self.margin, fit, judged, tile_shape, (n_block, n_folds))

    def gather(self, problem: TileProblem, dtype: np.dtype[Any], n_folds: int) -> WindowFolds:
        return WindowFolds(self, problem, dtype, n_folds)

    def restore(self, arrays: Mapping[str, Array]) -> FoldErrors:
        return FoldErrors.restored(arrays)

    def errors(self, total: FoldErrors, expressions: tuple[str, ...], fit: Fit, folds: NDArray[np.int64]) -> FoldErrors:
        return total


class WindowFolds:
    """Sums of each fold, and with them the errors of candidates.

    Colour is judged as it is stored: weights that were fitted on gray have their errors summed over the channels.
    """

    def __init__(self, validation: WindowValidation, problem: TileProblem, dtype: np.dtype[Any], n_folds: int) -> None:
        self._problem = problem
        self._n_candidates = len(validation.candidates)
        self._windows: dict[tuple[Field, int], list[int]] = {}
        for number, candidate in enumerate(validation.candidates):
            self._windows.setdefault((candidate.field, candidate.pool), []).append(number)
        self._ridges = np.array([candidate.ridge for candidate in validation.candidates])

        def sums(colour: Colour) -> list[WindowSums]:
            of_colour, field = replace(problem, colour=colour), widest(validation.fields)
            return [WindowSums(of_colour, field, dtype, squares=True, margin=validation.margin) for _ in range(n_folds)]

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
        values = [sums.n_samples * self._problem.channels for sums in self._fitted]
        judging = Judging(judgement, values, self._n_candidates, len(self._problem.expressions))
        parts_to_fit = zip(*(sums.parts() for sums in self._fitted), strict=True)
        parts_to_judge = zip(*(sums.parts() for sums in self._judged), strict=True)
        for fitted, judged in zip(parts_to_fit, parts_to_judge, strict=True):
            region = fitted[0].problem.tile.region
            if rows := judgement.rows(region):
                judging.enter(region)
                total = added(fitted)
                for fold, (own, judged_by) in enumerate(zip(fitted, judged, strict=True)):
                    judging.want(wanted_change(judged_by, rows))
                    for candidate, agreement, change in self._judge(total - own, judged_by, rows):
                        judging.count(fold, candidate, agreement, change)
                judging.leave()
        return judging.found()

    def _judge(
        self, outside: WindowSums, within: WindowSums, rows: range
    ) -> Iterator[tuple[int, NDArray[np.float64], NDArray[np.float64]]]:
        """Yield each candidate with its agreement and change (expression, row, col), fitted `outside`, judged `within`.

        Both are sums over the sets of weights.
        """
        (block,) = within.blocks
        shape = len(rows), block.region.shape[1]
        for window, candidates in self._windows.items():
            ridges = np.broadcast_to(self._ridges[candidates, None, None], (len(candidates), *shape))
            found = [
                judged_rows((outside, within), channel, window, ridges, rows) for channel in range(len(block.sums.sums))
            ]
            agreement, change = (reduce(add, of_channels) for of_channels in zip(*found, strict=True))
            yield from zip(candidates, agreement, change, strict=True)


def evidence_of(
    total: WindowSums, folds: Sequence[WindowSums], window: tuple[Field, int], ridge: float | RidgeMap, row_step: int
) -> dict[str, TileArrays]:
    """Return `agreement` and `change` of each expression; see `Model.evidence`.

    `window` is a field, and how far neighbours are pooled.
    """
    problem = total.problem
    shape = problem.weight_channels, *problem.tile.region.shape
    found = {name: {"agreement": np.zeros(shape), "change": np.zeros(shape)} for name in problem.expressions}
    judgement = Judgement(problem.image_shape or (0, 0), (), row_step)
    for of_all, *parts in zip(total.parts(), *(sums.parts() for sums in folds), strict=True):
        region = of_all.problem.tile.region
        rows = judgement.rows(region)
        if not rows:
            continue
        ridges = ridges_at(ridge, region, problem.image_shape)[None, rows.start - region.row0 :: row_step]
        down, across = region.within(problem.tile.region)
        place = slice(down.start + rows.start - region.row0, down.stop, row_step), across
        for channel in range(problem.weight_channels):
            judged = left_out_rows(of_all, parts, channel, window, ridges, rows)
            for number, name in enumerate(problem.expressions):
                found[name]["agreement"][channel, *place] = judged.agreement[0, number]
                found[name]["change"][channel, *place] = judged.change[0, number]
    return found
