"""Small random stacks for the tests of training: smooth enough to look like pictures, quick to make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from storage.stack.reading import StackSpec
from storage.stack.writer import PendingSubject, StackWriter


def write_stack(
    path: Path,
    *,
    people: int = 12,
    side: int = 40,
    channels: int = 3,
    lacking: Mapping[str, Sequence[int]] | None = None,
    expressions: Sequence[str] = ("happy", "sad"),
    seed: int = 0,
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
        # At once: a person more is all chunks that hold the others written anew.
        writer.append(subjects)
        writer.assign_holdout(0.25, None)
    return path
