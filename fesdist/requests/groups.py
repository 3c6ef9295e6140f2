"""What several requests have in common: what is trained, how its model is cut, where it is computed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar, Literal

from fesdist.cluster.settings import DEFAULT_MEMORY, ClusterSettings
from fesdist.ground.options import argument, option
from fesdist.requests.units import byte_size, eye_places, megapixels

ColourName = Literal["per-channel", "shared", "gray"]

DEFAULT_MODEL = "mr"
DEFAULT_COLOUR: ColourName = "shared"
SCHEDULER_VARIABLE = "DASK_SCHEDULER_ADDRESS"
"""Where Dask's own programs find a scheduler, and so do containers, pods and jobs that are given one."""

COLOUR_HELP = "a fit each, one for all, or one on gray"

stack_argument = partial(argument, metavar="STACK")
store_argument = partial(argument, "weight store: a folder, or s3://bucket/prefix", metavar="STORE")
name_argument = partial(argument, "name of the model", metavar="NAME")
reference_argument = partial(argument, "name, name@3 or name@alias", metavar="NAME[@V]")
expressions_option = partial(
    option, None, help="these only, separated by commas", metavar="LIST", implied="all", in_file=True
)
memory_option = partial(option, DEFAULT_MEMORY, metavar="SIZE", implied="1GiB", reader=byte_size)
pixel_limit_option = partial(
    option, 64.0, "refuse larger photographs before decoding them", metavar="MEGAPIXELS", reader=megapixels
)
on_disk_argument = partial(argument, on_disk=True)
on_disk_option = partial(option, on_disk=True)
points_option = partial(
    on_disk_option,
    None,
    "eyes, and lips, that you have marked: a CSV table, or a folder of .tem files; a detector finds the others",
    metavar="FILE",
)
eyes_option = partial(option, None, metavar="X,Y,X,Y", reader=eye_places)
exclude_option = partial(
    option,
    None,
    help="leave out files and folders whose name or path is like one of these, separated by commas: drafts,*_old.jpg",
    metavar="PATTERNS",
)
strict_option = partial(
    option,
    False,
    "exit with 4 where anything was changed, left out or is in doubt; what was done stays",
    command_only=True,
)
json_option = partial(option, False, "print JSON for programs instead of tables for people", command_only=True)


@dataclass(frozen=True, kw_only=True)
class Computing:
    """A running scheduler, or the size of a local cluster that is started and stopped with the run."""

    GROUP: ClassVar = "where it is computed"
    TASKS: ClassVar[tuple[str, ...]] = ()
    """Modules that workers need; none where none are started."""
    ALWAYS_WORKERS: ClassVar = False
    """Whether workers are started for the smallest run as well, if nothing else is said."""

    scheduler: str | None = option(None, "address of a running Dask scheduler, tcp://host:8786", metavar="URI")
    workers: int | None = option(None, "local processes; 0 is this process", metavar="N", implied="one a core")
    memory: int = memory_option("memory a worker may use, or this process with --workers 0")

    def cluster(self) -> ClusterSettings:
        """Return the settings of the cluster; raises BadParameterError for those that contradict each other.

        Where neither is said, the scheduler is that of the environment, as for all programs that use Dask.
        """
        scheduler = self.scheduler
        if scheduler is None and self.workers is None:
            scheduler = os.environ.get(SCHEDULER_VARIABLE) or None
        return ClusterSettings(scheduler, self.workers, self.memory, self.TASKS)


@dataclass(frozen=True, kw_only=True)
class ModelOptions:
    """The hyper-parameters of all models: each becomes an option of its own wherever the request is said."""

    GROUP: ClassVar = "options of the models"
    SEVERAL: ClassVar = False
    """Whether each takes several values."""

    options: Mapping[str, Any] = field(default_factory=dict)
    """By name; those that are left out have the model's defaults."""


@dataclass(frozen=True, kw_only=True)
class Chosen(ModelOptions):
    """The model, and the samples that it learns from; what is None is as a configuration says, or the default."""

    GROUP: ClassVar = "what is trained"

    model: str | None = option(None, "one of {models}", metavar="NAME", implied=DEFAULT_MODEL)
    colour: ColourName | None = option(None, COLOUR_HELP, implied=DEFAULT_COLOUR, in_file=True)
    expressions: tuple[str, ...] | None = expressions_option()
    input: str | None = option(
        None, "expression that the model starts from", metavar="NAME", implied="the stack's input", in_file=True
    )
