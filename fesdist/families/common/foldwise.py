"""Models that are cross-validated from sums: what they offer beside `Model`.

Each fold of people has sums of its own. Those of all folds but one give the weights, those of the one give the
errors of these weights, for any number of hyper-parameters and without seeing an image twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from fesdist.families.common.contract import Array, Model, TileProblem
from fesdist.families.common.fit import Fit
from fesdist.ground.tiles import Padding, Region


@dataclass(frozen=True)
class FoldErrors:
    """Squared errors on the samples of a fold by models that were fitted on all others."""

    fold: int
    candidate: int
    """Position among the models."""
    region: Region
    """Pixels of the image; of its rows only those that are multiples of `row_step`."""
    squared: NDArray[np.float64]
    """(expression, row, col), images in [0, 1], summed over samples and channels; outputs are not clipped."""


class FoldStatistics(Protocol):
    """Sums of a tile for each fold."""

    def add(self, folds: NDArray[np.int64], inputs: Array, targets: Mapping[str, Array]) -> None:
        """Add samples as `TileStatistics.add` does; `folds` is (sample,)."""

    def errors(self, row_step: int) -> Iterator[FoldErrors]:
        """Yield the errors of every candidate on every fold, a block of pixels at a time.

        Only rows of the image that are multiples of `row_step` are measured.
        """


@runtime_checkable
class FoldwiseModel(Model, Protocol):
    """A model whose folds can be told from sums."""

    @classmethod
    def fold_inputs(
        cls, candidates: Sequence[Self], region: Region, image_shape: tuple[int, int]
    ) -> tuple[Region, Padding]:
        """Return what `Model.inputs_of` does, for all candidates together."""

    @classmethod
    def fold_statistics(
        cls, candidates: Sequence[Self], problem: TileProblem, dtype: np.dtype[Any], n_folds: int
    ) -> FoldStatistics:
        """Return empty statistics from which all `candidates` can be fitted and judged."""

    @classmethod
    def fold_bytes(
        cls, candidates: Sequence[Self], fit: Fit, tile_shape: tuple[int, int], n_block: int, n_folds: int
    ) -> int:
        """Return an upper bound of the array bytes of `fold_statistics`, while samples are added and judged."""
