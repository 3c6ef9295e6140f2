"""A run over a folder of photographs before anything is made: what was asked for, and all that is known of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from fesdist.align.points import Points
from fesdist.inference.loaded import LoadedVersion, require_expression
from fesdist.inference.names import Naming
from fesdist.inference.photographs import check_out, output_ending
from fesdist.inference.recipe import Recipe
from fesdist.inference.settings import SynthesisSettings
from fesdist.inference.summary import SynthesisSummary
from fesdist.inference.todo import Todo
from fesdist.inference.underway import FolderJob, for_weights
from storage.datasets.store import WeightStore
from storage.datasets.version import WeightVersion


@dataclass(frozen=True)
class FolderRequest:
    """What a user asks for."""

    source: Path
    """A folder of photographs, or one file."""
    out: Path
    store: str
    """URI of the weight store."""
    reference: str
    """`london`, `london@3` or `london@production`."""
    expressions: Sequence[str] = ()
    mixture: Mapping[str, float] | None = None
    """Weights by expression; all expressions of the version are made if neither this nor `expressions` are said."""
    settings: SynthesisSettings = field(default_factory=SynthesisSettings)
    only: Collection[str] | None = None
    """Of a folder, the photographs to look at, relative to it; the others are taken not to be there."""


@dataclass(frozen=True)
class PreparedRun:
    """A run that could begin."""

    version: WeightVersion
    job: FolderJob
    todo: Todo
    summary: SynthesisSummary
    points: Points | None


def prepare(request: FolderRequest, memory: int) -> PreparedRun:
    """Return the run for a request, whose workers may use `memory` bytes.

    Raises BadParameterError for a folder or an expression that cannot be used, and for too little memory; NotFoundError
    for an unknown version.
    """
    settings = request.settings
    weights = WeightStore(request.store)
    version = weights.open(request.reference)
    recipes = _recipes(request, version)
    chosen = tuple(recipes)
    check_out(request.source, request.out)
    alignment = settings.alignment
    loaded = LoadedVersion(version, memory=for_weights(memory), eyes=alignment.eyes if alignment else None)
    finding = alignment.finding(loaded.frame, loaded.reference) if alignment else None
    job = FolderJob(
        root=(request.source.parent if request.source.is_file() else request.source).absolute(),
        out=request.out.absolute(),
        store=weights.uri,
        reference=version.manifest.reference,
        # The table of points stays here: each task has its faces.
        settings=replace(settings, alignment=replace(alignment, points=None) if alignment else None),
        recipes=recipes,
        finding=finding,
        digest=settings.digest(f"{version.manifest.data} {version.manifest.created}", finding),
        memory=memory,
        threads=1,
    )
    summary = SynthesisSummary(job.reference, chosen, request.out)
    found = {name: loaded.shapes.reached(recipe, settings.intensity) for name, recipe in recipes.items()}
    summary.reached = {name: reached for name, reached in found.items() if reached < settings.intensity}
    todo = Todo(request.source, job, _naming(chosen, version, settings), summary, request.only)
    return PreparedRun(version, job, todo, summary, alignment.points if alignment else None)


def _naming(expressions: tuple[str, ...], version: WeightVersion, settings: SynthesisSettings) -> Naming:
    """Return what the outputs are called."""
    model, _, number = version.manifest.reference.partition("@")
    facts = {"model": model, "version": number, "intensity": f"{settings.intensity:g}"}
    ending = partial(output_ending, output_format=settings.output_format)
    return Naming(expressions, settings.name_pattern, facts, ending)


def _recipes(request: FolderRequest, version: WeightVersion) -> dict[str, Recipe]:
    """Return what is made, by the names that outputs go by."""
    wanted = [Recipe.of(name) for name in request.expressions or (() if request.mixture else version.expressions)]
    if request.mixture:
        wanted.append(Recipe.mixed(request.mixture))
    for recipe in wanted:
        for expression, _ in recipe.parts:
            require_expression(expression, version)
    regions = request.settings.regions
    return {recipe.name: replace(recipe, regions=regions) for recipe in sorted(wanted, key=lambda one: one.name)}
