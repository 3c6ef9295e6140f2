"""Who wins with the pairs of a stack and some minutes of one thread: Pix2Pix beside MR, on people neither has seen."""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from fesdist import api
from fesdist.evaluation.comparison import Batch, Comparer, Comparison
from fesdist.evaluation.judging import joined_looks, judges_of, teachers_of
from fesdist.evaluation.looks import REAL, Seen
from fesdist.evaluation.scores import MEAN_DIFFERENCE, MODEL, REFINED, UNCHANGED
from fesdist.ground.errors import BadParameterError
from fesdist.ground.measures import MEASURES, REGIONS, measure, mouth_region
from fesdist.inference.intensities import unit_scale
from storage.datasets.store import WeightStore
from storage.stack.reading import TrainingStack
from tests.gans.pix2pix import Pix2Pix, train_for

SIDE = 64

COLUMNS = tuple(f"{region} {name}" for region in REGIONS for name in MEASURES)
"""Distances from the target that are told of every method, the mean over the held-out people."""

_NAMES = {UNCHANGED: UNCHANGED, MEAN_DIFFERENCE: MEAN_DIFFERENCE, MODEL: "MR 5 x 5", REFINED: "MR 5 x 5, refined"}

Progress = Callable[[int, float], None]
"""Steps taken, and seconds that have passed."""


@dataclass(frozen=True)
class ContestRow:
    """A method, what it cost to learn, and its measures in the order of `COLUMNS`."""

    name: str
    seconds: float | None
    """Of the processor, all threads together, compilation included; None for what has nothing to learn."""
    values: tuple[float, ...]
    """Empty for the target itself, which is at no distance from itself."""
    seen: Seen


@dataclass(frozen=True)
class Contest:
    """What was found, and under which conditions."""

    expression: str
    n_training: int
    n_held_out: int
    steps: int
    """Pairs from which Pix2Pix learned, one after the other."""
    rows: tuple[ContestRow, ...]


def compete(stack_path: str, minutes: float, expression: str | None, on_step: Progress) -> Contest:
    """Train MR with the defaults of `train`, and Pix2Pix for `minutes` on one thread; measure both on held-out people.

    `expression` is the first target of the stack when None. Raises BadParameterError for a stack of another size than
    64 x 64, for one without training or held-out people, and for a time that is not positive.
    """
    if not minutes > 0:
        raise BadParameterError(f"{minutes:g} minutes of training; expected a number above 0, for instance 60")
    stack = TrainingStack.open(stack_path)
    if stack.image_shape != (SIDE, SIDE):
        raise BadParameterError(
            f"the images of {stack.path} are {stack.image_shape[0]} x {stack.image_shape[1]}; Pix2Pix is trained at "
            f"{SIDE} x {SIDE}: ingest the photographs once more with --size {SIDE}"
        )
    expression = expression or stack.targets[0]
    known, unseen = (stack.samples(expression, split) for split in ("train", "holdout"))
    if not len(known) or not len(unseen):
        raise BadParameterError(
            f"{stack.path} has {len(known)} people to train {expression!r} and {len(unseen)} held out; expected some "
            "of each: ingest more people, or hold some out with --holdout"
        )
    comparison, mr_seconds = _of_mr(stack, expression, unseen)
    torch.set_num_threads(1)
    pix2pix = Pix2Pix(round(math.log2(SIDE)), stack.channels)
    start = time.process_time()
    steps = train_for(pix2pix, *_pairs(stack, expression, known), 60 * minutes, on_step)
    learned_in = time.process_time() - start
    outputs = {_NAMES[method]: images for method, images in comparison.outputs.items()}
    outputs["Pix2Pix"] = pix2pix.outputs(comparison.outputs[UNCHANGED])
    seconds = {_NAMES[MODEL]: mr_seconds, _NAMES[REFINED]: mr_seconds, "Pix2Pix": learned_in}
    values = values_of(outputs, comparison, stack)
    seen = seen_in({**outputs, REAL: comparison.targets}, stack, expression, unseen)
    rows = tuple(ContestRow(name, seconds.get(name), values.get(name, ()), what) for name, what in seen.items())
    return Contest(expression, len(known), len(unseen), steps, rows)


def values_of(
    outputs: Mapping[str, NDArray[np.float32]], comparison: Comparison, stack: TrainingStack
) -> dict[str, tuple[float, ...]]:
    """Return for each method the distances that `fesdist evaluate` would tell, in the order of `COLUMNS`."""
    mouth = mouth_region(stack.spec.mouth, stack.image_shape)
    found = measure(outputs, comparison.targets, mouth)
    return {method: tuple(values.mean(axis=-1).ravel().tolist()) for method, values in found.items()}


def seen_in(
    faces: Mapping[str, NDArray[np.float32]], stack: TrainingStack, expression: str, samples: NDArray[np.int64]
) -> dict[str, Seen]:
    """Return for each method what `fesdist evaluate` would see in its faces, which are of the people `samples`."""
    judges = judges_of(stack, teachers_of(stack, "holdout"), expression, len(samples))
    ids = [stack.subjects[sample].id for sample in samples]
    looks = joined_looks([judges.look(faces)], ids)
    return {method: looks.seen(method, expression, ids) for method in faces}


def _of_mr(stack: TrainingStack, expression: str, unseen: NDArray[np.int64]) -> tuple[Comparison, float]:
    """Return what MR and the methods without a model make of the people, and how long it learned."""
    with tempfile.TemporaryDirectory(prefix="fesdist-gans-") as folder:
        store = str(Path(folder, "weights"))
        start = time.process_time()
        api.train(stack.path, store, name="mr", model="mr", window=5, expressions=(expression,), workers=0)
        seconds = time.process_time() - start
        comparer = Comparer(stack, WeightStore(store).open("mr"))
        return comparer.compare(Batch(expression, tuple(unseen.tolist()))), seconds


def _pairs(
    stack: TrainingStack, expression: str, samples: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    whole = slice(0, SIDE), slice(0, SIDE)
    before, after = (
        unit_scale(stack.read(name, samples, *whole)) for name in (stack.spec.input_expression, expression)
    )
    return before, after
