"""`fesdist promote`: let a name such as `production` point at a version."""

from __future__ import annotations

from fesdist.cli.console import say
from fesdist.requests.weights import Promote
from storage.datasets.store import WeightStore


def run(request: Promote) -> int:
    """Move the alias."""
    aliases = WeightStore(request.store).aliases(request.name)
    before = aliases.before(request.alias)
    aliases.promote(request.version, request.alias, note=request.note)
    was = f", before it was {before}" if before else ""
    say(f"{request.name}@{request.alias} is version {request.version}{was}")
    return 0
