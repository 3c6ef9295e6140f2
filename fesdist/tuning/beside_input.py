"""Candidates judged beside the simplest answer there is, the input left as it is: a model that errs more is no use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.families.common.fit import Fit
from fesdist.families.common.problem import TileProblem
from fesdist.families.common.samples import Samples
from fesdist.families.common.sums import Additive
from fesdist.families.common.validation import CrossValidation, FoldErrors, Judgement, TileFolds
from fesdist.ground.memory import Allocation, Memory
from fesdist.ground.tiles import Padding, Region

_UNCHANGED = "unchanged"


@dataclass(frozen=True)
class Beside:
    """What a validation finds in a tile, and Σ (t - x)² beside it."""

    found: Any
    unchanged: NDArray[np.float64]
    """(fold, expression, region) squared errors of inputs, of images in [0, 1]."""

    def __add__(self, other: Beside) -> Beside:
        return Beside(self.found + other.found, self.unchanged + other.unchanged)

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        return {**self.found.arrays(), _UNCHANGED: self.unchanged}


@dataclass(frozen=True)
class BesideInput:
    """A validation with one more candidate, the last, whose outputs are its inputs; see `CrossValidation`."""

    inner: CrossValidation[Any]
    judgement: Judgement

    @property
    def by_place(self) -> bool:
        return self.inner.by_place

    @property
    def mirror(self) -> bool:
        return self.inner.mirror

    def inputs_of(self, region: Region, image_shape: tuple[int, int]) -> tuple[Region, Padding]:
        return self.inner.inputs_of(region, image_shape)

    def targets_of(self, region: Region, image_shape: tuple[int, int]) -> Region:
        return self.inner.targets_of(region, image_shape)

    def memory(self, fit: Fit, tile_shape: tuple[int, int], n_block: int, n_folds: int) -> Memory:
        difference = Allocation("difference of a target and its input", (fit.channels, *tile_shape), "float64", 2)
        return self.inner.memory(fit, tile_shape, n_block, n_folds).within(difference)

    def gather(self, problem: TileProblem, dtype: np.dtype[Any], n_folds: int) -> _TileBeside:
        return _TileBeside(self, problem, self.inner.gather(problem, dtype, n_folds), n_folds)

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> Beside:
        of_inner = {name: values for name, values in arrays.items() if name != _UNCHANGED}
        return Beside(self.inner.restore(of_inner), arrays[_UNCHANGED])

    def errors(self, total: Beside, expressions: tuple[str, ...], fit: Fit, folds: NDArray[np.int64]) -> FoldErrors:
        """Return the errors of all candidates and, as those of one more, of inputs; refined ones only of candidates."""
        found = self.inner.errors(total.found, expressions, fit, folds)
        # Counted by their people, the last folds are missing if nobody there has these expressions.
        nobody = len(total.unchanged) - len(found.squared)
        squared = np.pad(found.squared, ((0, nobody), (0, 0), (0, 0), (0, 0)))
        values = np.pad(found.values, ((0, nobody), (0, 0)))
        return replace(found, squared=np.concatenate((squared, total.unchanged[:, None]), axis=1), values=values)


class _TileBeside:
    """What the inner validation gathers of a tile, and squared differences of its samples."""

    def __init__(self, validation: BesideInput, problem: TileProblem, inner: TileFolds[Additive], n_folds: int) -> None:
        self._inner = inner
        self._expressions = problem.expressions
        judgement, tile = validation.judgement, problem.tile.region
        inputs, _ = validation.inputs_of(tile, judgement.image_shape)
        targets = validation.targets_of(tile, judgement.image_shape)
        self._input, self._target = (_measured(tile, source, judgement) for source in (inputs, targets))
        self._regions = judgement.places(tile)
        self._squared = np.zeros((n_folds, len(self._expressions), len(self._regions)))

    def add(self, folds: NDArray[np.int64], samples: Samples) -> None:
        """Add samples; see `TileFolds.add`."""
        for number, name in enumerate(self._expressions):
            for fold, seen, wanted in zip(folds, samples.inputs, samples.targets[name], strict=True):
                squared = _squared(seen[:, *self._input], wanted[:, *self._target])
                for to, place in enumerate(self._regions):
                    self._squared[fold, number, to] += squared[:, *place].sum(dtype=np.float64)
        self._inner.add(folds, samples)

    def found(self, judgement: Judgement) -> Beside:
        """Return what the tile contributes; `judgement` is that of the validation."""
        return Beside(self._inner.found(judgement), self._squared)


def _squared(seen: NDArray[Any], wanted: NDArray[Any]) -> NDArray[np.float64]:
    difference: NDArray[np.float64] = np.subtract(wanted, seen, dtype=np.float64)
    if seen.dtype == np.uint8:
        difference /= 255
    difference *= difference
    return difference


def _measured(tile: Region, source: Region, judgement: Judgement) -> tuple[slice, slice]:
    """Return where the tile's measured pixels are in an array of `source`."""
    rows = judgement.rows(tile)
    _, across = tile.within(source)
    return slice(rows.start - source.row0, max(rows.stop - source.row0, 0), rows.step), across
