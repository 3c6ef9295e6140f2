"""Cross-validation from one pass over the images: what models that need not be trained for every fold offer.

Each tile finds something for all folds and candidates; what is found is added up over the image, and errors on people
left out follow from the total.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from fesdist.families.common.cells import CellErrors
from fesdist.families.common.fit import Fit
from fesdist.families.common.problem import TileProblem
from fesdist.families.common.samples import Samples
from fesdist.families.common.sums import Additive
from fesdist.ground.memory import Memory
from fesdist.ground.tiles import Padding, Region

F = TypeVar("F", bound=Additive)
F_co = TypeVar("F_co", bound=Additive, covariant=True)


@dataclass(frozen=True)
class Judgement:
    """Which pixels are measured."""

    image_shape: tuple[int, int]
    regions: tuple[Region, ...]
    """Parts of the image whose errors are told apart: the face, the mouth."""
    row_step: int = 1
    """Only rows of the image that are multiples of it are measured, where a validation can leave rows out."""
    in_cells: bool = False
    """Whether errors are wanted for each cell of the image too."""

    def rows(self, region: Region) -> range:
        """Return the rows of the image in a region that are measured.

        >>> Judgement((9, 9), (), row_step=4).rows(Region(1, 9, 0, 9))
        range(4, 9, 4)
        """
        return range(region.row0 + -region.row0 % self.row_step, region.row1, self.row_step)

    def places(self, part: Region) -> list[tuple[slice, slice]]:
        """Return where each region lies among the measured rows, and the columns, of a part of the image.

        >>> Judgement((9, 9), (Region(2, 7, 3, 5),), row_step=2).places(Region(4, 9, 0, 9))
        [(slice(0, 2, None), slice(3, 5, None))]
        """
        rows, cols = self.rows(part), range(part.col0, part.col1)
        return [
            (_between(rows, region.row0, region.row1), _between(cols, region.col0, region.col1))
            for region in self.regions
        ]


def _between(places: range, start: int, stop: int) -> slice:
    inside = [number for number, place in enumerate(places) if start <= place < stop]
    return slice(inside[0], inside[-1] + 1) if inside else slice(0, 0)


@dataclass(frozen=True)
class FoldErrors:
    """Squared errors of candidates on people left out, of images in [0, 1]; parts of an image add up."""

    squared: NDArray[np.float64]
    """(fold, candidate, expression, region), summed over samples, channels and pixels."""
    values: NDArray[np.float64]
    """(fold, region) how many values of an expression these are sums over."""
    refined: NDArray[np.float64] | None = None
    """(candidate, expression, region) of refined outputs, over all folds; None where a validation cannot tell."""
    cells: CellErrors | None = None
    """Of all expressions together, if they were asked for."""

    def __add__(self, other: FoldErrors) -> FoldErrors:
        cells = None if self.cells is None or other.cells is None else self.cells + other.cells
        refined = None if self.refined is None or other.refined is None else self.refined + other.refined
        return FoldErrors(self.squared + other.squared, self.values + other.values, refined, cells)

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        cells = {} if self.cells is None else {"cells": self.cells.squared}
        refined = {} if self.refined is None else {"refined": self.refined}
        return {"squared": self.squared, "values": self.values, **refined, **cells}

    @classmethod
    def restored(cls, arrays: Mapping[str, NDArray[Any]]) -> FoldErrors:
        """Return the errors that `arrays` told."""
        cells = CellErrors(arrays["cells"]) if "cells" in arrays else None
        return cls(arrays["squared"], arrays["values"], arrays.get("refined"), cells)


class TileFolds(Protocol[F_co]):
    """What is gathered of a tile's samples for all folds."""

    def add(self, folds: NDArray[np.int64], samples: Samples) -> None:
        """Add samples as `Gathered.add` does; `folds` is (sample,)."""

    def found(self, judgement: Judgement) -> F_co:
        """Return what the tile contributes."""


class CrossValidation(Protocol[F]):
    """Candidates of one model, judged on folds of people; `F` is what a tile contributes."""

    @property
    def by_place(self) -> bool:
        """Return whether errors are known from place to place: rows may be left out, and a ridge may vary."""

    @property
    def mirror(self) -> bool:
        """Return whether the candidates learn from mirrored images as well; they are then judged by these too."""

    def inputs_of(self, region: Region, image_shape: tuple[int, int]) -> tuple[Region, Padding]:
        """Return what `Model.inputs_of` does, for all candidates together."""

    def targets_of(self, region: Region, image_shape: tuple[int, int]) -> Region:
        """Return what `Model.targets_of` does, for all candidates together."""

    def memory(self, fit: Fit, tile_shape: tuple[int, int], n_block: int, n_folds: int) -> Memory:
        """Return what is alive at most in a task on a tile, and when all are put together."""

    def gather(self, problem: TileProblem, dtype: np.dtype[Any], n_folds: int) -> TileFolds[F]:
        """Return what is empty yet, for samples of `dtype` (uint8 or float64)."""

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> F:
        """Return the part that `arrays()` told."""

    def errors(self, total: F, expressions: tuple[str, ...], fit: Fit, folds: NDArray[np.int64]) -> FoldErrors:
        """Return the errors of all candidates on all folds; `folds`, (sample,), tells whose samples were added."""
