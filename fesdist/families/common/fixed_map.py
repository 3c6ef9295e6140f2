"""What a model has learned of an expression as a fixed map from pixels to pixels, told in one of four forms.

They are for whoever carries weights elsewhere: `Model.fixed_map` tells the form, `Model.for_map` and `Model.arrays_of`
make a model of one.
All intensities are in [0, 1], and `set` is the weight channel: one for all colours, or one for each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.ground.receptive_field import Offset

UNUSED = -1
"""In a support: no input pixel."""


@dataclass(frozen=True)
class Taps:
    """y[p] = bias[p] + Σ_tap values[tap, p] x[support[tap, p]]."""

    support: NDArray[np.int32]
    """Input pixels, row × columns + column, or `UNUSED`: (set, tap, row, col)."""
    values: NDArray[Any]
    """(set, tap, row, col) floating point."""
    bias: NDArray[Any]
    """(set, row, col) floating point."""

    def as_taps(self) -> Taps:
        """Return itself."""
        return self


@dataclass(frozen=True)
class Windows:
    """y[p] = bias[p] + Σ_tap weights[tap, p] x[p + offsets[tap]]; x is zero outside the image."""

    offsets: tuple[Offset, ...]
    weights: NDArray[Any]
    """(set, tap, row, col) floating point."""
    bias: NDArray[Any]
    """(set, row, col) floating point."""

    def as_taps(self) -> Taps:
        """Return the same with the number of each input pixel; those outside the image are unused, of value 0."""
        rows, cols = self.bias.shape[1:]
        here = np.arange(rows)[:, None], np.arange(cols)[None]
        support = np.full(self.weights.shape[1:], UNUSED, np.int32)
        for tap, offset in enumerate(self.offsets):
            row, col = (place + step for place, step in zip(here, offset, strict=True))
            inside = (row >= 0) & (row < rows) & (col >= 0) & (col < cols)
            np.copyto(support[tap], row * cols + col, where=inside, casting="same_kind")
        values = np.where(support >= 0, self.weights, 0)
        return Taps(np.broadcast_to(support, values.shape), values, self.bias)


@dataclass(frozen=True)
class Tables:
    """y[p] is read in the table of p at x[p], linearly between intensities 0/255, 1/255 ... 255/255."""

    outputs: NDArray[np.float32]
    """(set, intensity, row, col)."""


@dataclass(frozen=True)
class Codes:
    """y[p] = bias[p] + Σ_code decoder[code, p] Σ_q encoder[code, q] x[q]: few codes of the whole image."""

    encoder: NDArray[Any]
    """(set, code, row, col) floating point, as `decoder`."""
    decoder: NDArray[Any]
    bias: NDArray[Any]
    """(set, row, col) floating point."""


FixedMap = Taps | Windows | Tables | Codes
