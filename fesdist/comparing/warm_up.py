"""Warming up: kernels are compiled, and libraries loaded, before a training is timed."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from fesdist.cluster.in_process import InProcessCluster
from fesdist.families.common.contract import AnyModel
from fesdist.ground.colour import Colour
from fesdist.training.job import Shape, TrainingRequest
from fesdist.training.run import train
from storage.stack.reading import StackSpec
from storage.stack.writer import PendingSubject, StackWriter

_PEOPLE = 6
_SIDE = 24
_TARGET = "target"


@cache
def warm_up(model: AnyModel, shape: Shape, colour: Colour, spec: StackSpec) -> None:
    """Train `model` once, on a few small images of noise that are otherwise like those of a stack.

    It goes through the very functions that a real training calls, from the stack to the published version, in this
    process, and leaves nothing behind; a process that did so before is warm. Raises what training raises.
    """
    rng = np.random.default_rng(0)
    small = replace(spec, height=_SIDE, width=_SIDE)
    with TemporaryDirectory() as folder:
        stack = Path(folder, "stack")
        with StackWriter.create(stack, small) as writer:
            for number in range(_PEOPLE):
                images = rng.integers(0, 256, (2, *small.image_shape), dtype=np.uint8)
                pair = images if small.dtype == "uint8" else images / 255
                writer.append(
                    [PendingSubject(f"{number}", dict(zip((small.input_expression, _TARGET), pair, strict=True)))]
                )
            writer.assign_holdout(ids=["0"])
        request = TrainingRequest(str(stack), str(Path(folder, "weights")), "warm-up", model, colour, shape=shape)
        # Images this small fit any memory; whether the real ones do is for their own plan to say.
        train(request, InProcessCluster(), memory=sys.maxsize)
