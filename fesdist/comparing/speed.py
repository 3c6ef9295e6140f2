"""How fast a version makes faces, with its weights in memory."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fesdist.inference.loaded import LoadedVersion
from fesdist.passes.stage import Stage
from storage.datasets.store import WeightStore
from storage.datasets.version import WeightVersion
from storage.stack.reading import TrainingStack

_SECONDS = 0.3
_PASSES = 5
_PEOPLE = 32
"""Faces in a pass, at most."""


@dataclass(frozen=True)
class SpeedStage(Stage[str, float]):
    """The seconds of one face of a version, its key, made from a stack's held-out people on one thread.

    It is a task because the workers of a cluster leave matrix products one thread as well.
    """

    store: str
    stack: str
    expression: str
    memory: int

    stops_at_failure: ClassVar[bool] = True

    def work(self, key: str) -> float:
        return synthesis_seconds(TrainingStack.open(self.stack), WeightStore(self.store).open(key), self)


def synthesis_seconds(stack: TrainingStack, version: WeightVersion, what: SpeedStage) -> float:
    """Return the median of passes over the held-out people, for each of them.

    There are 5 passes or more, for 0.3 seconds or longer, after one that reads the weights into `what.memory` bytes.
    """
    expression, memory = what.expression, what.memory
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
