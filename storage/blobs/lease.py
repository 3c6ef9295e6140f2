"""One writer at a time in an object store: a lease that its holder renews, and that runs out by the store's own clock.

Leases are numbered documents; the highest number counts, and a number is taken with create-if-absent.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from threading import Event, Thread

from storage.blobs.creation import created, mark, numbers_in
from storage.blobs.documents import decode, encode
from storage.blobs.objects import ObjectLocation
from storage.blobs.provenance import lives, now, where, who
from storage.errors import FormatError, NotFoundError, StorageError

RENEWAL_SECONDS = 30.0
EXPIRY_SECONDS = 300.0
"""How long a lease counts that is not renewed, by the store's clock."""

TRUSTED_SECONDS = 120.0
"""How long its holder counts on it: so much less that nobody else can have it while a request is on its way."""

_held: set[str] = set()
"""Marks of the leases of this process."""


@dataclass(frozen=True)
class _Holder:
    """Who has a lease."""

    where: str
    """Host, its start, and its space of processes: there, and only there, it is seen whether the process lives."""
    process: int
    who: str
    since: str
    """ISO 8601, UTC."""
    mark: str
    given_up: bool = False


class Lease:
    """The held lease of what lies at `what`; documents are kept in `location`, which is for nothing else."""

    def __init__(self, location: ObjectLocation, what: str) -> None:
        self._location = location
        self._what = what
        self._holder = _Holder(where(), os.getpid(), who(), now(), mark())
        asked = _clock()
        number = max(self._numbers(), default=0)
        self._refuse_if_held(number)
        self._key = _key(number + 1)
        if not created(location, self._key, self._encoded()):
            raise StorageError(f"another process has just begun to write to {what}: wait until it has finished")
        # Its number may have been used, given up and removed since it was looked for.
        if max(self._numbers(), default=0) != number + 1:
            location.delete(self._key)
            raise StorageError(f"other processes write to {what}: wait until they have finished")
        self._renewed = asked
        self._ended = Event()
        _held.add(self._holder.mark)
        self._renewing = Thread(target=self._renew, daemon=True)
        self._renewing.start()
        # What is left here the next holder removes.
        with suppress(StorageError):
            for old in self._numbers()[:-1]:
                location.delete(_key(old))

    def check(self) -> None:
        """Raise `StorageError` if the lease may be another's by now, as this process slept or the store was away."""
        if (late := _clock() - self._renewed) > TRUSTED_SECONDS:
            raise StorageError(
                f"this process has not been able to say for {late:.0f} s that it writes to {self._what}, and another"
                " one may do so by now; what was complete is kept: run the same command again"
            )

    def release(self) -> None:
        """Let others write; the document stays, so that its number is not used again."""
        if self._ended.is_set():
            return
        self._ended.set()
        # A renewal that is on its way would come after the word that it is given up, and take it back.
        self._renewing.join()
        _held.discard(self._holder.mark)
        self._holder = replace(self._holder, given_up=True)
        # Who cannot say so keeps others waiting until the lease runs out, and nothing worse.
        with suppress(StorageError):
            self._location.write(self._key, self._encoded())

    def _refuse_if_held(self, number: int) -> None:
        if not number:
            return
        key = _key(number)
        try:
            holder = self._holder_in(key)
            if holder is not None and (holder.given_up or self._dead(holder)):
                return
            left = EXPIRY_SECONDS - self._location.age(key)
        except NotFoundError:
            return
        if left > 0:
            whose = f"somebody may be writing to {self._what}; {self._location.uri}/{key}, which says who, is damaged"
            if holder is not None:
                whose = f"{holder.who}, process {holder.process}, has been writing to {self._what} since {holder.since}"
            raise StorageError(
                f"{whose}: wait until it has finished (if it was killed, its lease runs out in {left:.0f} s)"
            )

    def _holder_in(self, key: str) -> _Holder | None:
        """Return who has the lease under a key, or None where that cannot be read; it runs out all the same."""
        try:
            return decode(_Holder, self._location.read(key), key)
        except FormatError:
            return None

    def _dead(self, holder: _Holder) -> bool:
        """Return whether the holder is of this very machine, and gone."""
        if holder.where != self._holder.where:
            return False
        if holder.process == os.getpid():
            return holder.mark not in _held
        return not lives(holder.process)

    def _renew(self) -> None:
        while not self._ended.wait(RENEWAL_SECONDS):
            asked = _clock()
            if asked - self._renewed > TRUSTED_SECONDS:
                return  # `check` has to find it so from now on: who slept must not take it back from another.
            # What keeps a lease from being renewed hits the writer as well, which knows better what to say.
            with suppress(StorageError):
                self._location.write(self._key, self._encoded())
                self._renewed = asked

    def _encoded(self) -> bytes:
        return encode(self._holder, f"lease of {self._what}")

    def _numbers(self) -> list[int]:
        return numbers_in(self._location.list(""))


def _key(number: int) -> str:
    return f"{number}.json"


def _clock() -> float:
    """Return seconds that go on while the machine sleeps, where it has such a clock."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
