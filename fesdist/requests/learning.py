"""Requests that lead to new versions: plan, tune, train."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from fesdist.ground.errors import BadParameterError
from fesdist.ground.options import argument, option
from fesdist.requests.groups import (
    DEFAULT_COLOUR,
    DEFAULT_MODEL,
    Chosen,
    Computing,
    json_option,
    on_disk_option,
    stack_argument,
    store_argument,
    strict_option,
)
from fesdist.requests.toml import read_config

if TYPE_CHECKING:
    from fesdist.training.job import TrainingRequest
    from fesdist.tuning.tune import TuningRequest


@dataclass(frozen=True, kw_only=True)
class Learning(Chosen):
    """What a training run learns, with a configuration for what is not said."""

    GROUP: ClassVar = Chosen.GROUP

    stack: str = stack_argument("training stack, as written by `fesdist ingest`")
    config: str | None = on_disk_option(
        None, "settings as `fesdist tune` writes them; options override them", metavar="FILE"
    )
    all_subjects: bool = option(False, "learn from the held-out people as well")
    shape: Literal["auto", "yes", "no"] = option(
        "auto", "move the photograph's pixels before changing them; auto does from images of 128 pixels on"
    )
    precision: Literal["float64", "float32"] = option(
        "float64", "how weights are stored; float32 takes half the room and gives the same pictures"
    )

    def training(self, store: str, name: str) -> TrainingRequest:
        """Return what is trained, and published in `store` as `name`.

        Raises BadParameterError for a bad configuration, for a model beside one in it, and for bad options.
        """
        from fesdist.ground.colour import Colour
        from fesdist.registry.options import AUTO, model_from_options, open_options
        from fesdist.training.job import Precision, Shape, TrainingRequest

        found, options, tuning = read_config(self.config) if self.config is not None else ({}, {}, None)
        if self.model is not None and self.model != found.get("model", self.model):
            raise BadParameterError(
                f"model {self.model!r} was given, but {self.config} is about model {found['model']!r}; "
                "give the one or the other"
            )
        hyperparameters = {**options, **self.options}
        name_of_model = self.model or found.get("model", DEFAULT_MODEL)
        chosen = open_options(name_of_model, hyperparameters)
        said = replace(self, **{name: value for name, value in found.items() if getattr(self, name) is None})
        return TrainingRequest(
            stack=said.stack,
            store=store,
            name=name,
            model=model_from_options(
                name_of_model, {each: value for each, value in hyperparameters.items() if value != AUTO}
            ),
            colour=Colour(said.colour or DEFAULT_COLOUR),
            expressions=said.expressions,
            subjects="all" if said.all_subjects else "train",
            input_expression=said.input,
            shape=Shape(self.shape),
            precision=Precision(self.precision),
            chosen=chosen,
            # What was chosen by measuring does not speak for other options.
            tuning=None if self.options else tuning,
        )


@dataclass(frozen=True, kw_only=True)
class Plan(Learning, Computing):
    """Tell tiles, tasks, memory, time and the size of the weights, without training."""

    EXAMPLE: ClassVar = "fesdist plan stack.zarr --model mr --window 5 --memory 512MiB"
    only_tells: ClassVar = True

    json: bool = json_option()


@dataclass(frozen=True, kw_only=True)
class Train(Learning, Computing):
    """Train a model tile by tile and publish it as the next version; continues an interrupted run."""

    EXAMPLE: ClassVar = """fesdist train stack.zarr weights --name london --model mr --window 5
fesdist train stack.zarr weights --name papers --model mr --window 3 --ridge 0.4 --colour per-channel"""
    TASKS: ClassVar = ("fesdist.training.run",)
    ALWAYS_WORKERS: ClassVar = True

    store: str = store_argument()
    name: str = argument("name of the model; its versions are numbered 1, 2, 3, ...", positional=False, metavar="NAME")
    if_changed: bool = option(False, "do nothing when the newest version has equal images and settings")
    json: bool = json_option()
    strict: bool = strict_option()


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
    TASKS: ClassVar = ("fesdist.tuning.tune",)
    ALWAYS_WORKERS: ClassVar = True

    stack: str = stack_argument("training stack, whose held-out people take no part")
    out: str = on_disk_option("tuned.toml", "configuration to write", metavar="FILE")
    json: bool = json_option()
    strict: bool = strict_option()

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
