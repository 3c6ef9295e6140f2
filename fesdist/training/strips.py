"""Whether people are left out of samples around the judged rows, or of sums that folds have everywhere."""

from __future__ import annotations

import numpy as np

from fesdist.families.common.contract import AnyModel
from fesdist.ground.tiles import Region
from fesdist.training.context import learned_from
from fesdist.training.folds import row_step
from storage.stack.reading import TrainingStack

FAR = 3
"""Sums around judged rows come on top of those of all people: so many rows between two of them make up for one."""

FEW = 1000
"""Samples, times rows around a judged one, for each row between two of them: so many products cost less than sums."""


def judges_around_rows(model: AnyModel, stack: TrainingStack, n_samples: int) -> bool:
    """Return whether samples around the judged rows are read for evidence, and all people summed up together.

    Sums of integers are the same either way; floating-point sums keep the order of their folds.
    """
    if stack.dtype != np.uint8:
        return False
    rows, cols = stack.image_shape
    step, around = row_step(stack.image_shape), Region(rows // 2, rows // 2 + 1, 0, cols)
    most = learned_from(model, around, stack.image_shape)[0].shape[0]
    return step >= FAR * most or (model.judges_samples and n_samples * most <= FEW * step)
