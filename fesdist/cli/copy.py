"""`fesdist copy`: a version of one store becomes a version of another."""

from __future__ import annotations

from fesdist.cli.console import say
from fesdist.requests.weights import Copy
from storage.datasets.store import WeightStore


def run(request: Copy) -> int:
    """Copy the version, every document compared with its checksum on both sides."""
    store, other = WeightStore(request.store), WeightStore(request.other)
    source = "@".join(map(str, store.resolve(request.reference)))
    name, number = store.copy(source, other, request.name)
    say(f"{source} of {store.uri} is {name}@{number} of {other.uri}")
    return 0
