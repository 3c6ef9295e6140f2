"""Weights made small enough for a page: rounded to steps, told by their neighbours, deflated; and how far that errs."""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.exports.source import ExportedExpression
from fesdist.families.common.fixed_map import Taps, Windows
from fesdist.ground.errors import BadParameterError
from fesdist.ground.receptive_field import Offset

STEPS = (1024, 512, 256, 128)
"""Parts of 1 to which weights are rounded, the finest first; the finest that is small enough is taken."""
ROOM = 850_000
"""Bytes for all weights of a page, as text."""
_LARGEST_CODE = (1 << 16) - 1
"""Of a difference, as `_differences` tells it."""
MOVE_STEPS = 256
"""Parts of a pixel to which displacements are rounded."""


@dataclass(frozen=True)
class Change:
    """How an expression changes a photograph x: c[p] = bias[p] + Σ_tap weights[tap, p] x[...], refinement included."""

    name: str
    offsets: tuple[Offset, ...] | None
    """Of the taps; None where each pixel has input pixels of its own."""
    places: NDArray[np.int64] | None
    """Rows and columns from each pixel to its input pixels, (set, tap, 2, row, col)."""
    weights: NDArray[np.float64]
    """(set, tap, row, col)."""
    bias: NDArray[np.float64]
    """(set, row, col)."""
    moves: NDArray[np.float32] | None
    """The displacement, (axis, row, col)."""
    detail: bool

    @classmethod
    def of(cls, expression: ExportedExpression, form: Taps | Windows) -> Change:
        """Return alpha (y - x) of an expression as weights of their own."""
        moves = None if expression.displacement is None else expression.displacement.values
        offsets, places, weights = _with_itself(form)
        alpha = np.ones_like(form.bias) if expression.alpha is None else expression.alpha
        return cls(
            expression.name,
            offsets,
            places,
            weights * alpha[:, None],
            form.bias * alpha,
            moves,
            expression.detail,
        )


@dataclass(frozen=True)
class Packed:
    """The weights of a page."""

    text: str
    """Base64 of the deflated planes: all low bytes, then all high bytes, of 16-bit differences."""
    step: int
    """Weights are whole numbers of 1 / step."""
    worst: float
    """Of 255: more than this no output can differ by, whatever the photograph."""


def pack(changes: list[Change], mask: NDArray[np.float32]) -> Packed:
    """Return weights in the finest step for which there is room; in the coarsest, if there is none at all.

    `mask`, (row, col) in [0, 1], comes first, in 255ths. Raises BadParameterError for weights that no step makes small
    enough for 16 bits.
    """
    found, largest = None, max(float(np.abs(change.weights).max(initial=0)) for change in changes)
    # Larger ones, and what is no number, are not even tried.
    for step in STEPS if largest * STEPS[-1] <= _LARGEST_CODE else ():
        packed = _packed(changes, mask, step)
        if packed is not None and len((found := packed).text) <= ROOM:
            break
    if found is None:
        raise BadParameterError(
            f"weights of up to {largest:.0f}, which are too large for a page; export .onnx instead, or train with a "
            "larger ridge"
        )
    return found


def _packed(changes: list[Change], mask: NDArray[np.float32], step: int) -> Packed | None:
    """Return weights in a step; None where neighbouring ones differ by more than 16 bits can tell."""
    planes: list[NDArray[Any]] = [np.rint(255 * mask).astype(np.int64)]
    worst = 0.0
    for change in changes:
        rounded, bias = _rounded(change, step)
        error = rounded / step - change.weights
        beside = (bias / step - change.bias)[:, None]
        most = np.where(error > 0, error, 0).sum(axis=1, keepdims=True) + beside
        least = np.where(error < 0, error, 0).sum(axis=1, keepdims=True) + beside
        worst = max(worst, float(np.maximum(most, -least).max()) * 255)
        for number, taps in enumerate(rounded):
            planes += [*taps, bias[number]]
            if change.places is not None:
                planes += [plane for place in change.places[number] for plane in place]
        if change.moves is not None:
            planes += list(np.rint(change.moves.astype(np.float64) * MOVE_STEPS).astype(np.int64))
    codes = np.concatenate([_differences(plane).reshape(-1) for plane in planes])
    if codes.min() < 0 or codes.max() > _LARGEST_CODE:
        return None
    content = np.concatenate([(codes & 255).astype(np.uint8), (codes >> 8).astype(np.uint8)])
    return Packed(base64.b64encode(zlib.compress(content.tobytes(), 9)).decode(), step, worst)


def _rounded(change: Change, step: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return weights and bias as whole steps; what one tap is rounded by the next makes up for.

    Neighbouring pixels of a photograph are nearly alike, so errors of opposite signs nearly cancel.
    """
    weights = np.empty(change.weights.shape, np.int64)
    carried = np.zeros(change.bias.shape)
    for tap in range(change.weights.shape[1]):
        wanted = change.weights[:, tap] * step + carried
        weights[:, tap] = np.rint(wanted)
        carried = wanted - weights[:, tap]
    # What is left is of a weight: half of it for a photograph of medium light.
    return weights, np.rint(change.bias * step + carried / 2).astype(np.int64)


def _differences(plane: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return what a plane differs by from left + above - above left, as 0, -1, 1, -2, 2 ... are 0, 1, 2, 3, 4 ..."""
    found = plane.copy()
    found[:, 1:] -= plane[:, :-1]
    found[1:] -= found[:-1].copy()
    return (found << 1) ^ (found >> 63)


def _with_itself(
    form: Taps | Windows,
) -> tuple[tuple[Offset, ...] | None, NDArray[np.int64] | None, NDArray[np.float64]]:
    """Return offsets, places and weights with 1 taken from what each pixel makes of itself."""
    if isinstance(form, Windows):
        offsets, weights = form.offsets, form.weights.astype(np.float64)
        if (0, 0) not in offsets:
            offsets = (*offsets, (0, 0))
            weights = np.concatenate([weights, np.zeros_like(weights[:, :1])], axis=1)
        weights[:, offsets.index((0, 0))] -= 1
        return offsets, None, weights
    sets, _, rows, cols = form.support.shape
    here = np.arange(rows * cols).reshape(rows, cols)
    itself = np.broadcast_to(here, (sets, 1, rows, cols))
    support = np.concatenate([np.where(form.support < 0, here, form.support), itself], axis=1).astype(np.int64)
    values = np.concatenate([np.where(form.support < 0, 0, form.values), np.full(itself.shape, -1.0)], axis=1)
    places = np.stack([support // cols - here // cols, support % cols - here % cols], axis=2)
    return None, places, values
