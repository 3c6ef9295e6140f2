"""Requests that lead to new versions: plan, tune, train."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from fesdist.ground.options import argument, option
from fesdist.requests.groups import (
    DEFAULT_COLOUR,
    DEFAULT_MODEL,
    Chosen,
    Computing,
    Learning,
    json_option,
    stack_argument,
    store_argument,
)

if TYPE_CHECKING:
    from fesdist.tuning.tune import TuningRequest


@dataclass(frozen=True, kw_only=True)
class Plan(Learning, Computing):
    """Tell tiles, tasks, memory, time and the size of the weights, without training."""

    EXAMPLE: ClassVar = "fesdist plan stack.zarr --model mr --window 5 --memory 512MiB"

    json: bool = json_option()


@dataclass(frozen=True, kw_only=True)
class Train(Learning, Computing):
    """Train a model tile by tile and publish it as the next version; continues an interrupted run."""

    EXAMPLE: ClassVar = (
        "fesdist train stack.zarr weights --name london --model mr --window 5 --ridge 0.4 --colour shared"
    )

    store: str = store_argument()
    name: str = argument("name of the model; its versions are numbered 1, 2, 3, ...", positional=False, metavar="NAME")
    if_changed: bool = option(False, "do nothing when the newest version has equal images and settings")
    json: bool = json_option()


@dataclass(frozen=True, kw_only=True)
class Measuring:
    """Who is left out, and where the error on them decides."""

    GROUP: ClassVar = "how errors are measured"

    folds: int = option(5, "groups of people left out in turn", metavar="N", rivals="folds")
    leave_one_out: bool = option(False, "leave out one person at a time", rivals="folds")
    region: Literal["face", "mouth"] = option("face", "where the error decides")
    row_step: int | None = option(
        None, "measure every Nth row (mr, pixel-rr)", metavar="N", implied="by the size of the image"
    )
    per_pixel: bool = option(False, "let the ridge vary smoothly over the image (mr, pixel-rr)")


@dataclass(frozen=True, kw_only=True)
class Tune(Chosen, Measuring, Computing):
    """Try combinations of options on people left out, and write the best as a configuration for `train`."""

    EXAMPLE: ClassVar = """fesdist tune stack.zarr --model mr --window 3,5,7 --ridge 0.1,1,10,100 --out tuned.toml
fesdist train stack.zarr weights --name london --config tuned.toml"""
    SEVERAL: ClassVar = True

    stack: str = stack_argument("training stack, whose held-out people take no part")
    out: str = option("tuned.toml", "configuration to write", metavar="FILE")
    json: bool = json_option()

    @property
    def scratch(self) -> Path:
        """Folder of what is kept while it is tuned."""
        return Path(self.out).with_name(f".{Path(self.out).name}.folds")

    def tuning(self) -> TuningRequest:
        """Return what is tuned."""
        from fesdist.ground.colour import Colour
        from fesdist.tuning.tune import TuningRequest

        return TuningRequest(
            stack=self.stack,
            model=self.model or DEFAULT_MODEL,
            values=self.options,
            colour=Colour(self.colour or DEFAULT_COLOUR),
            expressions=self.expressions,
            input_expression=self.input,
            n_folds=None if self.leave_one_out else self.folds,
            region=self.region,
            row_step=self.row_step,
            ridge_in_cells=self.per_pixel,
        )
