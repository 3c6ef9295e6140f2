"""The draft that a job fills: a new one, or the one that an interrupted run of an equal job left."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict

from fesdist.cluster.settings import Cluster
from fesdist.ground.errors import PlanError
from fesdist.training.job import CutJob, TrainingJob
from fesdist.training.layout import weights_spec
from fesdist.training.plan import TrainingPlan, check_memory, make_plan, plan_with_cut
from storage.datasets.draft import WeightDraft
from storage.datasets.store import WeightStore
from storage.errors import NotFoundError
from storage.stack.reading import TrainingStack


@contextmanager
def open_draft(
    store: WeightStore, name: str, job: TrainingJob, stack: TrainingStack, memory: int, cluster: Cluster
) -> Iterator[tuple[WeightDraft, TrainingPlan]]:
    """Yield the draft of a job, claimed, and the plan to fill it: the tiles of an interrupted run are kept as they are.

    Raises PlanError when the plan fits neither the memory (bytes a worker may use) nor the disk.
    """
    digest = job.digest()
    # A published draft is immutable, so each new run of an equal job gets a number of its own; an unpublished draft
    # with that number is an interrupted run, or one that is going on and writes the same bytes.
    generation = 0
    while store.published_with(name, draft_id := f"{digest}-{generation}"):
        generation += 1
    proposed = make_plan(job, stack, memory, cluster.n_workers, cluster.threads)
    cut = _cut_of(store, name, draft_id)
    if cut is None:
        _check_disk(store, proposed)
        cut = CutJob(job, proposed.tile_shape, proposed.chunk)
    draft = store.draft(name, draft_id)
    # Claimed before there is anything that somebody who cleans up could take away.
    with draft.claimed():
        draft.create(weights_spec(job, stack, cut.chunk), asdict(cut))
        # Whoever created the draft cut it, which may have been somebody else with another budget.
        plan = plan_with_cut(stack, memory, CutJob.of(draft), cluster.threads)
        check_memory(plan, job)
        yield draft, plan


def _cut_of(store: WeightStore, name: str, draft_id: str) -> CutJob | None:
    """Return how a draft is cut that exists already."""
    with suppress(NotFoundError):
        return CutJob.of(store.open_draft(name, draft_id))
    return None


def _check_disk(store: WeightStore, plan: TrainingPlan) -> None:
    free = store.free_bytes()
    if free is not None and plan.stored_bytes > free:
        raise PlanError(
            f"the weights take {math.ceil(plan.stored_bytes / 2**20)} MiB, but {store.uri} has only "
            f"{free // 2**20} MiB left; free some space, choose another store, or train fewer expressions or a smaller "
            "window"
        )
