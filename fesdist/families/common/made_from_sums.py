"""Part of a model that is made from sums: they can be asked for, kept, combined and learned from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar, cast

from fesdist.families.common.contract import Model
from fesdist.families.common.in_memory import Learned, gathered
from fesdist.families.common.layout import Array
from fesdist.families.common.sums import Sums
from fesdist.ground.colour import Colour
from fesdist.ground.errors import BadParameterError

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
