"""The draft that a job fills: a new one, or the one that an interrupted run of an equal job left."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

from fesdist.cluster.settings import Cluster
from fesdist.ground.errors import PlanError
from fesdist.training.job import CutJob, TrainingJob
from fesdist.training.layout import weights_spec
from fesdist.training.plan import TrainingPlan, check_memory, make_plan, plan_with_cut
from storage.datasets.draft import WeightDraft
from storage.datasets.store import WeightStore
from storage.errors import FormatError, NotFoundError
from storage.stack.reading import TrainingStack


@contextmanager
def open_draft(
    store: WeightStore, name: str, job: TrainingJob, stack: TrainingStack, memory: int, cluster: Cluster
) -> Iterator[tuple[WeightDraft, TrainingPlan]]:
    """Yield the draft of a job, claimed, and the plan to fill it: the tiles of an interrupted run are kept as they are.

    Raises PlanError when the plan fits neither the memory (bytes a worker may use) nor the disk.
    """
    draft = store.next_draft(name, job.digest())
    proposed = make_plan(job, stack, memory, cluster.n_workers, cluster.threads)
    cut = _cut_of(draft)
    if cut is None:
        if error := no_room(store, proposed):
            raise error
        cut = CutJob(job, proposed.tile_shape, proposed.chunk)
    # Claimed before there is anything that somebody who cleans up could take away.
    with draft.claimed():
        draft.create(weights_spec(job, stack, cut.chunk), asdict(cut))
        # Whoever created the draft cut it, which may have been somebody else with another budget.
        plan = plan_with_cut(stack, memory, CutJob.of(draft), cluster.threads)
        check_memory(plan, job)
        yield draft, plan


def _cut_of(draft: WeightDraft) -> CutJob | None:
    """Return how a draft is cut that exists already; raises `FormatError` where nobody can continue it."""
    try:
        return CutJob.of(draft)
    except NotFoundError:
        return None
    except FormatError as error:
        raise FormatError(
            f"an interrupted run of the same job cannot be continued: {error}; "
            f"`fesdist versions {shlex.quote(draft.uri)} --clean` removes it, then repeat the command"
        ) from error


def no_room(store: WeightStore, plan: TrainingPlan) -> PlanError | None:
    """Return the error of a disk that has no room for the weights of a plan, None where it has."""
    free = store.free_bytes()
    if free is None or plan.stored_bytes <= free:
        return None
    return PlanError(
        f"the weights take {math.ceil(plan.stored_bytes / 2**20)} MiB, but {store.uri} has only "
        f"{free // 2**20} MiB left; free some space, choose another store, or train fewer expressions or a smaller"
        " window"
    )
