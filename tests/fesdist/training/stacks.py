"""Small random stacks for the tests of training, quick to make: noise, and smooth pictures that move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fesdist.shape.warping import Displacement
from storage.stack.reading import StackSpec
from storage.stack.writer import PendingSubject, StackWriter
from tests.fesdist.shape.pictures import places, texture


def write_stack(
    path: Path,
    *,
    people: int = 12,
    side: int = 40,
    channels: int = 3,
    lacking: Mapping[str, Sequence[int]] | None = None,
    expressions: Sequence[str] = ("happy", "sad"),
    seed: int = 0,
    holdout: float = 0.25,
) -> Path:
    """Write a stack of random images; in `lacking`, the people who have no image of an expression."""
    random = np.random.default_rng(seed)
    subjects = []
    for person in range(people):
        neutral = random.integers(0, 256, (channels, side, side), dtype=np.uint8)
        images = {"neutral": neutral}
        for shift, expression in enumerate(expressions, 1):
            if person not in (lacking or {}).get(expression, ()):
                noise = random.integers(0, 20, neutral.shape, dtype=np.uint8)
                images[expression] = np.roll(neutral, shift, axis=2) // 2 + noise
        subjects.append(PendingSubject(f"person{person:02d}", images))
    with StackWriter.create(path, StackSpec(side, side, channels, "uint8", "none")) as writer:
        # As many at once as may be: a person more is all chunks that hold the others written anew.
        for start in range(0, people, writer.batch):
            writer.append(subjects[start : start + writer.batch])
        writer.assign_holdout(holdout, None)
    return path


def moving_face(person: int, true: Mapping[str, Displacement], channels: int = 1) -> dict[str, NDArray[np.uint8]]:
    """Return somebody whose expressions are the neutral face, moved by `true` and brighter to the right."""
    down, right = places(next(iter(true.values())).image_shape)
    seeds = [10 * person + channel for channel in range(channels)]
    images = {"neutral": np.stack([texture(down, right, seed) for seed in seeds])}
    for expression, (by_row, by_col) in ((name, displacement.values) for name, displacement in true.items()):
        moved = np.stack([texture(down + by_row, right + by_col, seed) for seed in seeds])
        images[expression] = np.rint(moved + 20 * right / right.max()).astype(np.uint8)
    return images


def write_moving_stack(
    path: Path,
    true: Mapping[str, Displacement],
    *,
    people: int = 12,
    channels: int = 1,
    dtype: str = "uint8",
    strangers: Sequence[int] = (),
) -> Path:
    """Write a stack of people whose faces move by `true`; those of `strangers` are somebody else in each photograph."""
    shape = next(iter(true.values())).image_shape
    with StackWriter.create(path, StackSpec(*shape, channels, dtype, "none")) as writer:
        for person in range(people):
            images = moving_face(person, true, channels)
            if person in strangers:
                random = np.random.default_rng(person)
                images = {name: random.integers(0, 256, image.shape, dtype=np.uint8) for name, image in images.items()}
            if dtype != "uint8":
                images = {name: image / 255 for name, image in images.items()}
            writer.append([PendingSubject(f"person{person:02d}", images)])
        writer.assign_holdout(0.25, None)
    return path
