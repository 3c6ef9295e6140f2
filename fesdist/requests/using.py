"""Requests that use versions: synthesize, watch, evaluate, compare, report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from fesdist.ground.errors import BadParameterError
from fesdist.ground.options import argument, option
from fesdist.requests.groups import (
    COLOUR_HELP,
    DEFAULT_COLOUR,
    ColourName,
    Computing,
    exclude_option,
    expressions_option,
    eyes_option,
    json_option,
    memory_option,
    on_disk_argument,
    on_disk_option,
    pixel_limit_option,
    points_option,
    reference_argument,
    stack_argument,
    store_argument,
    strict_option,
)
from fesdist.requests.units import mixture

if TYPE_CHECKING:
    from fesdist.comparing.run import ComparisonRequest
    from fesdist.images.listing import Exclusion
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
        "auto", "in which the model sees a dark photograph; auto is that of those it learned from"
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


@dataclass(frozen=True, kw_only=True)
class Evaluate(Computing):
    """Measure a version on held-out people, beside two baselines that need no model."""

    EXAMPLE: ClassVar = """fesdist evaluate stack.zarr weights london@3
fesdist evaluate stack.zarr weights london --split train --json
fesdist evaluate stack.zarr weights london --photographs sketches"""
    TASKS: ClassVar = ("fesdist.evaluation.evaluate",)

    stack: str = stack_argument("training stack, whose held-out people are evaluated")
    store: str = store_argument()
    reference: str = reference_argument()
    split: Literal["holdout", "train"] = option("holdout", "whom")
    expressions: tuple[str, ...] | None = expressions_option()
    photographs: str | None = on_disk_option(
        None, "faces without targets as well: sketches, animals, other cameras", metavar="FOLDER"
    )
    exclude: tuple[str, ...] | None = exclude_option()
    json: bool = json_option()
    strict: bool = strict_option()

    def exclusion(self) -> Exclusion:
        """Return what of the photographs is left out; raises BadParameterError without photographs."""
        from fesdist.images.listing import Exclusion

        if self.exclude and self.photographs is None:
            raise BadParameterError(
                "--exclude leaves out photographs of a folder, and none was given: add --photographs"
            )
        return Exclusion(self.exclude or ())


@dataclass(frozen=True, kw_only=True)
class Compared:
    """Entrants, and the changes of expression that they learn."""

    GROUP: ClassVar = "what is compared"

    models: tuple[str, ...] | None = option(None, "of the entrants, these only", metavar="LIST", implied="all")
    config: str | None = on_disk_option(
        None, 'TOML with other entrants: models.mr-7 = {model = "mr", window = 7}', metavar="FILE"
    )
    expressions: tuple[str, ...] | None = expressions_option()
    direction: Literal["both", "forward", "backward"] = option("both", "from the stack's input, back to it, or both")
    colour: ColourName = option(DEFAULT_COLOUR, COLOUR_HELP)
    out: str | None = on_disk_option(None, "write the tables to this file as well, as Markdown", metavar="FILE")


@dataclass(frozen=True, kw_only=True)
class Compare(Compared, Computing):
    """Train every model for every expression, there and back, and print errors, sizes and times as the papers do."""

    EXAMPLE: ClassVar = """fesdist compare stack.zarr weights
fesdist compare stack.zarr weights --models mr-5,lasso --expressions happy --out tables.md"""
    TASKS: ClassVar = ("fesdist.comparing.run",)
    ALWAYS_WORKERS: ClassVar = True

    stack: str = stack_argument("training stack with people held out, as written by `fesdist ingest`")
    store: str = argument("weight store: a folder, or s3://bucket/prefix; what it has is not repeated", metavar="STORE")
    json: bool = json_option()
    strict: bool = strict_option()

    def comparison(self) -> ComparisonRequest:
        """Return what is compared; raises BadParameterError for a bad configuration and for unknown entrants."""
        from fesdist.comparing.entrants import choose_entrants, default_entrants
        from fesdist.comparing.run import ComparisonRequest
        from fesdist.ground.colour import Colour
        from fesdist.requests.toml import read_entrants

        entrants = default_entrants() if self.config is None else read_entrants(self.config)
        return ComparisonRequest(
            self.stack,
            self.store,
            choose_entrants(entrants, self.models) if self.models else entrants,
            Colour(self.colour),
            self.direction,
            self.expressions,
        )


@dataclass(frozen=True, kw_only=True)
class Report:
    """Write one HTML file with faces, errors and maps of a version."""

    EXAMPLE: ClassVar = """fesdist report weights london
fesdist report weights london@production --out report.html --stack stack.zarr --people 8"""

    store: str = store_argument()
    reference: str = reference_argument()
    out: str | None = on_disk_option(None, "a file, or a folder for it", metavar="FILE", implied="NAME-VERSION.html")
    stack: str | None = option(None, "stack of the faces to show", metavar="STACK", implied="that of the training")
    people: int = option(6, "people to show", metavar="N")
    memory: int = memory_option("memory this process may use")
    strict: bool = strict_option()
