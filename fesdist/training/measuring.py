"""Errors of a tile's outputs on held-out people: over all of it, and over its part of the mouth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fesdist.families.common.footprint import compared_at_once
from fesdist.families.common.image_pass import Prepared
from fesdist.families.common.layout import Array, TileArrays
from fesdist.ground.measures import mouth_region
from fesdist.ground.tiles import Tile
from fesdist.passes.phases import Clock
from fesdist.training.context import TaskContext, learned_from
from fesdist.training.holding import Held
from fesdist.training.tile_report import SquaredErrors

Errors = dict[str, SquaredErrors]
"""By expression."""


class Shown(NamedTuple):
    """Some held-out people of an expression, each (sample, channel, row, col)."""

    expression: str
    inputs: Array
    """As the model sees them; with an image pass, their codes."""
    still: Array
    """The tile as it was photographed, which is the error of doing nothing."""
    targets: Array


def held_people(context: TaskContext, tile: Tile, held: Held) -> Iterator[Shown]:
    """Yield the held-out people among samples that are held."""
    inputs, _ = context.inputs_of(tile)
    all_inputs, all_targets, _ = learned_from(context.model, tile.region, context.stack.image_shape)
    for expression, (seen, wanted) in held.measured.items():
        if not len(wanted):
            continue
        around = seen[..., *inputs.within(all_inputs)]
        still = around[..., *tile.region.within(inputs)]
        if expression in context.images.displacements:
            still = context.images.photographs(context.job.holdout[expression], tile.region)
        yield Shown(expression, around, still, wanted[..., *tile.region.within(all_targets)])


def streamed_people(
    context: TaskContext, tile: Tile, expressions: tuple[str, ...], prepared: Mapping[str, Prepared], n_block: int
) -> Iterator[Shown]:
    """Yield the held-out people of expressions, read `n_block` at a time.

    A model with an image pass makes its outputs from codes of all held-out people, which are in `prepared`.
    """
    stack, images = context.stack, context.images
    inputs, _ = context.inputs_of(tile)
    own = tile.region.within(inputs)
    held_out = {expression: context.job.holdout.get(expression, ()) for expression in expressions}
    for samples in set(held_out.values()):
        alike = [name for name, its_samples in held_out.items() if its_samples == samples]
        n_done = 0
        for block in stack.blocks(samples, n_block):
            # Expressions of one group have their inputs in common: one that has a shape is alone in its group.
            seen = images.inputs(alike[0], block, inputs)
            still = images.photographs(block, tile.region) if alike[0] in images.displacements else seen[..., *own]
            for expression in alike:
                given = prepared[expression].held_out[n_done : n_done + len(block)] if prepared else seen
                yield Shown(expression, given, still, images.targets(expression, block, tile.region))
            n_done += len(block)


def held_out_errors(
    context: TaskContext, tile: Tile, solved: Mapping[str, TileArrays], people: Iterator[Shown], clock: Clock
) -> tuple[Errors, Errors]:
    """Return the sums of squared errors of each expression in `solved`, over the whole tile and over its mouth."""
    stack, model = context.stack, context.model
    _, padding = context.inputs_of(tile)
    at_once = compared_at_once(stack.channels, tile.region.shape)
    inside = tile.region.overlap(mouth_region(stack.spec.mouth, stack.image_shape))
    # Not before somebody is measured: it is another copy of the weights, which a stack without held-out people spares.
    ready = cache(lambda expression: model.prepare(solved[expression]))
    face, mouth = ({expression: SquaredErrors() for expression in solved} for _ in range(2))
    for expression, inputs, still, wanted in people:
        for start in range(0, len(wanted), at_once):
            part = slice(start, start + at_once)
            with clock("held-out"):
                outputs = np.clip(model.apply(ready(expression), inputs[part], padding), 0.0, 1.0)
                targets, unchanged = _unit(wanted[part]), _unit(still[part])
                model_error, input_error = (outputs - targets) ** 2, (unchanged - targets) ** 2
                face[expression] += _sums(model_error, input_error)
                mouth[expression] += _sums(model_error[..., *inside], input_error[..., *inside])
    return face, mouth


def _unit(images: NDArray[Any]) -> NDArray[Any]:
    """Return images in [0, 1]; stacks hold uint8 in 0..255 or floats that are in [0, 1] already."""
    return images.astype(np.float32) / np.float32(255) if images.dtype == np.uint8 else images


def _sums(model: NDArray[Any], unchanged: NDArray[Any]) -> SquaredErrors:
    return SquaredErrors(model.size, float(model.sum(dtype=np.float64)), float(unchanged.sum(dtype=np.float64)))
