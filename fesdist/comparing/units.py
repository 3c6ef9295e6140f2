"""Units of a comparison: one entrant that learns one change of expression, the smallest piece that is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from fesdist.comparing.entrants import Entrant
from fesdist.ground.colour import Colour
from fesdist.ground.errors import BadParameterError
from fesdist.training.job import TrainingRequest, define_job, has_shape
from storage.blobs.names import LONGEST_NAME, check_name
from storage.stack.reading import TrainingStack

Direction = Literal["both", "forward", "backward"]


@dataclass(frozen=True)
class Change:
    """From one expression to another."""

    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.before} → {self.after}"

    def model_name(self, entrant: str) -> str:
        """Return the name under which the store keeps what an entrant has learned of this change.

        Expressions whose names would make too long a one are told by their digest, 16 hexadecimal digits.
        """
        ends = f"{self.before}-{self.after}"
        name = f"compare-{entrant}-{ends}"
        return name if len(name) <= LONGEST_NAME else f"compare-{entrant}-{sha256(ends.encode()).hexdigest()[:16]}"


@dataclass(frozen=True)
class Unit:
    """What is trained, measured and stored as a whole."""

    entrant: Entrant
    change: Change
    request: TrainingRequest
    key: str
    """16 hexadecimal digits that are equal for equal images, people, models and settings."""

    def __str__(self) -> str:
        return f"{self.entrant.name}, {self.change}"


def changes_of(
    stack: TrainingStack, direction: Direction, expressions: Sequence[str] | None
) -> dict[str, tuple[Change, ...]]:
    """Return the changes of each direction, "forward" from the stack's input and "backward" to it.

    `expressions` are all targets when None. Raises BadParameterError for an unknown expression, for a stack without
    any, and for a change that nobody held out has, on whom it could be measured.
    """
    before = stack.spec.input_expression
    wanted = stack.targets if expressions is None else tuple(dict.fromkeys(expressions))
    if not wanted:
        raise BadParameterError(f"{stack.path} has no expressions but {before!r}; ingest pairs first")
    for expression in wanted:
        if expression not in stack.targets:
            raise BadParameterError(
                f"expression {expression!r} is not among the targets of {stack.path}; it has {', '.join(stack.targets)}"
            )
        if not len(stack.samples(expression, "holdout")):
            raise BadParameterError(
                f"nobody in {stack.path} is held out with both {before!r} and {expression!r}, so no model could be "
                "measured; ingest more people, or ingest them into a new stack with --holdout 0.2"
            )
    changes = {
        "forward": tuple(Change(before, expression) for expression in wanted),
        "backward": tuple(Change(expression, before) for expression in wanted),
    }
    return {name: found for name, found in changes.items() if direction in ("both", name)}


def make_units(
    stack: TrainingStack, store: str, entrants: Sequence[Entrant], changes: Sequence[Change], colour: Colour
) -> list[Unit]:
    """Return a unit for each entrant and change, entrant by entrant.

    An entrant that joins expressions is trained for all of them at once. Raises BadNameError for a name that the
    store cannot keep, and BadParameterError for a change that nobody can train.
    """
    ends = sorted({expression for change in changes for expression in (change.before, change.after)})
    units = []
    for entrant in entrants:
        for change in changes:
            targets = tuple(end for end in ends if end != change.before) if entrant.joins_expressions else ()
            request = TrainingRequest(
                stack.path,
                store,
                check_name("model", change.model_name(entrant.name)),
                entrant.model,
                colour,
                targets or (change.after,),
                input_expression=change.before,
                shape=entrant.shape,
            )
            units.append(Unit(entrant, change, request, _key(request, stack, change)))
    return units


def _key(request: TrainingRequest, stack: TrainingStack, change: Change) -> str:
    held_out = stack.samples(change.after, "holdout", input_expression=change.before)
    images = stack.fingerprint((change.before, change.after), held_out)
    shape = " with a shape" if has_shape(request.shape, stack.image_shape) else ""
    return sha256(f"{define_job(request, stack).digest()} {images}{shape}".encode()).hexdigest()[:16]
