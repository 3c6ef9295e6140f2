"""The stage that models with a shape begin with: the flow of every pair, found once and kept in the stack."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fesdist.ground.errors import TileError
from fesdist.passes.stage import Stage
from fesdist.shape.flow import ESTIMATOR, Flow, compared, compared_shape, estimate_flow
from fesdist.shape.judging import ComparedPair
from fesdist.shape.warping import DISPLACEMENTS_KEPT, Displacement
from fesdist.training.job import TrainingJob
from fesdist.training.opened import opened_stack
from storage.blobs.names import FLOWS
from storage.blobs.notes import Notes
from storage.errors import ChangedError, NoSpaceError, StorageError
from storage.stack.current import check_current
from storage.stack.format import digest
from storage.stack.reading import TrainingStack


@dataclass(frozen=True)
class Pair:
    """The images of one person from which a flow is made."""

    before: str
    after: str
    sample: int


@dataclass(frozen=True)
class FlowStage(Stage[tuple[Pair, ...], int]):
    """Flows of pairs that lie in the same chunks; the result is their number, as what is found stays in the stack."""

    stack: str
    fingerprint: str
    """Of what is read in it."""
    at_once: int = 1
    """Batches for which the memory of a worker has room."""

    stops_at_failure: ClassVar[bool] = True

    def work(self, key: tuple[Pair, ...]) -> int:
        stack = opened_stack(self.stack, self.fingerprint)
        new = [pair for pair in key if kept_flow(stack, pair) is None]
        for pair, (flow, images) in zip(new, found_flows(stack, new), strict=True):
            arrays: dict[str, NDArray[Any]] = {"steps": flow.steps, "before": images.inputs, "after": images.target}
            _keep(stack.path, _key(stack, pair), arrays)
        if new:
            _rid_of_those_taken_out(stack, new)
        return len(key)

    def amount(self, key: tuple[Pair, ...]) -> int:
        return len(key)

    def note(self, key: tuple[Pair, ...]) -> str:
        return "comparing pairs for the shape"

    def called(self, key: tuple[Pair, ...]) -> str:
        return f"the shape of {key[0].before} and {key[0].after} of samples {key[0].sample} to {key[-1].sample}"


def _rid_of_those_taken_out(stack: TrainingStack, pairs: Sequence[Pair]) -> None:
    """Raise ChangedError, and remove what was kept of pairs, if some were deleted or replaced since they were read.

    Who deletes them removes what is kept after having said so: one of the two sees the other.
    """
    try:
        check_current(stack, ((name, (pair.sample,)) for pair in pairs for name in (pair.before, pair.after)))
    except ChangedError:
        for pair in pairs:
            _notes(stack.path).remove(_key(stack, pair))
        raise


def batches_of(pairs: Sequence[Pair], stack: TrainingStack) -> list[tuple[Pair, ...]]:
    """Return pairs in the batches of `FlowStage`: those of one chunk together, so that each is unpacked once."""
    of_chunk = stack.spec.chunks()[0]
    batches: dict[tuple[str, str, int], list[Pair]] = {}
    for pair in pairs:
        batches.setdefault((pair.before, pair.after, pair.sample // of_chunk), []).append(pair)
    return [tuple(batch) for batch in batches.values()]


def batch_bytes(stack: TrainingStack) -> int:
    """Return the bytes that a batch takes at most: two rows of chunks of its images, and these reduced."""
    people, channels, band, _ = stack.spec.chunks()
    rows, cols = compared_shape(stack.image_shape)
    return people * channels * (2 * band * stack.image_shape[1] * stack.dtype.itemsize + 2 * 4 * rows * cols)


def pairs_of(job: TrainingJob) -> list[Pair]:
    """Return all pairs from which a job learns its shapes."""
    return [
        Pair(job.input_expression, expression, sample)
        for group in job.groups
        for expression in group.expressions
        for sample in group.samples
    ]


def found_flows(stack: TrainingStack, batch: Sequence[Pair]) -> Iterator[tuple[Flow, ComparedPair]]:
    """Yield the flow of each pair of a batch, found now, and the images from which it was made."""
    if not batch:
        return
    samples = [pair.sample for pair in batch]
    images = (_compared(stack, expression, samples) for expression in (batch[0].before, batch[0].after))
    for before, after in zip(*images, strict=True):
        yield estimate_flow(before, after), ComparedPair(before, after)


def flow_of(stack: TrainingStack, pair: Pair) -> tuple[Flow, ComparedPair]:
    """Return the flow that the stage kept, and the images from which it was made; raises TileError if it is gone."""
    kept = kept_flow(stack, pair)
    if kept is None:
        raise TileError(
            f"the flow of {stack.subjects[pair.sample].id!r} is not in {stack.path}/{FLOWS} any more: it was removed "
            "or damaged while the shape was learned; repeat the same command to find it again"
        )
    return kept


def keep_displacement(stack: str, displacement: Displacement) -> str:
    """Keep a displacement, on the grid of compared images, and return its digest, by which it is found again."""
    values = np.ascontiguousarray(displacement.values, np.float32)
    name = digest(values)
    _keep(stack, f"displacement-{name}", {"displacement": values})
    return name


@lru_cache(maxsize=DISPLACEMENTS_KEPT)
def displacement_of(stack: str, name: str) -> Displacement:
    """Return the displacement of this digest, on its grid; raises TileError where it is not what it was."""
    kept = _notes(stack).get(f"displacement-{name}") or {}
    values = kept.get("displacement")
    if values is None or digest(values) != name:
        raise TileError(
            f"the displacement {name} is not in {stack}/{FLOWS} any more, or damaged; repeat the same command to "
            "learn it again"
        )
    return Displacement(values)


def _keep(stack: str, key: str, arrays: Mapping[str, NDArray[Any]]) -> None:
    try:
        _notes(stack).put(key, arrays)
    except NoSpaceError:
        raise
    except (StorageError, OSError) as error:
        raise TileError(
            f"{error}; what is found in the images of a stack is kept in its folder {FLOWS}: make {stack} writable, "
            "copy it to where it is, or train with --shape no"
        ) from error


def _compared(stack: TrainingStack, expression: str, samples: Sequence[int]) -> NDArray[np.uint8]:
    return compared(stack.bands(expression, samples), stack.image_shape)


def kept_flow(stack: TrainingStack, pair: Pair) -> tuple[Flow, ComparedPair] | None:
    """Return the flow that the stack has of a pair, and the images from which it was made, or None."""
    arrays = _notes(stack.path).get(_key(stack, pair)) or {}
    shape = compared_shape(stack.image_shape)
    steps, before, after = (arrays.get(name) for name in ("steps", "before", "after"))
    if steps is None or before is None or after is None:
        return None
    if not (_is(steps, (2, *shape), np.int16) and _is(before, shape, np.uint8) and _is(after, shape, np.uint8)):
        return None
    return Flow(steps), ComparedPair(before, after)


def _is(values: NDArray[Any], shape: tuple[int, ...], dtype: type[np.generic]) -> bool:
    return values.shape == shape and values.dtype == dtype


def _key(stack: TrainingStack, pair: Pair) -> str:
    """Return a name that follows from the images alone, so that a flow is never another pair's."""
    digests = stack.subjects[pair.sample].digests
    text = f"{ESTIMATOR} {digests[pair.before]} {digests[pair.after]}"
    return f"flow-{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def _notes(stack: str) -> Notes:
    return Notes(f"{stack}/{FLOWS}", "kept")
