"""A whole training run, from a request to a published version: survey, shape, choice, image pass, tiles, maps."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace

from fesdist.cluster.settings import Cluster, array_bytes
from fesdist.ground.exposure import Exposure
from fesdist.ground.metrics import RunMetrics
from fesdist.ground.notices import Notice
from fesdist.ground.share import Progress
from fesdist.passes.phases import Clock
from fesdist.passes.stage import results
from fesdist.training.choice import Choice
from fesdist.training.choosing import choose, planned
from fesdist.training.context import TaskAddress, open_context
from fesdist.training.drafting import no_room, open_draft
from fesdist.training.image_stage import prepare_image
from fesdist.training.job import TrainingJob, TrainingRequest, define_job, has_shape
from fesdist.training.likeness import LearnedLikeness, learn_likeness, write_likeness
from fesdist.training.misaligned import notices_of_misaligned
from fesdist.training.notices import kept_in, notices_of
from fesdist.training.opened import only_current_images, see_stack
from fesdist.training.plan import TrainingPlan, make_plan
from fesdist.training.refining import write_refinement_maps
from fesdist.training.shaping import LearnedShape, learn_shapes, write_shapes
from fesdist.training.survey import Survey, survey
from fesdist.training.tile_report import summarise
from fesdist.training.tile_stage import TileStage
from storage.datasets.manifest import Facts, ModelFacts, StackFacts
from storage.datasets.store import WeightStore
from storage.stack.reading import TrainingStack


@dataclass(frozen=True)
class TrainingResult:
    """What a run published."""

    name: str
    version: int
    published: bool
    """False when the newest version was trained by an equal job and nothing had to be done."""
    n_tiles: int
    n_resumed: int
    """Tiles that an interrupted run had stored already."""
    seconds: float
    peak_bytes: int
    metrics: RunMetrics
    choice: Choice | None = None
    """What the run chose by itself, and from what."""
    shapes: Mapping[str, LearnedShape] = field(default_factory=dict)
    """By expression; empty without shape."""
    notices: tuple[Notice, ...] = ()
    """What is doubtful of it, as its manifest keeps it."""


def train(
    request: TrainingRequest,
    cluster: Cluster,
    *,
    memory: int,
    if_changed: bool = False,
    on_plan: Callable[[TrainingPlan, int], None] | None = None,
    on_progress: Progress | None = None,
) -> TrainingResult:
    """Train what `request` asks for and publish it as the next version of its model.

    An interrupted run of the same job is continued from its stored tiles. `memory` is what one worker may use, in
    bytes. `on_plan` gets the plan and the number of tiles that are stored already. With `if_changed` nothing is done
    when the newest version comes from an equal job.

    Raises BadParameterError as `define_job`, PlanError, TileError, ClusterError, and the errors of the storage rooms;
    stored tiles are kept.
    """
    start, clock = time.perf_counter(), Clock()
    stack = TrainingStack.open(request.stack)
    store = WeightStore(request.store)
    job = define_job(request, stack)
    choice, shapes = None, dict[str, LearnedShape]()
    shaped = has_shape(request.shape, stack.image_shape)
    if if_changed and not (request.chosen or shaped) and (newest := _newest_of_same_job(store, request.name, job)):
        return newest
    store.check_new()
    for_arrays = array_bytes(memory)
    # What cannot fit is refused before anything runs, and what is not as it was stored before anything is learned.
    most = make_plan(planned(job, request, stack), stack, memory, cluster.n_workers, cluster.threads)
    if (error := no_room(store, most)) and not store.drafts(request.name):  # which may hold what is to be continued
        raise error
    cluster.on_every_worker(see_stack, job.stack, job.fingerprint)
    with only_current_images(job, stack):
        with clock("survey"):
            found = survey(job, stack, cluster, for_arrays, on_progress)
        if shaped:
            with clock("shape"):
                job, shapes = learn_shapes(job, stack, cluster, for_arrays, on_progress)
        if request.chosen:
            with clock("choice"):
                model, choice = choose(request, job, stack, cluster, for_arrays, on_progress)
            job = replace(job, parameters=model.parameters())
    if if_changed and (newest := _newest_of_same_job(store, request.name, job)):
        return newest
    with open_draft(store, request.name, job, stack, memory, cluster) as (draft, plan):
        address = TaskAddress(store.uri, request.name, draft.id, draft.created, job.stack)
        cluster.on_every_worker(_see_same_files, address)
        n_resumed = len(draft.receipt_keys())
        if on_plan:
            on_plan(plan, n_resumed)
        with clock("likeness"):
            likeness, misaligned = learn_likeness(job, stack, found), notices_of_misaligned(job, stack, found)
            checksums = write_shapes(draft, job, stack, plan.chunk) | write_likeness(draft, likeness)
        with only_current_images(job, stack):
            with clock("image pass"):
                checksums.update(prepare_image(address, cluster, on_progress))
            with clock("tiles"):
                stage = TileStage(address, plan)
                reports = results(stage, range(len(plan.grid)), cluster, on_progress)
        checksums.update((key, digest) for report in reports for key, digest in report.checksums.items())
        with clock("refinement"):
            checksums.update(write_refinement_maps(draft, job, stack, plan.chunk))
        metrics = replace(summarise(reports), steps=clock.seconds)
        notices = notices_of(shapes, metrics.expressions, misaligned)
        facts = _facts(request, job, stack, metrics, choice, shapes, likeness, found)
        version = draft.publish(replace(facts, notices=tuple(each.to_record() for each in notices)), checksums)
    return TrainingResult(
        name=request.name,
        version=version,
        published=True,
        n_tiles=len(plan.grid),
        n_resumed=n_resumed,
        seconds=time.perf_counter() - start,
        peak_bytes=metrics.peak_bytes,
        metrics=metrics,
        choice=choice,
        shapes=shapes,
        notices=notices,
    )


def _facts(
    request: TrainingRequest,
    job: TrainingJob,
    stack: TrainingStack,
    metrics: RunMetrics,
    choice: Choice | None,
    shapes: Mapping[str, LearnedShape],
    likeness: Mapping[str, LearnedLikeness],
    found: Survey,
) -> Facts:
    subjects = {
        expression: tuple(stack.subjects[sample].id for sample in group.samples)
        for group in job.groups
        for expression in group.expressions
    }
    inputs = found[job.input_expression].values()
    return Facts(
        code_version=job.code_version,
        model=ModelFacts(job.model, job.parameters, job.build_model().describe()),
        colour=str(job.colour),
        image_shape=stack.image_shape,
        channels=stack.channels,
        expressions=job.expressions,
        stack=StackFacts(job.stack, job.fingerprint, subjects),
        metrics=asdict(metrics),
        job_digest=job.digest(),
        tuning=request.tuning,
        choice=asdict(choice) if choice else None,
        shape={expression: asdict(learned) for expression, learned in shapes.items()} or None,
        likeness={name: asdict(learned.limits) for name, learned in likeness.items() if learned.limits} or None,
        exposure=asdict(Exposure.of([seen.brightness for seen in inputs], [seen.contrast for seen in inputs])),
    )


def _see_same_files(address: TaskAddress) -> None:
    """Run on every worker: raise ClusterError unless it sees what the client sees, now."""
    open_context.cache_clear()
    open_context(address)


def _newest_of_same_job(store: WeightStore, name: str, job: TrainingJob) -> TrainingResult | None:
    versions = store.versions(name) if name in store.names() else []
    if not versions or versions[-1].job_digest != job.digest():
        return None
    newest = versions[-1]
    return TrainingResult(
        name=name,
        version=newest.version,
        published=False,
        n_tiles=0,
        n_resumed=0,
        seconds=0.0,
        peak_bytes=0,
        metrics=newest.measured(RunMetrics),
        notices=kept_in(newest),
    )
