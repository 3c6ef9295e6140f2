"""Evidence of masked regressions from 8-bit samples that are held: no planes of sums are made for it.

Around the judged rows, and for a few columns at a time, the sums of all folds stay in the processor's cache; see
`kernels.left_out`. What is found has the bits of `evidence_of`, which reads sums.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fesdist.families.common.layout import Array, TileArrays
from fesdist.families.common.pooling import neighbour_weights
from fesdist.families.common.problem import TileProblem
from fesdist.families.common.samples import Samples
from fesdist.families.common.validation import Judgement
from fesdist.families.windowed.block import Planes, channels_together
from fesdist.families.windowed.entries import window_equations
from fesdist.families.windowed.flat import FlatBlock, flat_block
from fesdist.families.windowed.kernels.around import Chunk, Strip
from fesdist.families.windowed.kernels.left_out import Found, Room, Row, judge_left_out
from fesdist.families.windowed.kernels.packing import pass_samples, room_for_lines
from fesdist.families.windowed.kernels.planes import runs_of
from fesdist.families.windowed.kernels.systems import Equations
from fesdist.families.windowed.memory import judged_at_once
from fesdist.families.windowed.ridge_map import RidgeMap, ridges_at
from fesdist.ground.colour import Colour, to_gray
from fesdist.ground.receptive_field import Field, Offset, halo_of, with_centre
from fesdist.ground.tiles import Region
from fesdist.ground.units import unit_of
from fesdist.simd.cholesky import workspace
from fesdist.simd.lanes import LANES
from fesdist.simd.octets import BLACK, PACKED, SAMPLES_IN

DTYPE = np.dtype(np.uint8)


@dataclass(frozen=True)
class Plan:
    """How the rows of tiles of some width are judged; made once for a window."""

    planes: Planes
    pool: int
    chunk: Chunk
    sums: FlatBlock
    """Of the columns that are judged at a time, with all neighbours that are pooled."""
    pooled: FlatBlock
    """Of the same columns once rows are pooled."""
    fitted: Equations
    gathered: NDArray[np.int64]
    judges: Equations
    places: NDArray[np.int64]

    def room(self, n_folds: int, n_samples: int, together: int) -> Room:
        """Return memory for folds of at most `n_samples`, `together` channels of each teaching a set of weights."""
        n_packed = min(n_samples, pass_samples(DTYPE, together))
        sums = np.zeros((n_folds + 1, len(self.planes), self.sums.length), np.int64)
        floats = sums.view(np.float64).reshape(n_folds + 1, -1)
        pooled = np.zeros((n_folds + 1, len(self.planes) * self.pooled.length)) if self.pool else floats
        n_expressions = self.planes.n_expressions
        return Room(
            room_for_lines(1 + n_expressions, n_packed, self.sums.length, DTYPE, together),
            sums,
            floats,
            pooled,
            np.empty((2, len(self.fitted.entries) * LANES)),
            workspace(self.fitted.taps + 1, n_expressions),
        )


@lru_cache(maxsize=64)
def plan_of(field: Field, pool: int, n_expressions: int, cols: int) -> Plan:
    """Return how tiles of `cols` columns are judged."""
    columns = judged_at_once(cols)
    seen, unit, width = with_centre(field), unit_of(DTYPE), columns + 2 * pool
    planes = Planes(seen, n_expressions)
    sums, pooled = flat_block((1 + 2 * pool, width), seen), flat_block((1, width), seen)
    fitted = window_equations(field, planes, pooled.shape, unit)
    groups = _groups(planes.displacements)
    chunk = Chunk(
        columns,
        width,
        sums.stride,
        sums.origin,
        sums.plane_shifts,
        np.concatenate([runs_of(sums.plane_shifts[k:end]) for k, end in pairwise(groups)]),
        groups,
        sums.tap_shifts,
        runs_of(sums.tap_shifts),
        np.array([planes.target(expression) for expression in range(n_expressions)], np.int64),
        _known(planes, sums),
        _known(planes, pooled),
    )
    return Plan(
        planes,
        pool,
        chunk,
        sums,
        pooled,
        fitted,
        np.arange(len(fitted.entries), dtype=np.int64) * LANES,
        window_equations(seen, planes, sums.shape, unit),
        np.array([*map(seen.index, field), len(seen), seen.index((0, 0))], np.int64),
    )


def left_out_evidence(
    problem: TileProblem,
    samples: Samples,
    of_fold: Sequence[int],
    window: tuple[Field, int],
    ridge: float | RidgeMap,
    row_step: int,
) -> dict[str, TileArrays]:
    """Return what `evidence_of` tells of the judged rows, from uint8 samples; see `Model.evidence_of_samples`.

    `window` is a field, and how far neighbours are pooled. Raises ValueError where the image has no known shape.
    """
    judged = _Judged(problem, samples, of_fold, window, ridge)
    rows = Judgement(judged.image_shape, (), row_step).rows(problem.tile.region)
    shape = problem.weight_channels, len(rows), problem.tile.region.shape[1]
    found: dict[str, TileArrays] = {
        name: {kind: np.empty(shape) for kind in Found._fields} for name in problem.expressions
    }
    for place, row in enumerate(rows):
        for channel, of_channel in enumerate(judged.row(row)):
            for kind, values in of_channel._asdict().items():
                for name, of_expression in zip(problem.expressions, values, strict=True):
                    found[name][kind][channel, place] = of_expression
    return found


class _Judged:
    """A tile whose rows are judged one by one, in the same memory."""

    def __init__(
        self,
        problem: TileProblem,
        samples: Samples,
        of_fold: Sequence[int],
        window: tuple[Field, int],
        ridge: float | RidgeMap,
    ) -> None:
        if problem.image_shape is None:
            raise ValueError(f"{problem.tile}: people can only be left out of an image whose shape is known")
        (field, pool), region, self.image_shape = window, problem.tile.region, problem.image_shape
        self._problem, self._samples, self._ridge, cols = problem, samples, ridge, region.shape[1]
        self._plan = plan_of(field, pool, len(problem.expressions), cols)
        self._together = channels_together(problem.colour, problem.channels, DTYPE)
        self._room = self._plan.room(len(of_fold), max(of_fold), self._together)
        self._stops = np.cumsum(of_fold)
        counts = np.array([*of_fold, self._stops[-1]]) * problem.colour.channels_per_fit(problem.channels)
        self._corners = unit_of(DTYPE) ** 2 * counts
        self._across = np.zeros((2 * pool + 1, cols + self._plan.chunk.columns))
        self._across[:, :cols] = neighbour_weights(pool, range(region.col0, region.col1), self.image_shape[1]).T
        self._ridges = np.ones(self._across.shape[1])

    def row(self, number: int) -> Iterator[Found]:
        """Yield what is found in a row of the image for each set of weights."""
        region = self._problem.tile.region
        here = Region(number, number + 1, region.col0, region.col1)
        row, strip = self._equations(here), self._strip(here)
        for channel in range(self._problem.weight_channels):
            found = Found(*(np.zeros((len(self._problem.expressions), here.shape[1])) for _ in range(2)))
            own = strip._replace(channels=(channel, self._together))
            judge_left_out(own, self._plan.chunk, row, self._room, found)
            yield found

    def _equations(self, here: Region) -> Row:
        plan, pool, (rows, cols) = self._plan, self._plan.pool, self.image_shape
        unit = unit_of(DTYPE)
        self._ridges[: here.shape[1]] = unit**2 * ridges_at(self._ridge, here, self.image_shape)[0]
        return Row(
            plan.fitted,
            plan.gathered,
            plan.judges,
            plan.sums.origin + pool * (plan.sums.stride + 1),
            neighbour_weights(pool, range(here.row0, here.row1), rows)[0],
            self._across,
            (pool - here.col0, cols - pool - here.col0),
            neighbour_weights(pool, range(pool, pool + 1), 2 * pool + 1)[0],
            self._ridges,
            plan.places,
            self._corners,
            unit,
        )

    def _strip(self, here: Region) -> Strip:
        plan, problem, halo = self._plan, self._problem, halo_of(self._plan.planes.field)
        pooled = (region.grown(plan.pool, self.image_shape) for region in (problem.tile.region, here))
        all_targets, targets = pooled
        all_inputs, inputs = (halo.around(region, self.image_shape)[0] for region in (all_targets, targets))
        part = self._samples.within(inputs.within(all_inputs), targets.within(all_targets))
        seen, wanted = part.inputs, [part.targets[name] for name in problem.expressions]
        if problem.colour is Colour.GRAY:
            seen, wanted = to_gray(seen), [to_gray(images) for images in wanted]
        row0, col0 = here.row0 - plan.pool, here.col0 - plan.pool
        before_inputs = inputs.row0 - row0 + halo.top, inputs.col0 - col0 + halo.left
        return Strip(
            _with_gaps([seen])[0],
            _with_gaps(wanted),
            (before_inputs, (targets.row0 - row0, targets.col0 - col0)),
            self._stops,
            (0, self._together),
            pass_samples(DTYPE, self._together),
            SAMPLES_IN[np.dtype(PACKED)],
            BLACK[np.dtype(PACKED)],
            inputs.shape[0] < plan.sums.padded_shape[0],
        )


def _with_gaps(images: Sequence[Array]) -> Array:
    """Return images of one shape as an array, (image, ...), whose rows are parts of longer ones in memory.

    Nearly all are such parts of a tile: kernels are compiled for these alone.
    """
    first = images[0]
    if len(images) == 1 and first.strides[-1] == first.itemsize and not first.flags.c_contiguous:
        return first[None]
    made = np.empty((len(images), *first.shape[:-1], first.shape[-1] + 1), first.dtype)[..., :-1]
    for own, given in zip(made, images, strict=True):
        own[...] = given
    return made


def _groups(found: Sequence[Offset]) -> NDArray[np.int64]:
    """Return `Chunk.groups` of sorted displacements."""
    firsts = [number for number, (drow, _) in enumerate(found) if number == 0 or found[number - 1][0] != drow]
    return np.array([*firsts, len(found)], np.int64)


def _known(planes: Planes, flat: FlatBlock) -> NDArray[np.int64]:
    """Return `Chunk.known` of a block: of products of pixels some rows apart, in all rows but the last so many."""
    known = np.empty((len(planes), 2), np.int64)
    known[:] = flat.origin, flat.stop
    known[: len(planes.displacements) + 1, 0] = 0
    known[: len(planes.displacements), 1] = [flat.n_inputs - drow * flat.stride for drow, _ in planes.displacements]
    known[len(planes.displacements), 1] = flat.n_inputs
    return known
