"""`fesdist delete`: a version, a model or a person goes for ever; numbers, and who deleted them, stay."""

from __future__ import annotations

from fesdist.cli.console import say
from fesdist.ground.counting import counted
from fesdist.ground.errors import BadParameterError
from fesdist.requests.weights import Delete
from storage.datasets.store import WeightStore
from storage.errors import NotFoundError
from storage.stack.editing import delete_person
from storage.stack.reading import TrainingStack


def run(request: Delete) -> int:
    """Delete what is named; raises MismatchError for a version while an alias points at it.

    Raises BadParameterError where it is not plain what is meant.
    """
    if _is_stack(request.store):
        if request.version is not None or request.all:
            raise BadParameterError(f"{request.store} is a training stack; expected the name of a person and no more")
        had = delete_person(request.store, request.name)
        say(f"{request.name} is deleted from {request.store}, with {', '.join(had)}; versions trained before stay")
        return 0
    store = WeightStore(request.store)
    if (request.version is None) != request.all:
        raise BadParameterError(
            "which version shall be deleted? Expected its number, or --all and no number for the whole model "
            f"{request.name!r}"
        )
    if request.version is None:
        gone = store.delete_model(request.name, request.note)
        say(f"{request.name} is deleted, {counted(len(gone), 'version')} of it; no number is used again")
        return 0
    store.delete(request.name, request.version, request.note)
    say(f"{request.name} version {request.version} is deleted; its number is not used again")
    return 0


def _is_stack(place: str) -> bool:
    try:
        TrainingStack.open(place)
    except NotFoundError:
        return False
    return True
