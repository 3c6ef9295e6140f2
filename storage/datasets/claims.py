"""Who is working on a draft, so that nobody takes it away from under a run that is going on."""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Event, Lock, Thread

from storage.blobs.documents import decode, encode
from storage.blobs.location import Location
from storage.blobs.provenance import lives, now, seconds_since, where
from storage.errors import FormatError, NotFoundError, StorageError

RENEWAL_SECONDS = 60.0
"""How often a claim is renewed while its block runs."""

FOREIGN_SECONDS = 3600.0
"""How long a claim from another host or container counts that is not renewed: whether its process still lives cannot be
seen from here, and clocks differ."""

_DOCUMENT = "claim.json"

_held: set[str] = set()
"""Names of the claims of this process."""

_renewing = Lock()
"""Held while a claim is renewed, and while the folder that it lies in is removed."""


@dataclass(frozen=True)
class Claim:
    """That a process works on a draft, and when it last said so."""

    host: str
    process: int
    renewed: str
    """ISO 8601, UTC."""
    where: str = ""
    """Host, its start, and its space of processes: only there it is seen whether the process lives. Earlier ones lack
    it."""

    def __post_init__(self) -> None:
        seconds_since(self.renewed)  # or else it is no time


@contextmanager
def claimed(location: Location, folder: str) -> Iterator[str]:
    """Say, for as long as the block runs, that it works on the draft in `folder`; yield the name of the claim."""
    name = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    ended = Event()
    renewing = Thread(target=_renew, args=(location, folder, name, ended), daemon=True)
    _held.add(name)
    try:
        _write(location, folder, name)
        renewing.start()
        yield name
    finally:
        ended.set()
        if renewing.ident is not None:  # it has begun
            renewing.join()
        if name in _held:
            _held.remove(name)
            # One that stays counts no longer than this process lives, elsewhere for an hour; what the block raised is
            # told.
            with suppress(StorageError, OSError):
                location.delete(f"{_claims(folder)}/{name}")


@contextmanager
def ending(name: str | None) -> Iterator[None]:
    """Have no claim written while the block removes a draft's folder, and with it the claim `name` of this process."""
    with _renewing:
        yield
        if name:
            _held.discard(name)


def claimants(location: Location, folder: str, besides: str | None = None) -> list[str]:
    """Return "process N on HOST" for each claim on the draft in `folder` that still counts, but the one `besides`."""
    found = []
    for name in location.list(_claims(folder)):
        if name == besides:
            continue
        try:
            claim = decode(Claim, location.read(f"{_claims(folder)}/{name}/{_DOCUMENT}"), f"claim {name} of {folder}")
        except (NotFoundError, FormatError):
            # Given up since it was listed, or damaged: whoever works renews it within a minute.
            continue
        if _counts(name, claim):
            found.append(f"process {claim.process} on {claim.host}")
    return found


def _counts(name: str, claim: Claim) -> bool:
    if claim.where != where():
        return seconds_since(claim.renewed) < FOREIGN_SECONDS
    if claim.process == os.getpid():
        return name in _held
    return lives(claim.process)


def _renew(location: Location, folder: str, name: str, ended: Event) -> None:
    while not ended.wait(RENEWAL_SECONDS):
        # What keeps a claim from being written hits the run itself as well, which knows better what to say.
        with _renewing, suppress(StorageError, OSError):
            if name not in _held:
                return
            _write(location, folder, name)


def _write(location: Location, folder: str, name: str) -> None:
    claim = Claim(socket.gethostname(), os.getpid(), now(), where())
    location.write(f"{_claims(folder)}/{name}/{_DOCUMENT}", encode(claim, f"claim of {folder}"))


def _claims(folder: str) -> str:
    return f"{folder}/claims"
