"""The stage before the tiles, for models that must see the whole image: one pass over it, and one small solution.

The solution is kept with the draft's notes for all tiles. What is kept is not computed again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from fesdist.cluster.settings import Cluster
from fesdist.families.common.image_pass import ImagePass, Prepared, RegionImages
from fesdist.ground.share import Progress
from fesdist.ground.tiles import Region, Tile
from fesdist.passes.adding_up import AddingUp, added_up
from fesdist.training.context import TaskAddress, TaskContext, open_context
from fesdist.training.images import JobImages
from fesdist.training.job import SampleGroup, TrainingJob
from fesdist.training.opened import only_current_images
from fesdist.training.plan import SAMPLES_AT_ONCE
from storage.stack.reading import TrainingStack

_HELD_OUT = "held_out"
"""Name of `Prepared.held_out` among the notes; the others begin with "arrays/"."""


@dataclass(frozen=True)
class ImageStage(AddingUp[Any]):
    """What a model's image pass finds in every tile."""

    address: TaskAddress

    def find(self, tile: Tile, group: int) -> Any:
        context = open_context(self.address)
        # Before what is found is kept.
        with only_current_images(context.job, context.stack):
            images = region_images(context.images, context.job, context.job.groups[group], tile.region)
        return self._image_pass.find(images, context.job.colour)

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> Any:
        return self._image_pass.restore(arrays)

    def note(self, key: int) -> str:
        return "image pass"

    @property
    def _image_pass(self) -> ImagePass[Any]:
        return cast("ImagePass[Any]", open_context(self.address).model.image_pass())


def prepare_image(address: TaskAddress, cluster: Cluster, on_progress: Progress | None) -> dict[str, str]:
    """Prepare what the tiles need, if the model asks for it, and return the checksums of what the version keeps.

    `on_progress` counts the tiles of the image pass. Raises as `results` does.
    """
    context = open_context(address)
    image_pass = context.model.image_pass()
    if image_pass is None:
        return {}
    groups = context.job.groups
    if any(context.draft.notes.get(_solution_key(number)) is None for number in range(len(groups))):
        stage = ImageStage(context.draft.notes, "image-pass", context.grid, len(groups), address)
        _keep_solutions(context, image_pass, added_up(stage, cluster, on_progress))
    checksums: dict[str, str] = {}
    for number in range(len(groups)):
        for expression, prepared in prepared_for(address, number).items():
            for name in image_pass.small:
                whole = (slice(None),) * prepared.arrays[name].ndim
                checksums.update(context.draft.write(expression, name, whole, prepared.arrays[name]))
    return checksums


@lru_cache(maxsize=1)
def prepared_for(address: TaskAddress, group: int) -> dict[str, Prepared]:
    """Return what the image pass found for a group of expressions, by its number; nothing for a model without one."""
    context = open_context(address)
    if context.model.image_pass() is None:
        return {}
    of_expressions: dict[str, dict[str, NDArray[Any]]] = {}
    for name, values in (context.draft.notes.get(_solution_key(group)) or {}).items():
        expression, _, array = name.partition("/")
        of_expressions.setdefault(expression, {})[array] = values
    return {expression: _restored(arrays) for expression, arrays in of_expressions.items()}


def region_images(images: JobImages, job: TrainingJob, group: SampleGroup, region: Region) -> RegionImages:
    """Return all images of a group of expressions in a region."""
    first, stack = group.expressions[0], images.stack
    return RegionImages(
        _read(stack, partial(images.inputs, first), group.samples, region),
        {name: _read(stack, partial(images.targets, name), group.samples, region) for name in group.expressions},
        {
            name: _read(stack, partial(images.inputs, name), job.holdout.get(name, ()), region)
            for name in group.expressions
        },
    )


def _keep_solutions(context: TaskContext, image_pass: ImagePass[Any], totals: Sequence[Any]) -> None:
    """Solve what the pass has found of each group, and keep it with the draft's notes."""
    fit = context.job.fit(context.stack)
    for number, (group, total) in enumerate(zip(context.job.groups, totals, strict=True)):
        found = image_pass.finish(total, group.expressions, fit)
        flat = {
            f"{expression}/{name}": values
            for expression, prepared in found.items()
            for name, values in _named(prepared).items()
        }
        context.draft.notes.put(_solution_key(number), flat)


def _named(prepared: Prepared) -> dict[str, NDArray[Any]]:
    return {_HELD_OUT: prepared.held_out, **{f"arrays/{name}": values for name, values in prepared.arrays.items()}}


def _restored(arrays: Mapping[str, NDArray[Any]]) -> Prepared:
    named = {name.removeprefix("arrays/"): values for name, values in arrays.items() if name != _HELD_OUT}
    return Prepared(named, arrays[_HELD_OUT])


def _read(
    stack: TrainingStack,
    read: Callable[[NDArray[np.int64], Region], NDArray[Any]],
    samples: tuple[int, ...],
    region: Region,
) -> NDArray[Any]:
    images = np.empty((len(samples), stack.channels, *region.shape), stack.dtype)
    for start in range(0, len(samples), SAMPLES_AT_ONCE):
        block = np.array(samples[start : start + SAMPLES_AT_ONCE], dtype=np.int64)
        images[start : start + len(block)] = read(block, region)
    return images


def _solution_key(group: int) -> str:
    return f"solution-{group:04d}"
