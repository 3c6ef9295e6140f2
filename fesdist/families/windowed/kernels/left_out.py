"""People left out of windows in turn and judged by these, from their samples, some columns of a row at a time.

What `validation` reads from planes of sums is made here of as many columns as the processor's cache holds for all folds
together, in memory that is used again and again: sums of each fold, their total, and for every fold the windows of all
others. With `pool` the equations of neighbours are averaged, down in the sums and then across in each entry, as
`gathering` does and in its order; sums of 8-bit samples are exact, so all of it has the bits of what planes tell.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fesdist.families.windowed.kernels.around import Chunk, Strip, sum_fold_of_pairs, sum_fold_of_quads
from fesdist.families.windowed.kernels.pooling import pooled_at
from fesdist.families.windowed.kernels.systems import Equations, Pixels, add_ridges
from fesdist.families.windowed.kernels.validation import Gathered, judge_pixels, solve_or_predict_mean
from fesdist.simd.cholesky import Workspace
from fesdist.simd.kernel import inlined, kernel, pasted, subkernel
from fesdist.simd.lanes import LANES, load, load_as_float64, multiply_add, ones_like, scale, store, subtract

Array = NDArray[Any]


class Row(NamedTuple):
    """What the equations of a row of pixels are made of, beside sums."""

    fitted: Equations
    """Where they are in the sums once neighbours are pooled; their factors are those of sums that were not scaled."""
    gathered: Array
    """Entries where they lie side by side, a register of each, (entry,) int64."""
    judges: Equations
    """Where those of the field with its centre are in the sums; their factors are not read."""
    judged: int
    """Position of its first pixel in the sums."""
    down: Array
    """How much is pooled of each row, (2 pool + 1,) float64."""
    across: Array
    """How much is pooled of each neighbour in the row, (2 pool + 1, col) float64, with `Chunk.columns` to spare."""
    inner: tuple[int, int]
    """The first column whose neighbours are all in the image, and the one after the last."""
    along: Array
    """How much is pooled of each neighbour of these, (2 pool + 1,) float64."""
    ridges: Array
    """(col,) float64, with `Chunk.columns` to spare."""
    places: Array
    """As in `judge_windows`."""
    corners: Array
    """The bias's own entry of each fold, then of all together, (fold + 1,) float64."""
    unit: float


class Room(NamedTuple):
    """Memory to work in; sums and what is made of them may hold anything before."""

    lines: Array
    """As `room_for_lines` makes them, (1 + expression, packed sample, length)."""
    sums: Array
    """Of each fold, then of all together, (fold + 1, plane, length) int64."""
    floats: Array
    """The same memory as float64, (fold + 1, plane × length): sums become floating-point numbers in place."""
    pooled: Array
    """Sums of pooled neighbours, (fold + 1, plane × length) float64; `floats` where none are pooled."""
    entries: Array
    """Entries of a register of pixels, of all together and of a fold, (2, entry × LANES) float64."""
    systems: Workspace


class Found(NamedTuple):
    """What is found of a row of pixels, all folds together, (expression, col) float64."""

    agreement: Array
    """Σ (t - x)(y - x), images in [0, 1]."""
    change: Array
    """Σ (y - x)²."""


def judge_left_out(strip: Strip, chunk: Chunk, row: Row, room: Room, found: Found) -> None:
    """Add to `found` what windows do to each fold that all other folds teach."""
    judge = _judge_quads if room.lines.dtype == np.int32 else _judge_pairs
    judge(strip, chunk, row, room, found)


@kernel
def _judge_quads(strip: Strip, chunk: Chunk, row: Row, room: Room, found: Found) -> None:
    _judge(sum_fold_of_quads, strip, chunk, row, room, found)


@kernel
def _judge_pairs(strip: Strip, chunk: Chunk, row: Row, room: Room, found: Found) -> None:
    _judge(sum_fold_of_pairs, strip, chunk, row, room, found)


@pasted
def _judge(sum_fold: Any, strip: Strip, chunk: Chunk, row: Row, room: Room, found: Found) -> None:
    for col in range(0, found.change.shape[1], chunk.columns):
        for fold in range(len(strip.stops)):
            sum_fold(strip, chunk, room.lines, room.sums[fold], fold, col)
        _judge_columns(chunk, row, room, col, found)


@subkernel
def _judge_columns(chunk: Chunk, row: Row, room: Room, col: int, found: Found) -> None:
    """Judge the folds whose sums are there, in the columns from `col` on."""
    corners, fitted = row.corners, row.fitted
    all_entries, own_entries = room.entries[0], room.entries[1]
    n_folds, (n_expressions, cols) = len(corners) - 1, found.change.shape
    n_planes, last = room.sums.shape[1], min(col + chunk.columns, cols)
    pooled = len(row.down) > 1
    # Where the image ends neighbours have other weights, for each column its own.
    inner = row.inner[0] <= col and last <= row.inner[1]
    _add_up(chunk, room)
    if pooled:
        for fold in range(n_folds + 1):
            _pool_rows(chunk, row.down, room.floats[fold], room.pooled[fold], n_planes)
            if inner:
                _pool_along(chunk, row.along, room.pooled[fold], n_planes)
                _scale_images(chunk, chunk.pooled, room.pooled[fold], n_planes, row.unit)
    for fold in range(n_folds + (0 if pooled else 1)):
        _scale_images(chunk, chunk.known, room.floats[fold], n_planes, row.unit)
    change_of, means = np.empty((row.judges.taps + 1) * LANES), np.empty(n_expressions * LANES)
    sums, smallest, square = np.empty(2 * LANES), np.empty(LANES), row.unit**2
    for at in range(col, last, LANES):
        place = chunk.origin + at - col
        if not inner:
            _pool_across(fitted, row.across, at, room.pooled[n_folds], place, all_entries)
        for fold in range(n_folds):
            if inner:
                _assemble(room.pooled[n_folds], room.pooled[fold], place, fitted.entries, fitted, room.systems)
            else:
                _pool_across(fitted, row.across, at, room.pooled[fold], place, own_entries)
                _assemble(all_entries, own_entries, 0, row.gathered, fitted, room.systems)
            corner = corners[n_folds] - corners[fold]
            add_ridges(room.systems, fitted.taps + 1, row.ridges, at, corner)
            solve_or_predict_mean(room.systems, fitted.taps + 1, corner, means, smallest)
            own = Gathered(room.floats[fold], row.judges, Pixels(0, 0), corners[fold])
            for expression in range(n_expressions):
                judge_pixels(own, row.judged + at - col, room.systems, row.places, expression, change_of, sums)
                for lane in range(min(LANES, last - at)):
                    found.agreement[expression, at + lane] += sums[lane] / square
                    found.change[expression, at + lane] += sums[LANES + lane] / square


@subkernel
def _add_up(chunk: Chunk, room: Room) -> None:
    """Make the sums of each fold floating-point numbers in place, and those of all together from them: exactly."""
    n_planes, length = room.sums.shape[1:]
    total = room.floats[-1]
    for fold in range(len(room.sums) - 1):
        sums, floats = room.sums[fold].reshape(-1), room.floats[fold]
        for plane in range(n_planes):
            start, stop = chunk.known[plane, 0], chunk.known[plane, 1]
            for q in range(plane * length + start, plane * length + stop, LANES):
                own = load_as_float64(sums, q)
                store(floats, q, own)
                store(total, q, own if fold == 0 else multiply_add(own, load(total, q), ones_like(own)))


@subkernel
def _pool_rows(chunk: Chunk, down: Array, floats: Array, pooled: Array, n_planes: int) -> None:
    """Set `pooled` to Σ_u down[u] × the sums of u rows further."""
    length, pooled_length = len(floats) // n_planes, len(pooled) // n_planes
    for plane in range(n_planes):
        start, stop = chunk.pooled[plane, 0], chunk.pooled[plane, 1]
        for q in range(start, stop, LANES):
            store(pooled, plane * pooled_length + q, pooled_at(floats, plane * length + q, chunk.stride, down))


@subkernel
def _pool_along(chunk: Chunk, along: Array, pooled: Array, n_planes: int) -> None:
    """Set `pooled` to Σ_v along[v] × the sums of v columns further: all that read them have the same neighbours."""
    length = len(pooled) // n_planes
    for plane in range(n_planes):
        start, stop = chunk.pooled[plane, 0], chunk.pooled[plane, 1]
        for q in range(plane * length + start, plane * length + stop, LANES):
            store(pooled, q, pooled_at(pooled, q, 1, along))


@subkernel
def _pool_across(fitted: Equations, across: Array, col: int, line: Array, at: int, gathered: Array) -> None:
    """Gather the entries of a register of pixels, each Σ_v across[v, col] × that of v columns further."""
    length, width = across.shape
    weights = across.reshape(-1)
    for entry in range(len(fitted.entries)):
        begin = fitted.entries[entry] + at
        total = scale(load(weights, 0), 0.0)
        for v in range(length):
            total = multiply_add(total, load(weights, v * width + col), load(line, begin + v))
        store(gathered, entry * LANES, scale(total, fitted.factors[entry]))


@subkernel
def _scale_images(chunk: Chunk, known: Array, line: Array, n_planes: int, unit: float) -> None:
    """Multiply the sums of single images by the unit, as the bias is one."""
    length = len(line) // n_planes
    for image in range(1 + len(chunk.targets)):
        plane = len(chunk.products) if image == 0 else chunk.targets[image - 1] + len(chunk.taps)
        for q in range(plane * length + known[plane, 0], plane * length + known[plane, 1], LANES):
            store(line, q, scale(load(line, q), unit))


@inlined
def _assemble(total: Array, own: Array, at: int, entries: Array, fitted: Equations, systems: Workspace) -> None:
    """Fill the workspace with the systems of a register of pixels, of all people but a fold, without ridges."""
    unknowns, order = fitted.taps + 1, systems.matrix.shape[1]
    line, first, entry = systems.matrix.reshape(-1), order - unknowns, 0
    for i in range(unknowns + fitted.expressions):
        n = min(i + 1, unknowns - 1) if i < unknowns else unknowns
        to = ((first + i) * order + first) * LANES
        for k in range(n):
            place = entries[entry + k] + at
            store(line, to + k * LANES, subtract(load(total, place), load(own, place)))
        entry += n
