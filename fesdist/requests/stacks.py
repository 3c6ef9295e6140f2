"""Requests that make photographs, and training stacks of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from fesdist.ground.errors import BadParameterError
from fesdist.ground.options import argument, option
from fesdist.requests.groups import (
    exclude_option,
    expressions_option,
    eyes_option,
    json_option,
    on_disk_argument,
    on_disk_option,
    pixel_limit_option,
    points_option,
    strict_option,
)
from fesdist.requests.units import image_size

if TYPE_CHECKING:
    from fesdist.images.pairs import Layout
    from fesdist.images.survey import Wanted


@dataclass(frozen=True, kw_only=True)
class Ingest:
    """Append pairs of photographs to a training stack."""

    EXAMPLE: ClassVar = """fesdist ingest photographs faces.zarr --align --size 256
fesdist ingest aligned_photographs faces.zarr --size 128
fesdist ingest papers_pairs faces.zarr --target-name smiling --colour gray"""

    photographs: str = on_disk_argument(
        "folder with <expression>/<subject>.png, or with trainA and trainB", metavar="PAIRS"
    )
    stack: str = argument("stack to append to, created if absent, such as faces.zarr", metavar="STACK")
    size: tuple[int, int] | None = option(
        None,
        "bring all images to this size",
        metavar="S|ROWSxCOLS",
        implied="the size they have; 256 with --align",
        reader=image_size,
    )
    colour: Literal["auto", "rgb", "gray"] = option("auto", "channels", implied="gray if all are gray")
    normalisation: Literal["none", "min-max"] | None = option(
        None, "min-max stretches each image to its own range, as the papers' code does", implied="none"
    )
    holdout: float | tuple[str, ...] | str | None = on_disk_option(
        None,
        "fraction of the people to hold out, or a file with one id a line",
        metavar="FRACTION|FILE",
        implied="0.2, or testA and testB",
        reader=str,
    )
    input_expression: str | None = option(None, "expression of the inputs", metavar="NAME", implied="neutral")
    target_name: str = option("target", "expression in trainB", metavar="NAME")
    subject_pattern: str | None = option(
        None,
        r"finds the subject in the file's stem: its first group, or the one named subject, such as '(\d+)_'",
        metavar="REGEX",
    )
    align: bool = option(False, "find the face in each photograph, and bring its eyes and lips to one place")
    points: str | None = points_option()
    eyes: tuple[tuple[float, float], tuple[float, float]] | None = eyes_option(
        help="where eyes lie in the images, or are brought to: fractions of width and height",
        implied="0.345,0.36,0.655,0.36 with --align",
    )
    exclude: tuple[str, ...] | None = exclude_option()
    pixel_limit: float = pixel_limit_option()
    json: bool = json_option()
    strict: bool = strict_option()

    def layout(self) -> Layout:
        """Return how the folder is read; raises BadParameterError for an empty pattern."""
        from fesdist.images.listing import Exclusion
        from fesdist.images.pairs import Layout

        return Layout(self.target_name, self.subject_pattern, Exclusion(self.exclude or ()))

    def wanted(self) -> Wanted:
        """Return what is asked of the stack's images; raises BadParameterError for a table that is none."""
        from fesdist.align.points import read_points
        from fesdist.images.survey import Wanted

        return Wanted(
            self.size,
            self.colour,
            self.normalisation,
            self.input_expression,
            self.eyes,
            self.align,
            read_points(self.points) if self.points else None,
        )

    def held_out(self) -> float | tuple[str, ...] | None:
        """Return a fraction, or ids; those in a file are one a line, empty lines left out.

        Raises BadParameterError for a text that is neither a fraction nor a file.
        """
        if not isinstance(self.holdout, str):
            return self.holdout
        try:
            return float(self.holdout)
        except ValueError:
            pass
        try:
            lines = Path(self.holdout).read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise BadParameterError(
                f"--holdout {self.holdout}: expected a fraction such as 0.2, or a text file with one subject id a line "
                f"({error})"
            ) from error
        return tuple(line.strip() for line in lines if line.strip())


@dataclass(frozen=True, kw_only=True)
class Replace:
    """Put another photograph of a person into a training stack, in the place of the one that is there."""

    EXAMPLE: ClassVar = """fesdist replace stack.zarr anna smiling better.jpg
fesdist replace faces.zarr anna smiling better.jpg --align"""

    stack: str = argument("training stack", metavar="STACK")
    person: str = argument("id of the person", metavar="PERSON")
    expression: str = argument("expression that is there already", metavar="EXPRESSION")
    file: str = on_disk_argument("the photograph", metavar="FILE")
    align: bool = option(False, "find the face, and bring it to where the stack has that person's")
    points: str | None = points_option()
    pixel_limit: float = pixel_limit_option()
    strict: bool = strict_option()


@dataclass(frozen=True, kw_only=True)
class Divide:
    """Part an expression that people make with two kinds of mouths, such as smiles with teeth and without."""

    EXAMPLE: ClassVar = """fesdist divide faces.zarr smiling
fesdist divide faces.zarr smiling --names smiling,laughing
fesdist divide faces.zarr smiling --undo"""

    stack: str = argument("training stack", metavar="STACK")
    expression: str = argument("expression of it", metavar="EXPRESSION")
    names: tuple[str, ...] | None = option(
        None,
        "what the two are called, that of smaller changes first",
        metavar="NAME,NAME",
        implied="EXPRESSION-1,EXPRESSION-2",
    )
    undo: bool = option(False, "make one of the two again")

    def two_names(self) -> tuple[str, str]:
        """Return what the two are called; raises BadParameterError for another number of names."""
        from fesdist.images.dividing import names_of

        if self.names is None:
            return names_of(self.expression)
        if len(self.names) != 2:
            raise BadParameterError(f"--names {','.join(self.names)}; expected two, separated by a comma")
        return self.names[0], self.names[1]


@dataclass(frozen=True, kw_only=True)
class Faces:
    """Draw people with several expressions, for a first visit, for tests and for benchmarks."""

    EXAMPLE: ClassVar = """fesdist faces pairs --people 40 --size 128
fesdist faces big --people 4 --size 2048 --expressions neutral,happy"""

    folder: str = on_disk_argument("folder to write; gets OUT/<expression>/<person>.png", metavar="OUT")
    people: int = option(40, "how many people", metavar="N")
    size: int = option(128, "side, 16 to 4096", metavar="PIXELS")
    expressions: tuple[str, ...] | None = expressions_option(
        help="beside neutral, from which they start, these only, separated by commas"
    )
    seed: int = option(0, "another seed draws other people", metavar="N")
