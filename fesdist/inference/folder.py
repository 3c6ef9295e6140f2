"""A folder of photographs becomes a folder of faces with expressions; what was done before is not done again."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain, islice
from pathlib import Path

from fesdist.cluster.connect import ClusterSettings, open_cluster
from fesdist.ground.errors import BadParameterError
from fesdist.ground.machine import cores
from fesdist.inference.batch import BatchStage
from fesdist.inference.loaded import LoadedVersion, require_expression
from fesdist.inference.manifest import Record, open_manifest
from fesdist.inference.names import Naming
from fesdist.inference.photographs import check_out, output_ending
from fesdist.inference.recipe import Recipe
from fesdist.inference.run_note import RunNote
from fesdist.inference.settings import SynthesisSettings
from fesdist.inference.summary import SynthesisSummary
from fesdist.inference.todo import Todo
from fesdist.inference.underway import FolderJob, PhotographTask
from fesdist.passes.stage import Progress, outcomes
from storage.datasets.store import WeightStore
from storage.datasets.version import WeightVersion
from storage.errors import StorageError

SMALL_RUN = 256
"""Photographs done by the threads of this process if nothing is said: a local cluster takes 2 s to start and stop, in
which this process makes 600 faces of 128 x 128 pixels on two cores."""

_BATCH_PIXELS = 1 << 24
_BATCH_LIMITS = 8, 64
"""Photographs of a batch: enough that reading weights and telling the client cost little, few enough to lose."""

_BATCHES_PER_WORKER = 4
"""So that workers finish together."""


def synthesize_folder(
    source: Path,
    out: Path,
    store: str,
    reference: str,
    *,
    expressions: Sequence[str] = (),
    mixture: Mapping[str, float] | None = None,
    settings: SynthesisSettings | None = None,
    cluster: ClusterSettings | None = None,
    only: Collection[str] | None = None,
    on_progress: Progress | None = None,
) -> SynthesisSummary:
    """Write outputs for every photograph below `source`, or for one file, as `out/<expression>/<path>`, if not said.

    `reference` is `london`, `london@3` or `london@production` in the weight store at the URI `store`. All expressions
    of the version are made unless `expressions` names some, or there is a `mixture`, weights by expression. Faces are
    found and worked on where they are if the settings say how to align; else photographs are resized to the model's
    size, and those whose proportions that changes are counted. Outputs that were made from the same file with the
    same version and settings are kept, unless the settings say otherwise. `out/manifest.jsonl` says what happened to
    each photograph.

    Of a folder, `only` names the photographs to look at, relative to it; the others are taken not to be there.
    `on_progress(done, total, note)` counts photographs; `total` is 0 until all of a large folder were found.
    A photograph that fails is listed in the summary and stops
    nothing. Raises BadParameterError for a folder or an expression that cannot be used, NotFoundError for an unknown
    version, and NoSpaceError when the disk is full; what was written until then stays.
    """
    began = time.perf_counter()
    settings = settings or SynthesisSettings()
    cluster = cluster or ClusterSettings()
    weights = WeightStore(store)
    version = weights.open(reference)
    recipes = _recipes(expressions, mixture, settings, version)
    chosen = tuple(recipes)
    check_out(source, out)
    loaded = LoadedVersion(version)
    alignment = settings.alignment
    finding = alignment.finding(loaded.eyes, loaded.reference) if alignment else None
    job = FolderJob(
        root=(source.parent if source.is_file() else source).absolute(),
        out=out.absolute(),
        store=weights.uri,
        reference=version.manifest.reference,
        # The table of points stays here: each task has its faces.
        settings=replace(settings, alignment=replace(alignment, points=None) if alignment else None),
        recipes=recipes,
        finding=finding,
        digest=settings.digest(f"{version.manifest.data} {version.manifest.created}", finding),
        memory=cluster.array_bytes,
        threads=1,
    )
    summary = SynthesisSummary(job.reference, chosen, out)
    found = {name: loaded.shapes.reached(recipe, settings.intensity) for name, recipe in recipes.items()}
    summary.reached = {name: reached for name, reached in found.items() if reached < settings.intensity}
    if on_progress is not None:
        on_progress(0, 0, "looking for photographs")
    todo = Todo(source, job, _naming(chosen, version, settings), summary, only)
    if todo.complete and todo.n_found <= SMALL_RUN and cluster == ClusterSettings(memory=cluster.memory):
        cluster = replace(cluster, workers=0)
    if cluster.scheduler is None and cluster.local_workers == 0:
        job = replace(job, threads=cores())
    with open_manifest(out) as manifest:
        tasks = todo.tasks(manifest, alignment.points if alignment else None)
        for first in islice(tasks, 1):
            for record in _records(chain((first,), tasks), todo, job, version, cluster, on_progress):
                manifest.append(record)
                summary.add(record)
                if on_progress is not None:
                    total = todo.n_tasks if todo.complete else 0
                    on_progress(summary.n_seen, total, "" if total else f"{todo.n_found:,} found so far")
        summary.made_otherwise = manifest.made_otherwise(job.digest)
        summary.sort()
        manifest.conclude(RunNote.of(job.reference, job.digest, summary.notices))
    summary.seconds = time.perf_counter() - began
    return summary


def _naming(expressions: tuple[str, ...], version: WeightVersion, settings: SynthesisSettings) -> Naming:
    """Return what the outputs are called."""
    model, _, number = version.manifest.reference.partition("@")
    facts = {"model": model, "version": number, "intensity": f"{settings.intensity:g}"}
    ending = partial(output_ending, output_format=settings.output_format)
    return Naming(expressions, settings.name_pattern, facts, ending)


def _recipes(
    expressions: Sequence[str],
    mixture: Mapping[str, float] | None,
    settings: SynthesisSettings,
    version: WeightVersion,
) -> dict[str, Recipe]:
    """Return what is made, by the names that outputs go by."""
    wanted = [Recipe.of(name) for name in expressions or (() if mixture else version.expressions)]
    if mixture:
        wanted.append(Recipe.mixed(mixture))
    for recipe in wanted:
        for expression, _ in recipe.parts:
            require_expression(expression, version)
    return {
        recipe.name: replace(recipe, regions=settings.regions) for recipe in sorted(wanted, key=lambda one: one.name)
    }


def _records(
    tasks: Iterator[PhotographTask],
    todo: Todo,
    job: FolderJob,
    version: WeightVersion,
    settings: ClusterSettings,
    on_progress: Progress | None,
) -> Iterator[Record]:
    with open_cluster(settings, on_progress) as cluster:
        rows, cols = version.manifest.image_shape
        least, most = _BATCH_LIMITS
        share = -(-todo.n_tasks // (_BATCHES_PER_WORKER * cluster.n_workers)) if todo.complete else most
        size = max(least, min(most, share, _BATCH_PIXELS // (rows * cols)))
        batches = iter(lambda: tuple(islice(tasks, size)), ())
        for outcome in outcomes(BatchStage(job), batches, cluster):
            # What is wrong with the version or the settings is wrong for every batch.
            if isinstance(outcome.error, (StorageError, BadParameterError)):
                raise outcome.error
            if outcome.error is not None:
                yield from (
                    Record(
                        task.file,
                        "failed",
                        f"its batch was given up: {outcome.error}",
                        version=job.reference,
                    )
                    for task in outcome.item
                )
            else:
                yield from outcome.result
