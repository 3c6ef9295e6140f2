"""Requests that use versions: synthesize, evaluate, compare, report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from fesdist.ground.options import argument, option
from fesdist.requests.groups import (
    COLOUR_HELP,
    DEFAULT_COLOUR,
    ColourName,
    Computing,
    expressions_option,
    json_option,
    memory_option,
    pixel_limit_option,
    reference_argument,
    stack_argument,
    store_argument,
)

if TYPE_CHECKING:
    from fesdist.comparing.run import ComparisonRequest
    from fesdist.inference.settings import SynthesisSettings


@dataclass(frozen=True, kw_only=True)
class Look:
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
    intensity: float = option(1.0, "0 is the photograph, 1 the model, 1.5 more", metavar="X")
    texture: float | None = option(
        None,
        "the same of colours alone, where a model moves the photograph first",
        metavar="X",
        implied="as --intensity, but 1 at most with a shape",
    )
    stretch: bool = option(False, "stretch each output to the full range, as the papers' code")
    size: Literal["model", "input"] = option(
        "model", "size of the outputs: the model's, or the photograph's with its detail kept"
    )
    format: Literal["png", "jpeg", "webp", "same"] = option("png", "file format")
    force: bool = option(False, "make outputs again that are there already")
    pixel_limit: float = pixel_limit_option()

    def settings(self) -> SynthesisSettings:
        """Return the settings of a synthesis; raises BadParameterError for an intensity that means nothing."""
        from fesdist.images.decode import MEGAPIXEL
        from fesdist.inference.settings import Detail, OutputFormat, OutputSize, SynthesisSettings

        return SynthesisSettings(
            refine=self.refine,
            detail=Detail(self.detail),
            intensity=self.intensity,
            texture=self.texture,
            stretch=self.stretch,
            output_size=OutputSize(self.size),
            output_format=OutputFormat(self.format),
            pixel_limit=round(self.pixel_limit * MEGAPIXEL),
            force=self.force,
        )


@dataclass(frozen=True, kw_only=True)
class Synthesize(Look, Computing):
    """Put expressions on a photograph, or on every photograph of a folder tree."""

    EXAMPLE: ClassVar = """fesdist synthesize photos out --weights weights --model london
fesdist synthesize photos out --weights weights --model london@production --size input --intensity 1.3"""

    photographs: str = argument("folder of aligned faces, with its subfolders, or one image", metavar="PHOTOS")
    out: str = argument("folder for the outputs, OUT/<expression>/<path of the photograph>", metavar="OUT")
    store: str = store_argument(positional=False, flag="weights")
    reference: str = argument(
        "latest version, or london@3, or an alias", positional=False, flag="model", metavar="NAME[@V]"
    )
    expressions: tuple[str, ...] | None = expressions_option()


@dataclass(frozen=True, kw_only=True)
class Evaluate(Computing):
    """Measure a version on held-out people, beside two baselines that need no model."""

    EXAMPLE: ClassVar = """fesdist evaluate stack.zarr weights london@3
fesdist evaluate stack.zarr weights london --split train --json
fesdist evaluate stack.zarr weights london --photographs sketches"""

    stack: str = stack_argument("training stack, whose held-out people are evaluated")
    store: str = store_argument()
    reference: str = reference_argument()
    split: Literal["holdout", "train"] = option("holdout", "whom")
    expressions: tuple[str, ...] | None = expressions_option()
    photographs: str | None = option(
        None, "faces without targets as well: sketches, animals, other cameras", metavar="FOLDER"
    )
    json: bool = json_option()


@dataclass(frozen=True, kw_only=True)
class Compared:
    """Entrants, and the changes of expression that they learn."""

    GROUP: ClassVar = "what is compared"

    models: tuple[str, ...] | None = option(None, "of the entrants, these only", metavar="LIST", implied="all")
    config: str | None = option(None, 'TOML with other entrants: [models.mr-7] model = "mr" window = 7', metavar="FILE")
    expressions: tuple[str, ...] | None = expressions_option()
    direction: Literal["both", "forward", "backward"] = option("both", "from the stack's input, back to it, or both")
    colour: ColourName = option(DEFAULT_COLOUR, COLOUR_HELP)
    out: str | None = option(None, "write the tables to this file as well, as Markdown", metavar="FILE")


@dataclass(frozen=True, kw_only=True)
class Compare(Compared, Computing):
    """Train every model for every expression, there and back, and print errors, sizes and times as the papers do."""

    EXAMPLE: ClassVar = """fesdist compare stack.zarr weights
fesdist compare stack.zarr weights --models mr-5,lasso --expressions happy --out tables.md"""

    stack: str = stack_argument("training stack with people held out, as written by `fesdist ingest`")
    store: str = argument("weight store: a folder, or s3://bucket/prefix; what it has is not repeated", metavar="STORE")
    json: bool = json_option()

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
    out: str | None = option(None, "a file, or a folder for it", metavar="FILE", implied="NAME-VERSION.html")
    stack: str | None = option(None, "stack of the faces to show", metavar="STACK", implied="that of the training")
    people: int = option(6, "people to show", metavar="N")
    memory: int = memory_option("memory this process may use")
