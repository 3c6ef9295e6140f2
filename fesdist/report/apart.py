"""Photographs of one person that lie at different places: one over the other, so that it is seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fesdist.cluster.in_process import InProcessCluster
from fesdist.cluster.settings import ClusterSettings
from fesdist.ground.colour import to_gray
from fesdist.inference.intensities import Images, unit_scale
from fesdist.report.pictures import Picture, face, face_picture
from fesdist.training.apart import PairApart, pairs_apart
from fesdist.training.survey import asked_of, signatures
from storage.datasets.version import WeightVersion
from storage.stack.reading import TrainingStack

MOST_SHOWN = 3


@dataclass(frozen=True)
class Displaced:
    """A person whose second photograph lies elsewhere than the first."""

    id: str
    where: str
    """Such as "6 % further right"."""
    faces: tuple[tuple[str, Picture], ...]
    """Both photographs, and one over the other, each with its label."""


@dataclass(frozen=True)
class DisplacedPeople:
    """Those who are furthest apart, of all who are."""

    count: int
    shown: tuple[Displaced, ...]


def displaced_people(version: WeightVersion, expression: str, stack: TrainingStack) -> DisplacedPeople | None:
    """Return people who taught an expression with photographs at different places; None where there are none."""
    before, taught = version.input_expression, set(version.manifest.stack.subjects.get(expression, ()))
    samples = [
        number
        for number, subject in enumerate(stack.subjects)
        if subject.id in taught and {before, expression} <= subject.digests.keys()
    ]
    asked = asked_of(samples)
    looked_at = signatures(stack, {before: asked, expression: asked}, InProcessCluster(), ClusterSettings().array_bytes)
    found = pairs_apart(before, expression, samples, looked_at)
    shown = tuple(_shown(stack, before, expression, pair) for pair in found[:MOST_SHOWN])
    return DisplacedPeople(len(found), shown) if found else None


def _shown(stack: TrainingStack, before: str, expression: str, pair: PairApart) -> Displaced:
    rows, cols = (slice(0, side) for side in stack.image_shape)
    first, second = (unit_scale(stack.read(name, [pair.sample], rows, cols)) for name in (before, expression))
    over = np.concatenate([to_gray(first), *[to_gray(second)] * 2], axis=1)
    pictures = ((before, first), (expression, second), ("one over the other", over))
    return Displaced(
        stack.subjects[pair.sample].id,
        pair.found.in_words(),
        tuple((label, _picture(image)) for label, image in pictures),
    )


def _picture(image: Images) -> Picture:
    return face_picture(face(image[0]))
