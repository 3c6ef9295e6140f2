"""The stack of a run, opened once in each process: to read whose every image is takes long where people are many."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from functools import lru_cache

from fesdist.ground.errors import ClusterError
from fesdist.training.job import TrainingJob
from storage.errors import StorageError
from storage.stack.current import only_current
from storage.stack.reading import TrainingStack


@lru_cache(maxsize=4)
def opened_stack(path: str, fingerprint: str) -> TrainingStack:
    """Return a stack as it was when this process first asked for these images of it; raises as `TrainingStack.open`.

    `fingerprint` tells which images are read, as `TrainingStack.fingerprint` does.
    """
    return TrainingStack.open(path)


def stack_of(job: TrainingJob) -> TrainingStack:
    """Return the stack of a job."""
    return opened_stack(job.stack, job.fingerprint)


def only_current_images(job: TrainingJob, stack: TrainingStack) -> AbstractContextManager[None]:
    """Raise ChangedError after the block if images of a job were deleted or replaced since its stack was opened."""
    return only_current(stack, _images_of(job))


def _images_of(job: TrainingJob) -> Iterator[tuple[str, Iterable[int]]]:
    for group in job.groups:
        for expression in group.expressions:
            samples = {*group.samples, *job.holdout.get(expression, ())}
            yield expression, samples
            yield job.input_expression, samples


def see_stack(path: str, fingerprint: str) -> None:
    """Run on every worker when a run begins: raise ClusterError unless it sees the stack, as it is now."""
    opened_stack.cache_clear()
    try:
        opened_stack(path, fingerprint)
    except StorageError as error:
        raise unseen(error) from error


def unseen(error: StorageError) -> ClusterError:
    """Return the error of a worker that does not see what the client sees."""
    return ClusterError(
        f"a worker on {socket.gethostname()} does not see the client's files ({error}); stack and weights must lie "
        "on a disk that the client and all workers share, under the same path"
    )
