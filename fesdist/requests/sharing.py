"""Requests that hand things to other programs, or take them from there: weights, and what shells complete."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from fesdist.ground.options import argument, option
from fesdist.requests.groups import (
    ColourName,
    expressions_option,
    eyes_option,
    json_option,
    on_disk_argument,
    reference_argument,
    store_argument,
    strict_option,
)
from fesdist.requests.units import image_size

if TYPE_CHECKING:
    from fesdist.exports.npz.reading import Said
    from fesdist.inference.settings import SynthesisSettings


@dataclass(frozen=True, kw_only=True)
class Export:
    """Write a version for others: .html is a page to try it, .onnx runs anywhere, .npz is the papers' layout."""

    EXAMPLE: ClassVar = """fesdist export weights london london.html
fesdist export weights london@production london.onnx --expressions smiling --intensity 1.2
fesdist export weights london london.npz"""

    store: str = store_argument()
    reference: str = reference_argument()
    file: str = on_disk_argument("file to write; its ending, .html, .onnx or .npz, says what", metavar="FILE")
    expressions: tuple[str, ...] | None = expressions_option()
    refine: Literal["learned", "papers", "none"] | None = option(
        None, "as in synthesize; not in .npz", implied="learned where the version has it, else none"
    )
    detail: Literal["auto", "photograph", "model"] = option("auto", "as in synthesize; not in .npz")
    light: Literal["auto", "photograph"] = option("auto", "as in synthesize; not in .npz")
    intensity: float = option(1.0, "of .onnx, as in synthesize; the page has sliders", metavar="X")
    texture: float | None = option(
        None, "of .onnx, as in synthesize", metavar="X", implied="as --intensity, but 1 at most with a shape"
    )
    eyes: tuple[tuple[float, float], tuple[float, float]] | None = eyes_option(
        help="where the model has eyes, if its version does not say: fractions of width and height"
    )
    json: bool = json_option()
    strict: bool = strict_option()

    def settings(self) -> SynthesisSettings:
        """Return how outputs are made; raises BadParameterError for an intensity that means nothing."""
        from fesdist.inference.settings import Detail, Light, SynthesisSettings

        return SynthesisSettings(
            refine=self.refine,
            detail=Detail(self.detail),
            light=Light(self.light),
            intensity=self.intensity,
            texture=self.texture,
        )


@dataclass(frozen=True, kw_only=True)
class Import:
    """Publish weights that other programs found: the papers' .npz files, or those of `fesdist export`."""

    EXAMPLE: ClassVar = """fesdist import lsrf_weights.npz weights --name authors --model lsrf
fesdist import mr_channel3.npz,mr_channel2.npz,mr_channel1.npz weights --name authors"""

    file: str = on_disk_argument(
        "weights of one expression: a file, or three of red, green and blue, separated by commas", metavar="FILE"
    )
    store: str = store_argument()
    name: str = argument("name of the model", positional=False, metavar="NAME")
    model: str | None = option(
        None, "which model found them", metavar="NAME", implied="mr for windows, omp for pixels from anywhere"
    )
    expression: str | None = option(None, "what the weights make", metavar="NAME", implied="expression")
    input_expression: str | None = option(None, "what they make it of", metavar="NAME", implied="neutral")
    size: tuple[int, int] | None = option(
        None, "size of the images", metavar="S|ROWSxCOLS", implied="a square", reader=image_size
    )
    colour: ColourName | None = option(
        None, "whether one fit is for all colours, or for gray", implied="per-channel for three files, else shared"
    )
    normalisation: Literal["none", "min-max"] | None = option(
        None, "how images were scaled; min-max is what the papers' programs do", implied="min-max"
    )
    ridge: float | None = option(None, "with which they were found, for the record", metavar="LAMBDA", implied="0.4")
    json: bool = json_option()
    strict: bool = strict_option()

    def said(self) -> Said:
        """Return what is said of the files."""
        from fesdist.exports.npz.reading import Said

        parameters: dict[str, Any] = {} if self.ridge is None else {"ridge": self.ridge}
        return Said(
            self.model,
            self.expression,
            self.input_expression,
            self.size,
            self.colour,
            self.normalisation,
            parameters,
        )

    def paths(self) -> list[Path]:
        """Return the files."""
        return [Path(file) for file in self.file.split(",")]


@dataclass(frozen=True, kw_only=True)
class Completion:
    """Print the script by which a shell completes commands, options and their values."""

    EXAMPLE: ClassVar = """fesdist completion bash
fesdist completion zsh"""
    only_tells: ClassVar = True

    shell: Literal["bash", "zsh", "fish"] = argument("which shell")
