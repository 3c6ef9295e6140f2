"""What happened to every photograph: one JSON line each, beside the outputs.

Lines are appended while a run goes on, so a run that is killed loses at most the line it was writing. A line that is
torn, or is no record, is ignored. The last line of a photograph counts. A run that had something to notice ends with a
line on that. Where photographs are few, or half of the lines do not count any more, the file is rewritten at the end of
a run with one line for each photograph.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec
from msgspec import Struct

from fesdist.ground.errors import BadParameterError
from fesdist.images.listing import MANIFEST_LOCK_NAME, MANIFEST_NAME
from fesdist.inference.line_index import LineIndex, lines_at
from fesdist.inference.record import InputFile, Record
from fesdist.inference.run_note import MOST_KEPT, RunNote
from storage.blobs.disk import make_folder, telling_disk_errors
from storage.blobs.locks import held_lock

FILE_NAME = MANIFEST_NAME
LOCK_NAME = MANIFEST_LOCK_NAME

_FEW = 4096
"""Photographs whose lines are rewritten after every run, so that people find one of each, and in order."""

_BEGUN = "begun anew, and not finished"


class FolderManifest:
    """The records of a folder of outputs, by photograph; made by `open_manifest`. It holds where they are, not them."""

    def __init__(self, path: Path, appending: IO[bytes], reading: IO[bytes]) -> None:
        self._path = path
        self._appending = appending
        self._reading = reading
        self._index = LineIndex()
        self._groups: dict[tuple[str, str, bool], int] = {}
        self._notes: deque[RunNote] = deque(maxlen=MOST_KEPT)
        self._n_lines = 0
        self._end = 0
        for line in reading:
            if (heading := _Heading.of(line)) is not None:
                self._index.add(heading.input, self._end, self._group(heading))
            elif (note := RunNote.from_line(line)) is not None:
                self._notes.append(note)
            self._n_lines += 1
            self._end += len(line)

    def record(self, name: str) -> Record | None:
        """Return the last word on a photograph, or None."""
        found = None
        for line in lines_at(self._reading, self._index.offsets(name)):
            if (record := Record.from_line(line)) is not None and record.file.name == name:
                found = record.after(found)
        return found

    def outputs(self, file: InputFile, settings: str) -> Mapping[str, str]:
        """Return the outputs, by expression, that were written from this very file with these settings."""
        record = self._made(file, settings)
        return record.outputs if record else {}

    def intact_outputs(self, file: InputFile, settings: str) -> dict[str, str]:
        """Return those of `outputs` whose files still have the size with which they were written."""
        record = self._made(file, settings)
        return {
            expression: name
            for expression, name in (record.outputs.items() if record else ())
            if record and record.sizes.get(expression) == InputFile.of(self._path.parent, name).size
        }

    def replaced(self, file: InputFile, settings: str) -> frozenset[str]:
        """Return the files that were made of a photograph otherwise: with other settings, or as it was before."""
        record = self.record(file.name)
        if record is None or (record.file, record.settings) == (file, settings):
            return frozenset()
        return frozenset(record.outputs.values())

    def begin(self, file: InputFile, names: Collection[str], version: str, settings: str) -> None:
        """Add that these outputs of a photograph are about to be replaced, if they were made otherwise.

        From now on they may be of either kind, and bytes need not tell which: a run that is killed before it has
        recorded them would leave the old word on them.
        """
        if not self.replaced(file, settings).isdisjoint(names):
            self._append(Record(file, "failed", _BEGUN, version=version, settings=settings), None)

    def made_otherwise(self, settings: str) -> tuple[str, ...]:
        """Return the versions whose outputs are in the folder as well, made with other settings than these."""
        names = {number: group for group, number in self._groups.items()}
        found = (names[number] for number in self._index.groups())
        return tuple(sorted({version for other, version, outputs in found if outputs and other != settings}))

    def append(self, record: Record) -> None:
        """Add a record, with the outputs of the one before that still hold; see that it reaches the system."""
        self._append(record, self.record(record.file.name))

    def append_news(self, record: Record) -> None:
        """Add a record unless the last word on its photograph is the same."""
        if (before := self.record(record.file.name)) != record:
            self._append(record, before)

    def conclude(self, note: RunNote) -> None:
        """Add what a run had to notice, unless that is nothing, or what the run before it had."""
        if note.notices and not note.says_no_more_than(self._notes[-1] if self._notes else None):
            self._notes.append(note)
            self._write(note.to_line())

    def _made(self, file: InputFile, settings: str) -> Record | None:
        """Return the last word on a photograph if it is about this very file and these settings."""
        record = self.record(file.name)
        return record if record and (record.file, record.settings) == (file, settings) else None

    def _append(self, record: Record, before: Record | None) -> None:
        whole = record.after(before)
        self._index.add(whole.file.name, self._end, self._group(_Heading.about(whole)))
        self._write(whole.to_line())

    def _write(self, line: bytes) -> None:
        self._appending.write(line)
        self._appending.flush()
        self._n_lines += 1
        self._end += len(line)

    def compact(self) -> None:
        """Rewrite the file, atomically, with the last word on each photograph, where that is little or halves it.

        Of few photographs the lines are in the order of their names then; what runs had to notice comes after them.
        """
        n_names = self._index.n_names
        if n_names > _FEW and self._n_lines < 2 * n_names:
            return
        # The last line of a photograph need not be the whole word on it: an older fesdist did not say it again.
        headings = map(_Heading.of, lines_at(self._reading, self._index.last_offsets()))
        names = (heading.input for heading in headings if heading is not None)
        # One name, as one run at a time is here: what a killed one left is written over.
        scratch = self._path.with_name(f".{FILE_NAME}.partial")
        try:
            with scratch.open("wb") as file:
                for name in sorted(names) if n_names <= _FEW else names:
                    if (record := self.record(name)) is not None:
                        file.write(record.to_line())
                file.writelines(note.to_line() for note in self._notes)
            scratch.replace(self._path)
        finally:
            scratch.unlink(missing_ok=True)

    def _group(self, heading: _Heading) -> int:
        made = heading.settings, heading.version, bool(heading.outputs)
        return self._groups.setdefault(made, len(self._groups))


class _Heading(Struct):
    """What of a line tells whose it is, and in what group of photographs that is since then."""

    input: str
    settings: str = ""
    version: str = ""
    outputs: dict[str, str] = {}

    @classmethod
    def of(cls, line: bytes) -> _Heading | None:
        """Return the heading of a line, or None for a line that is torn or of another kind."""
        try:
            return _headings.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            # Names need not be text; only the slower reader knows those.
            record = Record.from_line(line) if b"\xed" in line else None
        return None if record is None else cls.about(record)

    @classmethod
    def about(cls, record: Record) -> _Heading:
        """Return the heading of a record."""
        return cls(record.file.name, record.settings, record.version, dict(record.outputs))


_headings = msgspec.json.Decoder(_Heading)


@contextmanager
def open_manifest(out: Path) -> Iterator[FolderManifest]:
    """Open the manifest in `out`, creating both, for one run at a time; a run that ends well compacts it.

    Raises BadParameterError when another run is writing to the folder, NoSpaceError when the disk is full, and
    StorageError for a folder that must not be written to.
    """
    path = out / FILE_NAME
    with telling_disk_errors(str(out)):
        make_folder(out)
        lock = held_lock(out / LOCK_NAME)
        if lock is None:
            raise BadParameterError(
                f"another run is writing to {out}; wait for its end, or choose another folder for the outputs"
            )
        try:
            with path.open("ab+") as appending, path.open("rb") as reading:
                _end_torn_line(appending)
                manifest = FolderManifest(path, appending, reading)
                yield manifest
                manifest.compact()
        finally:
            lock.release()


@contextmanager
def read_manifest(out: Path) -> Iterator[FolderManifest]:
    """Open the manifest in `out` as it is, or an empty one; what is added to it is forgotten."""
    path = out / FILE_NAME
    with (
        telling_disk_errors(str(out)),
        open(path if path.exists() else os.devnull, "rb") as reading,
        open(os.devnull, "wb") as forgetting,
    ):
        yield FolderManifest(path, forgetting, reading)


def _end_torn_line(file: IO[bytes]) -> None:
    if file.seek(0, os.SEEK_END):
        file.seek(-1, os.SEEK_END)
        if file.read(1) != b"\n":
            file.write(b"\n")
            file.flush()
