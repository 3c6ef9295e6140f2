"""What OMP, LSRF and LASSO have in common: each output pixel has a few input pixels of its own, from anywhere."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from fesdist.families.common.blocks import check_any_samples, check_between, check_sets
from fesdist.families.common.contract import Model
from fesdist.families.common.fit import Fit
from fesdist.families.common.fixed_map import UNUSED, FixedMap, Taps, Windows
from fesdist.families.common.layout import Array, ArrayLayout, TileArrays, l1_norm
from fesdist.families.common.problem import TileProblem
from fesdist.families.common.sums import KeepsSamples
from fesdist.families.sparse.kernels.gather import apply_support
from fesdist.families.sparse.memory import tile_memory
from fesdist.families.sparse.samples import KeptSamples
from fesdist.ground.errors import BadParameterError
from fesdist.ground.memory import Memory
from fesdist.ground.tiles import Padding, Region
from fesdist.ground.units import unit_of

_PLANES_AT_ONCE = 48
"""Images (a channel each) that `apply` converts at a time."""


@dataclass(frozen=True)
class SparseModel(KeepsSamples, Model[KeptSamples], ABC):
    """y[p] = bias[p] + Σ_tap values[tap, p] x[support[tap, p]], the supports chosen by the samples themselves."""

    name: ClassVar[str]
    reads: ClassVar[tuple[str, ...]] = ("support", "values", "bias")
    whole_inputs: ClassVar[bool] = True

    @property
    @abstractmethod
    def n_taps(self) -> int:
        """Room for input pixels of each output pixel."""

    @abstractmethod
    def solving(self, fit: Fit, tile_shape: tuple[int, int]) -> Memory:
        """Return what `fill` takes beside the samples that were kept and the arrays that it fills."""

    @abstractmethod
    def fill(self, samples: KeptSamples, solved: Mapping[str, TileArrays]) -> None:
        """Fill, for each expression, the empty arrays of `layout` and `status`, and tell how far that is."""

    @abstractmethod
    def describe(self) -> str:
        """Return the model in a few words, for people."""

    def parameters(self) -> dict[str, Any]:
        return asdict(self)

    def inputs_of(self, region: Region, image_shape: tuple[int, int]) -> tuple[Region, Padding]:
        return Region(0, image_shape[0], 0, image_shape[1]), Padding(0, 0, 0, 0)

    def layout(self, fit: Fit) -> tuple[ArrayLayout, ...]:
        return self.own_layout(fit.weight_channels)

    def own_layout(self, weight_channels: int) -> tuple[ArrayLayout, ...]:
        """Return the arrays that `fill` fills, but `status`."""
        channel, taps = ("weight_channel", weight_channels), ("tap", self.n_taps)
        return (
            ArrayLayout(
                "support",
                (channel, taps),
                "int32",
                "input pixel row * columns + col, in the order of selection; -1: unused",
            ),
            ArrayLayout("values", (channel, taps), "float64", "weight of the input pixel support[tap]"),
            ArrayLayout("bias", (channel,), "float64", "bias, in [0, 1] units"),
        )

    def memory(self, fit: Fit, tile_shape: tuple[int, int], n_block: int, n_folds: int = 1) -> Memory:
        layout = self.layout(fit)
        read = [array for array in layout if array.name in self.reads]
        return tile_memory(self.solving(fit, tile_shape), layout, read, fit, (*tile_shape, n_block))

    def gather(self, problem: TileProblem, dtype: np.dtype[Any]) -> KeptSamples:
        return KeptSamples(problem, dtype)

    def solve(self, gathered: KeptSamples) -> dict[str, TileArrays]:
        """Return the arrays of `layout`, `status`, `norm` and `mean_difference` of each expression.

        Raises ValueError when no sample was added.
        """
        problem = gathered.problem
        check_any_samples(problem, gathered.n_samples)
        shape, sets = problem.tile.region.shape, problem.weight_channels
        solved: dict[str, TileArrays] = {}
        for expression in problem.expressions:
            solved[expression] = {array.name: array.empty(shape) for array in self.own_layout(sets)}
            solved[expression]["status"] = np.empty((sets, *shape), np.uint8)
        self.fill(gathered, solved)
        divisor = unit_of(gathered.dtype) * gathered.n_samples
        for arrays, difference in zip(solved.values(), gathered.differences, strict=True):
            arrays["norm"] = l1_norm(arrays["values"], arrays["bias"])
            arrays["mean_difference"] = (difference / divisor).astype(np.float32)
        return solved

    def check_shapes(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        check_between(shapes, bias=(), support=(self.n_taps,), values=(self.n_taps,))

    def prepare(self, arrays: Mapping[str, Array]) -> dict[str, Array]:
        """Return `support`, `values` and `bias` as `apply` uses them."""
        self.check_shapes({name: arrays[name].shape for name in self.reads})
        types = {"support": np.int32, "values": np.float32, "bias": np.float32}
        return {name: np.ascontiguousarray(arrays[name], dtype=dtype) for name, dtype in types.items()}

    def apply(self, arrays: Mapping[str, Array], inputs: Array, padding: Padding) -> NDArray[np.float32]:
        """Return bias[p] + Σ_tap values[tap, p] x[support[tap, p]], unclipped; see `Model.apply`."""
        ready = self.prepare(arrays)
        support, values, bias = ready["support"], ready["values"], ready["bias"]
        samples, channels, rows, cols = inputs.shape
        check_sets(len(bias), channels)
        _check_support(support, (rows, cols))
        outputs = np.empty((samples, channels, *bias.shape[1:]), np.float32)
        step = max(1, _PLANES_AT_ONCE // channels)
        for number in range(len(bias)):
            part = slice(None) if len(bias) == 1 else slice(number, number + 1)
            taps, values_of_taps, biases = support[number], values[number], bias[number].reshape(-1)
            taps, values_of_taps = (array.reshape(len(array), -1) for array in (taps, values_of_taps))
            for start in range(0, samples, step):
                whole = outputs[start : start + step, part]
                planes = _unit_planes(inputs[start : start + step, part])
                made = np.empty((len(planes), bias[number].size), np.float32)
                apply_support(planes, taps, values_of_taps, biases, made)
                whole[...] = made.reshape(whole.shape)
        return outputs

    def fixed_map(self, read: Callable[[str], Array]) -> Taps:
        support = read("support")
        _check_support(support, support.shape[-2:])
        return Taps(support, read("values"), read("bias"))

    @classmethod
    def for_map(cls, form: FixedMap, **said: Any) -> Self:
        return cls.with_taps(_taps(form, cls.name).support.shape[1], **said)

    def arrays_of(self, form: FixedMap) -> TileArrays:
        taps = _taps(form, self.name)
        if (spare := self.n_taps - taps.support.shape[1]) < 0:
            raise BadParameterError(f"{taps.support.shape[1]} input pixels for {self.describe()}; expected no more")
        missing = [(0, 0), (0, spare), (0, 0), (0, 0)]
        support = np.pad(taps.support, missing, constant_values=UNUSED)
        values = np.pad(taps.values, missing).astype(np.float64)
        return {"support": support, "values": values, "bias": taps.bias.astype(np.float64)}

    @classmethod
    @abstractmethod
    def with_taps(cls, n_taps: int, **said: Any) -> Self:
        """Return the model with room for so many input pixels of each output pixel."""


def _taps(form: FixedMap, name: str) -> Taps:
    if not isinstance(form, (Taps, Windows)):
        raise BadParameterError(f"{type(form).__name__.lower()} for model {name!r}; expected weights of input pixels")
    return form.as_taps()


def _check_support(support: Array, image_shape: tuple[int, ...]) -> None:
    """Raise BadParameterError for input pixels that are not in the image: kernels do not look, and others write it."""
    rows, cols = image_shape
    low, high = int(support.min(initial=UNUSED)), int(support.max(initial=UNUSED))
    if low < UNUSED or high >= rows * cols:
        raise BadParameterError(
            f"inputs of {rows} x {cols} pixels, of which pixel {low if low < UNUSED else high} is needed; expected "
            f"0 to {rows * cols - 1}, or {UNUSED} for none"
        )


def _unit_planes(images: Array) -> NDArray[np.float32]:
    """Return (sample × channel, pixel) float32 in [0, 1] units."""
    planes = np.empty(images.shape, np.float32)
    np.multiply(images, np.float32(1 / unit_of(images.dtype)), out=planes, casting="same_kind")
    return planes.reshape(-1, images.shape[2] * images.shape[3])
