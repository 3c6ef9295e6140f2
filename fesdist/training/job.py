"""A training job: exactly what is learned from which samples, and how it is cut into tiles."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any, Literal

import numpy as np

from fesdist.families.common.contract import AnyModel
from fesdist.families.common.fit import Fit
from fesdist.ground.colour import Colour
from fesdist.ground.errors import BadParameterError
from fesdist.ground.revision import revision
from fesdist.images.survey import frame_of
from fesdist.registry import model_from_parameters
from storage.blobs.documents import convert
from storage.datasets.draft import WeightDraft
from storage.stack.reading import TrainingStack


class Shape(StrEnum):
    """Whether a model moves the photograph's pixels before it changes them."""

    YES = "yes"
    NO = "no"
    AUTO = "auto"
    """For images of `SHAPED_FROM` pixels on."""


class Precision(StrEnum):
    """The type in which a model's own arrays are stored; they are solved in float64."""

    FLOAT64 = "float64"
    FLOAT32 = "float32"
    """Half the bytes. Images are made in float32 of either, so that they have the same bits."""


SHAPED_FROM = 128
"""Pixels of the shorter side. In smaller images a mouth moves by a pixel or two, which windows can follow."""


def has_shape(said: Shape, image_shape: tuple[int, int]) -> bool:
    """Return whether a model of images of this shape learns a shape."""
    return said is Shape.YES or (said is Shape.AUTO and min(image_shape) >= SHAPED_FROM)


@dataclass(frozen=True)
class TrainingRequest:
    """What a user asks for."""

    stack: str
    store: str
    name: str
    model: AnyModel
    colour: Colour = Colour.SHARED
    expressions: tuple[str, ...] | None = None
    """Target expressions; all but the input when None."""
    subjects: Literal["train", "all"] = "train"
    """`train` keeps the held-out people for evaluation, `all` learns from them too."""
    input_expression: str | None = None
    """What the model starts from; the stack's own input when None."""
    held_out: frozenset[str] | None = None
    """Ids among those of `subjects` who are measured and not learned from; the stack's held-out people when None."""
    shape: Shape = Shape.NO
    precision: Precision = Precision.FLOAT64
    chosen: tuple[str, ...] = ()
    """Hyper-parameters of the model that the run itself chooses, on people left out."""
    tuning: Mapping[str, Any] | None = None
    """Why these hyper-parameters were chosen, as plain JSON values: for the version's manifest, not for its weights."""


@dataclass(frozen=True)
class SampleGroup:
    """Expressions with exactly the same training samples: they share one factorisation."""

    expressions: tuple[str, ...]
    samples: tuple[int, ...]
    """Indices into the stack, ascending."""


@dataclass(frozen=True)
class TrainingJob:
    """What determines the weights to the last bit; two equal jobs give equal weights."""

    stack: str
    fingerprint: str
    model: str
    parameters: dict[str, Any]
    colour: Colour
    input_expression: str
    groups: tuple[SampleGroup, ...]
    holdout: dict[str, tuple[int, ...]]
    """For each expression the held-out samples on which the tiles measure their errors."""
    displacements: dict[str, str] = field(default_factory=dict)
    """Digests of the displacements by which inputs are moved, for each expression; empty for a job without shape."""
    precision: Precision = Precision.FLOAT64
    code_version: str = field(default_factory=revision)
    """Of the client; newer code does not continue an older draft."""

    @property
    def expressions(self) -> tuple[str, ...]:
        return tuple(sorted(expression for group in self.groups for expression in group.expressions))

    def planned_shape(self) -> TrainingJob:
        """Return the job as it will be planned when its displacements are known."""
        return self.shaped(dict.fromkeys(self.expressions, ""))

    def shaped(self, displacements: Mapping[str, str]) -> TrainingJob:
        """Return the job with displacements, and a group for each expression, as each then has inputs of its own."""
        alone = tuple(SampleGroup((name,), group.samples) for group in self.groups for name in group.expressions)
        return replace(self, groups=alone, displacements=dict(displacements))

    @property
    def n_samples(self) -> int:
        """Largest number of samples of any group."""
        return max(len(group.samples) for group in self.groups)

    def build_model(self) -> AnyModel:
        """Return the model with its hyper-parameters."""
        return model_from_parameters(self.model, self.parameters)

    def fit(self, stack: TrainingStack) -> Fit:
        """Return what the sizes of the model's arrays depend on."""
        return Fit(
            image_shape=stack.image_shape,
            channels=stack.channels,
            colour=self.colour,
            dtype=str(stack.dtype),
            n_samples=self.n_samples,
            n_expressions=max(len(group.expressions) for group in self.groups),
        )

    def digest(self) -> str:
        """Return 16 hexadecimal digits that are equal for equal jobs, wherever the stack lies."""
        content = {key: value for key, value in asdict(self).items() if key != "stack"}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class CutJob:
    """What a draft says it is: a job, and the tiles and chunks into which whoever created the draft cut it."""

    job: TrainingJob
    tile_shape: tuple[int, int]
    chunk: int = 64
    """Rows and columns of the chunks of its arrays; the first drafts did not say it."""

    def __post_init__(self) -> None:
        if min(*self.tile_shape, self.chunk) < 1:
            raise ValueError(
                f"tiles of {self.tile_shape} in chunks of {self.chunk} rows and columns; expected 1 or more of each"
            )

    @classmethod
    def of(cls, draft: WeightDraft) -> CutJob:
        """Return what an unpublished draft says; raises `NotFoundError` and `FormatError`."""
        return convert(cls, draft.job, f"job of draft {draft.id} of model {draft.name!r}")


def define_job(request: TrainingRequest, stack: TrainingStack) -> TrainingJob:
    """Return the job that a request means for a stack as it is now.

    Raises BadParameterError for an unknown expression or one without samples, and as `frame_of`.
    """
    frame_of(stack.path, stack.spec)  # such as no version can have would be found after the training
    before = request.input_expression or stack.spec.input_expression
    if before not in stack.expressions:
        raise BadParameterError(
            f"input expression {before!r} is not in {stack.path}; it has {', '.join(stack.expressions)}"
        )
    targets = tuple(expression for expression in stack.expressions if expression != before)
    wanted = targets if request.expressions is None else request.expressions
    for expression in wanted:
        if expression not in targets:
            raise BadParameterError(
                f"expression {expression!r} is not among the targets of {stack.path} for the input {before!r}; "
                f"it has {', '.join(targets)}"
            )
    by_samples: dict[tuple[int, ...], list[str]] = {}
    holdout: dict[str, tuple[int, ...]] = {}
    for expression in sorted(set(wanted)):
        samples, holdout[expression] = _sides(request, stack, before, expression)
        if not samples:
            raise BadParameterError(
                f"nobody in {stack.path} can train {expression!r}: no person outside the hold-out has both "
                f"{before!r} and {expression!r}; ingest more pairs"
            )
        by_samples.setdefault(samples, []).append(expression)
    if not by_samples:
        raise BadParameterError(f"{stack.path} has no target expressions; ingest pairs first")
    groups = tuple(SampleGroup(tuple(expressions), samples) for samples, expressions in by_samples.items())
    return TrainingJob(
        stack=stack.path,
        fingerprint=_fingerprint(stack, before, groups),
        model=request.model.name,
        parameters=request.model.parameters(),
        colour=request.colour,
        input_expression=before,
        groups=groups,
        holdout=holdout,
        precision=request.precision,
    )


def _sides(
    request: TrainingRequest, stack: TrainingStack, before: str, expression: str
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the samples that an expression is trained on, and those it is measured on."""
    known = [int(sample) for sample in stack.samples(expression, request.subjects, input_expression=before)]
    if request.held_out is not None:
        measured = {sample for sample in known if stack.subjects[sample].id in request.held_out}
        return tuple(sorted({*known} - measured)), tuple(sorted(measured))
    if request.subjects == "all":
        return tuple(known), ()
    return tuple(known), tuple(map(int, stack.samples(expression, "holdout", input_expression=before)))


def _fingerprint(stack: TrainingStack, before: str, groups: tuple[SampleGroup, ...]) -> str:
    parts = [stack.fingerprint((before, *group.expressions), np.array(group.samples)) for group in groups]
    return hashlib.sha256("".join(parts).encode()).hexdigest()
