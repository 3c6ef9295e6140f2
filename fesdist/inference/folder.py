"""A folder of photographs becomes a folder of faces with expressions; what was done before is not done again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, islice, repeat, takewhile

from fesdist.cluster.connect import open_cluster
from fesdist.cluster.settings import ClusterSettings
from fesdist.ground.errors import BadParameterError
from fesdist.ground.machine import cores
from fesdist.ground.share import Progress
from fesdist.inference.batch import BatchStage
from fesdist.inference.manifest import FolderManifest, open_manifest
from fesdist.inference.prepared import FolderRequest, PreparedRun, prepare
from fesdist.inference.record import Record
from fesdist.inference.run_note import RunNote
from fesdist.inference.summary import SynthesisSummary
from fesdist.inference.underway import FolderJob, PhotographTask
from fesdist.passes.stage import outcomes
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
    request: FolderRequest, *, cluster: ClusterSettings | None = None, on_progress: Progress | None = None
) -> SynthesisSummary:
    """Write outputs for every photograph of a folder, or for one file, as `out/<expression>/<path>`, if not said.

    Faces are found and worked on where they are if the settings say how to align; else photographs are resized to the
    model's size, and those whose proportions that changes are counted. Outputs that were made from the same file with
    the same version and settings are kept, unless the settings say otherwise. `out/manifest.jsonl` says what happened
    to each photograph.

    `on_progress(done, total, note)` counts photographs, with each batch; `total` is 0 until all of a large folder were
    found. A photograph that fails is listed in the summary and stops nothing. Raises as `prepare`, and NoSpaceError
    when the disk is full; what was written until then stays.
    """
    began = time.perf_counter()
    cluster = cluster or ClusterSettings()
    if on_progress is not None:
        on_progress(0, 0, "looking for photographs")
    run = prepare(request, cluster.array_bytes)
    job, todo, summary = run.job, run.todo, run.summary
    if todo.complete and todo.n_found <= SMALL_RUN and cluster == ClusterSettings(memory=cluster.memory):
        cluster = replace(cluster, workers=0)
    if cluster.in_process:
        job = replace(job, threads=cores())
    with open_manifest(request.out) as manifest:
        tasks = todo.tasks(manifest, run.points)
        for first in islice(tasks, 1):
            begun = _begun(chain((first,), tasks), job, manifest)
            for records in _batches(begun, replace(run, job=job), cluster, on_progress):
                for record in records:
                    manifest.append(record)
                    summary.add(record)
                # No sooner, as one of a batch says nothing of how long the others took.
                if on_progress is not None:
                    total = todo.n_tasks if todo.complete else 0
                    on_progress(summary.n_seen, total, "" if total else f"{todo.n_found:,} found so far")
        summary.made_otherwise = manifest.made_otherwise(job.digest)
        summary.sort()
        manifest.conclude(RunNote.of(job.reference, job.digest, summary.notices))
    summary.seconds = time.perf_counter() - began
    return summary


def _begun(tasks: Iterator[PhotographTask], job: FolderJob, manifest: FolderManifest) -> Iterator[PhotographTask]:
    """Yield tasks as they are asked for, and enter into `manifest` those that replace what it knows."""
    for task in tasks:
        manifest.begin(task.file, task.outputs.values(), job.reference, job.digest)
        yield task


def _batches(
    tasks: Iterator[PhotographTask],
    run: PreparedRun,
    settings: ClusterSettings,
    on_progress: Progress | None,
) -> Iterator[list[Record]]:
    """Yield what became of the photographs of each batch, as it comes."""
    todo = run.todo
    with open_cluster(settings, on_progress) as cluster:
        rows, cols = run.version.manifest.image_shape
        least, most = _BATCH_LIMITS
        share = -(-todo.n_tasks // (_BATCHES_PER_WORKER * cluster.n_workers)) if todo.complete else most
        size = max(least, min(most, share, _BATCH_PIXELS // (rows * cols)))
        # The first are small: people want to see soon what comes out.
        sizes = chain(repeat(least, cluster.n_workers), repeat(size))
        batches = takewhile(bool, (tuple(islice(tasks, number)) for number in sizes))
        for outcome in outcomes(BatchStage(run.job), batches, cluster):
            # What is wrong with the version or the settings is wrong for every batch.
            if isinstance(outcome.error, (StorageError, BadParameterError)):
                raise outcome.error
            if outcome.error is not None:
                why = f"its batch was given up: {outcome.error}"
                yield [Record(task.file, "failed", why, version=run.job.reference) for task in outcome.item]
            else:
                yield outcome.result
