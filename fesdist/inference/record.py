"""What became of one photograph: a record, and the line of JSON that it is kept as."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from storage.blobs.documents import convert
from storage.errors import FormatError

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
            # Of a million files, paths as objects cost as much as asking the disk.
            found = os.stat(os.path.join(root, name))
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
    """Real and imaginary part of t: the model's image has at (x, y) what the photograph has at t x + d y + s."""
    shift: tuple[float, float]
    """The same of s, in pixels."""
    down: tuple[float, float] | None = None
    """The same of d; None, in older records, where it is t turned by a right angle."""


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
    blank: tuple[str, ...] = ()
    """What shows nothing or too little, in a sentence each: the photograph, a face in it, or what was made of it."""

    def after(self, earlier: Record | None) -> Record:
        """Return this record with the outputs of an earlier one that still hold."""
        if earlier is None or (earlier.file, earlier.settings) != (self.file, self.settings):
            return self
        outputs, sizes = {**earlier.outputs, **self.outputs}, {**earlier.sizes, **self.sizes}
        return replace(self, outputs=outputs, sizes=sizes, blank=tuple(dict.fromkeys((*earlier.blank, *self.blank))))

    def to_line(self) -> bytes:
        """Return the record as a line of JSON."""
        facts = asdict(self)
        file = facts.pop("file")
        return json_line({"input": file.pop("name"), **file, **facts})

    @classmethod
    def from_line(cls, line: bytes) -> Record | None:
        """Return the record of a line, or None for a line that is torn or of another kind."""
        try:
            facts = json.loads(line, parse_float=_finite, parse_constant=_finite)
            file = {"name": facts.pop("input"), "size": facts.pop("size"), "mtime_ns": facts.pop("mtime_ns")}
            return convert(cls, {**facts, "file": file}, "a record")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, FormatError):
            return None


def json_line(facts: Mapping[str, Any]) -> bytes:
    """Return a line of the manifest of outputs, as `json.loads` reads it back: names of files need not be text."""
    return json.dumps(facts, ensure_ascii=False, allow_nan=False).encode("utf-8", "surrogatepass") + b"\n"


def _finite(text: str) -> float:
    """Return the number that stands in a line; raises ValueError for one that no line of ours can hold."""
    if not math.isfinite(value := float(text)):
        raise ValueError(f"{text} is no number that can be written")
    return value
