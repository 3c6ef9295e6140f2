"""The errors of all that may be chosen, on people who are left out, in bands of the image: a task each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any, ClassVar

import numpy as np

from fesdist.families.common.contract import AnyModel
from fesdist.families.common.validation import CrossValidation, FoldErrors
from fesdist.ground.share import part, tell
from fesdist.ground.tiles import Tile
from fesdist.passes.stage import Stage
from fesdist.registry import model_from_parameters
from fesdist.training.folds import folds_of, n_folds
from fesdist.training.job import SampleGroup, TrainingJob
from fesdist.training.judged import judged_in, judgement_of
from fesdist.training.opened import stack_of
from fesdist.training.plan import SAMPLES_AT_ONCE
from fesdist.training.sampling import Piece, looked_at
from storage.stack.reading import TrainingStack

SIDES = (64, 32, 16)
"""Of the pieces that are summed at a time, rows and columns."""
PIECE_BYTES = 96 << 20
"""What the sums of a piece may take: no more than a small plan leaves."""
KEPT_BYTES = 64 << 20
"""What a band keeps of the stack where there is room, as pieces beside each other, their mirror images and all
expressions read the same chunks. Three rows of chunks of colour images of 256 x 256, inputs and targets of 192 people,
take 54 MiB."""


@dataclass(frozen=True)
class BandStage(Stage[int, tuple[FoldErrors, ...]]):
    """The errors of all combinations in one band, for each group of expressions; small enough to be sent home."""

    job: TrainingJob
    parameters: tuple[tuple[dict[str, Any], ...], ...]
    """Of the candidates that are judged from the same sums, as `Model.parameters` returns them, and then of those that
    learn from mirror images as well."""
    side: int
    """Of the pieces that are summed at a time."""
    at_once: int = 1
    """Bands for which the memory of a worker has room."""
    kept_bytes: int = 0
    """What each has room for beside the sums of a piece."""

    noun: ClassVar[str] = "band"

    def work(self, key: int) -> tuple[FoldErrors, ...]:
        """Return, for each group, the errors of all candidates in their order."""
        found, stack = [], self.opened()
        for number, group in enumerate(self.job.groups):
            with part(number, len(self.job.groups)):
                found.append(self._judged_band(stack, group, key))
        return tuple(found)

    def note(self, key: int) -> str:
        return "choosing by people left out"

    def called(self, key: int) -> str:
        return f"band {key} of people left out"

    @property
    def bands(self) -> tuple[tuple[Piece, ...], ...]:
        """Return the pieces of each band."""
        return looked_at(stack_of(self.job).image_shape, self.side)

    def opened(self) -> TrainingStack:
        """Return the stack for reading the pieces of a band."""
        stack = stack_of(self.job)
        return stack.keeping(self.kept_bytes) if self.kept_bytes else stack

    def judged_piece(self, stack: TrainingStack, group: SampleGroup, key: int, piece: Piece) -> list[FoldErrors]:
        """Return what a piece of a band tells of the candidates, of all that are judged from the same sums."""
        models = ([model_from_parameters(self.job.model, each) for each in alike] for alike in self.parameters)
        return judged_in(
            Tile(key, piece.region),
            [_validation(alike) for alike in models],
            self.job,
            stack,
            group,
            folds_of(stack, group.samples),
            judgement_of(stack, piece.row_step),
            SAMPLES_AT_ONCE,
        )

    def _judged_band(self, stack: TrainingStack, group: SampleGroup, key: int) -> FoldErrors:
        pieces = self.bands[key]
        found = []
        for number, piece in enumerate(pieces):
            found.append(self.judged_piece(stack, group, key, piece))
            tell((number + 1) / len(pieces))
        return _side_by_side([reduce(add, alike) for alike in zip(*found, strict=True)])


def _validation(models: Sequence[AnyModel]) -> CrossValidation[Any]:
    validation = type(models[0]).cross_validation(models)
    if validation is None:
        raise TypeError(f"model {models[0].name!r} chooses by folds, and so has a cross-validation")
    return validation


def side_of_pieces(by_sums: Sequence[Sequence[AnyModel]], job: TrainingJob, stack: TrainingStack) -> int:
    """Return the side of the pieces that are summed at a time: the largest whose sums are small for any plan.

    It follows from the job alone, as sums of errors may not depend on the machine.
    """
    validation, fit = _validation(by_sums[0]), job.fit(stack)
    for side in SIDES:
        memory = validation.memory(fit, (side, side), min(fit.n_samples, SAMPLES_AT_ONCE), n_folds(fit.n_samples))
        if memory.nbytes <= PIECE_BYTES:
            return side
    return SIDES[-1]


def _side_by_side(found: Sequence[FoldErrors]) -> FoldErrors:
    """Return the errors of all candidates together, of which some saw every person twice."""
    values = found[0].values
    doubled = [each.values.sum() / values.sum() for each in found]
    return FoldErrors(
        np.concatenate([each.squared / times for each, times in zip(found, doubled, strict=True)], axis=1),
        values,
        np.concatenate(
            [each.refined / times for each, times in zip(found, doubled, strict=True) if each.refined is not None]
        ),
    )
