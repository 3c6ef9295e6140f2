"""Faces of photographs brought to one frame, for training stacks: the largest of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fesdist.align.crop import crop
from fesdist.align.finding import LARGEST, Finding
from fesdist.align.frame import Frame
from fesdist.align.points import Points
from fesdist.ground.errors import ImageError


def finding_of(frame: Frame, choice: str, points: Points | None) -> Finding:
    """Return how faces are found for a frame; raises BadParameterError when there is neither detector nor table."""
    finding = Finding(frame, choice, points.source if points else "", points.digest if points else "")
    finding.require()
    return finding


@dataclass(frozen=True)
class Aligner:
    """Aligns the photographs of a folder, and remembers what is in doubt of them."""

    finding: Finding
    root: Path
    """Tables of points name photographs relative to it."""
    points: Points | None = None
    crowded: list[Path] = field(default_factory=list)
    """Those of several faces, of which the largest was taken."""
    lipless: list[Path] = field(default_factory=list)
    """Inputs whose eyes alone were brought to their place, as nobody says where the lips are."""
    drops: dict[Path, complex] = field(default_factory=dict)
    """Of each input, as `fesdist.align.frame.drop_of`."""

    @classmethod
    def of(cls, frame: Frame, root: Path, points: Points | None) -> Aligner:
        """Return an aligner for a frame; raises as `finding_of`."""
        return cls(finding_of(frame, LARGEST, points), root, points)

    def aligned(
        self, path: Path, pixels: NDArray[np.uint8], shape: tuple[int, int], drop: complex | None = None
    ) -> NDArray[np.uint8]:
        """Return the face in a photograph, (channel, *shape) uint8; raises ImageError for one without.

        `drop` is that of the person's input; None if this is the input.
        """
        marked = self.points.of(path.relative_to(self.root).as_posix()) if self.points else ()
        try:
            found = self.finding.found(pixels, shape, marked, drop)
        except ImageError as error:
            raise ImageError(f"{path}: {error}") from None
        if found.left_out:
            self.crowded.append(path)
        largest = found.placed[0]
        if drop is None:
            self.drops[path] = largest.drop
            if self.finding.frame.lips and not largest.face.lips:
                self.lipless.append(path)
        return crop(pixels, largest.placement, shape)
