"""Part of a model that is made from sums: they can be asked for, kept, combined and learned from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Generic, TypeVar, cast

import numpy as np

from fesdist.families.common.contract import Model
from fesdist.families.common.in_memory import Learned, gathered
from fesdist.families.common.layout import Array, TileArrays
from fesdist.families.common.pooling import checked_pool
from fesdist.families.common.problem import TileProblem
from fesdist.families.common.samples import Samples
from fesdist.families.common.sums import Sums, added
from fesdist.families.common.validation import Judgement
from fesdist.ground.colour import Colour
from fesdist.ground.errors import BadParameterError
from fesdist.ground.tiles import Padding, Region, Tile

S = TypeVar("S", bound=Sums)


class MadeFromSums(Generic[S]):
    """What models with a `pool` and with mirrored samples share."""

    keeps_sums: ClassVar[bool] = True
    has_evidence: ClassVar[bool] = True
    chosen_by_folds: ClassVar[tuple[str, ...]] = ("ridge", "pool", "mirror")
    pool: int
    mirror: bool

    def sums(
        self,
        inputs: Array,
        targets: Mapping[str, Array],
        subjects: Sequence[str] | None = None,
        colour: Colour = Colour.SHARED,
    ) -> S:
        """Return the sums of whole images in memory; see `gathered` for the arguments."""
        return gathered(cast(Model[S], self), inputs, targets, subjects, colour)

    def learned(self, sums: S) -> Learned:
        """Return the model with what it learns from sums of whole images."""
        model = cast(Model[S], self)
        return Learned(model, model.solve(sums))

    def evidence_of_samples(
        self, problem: TileProblem, samples: Samples, of_fold: Sequence[int], row_step: int
    ) -> dict[str, TileArrays]:
        """Return what sums of each fold tell around one judged row after the other; see `Model.evidence_of_samples`.

        Raises ValueError where the image has no known shape.
        """
        if (image_shape := problem.image_shape) is None:
            raise ValueError(f"{problem.tile}: people can only be left out of an image whose shape is known")
        model, region = cast(Model[S], self), problem.tile.region

        def learned_from(region: Region) -> tuple[Region, Region, Padding]:
            targets = model.targets_of(region, image_shape)
            inputs, padding = model.inputs_of(targets, image_shape)
            return inputs, targets, padding

        all_inputs, all_targets, _ = learned_from(region)
        rows = Judgement(image_shape, (), row_step).rows(region)
        shape = problem.weight_channels, len(rows), region.shape[1]
        found: dict[str, TileArrays] = {name: {} for name in problem.expressions}
        for number, row in enumerate(rows):
            here = Region(row, row + 1, region.col0, region.col1)
            inputs, targets, padding = learned_from(here)
            of_row = replace(problem, tile=Tile(problem.tile.index, here), padding=padding)
            part, folds = samples.within(inputs.within(all_inputs), targets.within(all_targets)), []
            for of_one in part.by_fold(of_fold):
                folds.append(model.gather(of_row, samples.inputs.dtype))
                folds[-1].add(of_one)
            for name, arrays in model.evidence(added(folds), folds, row_step).items():
                for kind, values in arrays.items():
                    found[name].setdefault(kind, np.empty(shape))[:, number] = values[:, 0]
        return found

    def check_beyond_the_papers(self) -> None:
        """Raise BadParameterError for a `pool` or a `mirror` that is none; the pool becomes a plain number."""
        object.__setattr__(self, "pool", checked_pool(self.pool))
        if not isinstance(self.mirror, bool):
            raise BadParameterError(f"mirror {self.mirror!r}; expected True or False")

    def beyond_the_papers(self) -> dict[str, Any]:
        """Return the hyper-parameters that the papers' models lack, where they are not as in the papers."""
        return {name: value for name, value in (("pool", self.pool), ("mirror", self.mirror)) if value}

    def beyond_in_words(self) -> str:
        """Return the same in a few words, for people."""
        pooled = f", pooled over {self.pool} px" if self.pool else ""
        return f"{pooled}, mirrored" if self.mirror else pooled


def same_mirror(candidates: Sequence[MadeFromSums[Any]]) -> bool:
    """Return whether candidates learn from mirrored images; raises BadParameterError where only some do.

    Their sums would be different ones.
    """
    said = {candidate.mirror for candidate in candidates}
    if len(said) > 1:
        raise BadParameterError(
            "candidates with and without mirrored images, whose sums are different ones; give mirror yes or no, and "
            "tune each by itself"
        )
    return said.pop()
