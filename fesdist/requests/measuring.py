"""Requests that measure versions, beside each other or beside baselines, and show them: evaluate, compare, report."""

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
    json_option,
    memory_option,
    on_disk_option,
    reference_argument,
    stack_argument,
    store_argument,
    strict_option,
)

if TYPE_CHECKING:
    from fesdist.comparing.run import ComparisonRequest
    from fesdist.images.listing import Exclusion


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
