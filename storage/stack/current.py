"""Whether images that were read are still those of a stack: who takes one out says so, then overwrites its pixels."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from storage.errors import ChangedError
from storage.stack.place import read_contents, stack_location
from storage.stack.reading import TrainingStack


def check_current(stack: TrainingStack, wanted: Mapping[str, Collection[int]]) -> None:
    """Raise `ChangedError` if images, samples by expression, were deleted or replaced since the stack was opened.

    What was read before this passes is as it was stored. Raises as `TrainingStack.open` does, too.
    """
    now = read_contents(stack_location(stack.path)).subjects
    for expression, samples in wanted.items():
        for sample in samples:
            person = stack.subjects[sample]
            if sample >= len(now) or now[sample].digests.get(expression) != person.digests[expression]:
                raise ChangedError(
                    f"{expression} of {person.id} was deleted or replaced in {stack.path} while it was read: nothing is"
                    " made of what may be black; run the same command again, with the images that are there now"
                )
