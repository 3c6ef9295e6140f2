"""The project's own entrants: trained on drawn faces, published, and loaded as any user would load them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fesdist.cluster.in_process import InProcessCluster
from fesdist.comparing.sizes import size_of
from fesdist.faces.generate import face
from fesdist.families.common.contract import AnyModel
from fesdist.ground.refinement import ALPHAS, Refinement
from fesdist.registry import (
    LocalSparseReceptiveFields,
    MaskedRegression,
    PixelKernelRidge,
    PixelRidge,
    model_from_parameters,
)
from fesdist.training.job import TrainingRequest
from fesdist.training.run import train
from storage.datasets.store import WeightStore
from storage.datasets.version import WeightVersion
from storage.stack.reading import StackSpec
from storage.stack.writer import PendingSubject, StackWriter

BEFORE, AFTER = "neutral", "happy"

_HELD_OUT = 4


@dataclass(frozen=True)
class Entrant:
    """A model under the name of its row, as it is or refined."""

    name: str
    model: AnyModel
    refinement: Refinement = Refinement.NONE


ENTRANTS = (
    Entrant("MR 5 x 5", MaskedRegression.with_window(5)),
    Entrant("RMR 5 x 5", MaskedRegression.with_window(5), Refinement.LEARNED),
    Entrant("Pixel-RR", PixelRidge()),
    Entrant("Pixel-KR", PixelKernelRidge()),
    Entrant("LSRF", LocalSparseReceptiveFields(n_nonzero=5)),
)


def draw_stack(path: Path, people: int, side: int) -> None:
    """Write a stack of drawn people, `BEFORE` and `AFTER`; the last few are held out."""
    with StackWriter.create(path, StackSpec(side, side, 3, "uint8", "none")) as writer:
        for person in range(people):
            images = {expression: face(person, expression, side) for expression in (BEFORE, AFTER)}
            writer.append([PendingSubject(f"{person:03d}", images)])
        writer.assign_holdout(ids=[f"{person:03d}" for person in range(max(1, people - _HELD_OUT), people)])


def publish(stack: Path, store: Path, entrants: tuple[Entrant, ...] = ENTRANTS) -> dict[str, WeightVersion]:
    """Return a published version for each entrant, by its name; those of one model share it."""
    versions: dict[AnyModel, WeightVersion] = {}
    for entrant in entrants:
        if entrant.model not in versions:
            name = f"model-{len(versions)}"
            train(TrainingRequest(str(stack), str(store), name, entrant.model), InProcessCluster(), memory=1 << 30)
            versions[entrant.model] = WeightStore(str(store)).open(name)
    return {entrant.name: versions[entrant.model] for entrant in entrants}


@dataclass(frozen=True)
class Size:
    """What the outputs of one expression are made of."""

    parameters: int
    """Numbers other than zero, as `fesdist compare` counts them; for RMR with alpha."""
    float32_bytes: int
    """In memory, as they are used: numbers as float32, indices of pixels as int32."""


def linear_size(version: WeightVersion, refinement: Refinement) -> Size:
    """Return the size of a version of the model `reads`-arrays of which hold it, without the refinement or with it."""
    model = model_from_parameters(version.manifest.model.name, version.manifest.model.parameters)
    alphas = [ALPHAS[refinement]] if refinement in ALPHAS else []
    values = sum(version.read(AFTER, name).size for name in (*model.reads, *alphas))
    alpha = sum(np.count_nonzero(version.read(AFTER, name)) for name in alphas)
    return Size(size_of(version, AFTER).parameters + int(alpha), 4 * values)
