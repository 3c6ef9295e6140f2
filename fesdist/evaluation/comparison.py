"""People of a stack beside all that a version, and the baselines without a model, make of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fesdist.evaluation.judging import Identities, Judges
from fesdist.evaluation.looks import REAL, Looks
from fesdist.evaluation.scores import MEAN_DIFFERENCE, MODEL, MOVED, REFINED, SYNTHESIZED, UNCHANGED
from fesdist.ground.measures import measure, mouth_region
from fesdist.ground.refinement import Refinement
from fesdist.inference.intensities import unit_scale
from fesdist.inference.loaded import WEIGHT_MEMORY, LoadedVersion
from fesdist.passes.stage import Stage
from storage.datasets.store import WeightStore
from storage.datasets.version import WeightVersion
from storage.stack.reading import TrainingStack

LARGEST_BATCH = 32
"""People compared at once, at most: small images then still give every worker something to do."""

_BYTES_PER_VALUE = 72
"""Bytes alive for each value of an image: seven float32 images, and float64 temporaries of the measures."""

UnitImages = NDArray[np.float32]
"""(sample, channel, row, col) float32 in [0, 1]."""


@dataclass(frozen=True)
class Batch:
    """A few people and the expression to compare: one task."""

    expression: str
    samples: tuple[int, ...]


@dataclass(frozen=True)
class Comparison:
    """What a batch of people should look like, and what each method makes of them."""

    targets: UnitImages
    outputs: Mapping[str, UnitImages]
    """By method, see `scores.METHODS`."""


class Comparer:
    """Compares people of a stack with a version, within `memory` bytes: half of it for weights, a part for images."""

    def __init__(self, stack: TrainingStack, version: WeightVersion, memory: int = 2 * WEIGHT_MEMORY) -> None:
        self.stack = stack
        self.version = version
        self.batch_size = batch_size(stack, memory)
        """People in a batch, at most."""
        self._loaded = LoadedVersion(version, memory=memory // 2)

    def compare(self, batch: Batch) -> Comparison:
        """Return the people of `batch` with the outputs of every method."""
        rows, cols = (slice(0, length) for length in self.stack.image_shape)
        samples = np.array(batch.samples, np.int64)
        images = self.stack.read(self.version.input_expression, samples, rows, cols)
        targets = self.stack.read(batch.expression, samples, rows, cols)
        return Comparison(unit_scale(targets), self.outputs(images, batch.expression))

    def outputs(self, images: NDArray[Any], expression: str) -> dict[str, UnitImages]:
        """Return what every method makes of `images`, (sample, channel, row, col) as the stack holds them.

        The baselines are x and clip(m + d, 0, 1), with m the input as the shape moves it, x itself without one, and d
        the mean difference between target and m of the people that the version was trained on. Raises what
        `LoadedVersion.synthesize` does.
        """
        loaded, inputs = self._loaded, unit_scale(images)
        mean_difference = loaded.checked.read(expression, "mean_difference")
        moved = unit_scale(loaded.moved(images, expression))
        detail = loaded.keeps_detail(expression)
        return {
            UNCHANGED: inputs,
            MEAN_DIFFERENCE: np.clip(moved + mean_difference, 0, 1, dtype=np.float32),
            **({MOVED: moved} if loaded.shapes.present else {}),
            MODEL: loaded.synthesize(images, expression, refine=Refinement.NONE),
            REFINED: loaded.synthesize(images, expression, refine=loaded.refinements[0]),
            SYNTHESIZED: loaded.synthesize(images, expression, detail=detail, relit=True),
        }


def batch_size(stack: TrainingStack, memory: int) -> int:
    """Return how many people to compare at once, at most, so that their images take a quarter of `memory` bytes."""
    rows, cols = stack.image_shape
    image_bytes = stack.channels * rows * cols * _BYTES_PER_VALUE
    return max(1, min(LARGEST_BATCH, memory // 4 // image_bytes))


@dataclass(frozen=True)
class BatchScores:
    """What was measured of a batch."""

    values: Mapping[str, NDArray[np.float64]]
    """By method, as `ExpressionScores.of` takes them."""
    looks: Looks
    identities: Identities


@dataclass(frozen=True)
class ScoreStage(Stage[Batch, BatchScores]):
    """Measures every method on the people of a batch, within `memory` bytes, and what `judges` see in them."""

    stack: str
    store: str
    reference: str
    memory: int
    judges: Mapping[str, Judges]
    """By expression."""

    stops_at_failure: ClassVar[bool] = True

    def work(self, key: Batch) -> BatchScores:
        stack = TrainingStack.open(self.stack)
        comparison = Comparer(stack, WeightStore(self.store).open(self.reference), self.memory).compare(key)
        mouth = mouth_region(stack.spec.mouth, stack.image_shape)
        values = measure(comparison.outputs, comparison.targets, mouth)
        looks, identities = self.judges[key.expression].look({**comparison.outputs, REAL: comparison.targets})
        return BatchScores(values, looks, identities)

    def amount(self, key: Batch) -> int:
        return len(key.samples)

    def note(self, key: Batch) -> str:
        return key.expression
