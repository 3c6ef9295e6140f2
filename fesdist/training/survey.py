"""Images are read whole and once before any is learned from: against their digests, for how they lie and are lit."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from numpy.typing import NDArray

from fesdist.cluster.settings import Cluster
from fesdist.ground import misalignment
from fesdist.ground.evenly import evenly
from fesdist.ground.exposure import LightMeter
from fesdist.ground.share import Progress
from fesdist.ground.signature import SIDE, Signature, signatures_of
from fesdist.passes.stage import Stage, results
from fesdist.simd.grays import gray_across
from fesdist.training.job import TrainingJob
from fesdist.training.opened import opened_stack
from storage.stack.reading import TrainingStack

MOST_ASKED = 256
"""People whose photographs are looked at closely: more hardly tell more of how photographs lie."""

_AT_WORK = 2
"""Images beside those of a block that are alive while a signature is made of one: of floating point, as integers."""


class Seen(NamedTuple):
    """What is kept of an image that was looked at."""

    signatures: dict[int, Signature]
    """By side."""
    brightness: float
    contrast: float
    """As those of `fesdist.ground.exposure.Light`."""


Survey = Mapping[str, Mapping[int, Seen]]
"""By expression and sample."""


class Block(NamedTuple):
    """Images of an expression that lie in one chunk."""

    expression: str
    samples: tuple[int, ...]
    asked: tuple[int, ...]
    """Those of which something is kept."""


@dataclass(frozen=True)
class SurveyStage(Stage[Block, dict[int, Seen]]):
    """Images as they were stored, or FormatError; the result is small enough to be sent home."""

    stack: str
    fingerprint: str
    """Of what is read in it."""
    array_bytes: int
    """What a task has for images."""
    at_once: int = 1
    """Tasks that have so much in one worker."""

    stops_at_failure: ClassVar[bool] = True

    def work(self, key: Block) -> dict[int, Seen]:
        stack = opened_stack(self.stack, self.fingerprint)
        images = _whole(stack, key) if _room(stack, self.array_bytes) >= 1 else _in_bands(stack, key)
        found = (_seen(bands, stack.image_shape) for bands in images)
        return dict(zip(key.asked, found, strict=True))

    def amount(self, key: Block) -> int:
        return len(key.samples)

    def note(self, key: Block) -> str:
        return "looking at the images"

    def called(self, key: Block) -> str:
        return f"{key.expression} of samples {key.samples[0]} to {key.samples[-1]}"


def _seen(bands: Iterable[NDArray[Any]], shape: tuple[int, int]) -> Seen:
    sides = (SIDE, misalignment.SIDE) if min(shape) >= misalignment.SIDE else (SIDE,)
    meter = LightMeter(shape)
    signatures = signatures_of(meter.passing(bands), sides, gray_across)
    return Seen(signatures, meter.brightness, meter.contrast)


def _whole(stack: TrainingStack, key: Block) -> list[Iterable[NDArray[Any]]]:
    """Return the images that are asked, in one band each; all are read, which compares them."""
    rows, cols = (slice(0, side) for side in stack.image_shape)
    images = dict(zip(key.samples, stack.read(key.expression, key.samples, rows, cols), strict=True))
    return [(images[sample],) for sample in key.asked]


def _in_bands(stack: TrainingStack, key: Block) -> list[Iterable[NDArray[Any]]]:
    """Return the bands of images that are asked and too large to be read whole; all are compared before."""
    for sample in () if _in_objects(stack) else key.samples:
        stack.check(key.expression, sample)
    return [(band[0] for band in stack.bands(key.expression, [sample])) for sample in key.asked]


def survey(
    job: TrainingJob, stack: TrainingStack, cluster: Cluster, array_bytes: int, on_progress: Progress | None = None
) -> Survey:
    """Return what is seen of some of the images that teach, after all of them were compared with their digests.

    Object stores compare what they have with checksums of their own: there only those images are read that are asked.
    Raises FormatError if an image is not as it was stored; else as `results` does.
    """
    taught = {expression: group.samples for group in job.groups for expression in group.expressions}
    inputs = sorted({sample for samples in taught.values() for sample in samples})
    asked = {expression: asked_of(samples) for expression, samples in taught.items()}
    asked[job.input_expression] = sorted({sample for samples in asked.values() for sample in samples})
    whole = {} if _in_objects(stack) else {job.input_expression: inputs, **taught}
    return look_at(stack, job.fingerprint, asked, cluster, array_bytes, whole=whole, on_progress=on_progress)


def look_at(
    stack: TrainingStack,
    fingerprint: str,
    asked: Mapping[str, Collection[int]],
    cluster: Cluster,
    array_bytes: int,
    *,
    whole: Mapping[str, Sequence[int]] | None = None,
    on_progress: Progress | None = None,
) -> Survey:
    """Return what is seen of the samples `asked` of expressions; those of `whole` are read and compared as well.

    `fingerprint` is of all that is read. A worker has `array_bytes` for images. Raises as `survey` does.
    """
    array_bytes //= cluster.threads
    blocks = blocks_of(stack, asked, array_bytes, whole or {})
    found: dict[str, dict[int, Seen]] = {expression: {} for expression in asked}
    stage = SurveyStage(stack.path, fingerprint, array_bytes, cluster.threads)
    for block, part in zip(blocks, results(stage, blocks, cluster, on_progress), strict=True):
        found[block.expression].update(part)
    return found


def blocks_of(
    stack: TrainingStack, asked: Mapping[str, Collection[int]], array_bytes: int, whole: Mapping[str, Sequence[int]]
) -> list[Block]:
    """Return what is read, cut into the tasks of `SurveyStage`: chunks as a whole where there is room for them."""
    at_most, blocks = _images_at_once(stack, array_bytes), []
    for expression, samples in asked.items():
        wanted = set(samples)
        for block in stack.blocks(sorted({*wanted, *whole.get(expression, ())}), at_most):
            read = tuple(block.tolist())
            blocks.append(Block(expression, read, tuple(sample for sample in read if sample in wanted)))
    return blocks


def asked_of(samples: Sequence[int]) -> list[int]:
    """Return those of some samples who are looked at closely, spread over all."""
    return [samples[place] for place in evenly(len(samples), MOST_ASKED)]


def bytes_at_once(stack: TrainingStack, array_bytes: int) -> int:
    """Return the bytes of images that are alive at most in a task that has `array_bytes` for them."""
    return min((_images_at_once(stack, array_bytes) + _AT_WORK) * _image_bytes(stack), array_bytes)


def _in_objects(stack: TrainingStack) -> bool:
    """Return whether a stack lies in an object store, which compares what it has with checksums of its own."""
    return "://" in stack.path


def _images_at_once(stack: TrainingStack, array_bytes: int) -> int:
    """Return how many images a task reads at a time: no more than those of a chunk, and one where there is no room."""
    return min(stack.spec.chunks()[0], max(1, _room(stack, array_bytes)))


def _room(stack: TrainingStack, array_bytes: int) -> int:
    """Return how many whole images a task has room for, beside what is made of one of them."""
    return array_bytes // _image_bytes(stack) - _AT_WORK


def _image_bytes(stack: TrainingStack) -> int:
    rows, cols = stack.image_shape
    return rows * cols * stack.channels * stack.dtype.itemsize
