"""Masked regression (MR): each output pixel is a ridge regression on the input pixels of its receptive field.

Khan, Akram, Mehmood, Ashraf, Murtaza: Masked Linear Regression for Learning Local Receptive Fields for Facial
Expression Synthesis, International Journal of Computer Vision, 2020, equations 3 to 11; colour as in equation
16.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fesdist.families.common.blocks import check_any_samples, check_between, check_sets
from fesdist.families.common.contract import Model
from fesdist.families.common.fit import Fit
from fesdist.families.common.fixed_map import FixedMap, Windows
from fesdist.families.common.hyperparameters import mirror_option, pool_option, ridge_option
from fesdist.families.common.in_memory import Learned
from fesdist.families.common.layout import Array, ArrayLayout, TileArrays, common_layout
from fesdist.families.common.made_from_sums import MadeFromSums, same_mirror
from fesdist.families.common.problem import TileProblem
from fesdist.families.common.samples import Samples
from fesdist.families.windowed.folds import WindowCandidate, WindowValidation, evidence_of
from fesdist.families.windowed.kernels.squares import apply_square, square_of
from fesdist.families.windowed.kernels.windows import apply_windows, steps_of
from fesdist.families.windowed.left_out import left_out_evidence
from fesdist.families.windowed.memory import PLANES_AT_ONCE, left_out_memory, training_memory
from fesdist.families.windowed.ridge_map import RidgeMap, as_json, checked_ridge, in_words, one_ridge
from fesdist.families.windowed.solving import solve_block
from fesdist.families.windowed.sums import WindowSums
from fesdist.ground.errors import BadParameterError
from fesdist.ground.memory import Allocation, Memory
from fesdist.ground.receptive_field import Offset, check_offsets, halo_of, mask_offsets, window_offsets
from fesdist.ground.tiles import Padding, Region
from fesdist.simd.shifting import SHIFTS


@dataclass(frozen=True)
class MaskedRegression(MadeFromSums[WindowSums], Model[WindowSums]):
    """MR: minimise Σ_n (t[n, p] - Σ_a w[a] x[n, p + a] - b)² + ridge (Σ_a w[a]² + b²) for each output pixel p.

    The bias is penalised as well, as in the paper's equations and its authors' code. Windows are cut off at the
    image border. Raises BadParameterError for a ridge that is not positive and for offsets that are no
    receptive field.

    It is learned from sums, which are values. Images of four people, two at each of two sites:

    >>> images = np.random.default_rng(0).integers(0, 256, (2, 4, 3, 20, 30), dtype=np.uint8)
    >>> inputs, targets = images
    >>> model = MaskedRegression.with_window(3)
    >>> here = model.sums(inputs[:2], {"happy": targets[:2]}, ["ann", "bob"])
    >>> there = model.sums(inputs[2:], {"happy": targets[2:]}, ["cleo", "dan"])
    >>> both = MaskedRegression.from_sums(here + there, ridge=0.4)
    >>> both.outputs("happy", inputs).shape
    (4, 3, 20, 30)

    Forgetting a person is a subtraction, and leaves no trace: the weights are those, to the bit, of a model that never
    saw that person.

    >>> bob = model.sums(inputs[1:2], {"happy": targets[1:2]}, ["bob"])
    >>> forgotten = MaskedRegression.from_sums(here + there - bob, ridge=0.4)
    >>> others = model.sums(inputs[[0, 2, 3]], {"happy": targets[[0, 2, 3]]}, ["ann", "cleo", "dan"])
    >>> never_seen = MaskedRegression.from_sums(others, ridge=0.4)
    >>> np.array_equal(forgotten.arrays["happy"]["weights"], never_seen.arrays["happy"]["weights"])
    True
    >>> (here + there - bob).ledger.subjects
    ('ann', 'cleo', 'dan')
    """

    offsets: tuple[Offset, ...]
    """Receptive field: displacements (drow, dcol) of the taps, kept in row-major order."""
    ridge: float | RidgeMap = ridge_option(0.4)
    """One for all output pixels, or rows of numbers that are stretched over the image."""
    pool: int = pool_option(0)
    mirror: bool = mirror_option(False)

    name: ClassVar[str] = "mr"
    reads: ClassVar[tuple[str, ...]] = ("weights", "bias")
    ridge_may_vary: ClassVar[bool] = True
    judges_samples: ClassVar[bool] = True
    puts_once: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "offsets", check_offsets(self.offsets))
        object.__setattr__(self, "ridge", checked_ridge(self.ridge))
        self.check_beyond_the_papers()

    @classmethod
    def with_window(cls, size: int, *, dilation: int = 1, ridge: float | RidgeMap = 0.4) -> MaskedRegression:
        """Return MR on a `size` x `size` window, its taps `dilation` pixels apart."""
        return cls(window_offsets(size, dilation), ridge)

    @classmethod
    def with_mask(cls, mask: ArrayLike, *, ridge: float | RidgeMap = 0.4) -> MaskedRegression:
        """Return MR on the pixels that are 1 in `mask` (row, col), whose centre is the output pixel."""
        return cls(mask_offsets(mask), ridge)

    @classmethod
    def from_sums(
        cls,
        sums: WindowSums,
        *,
        ridge: float | RidgeMap = 0.4,
        offsets: Sequence[Offset] | None = None,
        pool: int = 0,
    ) -> Learned:
        """Return what a regression on `offsets` learns, all or some of those that the sums are made for.

        Raises BadParameterError for other offsets and for a pool wider than that of the model that made the sums, and
        ValueError for sums of no samples.

        >>> images = np.random.default_rng(0).integers(0, 256, (2, 5, 1, 9, 16), dtype=np.uint8)
        >>> wide, narrow = (MaskedRegression.with_window(size).sums(images[0], {"sad": images[1]}) for size in (5, 3))
        >>> part = MaskedRegression.from_sums(wide, offsets=narrow.field).arrays["sad"]["weights"]
        >>> np.array_equal(part, MaskedRegression.from_sums(narrow).arrays["sad"]["weights"])
        True
        """
        return cls(sums.field if offsets is None else tuple(offsets), ridge, pool).learned(sums)

    def parameters(self) -> dict[str, Any]:
        return {
            "offsets": [list(offset) for offset in self.offsets],
            "ridge": as_json(self.ridge),
            **self.beyond_the_papers(),
        }

    def describe(self) -> str:
        """Return the model in a few words, for people."""
        drows, dcols = zip(*self.offsets, strict=True)
        reach = f"{max(drows) - min(drows) + 1} x {max(dcols) - min(dcols) + 1}"
        return f"{len(self.offsets)} taps in {reach}, {in_words(self.ridge)}{self.beyond_in_words()}"

    def inputs_of(self, region: Region, image_shape: tuple[int, int]) -> tuple[Region, Padding]:
        return halo_of(self.offsets).around(region, image_shape)

    def targets_of(self, region: Region, image_shape: tuple[int, int]) -> Region:
        return region.grown(self.pool, image_shape)

    def layout(self, fit: Fit) -> tuple[ArrayLayout, ...]:
        return self._layout(fit.weight_channels)

    def _layout(self, weight_channels: int) -> tuple[ArrayLayout, ...]:
        channel = ("weight_channel", weight_channels)
        return (
            ArrayLayout(
                "weights",
                (channel, ("tap", len(self.offsets))),
                "float64",
                "weight of the input pixel at (row + drow[tap], col + dcol[tap])",
            ),
            ArrayLayout("bias", (channel,), "float64", "bias, in [0, 1] units"),
        )

    def coordinates(self) -> dict[str, tuple[str, list[int]]]:
        drows, dcols = zip(*self.offsets, strict=True)
        return {"drow": ("tap", list(drows)), "dcol": ("tap", list(dcols))}

    def memory(self, fit: Fit, tile_shape: tuple[int, int], n_block: int, n_folds: int = 1) -> Memory:
        return training_memory((self.offsets, self.pool), self.layout(fit), fit, tile_shape, (n_block, n_folds))

    def gather(self, problem: TileProblem, dtype: np.dtype[Any]) -> WindowSums:
        return WindowSums(problem, self.offsets, dtype, margin=self.pool)

    def solve(self, gathered: WindowSums) -> dict[str, TileArrays]:
        """Return `weights`, `bias`, `status`, `norm` and `mean_difference` of each expression.

        See `solve_block` for the equations. Raises ValueError when no sample was added, and BadParameterError for sums
        without the neighbours that are to be pooled.
        """
        problem = gathered.problem
        check_any_samples(problem, gathered.n_samples)
        if len(gathered.blocks) == 1:
            return solve_block(gathered, self.offsets, self.ridge, self.pool)
        sets = problem.weight_channels
        layouts = (*self._layout(sets), *common_layout(sets, problem.channels))
        solved = {
            expression: {layout.name: layout.empty(problem.tile.region.shape) for layout in layouts}
            for expression in problem.expressions
        }
        for part in gathered.parts():
            place = part.problem.tile.region.within(problem.tile.region)
            for expression, arrays in solve_block(part, self.offsets, self.ridge, self.pool).items():
                for name, values in arrays.items():
                    solved[expression][name][..., *place] = values
        return solved

    def evidence(self, total: WindowSums, folds: Sequence[WindowSums], row_step: int) -> dict[str, TileArrays]:
        return evidence_of(total, folds, (self.offsets, self.pool), self.ridge, row_step)

    def evidence_of_samples(
        self, problem: TileProblem, samples: Samples, of_fold: Sequence[int], row_step: int
    ) -> dict[str, TileArrays]:
        return left_out_evidence(problem, samples, of_fold, (self.offsets, self.pool), self.ridge, row_step)

    def evidence_memory(
        self, fit: Fit, tile_shape: tuple[int, int], n_samples: int, n_folds: int
    ) -> tuple[Allocation, ...]:
        return left_out_memory((self.offsets, self.pool), fit, tile_shape[1], (n_samples, n_folds))

    @classmethod
    def cross_validation(cls, candidates: Sequence[Self]) -> WindowValidation:
        """Return how candidates are judged by sums; raises BadParameterError for one with a map of ridges."""
        return WindowValidation(
            tuple(WindowCandidate(model.offsets, one_ridge(model.ridge), model.pool) for model in candidates),
            same_mirror(candidates),
        )

    def check_shapes(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        check_between(shapes, bias=(), weights=(len(self.offsets),))

    def prepare(self, arrays: Mapping[str, Array]) -> dict[str, Array]:
        """Return `weights` and `bias` as `apply` uses them, so that converting them is not repeated with every call."""
        self.check_shapes({name: arrays[name].shape for name in self.reads})
        return {name: np.ascontiguousarray(arrays[name], dtype=np.float32) for name in ("weights", "bias")}

    def apply(self, arrays: Mapping[str, Array], inputs: Array, padding: Padding) -> NDArray[np.float32]:
        """Return bias[p] + Σ_a weights[a, p] x[p + a], unclipped; see `Model.apply`."""
        outputs = np.empty((*inputs.shape[:2], *arrays["bias"].shape[-2:]), np.float32)
        self._put(arrays, inputs, padding, outputs, clip=False)
        return outputs

    def put(self, arrays: Mapping[str, Array], inputs: Array, padding: Padding, outputs: NDArray[np.float32]) -> None:
        self._put(arrays, inputs, padding, outputs, clip=True)

    def _put(self, arrays: Mapping[str, Array], inputs: Array, padding: Padding, outputs: Array, *, clip: bool) -> None:
        ready = self.prepare(arrays)
        weights, bias = ready["weights"], ready["bias"]
        samples, channels, seen_rows, seen_cols = inputs.shape
        rows, cols = bias.shape[-2:]
        steps = steps_of(self.offsets)
        around = padding.top + seen_rows + padding.bottom, padding.left + seen_cols + padding.right
        if around != (rows + steps.span[0], cols + steps.span[1]):
            raise ValueError(f"inputs of shape {inputs.shape} with {padding} do not surround {rows} x {cols} outputs")
        check_sets(len(weights), channels)
        # One set of weights takes all channels as so many images; sets of their own take a channel each.
        parts = [slice(None)] if len(weights) == 1 else [slice(channel, channel + 1) for channel in range(channels)]
        step = max(1, PLANES_AT_ONCE // channels)
        square = square_of(self.offsets) if SHIFTS else None
        for number, part in enumerate(parts):
            for start in range(0, samples, step):
                some = slice(start, start + step), part
                images = _as_read(inputs[some])
                first = -padding.top, -padding.left
                windows = weights[number], bias[number]
                if square is not None:
                    apply_square(images, first, square, windows, clip, outputs[some])
                else:
                    apply_windows(images, first, steps, windows, clip, outputs[some])

    def fixed_map(self, read: Callable[[str], Array]) -> Windows:
        return Windows(self.offsets, read("weights"), read("bias"))

    @classmethod
    def for_map(cls, form: FixedMap, **said: Any) -> Self:
        return cls(_windows(form, cls.name).offsets, **said)

    def arrays_of(self, form: FixedMap) -> TileArrays:
        windows = _windows(form, self.name)
        if windows.offsets != self.offsets:
            raise BadParameterError(
                f"weights of {len(windows.offsets)} input pixels around each, of which the first is at "
                f"{windows.offsets[0]}; expected those of {self.describe()}"
            )
        return {"weights": windows.weights.astype(np.float64), "bias": windows.bias.astype(np.float64)}


def _windows(form: FixedMap, name: str) -> Windows:
    if not isinstance(form, Windows):
        raise BadParameterError(
            f"weights of input pixels that differ from place to place, for model {name!r}; expected those of one "
            "window: say --model omp or lsrf"
        )
    return form


def _as_read(images: Array) -> Array:
    """Return images as the kernel reads them, uint8 or float32, the pixels of a row side by side; rarely a copy."""
    if images.dtype != np.uint8:
        images = images.astype(np.float32, copy=False)
    return images if images.strides[-1] == images.itemsize else np.ascontiguousarray(images)
