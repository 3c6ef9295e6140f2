"""Whom a version can be evaluated on: the stack fits the version, and somebody has the expression."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from fesdist.ground.errors import BadParameterError
from fesdist.inference.checked import conventions_of
from storage.datasets.version import WeightVersion
from storage.stack.format import Split
from storage.stack.reading import TrainingStack

SPLITS: tuple[Split, ...] = get_args(Split)


class NobodyError(BadParameterError):
    """An expression on which a version cannot be evaluated, as nobody in the split has it."""


def check_fit(stack: TrainingStack, version: WeightVersion) -> None:
    """Raise BadParameterError unless the images of the stack are what the version takes."""
    manifest, spec = version.manifest, stack.spec
    model = f"version {manifest.name}@{manifest.version}"
    if (stack.image_shape, stack.channels) != (manifest.image_shape, manifest.channels):
        raise BadParameterError(
            f"the images of {stack.path} are {_size(stack.image_shape, stack.channels)}, {model} expects "
            f"{_size(manifest.image_shape, manifest.channels)}; ingest the photographs at that size, or choose "
            "another version"
        )
    expected = conventions_of(version).normalisation
    if spec.normalisation != expected:
        raise BadParameterError(
            f"{stack.path} has normalisation {spec.normalisation!r}, {model} expects {expected!r}; "
            "ingest the photographs as those it was trained on, or choose another version"
        )
    if (before := version.input_expression) not in stack.expressions:
        raise BadParameterError(
            f"{model} starts from {before!r}, which {stack.path} does not have; it has "
            f"{', '.join(stack.expressions)}; add photographs of it with `fesdist ingest`, or choose another version"
        )


def people(stack: TrainingStack, version: WeightVersion, expression: str, split: Split) -> NDArray[np.int64]:
    """Return the samples, (sample,) int64, of the `split` that have both the input and `expression`.

    Raises BadParameterError for an unknown split or an expression that the version lacks; NobodyError when the
    stack lacks the expression or has nobody to evaluate.
    """
    if split not in SPLITS:
        raise BadParameterError(f"split is {split!r}; expected one of {', '.join(SPLITS)}")
    manifest = version.manifest
    if expression not in version.expressions:
        raise BadParameterError(
            f"version {manifest.name}@{manifest.version} has no expression {expression!r}; "
            f"expected one of {', '.join(version.expressions)}"
        )
    if expression not in stack.expressions:
        raise NobodyError(
            f"{stack.path} has no expression {expression!r}, only {', '.join(stack.expressions)}; "
            "add photographs of it with `fesdist ingest`, or name the expressions to evaluate"
        )
    before = version.input_expression
    samples = stack.samples(expression, split, input_expression=before)
    if not len(samples):
        other = SPLITS[1 - SPLITS.index(split)]
        raise NobodyError(
            f"{stack.path} has no people with expression {expression!r} in the {split} split, and "
            f"{len(stack.samples(expression, other, input_expression=before))} in the {other} split; ingest more "
            f"people, or evaluate with --split {other}"
        )
    return samples


def people_by_expression(
    stack: TrainingStack, version: WeightVersion, expressions: Sequence[str], split: Split
) -> tuple[dict[str, NDArray[np.int64]], dict[str, str]]:
    """Return the samples, (sample,) int64, of each expression as `people` does, and why expressions are left out.

    Raises as `people`, but NobodyError only if all expressions are left out: then it is that of the first.
    """
    samples: dict[str, NDArray[np.int64]] = {}
    left_out: dict[str, NobodyError] = {}
    for expression in expressions:
        try:
            samples[expression] = people(stack, version, expression, split)
        except NobodyError as error:
            left_out[expression] = error
    if not samples:
        raise next(iter(left_out.values()))
    return samples, {expression: str(error) for expression, error in left_out.items()}


def learned_from(
    stack: TrainingStack, version: WeightVersion, expression: str, samples: NDArray[np.int64]
) -> list[str]:
    """Return the ids among `samples` that the version was trained on."""
    trained = set(version.manifest.stack.subjects[expression])
    return [stack.subjects[sample].id for sample in samples if stack.subjects[sample].id in trained]


def _size(image_shape: tuple[int, ...], channels: int) -> str:
    return f"{image_shape[0]} x {image_shape[1]} with {channels} channel{'s' if channels > 1 else ''}"
