"""Filling a training stack: batches that are stored entirely or not at all, by one writer at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from storage.blobs.disk import telling_disk_errors
from storage.blobs.interrupts import interrupts_afterwards
from storage.blobs.local import LocalLocation
from storage.blobs.location import Location
from storage.blobs.names import FLOWS, check_name
from storage.errors import MismatchError, StorageError
from storage.stack.arrays import StackArrays
from storage.stack.format import StackContents, StackSpec, Subject
from storage.stack.lock import Lock, check_empty, locked, was_locked
from storage.stack.place import ROOT, read_contents, stack_location
from storage.stack.split import assign_split

__all__ = ["AppendOutcome", "PendingSubject", "StackSpec", "StackWriter"]


@dataclass(frozen=True)
class PendingSubject:
    """Images of one person to be stored: for each expression an array (channel, row, col), dtype of the stack."""

    id: str
    images: Mapping[str, NDArray[Any]]
    drop: tuple[float, float] | None = None
    """As `Subject.drop`; that of somebody who is stored already counts."""


@dataclass(frozen=True)
class AppendOutcome:
    """What became of the images of a batch, as (subject id, expression)."""

    added: list[tuple[str, str]] = field(default_factory=list)
    unchanged: list[tuple[str, str]] = field(default_factory=list)
    """The same pixels were stored before."""
    conflicts: list[tuple[str, str]] = field(default_factory=list)
    """Other pixels are stored for this person and expression; they were kept."""


class StackWriter:
    """The only writer of a stack while it is open; use it in a `with` statement.

    A batch is written to the arrays, where nobody looks for it yet, and then committed by replacing the root
    `zarr.json`. Killed at any instant, the stack holds what it held before the batch, or the batch as well.
    """

    def __init__(self, location: Location, lock: Lock, contents: StackContents, arrays: StackArrays) -> None:
        self._location = location
        self._lock = lock
        self._contents = contents
        self._arrays = arrays

    @staticmethod
    def create(path: str | Path, spec: StackSpec) -> StackWriter:
        """Create an empty stack; raises `AlreadyExistsError` if something is there, `StorageError` if locked."""
        location = stack_location(path)
        if not was_locked(location):
            check_empty(location)  # so that no lock is left beside what has never been a stack
        lock = locked(location)
        try:
            check_empty(location)
            contents = StackContents(spec)
            with telling_disk_errors(location.uri):
                return StackWriter(location, lock, contents, StackArrays.create(location, contents))
        except BaseException:
            lock.release()
            raise

    @staticmethod
    def open(path: str | Path) -> StackWriter:
        """Open a stack to append to it; raises `NotFoundError`, `FormatError`, and `StorageError` if locked."""
        location = stack_location(path)
        read_contents(location)
        lock = locked(location)
        try:
            contents = read_contents(location)
            with telling_disk_errors(location.uri):
                arrays = StackArrays(location, contents)
                arrays.remove_uncommitted(contents)
            return StackWriter(location, lock, contents, arrays)
        except BaseException:
            lock.release()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let others write."""
        self._lock.release()

    @property
    def spec(self) -> StackSpec:
        """Return what all images have in common."""
        return self._contents.spec

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """Return whose each sample is so far, in the order of the indices; places of deleted people are nobody's."""
        return self._contents.subjects

    def digest(self, image: NDArray[Any]) -> str:
        """Return the digest of an image (channel, row, col) as this stack has it."""
        return self._contents.digest(image)

    @property
    def batch(self) -> int:
        """Return how many subjects one `append` takes: those of one chunk."""
        return self.spec.chunks()[0]

    def append(
        self, subjects: Sequence[PendingSubject], fraction: float | None = None, ids: Collection[str] | None = None
    ) -> AppendOutcome:
        """Store and commit a batch of people: new ones at the end, new expressions of known ones in their place.

        With `fraction` or `ids` everybody without a side gets one by the same commit, as `assign_holdout` gives it.
        Raises `MismatchError` for a batch that is too large or images that do not fit, `BadNameError` for an
        expression, `NoSpaceError` when the disk is full; the stack is then as it was.
        """
        if len(subjects) > self.batch:
            raise MismatchError(f"a batch of {len(subjects)} subjects was given; expected at most {self.batch}")
        for pending in subjects:
            self._check(pending)
        table = {subject.id: subject for subject in self.subjects}
        slots = {name: slot for slot, name in enumerate(table)}
        outcome = AppendOutcome()
        images: dict[str, dict[int, NDArray[Any]]] = {}
        for pending in subjects:
            person = table.get(pending.id) or Subject(pending.id, drop=pending.drop)
            known = dict(person.digests)
            slot = slots.setdefault(pending.id, len(slots))
            for expression, image in pending.images.items():
                new, old = self.digest(image), known.get(expression)
                if old is None:
                    known[expression] = new
                    images.setdefault(expression, {})[slot] = image
                    outcome.added.append((pending.id, expression))
                else:
                    (outcome.unchanged if old == new else outcome.conflicts).append((pending.id, expression))
            table[pending.id] = replace(person, digests=known)
        if outcome.added:
            people = tuple(table.values())
            sided = people if fraction is None and ids is None else assign_split(people, fraction, ids)
            self.commit(sided, images.items())
        return outcome

    def assign_holdout(self, fraction: float | None = None, ids: Collection[str] | None = None) -> tuple[str, ...]:
        """Put everybody never assigned on a side and return the ids newly held out; see `assign_split`."""
        before = {subject.id for subject in self.subjects if subject.holdout}
        subjects = assign_split(self.subjects, fraction, ids)
        if subjects != self.subjects:
            self.commit(subjects)
        return tuple(subject.id for subject in subjects if subject.holdout and subject.id not in before)

    def check_image(self, subject: str, expression: str, image: NDArray[Any]) -> None:
        """Raise `BadNameError` or `MismatchError` for an image (channel, row, col) that this stack cannot hold."""
        check_name("expression", expression)
        if image.shape != self.spec.image_shape or image.dtype != self.spec.dtype:
            raise MismatchError(
                f"{expression!r} of subject {subject!r} is {image.shape} {image.dtype}; expected"
                f" (channel, row, col) = {self.spec.image_shape} {self.spec.dtype} as in {self._location.uri}"
            )

    def commit(
        self, subjects: tuple[Subject, ...], images: Iterable[tuple[str, Mapping[int, NDArray[Any]]]] = ()
    ) -> None:
        """Store images of expressions, by sample index, in places that were nobody's, then let `subjects` count.

        After a failure only what was committed before counts. What else was written is removed, at the latest by the
        next writer, or lies in places without a digest, which are no images. Raises `NoSpaceError` when the disk is
        full.
        """
        contents = replace(self._contents, subjects=subjects)
        with interrupts_afterwards(), telling_disk_errors(self._location.uri):
            try:
                self._lock.check()
                self._arrays.resize(contents)
                for expression, by_sample in images:
                    self._arrays.write(expression, by_sample)
                self._lock.check()
                self._arrays.commit(contents)
            except (OSError, StorageError):
                self._arrays.stop()
                # Where this fails too the next writer does it, who may be at work already where the lock was lost.
                with suppress(OSError, StorageError):
                    self._lock.check()
                    self._contents = read_contents(self._location)
                    self._arrays.remove_uncommitted(self._contents)
                raise
            self._contents = contents

    def tidy(self) -> None:
        """Remove arrays of expressions that nobody has any more."""
        with interrupts_afterwards(), telling_disk_errors(self._location.uri):
            self._lock.check()
            self._arrays.remove_uncommitted(self._contents)

    def discard(self) -> None:
        """Remove the stack, as if it had never been created; raises `MismatchError` where it has people."""
        if self.subjects:
            raise MismatchError(f"{self._location.uri} has {len(self.subjects)} people; expected a stack without any")
        with interrupts_afterwards(), telling_disk_errors(self._location.uri):
            self._lock.check()
            # The root last: whoever is killed in between leaves an empty stack, which others can open.
            for name in sorted(self._location.list(""), key=lambda name: name == ROOT):
                self._location.delete(name)
        if isinstance(self._location, LocalLocation):
            with suppress(OSError):
                Path(self._location.uri).rmdir()

    def overwrite(self, places: Collection[int]) -> None:
        """Write zeros over what expressions have in `places`, whose digests nobody has committed."""
        black = np.zeros(self.spec.image_shape, self.spec.dtype)
        with interrupts_afterwards(), telling_disk_errors(self._location.uri):
            self._lock.check()
            self._arrays.remove_uncommitted(self._contents)
            of_chunk: dict[int, list[int]] = {}
            for place in sorted(places):
                of_chunk.setdefault(place // self.batch, []).append(place)
            left = [
                (expression, some)
                for expression in self._contents.expressions
                for some in of_chunk.values()
                if self._arrays.holds(expression, some)
            ]
            if left:
                # Found in their pictures, and found again of those who stay.
                self._location.delete(FLOWS)
            for expression, some in left:
                self._arrays.write(expression, dict.fromkeys(some, black))

    def _check(self, pending: PendingSubject) -> None:
        if not (0 < len(pending.id) <= 200 and pending.id.isprintable()):
            raise MismatchError(f"subject id {pending.id!r} was given; expected 1 to 200 printable characters")
        if not pending.images:
            raise MismatchError(f"subject {pending.id!r} was given without an image")
        for expression, image in pending.images.items():
            self.check_image(pending.id, expression, image)
