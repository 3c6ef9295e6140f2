"""Requests that put versions on photographs: synthesize, watch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from fesdist.ground.errors import BadParameterError
from fesdist.ground.options import argument, option
from fesdist.requests.groups import (
    Computing,
    exclude_option,
    expressions_option,
    eyes_option,
    json_option,
    on_disk_argument,
    pixel_limit_option,
    points_option,
    store_argument,
    strict_option,
)
from fesdist.requests.units import mixture

if TYPE_CHECKING:
    from fesdist.inference.settings import Alignment, SynthesisSettings


@dataclass(frozen=True, kw_only=True)
class Aligned:
    """Photographs of any framing: faces are found, worked on, and the change is put back where they are."""

    GROUP: ClassVar = "photographs of any framing"

    align: bool = option(False, "find faces, and change them where they are")
    face: str | None = option(
        None,
        "largest, all, or a number, 1 being the largest",
        metavar="WHICH",
        implied="all; largest with --size model",
    )
    points: str | None = points_option()
    eyes: tuple[tuple[float, float], tuple[float, float]] | None = eyes_option(
        help="where the model has eyes, if its version does not say: fractions of width and height"
    )

    def alignment(self, one_face: bool) -> Alignment | None:
        """Return how faces are found, None if not at all; raises BadParameterError for a table that is none."""
        from fesdist.align.finding import ALL, LARGEST
        from fesdist.align.points import read_points
        from fesdist.inference.settings import Alignment

        if not self.align:
            given = [name for name in ("face", "points", "eyes") if getattr(self, name) is not None]
            if given:
                raise BadParameterError(f"--{given[0]} is of no use without --align: give that as well")
            return None
        face = self.face or (LARGEST if one_face else ALL)
        return Alignment(face, read_points(self.points) if self.points else None, self.eyes)


@dataclass(frozen=True, kw_only=True)
class Look(Aligned):
    """How faces are synthesized and written."""

    GROUP: ClassVar = "what the outputs look like"

    refine: Literal["learned", "papers", "none"] | None = option(
        None,
        "what keeps the photograph where the model does not know better",
        implied="learned where the version has it, else none",
    )
    detail: Literal["auto", "photograph", "model"] = option(
        "auto", "whose fine detail outputs have outside the mouth; auto is the model's where it foresaw most"
    )
    light: Literal["auto", "photograph"] = option(
        "auto", "in which the model sees a dark or a pale photograph; auto is that of those it learned from"
    )
    region: tuple[str, ...] | None = option(
        None,
        "of the face change these parts only: mouth, eyes, brows, face",
        metavar="LIST",
        implied="all; face with --align",
    )
    intensity: float | None = option(
        None, "0 is the photograph, 1 the model, 1.5 more", metavar="X", implied="1; 1.5 with --sweep"
    )
    texture: float | None = option(
        None,
        "the same of colours alone, where a model moves the photograph first",
        metavar="X",
        implied="as --intensity, but 1 at most with a shape",
    )
    sweep: int | None = option(
        None, "animations of N pictures, to the expression and back, of 1024 pixels at most", metavar="N"
    )
    stretch: bool = option(False, "stretch each output to the full range, as the papers' code")
    size: Literal["model", "input"] | None = option(
        None,
        "size of the outputs: the model's, or the photograph's with its detail kept",
        implied="model; input with --align",
    )
    format: Literal["png", "jpeg", "webp", "tiff", "avif", "same", "gif"] | None = option(
        None, "file format", implied="png; the photograph's with --size input; webp with --sweep"
    )
    name_pattern: str | None = option(
        None,
        "what outputs are called; fields: expression, path, folder, stem, ending, model, version, intensity",
        metavar="PATTERN",
        implied="{expression}/{path}{ending}",
    )
    exclude: tuple[str, ...] | None = exclude_option()
    anyway: bool = option(False, "use photographs too that do not lie as those that the model learned from")
    force: bool = option(False, "make outputs again that are there already")
    pixel_limit: float = pixel_limit_option()

    def settings(self) -> SynthesisSettings:
        """Return the settings of a synthesis; raises BadParameterError for an intensity that means nothing."""
        from fesdist.images.decode import MEGAPIXEL
        from fesdist.inference.names import DEFAULT_PATTERN
        from fesdist.inference.settings import Detail, Light, OutputFormat, OutputSize, SynthesisSettings

        size = OutputSize(self.size or ("input" if self.align else "model"))
        implied_format = "webp" if self.sweep else "same" if size is OutputSize.INPUT else "png"
        return SynthesisSettings(
            refine=self.refine,
            detail=Detail(self.detail),
            light=Light(self.light),
            regions=self._regions(),
            sweep=self.sweep or 0,
            intensity=(1.5 if self.sweep else 1.0) if self.intensity is None else self.intensity,
            texture=self.texture,
            stretch=self.stretch,
            alignment=self.alignment(one_face=size is OutputSize.MODEL),
            output_size=size,
            output_format=OutputFormat(self.format or implied_format),
            name_pattern=self.name_pattern or DEFAULT_PATTERN,
            exclude=self.exclude or (),
            pixel_limit=round(self.pixel_limit * MEGAPIXEL),
            anyway=self.anyway,
            force=self.force,
        )

    def _regions(self) -> tuple[str, ...]:
        # In photographs of any framing there is more around the face than models have seen.
        said = self.region or (("face",) if self.align else ())
        return () if "all" in said else tuple(sorted(set(said)))


@dataclass(frozen=True, kw_only=True)
class OnPhotographs(Look, Computing):
    """Expressions, the photographs that they are put on, and where outputs go."""

    TASKS: ClassVar = ("fesdist.inference.folder",)

    photographs: str = on_disk_argument("folder of photographs, with its subfolders, or one image", metavar="PHOTOS")
    out: str = on_disk_argument("folder for the outputs, OUT/<expression>/<path of the photograph>", metavar="OUT")
    store: str = store_argument(positional=False, flag="weights")
    reference: str = argument(
        "latest version, or london@3, or an alias", positional=False, flag="model", metavar="NAME[@V]"
    )
    expressions: tuple[str, ...] | None = expressions_option()
    mix: dict[str, float] | None = option(
        None, "mixture of expressions, such as smiling=0.7,surprised=0.3", metavar="NAME=X,...", reader=mixture
    )
    json: bool = json_option()
    strict: bool = strict_option()


@dataclass(frozen=True, kw_only=True)
class Synthesize(OnPhotographs):
    """Put expressions on a photograph, or on every photograph of a folder tree."""

    EXAMPLE: ClassVar = """fesdist synthesize photos out --weights weights --model london --align
fesdist synthesize photos out --weights weights --model london --align --mix smiling=0.7,surprised=0.3 --region mouth
fesdist synthesize photos out --weights weights --model london@production --size input --intensity 1.3"""

    dry_run: bool = option(False, "tell what would be made, and make nothing", command_only=True)

    @property
    def only_tells(self) -> bool:
        """Return whether what is printed is all that is done."""
        return self.dry_run


@dataclass(frozen=True, kw_only=True)
class Watch(OnPhotographs):
    """Put expressions on photographs as they arrive in a folder."""

    EXAMPLE: ClassVar = """fesdist watch inbox out --weights weights --model london@production --align
fesdist watch inbox out --weights weights --model london --idle 60"""

    photographs: str = on_disk_argument("folder, with its subfolders, into which photographs come", metavar="INBOX")
    every: float = option(
        2.0, "from look to look; a file that has not changed since the last is worked on", metavar="SECONDS"
    )
    idle: float | None = option(
        None, "end when nothing came for so many seconds", metavar="SECONDS", implied="watch for ever"
    )
