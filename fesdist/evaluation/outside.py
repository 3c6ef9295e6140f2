"""Photographs without a target: sketches, animals, other cameras; how far a version still does what it does."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fesdist.cluster.settings import Cluster
from fesdist.evaluation.comparison import Comparer, batch_size
from fesdist.evaluation.document import Outside
from fesdist.evaluation.judging import Identities, Judges, Teachers, joined_looks, judges_of
from fesdist.evaluation.looks import Looks
from fesdist.ground.errors import BadParameterError, ImageError
from fesdist.ground.letters import escaped
from fesdist.ground.share import Progress
from fesdist.images.decode import PIXEL_LIMIT, read_header
from fesdist.images.filling import read_image
from fesdist.images.resize import stretch
from fesdist.inference.likeness import doubt_of
from fesdist.inference.photographs import Photographs
from fesdist.inference.record import InputFile
from fesdist.passes.stage import Stage, results
from storage.datasets.store import WeightStore
from storage.stack.reading import TrainingStack


@dataclass(frozen=True)
class OutsideBatch:
    """What came of a few photographs."""

    used: tuple[str, ...]
    failed: Mapping[str, str]
    looks: Mapping[str, tuple[Looks, Identities]]
    """By expression; of no photograph where none could be used."""
    stretched: tuple[str, ...]
    strange: Mapping[str, str]
    """As those of `Outside`."""


@dataclass(frozen=True)
class OutsideStage(Stage[tuple[str, ...], OutsideBatch]):
    """Looks at what a version makes of a few photographs below `root`; one that cannot be used stops nothing."""

    root: Path
    stack: str
    store: str
    reference: str
    memory: int
    judges: Mapping[str, Judges]
    """By expression."""

    stops_at_failure: ClassVar[bool] = True

    def work(self, key: tuple[str, ...]) -> OutsideBatch:
        stack = TrainingStack.open(self.stack)
        version = WeightStore(self.store).open(self.reference)
        comparer = Comparer(stack, version, self.memory)
        images: dict[str, NDArray[Any]] = {}
        failed: dict[str, str] = {}
        stretched: list[str] = []
        for name in key:
            path = self.root / name
            try:
                images[name] = read_image(path, stack.spec, PIXEL_LIMIT)
                if stretch(read_header(path).shape, stack.image_shape) != 1:
                    stretched.append(name)
            except ImageError as error:
                failed[name] = str(error).removeprefix(f"{path}: ")
        looks = {}
        for expression, judges in self.judges.items() if images else ():
            looks[expression] = judges.look(comparer.outputs(np.stack([*images.values()]), expression))
        doubts = {name: doubt_of(image, version) for name, image in images.items()}
        strange = {name: doubt for name, doubt in doubts.items() if doubt}
        return OutsideBatch(tuple(images), failed, looks, tuple(stretched), strange)

    def amount(self, key: tuple[str, ...]) -> int:
        return len(key)


@dataclass(frozen=True)
class Wanted:
    """Of which version, with which stack and teachers, photographs are looked at."""

    stack: TrainingStack
    store: str
    reference: str
    expressions: tuple[str, ...]
    teachers: Teachers


def look_outside(
    found: Photographs, wanted: Wanted, cluster: Cluster, memory: int, on_progress: Progress | None = None
) -> Outside:
    """Return what a version makes of photographs.

    They are brought to the size of the stack and read as `fesdist ingest` reads them. `memory` are the bytes that a
    worker may fill. Raises BadParameterError where none can be used.
    """
    root = found.root.absolute()
    judges = {
        expression: judges_of(wanted.stack, wanted.teachers, expression, len(found.images), "photographs")
        for expression in wanted.expressions
    }
    stage = OutsideStage(root, wanted.stack.path, wanted.store, wanted.reference, memory, judges)
    size = batch_size(wanted.stack, memory)
    keys = [found.images[start : start + size] for start in range(0, len(found.images), size)]
    batches = results(stage, keys, cluster, on_progress)
    failed = {escaped(name): reason for batch in batches for name, reason in batch.failed.items()}
    used = tuple(escaped(name) for batch in batches for name in batch.used)
    if not used:
        name, reason = next(iter(failed.items()))
        raise BadParameterError(
            f"no photograph in {found.root} can be used, of {len(failed)}; the first, {name}: {reason}"
        )
    return Outside(
        escaped(str(root)),
        _digest(root, found.images),
        used,
        failed,
        {
            expression: joined_looks([batch.looks[expression] for batch in batches if batch.used], used)
            for expression in wanted.expressions
        },
        tuple(escaped(name) for batch in batches for name in batch.stretched),
        {escaped(name): doubt for batch in batches for name, doubt in batch.strange.items()},
    )


def _digest(root: Path, names: Sequence[str]) -> str:
    digest = hashlib.sha256()
    for name in names:
        file = InputFile.of(root, name)
        digest.update(f"{file.name}\0{file.size}\0{file.mtime_ns}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()
