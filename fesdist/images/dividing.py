"""An expression that people make in two ways, such as smiles with and without teeth, parted into two expressions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.ground.counting import counted
from fesdist.ground.errors import BadParameterError
from fesdist.ground.kinds import Floats, Kinds, means_of, nearer_kind, two_kinds
from fesdist.ground.measures import mouth_region
from fesdist.ground.units import unit_of
from storage.stack.editing import relabel
from storage.stack.reading import TrainingStack

LEAST_PEOPLE = 5
"""Of each kind: fewer are people whose photographs are odd."""

_GRID = 6, 12
"""Rows and columns of areas of a mouth whose means are compared."""

_LEAST = 1 / 255
"""Of intensities, and of their deviation: what is darker, or plainer, has no colour and no pattern."""

Names = tuple[str, str]


@dataclass(frozen=True)
class Kind:
    """What became of one of the two."""

    name: str
    people: int
    held_out: int


def names_of(expression: str) -> Names:
    """Return what the kinds of an expression are called if nobody says."""
    return f"{expression}-1", f"{expression}-2"


def divide(path: str, expression: str, names: Names) -> tuple[Kind, Kind]:
    """Make two expressions of one, by how the mouth of each person changes; that of the first changes less.

    Who was divided before stays; who came later joins the kind that is nearer. Photographs without an input stay what
    they are. Raises BadParameterError where there are no two kinds, NotFoundError for an unknown expression, and what
    `relabel` does.
    """
    stack = TrainingStack.open(path)
    if len({stack.spec.input_expression, expression, *names}) < 4:
        raise BadParameterError(
            f"{expression} shall become {names[0]} and {names[1]}; expected an expression that is not the stack's "
            f"input, {stack.spec.input_expression}, and two other names for its kinds"
        )
    samples = stack.samples(expression, "all").tolist()
    known = {name: stack.samples(name, "all").tolist() if name in stack.expressions else [] for name in names}
    kinds = dict(zip(samples, _kinds(stack, expression, samples, known), strict=True))
    kinds |= {sample: kind for kind, name in enumerate(names) for sample in known[name] if sample in kinds}
    relabel(path, {expression: {sample: names[kind] for sample, kind in kinds.items()}})
    return _told(path, names)


def unite(path: str, expression: str, names: Names) -> int:
    """Make one expression of its two kinds again, and return of how many people; raises as `relabel` does."""
    stack = TrainingStack.open(path)
    if not (there := [name for name in names if name in stack.expressions]):
        raise BadParameterError(
            f"{path} has neither {names[0]} nor {names[1]}; it has {', '.join(stack.targets)}: say with --names what "
            f"the kinds of {expression} are called"
        )
    whose = {name: [place for place, subject in enumerate(stack.subjects) if name in subject.digests] for name in there}
    relabel(path, {name: dict.fromkeys(places, expression) for name, places in whose.items()})
    return sum(map(len, whose.values()))


def _kinds(stack: TrainingStack, expression: str, samples: Sequence[int], known: Mapping[str, Sequence[int]]) -> Kinds:
    changes = mouth_changes(stack, expression, samples)
    if all(known.values()):
        of_known = [mouth_changes(stack, name, places) for name, places in known.items()]
        numbers = np.repeat([0, 1], [len(each) for each in of_known])
        return nearer_kind(changes, means_of(np.concatenate(of_known), numbers))
    kinds = two_kinds(changes) if len(samples) else np.zeros(0, np.int64)
    few = min((0, 1), key=lambda kind: int((kinds == kind).sum()))
    alone = [stack.subjects[sample].id for sample, kind in zip(samples, kinds, strict=True) if kind == few]
    if len(alone) < LEAST_PEOPLE:
        names = f": {', '.join(alone)}" if alone else ""
        raise BadParameterError(
            f"the mouths of {counted(len(samples), 'person')} with {expression} are not of two kinds: of one there are "
            f"{len(alone)}{names}; expected {LEAST_PEOPLE} or more of each"
        )
    return kinds


def mouth_changes(stack: TrainingStack, expression: str, samples: Sequence[int]) -> Floats:
    """Return what changes in mouths from the input to an expression, (sample, area): means of some areas.

    Of colours that is their saturation, 1 - min / max of the channels: teeth are gray, and skin and lips are not,
    whosever they are and in whatever light. Of gray images it is how many deviations they are from the mouth's mean.
    Raises BadParameterError for images without room for a mouth.
    """
    mouth = mouth_region(stack.spec.mouth, stack.image_shape)
    if 0 in mouth.shape:
        height, width = stack.image_shape
        raise BadParameterError(f"{stack.path} has images of {height} x {width} pixels; expected some for the mouth")
    rows, cols = mouth.slices
    found = [np.empty((0, _GRID[0] * _GRID[1]))]
    for block in stack.blocks(samples, stack.spec.chunks()[0]):
        before, after = (stack.read(name, block, rows, cols) for name in (stack.spec.input_expression, expression))
        found.append(_area_means(after) - _area_means(before))
    return np.concatenate(found)


def _area_means(images: NDArray[Any]) -> Floats:
    values = images / unit_of(images.dtype)
    if values.shape[1] == 1:
        centred = values[:, 0] - values.mean(axis=(1, 2, 3))[:, None, None]
        seen = centred / (values.std(axis=(1, 2, 3))[:, None, None] + _LEAST)
    else:
        seen = 1 - (values.min(axis=1) + _LEAST) / (values.max(axis=1) + _LEAST)
    rows, cols = (_cuts(length, parts) for length, parts in zip(seen.shape[1:], _GRID, strict=True))
    means = [seen[:, down, across].mean(axis=(1, 2), dtype=np.float64) for down in rows for across in cols]
    return np.stack(means, axis=1)


def _cuts(length: int, parts: int) -> Iterable[slice]:
    """Return equal parts of a side; of one shorter than that, its single pixels again and again."""
    starts = [length * part // parts for part in range(parts + 1)]
    return [slice(start, max(stop, start + 1)) for start, stop in pairwise(starts)]


def _told(path: str, names: Names) -> tuple[Kind, Kind]:
    people = TrainingStack.open(path).people

    def kind(name: str) -> Kind:
        theirs = [person for person in people if name in person.digests]
        return Kind(name, len(theirs), sum(person.holdout for person in theirs))

    return kind(names[0]), kind(names[1])
