"""One task of a run over a folder: read some photographs, put the expressions on them, write the outputs."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fesdist.ground.errors import ImageError
from fesdist.images.decode import decode
from fesdist.images.encode import encode
from fesdist.images.resize import resize
from fesdist.inference.full_disk import full_disk_told
from fesdist.inference.full_size import add_change
from fesdist.inference.intensities import Images, Range, unit_scale
from fesdist.inference.loaded import LoadedVersion
from fesdist.inference.manifest import InputFile, Record
from fesdist.inference.settings import Detail, OutputSize, SynthesisSettings
from fesdist.passes.stage import Stage
from storage.datasets.store import WeightStore

_BYTES_PER_VALUE = 12
"""Bytes alive for each value of an image at the model's size: 8 bits before and after, float32 in between."""

_BYTES_PER_RESCALED_VALUE = 24
"""The same when whole images are rescaled, which takes copies in float32."""


@dataclass(frozen=True)
class PhotographTask:
    """One photograph and the files to write, relative to the folder of outputs, by expression."""

    file: InputFile
    outputs: Mapping[str, str]


@dataclass(frozen=True)
class FolderJob:
    """What the batches of a run have in common; small, as it travels with each of them."""

    root: Path
    out: Path
    store: str
    reference: str
    """Name and number of the version, `london@3`; never an alias, which could move during the run."""
    settings: SynthesisSettings
    digest: str
    memory: int
    """Bytes that a worker may use: half for weights, three eighths for the images of a group."""
    threads: int


def _no_pixels() -> NDArray[np.uint8]:
    return np.empty((0, 0, 0), np.uint8)


@dataclass
class _Photograph:
    """A photograph on its way through a group, from its task to its record."""

    task: PhotographTask
    inputs: NDArray[np.uint8] = field(default_factory=_no_pixels)
    """(channel, row, col) at the model's size; no channel if it cannot be used."""
    full: NDArray[np.uint8] = field(default_factory=_no_pixels)
    """(channel, row, col) at its own size, if the outputs shall have that size."""
    written: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    trouble: str = ""

    def record(self, job: FolderJob, seconds: float) -> Record:
        return Record(
            self.task.file,
            "failed" if self.trouble else "ok",
            self.trouble,
            self.written,
            job.reference,
            job.digest,
            round(seconds, 4),
            self.sizes,
        )


@dataclass(frozen=True)
class BatchStage(Stage[tuple[PhotographTask, ...], list[Record]]):
    """Batches of photographs."""

    job: FolderJob

    def work(self, key: tuple[PhotographTask, ...]) -> list[Record]:
        return synthesize_batch(key, self.job)


def synthesize_batch(tasks: Sequence[PhotographTask], job: FolderJob) -> list[Record]:
    """Write the outputs of some photographs and return a record of each.

    A photograph that cannot be used, or an output that cannot be written, is recorded as failed and stops nothing.
    Raises NoSpaceError when the disk is full, and what the store raises for a damaged version.
    """
    loaded = _load(job.store, job.reference, job.digest, job.memory // 2, job.threads)
    records: list[Record] = []
    step = _group_size(loaded, job)
    with ThreadPoolExecutor(job.threads) as pool:
        for start in range(0, len(tasks), step):
            began = time.perf_counter()
            group = [_Photograph(task) for task in tasks[start : start + step]]
            _synthesize_group(group, loaded, job, pool)
            seconds = (time.perf_counter() - began) / len(group)
            records += [photograph.record(job, seconds) for photograph in group]
    return records


@lru_cache(maxsize=1)
def _load(store: str, reference: str, digest: str, memory: int, threads: int) -> LoadedVersion:
    """Open a version once for all batches of a worker; `digest` tells it from one of a store that was made anew."""
    return LoadedVersion(WeightStore(store).open(reference), memory=memory, threads=threads)


def _group_size(loaded: LoadedVersion, job: FolderJob) -> int:
    if job.settings.output_size is OutputSize.INPUT:
        # Photographs are held at their own size, whatever that is.
        return job.threads
    rows, cols = loaded.image_shape
    rescaled = loaded.min_max or job.settings.stretch or job.settings.detail is not Detail.MODEL
    whole_copies = rescaled or loaded.shapes.present
    image_bytes = 3 * rows * cols * (_BYTES_PER_RESCALED_VALUE if whole_copies else _BYTES_PER_VALUE)
    return max(1, 3 * job.memory // 8 // image_bytes)


def _synthesize_group(
    group: Sequence[_Photograph], loaded: LoadedVersion, job: FolderJob, pool: ThreadPoolExecutor
) -> None:
    list(pool.map(lambda photograph: _read(photograph, loaded, job), group))
    settings = job.settings
    for expression in sorted({expression for photograph in group for expression in photograph.task.outputs}):
        for channels in (1, 3):
            same = [
                photograph
                for photograph in group
                if len(photograph.inputs) == channels and expression in photograph.task.outputs
            ]
            if not same:
                continue
            outputs = loaded.synthesize(
                np.stack([photograph.inputs for photograph in same]),
                expression,
                refine=settings.refine,
                intensity=settings.intensity,
                texture=settings.texture,
                stretch=settings.stretch,
                detail=settings.keeps_detail(loaded.keeps_detail(expression)),
            )
            list(pool.map(lambda one, output, to=expression: _write(one, output, to, loaded, job), same, outputs))


def _read(photograph: _Photograph, loaded: LoadedVersion, job: FolderJob) -> None:
    try:
        path = job.root / photograph.task.file.name
        full = loaded.match_channels(decode(path, pixel_limit=job.settings.pixel_limit))
        inputs = resize(full, loaded.image_shape)
        if loaded.min_max:
            Range.of(unit_scale(inputs[None])).require_contrast()
    except ImageError as error:
        photograph.trouble = str(error)
    else:
        photograph.inputs = inputs
        if job.settings.output_size is OutputSize.INPUT:
            photograph.full = full


def _write(photograph: _Photograph, output: Images, expression: str, loaded: LoadedVersion, job: FolderJob) -> None:
    """Write one output, (channel, row, col) float32 in [0, 1] at the model's size."""
    name = photograph.task.outputs[expression]
    if job.settings.output_size is OutputSize.INPUT:
        base = loaded.moved(photograph.inputs[None], expression, job.settings.intensity)[0]
        displacement = loaded.shapes.displacement(expression, job.settings.intensity)
        pixels = add_change(photograph.full, output - unit_scale(base), displacement)
    else:
        pixels = np.rint(output * 255).astype(np.uint8)
    try:
        with full_disk_told(job.out / name):
            photograph.sizes[expression] = encode(job.out / name, pixels)
    except ImageError as error:
        photograph.trouble = str(error)
    else:
        photograph.written[expression] = name
