"""What became of a run over a folder of photographs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from fesdist.ground.notices import Kind, Notice, a_few, counted_notice, noticed
from fesdist.images.listing import EXCLUDED
from fesdist.inference.record import Record

MOST_NAMED = 1000
"""Of each kind, photographs and files that are named; all are counted."""

T = TypeVar("T")


class Some(list[T]):
    """The first of many; `n` counts all that were appended."""

    def __init__(self) -> None:
        super().__init__()
        self.n = 0

    def append(self, one: T) -> None:
        """Count it, and keep it if it is among the first."""
        self.n += 1
        if self.n <= MOST_NAMED:
            super().append(one)


@dataclass
class SynthesisSummary:
    """What became of a run."""

    reference: str
    """Name and number of the version that was used."""
    expressions: tuple[str, ...]
    out: Path
    done: int = 0
    """Photographs whose outputs were written by this run."""
    unchanged: int = 0
    """Photographs that had all their outputs before."""
    there: int = 0
    """Images of the others that were there before, made otherwise, and have to be made anew."""
    unrecorded: int = 0
    """The same of which there is no record: a run was interrupted before it wrote one, or they were changed since."""
    n_outputs: int = 0
    """Files written by this run."""
    n_faces: int = 0
    """Faces in them that were found and worked on."""
    stretched: int = 0
    """Photographs that were stretched to the model's proportions."""
    left_alone: int = 0
    """Faces that were found and not worked on: too small, or not asked for."""
    failed: Some[Record] = field(default_factory=Some)
    faceless: Some[Record] = field(default_factory=Some)
    """Photographs in which no face was found that could be worked on."""
    strange: Some[Record] = field(default_factory=Some)
    """Photographs that were left out because they do not lie as those that the version learned from."""
    doubtful: Some[Record] = field(default_factory=Some)
    """The same that were used all the same."""
    blank: Some[Record] = field(default_factory=Some)
    """Photographs that show nothing or too little and were used, and those of which something was made that does."""
    others: Some[str] = field(default_factory=Some)
    """Files in the folder that are no images by their names."""
    left_out: dict[str, str] = field(default_factory=dict)
    """The first files and folders of other programs, which were not looked at, and why."""
    n_left_out: int = 0
    excluded: dict[str, str] = field(default_factory=dict)
    """The first of those that were not looked at because that was asked for."""
    n_excluded: int = 0
    made_otherwise: tuple[str, ...] = ()
    """Versions whose outputs are in the same folder, made with other settings."""
    reached: Mapping[str, float] = field(default_factory=dict)
    """The intensity to which a shape followed, by expression, where more would have folded faces."""
    unmarked: str = ""
    """What is wrong with a table of points that marks none of the photographs."""
    seconds: float = 0.0

    def leave_out(self, name: str, reason: str) -> None:
        """Count a file or folder that was not looked at."""
        if reason.startswith(EXCLUDED):
            self.n_excluded += 1
            kept = self.excluded
        else:
            self.n_left_out += 1
            kept = self.left_out
        if len(kept) < MOST_NAMED:
            kept[name] = reason

    def add(self, record: Record) -> None:
        """Count what became of a photograph."""
        self.done += record.status == "ok"
        self.n_outputs += len(record.outputs)
        self.n_faces += len(record.faces) if record.status == "ok" else 0
        self.left_alone += record.left_alone
        self.stretched += record.status == "ok" and record.stretched != 1
        if record.status == "failed":
            self.failed.append(record)
        elif record.status == "skipped":
            (self.strange if record.strange else self.faceless).append(record)
        elif record.strange:
            self.doubtful.append(record)
        if record.blank and record.status == "ok":
            self.blank.append(record)

    @property
    def notices(self) -> tuple[Notice, ...]:
        """Return what was changed, left out or is in doubt."""
        return (
            *_of_records("failed", "{n photograph} failed", self.failed),
            *_of_records("left out", "{n photograph} without a face that could be worked on", self.faceless),
            *_of_records(
                "left out",
                "{n photograph} left out: not lying as those that the model learned from",
                self.strange,
            ),
            *_of_records(
                "doubtful",
                "{n photograph} made, but perhaps not lying as those that the model learned from",
                self.doubtful,
            ),
            *noticed(
                "doubtful",
                "{n photograph} with a face in bad light, or of which nothing can be seen, or nothing in what was made "
                "of it (what is transparent is taken for white)",
                {record.file.name: a_few(record.blank) for record in self.blank},
                self.blank.n,
            ),
            *noticed("left out", "{n file} not named like images", self.others, self.others.n),
            *noticed("left out", "{n entry} left out", self.left_out, self.n_left_out),
            *counted_notice(
                "changed",
                "{n photograph} stretched, as the model's proportions are others; --align finds the faces, or crop "
                "them first",
                self.stretched,
            ),
            *counted_notice("doubtful", self.unmarked, int(bool(self.unmarked))),
            *noticed(
                "doubtful",
                f"{self.out} also holds images made otherwise (by {{n version}}, or with other settings); give each "
                "its own folder to keep them apart",
                self.made_otherwise,
            ),
            *noticed(
                "changed",
                "{n shape} went less far than asked for, as faces would have been folded beyond that",
                {name: f"to {reached:.2f}" for name, reached in self.reached.items()},
            ),
        )

    @property
    def n_seen(self) -> int:
        """Return of how many photographs it is known what became of them in this run."""
        return self.done + self.failed.n + self.faceless.n + self.strange.n

    def sort(self) -> None:
        """Bring what is listed into the order of names."""
        for records in (self.failed, self.faceless, self.strange, self.doubtful, self.blank):
            records.sort(key=lambda record: record.file.name)
        self.others.sort()
        self.left_out = dict(sorted(self.left_out.items()))
        self.excluded = dict(sorted(self.excluded.items()))


def _of_records(kind: Kind, text: str, records: Some[Record]) -> tuple[Notice, ...]:
    return noticed(kind, text, {record.file.name: record.reason for record in records}, records.n)
