"""LASSO (l1): each output pixel is a regression on all input pixels, with an l1 penalty that leaves few of them.

Khan, Akram, Mehmood, Ashraf, Murtaza: Masked Linear Regression for Learning Local Receptive Fields for Facial
Expression Synthesis, International Journal of Computer Vision, 2020, equations 12 to 14; colour as in equation 16.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from fesdist.families.common.fit import Fit
from fesdist.families.common.hyperparameters import positive, positive_count
from fesdist.families.common.layout import Array, ArrayLayout, TileArrays
from fesdist.families.sparse.kernels.lasso import empty_solutions, room_of, solutions_of, solve_lassos
from fesdist.families.sparse.kernels.working_set import working_sets_of
from fesdist.families.sparse.memory import put_together, whole_registers
from fesdist.families.sparse.model import SparseModel
from fesdist.families.sparse.samples import KeptSamples
from fesdist.ground.memory import Allocation, Memory, Phase
from fesdist.ground.options import option
from fesdist.ground.share import part
from fesdist.ground.units import unit_of

_AT_ONCE = 1024
"""Output pixels that are solved in one call: their solutions lie pixel by pixel before they go to the tile."""


@dataclass(frozen=True)
class Lasso(SparseModel):
    """Minimise Σ_n (t[n, p] - Σ_j w[j] x[n, j] - b)² + l1 (Σ_j |w[j]| + |b|) for each output pixel p.

    The sum of squares is neither halved nor divided by the number of samples, as in the ridge of the other models:
    scikit-learn's `Lasso` has alpha = l1 / (2 samples), and the bias as a further column. The bias is penalised as
    any weight. With u = 255 x for uint8 samples it is ½ ‖v - U w‖² + 255² (l1 / 2) ‖w‖₁ that is minimised, 255 in the
    bias's column.

    Each solution is certified by its duality gap. The input pixels of a support are in the order in which they
    entered. `Status.NO_ROOM` marks a pixel with more taps than `max_nonzero`, whose weights are the best for those that
    came first; `LARGE_GAP` one whose duality gap stayed above 1e-8, of an l1 near 0. Raises BadParameterError for an l1
    that is not positive and for a max_nonzero below 1.
    """

    l1: float = option(0.4, "weight of the l1 penalty, above 0", metavar="LAMBDA")
    max_nonzero: int = option(128, "room for input pixels of an output pixel", metavar="N")
    """Room for this many taps a pixel, the bias counted as one.

    With l1 from 0.2 to 1 and 60 or 80 pairs of images of 56 to 256 pixels a side, photographs and rendered faces needed
    5 to 40 taps on average and up to 115.
    """

    name: ClassVar[str] = "lasso"

    def __post_init__(self) -> None:
        object.__setattr__(self, "l1", positive("l1", self.l1, 0.4))
        object.__setattr__(self, "max_nonzero", positive_count("max_nonzero", self.max_nonzero, 128))

    @property
    def n_taps(self) -> int:
        return self.max_nonzero

    @classmethod
    def with_taps(cls, n_taps: int, **said: Any) -> Self:
        return cls(max_nonzero=n_taps, **said)

    def describe(self) -> str:
        """Return the model in a few words, for people."""
        return f"l1 penalty {self.l1:g} on all input pixels, at most {self.max_nonzero} of them"

    def own_layout(self, weight_channels: int) -> tuple[ArrayLayout, ...]:
        channel = ("weight_channel", weight_channels)
        return (
            *super().own_layout(weight_channels),
            ArrayLayout("gap", (channel,), "float32", "duality gap as a part of the objective; not read by outputs"),
        )

    def enough_pixels(self, fit: Fit) -> int | None:
        # Each pixel's rounds go through all inputs, each of which takes as long as what is made of them for a tile.
        return 1

    def solving(self, fit: Fit, tile_shape: tuple[int, int]) -> Memory:
        length = whole_registers(fit.n_samples) * fit.colour.channels_per_fit(fit.channels)
        at_once, n_columns = min(_AT_ONCE, math.prod(tile_shape)), fit.n_pixels + 1
        shape = at_once, self.max_nonzero
        ordering = (
            Allocation("order of taps", shape, "int64"),
            Allocation("taps in their order", shape, "float64"),
            Allocation("taps without a weight", shape, "bool", 3),
        )
        return Memory(
            (
                *put_together(fit, tile_shape),
                Allocation("columns of inputs", (n_columns, length), fit.dtype),
                Allocation("targets by pixel", (at_once, length), "float64"),
                *solutions_of(*shape),
            ),
            (
                Phase("solving", (*room_of(n_columns, length), *working_sets_of(self.max_nonzero, length))),
                Phase("ordering taps", ordering),
            ),
        )

    def fill(self, samples: KeptSamples, solved: Mapping[str, TileArrays]) -> None:
        n_sets = samples.problem.weight_channels
        for number in range(n_sets):
            with part(number, n_sets):
                self._solve_set(samples, number, solved)

    def _solve_set(self, samples: KeptSamples, number: int, solved: Mapping[str, TileArrays]) -> None:
        unit = unit_of(samples.dtype)
        columns = samples.made(f"columns {number}", lambda: _with_bias(samples.inputs(number), samples.n_samples, unit))
        targets = samples.targets(number)
        for place, (arrays, target) in enumerate(zip(solved.values(), targets, strict=True)):
            of_set = {name: array[number] for name, array in arrays.items()}
            with part(place, len(targets)):
                self._solve_target(columns, target, unit, of_set)

    def _solve_target(self, columns: Array, target: Array, unit: float, written: Mapping[str, Array]) -> None:
        """Fill the arrays `written` of one set of weights; `target` is (channel, pixel, sample)."""
        outputs = target.shape[1]
        flat = {name: array.reshape(*array.shape[:-2], outputs) for name, array in written.items()}
        n_calls = -(-outputs // _AT_ONCE)
        for number in range(n_calls):
            some = slice(number * _AT_ONCE, min((number + 1) * _AT_ONCE, outputs))
            right = target[:, some].transpose(1, 0, 2).reshape(some.stop - some.start, -1).astype(np.float64)
            with part(number, n_calls):
                self._solve_part(columns, right, unit, {name: array[..., some] for name, array in flat.items()})

    def _solve_part(self, columns: Array, right: Array, unit: float, written: Mapping[str, Array]) -> None:
        """Fill arrays (..., output pixel) for the right-hand sides (output pixel, sample) of some output pixels."""
        solutions = empty_solutions(len(right), self.max_nonzero)
        solve_lassos(columns, right, unit**2 * self.l1 / 2, solutions)
        support, values = solutions.support, solutions.values
        biased = support == len(columns) - 1
        written["bias"][...] = np.where(biased, values, 0.0).sum(axis=1)
        # The bias leaves a hole in its pixel's taps, which moves to the end.
        support[biased], values[biased] = -1, 0.0
        order = np.argsort(support < 0, axis=1, kind="stable")
        written["support"][...] = np.take_along_axis(support, order, axis=1).T
        written["values"][...] = np.take_along_axis(values, order, axis=1).T
        written["gap"][...], written["status"][...] = solutions.gap, solutions.status


def _with_bias(inputs: Array, n_samples: int, unit: float) -> Array:
    """Return inputs (channel, pixel, sample) as columns (pixel + 1, channel × sample), the bias's last.

    All channels of a pixel are samples of one column; zeros fill each channel up, in the bias's column as well.
    """
    channels, pixels, length = inputs.shape
    columns = np.zeros((pixels + 1, channels, length), inputs.dtype)
    columns[:-1] = inputs.transpose(1, 0, 2)
    columns[-1, :, :n_samples] = unit
    return columns.reshape(pixels + 1, -1)
