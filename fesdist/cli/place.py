"""The stack at a place; a weight store that is taken for one is told to be a store."""

from __future__ import annotations

from storage.datasets.store import WeightStore
from storage.errors import NotFoundError
from storage.stack.reading import TrainingStack


def open_stack(place: str) -> TrainingStack:
    """Return the stack; raises `NotFoundError`, which names the models where the place is a weight store."""
    try:
        return TrainingStack.open(place)
    except NotFoundError:
        if not (names := WeightStore(place).names()):
            raise
        raise NotFoundError(
            f"{place} is a weight store, no training stack: expected the name of a version after it, such as {names[0]}"
            f"; its models: {', '.join(names)}"
        ) from None
