"""`fesdist delete`: a version goes for ever; its number, and who deleted it, stay."""

from __future__ import annotations

from fesdist.cli.console import say
from fesdist.requests.weights import Delete
from storage.datasets.store import WeightStore


def run(request: Delete) -> int:
    """Delete the version; raises MismatchError while an alias points at it."""
    WeightStore(request.store).delete(request.name, request.version, request.note)
    say(f"{request.name} version {request.version} is deleted; its number is not used again")
    return 0
