"""One tile, one task: read the samples, solve, measure on held-out people, write whole chunks, sign the receipt."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fesdist.families.common.layout import TileArrays
from fesdist.ground.share import part
from fesdist.ground.status import Status
from fesdist.ground.tiles import Tile
from fesdist.passes.measured import peak_bytes
from fesdist.passes.phases import Clock
from fesdist.passes.stage import Stage
from fesdist.training.context import TaskAddress, TaskContext, open_context
from fesdist.training.image_stage import prepared_for
from fesdist.training.measuring import Shown, held_out_errors, held_people, streamed_people
from fesdist.training.opened import only_current_images
from fesdist.training.plan import TrainingPlan
from fesdist.training.rows_behind import RowsBehind
from fesdist.training.solving import hold_samples, solve_held, solve_streamed
from fesdist.training.tile_report import SquaredErrors, TileReport, receipt_key


@dataclass(frozen=True)
class TileStage(Stage[int, TileReport]):
    """The tiles of a draft, by index, trained as a plan says."""

    address: TaskAddress
    plan: TrainingPlan

    noun: ClassVar[str] = "tile"
    keeps: ClassVar[bool] = True

    @property
    def at_once(self) -> int:
        return self.plan.at_once

    def kept(self, key: int) -> TileReport | None:
        """Return the report of a tile whose receipt and chunks are stored already."""
        context = open_context(self.address)
        signed = context.draft.receipt(receipt_key(key), TileReport)
        if signed is None or not signed.is_of(key, context.job.expressions) or context.draft.check(signed.checksums):
            return None
        return signed

    def work(self, key: int) -> TileReport:
        """Train a tile, sign its receipt, and return its report; running one twice writes the same bytes.

        Raises ChangedError where images that it has read were deleted or replaced.
        """
        context = open_context(self.address)
        with only_current_images(context.job, context.stack):
            report = self._trained(context, key)
        context.draft.put_receipt(report.key, report)
        return report

    def _trained(self, context: TaskContext, key: int) -> TileReport:
        """Train a tile, write its chunks, and return its report."""
        start, clock, tile = time.perf_counter(), Clock(), context.grid[key]
        checksums: dict[str, str] = {}
        statuses: dict[str, dict[Status, int]] = {}
        face: dict[str, SquaredErrors] = {}
        mouth: dict[str, SquaredErrors] = {}
        n_groups = len(context.job.groups)
        for number in range(n_groups):
            with part(number, n_groups), RowsBehind(context.draft, tile.region, context.chunk) as behind:
                solved, people = self._solved(context, tile, number, clock, behind)
                behind.solved(solved, tile.region.shape[0])
                of_face, of_mouth = held_out_errors(context, tile, solved, clock.over("read", people), clock)
                with clock("write"):
                    checksums.update(behind.checksums())
            for expression, arrays in solved.items():
                found, counts = np.unique(arrays["status"], return_counts=True)
                statuses[expression] = {Status(s): int(n) for s, n in zip(found, counts, strict=True)}
            face.update(of_face)
            mouth.update(of_mouth)
        seconds = round(time.perf_counter() - start, 3)
        return TileReport(
            key, checksums, statuses, face, mouth, seconds, peak_bytes(), self.plan.projected_bytes, clock.seconds
        )

    def _solved(
        self, context: TaskContext, tile: Tile, number: int, clock: Clock, behind: RowsBehind
    ) -> tuple[dict[str, TileArrays], Iterator[Shown]]:
        """Return the arrays of a group's expressions, and the people on whom they are measured."""
        group = context.job.groups[number]
        if self.plan.holds:
            with clock("read"):
                held = hold_samples(context, tile, group)
            return solve_held(context, tile, group, held, clock, behind.solved), held_people(context, tile, held)
        prepared = prepared_for(self.address, number)
        solved = solve_streamed(context, tile, group, prepared, self.plan.n_block, clock)
        return solved, streamed_people(context, tile, group.expressions, prepared, self.plan.n_block)

    def called(self, key: int) -> str:
        return str(open_context(self.address).grid[key])
