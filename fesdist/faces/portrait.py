"""A person: every part of a face, and the order in which they are painted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fesdist.faces.backdrop import Backdrop
from fesdist.faces.beard import Beard
from fesdist.faces.brows import Brows
from fesdist.faces.ears import Ears
from fesdist.faces.expression import ActionUnits
from fesdist.faces.eyes import Eyes
from fesdist.faces.glasses import Glasses
from fesdist.faces.hair import Hair
from fesdist.faces.head import Head
from fesdist.faces.layer import Layer
from fesdist.faces.light import Light
from fesdist.faces.mouth import Mouth
from fesdist.faces.nose import Nose
from fesdist.faces.skin import Skin
from fesdist.faces.traits import Traits


@dataclass(frozen=True)
class Portrait:
    """One person under one light; only the action units change between expressions."""

    light: Light
    backdrop: Backdrop
    head: Head
    skin: Skin
    ears: Ears
    eyes: Eyes
    brows: Brows
    nose: Nose
    mouth: Mouth
    hair: Hair
    beard: Beard
    glasses: Glasses | None

    @staticmethod
    def random(seed: int, person: int) -> Portrait:
        """Draw the person with this number; each part has random numbers of its own.

        Parts therefore keep their looks when another part learns to draw one more number.
        """
        streams = (np.random.default_rng([seed, person, part]) for part in range(13))
        traits = Traits.random(next(streams))
        hair = Hair.random(next(streams), traits)
        return Portrait(
            light=Light.random(next(streams)),
            backdrop=Backdrop.random(next(streams)),
            head=Head.random(next(streams), traits),
            skin=Skin.random(next(streams), traits),
            eyes=Eyes.random(next(streams), traits),
            brows=Brows.random(next(streams), traits, hair.young),
            nose=Nose.random(next(streams), traits),
            mouth=Mouth.random(next(streams), traits),
            hair=hair,
            beard=Beard.random(next(streams), traits, hair.colour),
            glasses=Glasses.random(next(streams)),
            ears=Ears.random(next(streams)),
        )

    def paint(self, units: ActionUnits, size: int, rows: slice) -> NDArray[np.uint8]:
        """Return `rows` of the picture of `size` x `size` pixels, (channel, row, col) uint8 sRGB."""
        picture = Layer.blank(size, rows)
        self.backdrop.draw_wall(picture, self.light)
        self.hair.draw_behind(picture, self.head, self.light)
        self._paint_neck(picture, units)
        if not self.hair.covers_ears():
            self.ears.draw(picture, self.head, self.skin, self.light)
        self._paint_face(picture, units)
        self.hair.draw_front(picture, self.head, self.light)
        if self.glasses is not None:
            self.glasses.draw(picture, self.eyes, self.light)
        return picture.pixels()

    def _paint_neck(self, picture: Layer, units: ActionUnits) -> None:
        below = picture.crop(-0.5, 0.76, 0.5, 1.0)
        neck = below.like(self.skin.tone)
        cover = self.head.throat(neck, units)
        self.light.shade(neck, self.skin.wrap())
        below.paint(cover, neck.colour)
        self.backdrop.draw_clothes(below, self.light)

    def _paint_face(self, picture: Layer, units: ActionUnits) -> None:
        face = picture.like(self.skin.tone)
        cover = self.head.cover(face, units)
        for part in (self.head, self.nose, self.eyes, self.mouth):
            part.sculpt(face, units)
        self.skin.tint(face, units)
        self.nose.tint(face, units)
        self.eyes.tint(face, units)
        self.mouth.tint(face, units)
        self.beard.tint(face, self.mouth, units)
        self.brows.tint(face, units)
        self.light.shade(face, self.skin.wrap(), self.skin.gloss)
        self.brows.draw(face, self.eyes, units)
        self.eyes.draw(face, units, self.light)
        self.mouth.draw(face, units, self.light)
        picture.paint(cover, face.colour)
