"""`fesdist rollback`: let an alias point at the version it had before."""

from __future__ import annotations

from fesdist.cli.console import say
from fesdist.requests.weights import Rollback
from storage.datasets.store import WeightStore


def run(request: Rollback) -> int:
    """Move the alias back."""
    aliases = WeightStore(request.store).aliases(request.name)
    before = aliases.get(request.alias)
    version = aliases.rollback(request.alias).version
    say(f"{request.name}@{request.alias} is version {version} again, before it was version {before}")
    return 0
