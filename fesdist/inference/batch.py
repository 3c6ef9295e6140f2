"""One task of a run over a folder: read some photographs, put the expressions on them, write the outputs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from fesdist.align.crop import crop
from fesdist.align.frame import Fractions
from fesdist.align.outline import on_face
from fesdist.align.paste import put_back
from fesdist.ground.errors import ImageError, NoFaceError, UnlikeError
from fesdist.images.animation import encode_animation
from fesdist.images.belongings import PixelValues, eight_bits
from fesdist.images.encode import encode
from fesdist.images.photograph import read_photograph
from fesdist.images.resize import resize, stretch
from fesdist.inference.full_disk import full_disk_told
from fesdist.inference.full_size import add_change
from fesdist.inference.intensities import Images, Range, unit_scale
from fesdist.inference.likeness import doubt_of
from fesdist.inference.loaded import LoadedVersion
from fesdist.inference.moving import with_arrival
from fesdist.inference.recipe import Recipe
from fesdist.inference.record import Record
from fesdist.inference.settings import Detail, Light, OutputSize, SynthesisSettings
from fesdist.inference.sweep import LONGEST_SIDE, intensities, milliseconds, there_and_back
from fesdist.inference.underway import FolderJob, PhotographTask, Underway, for_weights
from fesdist.passes.stage import Stage
from storage.datasets.store import WeightStore

_BYTES_PER_VALUE = 12
"""Bytes alive for each value of an image at the model's size: 8 bits before and after, float32 in between."""

_BYTES_PER_RESCALED_VALUE = 24
"""The same when whole images are rescaled, which takes copies in float32."""


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
    eyes = job.finding.frame.eyes if job.finding else None
    loaded = _load(job.store, job.reference, job.digest, for_weights(job.memory), job.threads, eyes)
    records: list[Record] = []
    step = _group_size(loaded, job)
    with ThreadPoolExecutor(job.threads) as pool:
        for start in range(0, len(tasks), step):
            began = time.perf_counter()
            group = [Underway(task) for task in tasks[start : start + step]]
            _synthesize_group(group, loaded, job, pool)
            seconds = (time.perf_counter() - began) / len(group)
            records += [photograph.record(job, seconds) for photograph in group]
    return records


@lru_cache(maxsize=1)
def _load(store: str, reference: str, digest: str, memory: int, threads: int, eyes: Fractions | None) -> LoadedVersion:
    """Open a version once for all batches of a worker; `digest` tells it from one of a store that was made anew."""
    return LoadedVersion(WeightStore(store).open(reference), memory=memory, threads=threads, eyes=eyes)


def _group_size(loaded: LoadedVersion, job: FolderJob) -> int:
    if job.settings.output_size is OutputSize.INPUT:
        # Photographs are held at their own size, whatever that is.
        return job.threads
    return _images_at_once(loaded, job)


def _images_at_once(loaded: LoadedVersion, job: FolderJob) -> int:
    """Return how many images of the model's size fit into the memory, with all pictures of an animation."""
    rows, cols = loaded.image_shape
    rescaled = loaded.min_max or job.settings.stretch or job.settings.detail is not Detail.MODEL
    whole_copies = rescaled or loaded.shapes.present
    value_bytes = (_BYTES_PER_RESCALED_VALUE if whole_copies else _BYTES_PER_VALUE) + len(_steps(job.settings))
    return max(1, 3 * job.memory // 8 // (3 * rows * cols * value_bytes))


def _steps(settings: SynthesisSettings) -> list[float]:
    """Return the intensities of the pictures that are made."""
    return intensities(settings.sweep, settings.intensity) if settings.sweep else [settings.intensity]


def _synthesize_group(
    group: Sequence[Underway], loaded: LoadedVersion, job: FolderJob, pool: ThreadPoolExecutor
) -> None:
    list(pool.map(lambda photograph: _read(photograph, loaded, job), group))
    for name in sorted({name for photograph in group for name in photograph.task.outputs}):
        wanted = [one for one in group if len(one.inputs) and name in one.task.outputs]
        if job.settings.output_size is OutputSize.INPUT:
            list(pool.map(partial(_make_large, name=name, loaded=loaded, job=job), wanted))
            continue
        for channels in (1, 3):
            if same := [one for one in wanted if one.inputs.shape[1] == channels]:
                _make_small(same, name, loaded, job, pool)


def _make_small(
    group: Sequence[Underway], name: str, loaded: LoadedVersion, job: FolderJob, pool: ThreadPoolExecutor
) -> None:
    """Make and write one recipe of photographs with the same number of channels, at the model's size."""
    inputs = np.concatenate([one.inputs[:1] for one in group])
    steps = _steps(job.settings)
    made = [np.rint(255 * _outputs(inputs, name, step, loaded, job)).astype(np.uint8) for step in steps]
    list(pool.map(partial(_write, name=name, job=job), group, zip(*made, strict=True)))


def _make_large(photograph: Underway, *, name: str, loaded: LoadedVersion, job: FolderJob) -> None:
    """Make and write one recipe of a photograph, at its own size; its faces a few at a time."""
    recipe, pictures, masks = job.recipes[name], [], _faces_alone(photograph, job.recipes[name], loaded)
    at_once = max(1, _images_at_once(loaded, job) // job.threads)
    for step in _steps(job.settings):
        displacement, pixels = loaded.shapes.displacement(recipe, step), photograph.full.copy()
        for start in range(0, len(photograph.inputs), at_once):
            inputs = photograph.inputs[start : start + at_once]
            changes = _outputs(inputs, name, step, loaded, job) - unit_scale(loaded.moved(inputs, recipe, step))
            if not photograph.placements:
                pixels = add_change(photograph.full, changes[0], displacement)
            for placement, mask, change in zip(photograph.placements[start:], masks[start:], changes, strict=False):
                if mask is not None:
                    change *= mask if displacement is None else with_arrival(mask, displacement)
                put_back(pixels, placement, change, displacement)
        pictures.append(pixels)
    _write(photograph, pictures, name=name, job=job)


def _faces_alone(photograph: Underway, recipe: Recipe, loaded: LoadedVersion) -> list[Images | None]:
    """Return where each face is, (row, col) at the model's size; None if a recipe changes all, or nobody knows.

    A model does not know where this face ends, and would colour the background beside it.
    """
    return [
        on_face(placed.face, placed.placement, loaded.image_shape) if recipe.regions else None
        for placed in photograph.found.placed
    ]


def _outputs(inputs: NDArray[np.uint8], name: str, intensity: float, loaded: LoadedVersion, job: FolderJob) -> Images:
    settings, recipe = job.settings, job.recipes[name]
    return loaded.synthesize(
        inputs,
        recipe,
        refine=settings.refine,
        intensity=intensity,
        texture=settings.texture,
        stretch=settings.stretch,
        detail=settings.keeps_detail(all(loaded.keeps_detail(expression) for expression, _ in recipe.parts)),
        relit=settings.light is Light.AUTO,
    )


def _read(photograph: Underway, loaded: LoadedVersion, job: FolderJob) -> None:
    path = job.root / photograph.task.file.name
    try:
        found = read_photograph(path, pixel_limit=job.settings.pixel_limit)
        photograph.look_at("the photograph", found.pixels)
        seen = loaded.match_channels(found.pixels)
        if job.finding is None:
            inputs = resize(seen, loaded.image_shape)[None]
            photograph.stretched = round(stretch(found.pixels.shape[1:], loaded.image_shape), 4)
        else:
            photograph.found = job.finding.found(found.pixels, loaded.image_shape, photograph.task.marked)
            faces = photograph.found.placed
            inputs = np.stack([crop(seen, placed.placement, loaded.image_shape) for placed in faces])
        if loaded.min_max:
            Range.of(unit_scale(inputs)).require_contrast()
        if job.finding is None and (doubt := doubt_of(inputs[0], loaded.version)):
            photograph.strange, photograph.reason = True, doubt
            if not job.settings.anyway:
                raise UnlikeError(f"{doubt}; crop it to the face, give --align, or --anyway to make it all the same")
    except (NoFaceError, UnlikeError) as error:
        photograph.refuse("skipped", str(error))
    except ImageError as error:
        # Records are told by the photograph's name already.
        photograph.refuse("failed", str(error).removeprefix(f"{path}: "))
    else:
        photograph.inputs, photograph.belongings = inputs, found.belongings
        if not loaded.min_max and job.settings.texture != 0:
            lightable = loaded.exposure is not None
            lit = lightable and job.settings.light is Light.AUTO
            photograph.look_at_faces(inputs, movable=loaded.shapes.present, lightable=lightable, lit=lit)
        if job.settings.output_size is OutputSize.INPUT:
            photograph.full, scale = loaded.match_channels(found.fine), 1.0
            if job.settings.sweep:
                photograph.full, scale = _reduced(eight_bits(photograph.full), LONGEST_SIDE)
            photograph.placements = tuple(placed.placement.scaled(scale) for placed in photograph.found.placed)
        else:
            photograph.belongings = found.belongings.of_another_size()


def _reduced(pixels: NDArray[np.uint8], longest: int) -> tuple[NDArray[np.uint8], float]:
    """Return an image whose longer side has `longest` pixels at most, and how many times as large it is."""
    _, rows, cols = pixels.shape
    scale = min(1.0, longest / max(rows, cols))
    return resize(pixels, (max(1, round(scale * rows)), max(1, round(scale * cols)))), scale


def _write(photograph: Underway, pictures: Sequence[PixelValues], *, name: str, job: FolderJob) -> None:
    """Write one output: a picture, (channel, row, col), or those of the way there of an animation."""
    file, n_pictures = photograph.task.outputs[name], job.settings.sweep
    try:
        with full_disk_told(job.out / file):
            if n_pictures:
                shown = there_and_back([eight_bits(picture) for picture in pictures], n_pictures)
                size = encode_animation(job.out / file, shown, milliseconds(n_pictures))
            else:
                size = encode(job.out / file, pictures[0], photograph.belongings)
    except ImageError as error:
        photograph.refuse("failed", str(error))
    else:
        photograph.sizes[name] = size
        photograph.written[name] = file
        photograph.look_at(name, pictures[-1])
