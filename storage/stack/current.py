"""Whether images that were read are still those of a stack: who takes one out says so, then overwrites its pixels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from storage.blobs.checksums import checksum
from storage.errors import ChangedError
from storage.stack.format import StackContents
from storage.stack.place import read_root
from storage.stack.reading import TrainingStack


def check_current(stack: TrainingStack, wanted: Iterable[tuple[str, Iterable[int]]]) -> None:
    """Raise `ChangedError` if images, samples of expressions, were deleted or replaced since the stack was opened.

    What was read before this passes is as it was stored. `wanted` is not looked at where nothing at all has changed.
    Raises as `TrainingStack.open` does, too.
    """
    root = read_root(stack.location)
    # Most often: to take apart what is said of thousands of people takes a hundred times as long.
    if checksum(root) == stack.root:
        return
    now = StackContents.decoded(root, stack.path).subjects
    for expression, samples in wanted:
        for sample in samples:
            person = stack.subjects[sample]
            if sample >= len(now) or now[sample].digests.get(expression) != person.digests.get(expression):
                raise ChangedError(
                    f"{expression} of {person.id} was deleted or replaced in {stack.path} while it was read: nothing is"
                    " made of what may be black; run the same command again, with the images that are there now"
                )


@contextmanager
def only_current(stack: TrainingStack, wanted: Iterable[tuple[str, Iterable[int]]]) -> Iterator[None]:
    """Raise `ChangedError` after the block if images, samples of expressions, were deleted or replaced meanwhile.

    What the block has read of them may be black. Whatever else it ends with may come of that as well: pixels without
    their digest, a sample that a worker's stack lacks, something made from them that is gone; so it is told as what it
    is. Else the block's own error is raised.
    """
    try:
        yield
    except Exception:
        check_current(stack, wanted)
        raise
    check_current(stack, wanted)
