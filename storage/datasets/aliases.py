"""Names for versions that move, and never forget where they were: each move is one more numbered document."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

from storage.blobs.creation import NUMBERS_TRIED, created, mark, numbers_in, too_many
from storage.blobs.documents import decode, encode
from storage.blobs.location import Location
from storage.blobs.names import check_name, is_name
from storage.blobs.provenance import now, who
from storage.datasets.absent import no_such_model
from storage.datasets.manifest import version_numbers
from storage.errors import FormatError, NotFoundError, StorageError


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
    mark: str = field(default="", repr=False)
    """Tells this move from another one of the same content; entries of old may lack it."""


class Aliases(Mapping[str, int]):
    """The aliases of one model: the number of the version that each names now, and how it came there.

    `check_version` raises `NotFoundError` for a version that does not exist.
    """

    def __init__(self, location: Location, name: str, check_version: Callable[[int], None]) -> None:
        self._location = location
        self._name = check_name("model", name)
        self._check_version = check_version

    def __getitem__(self, alias: str) -> int:
        try:
            return self.head(alias).version
        except NotFoundError:
            raise KeyError(alias) from None

    def __iter__(self) -> Iterator[str]:
        return (alias for alias in self._location.list(f"{self._name}/aliases") if is_name("alias", alias))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def broken(self) -> dict[str, str]:
        """Return the aliases that lead to no version, why, and what to do: it is not there, or a move is damaged."""
        lost = {}
        for alias in self:
            try:
                version = self.head(alias).version
            except FormatError as error:
                lost[alias] = f"cannot be read: {error}"
                continue
            except NotFoundError:
                lost[alias] = f"has lost its moves; {self._cure(alias)}"
                continue
            if not self._exists(version):
                lost[alias] = f"names version {version}, which is not there; {self._cure(alias)}"
        return lost

    def readable(self) -> dict[str, int]:
        """Return the version of each alias whose last move can be read."""
        found = {}
        for alias in self:
            with suppress(FormatError, NotFoundError):
                found[alias] = self.head(alias).version
        return found

    def head(self, alias: str) -> AliasEntry:
        """Return the move that counts; raises `NotFoundError` for an alias that was never promoted."""
        sequences = self._sequences(alias)
        if not sequences:
            if not version_numbers(self._location, self._name):
                raise no_such_model(self._location, self._name)
            known = ", ".join(self) or "none"
            raise NotFoundError(
                f"model {self._name!r} in {self._location.uri} has no alias {alias!r}; its aliases: {known}"
            )
        return self._read_needed(alias, sequences[-1])

    def before(self, alias: str) -> str:
        """Return what an alias names, for whoever moves it: "version 3", "" for none, or "one that nobody knows"."""
        try:
            return f"version {self.head(alias).version}"
        except FormatError:
            return "one that nobody knows, as its last move is damaged"
        except NotFoundError:
            return ""

    def readable_history(self, alias: str) -> tuple[list[AliasEntry], dict[int, FormatError]]:
        """Return the moves that can be read, oldest first, and for each other sequence number what is wrong with it.

        Both are empty for an alias that was never promoted.
        """
        moves: list[AliasEntry] = []
        damaged: dict[int, FormatError] = {}
        for sequence in self._sequences(alias):
            try:
                moves.append(self._read(alias, sequence))
            except FormatError as error:
                damaged[sequence] = error
        return moves, damaged

    def promote(self, version: int, alias: str, note: str = "") -> AliasEntry:
        """Let an alias name a version; of two who promote at once, both stay in the history.

        Raises `NotFoundError` if there is no such version; where it was deleted meanwhile, the alias goes back to what
        it named.
        """
        check_name("alias", alias)
        self._check_version(version)
        for _ in range(NUMBERS_TRIED):
            head = max(self._sequences(alias), default=0)
            entry = AliasEntry(head + 1, alias, version, "promote", head or None, now(), who(), note, mark())
            if not self._appended(entry):
                continue
            try:
                # Deleting a version looks for aliases after it said so: one of the two sees the other.
                self._check_version(version)
            except NotFoundError:
                with suppress(StorageError):  # where it named nothing before, or somebody has moved it since
                    self._appended(self._back_from(entry))
                raise
            return entry
        raise too_many(f"alias {alias!r} of {self._name!r}")

    def rollback(self, alias: str) -> AliasEntry:
        """Let an alias name what it named before its last promotion that was not rolled back.

        Promotions are a stack: after promoting 1, 2 and 3, rollbacks lead to 2, to 1, and to `NotFoundError`.
        Versions that were deleted are passed over.
        """
        for _ in range(NUMBERS_TRIED):
            entry = self._back_from(self.head(alias))
            # Asked once more as by `promote`: from a version that was deleted meanwhile it goes on back.
            if self._appended(entry) and self._exists(entry.version):
                return entry
        raise too_many(f"alias {alias!r} of {self._name!r}")

    def _back_from(self, head: AliasEntry) -> AliasEntry:
        """Return the move that undoes the promotion which `head` is, or returned to; raises `NotFoundError`."""
        target = self._existing_below(head)
        return AliasEntry(
            head.sequence + 1, head.alias, target.version, "rollback", target.previous, now(), who(), mark=mark()
        )

    def _existing_below(self, head: AliasEntry) -> AliasEntry:
        entry = head
        while entry.previous is not None:
            entry = self._read_needed(head.alias, entry.previous)
            if self._exists(entry.version):
                return entry
        raise NotFoundError(
            f"alias {head.alias!r} of model {self._name!r} names version {head.version} and named nothing before:"
            " there is nothing to roll back to; promote another version instead"
        )

    def _exists(self, version: int) -> bool:
        try:
            self._check_version(version)
        except NotFoundError:
            return False
        return True

    def _appended(self, entry: AliasEntry) -> bool:
        """Write the next entry, or return False if somebody else was faster."""
        return created(self._location, self._key(entry.alias, entry.sequence), encode(entry, f"alias {entry.alias}"))

    def _sequences(self, alias: str) -> list[int]:
        return numbers_in(self._location.list(f"{self._name}/aliases/{check_name('alias', alias)}"))

    def _read(self, alias: str, sequence: int) -> AliasEntry:
        what = f"entry {sequence} of alias {alias!r} of {self._name!r} in {self._location.uri}"
        entry = decode(AliasEntry, self._location.read(self._key(alias, sequence)), what)
        # Whoever follows the moves downwards must arrive.
        if entry.sequence != sequence or not 0 <= (entry.previous or 0) < sequence:
            raise FormatError(f"{what} says that it is entry {entry.sequence}, after {entry.previous}: it was damaged")
        return entry

    def _read_needed(self, alias: str, sequence: int) -> AliasEntry:
        """Return the move that decides which version is named; what can be done without it is told with its error."""
        try:
            return self._read(alias, sequence)
        except FormatError as error:
            raise FormatError(f"{error}; {self._cure(alias)}") from error

    def _cure(self, alias: str) -> str:
        command = f"fesdist promote {shlex.quote(self._location.uri)} {self._name} VERSION --as {alias}"
        return f"restore that document from a copy, or move the alias with `{command}`"

    def _key(self, alias: str, sequence: int) -> str:
        return f"{self._name}/aliases/{alias}/{sequence}.json"
