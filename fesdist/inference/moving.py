"""The shape of a version at work: photographs moved by its displacements, as far as no face is folded."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from fesdist.ground.colour import to_gray
from fesdist.inference.checked import CheckedVersion
from fesdist.inference.intensities import Images, unit_scale
from fesdist.inference.recipe import Recipe
from fesdist.inference.regions import FACE
from fesdist.shape.field import UNFOLDED_UP_TO, largest_intensity
from fesdist.shape.warping import DISPLACEMENT, Displacement

_KEPT_BYTES = 16 << 20
"""What is kept of each kind: learned, of recipes, and scaled."""

K = TypeVar("K")
V = TypeVar("V")

MaskOf = Callable[[Recipe], NDArray[np.float32] | None]


class Shapes:
    """The displacements of a version, read when they are needed; threads may share them."""

    def __init__(self, version: CheckedVersion, mask_of: MaskOf = lambda _: None) -> None:
        self._version = version
        self._mask_of = mask_of
        image_bytes = 2 * 4 * math.prod(version.manifest.image_shape)
        self._most = max(2, _KEPT_BYTES // image_bytes)
        self._learned: dict[str, Displacement] = {}
        self._whole: dict[Recipe, tuple[Displacement, Images | None]] = {}
        self._scaled: dict[tuple[Recipe, float], Displacement] = {}
        self._lock = threading.Lock()
        self.present = bool(version.manifest.shape)
        """Whether the version moves anything."""

    def displacement(self, recipe: Recipe, intensity: float = 1.0) -> Displacement | None:
        """Return by what photographs are moved, `intensity` m Σ w u, or None without a shape.

        w are the weights of a recipe, u what was learned of its expressions, m as `mask` returns it. It goes as far as
        the image is folded nowhere, and no further.
        """
        if not self.present:
            return None
        with self._lock:
            whole, _ = self._of(recipe)
            if intensity == 1 and recipe.whole and not recipe.regions:
                return whole

            def scaled() -> Displacement:
                return whole.scaled(_unfolded_part(whole, recipe, intensity))

            return self._kept(self._scaled, (recipe, intensity), scaled)

    def reached(self, recipe: Recipe, intensity: float) -> float:
        """Return how much of `intensity` the shape follows: all, unless the image would be folded."""
        if not self.present:
            return intensity
        with self._lock:
            return _unfolded_part(self._of(recipe)[0], recipe, intensity)

    def mask(self, recipe: Recipe) -> Images | None:
        """Return m, where a recipe changes anything, (row, col) float32; None for everywhere.

        The mask of its regions; of a face, the place where it is and the one where it moves to.
        """
        if not self.present:
            return self._mask_of(recipe)
        with self._lock:
            return self._of(recipe)[1]

    def following(self, expression: str, recipe: Recipe, intensity: float) -> Displacement | None:
        """Return by what a change, made for one whole expression, is moved to where a recipe moves faces.

        To first order: what is at p comes from p + u'(p), and was at p + u'(p) - u(p) when the image was moved by u.
        None if it stays.
        """
        if not self.present or (recipe == Recipe.of(expression) and intensity == 1):
            return None
        there, here = self.displacement(recipe, intensity), self.displacement(Recipe.of(expression))
        if there is None or here is None:
            return None
        return Displacement(there.values - here.values, here.image)

    def _of(self, recipe: Recipe) -> tuple[Displacement, Images | None]:
        """Return the displacement of a recipe at intensity 1, and its mask."""

        def added() -> tuple[Displacement, Images | None]:
            parts = [np.float32(weight) * self._read(expression).values for expression, weight in recipe.parts]
            total = Displacement(np.asarray(sum(parts), np.float32))
            if (mask := self._mask_of(recipe)) is None:
                return total, None
            if FACE in recipe.regions:
                mask = with_arrival(mask, total)
            return Displacement(total.values * mask), mask

        return self._kept(self._whole, recipe, added)

    def _read(self, expression: str) -> Displacement:
        def read() -> Displacement:
            return Displacement(self._version.read(expression, DISPLACEMENT, None))

        return self._kept(self._learned, expression, read)

    def _kept(self, cache: dict[K, V], key: K, make: Callable[[], V]) -> V:
        """Return what is kept, or make it and forget the oldest: each is as large as an image."""
        if key not in cache:
            while len(cache) >= self._most:
                cache.pop(next(iter(cache)))
            cache[key] = make()
        return cache[key]


def with_arrival(mask: Images, displacement: Displacement) -> Images:
    """Return m(p) or m(p + u(p)), whichever is more, (row, col) float32: what is in m, and what comes out of it.

    The chin of a mouth that opens leaves the mask of the face: cut off there, it would stay above its own mouth.
    """
    return np.asarray(np.maximum(mask, displacement.applied(mask[None, None])[0, 0]))


def put_change(
    outputs: Images,
    seen: NDArray[Any],
    made: Images,
    samples: slice,
    *,
    following: Displacement | None,
    mask: Images | None,
    strength: float,
    detail: bool,
) -> None:
    """Add to outputs what was made of inputs, to where it follows, where the mask lets it and as strong as is said.

    With `detail` only what is coarse and gray of it is added: a mean of lips and teeth has a hue that no mouth has.
    """
    # Imported here: who has no shape does not wait for it.
    from fesdist.inference.detail import coarse

    change = np.subtract(made[samples], unit_scale(seen[samples]), dtype=np.float32)
    if detail:
        change = coarse(to_gray(change))
    if following is not None:
        change = following.applied(change)
    if mask is not None:
        change *= mask
    change *= np.float32(strength)
    outputs[samples] += change


def _unfolded_part(whole: Displacement, recipe: Recipe, intensity: float) -> float:
    # Training sees to it that a whole expression folds nothing up to there.
    if recipe.whole and not recipe.regions and intensity <= UNFOLDED_UP_TO:
        return intensity
    return largest_intensity(whole, intensity)
