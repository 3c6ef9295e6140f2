"""Refinement (RMR): where a model has nothing to change, keep the input's own detail.

Khan et al. 2020, equation 17: y' = (1 - alpha) x + alpha y. Theirs is a rule of thumb (section 6): pixels whose
receptive field has an ordinary l1 norm mostly copy their input; those far from the mean make the expression. What is
learned instead is how rightly the model changed people who were left out.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Map = NDArray[np.float32]


class Refinement(StrEnum):
    """Which alpha weighs the change that a model makes of a photograph."""

    LEARNED = "learned"
    """That which is best for people left out."""
    PAPERS = "papers"
    """That of the papers, from the norms of receptive fields."""
    NONE = "none"
    """1: the model's output as it is."""


ALPHAS = {Refinement.LEARNED: "learned_alpha", Refinement.PAPERS: "alpha"}
"""Arrays of a version; the first is only in those of models that have evidence."""


def refine(inputs: NDArray[Any], outputs: NDArray[Any], alpha: NDArray[Any] | float, intensity: float = 1.0) -> Map:
    """Return x + intensity × alpha × (y - x), unclipped, (sample, channel, row, col) float32.

    Intensity 1 is equation 17. `inputs` x and `outputs` y are (sample, channel, row, col) in [0, 1] units;
    `alpha` is (weight channel, row, col) with one weight channel or as many as the images have, or a number.
    """
    change: Map = np.subtract(outputs, inputs, dtype=np.float32)
    change *= np.multiply(alpha, intensity, dtype=np.float32)
    change += inputs
    return change
