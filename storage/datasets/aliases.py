"""Names for versions that move, and never forget where they were: each move is one more numbered document."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

from storage.blobs.documents import decode, encode
from storage.blobs.location import Location
from storage.blobs.names import check_name
from storage.blobs.provenance import now, who
from storage.errors import AlreadyExistsError, FormatError, NotFoundError


@dataclass(frozen=True)
class AliasEntry:
    """One move of an alias; the entry with the highest sequence number counts."""

    sequence: int
    alias: str
    version: int
    action: Literal["promote", "rollback"]
    previous: int | None
    """Sequence number of the entry that a rollback from here returns to; None at the bottom."""
    when: str
    who: str
    note: str = ""


def read_aliases(location: Location, name: str) -> dict[str, int]:
    """Return the version that each alias of a model names now."""
    return {alias: read_head(location, name, alias).version for alias in location.list(f"{name}/aliases")}


def read_history(location: Location, name: str, alias: str) -> list[AliasEntry]:
    """Return all moves of an alias, oldest first; none if it was never promoted."""
    return [_read(location, name, alias, sequence) for sequence in _sequences(location, name, alias)]


def read_head(location: Location, name: str, alias: str) -> AliasEntry:
    """Return the move that counts; raises `NotFoundError` for an alias that was never promoted."""
    sequences = _sequences(location, name, check_name("alias", alias))
    if not sequences:
        known = ", ".join(location.list(f"{name}/aliases")) or "none"
        raise NotFoundError(f"model {name!r} in {location.uri} has no alias {alias!r}; its aliases: {known}")
    return _read(location, name, alias, sequences[-1])


def append_promotion(location: Location, name: str, alias: str, version: int, note: str) -> AliasEntry:
    """Let an alias name `version`, which exists; of two who promote at once, both stay in the history."""
    check_name("alias", alias)
    while True:
        head = max(_sequences(location, name, alias), default=0)
        entry = AliasEntry(head + 1, alias, version, "promote", head or None, now(), who(), note)
        if _appended(location, name, entry):
            return entry


def append_rollback(location: Location, name: str, alias: str) -> AliasEntry:
    """Let an alias name what it named before its last promotion that was not rolled back.

    Promotions are a stack: after promoting 1, 2 and 3, rollbacks lead to 2, to 1, and to `NotFoundError`.
    """
    while True:
        head = read_head(location, name, alias)
        if head.previous is None:
            raise NotFoundError(
                f"alias {alias!r} of model {name!r} names version {head.version} and named nothing before:"
                " there is nothing to roll back to; promote another version instead"
            )
        target = _read(location, name, alias, head.previous)
        entry = AliasEntry(head.sequence + 1, alias, target.version, "rollback", target.previous, now(), who())
        if _appended(location, name, entry):
            return entry


def _appended(location: Location, name: str, entry: AliasEntry) -> bool:
    """Write the next entry, or return False if somebody else was faster."""
    try:
        location.create(_key(name, entry.alias, entry.sequence), encode(asdict(entry), f"alias {entry.alias}"))
    except AlreadyExistsError:
        return False
    return True


def _sequences(location: Location, name: str, alias: str) -> list[int]:
    stems = (file.removesuffix(".json") for file in location.list(f"{name}/aliases/{alias}"))
    return sorted(int(stem) for stem in stems if stem.isdecimal())


def _read(location: Location, name: str, alias: str, sequence: int) -> AliasEntry:
    what = f"entry {sequence} of alias {alias!r} of {name!r} in {location.uri}"
    try:
        return AliasEntry(**decode(location.read(_key(name, alias, sequence)), what))
    except TypeError as error:
        raise FormatError(f"{what} was damaged: a part is missing or unknown ({error})") from error


def _key(name: str, alias: str, sequence: int) -> str:
    return f"{name}/aliases/{alias}/{sequence}.json"
