"""`fesdist history`: every move of a model's aliases, and the versions that were deleted."""

from __future__ import annotations

import json
from dataclasses import asdict

from fesdist.cli.console import minute, say, table, warn
from fesdist.requests.weights import History
from storage.datasets.store import WeightStore


def run(request: History) -> int:
    """List the moves, the oldest first; raises NotFoundError for an alias, or a model, that is unknown."""
    store = WeightStore(request.store)
    aliases = store.aliases(request.name)
    wanted = sorted(aliases) if request.alias is None else [request.alias]
    found = {alias: aliases.readable_history(alias) for alias in wanted}
    moves = [move for known, _ in found.values() for move in known]
    damaged = [(alias, number, str(why)) for alias, (_, lost) in found.items() for number, why in lost.items()]
    deleted = store.deleted(request.name) if request.alias is None else []
    if request.alias is not None and not moves and not damaged:
        aliases.head(request.alias)
    if not moves and not deleted and not damaged:
        store.resolve(request.name)
    if request.json:
        told = {"moves": [asdict(move) for move in moves], "deleted": [asdict(version) for version in deleted]}
        lost = [{"alias": alias, "sequence": number, "why": why} for alias, number, why in damaged]
        say(json.dumps(told | {"damaged": lost}, indent=2))
        return 0
    rows = [[move.alias, move.action, str(move.version), move.when, move.who, move.note] for move in moves]
    rows += [["", "delete", str(one.version), one.deleted, one.deleted_by, one.note] for one in deleted]
    if rows:
        short = [[alias, what, version, minute(when), *why] for alias, what, version, when, *why in rows]
        table(("alias", "what", "version", "when", "who", "note"), short)
    elif not damaged:
        say(f"{request.name} has no aliases and lost no version; `fesdist promote` gives it an alias")
    for _, _, why in damaged:
        warn(f"warning: a move is not listed: {why}; restore that document from a copy, or do without it")
    for alias, why in aliases.broken().items():
        if alias in found:
            warn(f"warning: alias {request.name}@{alias} {why}")
    return 0
