"""What every model offers: what it stores and costs, what it gathers of samples, and the solution.

One tile runs `gather -> add, add, ... -> solve`; inference runs `apply`. What a model needs beside that it declares: a
pass over the image before the tiles, or a cross-validation of its own. Nothing here knows of files or Dask.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from fesdist.families.common.fit import Fit
from fesdist.families.common.fixed_map import FixedMap
from fesdist.families.common.image_pass import ImagePass
from fesdist.families.common.layout import Array, ArrayLayout, TileArrays
from fesdist.families.common.problem import TileProblem
from fesdist.families.common.samples import Samples
from fesdist.families.common.sums import Gathered
from fesdist.families.common.validation import CrossValidation
from fesdist.ground.errors import BadParameterError
from fesdist.ground.memory import Allocation, Memory
from fesdist.ground.tiles import Padding, Region

G = TypeVar("G", bound=Gathered)


class Model(Protocol[G]):
    """A frozen dataclass of hyper-parameters, valid from its construction on; `G` is what it keeps of samples."""

    name: ClassVar[str]
    keeps_sums: ClassVar[bool]
    """Whether `G` are `Sums`, of a size that does not depend on the samples; else it keeps the samples themselves."""
    reads: ClassVar[tuple[str, ...]]
    """The arrays with pixels that `apply` reads."""
    follows_samples: ClassVar[tuple[str, ...]] = ()
    """Dimensions of the layout whose lengths follow from the samples, so that a version alone does not tell them."""
    joint: ClassVar[bool] = False
    """Whether what is learned for an expression depends on the others it is trained with."""
    has_evidence: ClassVar[bool] = False
    """Whether it keeps sums, and `evidence` tells from them how rightly it changes people who were left out."""
    judges_samples: ClassVar[bool] = False
    """Whether `evidence_of_samples` makes no sums for that, so that it is cheap where few samples are judged."""
    puts_once: ClassVar[bool] = False
    """Whether `put` writes each output once, and so gains nothing from outputs that stay in a cache."""
    whole_inputs: ClassVar[bool] = False
    """Whether an output pixel may read any input pixel. Then `G` are `WholeInputs`, and `solve`, which takes nearly all
    the time of a tile, tells how far it is (`ground.share`)."""
    chosen_by_folds: ClassVar[tuple[str, ...]] = ()
    """Hyper-parameters that a training run chooses by itself, on people left out, where nobody says them."""
    ridge_may_vary: ClassVar[bool] = False
    """Whether its ridge may be a map of cells, another one in the mouth than around it."""
    mirror: bool = False
    """Whether it learns from the images turned left to right as well; the readers of samples see to that."""

    def parameters(self) -> dict[str, Any]:
        """Return the hyper-parameters as plain JSON values; `model_from_parameters` rebuilds the model from them."""

    def describe(self) -> str:
        """Return the model in a few words, for people."""

    def inputs_of(self, region: Region, image_shape: tuple[int, int]) -> tuple[Region, Padding]:
        """Return the input pixels that the outputs of `region` need, and the zeros that stand for those outside."""

    def targets_of(self, region: Region, image_shape: tuple[int, int]) -> Region:
        """Return the pixels whose targets decide on the outputs of `region`: more where neighbours are pooled."""
        return region

    def layout(self, fit: Fit) -> tuple[ArrayLayout, ...]:
        """Return the model's own arrays for each expression, beside those of `common_layout`."""

    def coordinates(self) -> Mapping[str, tuple[str, list[int]]]:
        """Return small arrays that label a dimension of the layout: name -> (dimension, values)."""
        return {}

    def memory(self, fit: Fit, tile_shape: tuple[int, int], n_block: int, n_folds: int = 1) -> Memory:
        """Return what is alive at most while a tile is trained and measured, its samples coming `n_block` at a time.

        Models with evidence keep sums of each of `n_folds` folds of people; others are not asked for more than one.
        """

    def enough_pixels(self, fit: Fit) -> int | None:
        """Return from how many pixels on a tile's other work hardly counts; None where the largest tiles are best.

        At least 1. Tiles of more would only be stored later, and lost with more.
        """
        return None

    def image_pass(self) -> ImagePass[Any] | None:
        """Return what must be found over the whole image before the tiles, and before outputs; most need nothing."""
        return None

    @classmethod
    def cross_validation(cls, candidates: Sequence[Self]) -> CrossValidation[Any] | None:
        """Return how candidates are judged from one pass over the images; None where each has to be trained."""
        return None

    def gather(self, problem: TileProblem, dtype: np.dtype[Any]) -> G:
        """Return what is empty yet, for samples of `dtype` (uint8 or float64)."""

    def solve(self, gathered: G) -> dict[str, TileArrays]:
        """Return, for each expression, the arrays with pixels of `layout`, and those of `common_layout`."""

    def evidence(self, total: G, folds: Sequence[G], row_step: int) -> dict[str, TileArrays]:
        """Return how rightly each expression's outputs differ from the inputs, for people who were left out.

        `folds` are the sums of each fold, `total` those of all. With y the output of what all other folds teach,
        `agreement` is Σ (t - x)(y - x) and `change` Σ (y - x)², over all people, each (weight channel, row, col)
        float64 for images in [0, 1]; 0 but in rows of the image that are multiples of `row_step`.
        """
        raise TypeError(f"model {self.name!r} has no evidence")

    def evidence_of_samples(
        self, problem: TileProblem, samples: Samples, of_fold: Sequence[int], row_step: int
    ) -> dict[str, TileArrays]:
        """Return what `evidence` does in the judged rows alone, (weight channel, judged row, col), to the same bits.

        It is learned from uint8 samples, `of_fold` of each fold, fold after fold.
        """
        raise TypeError(f"model {self.name!r} has no evidence")

    def evidence_memory(
        self, fit: Fit, tile_shape: tuple[int, int], n_samples: int, n_folds: int
    ) -> tuple[Allocation, ...]:
        """Return what `evidence_of_samples` allocates, beside what it returns."""
        return ()

    def check_shapes(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        """Raise BadParameterError unless arrays of these shapes, by name, are such as `apply` reads."""
        return None

    def prepare(self, arrays: Mapping[str, Array]) -> dict[str, Array]:
        """Return the arrays that `apply` reads as it uses them; given to it, they are not converted again.

        Raises as `check_shapes` does.
        """

    def apply(self, arrays: Mapping[str, Array], inputs: Array, padding: Padding) -> NDArray[np.float32]:
        """Return unclipped outputs in [0, 1] units, (sample, channel, row, col) float32.

        `arrays` are those of one expression for a region of output pixels; `inputs` and `padding` are those of
        `inputs_of` for this region, (sample, channel, row, col), uint8 in 0..255 or floating point in [0, 1]. A model
        with an image pass gets the codes of `ImagePass.codes`, (sample, channel, code), for inputs.
        """

    def put(self, arrays: Mapping[str, Array], inputs: Array, padding: Padding, outputs: NDArray[np.float32]) -> None:
        """Set `outputs` to what `apply` returns, clipped to [0, 1]; the pixels of each of its rows lie side by side."""
        np.clip(self.apply(arrays, inputs, padding), 0, 1, out=outputs)

    def fixed_map(self, read: Callable[[str], Array]) -> FixedMap:
        """Return what `apply` does, unclipped, in a form that needs no model; `read` returns a stored array by name.

        Raises BadParameterError for a model whose outputs are no such map.
        """
        raise BadParameterError(
            f"model {self.name!r} has no fixed weights from pixels to pixels, so its versions cannot be exported; "
            "export one of mr, pixel-rr, pixel-kr, omp, lsrf, lasso, ridge, pca or ssc"
        )

    @classmethod
    def for_map(cls, form: FixedMap, **said: Any) -> Self:
        """Return the model that can have this map, with the hyper-parameters `said`; see `arrays_of`."""
        raise BadParameterError(f"model {cls.name!r} is not made from weights in a file; expected mr, omp or lsrf")

    def arrays_of(self, form: FixedMap) -> TileArrays:
        """Return a map as the arrays that `apply` reads, of a whole image; the inverse of `fixed_map`.

        Raises BadParameterError for a map that this model does not make.
        """
        raise BadParameterError(f"model {self.name!r} is not made from weights in a file; expected mr, omp or lsrf")


AnyModel = Model[Any]
"""A model of whichever family."""
