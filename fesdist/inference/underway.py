"""A photograph of a run over a folder: its task, the job that it is part of, and what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fesdist.align.face import Face
from fesdist.align.finding import Finding, Found, Placed
from fesdist.align.frame import Placement
from fesdist.ground.blank import TOO_DARK, shown_instead, spoilt_by_light
from fesdist.images.belongings import Belongings, PixelValues
from fesdist.inference.recipe import Recipe
from fesdist.inference.record import FaceRecord, InputFile, Record, Status
from fesdist.inference.settings import SynthesisSettings


@dataclass(frozen=True)
class PhotographTask:
    """One photograph and the files to write, relative to the folder of outputs, by the name of their recipe."""

    file: InputFile
    outputs: Mapping[str, str]
    marked: tuple[Face, ...] = ()
    """What a table of points has of it."""


@dataclass(frozen=True)
class FolderJob:
    """What the batches of a run have in common; small, as it travels with each of them."""

    root: Path
    out: Path
    store: str
    reference: str
    """Name and number of the version, `london@3`; never an alias, which could move during the run."""
    settings: SynthesisSettings
    recipes: Mapping[str, Recipe]
    """By name, which is that of an expression unless several are mixed."""
    finding: Finding | None
    """None if photographs are aligned."""
    digest: str
    memory: int
    """Bytes that a worker may use: half for weights, three eighths for the images of a group."""
    threads: int


def for_weights(memory: int) -> int:
    """Return how many bytes of a worker's `memory` are for weights."""
    return memory // 2


@dataclass
class Underway:
    """A photograph on its way, from its task to its record."""

    task: PhotographTask
    inputs: NDArray[np.uint8] = field(default_factory=lambda: np.empty((0, 0, 0, 0), np.uint8))
    """Its faces at the model's size, (face, channel, row, col); none if it cannot be used."""
    full: PixelValues = field(default_factory=lambda: np.empty((0, 0, 0), np.uint8))
    """(channel, row, col) at its own size, if the outputs shall have that size."""
    belongings: Belongings = field(default_factory=Belongings)
    found: Found = field(default_factory=Found)
    """Where its faces are, if it was not taken to be aligned."""
    placements: tuple[Placement, ...] = ()
    """The same in `full`."""
    stretched: float = 1.0
    written: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    status: Status = "ok"
    reason: str = ""
    strange: bool = False
    blank: list[str] = field(default_factory=list)

    def refuse(self, status: Status, reason: str) -> None:
        """Enter that it cannot be used, or not written."""
        self.status, self.reason = status, reason

    def look_at(self, name: str, picture: PixelValues) -> None:
        """Enter `name`, what a picture is of, if that shows nothing."""
        if instead := shown_instead(picture):
            self.blank.append(f"{name} is {instead}")

    def look_at_faces(self, faces: NDArray[np.uint8], *, movable: bool, lightable: bool, lit: bool) -> None:
        """Enter faces, (face, channel, row, col), that the light has spoilt.

        `movable` ones can do without colours; dark ones do no harm if they are `lit` for the model, which is possible
        if they are `lightable`.
        """
        if self.blank:
            return
        keep = "; --texture 0 keeps its colours, and only moves it" if movable else ""
        helps = {TOO_DARK: "; --light auto shows it to the model in a better light"} if lightable else {}
        spoilt = sorted(set(map(spoilt_by_light, faces)) - {"", TOO_DARK if lit else ""})
        self.blank.extend(f"a face is {light}, and may get patches{helps.get(light, keep)}" for light in spoilt)

    def record(self, job: FolderJob, seconds: float) -> Record:
        """Return what became of it."""
        return Record(
            self.task.file,
            self.status,
            self.reason,
            self.written,
            job.reference,
            job.digest,
            round(seconds, 4),
            self.sizes,
            tuple(map(_face_record, self.found.placed)),
            self.stretched,
            self.found.left_out + self.found.too_small,
            self.strange,
            tuple(self.blank),
        )


def _face_record(placed: Placed) -> FaceRecord:
    placement, (left, right), confidence = placed.placement, placed.face.eyes, placed.face.confidence
    return FaceRecord(
        (_rounded(complex(*left)), _rounded(complex(*right))),
        round(confidence, 3),
        _rounded(placement.across, 6),
        _rounded(placement.shift),
        _rounded(placement.down, 6),
    )


def _rounded(place: complex, digits: int = 2) -> tuple[float, float]:
    return round(place.real, digits), round(place.imag, digits)
