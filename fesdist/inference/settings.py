"""What the user may choose for a run of synthesis, checked when it is said."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass, replace
from enum import StrEnum

from fesdist.align.aligner import finding_of
from fesdist.align.finding import ALL, Finding
from fesdist.align.frame import Fractions, Frame
from fesdist.align.points import Points
from fesdist.ground.counting import counted
from fesdist.ground.errors import BadParameterError
from fesdist.images.decode import PIXEL_LIMIT
from fesdist.images.listing import Exclusion
from fesdist.inference.names import DEFAULT_PATTERN, check_pattern
from fesdist.inference.regions import check_regions
from fesdist.inference.sweep import MOST_PICTURES


class Detail(StrEnum):
    """Whose fine detail outputs have outside the mouth."""

    AUTO = "auto"
    """The model's where it foresaw most of what changed in held-out people, else the photograph's."""
    PHOTOGRAPH = "photograph"
    MODEL = "model"


class Light(StrEnum):
    """In what light the model sees photographs that are in another one than those that it learned from."""

    AUTO = "auto"
    """In theirs."""
    PHOTOGRAPH = "photograph"


class OutputSize(StrEnum):
    """How large the synthesized images are."""

    MODEL = "model"
    INPUT = "input"


class OutputFormat(StrEnum):
    """File format of the synthesized images; `SAME` is the photograph's, but PNG for GIF."""

    PNG = "png"
    JPEG = "jpeg"
    WEBP = "webp"
    TIFF = "tiff"
    AVIF = "avif"
    SAME = "same"
    GIF = "gif"
    """Of animations only."""


_MOVING = (OutputFormat.WEBP, OutputFormat.GIF, OutputFormat.PNG)


@dataclass(frozen=True)
class Alignment:
    """How faces are found in photographs of any framing."""

    face: str = ALL
    """As `Finding.choice`."""
    points: Points | None = None
    eyes: Fractions | None = None
    """Where the model has eyes, if its version does not say."""

    def finding(self, known: Frame | None, reference: str) -> Finding:
        """Return how faces are found for a version, `known` being where it says that they lie.

        Raises BadParameterError where nobody knows where its images have eyes, or there is no detector.
        """
        if (frame := known or (Frame(self.eyes) if self.eyes else None)) is None:
            raise BadParameterError(
                f"{reference} does not say where eyes are in its images, as it did not learn from a "
                "stack made with --align; say it with --eyes X,Y,X,Y, fractions of width and height"
            )
        return finding_of(frame, self.face, self.points)


@dataclass(frozen=True)
class SynthesisSettings:
    """How faces are synthesized and written."""

    refine: str | None = None
    """Value of a `Refinement`; None is the best that a version has."""
    detail: Detail = Detail.AUTO
    light: Light = Light.AUTO
    regions: tuple[str, ...] = ()
    """Names of `REGION_NAMES`, the only parts of a face that change; none is all of it."""
    sweep: int = 0
    """Pictures of an animation from the photograph to the expression and back; 0 is one picture that stands still."""
    intensity: float = 1.0
    """Strength of the expression: 0 is the input, 1 the model's output, more exaggerates."""
    texture: float | None = None
    """Strength of what a model changes after it has moved the photograph; see `LoadedVersion.synthesize` for None."""
    stretch: bool = False
    """Stretch each output to its own minimum and maximum, as the authors' code does."""
    alignment: Alignment | None = None
    """How faces are found in photographs; None if these are aligned."""
    output_size: OutputSize = OutputSize.MODEL
    output_format: OutputFormat = OutputFormat.PNG
    name_pattern: str = DEFAULT_PATTERN
    """What outputs are called, as `fesdist.inference.names` says."""
    exclude: tuple[str, ...] = ()
    """Patterns of files and folders that are left out, as those of `Exclusion`."""
    pixel_limit: int = PIXEL_LIMIT
    """Pixels of a photograph, rows times columns, above which it is refused before it is decoded."""
    anyway: bool = False
    """Use photographs as well that do not lie as those that the version learned from."""
    force: bool = False
    """Make again what is there already."""

    def __post_init__(self) -> None:
        check_regions(self.regions)
        if self.alignment and self.alignment.face == ALL and self.output_size is OutputSize.MODEL:
            raise BadParameterError(
                "all faces of a photograph were asked for, as images of the model's size, of which it has one; choose "
                "the largest or a number with --face, or --size input"
            )
        check_pattern(self.name_pattern)
        self._check_sweep()
        Exclusion(self.exclude)
        if not (math.isfinite(self.intensity) and self.intensity >= 0):
            raise BadParameterError(
                f"intensity is {self.intensity}; expected 0 (the input) or more, for instance 1 or 1.5"
            )
        if self.texture is not None and not (math.isfinite(self.texture) and self.texture >= 0):
            raise BadParameterError(
                f"texture is {self.texture}; expected 0 (the photograph, moved at most) or more, for instance 0.8"
            )
        if self.pixel_limit < 1:
            raise BadParameterError(f"pixel limit is {self.pixel_limit}; expected 1 pixel or more")

    def _check_sweep(self) -> None:
        if self.sweep == 0:
            if self.output_format is OutputFormat.GIF:
                raise BadParameterError(
                    "GIF has 256 colours and is for animations; give --sweep N, or another --format"
                )
            return
        if not 2 <= self.sweep <= MOST_PICTURES:
            asked = counted(self.sweep, "picture")
            raise BadParameterError(f"an animation of {asked}; expected 2 to {MOST_PICTURES}, such as 24")
        if self.output_format not in _MOVING:
            raise BadParameterError(
                f"format {self.output_format} of an animation; expected {', '.join(_MOVING)}: leave --format out"
            )

    def keeps_detail(self, of_itself: bool) -> bool:
        """Return whether outputs keep the photograph's fine detail, of a version that would do so of itself or not."""
        return of_itself if self.detail is Detail.AUTO else self.detail is Detail.PHOTOGRAPH

    def digest(self, version_data: str, finding: Finding | None = None) -> str:
        """Return 16 hexadecimal digits that change with everything the pixels of an output depend on but its input.

        `version_data` names the immutable arrays of the version, which are unlike those of the same number in another
        store; `finding` is how faces are found. What decides whether a photograph is used, or where its output goes, is
        left out: not what it becomes.
        """
        facts = asdict(replace(self, alignment=None)) | {"version_data": version_data}
        for name in ("pixel_limit", "anyway", "force", "name_pattern", "exclude", "alignment"):
            del facts[name]
        if finding is not None:
            frame = finding.frame
            facts["faces"] = [finding.source, finding.choice, frame.eyes, *([frame.lips] if frame.lips else [])]
        for name, usual in (("regions", ()), ("sweep", 0), ("light", Light.AUTO)):
            # What was made before there were such is not made again.
            if facts[name] == usual:
                del facts[name]
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]
