"""`fesdist history`: every move of a model's aliases."""

from __future__ import annotations

import json
from dataclasses import asdict

from fesdist.cli.console import say, table
from fesdist.requests.weights import History
from storage.datasets.store import WeightStore


def run(request: History) -> int:
    """List the moves, the oldest first; raises NotFoundError for an alias that was never promoted."""
    store = WeightStore(request.store)
    if request.alias is not None:
        store.resolve(f"{request.name}@{request.alias}")
    aliases = sorted(store.aliases(request.name)) if request.alias is None else [request.alias]
    moves = {alias: store.alias_history(request.name, alias) for alias in aliases}
    if request.json:
        say(json.dumps({alias: [asdict(move) for move in found] for alias, found in moves.items()}, indent=2))
        return 0
    if not moves:
        say(f"{request.name} has no aliases; `fesdist promote` gives it one")
    for alias, found in moves.items():
        say(f"{request.name}@{alias}")
        table(
            ("version", "by", "when", "who", "note"),
            [(str(move.version), move.action, move.when[:16].replace("T", " "), move.who, move.note) for move in found],
        )
        say()
    return 0
