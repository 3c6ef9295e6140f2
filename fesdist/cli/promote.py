"""`fesdist promote`: let a name such as `production` point at a version."""

from __future__ import annotations

from fesdist.cli.console import say
from fesdist.requests.weights import Promote
from storage.datasets.store import WeightStore


def run(request: Promote) -> int:
    """Move the alias."""
    store = WeightStore(request.store)
    before = store.aliases(request.name).get(request.alias)
    store.aliases(request.name).promote(request.version, request.alias, note=request.note)
    was = f", before it was version {before}" if before is not None else ""
    say(f"{request.name}@{request.alias} is version {request.version}{was}")
    return 0
