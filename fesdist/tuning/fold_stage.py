"""Cross-validation in one pass over the images: the tiles, and the errors of all candidates on all folds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from numpy.typing import NDArray

from fesdist.families.common.contract import AnyModel
from fesdist.families.common.validation import CrossValidation
from fesdist.ground.folds import Fold
from fesdist.ground.tiles import Tile, TileGrid
from fesdist.passes.adding_up import AddingUp, added_up
from fesdist.registry import model_from_parameters, model_named
from fesdist.training.folds import Folds
from fesdist.training.job import TrainingJob
from fesdist.training.judged import judged_in, judgement_of
from fesdist.training.opened import only_current_images, stack_of
from fesdist.tuning.beside_input import Beside, BesideInput
from fesdist.tuning.errors import FoldTotals, Validation
from fesdist.tuning.fold_plan import fold_plan, row_step_for
from fesdist.tuning.resources import Resources
from storage.blobs.notes import Notes
from storage.stack.reading import TrainingStack


@dataclass(frozen=True)
class FoldWork:
    """What is judged, and how finely."""

    job: TrainingJob
    """Whose samples are split into folds; its own hyper-parameters and hold-out play no part."""
    parameters: tuple[dict[str, Any], ...]
    """Of each candidate, as `Model.parameters` returns them."""
    folds: tuple[Fold, ...]
    tile_shape: tuple[int, int]
    row_step: int
    in_cells: bool
    """Whether errors are wanted for each cell of the image too."""

    def validation(self) -> BesideInput:
        """Return how the candidates are judged, and the input beside them."""
        candidates = [model_from_parameters(self.job.model, parameters) for parameters in self.parameters]
        inner = cast("CrossValidation[Any]", model_named(self.job.model).cross_validation(candidates))
        return BesideInput(inner, judgement_of(stack_of(self.job), self.row_step, self.in_cells))

    def digest(self) -> str:
        """Return 16 hexadecimal digits that are equal for equal work, whatever the stack's place."""
        shape = [*self.tile_shape, self.row_step, self.in_cells]
        facts = [self.job.digest(), self.parameters, [sorted(fold) for fold in self.folds], shape]
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class FoldStage(AddingUp[Beside]):
    """What a tile tells of all folds and candidates; its samples are read `n_block` at a time."""

    work_on: FoldWork
    n_block: int
    at_once: int = 1

    def find(self, tile: Tile, group: int) -> Any:
        job, of_group, validation = self.work_on.job, self.work_on.job.groups[group], self.work_on.validation()
        stack = stack_of(job)
        folds = Folds.of(self.work_on.folds, stack, of_group.samples)
        with only_current_images(job, stack):  # before what is found is kept
            (found,) = judged_in(tile, [validation], job, stack, of_group, folds, validation.judgement, self.n_block)
        return found

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> Beside:
        return self.work_on.validation().restore(arrays)


def validate_in_one_pass(
    candidates: Sequence[AnyModel],
    validation: CrossValidation[Any],
    job: TrainingJob,
    stack: TrainingStack,
    folds: tuple[Fold, ...],
    resources: Resources,
    row_step: int | None,
    in_cells: bool,
) -> Validation:
    """Return the errors of all candidates and of the input, with those by cell if asked for.

    Raises PlanError for too little memory, and as `results` does.
    """
    fit = job.fit(stack)
    step = 1 if not validation.by_place else row_step_for(stack.image_shape) if row_step is None else row_step
    beside = BesideInput(validation, judgement_of(stack, step, in_cells))
    cluster = resources.cluster
    plan = fold_plan(beside, fit, len(folds), resources.memory, cluster.n_workers, cluster.threads)
    parameters = tuple(model.parameters() for model in candidates)
    work = FoldWork(job, parameters, folds, plan.tile_shape, step, in_cells)
    grid = TileGrid(stack.image_shape, plan.tile_shape)
    notes = Notes(str(resources.scratch.absolute()), "notes")
    title = f"beside-input-{work.digest()}"
    stage = FoldStage(notes, title, grid, len(job.groups), work, plan.n_block, plan.at_once)
    found = added_up(stage, cluster, resources.on_progress)
    errors = [
        beside.errors(total, group.expressions, fit, Folds.of(folds, stack, group.samples).numbers(group.samples))
        for group, total in zip(job.groups, found, strict=True)
    ]
    totals = {
        name: FoldTotals(of_group.squared[:, :, number], of_group.values)
        for group, of_group in zip(job.groups, errors, strict=True)
        for number, name in enumerate(group.expressions)
    }
    cells = [of_group.cells for of_group in errors if of_group.cells is not None]
    return Validation(totals, cells=sum(cells[1:], start=cells[0]) if cells else None, row_step=step)
