"""Who judges the looks of faces: a classifier of expressions and a search for the person, of real photographs only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.evaluation.classifier import NOTHING, ExpressionClassifier
from fesdist.evaluation.descriptors import describe, identity_rows
from fesdist.evaluation.looks import Looks
from fesdist.evaluation.scores import UNCHANGED
from fesdist.ground.evenly import evenly
from fesdist.ground.measures import REGIONS, gradient_energy, mouth_region
from fesdist.inference.intensities import unit_scale
from storage.stack.format import Split
from storage.stack.reading import TrainingStack

MOST_PHOTOGRAPHS = 128
"""Of an expression that the classifier learns from, at most: every worker teaches its own, in a second or two."""

MOST_OF_ALL = 4096
"""Of all expressions together, at most; their descriptors take 80 MB."""

LEAST_PHOTOGRAPHS = 2

MOST_FACES = 4096
"""Faces whose nearest photograph is sought, at most: the descriptors of all are in memory together, 30 kB a face."""

_BLOCK_VALUES = 1 << 22
"""Values of the photographs that are described at once, at most: 16 MB in float32, or one photograph."""

Identities = Mapping[str, NDArray[np.float16]]
"""Descriptors of the person, (sample, value) of unit length, by method."""


@dataclass(frozen=True)
class Teachers:
    """The real photographs from which the classifier learns; small, as it travels with each task."""

    stack: str
    fingerprint: str
    """Of their images: the stack may have others at another time."""
    samples: tuple[tuple[str, tuple[int, ...]], ...]
    """By expression."""

    @property
    def counts(self) -> dict[str, int]:
        """Return how many photographs there are of each expression."""
        return {expression: len(samples) for expression, samples in self.samples}


def teachers_of(stack: TrainingStack, split: Split) -> Teachers:
    """Return photographs of the people in the training split, of every expression that has two; none for that split.

    A classifier that has seen the photographs on which it judges would flatter them.
    """
    chosen: dict[str, tuple[int, ...]] = {}
    if split != "train":
        most = max(LEAST_PHOTOGRAPHS, min(MOST_PHOTOGRAPHS, MOST_OF_ALL // len(stack.expressions)))
        for expression in stack.expressions:
            known = stack.samples(expression, "train", input_expression=expression)
            if len(known) >= LEAST_PHOTOGRAPHS:
                chosen[expression] = tuple(known[evenly(len(known), most)].tolist())
    everybody = sorted({sample for samples in chosen.values() for sample in samples})
    return Teachers(stack.path, stack.fingerprint(tuple(chosen), everybody), tuple(chosen.items()))


@lru_cache(maxsize=4)
def taught(teachers: Teachers) -> ExpressionClassifier:
    """Return the classifier that learns from some photographs, a few of which are in memory at a time."""
    stack = TrainingStack.open(teachers.stack)
    rows, cols = (slice(0, length) for length in stack.image_shape)
    at_most = max(1, _BLOCK_VALUES // (stack.channels * rows.stop * cols.stop))
    descriptors = {
        expression: np.concatenate(
            [
                describe(unit_scale(stack.read(expression, block, rows, cols)), stack.spec.mouth[0]).expression
                for block in stack.blocks(np.array(samples, np.int64), at_most)
            ]
        )
        for expression, samples in teachers.samples
    }
    return ExpressionClassifier.learn(descriptors)


@dataclass(frozen=True)
class Judges:
    """What is asked of the faces of one expression; small, as it travels with each task."""

    teachers: Teachers
    mouth: tuple[float, float, float, float]
    """As `StackSpec.mouth`."""
    not_measured: tuple[tuple[str, str], ...]
    """Measures that are not taken, and why."""

    def look(self, faces: Mapping[str, NDArray[np.floating[Any]]]) -> tuple[Looks, Identities]:
        """Return what faces look like, and the descriptors by which `with_nearest` finds their persons.

        `faces` are (sample, channel, row, col) floating point in [0, 1], by method.
        """
        reasons = dict(self.not_measured)
        classifier = taught(self.teachers) if "recognised" not in reasons else None
        taken_for: dict[str, tuple[str, ...]] = {}
        identities: dict[str, NDArray[np.float16]] = {}
        energy = {}
        for method, images in faces.items():
            described = describe(images, self.mouth[0])
            if classifier is not None:
                taken_for[method] = classifier.take(described.expression)
            if "identity" not in reasons:
                identities[method] = described.identity.astype(np.float16)
            region = mouth_region(self.mouth, (images.shape[2], images.shape[3]))
            found = gradient_energy(images, region)
            energy[method] = {name: tuple(each.tolist()) for name, each in zip(REGIONS, found, strict=True)}
        return Looks(taken_for, {}, energy, reasons), identities


def judges_of(stack: TrainingStack, teachers: Teachers, expression: str, people: int, noun: str = "people") -> Judges:
    """Return the judges of `people` faces that are to show an expression; what they cannot tell has its reason."""
    reasons = {}
    counts = teachers.counts
    if not counts:
        reasons["recognised"] = "the training split has nobody else, on whose photographs a classifier could learn"
    elif expression not in counts or len(counts) < 2:
        reasons["recognised"] = (
            f"a classifier needs {LEAST_PHOTOGRAPHS} photographs of {expression} and of another expression in the "
            f"training split, which has {', '.join(f'{number} of {name}' for name, number in counts.items())}"
        )
    if people < 2:
        reasons["identity"] = "there is only one face, whose nearest photograph can but be its own"
    elif people > MOST_FACES:
        reasons["identity"] = f"there are {people:,} {noun}; at most {MOST_FACES:,} are compared with each other"
    elif not identity_rows(stack.spec.mouth[0]):
        reasons["identity"] = "the mouth region of the stack leaves nothing of the face above it"
    return Judges(teachers, stack.spec.mouth, tuple(reasons.items()))


def joined_looks(parts: Sequence[tuple[Looks, Identities]], ids: Sequence[str]) -> Looks:
    """Return the looks of the faces of all parts, whose ids are `ids`, with their nearest photographs."""
    looks = Looks.joined([part for part, _ in parts])
    identities = {method: np.concatenate([identities[method] for _, identities in parts]) for method in parts[0][1]}
    return with_nearest(looks, identities, ids)


def with_nearest(looks: Looks, identities: Identities, ids: Sequence[str]) -> Looks:
    """Return looks with whose input photograph is the nearest to each face: argmax over people p of d · d_p.

    d and d_p are descriptors of unit length; those of the inputs are under `UNCHANGED`. A uniform image has none and
    is nobody's.
    """
    if not identities:
        return looks
    known = identities[UNCHANGED].astype(np.float32)
    names = np.array(ids)
    nearest = {}
    for method, descriptors in identities.items():
        found = [
            np.where(block.any(axis=1), names[(block.astype(np.float32) @ known.T).argmax(axis=1)], NOTHING)
            for block in np.array_split(descriptors, -(-len(descriptors) // 256))
        ]
        nearest[method] = tuple(str(name) for part in found for name in part)
    return replace(looks, nearest=nearest)
