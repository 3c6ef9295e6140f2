"""What is compared of the photographs of a stack, found in tasks, a band of chunks at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fesdist.cluster.settings import Cluster
from fesdist.ground.signature import Signature, across, signature_of
from fesdist.passes.stage import Progress, Stage, results
from storage.stack.reading import TrainingStack


@dataclass(frozen=True)
class SignatureStage(Stage[tuple[int, ...], dict[int, Signature]]):
    """The signatures of some people's photographs, by sample: few bytes, so that they are found anew by every run."""

    stack: str
    expression: str
    side: int

    stops_at_failure: ClassVar[bool] = True

    def work(self, key: tuple[int, ...]) -> dict[int, Signature]:
        stack = TrainingStack.open(self.stack)
        bands = [[across(image, self.side) for image in band] for band in stack.bands(self.expression, key)]
        of_people = (signature_of(np.concatenate(parts), stack.image_shape[1]) for parts in zip(*bands, strict=True))
        return dict(zip(key, of_people, strict=True))

    def note(self, key: tuple[int, ...]) -> str:
        return "looking how photographs lie"

    def called(self, key: tuple[int, ...]) -> str:
        return f"how the photographs of samples {key[0]} to {key[-1]} lie"


def signatures(
    stack: TrainingStack,
    expression: str,
    samples: Sequence[int],
    side: int,
    cluster: Cluster,
    on_progress: Progress | None = None,
) -> dict[int, Signature]:
    """Return the signatures of photographs of an expression, of `side` rows and columns, by ascending samples.

    Raises as `results` does.
    """
    # All people of a chunk in one task.
    blocks = [tuple(block.tolist()) for block in stack.blocks(samples, stack.spec.chunks()[0])]
    found = results(SignatureStage(stack.path, expression, side), blocks, cluster, on_progress)
    return {sample: signature for part in found for sample, signature in part.items()}
