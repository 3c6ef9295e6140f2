"""One tile, one task: read the samples, solve, measure on held-out people, write whole chunks, sign the receipt."""

from __future__ import annotations

import resource
import time
from typing import Any

import numpy as np

from fesdist.families.common.contract import TileArrays, TileProblem
from fesdist.ground.measures import mouth_region
from fesdist.ground.tiles import Region, Tile
from fesdist.training.context import TaskContext, open_context
from fesdist.training.drafting import DraftAddress
from fesdist.training.global_stage import Prepared, prepared_globals
from fesdist.training.job import SampleGroup
from fesdist.training.tile_report import SquaredErrors, TileReport, receipt_key
from storage.datasets.draft import WeightDraft


def train_tile(index: int, address: DraftAddress, stack: str, n_block: int) -> TileReport:
    """Train tile `index` of a draft from the stack at a path, `n_block` samples at a time, and return its report.

    A tile whose receipt and chunks are stored already is only checked; running one twice writes the same bytes.
    """
    context = open_context(address, stack)
    draft = context.draft
    signed = draft.receipt(receipt_key(index))
    if signed is not None and not draft.check(signed["checksums"]):
        return TileReport.from_json(signed)
    start = time.perf_counter()
    tile = context.grid[index]
    report = TileReport(index, {}, {}, {}, {}, 0.0, 0)
    for number, group in enumerate(context.job.groups):
        shared = prepared_globals(address, number)
        solved = _solve(context, tile, group, shared, n_block)
        for expression, arrays in solved.items():
            report.checksums.update(_write(draft, expression, arrays, tile.region))
            statuses, counts = np.unique(arrays["status"], return_counts=True)
            report.statuses[expression] = {str(s): int(n) for s, n in zip(statuses, counts, strict=True)}
        face, mouth = _held_out_errors(context, tile, solved, shared, n_block)
        report.face.update(face)
        report.mouth.update(mouth)
    plain = report.to_json() | {
        "seconds": round(time.perf_counter() - start, 3),
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }
    draft.put_receipt(report.key, plain)
    return TileReport.from_json(plain)


def _solve(
    context: TaskContext, tile: Tile, group: SampleGroup, shared: Prepared, n_block: int
) -> dict[str, TileArrays]:
    stack, model = context.stack, context.model
    inputs, padding = context.inputs_of(tile)
    problem = TileProblem(
        tile, padding, stack.channels, context.job.colour, group.expressions, shared, stack.image_shape
    )
    statistics = model.statistics(problem, np.dtype(stack.dtype))
    for block in stack.blocks(group.samples, n_block):
        statistics.add(
            stack.read(context.job.input_expression, block, *inputs.slices),
            {name: stack.read(name, block, *tile.region.slices) for name in group.expressions},
        )
    return model.solve(statistics)


def _held_out_errors(
    context: TaskContext, tile: Tile, solved: dict[str, TileArrays], shared: Prepared, n_block: int
) -> tuple[dict[str, SquaredErrors], dict[str, SquaredErrors]]:
    """Return, for each expression, the sums over the whole tile and over its part of the mouth region.

    A model of the whole image makes its outputs from codes of all held-out people, which are in `shared`.
    """
    stack, model = context.stack, context.model
    inputs, padding = context.inputs_of(tile)
    own = tile.region.within(inputs)
    inside = tile.region.overlap(mouth_region(stack.spec.mouth, stack.image_shape))
    prepared = {expression: model.prepare(arrays) for expression, arrays in solved.items()}
    face, mouth = ({expression: SquaredErrors() for expression in solved} for _ in range(2))
    held_out = {expression: context.job.holdout.get(expression, ()) for expression in solved}
    for samples in set(held_out.values()):
        n_done = 0
        for block in stack.blocks(samples, n_block):
            seen = stack.read(context.job.input_expression, block, *inputs.slices)
            unchanged = _unit(seen[..., *own])
            for expression in (name for name, its_samples in held_out.items() if its_samples == samples):
                given = shared[expression]["held_out"][n_done : n_done + len(block)] if shared else seen
                outputs = np.clip(model.apply(prepared[expression], given, padding), 0.0, 1.0)
                targets = _unit(stack.read(expression, block, *tile.region.slices))
                model_error, input_error = (outputs - targets) ** 2, (unchanged - targets) ** 2
                face[expression] += _sums(model_error, input_error)
                mouth[expression] += _sums(model_error[..., *inside], input_error[..., *inside])
            n_done += len(block)
    return face, mouth


def _write(draft: WeightDraft, expression: str, arrays: TileArrays, region: Region) -> dict[str, str]:
    checksums: dict[str, str] = {}
    for name, values in arrays.items():
        whole = (slice(None),) * (values.ndim - 2)
        checksums.update(draft.write(expression, name, (*whole, *region.slices), values))
    return checksums


def _unit(images: np.ndarray[Any, np.dtype[Any]]) -> np.ndarray[Any, np.dtype[Any]]:
    """Return images in [0, 1]; stacks hold uint8 in 0..255 or floats that are in [0, 1] already."""
    return images.astype(np.float32) / np.float32(255) if images.dtype == np.uint8 else images


def _sums(model: np.ndarray[Any, Any], unchanged: np.ndarray[Any, Any]) -> SquaredErrors:
    return SquaredErrors(model.size, float(model.sum(dtype=np.float64)), float(unchanged.sum(dtype=np.float64)))
