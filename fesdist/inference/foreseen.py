"""What a run over a folder of photographs would make, told without making it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain, islice

from fesdist.inference.manifest import read_manifest
from fesdist.inference.prepared import FolderRequest, prepare
from fesdist.inference.summary import SynthesisSummary

EXAMPLES = 5
"""Photographs whose outputs are named."""


@dataclass(frozen=True)
class Foreseen:
    """What is known before anything is made, and before a photograph was opened."""

    summary: SynthesisSummary
    """Of a run that has done nothing yet; what it had to notice so far is about names and the version."""
    n_photographs: int
    """Of which something would be made."""
    n_images: int
    """Files that would be written, if no photograph is damaged."""
    examples: Mapping[str, Mapping[str, str]]
    """The outputs of the first photographs, relative to the folder of outputs, by expression."""


def foresee(request: FolderRequest, memory: int) -> Foreseen:
    """Return what `synthesize_folder` would make; nothing is written.

    Photographs are not opened, so those that are damaged, or show no face, are counted. `memory` are
    the bytes that a worker may use. Raises as `synthesize_folder` does.
    """
    run = prepare(request, memory)
    n_images = 0
    with read_manifest(request.out) as manifest:
        tasks = run.todo.tasks(manifest, run.points, tidy=False)
        first = list(islice(tasks, EXAMPLES))
        for task in chain(first, tasks):
            n_images += len(task.outputs)
        run.summary.made_otherwise = manifest.made_otherwise(run.job.digest)
    run.summary.sort()
    return Foreseen(run.summary, run.todo.n_tasks, n_images, {task.file.name: task.outputs for task in first})
