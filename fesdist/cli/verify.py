"""`fesdist verify`: is every byte of a version, or every image of a stack, as it was stored?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from fesdist.cli.console import counted, progress, say, warn
from fesdist.ground.errors import BadParameterError
from fesdist.requests.weights import Verify
from storage.datasets.store import WeightStore
from storage.errors import FormatError
from storage.stack.format import digest
from storage.stack.reading import TrainingStack

EXIT_DAMAGED = 1
_AT_ONCE = 64
"""Images that are read together."""


def run(request: Verify) -> int:
    """Verify, and name what is damaged; return 0, or 1 if something is."""
    if request.reference is None and not Path(request.place, "zarr.json").is_file():
        raise BadParameterError(f"{request.place} is no training stack; for a weight store, name the version as well")
    if request.reference is not None:
        what, damaged = _version(request.place, request.reference)
    else:
        stack = TrainingStack.open(request.place)
        what, damaged = f"{stack.path}, {counted(stack.n_samples, 'sample')}", list(_damaged_images(stack))
    for each in damaged:
        warn(f"damaged: {each}")
    say(f"{what}: {counted(len(damaged), 'part')} damaged; restore from a copy" if damaged else f"{what}: all is well")
    return EXIT_DAMAGED if damaged else 0


def _version(store: str, reference: str) -> tuple[str, list[str]]:
    version = WeightStore(store).open(reference)
    manifest = version.manifest
    return f"{manifest.reference}, {counted(len(manifest.checksums), 'checksum')}", version.verify()


def _damaged_images(stack: TrainingStack) -> Iterator[str]:
    """Yield each image whose pixels do not have the digest that was stored, or cannot be read."""
    rows, cols = (slice(0, length) for length in stack.image_shape)
    total = sum(len(subject.digests) for subject in stack.subjects)
    done = 0
    with progress("verifying", "images") as report:
        for expression in stack.expressions:
            having = [number for number, subject in enumerate(stack.subjects) if expression in subject.digests]
            for samples in stack.blocks(np.array(having, np.int64), _AT_ONCE):
                try:
                    images = stack.read(expression, samples, rows, cols)
                except FormatError as error:
                    yield str(error)
                    continue
                for subject, image in zip((stack.subjects[number] for number in samples), images, strict=True):
                    if digest(image) != subject.digests[expression]:
                        yield f"image {expression!r} of {subject.id!r}"
                done += len(samples)
                report(done, total, expression)
