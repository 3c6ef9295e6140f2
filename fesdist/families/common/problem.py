"""What is to be learned in one tile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fesdist.families.common.image_pass import Prepared
from fesdist.ground.colour import Colour
from fesdist.ground.tiles import Padding, Region, Tile


@dataclass(frozen=True)
class TileProblem:
    """All a model knows of a tile before it sees a sample."""

    tile: Tile
    padding: Padding
    """Zeros to put around the inputs, which are clipped to the image."""
    channels: int
    """Channels of the images as they are stored."""
    colour: Colour
    expressions: tuple[str, ...]
    """Target expressions; all of them have exactly the samples that will be added."""
    prepared: Mapping[str, Prepared] = field(default_factory=dict)
    """For each expression what the model's image pass found; empty for a model without one."""
    image_shape: tuple[int, int] | None = None
    """Rows and columns of the whole image, for models that differ from place to place."""

    def grown(self, margin: int) -> Region:
        """Return the pixels whose targets a model needs that takes in neighbours as far as `margin` pixels away.

        Raises ValueError where nobody said how large the image is.
        """
        if margin == 0:
            return self.tile.region
        if self.image_shape is None:
            raise ValueError(f"{self.tile}: neighbours are needed, and with them the shape of the image")
        return self.tile.region.grown(margin, self.image_shape)

    @property
    def weight_channels(self) -> int:
        """Sets of weights."""
        return self.colour.weight_channels(self.channels)
