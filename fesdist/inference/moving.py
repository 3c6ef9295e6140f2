"""The shape of a version at work: photographs moved by its displacements, as far as no face is folded."""

from __future__ import annotations

import threading

from fesdist.shape.field import UNFOLDED_UP_TO, largest_intensity
from fesdist.shape.warping import DISPLACEMENT, Displacement
from storage.datasets.version import WeightVersion


class Shapes:
    """The displacements of a version, read when they are needed; threads may share them."""

    def __init__(self, version: WeightVersion) -> None:
        self._version = version
        self._learned: dict[str, Displacement] = {}
        self._scaled: dict[tuple[str, float], Displacement] = {}
        self._lock = threading.Lock()
        self.present = bool(version.manifest.shape)
        """Whether the version moves anything."""

    def displacement(self, expression: str, intensity: float = 1.0) -> Displacement | None:
        """Return by what photographs are moved, or None without a shape.

        Beyond an intensity of 2 it goes as far as the image is folded nowhere, and no further.
        """
        if not self.present:
            return None
        with self._lock:
            learned, key = self._read(expression), (expression, intensity)
            if intensity == 1:
                return learned
            if key not in self._scaled:
                # One at a time: an animation asks for many.
                self._scaled = {key: learned.scaled(_unfolded_part(learned, intensity))}
            return self._scaled[key]

    def reached(self, expression: str, intensity: float) -> float:
        """Return how much of `intensity` the shape follows: all, unless the image would be folded."""
        if not self.present or intensity <= UNFOLDED_UP_TO:
            return intensity
        with self._lock:
            return _unfolded_part(self._read(expression), intensity)

    def following(self, expression: str, intensity: float) -> Displacement | None:
        """Return by what a change made at intensity 1 is moved to where the face is at another; None if it stays.

        To first order: what is at p comes from p + intensity u, and was at p + (intensity - 1) u when that was 1.
        """
        learned = self.displacement(expression)
        return None if learned is None or intensity == 1 else learned.scaled(self.reached(expression, intensity) - 1)

    def _read(self, expression: str) -> Displacement:
        if expression not in self._learned:
            # One at a time: it is as large as an image, and expressions are made one after the other.
            self._learned = {expression: Displacement(self._version.read(expression, DISPLACEMENT, None))}
        return self._learned[expression]


def _unfolded_part(learned: Displacement, intensity: float) -> float:
    return intensity if intensity <= UNFOLDED_UP_TO else largest_intensity(learned, intensity)
