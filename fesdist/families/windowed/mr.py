"""Masked regression (MR): each output pixel is a ridge regression on the input pixels of its receptive field.

Khan, Akram, Mehmood, Ashraf, Murtaza: Masked Linear Regression for Learning Local Receptive Fields for Facial
Expression Synthesis, International Journal of Computer Vision, 2020, equations 3 to 11; colour as in equation
16.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fesdist.families.common.blocks import check_any_samples, check_sets
from fesdist.families.common.contract import Model
from fesdist.families.common.fit import Fit
from fesdist.families.common.layout import Array, ArrayLayout, TileArrays, common_layout, l1_norm
from fesdist.families.common.problem import TileProblem
from fesdist.families.windowed.entries import window_equations
from fesdist.families.windowed.folds import WindowValidation
from fesdist.families.windowed.kernels.planes import PASS_SAMPLES
from fesdist.families.windowed.kernels.systems import Pixels, Solution, solve_windows
from fesdist.families.windowed.kernels.windows import apply_windows
from fesdist.families.windowed.ridge_map import RidgeMap, as_json, checked_ridge, in_words, one_ridge, ridges_at
from fesdist.families.windowed.statistics import BLOCK, WindowStatistics
from fesdist.families.windowed.sums import FlatBlock, WindowSums
from fesdist.ground.memory import Allocation, Memory
from fesdist.ground.receptive_field import Offset, check_offsets, displacements, halo_of, mask_offsets, window_offsets
from fesdist.ground.tiles import Padding, Region, TileGrid
from fesdist.ground.units import unit_of
from fesdist.simd.lanes import LANES

_PLANES_AT_ONCE = 48
"""Images (a channel each) that `apply` pads and converts at a time: sixteen colour photographs."""


@dataclass(frozen=True)
class MaskedRegression(Model[WindowStatistics]):
    """MR: minimise Σ_n (t[n, p] - Σ_a w[a] x[n, p + a] - b)² + ridge (Σ_a w[a]² + b²) for each output pixel p.

    The bias is penalised as well, as in the paper's equations and its authors' code. Windows are cut off at the
    image border. Raises BadParameterError for a ridge that is not positive and for offsets that are no
    receptive field.
    """

    offsets: tuple[Offset, ...]
    """Receptive field: displacements (drow, dcol) of the taps, kept in row-major order."""
    ridge: float | RidgeMap = 0.4
    """One for all output pixels, or rows of numbers that are stretched over the image."""

    name: ClassVar[str] = "mr"
    keeps_sums: ClassVar[bool] = True
    reads: ClassVar[tuple[str, ...]] = ("weights", "bias")

    def __post_init__(self) -> None:
        object.__setattr__(self, "offsets", check_offsets(self.offsets))
        object.__setattr__(self, "ridge", checked_ridge(self.ridge))

    @classmethod
    def with_window(cls, size: int, *, dilation: int = 1, ridge: float | RidgeMap = 0.4) -> MaskedRegression:
        """Return MR on a `size` x `size` window, its taps `dilation` pixels apart."""
        return cls(window_offsets(size, dilation), ridge)

    @classmethod
    def with_mask(cls, mask: ArrayLike, *, ridge: float | RidgeMap = 0.4) -> MaskedRegression:
        """Return MR on the pixels that are 1 in `mask` (row, col), whose centre is the output pixel."""
        return cls(mask_offsets(mask), ridge)

    def parameters(self) -> dict[str, Any]:
        return {"offsets": [list(offset) for offset in self.offsets], "ridge": as_json(self.ridge)}

    def describe(self) -> str:
        """Return the model in a few words, for people."""
        drows, dcols = zip(*self.offsets, strict=True)
        reach = f"{max(drows) - min(drows) + 1} x {max(dcols) - min(dcols) + 1}"
        return f"{len(self.offsets)} taps in {reach}, {in_words(self.ridge)}"

    def inputs_of(self, region: Region, image_shape: tuple[int, int]) -> tuple[Region, Padding]:
        return halo_of(self.offsets).around(region, image_shape)

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

    def memory(self, fit: Fit, tile_shape: tuple[int, int], n_block: int) -> Memory:
        rows, cols = tile_shape
        taps, sets, channels = len(self.offsets), fit.weight_channels, fit.channels
        n_expressions, images = fit.n_expressions, 1 + fit.n_expressions
        flat = FlatBlock((min(rows, BLOCK), min(cols, BLOCK)), self.offsets)
        n_blocks = len(TileGrid(tile_shape, (BLOCK, BLOCK)))
        halo = halo_of(self.offsets)
        n_inputs = (rows + halo.top + halo.bottom) * (cols + halo.left + halo.right)
        samples = n_block * channels * (n_inputs + n_expressions * rows * cols) * fit.itemsize
        planes = len(displacements(self.offsets)) + 1 + n_expressions * (taps + 1)
        sums = n_blocks * (sets * planes + images * channels) * flat.length * 8
        # A pass holds packed lines of its samples, and their gray versions.
        in_pass = min(n_block, PASS_SAMPLES)
        packed = images * (in_pass + 1) * flat.length * max(2, fit.itemsize)
        gray = images * in_pass * flat.n_inputs * fit.gray_bytes
        order = taps + 1 + 3
        system = (order + n_expressions + 1 + 1 + 4) * order * LANES * 8 + (taps + 2) * (taps + 2 + n_expressions) * 32
        solved = n_expressions * (sets * (taps + 4) * 8 + channels * 24) * (rows * cols + flat.n_inputs)
        total = samples + sums + max(packed + gray, system + solved)
        return Memory((Allocation("all arrays", (total,), "uint8"),))

    def gather(self, problem: TileProblem, dtype: np.dtype[Any]) -> WindowStatistics:
        return WindowStatistics(problem, self.offsets, dtype)

    def solve(self, gathered: WindowStatistics) -> dict[str, TileArrays]:
        """Return `weights`, `bias`, `status`, `norm` and `mean_difference` of each expression.

        With u = unit × x the system is (UᵀU + unit² ridge I) w = Uᵀv, where unit is 255 for uint8 samples and 1
        otherwise and the bias's column holds `unit` (equation 7 times unit²). Raises ValueError when no sample
        was added.
        """
        problem = gathered.problem
        check_any_samples(problem, gathered.n_samples)
        sets = problem.weight_channels
        layouts = (*self._layout(sets), *common_layout(sets, problem.channels))
        solved = {
            expression: {layout.name: layout.empty(problem.tile.region.shape) for layout in layouts}
            for expression in problem.expressions
        }
        for block in gathered.blocks:
            for expression, arrays in self._solve_block(block.sums, gathered).items():
                for name, values in arrays.items():
                    solved[expression][name][..., *block.own] = values
        return solved

    def _solve_block(self, block: WindowSums, statistics: WindowStatistics) -> dict[str, TileArrays]:
        problem, flat = block.problem, block.flat
        unit = unit_of(statistics.dtype)
        sets, n_expressions, taps = len(block.sums), len(problem.expressions), len(self.offsets)
        n_fitted = statistics.n_samples * problem.colour.channels_per_fit(problem.channels)
        weights = np.empty((sets, n_expressions, taps, *flat.shape))
        bias = np.empty((sets, n_expressions, *flat.shape))
        status = np.empty((sets, *flat.shape), np.uint8)
        equations = window_equations(self.offsets, flat.shape, n_expressions, unit)
        ridges = np.ones((flat.shape[0], flat.shape[1] + LANES))
        ridges[:, : flat.shape[1]] = unit**2 * ridges_at(self.ridge, problem.tile.region, problem.image_shape)
        for channel, sums in enumerate(block.sums):
            solution = Solution(weights[channel], bias[channel], status[channel])
            solve_windows(sums, equations, ridges, unit**2 * n_fitted, Pixels(flat.origin, flat.stride), solution)
        before, *after = flat.image(block.image_sums)
        return {
            expression: {
                "weights": weights[:, number],
                "bias": bias[:, number],
                "status": status,
                "norm": l1_norm(weights[:, number], bias[:, number]),
                "mean_difference": ((after[number] - before) / (unit * statistics.n_samples)).astype(np.float32),
            }
            for number, expression in enumerate(problem.expressions)
        }

    @classmethod
    def cross_validation(cls, candidates: Sequence[Self]) -> WindowValidation:
        """Return how candidates are judged by sums; raises BadParameterError for one with a map of ridges."""
        return WindowValidation(tuple((model.offsets, one_ridge(model.ridge)) for model in candidates))

    def prepare(self, arrays: Mapping[str, Array]) -> dict[str, Array]:
        """Return `weights` and `bias` as `apply` uses them, so that converting them is not repeated with every call."""
        return {name: np.ascontiguousarray(arrays[name], dtype=np.float32) for name in ("weights", "bias")}

    def apply(self, arrays: Mapping[str, Array], inputs: Array, padding: Padding) -> NDArray[np.float32]:
        """Return bias[p] + Σ_a weights[a, p] x[p + a], unclipped; see `Model.apply`."""
        ready = self.prepare(arrays)
        weights, bias = ready["weights"], ready["bias"]
        rows, cols = bias.shape[-2:]
        samples, channels, seen_rows, seen_cols = inputs.shape
        halo = halo_of(self.offsets)
        padded_rows = padding.top + seen_rows + padding.bottom
        stride = padding.left + seen_cols + padding.right
        if (padded_rows, stride) != (rows + halo.top + halo.bottom, cols + halo.left + halo.right):
            raise ValueError(f"inputs of shape {inputs.shape} with {padding} do not surround {rows} x {cols} outputs")
        check_sets(len(weights), channels)
        if cols < LANES:
            missing = LANES - cols
            wider = Padding(padding.top, padding.bottom, padding.left, padding.right + missing)
            widened = {
                name: np.pad(array, [(0, 0)] * (array.ndim - 1) + [(0, missing)]) for name, array in ready.items()
            }
            return np.ascontiguousarray(self.apply(widened, inputs, wider)[..., :cols])
        starts = FlatBlock((rows, cols), self.offsets).tap_starts
        outputs = np.empty((samples, channels, rows, cols), np.float32)
        # One set of weights takes all channels as so many images; sets of their own take a channel each.
        parts = [slice(None)] if len(weights) == 1 else [slice(channel, channel + 1) for channel in range(channels)]
        step = max(1, _PLANES_AT_ONCE // channels)
        for number, part in enumerate(parts):
            for start in range(0, samples, step):
                planes = _padded(inputs[start : start + step, part], padding)
                made = np.empty((len(planes), rows, cols), np.float32)
                apply_windows(planes, weights[number], bias[number], starts, made)
                whole = outputs[start : start + step, part]
                whole[...] = made.reshape(whole.shape)
        return outputs


def _padded(images: Array, padding: Padding) -> NDArray[np.float32]:
    """Return (sample × channel, row, col) float32 in [0, 1] units, with zeros around the images."""
    *leading, rows, cols = images.shape
    shape = padding.top + rows + padding.bottom, padding.left + cols + padding.right
    padded = np.zeros((*leading, *shape), np.float32)
    inner = padded[..., padding.top : padding.top + rows, padding.left : padding.left + cols]
    np.multiply(images, np.float32(1 / unit_of(images.dtype)), out=inner, casting="same_kind")
    return padded.reshape(-1, *shape)
