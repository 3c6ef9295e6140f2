"""A collection of a gallery: models trained on pairs of faces, and what each makes of every kind of face."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fesdist.cluster.connect import open_cluster
from fesdist.cluster.settings import ClusterSettings
from fesdist.comparing.entrants import choose_entrants, default_entrants
from fesdist.comparing.result import ComparisonResult
from fesdist.comparing.run import ComparisonRequest, compare
from fesdist.evaluation.comparison import Comparer
from fesdist.evaluation.document import Outside
from fesdist.evaluation.judging import teachers_of
from fesdist.evaluation.outside import Wanted, look_outside
from fesdist.evaluation.scores import MODEL
from fesdist.gallery.kinds import KINDS, Face, Kind
from fesdist.ground.errors import TileError
from fesdist.ground.evenly import evenly
from fesdist.ground.share import Progress
from fesdist.images.encode import encode
from fesdist.inference.photographs import Photographs
from storage.datasets.store import WeightStore
from storage.stack.reading import TrainingStack

MODELS = tuple(entrant.name for entrant in default_entrants() if "-in-" not in entrant.name)
"""The entrants of `fesdist compare` that are shown: every model, without windows that have gaps."""

EXAMPLES = 2
"""People whose faces are shown."""


@dataclass(frozen=True)
class Source:
    """Where the faces of a collection come from, and what is learned from them."""

    title: str
    text: str
    stack: str
    target: str


@dataclass(frozen=True)
class Shown:
    """One kind of faces in a collection."""

    kind: Kind
    inputs: tuple[Face, ...]
    """Of the people shown."""
    outputs: Mapping[str, tuple[Face, ...]]
    """By model."""
    looks: Mapping[str, Outside]
    """Of all people, by model."""


@dataclass(frozen=True)
class Collection:
    """Everything that a page shows of one source."""

    source: Source
    n_trained: int
    n_people: int
    result: ComparisonResult
    kinds: tuple[Shown, ...]


def collect(
    source: Source, folder: Path, models: Sequence[str], settings: ClusterSettings, on_progress: Progress | None = None
) -> Collection:
    """Train the models on the stack of a source, show them its held-out people in every kind, and return all of it.

    Everything is written below `folder`; what is there from an earlier run is not trained again. Raises what
    `fesdist.comparing.run.compare` does, and TileError, with the reason of the first, where models cannot be trained.
    """
    stack, store = TrainingStack.open(source.stack), str(folder / "weights")
    entrants = choose_entrants(default_entrants(), models)
    request = ComparisonRequest(stack.path, store, entrants, direction="forward", expressions=(source.target,))
    result = compare(request, settings, on_progress=on_progress)
    for (name, _), reason in result.failed.items():
        raise TileError(f"{name} could not be trained on {source.stack}: {reason}")
    samples = stack.samples(source.target, "holdout")
    faces = stack.read(stack.spec.input_expression, samples, *(slice(0, length) for length in stack.image_shape))
    (change,) = result.changes
    references = {name: f"{change.model_name(name)}@{found.version}" for (name, _), found in result.measured.items()}
    comparers = {name: Comparer(stack, WeightStore(store).open(where)) for name, where in references.items()}
    teachers = teachers_of(stack, "holdout")
    people = evenly(len(faces), EXAMPLES)
    shown = []
    with open_cluster(ClusterSettings(workers=0, memory=settings.memory)) as here:
        for number, kind in enumerate(KINDS):
            if on_progress is not None:
                on_progress(number, len(KINDS), kind.name)
            changed = np.array([kind.of(each) for each in faces])
            photographs = _written(
                changed, [stack.subjects[sample].id for sample in samples], folder / "photographs" / kind.name
            )
            looks, outputs = {}, {}
            for name, reference in references.items():
                wanted = Wanted(stack, store, reference, (source.target,), teachers)
                looks[name] = look_outside(photographs, wanted, here, settings.array_bytes)
                made = comparers[name].outputs(changed[people], source.target)[MODEL]
                outputs[name] = tuple(np.rint(255 * made).astype(np.uint8))
            shown.append(Shown(kind, tuple(changed[people]), outputs, looks))
    n_trained = len(stack.samples(source.target, "train"))
    return Collection(source, n_trained, len(faces), result, tuple(shown))


def _written(faces: NDArray[np.uint8], names: Sequence[str], folder: Path) -> Photographs:
    """Write faces, and return these alone, whatever an earlier run has left there."""
    for face, name in zip(faces, names, strict=True):
        encode(folder / f"{name}.png", face)
    return Photographs(folder, tuple(f"{name}.png" for name in names), ())
