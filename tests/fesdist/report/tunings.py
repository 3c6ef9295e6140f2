"""Tunings whose errors are known, without measuring anything."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from fesdist.families.windowed.ridge_map import RidgeMap
from fesdist.training.choice import Result, Score
from fesdist.tuning.tuning import Tuning


def tuning_of(
    grid: Mapping[str, Sequence[Any]],
    error: Callable[[Mapping[str, Any]], float],
    *,
    expressions: Sequence[str] = ("smiling",),
    failed: Collection[int] = (),
    ridge_map: RidgeMap | None = None,
) -> Tuning:
    """Return a tuning of `grid` with these errors over the face; those of the mouth are twice as large.

    The standard error is a tenth of the error. Each further expression has errors that are larger by 1.
    """
    results = []
    for number, values in enumerate(itertools.product(*grid.values())):
        options = dict(zip(grid, values, strict=True))
        if number in failed:
            results.append(Result(options, {}, "too little memory"))
            continue
        scores = {
            expression: {
                region: Score(times * (error(options) + more), times * error(options) / 10)
                for region, times in (("face", 1), ("mouth", 2))
            }
            for more, expression in enumerate(expressions)
        }
        results.append(Result(options, scores))
    measured = [number for number, result in enumerate(results) if not result.failed]
    return Tuning(
        model="mr",
        colour="shared",
        input_expression="neutral",
        stack="stack.zarr",
        fingerprint="0" * 64,
        n_people=20,
        n_folds=5,
        row_step=2,
        clipped=False,
        region="face",
        results=tuple(results),
        chosen=min(measured, key=lambda number: results[number].mean("face").mse_x100),
        ridge_map=ridge_map,
    )
