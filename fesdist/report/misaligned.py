"""Photographs of one person that lie at different places: one over the other, so that it is seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fesdist.cluster.in_process import InProcessCluster
from fesdist.ground.colour import to_gray
from fesdist.inference.intensities import Images, unit_scale
from fesdist.report.pictures import Picture, face, face_picture
from fesdist.training.misaligned import MisalignedPair, misaligned_pairs
from fesdist.training.survey import asked_of, look_at
from storage.datasets.version import WeightVersion
from storage.stack.reading import TrainingStack

MOST_SHOWN = 3


@dataclass(frozen=True)
class MisalignedPerson:
    """A person whose second photograph lies elsewhere than the first."""

    id: str
    where: str
    """Such as "6 % further right"."""
    faces: tuple[tuple[str, Picture], ...]
    """Both photographs, and one over the other, each with its label."""


@dataclass(frozen=True)
class MisalignedPeople:
    """Those whose photographs lie furthest apart, and how many there are."""

    count: int
    shown: tuple[MisalignedPerson, ...]


def misaligned_people(version: WeightVersion, stack: TrainingStack, array_bytes: int) -> dict[str, MisalignedPeople]:
    """Return, for each expression that has any, people who taught it with photographs at different places.

    Each photograph that is asked is read once; `array_bytes` are what images may take meanwhile.
    """
    before = version.input_expression
    taught = {expression: _taught(version, expression, stack) for expression in version.expressions}
    asked = {expression: asked_of(samples) for expression, samples in taught.items()}
    everybody = {sample for samples in asked.values() for sample in samples}
    there = [expression for expression, samples in asked.items() if samples]
    fingerprint = stack.fingerprint((before, *there), sorted(everybody))
    looked_at = look_at(stack, fingerprint, {**asked, before: everybody}, InProcessCluster(), array_bytes)
    found = {
        expression: misaligned_pairs(before, expression, samples, looked_at) for expression, samples in taught.items()
    }
    return {
        expression: MisalignedPeople(
            len(pairs), tuple(_shown(stack, before, expression, pair) for pair in pairs[:MOST_SHOWN])
        )
        for expression, pairs in found.items()
        if pairs
    }


def _taught(version: WeightVersion, expression: str, stack: TrainingStack) -> list[int]:
    ids, both = set(version.manifest.stack.subjects.get(expression, ())), {version.input_expression, expression}
    return [
        number for number, subject in enumerate(stack.subjects) if subject.id in ids and both <= subject.digests.keys()
    ]


def _shown(stack: TrainingStack, before: str, expression: str, pair: MisalignedPair) -> MisalignedPerson:
    rows, cols = (slice(0, side) for side in stack.image_shape)
    first, second = (unit_scale(stack.read(name, [pair.sample], rows, cols)) for name in (before, expression))
    over = np.concatenate([to_gray(first), *[to_gray(second)] * 2], axis=1)
    pictures = ((before, first), (expression, second), ("one over the other", over))
    return MisalignedPerson(
        stack.subjects[pair.sample].id,
        pair.found.in_words(),
        tuple((label, _picture(image)) for label, image in pictures),
    )


def _picture(image: Images) -> Picture:
    return face_picture(face(image[0]))
