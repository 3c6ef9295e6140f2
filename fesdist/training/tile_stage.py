"""One tile, one task: read the samples, solve, measure on held-out people, write whole chunks, sign the receipt."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from fesdist.families.common.footprint import compared_at_once
from fesdist.families.common.image_pass import Prepared
from fesdist.families.common.layout import TileArrays
from fesdist.families.common.problem import TileProblem
from fesdist.ground.measures import mouth_region
from fesdist.ground.status import Status
from fesdist.ground.tiles import Region, Tile
from fesdist.passes.measured import peak_bytes
from fesdist.passes.stage import Stage
from fesdist.training.context import TaskAddress, TaskContext, learned_from, open_context
from fesdist.training.folds import fold_numbers, row_step
from fesdist.training.image_stage import prepared_for
from fesdist.training.job import SampleGroup
from fesdist.training.layout import tile_layouts
from fesdist.training.tile_report import SquaredErrors, TileReport, receipt_key
from storage.datasets.draft import WeightDraft


@dataclass(frozen=True)
class TileStage(Stage[int, TileReport]):
    """The tiles of a draft, by index; its samples are read `n_block` at a time."""

    address: TaskAddress
    n_block: int
    projected_bytes: int

    def kept(self, key: int) -> TileReport | None:
        """Return the report of a tile whose receipt and chunks are stored already."""
        draft = open_context(self.address).draft
        signed = draft.receipt(receipt_key(key), TileReport)
        return signed if signed is not None and not draft.check(signed.checksums) else None

    def work(self, key: int) -> TileReport:
        """Train a tile, sign its receipt, and return its report; running one twice writes the same bytes."""
        context = open_context(self.address)
        start, tile = time.perf_counter(), context.grid[key]
        checksums: dict[str, str] = {}
        statuses: dict[str, dict[Status, int]] = {}
        face: dict[str, SquaredErrors] = {}
        mouth: dict[str, SquaredErrors] = {}
        for number, group in enumerate(context.job.groups):
            prepared = prepared_for(self.address, number)
            solved = _solve(context, tile, group, prepared, self.n_block)
            for expression, arrays in solved.items():
                checksums.update(_write(context.draft, expression, arrays, tile.region))
                found, counts = np.unique(arrays["status"], return_counts=True)
                statuses[expression] = {Status(s): int(n) for s, n in zip(found, counts, strict=True)}
            of_face, of_mouth = _held_out_errors(context, tile, solved, prepared, self.n_block)
            face.update(of_face)
            mouth.update(of_mouth)
        seconds = round(time.perf_counter() - start, 3)
        report = TileReport(key, checksums, statuses, face, mouth, seconds, peak_bytes(), self.projected_bytes)
        context.draft.put_receipt(report.key, report)
        return report

    def called(self, key: int) -> str:
        return str(open_context(self.address).grid[key])


def _solve(
    context: TaskContext, tile: Tile, group: SampleGroup, prepared: Mapping[str, Prepared], n_block: int
) -> dict[str, TileArrays]:
    stack, model, job = context.stack, context.model, context.job
    inputs, targets, padding = learned_from(model, tile.region, stack.image_shape)
    problem = TileProblem(tile, padding, stack.channels, job.colour, group.expressions, prepared, stack.image_shape)
    folds = fold_numbers(stack, group) if model.has_evidence else dict.fromkeys(group.samples, 0)
    gathered = [model.gather(problem, np.dtype(stack.dtype)) for _ in range(1 + max(folds.values()))]
    for places, samples in context.images.blocks(group, inputs, targets, n_block, mirror=model.mirror):
        fold_of = np.array([folds[place] for place in places], np.int64)
        for fold in np.unique(fold_of):
            gathered[fold].add(samples.of(fold_of == fold) if len(gathered) > 1 else samples)
    return _solve_sums(context, tile, group, gathered) if model.has_evidence else model.solve(gathered[0])


def _solve_sums(context: TaskContext, tile: Tile, group: SampleGroup, folds: list[Any]) -> dict[str, TileArrays]:
    """Return what is solved from the sums of all folds, and the evidence of each fold, part by part of the tile."""
    model, step = context.model, row_step(context.stack.image_shape)
    layouts = tile_layouts(model, context.job.fit(context.stack))
    # Zeros, as evidence is in rows that are not judged, and where there is only one person.
    solved = {
        expression: {layout.name: np.zeros(layout.shape(tile.region.shape), layout.dtype) for layout in layouts}
        for expression in group.expressions
    }
    for parts in zip(*(sums.parts() for sums in folds), strict=True):
        place = parts[0].pixels.within(tile.region)
        evidence = model.evidence(parts, step) if len(parts) > 1 else {}
        for of_part in (model.solve(reduce(add, parts)), evidence):
            for expression, arrays in of_part.items():
                for name, values in arrays.items():
                    solved[expression][name][..., *place] = values
    return solved


def _held_out_errors(
    context: TaskContext, tile: Tile, solved: dict[str, TileArrays], prepared: Mapping[str, Prepared], n_block: int
) -> tuple[dict[str, SquaredErrors], dict[str, SquaredErrors]]:
    """Return, for each expression, the sums over the whole tile and over its part of the mouth region.

    A model with an image pass makes its outputs from codes of all held-out people, which are in `prepared`.
    """
    stack, model, images = context.stack, context.model, context.images
    inputs, padding = context.inputs_of(tile)
    own, at_once = tile.region.within(inputs), compared_at_once(stack.channels, tile.region.shape)
    inside = tile.region.overlap(mouth_region(stack.spec.mouth, stack.image_shape))
    ready = {expression: model.prepare(arrays) for expression, arrays in solved.items()}
    face, mouth = ({expression: SquaredErrors() for expression in solved} for _ in range(2))
    held_out = {expression: context.job.holdout.get(expression, ()) for expression in solved}
    for samples in set(held_out.values()):
        n_done = 0
        for block in stack.blocks(samples, n_block):
            alike = [name for name, its_samples in held_out.items() if its_samples == samples]
            # Expressions of one group have their inputs in common: one that has a shape is alone in its group.
            seen = images.inputs(alike[0], block, inputs)
            still = images.photographs(block, tile.region) if alike[0] in images.displacements else seen[..., *own]
            for expression in alike:
                given = prepared[expression].held_out[n_done : n_done + len(block)] if prepared else seen
                wanted = images.targets(expression, block, tile.region)
                for start in range(0, len(block), at_once):
                    part = slice(start, start + at_once)
                    outputs = np.clip(model.apply(ready[expression], given[part], padding), 0.0, 1.0)
                    targets, unchanged = _unit(wanted[part]), _unit(still[part])
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
