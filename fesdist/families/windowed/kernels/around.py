"""Sums of samples around a row of pixels, a fold and some columns at a time: the products that its windows have."""

from __future__ import annotations

from typing import Any, NamedTuple

from numpy.typing import NDArray

from fesdist.families.windowed.kernels.packing import pack_pairs, pack_quads
from fesdist.families.windowed.kernels.planes import add_quads, add_samples, add_without_runs
from fesdist.simd.kernel import pasted, subkernel
from fesdist.simd.lanes import LANES

Array = NDArray[Any]


class Strip(NamedTuple):
    """Samples around a row of pixels, fold after fold, as far as the image reaches."""

    inputs: Array
    """(sample, channel, row, col) uint8: the row, the neighbours that are pooled, and the halo of both."""
    targets: Array
    """(expression, sample, channel, row, col) uint8: the row and the neighbours that are pooled."""
    before: tuple[tuple[int, int], tuple[int, int]]
    """Rows and columns that are missing before the first of the inputs, and of the targets."""
    stops: Array
    """Place after the last sample of each fold, (fold,) int64."""
    channels: tuple[int, int]
    """The first of those that teach a set of weights, and how many they are."""
    at_once: int
    """Samples that are packed at a time."""
    together: int
    """Samples in an element of what is packed."""
    black: int
    """An element whose samples are all 0."""
    cut: bool
    """Whether there are rows missing, before the first or after the last."""


class Chunk(NamedTuple):
    """Where in a line of sums the columns are that are judged at a time, and what is around them; see `FlatBlock`."""

    columns: int
    """A multiple of `LANES`."""
    width: int
    """The same with the neighbours that are pooled."""
    stride: int
    origin: int
    """Position of the first of them in the line."""
    products: Array
    """Displacements of the inputs' products, which are the first planes, (product,) int64; Σ x is the plane after."""
    product_runs: Array
    """`runs_of` each group of them."""
    groups: Array
    """(group + 1,) int64: the first product of each group whose pixels are as many rows apart, then their number."""
    taps: Array
    """Displacements of the products of targets and inputs, (tap,) int64."""
    tap_runs: Array
    """`runs_of` them."""
    targets: Array
    """First plane of these products, (expression,) int64; Σ t is the plane after them."""
    known: Array
    """Where each plane has sums, (plane, start and stop) int64."""
    pooled: Array
    """The same once rows are pooled."""


@subkernel
def sum_fold_of_quads(strip: Strip, chunk: Chunk, lines: Array, sums: Array, fold: int, col: int) -> None:
    """Set `sums`, (plane, length) int64, to those of a fold's samples around the columns from `col` on.

    `lines` are (1 + expression, packed sample, length) int32, as `room_for_lines` makes them.
    """
    _sum_fold(pack_quads, add_quads, strip, chunk, lines, sums, fold, col)


@subkernel
def sum_fold_of_pairs(strip: Strip, chunk: Chunk, lines: Array, sums: Array, fold: int, col: int) -> None:
    """Do what `sum_fold_of_quads` does with `lines` of uint32."""
    _sum_fold(pack_pairs, add_without_runs, strip, chunk, lines, sums, fold, col)


@pasted
def _sum_fold(fill: Any, add: Any, strip: Strip, chunk: Chunk, lines: Array, sums: Array, fold: int, col: int) -> None:
    start, last = (strip.stops[fold - 1] if fold > 0 else 0), strip.stops[fold]
    fresh = True
    if start == last:
        sums[:] = 0
    while start < last:
        stop = min(start + strip.at_once, last)
        n_packed = strip.channels[1] * -(-(stop - start) // strip.together)
        # Columns of inputs begin with those of the halo.
        inputs, place = strip.inputs[start:stop], (col, chunk.stride, 0, chunk.stride)
        _pack(fill, strip, inputs, strip.before[0], place, lines[0, :n_packed])
        for expression in range(len(chunk.targets)):
            targets, place = strip.targets[expression, start:stop], (col, chunk.width, chunk.origin, chunk.stride)
            _pack(fill, strip, targets, strip.before[1], place, lines[1 + expression, :n_packed])
        _add_pass(add, chunk, lines, n_packed, sums, fresh)
        start, fresh = stop, False


@pasted
def _pack(
    fill: Any, strip: Strip, images: Array, before: tuple[int, int], place: tuple[int, int, int, int], lines: Array
) -> None:
    """Pack some columns of images as far as there are any, `before` as in the strip; what is missing is black.

    `place` is the first column and how many there are, the position of the first pixel, and the stride.
    """
    col, width, origin, stride = place
    start, stop = max(col - before[1], 0), min(col + width - before[1], images.shape[3])
    if strip.cut or stop - start < width:
        lines[:] = strip.black
    origin += before[0] * stride + start + before[1] - col
    fill(images[:, :, :, start:stop], strip.channels[0], strip.channels[1], origin, stride, lines)


@pasted
def _add_pass(add: Any, chunk: Chunk, lines: Array, n_packed: int, sums: Array, fresh: bool) -> None:
    products, groups, taps, known = chunk.products, chunk.groups, chunk.taps, chunk.known
    inputs = lines[0, :n_packed]
    for group in range(len(groups) - 1):
        # Pixels so many rows apart are both there in all rows but the last so many, where no window needs a product.
        k, end = groups[group], groups[group + 1]
        add(inputs, inputs, products[k:end], chunk.product_runs[k:end], known[k, 0], known[k, 1], sums[k:end], fresh)
    _add_images(inputs, known, len(products), sums, fresh)
    for expression in range(len(chunk.targets)):
        targets, k = lines[1 + expression, :n_packed], chunk.targets[expression]
        end = k + len(taps)
        add(targets, inputs, taps, chunk.tap_runs, known[k, 0], known[k, 1], sums[k:end], fresh)
        _add_images(targets, known, end, sums, fresh)


@pasted
def _add_images(images: Array, known: Array, plane: int, sums: Array, fresh: bool) -> None:
    start, stop = known[plane, 0], known[plane, 1]
    if fresh:
        sums[plane, start : stop + LANES] = 0
    add_samples(images, start, stop, sums[plane])
