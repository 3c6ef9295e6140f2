"""Where each pixel of a target comes from in its input: the flow of a pair, found by OpenCV, kept as integers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

ESTIMATOR = "dis-medium-1"
"""Which method made a flow, and in which version of these rules; flows of another are not used."""

LARGEST_SIDE = 256
"""The shorter side, in pixels, of the images that are compared: displacements are smooth, and more told no more."""

SMALLEST_SIDE = 16
"""Smaller images are taken not to move: the search needs more to go by."""

STEPS = 256
"""Flows are integers in so many parts of a pixel of the compared images."""

UNKNOWN = np.iinfo(np.int16).min
"""Stands for the flow of a pixel that is not seen in both images."""

LARGEST_SHARE = 1 / 8
"""Of the shorter side: a flow that is longer is a mistake, not a face that moves."""

SMALLEST_KNOWN = 0.5
"""Share of the pixels that must be found in both images; two pictures that do not overlap have no flow."""

_DISAGREEMENT_PER_SIDE = 0.006
_DISAGREEMENT_PER_FLOW = 0.25
"""How far the way there and back may end from where it began (Sundaram et al. 2010): of the side, and of the square."""


@dataclass(frozen=True)
class Flow:
    """The flow of a pair, on the grid of the compared images."""

    steps: NDArray[np.int16]
    """(axis, row, col) int16 in 256ths of a pixel, rows down, then columns to the right; `UNKNOWN` in both if so."""

    @property
    def known(self) -> NDArray[np.bool_]:
        """Return which pixels are seen in both images, (row, col)."""
        return np.asarray(self.steps[0] != UNKNOWN)

    @property
    def usable(self) -> bool:
        """Return whether the images overlap enough for the flow to mean something."""
        return bool(self.known.mean() >= SMALLEST_KNOWN)


def compared_shape(image_shape: tuple[int, int]) -> tuple[int, int]:
    """Return the rows and columns at which images are compared.

    >>> compared_shape((512, 640)), compared_shape((96, 128))
    ((256, 320), (96, 128))
    """
    factor = min(1.0, LARGEST_SIDE / min(image_shape))
    rows, cols = (max(1, round(side * factor)) for side in image_shape)
    return rows, cols


def estimate_flow(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> Flow:
    """Return the flow u with after(p) ≈ before(p + u(p)).

    Both images are (row, col) uint8 as `compared` returns them. Dense inverse search (Kroeger et al. 2016), there and
    back; a pixel p counts where the way back, v, returns: |u(p) + v(p + u(p))|² < (0.006 side)² + |u(p)|² / 4. One
    thread works, so that equal images have equal flows.
    """
    import cv2

    cv2.setNumThreads(1)
    if min(before.shape) < SMALLEST_SIDE:
        return Flow(np.zeros((2, *before.shape), np.int16))
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    # No array to fill: one that is given is taken for a first guess.
    nothing: Any = None
    there = np.asarray(search.calc(after, before, nothing), np.float32)
    back = np.asarray(search.calc(before, after, nothing), np.float32)
    rows, cols = before.shape
    col_at, row_at = np.meshgrid(np.arange(cols, dtype=np.float32), np.arange(rows, dtype=np.float32))
    col_at += there[..., 0]
    row_at += there[..., 1]
    returned = cv2.remap(back, col_at, row_at, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    side = min(rows, cols)
    squared = np.square(there).sum(axis=-1)
    known = np.square(there + returned).sum(axis=-1) < (_DISAGREEMENT_PER_SIDE * side) ** 2 + (
        _DISAGREEMENT_PER_FLOW * squared
    )
    known &= squared <= (LARGEST_SHARE * side) ** 2
    known &= (col_at > -0.5) & (col_at < cols - 0.5) & (row_at > -0.5) & (row_at < rows - 0.5)
    steps = np.rint(np.where(known, there.transpose(2, 0, 1)[::-1] * STEPS, UNKNOWN))
    return Flow(np.ascontiguousarray(steps, np.int16))


def compared(bands: Iterable[NDArray[Any]], image_shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Return images in gray, (sample, row, col) uint8, at the size at which images are compared.

    `bands` are rows of all of them from top to bottom, (sample, channel, row, col) uint8 in 0..255 or floating point in
    [0, 1]; no more than one is in memory, and the rows that it leaves for the next.
    """
    import cv2

    # Before anything else: OpenCV may crash where this changes while another thread is at work.
    cv2.setNumThreads(1)
    rows, cols = compared_shape(image_shape)
    factor = max(1, min(image_shape) // LARGEST_SIDE)
    strips: list[NDArray[np.float32]] = []
    left: NDArray[Any] | None = None
    for band in bands:
        # Whole boxes of factor x factor pixels are averaged; what they leave at the far edges belongs to no box.
        seen = band if left is None else np.concatenate([left, band], axis=2)
        whole = seen.shape[2] // factor * factor
        strips.append(np.stack([_boxes(image[:, :whole], factor) for image in seen]))
        left = seen[:, :, whole:]
    reduced = np.concatenate(strips, axis=1)
    if reduced.shape[1:] != (rows, cols):
        reduced = np.stack([cv2.resize(image, (cols, rows), interpolation=cv2.INTER_AREA) for image in reduced])
    gray: NDArray[np.uint8] = np.rint(np.clip(reduced, 0, 255)).astype(np.uint8)
    return gray


def _boxes(part: NDArray[Any], factor: int) -> NDArray[np.float32]:
    """Return the means of boxes of factor x factor pixels of some rows of an image, in gray."""
    _, rows, cols = part.shape
    boxes = _gray(part)[:, : cols // factor * factor].reshape(rows // factor, factor, cols // factor, factor)
    means: NDArray[np.float32] = boxes.mean(axis=(1, 3), dtype=np.float32)
    return means


def _gray(part: NDArray[Any]) -> NDArray[np.float32]:
    gray = np.zeros(part.shape[1:], np.float32)
    for weight, plane in zip(_LUMA if len(part) == 3 else (1.0,), part, strict=True):
        gray += np.float32(weight if part.dtype == np.uint8 else 255 * weight) * plane
    return gray


_LUMA = (0.299, 0.587, 0.114)
"""Of red, green and blue: ITU-R BT.601."""
