"""What fesdist adds to a file of weights, so that reading it back loses nothing; other readers pass it over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.align.frame import Fraction, Fractions
from fesdist.ground.colour import Colour
from fesdist.ground.errors import BadParameterError
from fesdist.inference.checked import USUAL_MOUTH, Conventions, Normalisation
from storage.blobs.documents import decode, encode
from storage.errors import StorageError

MEMBER = "fesdist"
"""Name of the array that holds it: JSON, as uint8."""


@dataclass(frozen=True)
class Label:
    """Which weights a file holds."""

    reference: str
    """The version they were exported from."""
    model: str
    parameters: Mapping[str, Any]
    colour: Colour
    channels: int
    """Of the images trained on."""
    image_shape: tuple[int, int]
    expression: str
    input_expression: str
    normalisation: Normalisation
    set: int
    """Number of the set of weights: 0 is red, or all channels together."""
    sets: int
    mouth: tuple[float, float, float, float] = USUAL_MOUTH
    """As `Conventions.mouth`; releases before 0.6.0 did not say it, nor where eyes are."""
    eyes: Fractions | None = None
    """As `Conventions.eyes`."""
    lips: Fraction | None = None
    """As `Conventions.lips`."""

    def __post_init__(self) -> None:
        if not 0 <= self.set < self.sets <= 3:
            raise ValueError(f"set {self.set} of {self.sets}")
        if min(self.image_shape) < 1 or self.channels not in (1, 3):
            raise ValueError(f"images of {self.image_shape} with {self.channels} channels")
        self.conventions()

    def conventions(self) -> Conventions:
        """Return what the version says of its images; raises ValueError where that cannot be."""
        return Conventions(self.normalisation, self.eyes, self.mouth, self.lips)

    def as_array(self) -> NDArray[np.uint8]:
        """Return the label as `MEMBER` holds it."""
        return np.frombuffer(encode(asdict(self), "label of the weights"), np.uint8)


def label_of(path: Path, extra: Mapping[str, NDArray[Any]]) -> Label | None:
    """Return the label among the further arrays of a file, or None; raises BadParameterError for a damaged one."""
    if MEMBER not in extra:
        return None
    array = extra[MEMBER]
    try:
        if array.dtype != np.uint8 or array.ndim != 1:
            raise ValueError(f"{array.dtype} of shape {array.shape}")
        return decode(Label, array.tobytes(), "its label")
    except (StorageError, ValueError) as error:
        raise BadParameterError(
            f"{path}: its array {MEMBER!r} cannot be read ({error}); export the version again"
        ) from error
