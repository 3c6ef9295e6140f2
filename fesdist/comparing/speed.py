"""How fast a version makes faces, with its weights in memory."""

from __future__ import annotations

import time

import numpy as np

from fesdist.inference.loaded import LoadedVersion
from storage.datasets.store import WeightStore
from storage.stack.reading import TrainingStack

_SECONDS = 0.3
_PASSES = 5
_PEOPLE = 32
"""Faces in a pass, at most."""


def synthesis_seconds(reference: str, store_uri: str, stack_path: str, expression: str, memory: int) -> float:
    """Return the seconds of one face: the median of passes over the held-out people, on one thread.

    There are 5 passes or more, for 0.3 seconds or longer, after one that reads the weights into `memory` bytes. It is
    a task because the workers of a cluster leave matrix products one thread as well.
    """
    stack = TrainingStack.open(stack_path)
    version = WeightStore(store_uri).open(reference)
    rows, cols = stack.image_shape
    samples = stack.samples(expression, "holdout", input_expression=version.input_expression)[:_PEOPLE]
    images = stack.read(version.input_expression, samples, slice(0, rows), slice(0, cols))
    loaded = LoadedVersion(version, memory=memory)
    loaded.synthesize(images, expression)
    passes: list[float] = []
    while sum(passes) < _SECONDS or len(passes) < _PASSES:
        start = time.perf_counter()
        loaded.synthesize(images, expression)
        passes.append(time.perf_counter() - start)
    return float(np.median(passes)) / len(images)
