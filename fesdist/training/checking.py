"""The images that teach are compared with their digests first: tiles read parts of them, of which nobody could tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fesdist.cluster.settings import Cluster
from fesdist.passes.stage import Progress, Stage, results
from fesdist.training.job import TrainingJob
from storage.stack.reading import TrainingStack

Images = tuple[str, tuple[int, ...]]
"""An expression, and samples in one chunk."""


@dataclass(frozen=True)
class CheckStage(Stage[Images, int]):
    """Images as they were stored; the result is their number."""

    stack: str

    stops_at_failure: ClassVar[bool] = True

    def work(self, key: Images) -> int:
        expression, samples = key
        TrainingStack.open(self.stack).check(expression, samples)
        return len(samples)

    def amount(self, key: Images) -> int:
        return len(key[1])

    def note(self, key: Images) -> str:
        return "comparing images with their digests"

    def called(self, key: Images) -> str:
        return f"{key[0]} of samples {key[1][0]} to {key[1][-1]}"


def check_images(job: TrainingJob, stack: TrainingStack, cluster: Cluster, on_progress: Progress | None = None) -> None:
    """Raise FormatError if an image that teaches is not as it was stored; else as `results` does.

    Object stores compare what they have with checksums of their own, and reading everything once more would take long.
    """
    if "://" in stack.path:
        return
    inputs = sorted({sample for group in job.groups for sample in group.samples})
    taught = [(expression, group.samples) for group in job.groups for expression in group.expressions]
    keys = [
        (expression, tuple(block.tolist()))
        for expression, samples in [(job.input_expression, inputs), *taught]
        for block in stack.blocks(samples, stack.spec.chunks()[0])
    ]
    results(CheckStage(stack.path), keys, cluster, on_progress)
