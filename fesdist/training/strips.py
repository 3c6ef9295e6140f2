"""Rows on which outputs are judged, where they are so far apart that only around them folds need sums of their own."""

from __future__ import annotations

import numpy as np

from fesdist.families.common.contract import AnyModel
from fesdist.ground.tiles import Region
from fesdist.training.context import learned_from
from fesdist.training.folds import row_step
from storage.stack.reading import TrainingStack

FAR = 3
"""Sums around judged rows come on top of those of all people: so many rows between two of them make up for one."""


def judged_strips(model: AnyModel, region: Region, stack: TrainingStack) -> list[Region]:
    """Return the judged rows of a region, one by one, or nothing where folds had better be summed up everywhere.

    Sums of integers are the same either way; floating-point sums keep the order of their folds.
    """
    step = row_step(stack.image_shape)
    rows = [
        Region(row, row + 1, region.col0, region.col1)
        for row in range(-(-region.row0 // step) * step, region.row1, step)
    ]
    if stack.dtype != np.uint8 or not rows:
        return []
    most = max(learned_from(model, row, stack.image_shape)[0].shape[0] for row in rows)
    return rows if step >= FAR * most else []
