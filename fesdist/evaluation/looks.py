"""What people see in outputs: the expression, the person, and how sharp they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields

import numpy as np

from fesdist.ground.measures import REGIONS

REAL = "real photograph"
"""Beside the methods: the target itself."""

MEANINGS = {
    "recognised": "the share of faces that a classifier, trained on real photographs, takes for the target expression",
    "identity": "the share of faces whose nearest input photograph, by what is above the mouth, is their own",
    "sharpness": "the energy of the gradients as a share of that of the real photograph: less is blur, more is speckle",
}
"""What each measure is, in one sentence for people."""


@dataclass(frozen=True)
class Seen:
    """The measures of a method over all its faces, as shares; None where not measured."""

    recognised: float | None = None
    identity: float | None = None
    face_sharpness: float | None = None
    mouth_sharpness: float | None = None

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Return what people call the measures."""
        return tuple(each.name.replace("_", " ") for each in fields(cls))

    def shares(self) -> tuple[float | None, ...]:
        """Return the measures in the order of `names`."""
        return self.recognised, self.identity, self.face_sharpness, self.mouth_sharpness


@dataclass(frozen=True)
class Looks:
    """What the faces of each method, and the real photographs, look like; a value for each face.

    Where something was not measured its part is empty, and `not_measured` says why by the name of the measure.
    """

    taken_for: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The expression that each face is taken for, "" for none, by method."""
    nearest: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Whose input photograph is the nearest, "" for nobody's, by method."""
    gradient_energy: Mapping[str, Mapping[str, tuple[float, ...]]] = field(default_factory=dict)
    """By method and region."""
    not_measured: Mapping[str, str] = field(default_factory=dict)

    def seen(self, method: str, expression: str, ids: Sequence[str], beside: str = REAL) -> Seen:
        """Return the measures over all faces of a method, which are of the people `ids` and shall show `expression`.

        Sharpness is Σ E(y) / Σ E(t) over the faces y and their `beside` t, with E as `ground.measures.gradient_energy`;
        None also where no t has a gradient.
        """
        taken_for, nearest = self.taken_for.get(method, ()), self.nearest.get(method, ())
        return Seen(
            _share([taken == expression for taken in taken_for]),
            _share([found == own for found, own in zip(nearest, ids, strict=bool(nearest))]),
            *(self._sharpness(method, region, beside) for region in REGIONS),
        )

    def _sharpness(self, method: str, region: str, beside: str) -> float | None:
        if method not in self.gradient_energy or beside not in self.gradient_energy:
            return None
        whole = sum(self.gradient_energy[beside][region])
        return sum(self.gradient_energy[method][region]) / whole if whole else None

    def fault(self, n_faces: int) -> str:
        """Return what does not fit together, or so many faces, or ""."""
        if any(set(regions) != set(REGIONS) for regions in self.gradient_energy.values()):
            return "gradients of a region are missing"
        energies = (each for regions in self.gradient_energy.values() for each in regions.values())
        if any(len(each) != n_faces for each in (*self.taken_for.values(), *self.nearest.values(), *energies)):
            return f"looks are not of {n_faces} faces"
        return ""

    @classmethod
    def joined(cls, parts: Sequence[Looks]) -> Looks:
        """Return the looks of all faces of some parts, in their order; nearest ones are known of all together only."""
        first = parts[0]
        return cls(
            {method: tuple(one for part in parts for one in part.taken_for[method]) for method in first.taken_for},
            {},
            {
                method: {
                    region: tuple(one for part in parts for one in part.gradient_energy[method][region])
                    for region in REGIONS
                }
                for method in first.gradient_energy
            },
            first.not_measured,
        )


def in_percent(share: float | None) -> str:
    """Return a share as people read it: "93 %", "–" where not measured."""
    return "–" if share is None else f"{100 * share:.0f} %"


def with_drop(share: float | None, drop: float | None) -> str:
    """Return a share with how many percent points it lies below (−) or above (+) another that is larger by `drop`."""
    points = 0 if drop is None else round(-100 * drop)
    return in_percent(share) + (f" ({'−' if points < 0 else '+'}{abs(points)})" if points else "")


def _share(true: Sequence[bool]) -> float | None:
    return float(np.mean(true)) if len(true) else None
