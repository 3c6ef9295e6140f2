"""`fesdist history`: every move of a model's aliases, and the versions that were deleted."""

from __future__ import annotations

import json
from dataclasses import asdict

from fesdist.cli.console import say, table
from fesdist.requests.weights import History
from storage.datasets.store import WeightStore


def run(request: History) -> int:
    """List the moves, the oldest first; raises NotFoundError for an alias, or a model, that is unknown."""
    store = WeightStore(request.store)
    aliases = store.aliases(request.name)
    wanted = sorted(aliases) if request.alias is None else [aliases.head(request.alias).alias]
    moves = [move for alias in wanted for move in aliases.history(alias)]
    deleted = store.deleted(request.name) if request.alias is None else []
    if not moves and not deleted:
        store.resolve(request.name)
    if request.json:
        found = {"moves": [asdict(move) for move in moves], "deleted": [asdict(version) for version in deleted]}
        say(json.dumps(found, indent=2))
        return 0
    rows = [[move.alias, move.action, str(move.version), move.when, move.who, move.note] for move in moves]
    rows += [["", "delete", str(one.version), one.deleted, one.deleted_by, one.note] for one in deleted]
    if rows:
        told = [[alias, what, version, when[:16].replace("T", " "), *why] for alias, what, version, when, *why in rows]
        table(("alias", "what", "version", "when", "who", "note"), told)
    else:
        say(f"{request.name} has no aliases and lost no version; `fesdist promote` gives it an alias")
    return 0
