"""The stage before the tiles, for models that see the whole image: one pass over it, and one small solution.

Each task adds up what its tile contributes and keeps it with the draft's notes; the client adds the tiles up, solves,
and keeps the solution there for all tiles. What is kept is not computed again.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from fesdist.cluster.settings import Cluster
from fesdist.families.common.contract import Array
from fesdist.families.common.whole_image import RegionImages, WholeImageModel
from fesdist.ground.tiles import Region
from fesdist.training.context import TaskContext, open_context
from fesdist.training.drafting import DraftAddress
from fesdist.training.every_tile import Progress, on_every_tile
from fesdist.training.job import SampleGroup, TrainingJob
from fesdist.training.plan import SAMPLES_AT_ONCE, TrainingPlan
from storage.datasets.draft import WeightDraft
from storage.stack.reading import TrainingStack

Prepared = Mapping[str, Mapping[str, Array]]
"""Small arrays by expression and name."""


def run_global_stage(
    address: DraftAddress, stack: str, plan: TrainingPlan, cluster: Cluster, on_progress: Progress | None
) -> dict[str, str]:
    """Prepare what the tiles need, if the model has this stage, and return the checksums of what the version keeps.

    `on_progress` counts the tiles of the image pass. Raises as `on_every_tile` does.
    """
    context = open_context(address, stack)
    if not isinstance(context.model, WholeImageModel):
        return {}
    groups = range(len(context.job.groups))
    if any(context.draft.notes(_solution_key(number)) is None for number in groups):

        def pass_over_image(done: int, total: int, note: str) -> None:
            if on_progress:
                on_progress(done, total, note or "image pass")

        on_every_tile(add_products, plan.grid, cluster, (address, stack), pass_over_image)
        _solve(context, context.model, plan)
    checksums: dict[str, str] = {}
    for number in groups:
        for expression, arrays in prepared_globals(address, number).items():
            for name in context.model.small_names:
                whole = (slice(None),) * arrays[name].ndim
                checksums.update(context.draft.write(expression, name, whole, arrays[name]))
    return checksums


def add_products(index: int, address: DraftAddress, stack: str) -> None:
    """Keep the products of tile `index`, unless they are kept already."""
    context = open_context(address, stack)
    model, draft = context.model, context.draft
    assert isinstance(model, WholeImageModel)
    if draft.notes(_products_key(index)) is not None:
        return
    found: dict[str, Array] = {}
    for number, group in enumerate(context.job.groups):
        images = region_images(context.stack, context.job, group, context.grid[index].region)
        products = model.products(images, context.job.colour)
        found |= {f"{number}/{name}": values for name, values in products.items()}
    draft.put_notes(_products_key(index), found)


def region_images(stack: TrainingStack, job: TrainingJob, group: SampleGroup, region: Region) -> RegionImages:
    """Return all images of a group of expressions in a region."""
    before = job.input_expression
    return RegionImages(
        _read(stack, before, group.samples, region),
        {name: _read(stack, name, group.samples, region) for name in group.expressions},
        {name: _read(stack, before, job.holdout.get(name, ()), region) for name in group.expressions},
    )


@lru_cache(maxsize=1)
def prepared_globals(address: DraftAddress, group: int) -> Prepared:
    """Return what the global stage prepared for a group of expressions, by its number; nothing without the stage."""
    prepared: dict[str, dict[str, Array]] = {}
    for name, values in (address.open().notes(_solution_key(group)) or {}).items():
        expression, array = name.split("/")
        prepared.setdefault(expression, {})[array] = values
    return prepared


def _solve(context: TaskContext, model: WholeImageModel, plan: TrainingPlan) -> None:
    total: dict[str, Array] = {}
    # Tile after tile, so that floating-point sums do not depend on who was first.
    for index in range(len(plan.grid)):
        for name, values in _kept_products(context.draft, index).items():
            total[name] = total[name] + values if name in total else values
    fit = context.job.fit(context.stack)
    for number, group in enumerate(context.job.groups):
        prefix = f"{number}/"
        products = {name.removeprefix(prefix): values for name, values in total.items() if name.startswith(prefix)}
        prepared = model.prepare_globals(products, group.expressions, fit)
        flat = {f"{name}/{array}": values for name, arrays in prepared.items() for array, values in arrays.items()}
        context.draft.put_notes(_solution_key(number), flat)


def _kept_products(draft: WeightDraft, index: int) -> dict[str, Array]:
    found = draft.notes(_products_key(index))
    assert found is not None, "every tile was passed"
    return found


def _read(stack: TrainingStack, expression: str, samples: tuple[int, ...], region: Region) -> Array:
    images = np.empty((len(samples), stack.channels, *region.shape), stack.dtype)
    for start in range(0, len(samples), SAMPLES_AT_ONCE):
        block = np.array(samples[start : start + SAMPLES_AT_ONCE], dtype=np.int64)
        images[start : start + len(block)] = stack.read(expression, block, *region.slices)
    return images


def _products_key(index: int) -> str:
    return f"products-{index:06d}"


def _solution_key(group: int) -> str:
    return f"solution-{group:04d}"
