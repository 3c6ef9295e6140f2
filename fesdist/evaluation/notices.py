"""What an evaluation left out, and what makes its scores doubtful."""

from __future__ import annotations

from collections.abc import Iterator

from fesdist.evaluation.document import Evaluation
from fesdist.evaluation.scores import REFINED
from fesdist.ground.letters import escaped
from fesdist.ground.notices import Notice, noticed, worse_than_input
from fesdist.images.summary import of_people_on_both_sides
from fesdist.inference.photographs import Photographs
from storage.stack.reading import TrainingStack


def notices_of(evaluation: Evaluation, stack: TrainingStack, found: Photographs | None) -> tuple[Notice, ...]:
    """Return the notices of an evaluation on people of a stack, and on the photographs that were found."""
    held_out = evaluation.split == "holdout"
    flattered = (
        f"{evaluation.name}@{evaluation.version} was trained on {{n person}} of those held out; the scores flatter it"
    )
    return (
        *noticed("left out", "{n expression} left out", evaluation.left_out),
        # Whoever measures those that were learned from knows that their errors flatter.
        *(noticed("doubtful", flattered, evaluation.trained_on) if held_out else ()),
        *(of_people_on_both_sides(stack.subjects) if held_out else ()),
        *worse_than_input(_changes(evaluation)),
        *_of_photographs(evaluation, found),
    )


def _changes(evaluation: Evaluation) -> dict[str, float]:
    found = {scores.expression: scores.improvement(REFINED, "face") for scores in evaluation.expressions}
    return {name: -improvement for name, improvement in found.items() if improvement is not None}


def _of_photographs(evaluation: Evaluation, found: Photographs | None) -> Iterator[Notice]:
    if found is not None:
        left_out = {escaped(name): reason for name, reason in found.left_out.items()}
        yield from noticed("left out", "{n file} not named like images", map(escaped, found.others))
        yield from noticed("left out", "{n entry} left out", left_out)
    if (outside := evaluation.outside) is not None:
        yield from noticed("left out", "{n photograph} left out", outside.failed)
        yield from noticed("changed", "{n photograph} stretched, as proportions differ", outside.stretched)
        text = "{n photograph} looked at, but perhaps not lying as those that the model learned from"
        yield from noticed("doubtful", text, outside.strange)
