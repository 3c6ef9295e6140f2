"""What happened to every photograph: one JSON line each, beside the outputs.

Lines are appended while a run goes on, so a run that is killed loses at most the line it was writing. A line that is
torn, or is no record, is ignored. At the end of a run the file is rewritten with one line for each photograph.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import IO, Literal

from filelock import FileLock, Timeout

from fesdist.ground.errors import BadParameterError
from storage.blobs.disk import telling_disk_errors
from storage.blobs.documents import convert
from storage.errors import FormatError

FILE_NAME = "manifest.jsonl"
LOCK_NAME = ".manifest.lock"

Status = Literal["ok", "failed", "skipped"]


@dataclass(frozen=True)
class InputFile:
    """A photograph's file: it is taken for the same while its name, size and time of change are."""

    name: str
    """Path relative to the source, with forward slashes."""
    size: int = 0
    mtime_ns: int = 0

    @classmethod
    def of(cls, root: Path, name: str) -> InputFile:
        """Return the present state of a file; one that cannot be asked has size and time 0."""
        try:
            found = (root / name).stat()
        except OSError:
            return cls(name)
        return cls(name, found.st_size, found.st_mtime_ns)


@dataclass(frozen=True)
class FaceRecord:
    """A face that was worked on in a photograph."""

    eyes: tuple[tuple[float, float], tuple[float, float]]
    """(x, y) of the left one in the image, then of the other, in pixels, as `fesdist.align.face.Eyes`."""
    confidence: float
    turn: tuple[float, float]
    """Real and imaginary part of t: the model's image has at w = x + iy what the photograph has at t w + s."""
    shift: tuple[float, float]
    """The same of s, in pixels."""


@dataclass(frozen=True)
class Record:
    """What became of one photograph with one version and one set of settings."""

    file: InputFile
    status: Status
    reason: str = ""
    """Why it failed or was skipped, or what is doubtful of it; empty when it is ok."""
    outputs: Mapping[str, str] = field(default_factory=dict)
    """Files written, relative to the folder of outputs, by expression."""
    version: str = ""
    settings: str = ""
    """Digest of version and settings, `SynthesisSettings.digest`."""
    seconds: float = 0.0
    sizes: Mapping[str, int] = field(default_factory=dict)
    """Bytes of the files in `outputs`, by expression."""
    faces: tuple[FaceRecord, ...] = ()
    """Those that were found, the largest first; none where photographs are taken to be aligned."""
    stretched: float = 1.0
    """By how much the photograph was made wider for its height, to have the model's proportions."""
    left_alone: int = 0
    """How many faces were found and not worked on."""
    strange: bool = False
    """Whether it does not lie as the photographs that the version learned from."""

    def after(self, earlier: Record | None) -> Record:
        """Return this record with the outputs of an earlier one that still hold."""
        if earlier is None or (earlier.file, earlier.settings) != (self.file, self.settings):
            return self
        return replace(self, outputs={**earlier.outputs, **self.outputs}, sizes={**earlier.sizes, **self.sizes})

    def to_line(self) -> bytes:
        """Return the record as a line of JSON."""
        facts = asdict(self)
        file = facts.pop("file")
        line = json.dumps({"input": file.pop("name"), **file, **facts}, ensure_ascii=False, allow_nan=False)
        # Names of files need not be text; this is the form that json.loads reads back.
        return line.encode("utf-8", "surrogatepass") + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> Record | None:
        """Return the record of a line, or None for a line that is torn or of another kind."""
        try:
            facts = json.loads(line)
            file = {"name": facts.pop("input"), "size": facts.pop("size"), "mtime_ns": facts.pop("mtime_ns")}
            return convert(cls, {**facts, "file": file}, FILE_NAME)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, FormatError):
            return None


class Manifest:
    """The records of a folder of outputs, by photograph; made by `open_manifest`."""

    def __init__(self, path: Path, appending: IO[bytes]) -> None:
        self._path = path
        self._appending = appending
        self._records: dict[str, Record] = {}
        for line in path.read_bytes().splitlines():
            if (record := Record.from_line(line)) is not None:
                self._remember(record)

    def outputs(self, file: InputFile, settings: str) -> Mapping[str, str]:
        """Return the outputs, by expression, that were written from this very file with these settings."""
        record = self._records.get(file.name)
        if record is None or (record.file, record.settings) != (file, settings):
            return {}
        return record.outputs

    def intact_outputs(self, file: InputFile, settings: str) -> dict[str, str]:
        """Return those of `outputs` whose files still have the size with which they were written."""
        return {
            expression: name
            for expression, name in self.outputs(file, settings).items()
            if self._records[file.name].sizes.get(expression) == _size(self._path.parent / name)
        }

    def made_otherwise(self, settings: str) -> tuple[str, ...]:
        """Return the versions whose outputs are in the folder as well, made with other settings than these."""
        others = (record for record in self._records.values() if record.outputs and record.settings != settings)
        return tuple(sorted({record.version for record in others}))

    def append(self, record: Record) -> None:
        """Add a record, and see that it reaches the operating system."""
        self._appending.write(record.to_line())
        self._appending.flush()
        self._remember(record)

    def compact(self) -> None:
        """Rewrite the file, atomically, with the last word on each photograph."""
        scratch = self._path.with_name(f".{FILE_NAME}.{os.getpid()}")
        try:
            scratch.write_bytes(b"".join(self._records[name].to_line() for name in sorted(self._records)))
            scratch.replace(self._path)
        finally:
            scratch.unlink(missing_ok=True)

    def _remember(self, record: Record) -> None:
        self._records[record.file.name] = record.after(self._records.get(record.file.name))


@contextmanager
def open_manifest(out: Path) -> Iterator[Manifest]:
    """Open the manifest in `out`, creating both, for one run at a time; a run that ends well compacts it.

    Raises BadParameterError when another run is writing to the folder, NoSpaceError when the disk is full, and
    StorageError for a folder that must not be written to.
    """
    path = out / FILE_NAME
    with telling_disk_errors(str(out)):
        out.mkdir(parents=True, exist_ok=True)
        lock = FileLock(out / LOCK_NAME, timeout=0)
        try:
            lock.acquire()
        except Timeout:
            raise BadParameterError(
                f"another run is writing to {out}; wait for its end, or choose another folder for the outputs"
            ) from None
        with lock, path.open("ab+") as appending:
            _end_torn_line(appending)
            manifest = Manifest(path, appending)
            yield manifest
            manifest.compact()


def _size(path: Path) -> int:
    """Return the bytes of a file, -1 if there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return -1


def _end_torn_line(file: IO[bytes]) -> None:
    if file.seek(0, os.SEEK_END):
        file.seek(-1, os.SEEK_END)
        if file.read(1) != b"\n":
            file.write(b"\n")
            file.flush()
