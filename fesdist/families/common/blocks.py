"""Blocks of samples and sets of weights as they come from outside: what does not fit together is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fesdist.families.common.layout import Array
from fesdist.families.common.problem import TileProblem
from fesdist.families.common.samples import Samples
from fesdist.ground.errors import BadParameterError


def checked_block(
    problem: TileProblem,
    dtype: np.dtype[Any],
    inputs_shape: tuple[int, int],
    samples: Samples,
    targets_shape: tuple[int, int] | None = None,
) -> list[Array]:
    """Return the inputs and then the targets of each expression of a problem.

    Raises ValueError unless all are of `dtype` and of shape (sample, channel, row, col), with as many samples as
    there are inputs, the problem's channels, and the rows and columns of `inputs_shape` or, for targets, of
    `targets_shape`, which is that of the tile unless something else is said.
    """
    images = [samples.inputs, *(samples.targets[name] for name in problem.expressions)]
    shapes = [inputs_shape] + [targets_shape or problem.tile.region.shape] * len(problem.expressions)
    for name, array, shape in zip(("inputs", *problem.expressions), images, shapes, strict=True):
        expected = (len(samples), problem.channels, *shape)
        if array.shape != expected or array.dtype != dtype:
            raise ValueError(
                f"{problem.tile}: {name} are {array.dtype} of shape {array.shape}; expected {dtype} of "
                f"shape {expected} (sample, channel, row, col)"
            )
    return images


def check_sets(n_sets: int, channels: int) -> None:
    """Raise ValueError unless there is one set of weights for all channels, or one for each."""
    if n_sets not in (1, channels):
        raise ValueError(f"{n_sets} sets of weights for images with {channels} channels; expected 1 or {channels}")


def check_between(shapes: Mapping[str, tuple[int, ...]], **between: tuple[int, ...]) -> None:
    """Raise BadParameterError unless each array is (set, *between, row, col), of one number of sets, rows and columns.

    The first that is named tells these. Kernels do not look where arrays end, and those of a version may come from
    anywhere.
    """
    first, *_ = (shapes.get(name, ()) for name in between)
    for name, lengths in between.items():
        expected = (*first[:1], *lengths, *first[-2:])
        if shapes.get(name) != expected:
            raise BadParameterError(
                f"an array {name!r} of shape {shapes.get(name)}; expected {expected}, as the others and the "
                "hyper-parameters are"
            )


def check_any_samples(problem: TileProblem, n_samples: int) -> None:
    """Raise ValueError when a tile has no samples to solve for."""
    if n_samples == 0:
        raise ValueError(f"{problem.tile}: no samples were added, so there is nothing to solve")
