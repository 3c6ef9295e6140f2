"""Beards, from a shadow on the jaw to a full beard."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fesdist.faces.colours import Colour, mix, srgb
from fesdist.faces.expression import ActionUnits
from fesdist.faces.layer import Layer, Plane
from fesdist.faces.mouth import Mouth
from fesdist.faces.noise import grain, table
from fesdist.faces.shapes import line, step
from fesdist.faces.traits import Traits


@dataclass(frozen=True)
class Beard:
    """Strength 0 (none), about 0.3 (stubble) or up to 0.9 (full)."""

    strength: float
    moustache: float
    colour: Colour
    noise: Plane

    @staticmethod
    def random(rng: np.random.Generator, traits: Traits, hair: Colour) -> Beard:
        """Draw shaven, stubbly and bearded chins for men, none for women."""
        kind = rng.uniform()
        strength = 0.0 if kind < 0.35 else rng.uniform(0.15, 0.40) if kind < 0.72 else rng.uniform(0.70, 0.88)
        strength *= traits.masculine > 0.55
        return Beard(
            strength=strength,
            moustache=strength * rng.uniform(0.7, 1.0),
            colour=mix(hair, srgb(40, 30, 26), 0.4),
            noise=table(rng, 96),
        )

    def tint(self, layer: Layer, mouth: Mouth, units: ActionUnits) -> None:
        """Darken jaw, chin and upper lip; the hair moves with the lips."""
        if self.strength == 0.0:
            return
        part = layer.crop(-0.36, 0.44, 0.36, 1.0)
        a = np.abs(part.x)
        c = mouth.contours(part, units)
        top = 0.815 - 0.36 * step(0.10, 0.34, a) - 0.05 * step(0.05, 0.0, a)
        jaw = step(-0.03, 0.05, part.y - top)
        lip = line(part, c.top - 0.020, 0.011) * step(1.25, 0.95, np.abs(part.x - mouth.x) / c.width)
        beside = np.exp(-(((a - c.width - 0.018) / 0.016) ** 2)) * step(0.665, 0.70, part.y)
        below = step(0.022, 0.040, part.y - c.bottom)
        chin = np.maximum(
            jaw * np.maximum(below, step(0.9, 1.1, a / c.width)), 0.65 * beside * (1.0 - 0.3 * units.smile)
        )
        patchy = 1.0 + 0.12 * grain(part, self.noise, 40.0)
        for frequency in (210.0, 331.0):
            patchy += 0.22 * grain(part, self.noise, frequency, length=2.7)
        mask = np.maximum(self.strength * chin, self.moustache * lip) * patchy
        part.paint(np.clip(mask, 0.0, 0.94), self.colour)
