"""The images of a job as its model sees them: inputs brought into the shape of the targets, if the job has shapes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fesdist.families.common.layout import Array
from fesdist.families.common.samples import Person, Samples
from fesdist.ground.tiles import Region
from fesdist.shape.warping import Displacement
from fesdist.training.flows import displacement_of
from fesdist.training.job import SampleGroup, TrainingJob
from storage.stack.reading import TrainingStack

Places = Sequence[int] | NDArray[np.int64]
"""Of samples in the stack, ascending."""


@dataclass(frozen=True)
class JobImages:
    """Inputs and targets of a stack, region by region."""

    stack: TrainingStack
    before: str
    """The input expression."""
    displacements: Mapping[str, Displacement] = field(default_factory=dict)
    """By target expression; without one, inputs are as they were photographed."""

    @classmethod
    def of(cls, job: TrainingJob, stack: TrainingStack) -> JobImages:
        """Return the images of a job; raises TileError where one of its displacements is lost."""
        displacements = {
            name: displacement_of(stack.path, digest).at(stack.image_shape)
            for name, digest in job.displacements.items()
        }
        return cls(stack, job.input_expression, displacements)

    def inputs(self, expression: str, samples: Places, region: Region, *, mirrored: bool = False) -> Array:
        """Return what the model sees in a region of the frame of `expression`: (sample, channel, row, col).

        With `mirrored` the images are those that are turned left to right, and so is the region.
        """
        return self.inputs_in(expression, region)(samples, mirrored)

    def inputs_in(self, expression: str, region: Region) -> Callable[[Places, bool], Array]:
        """Return what reads inputs as `inputs` does, given samples and whether they are mirrored, again and again."""
        if (displacement := self.displacements.get(expression)) is None:
            return lambda samples, mirrored: self._read(self.before, samples, region, mirrored)
        positions = displacement.positions(region)
        source = positions.source

        def read(samples: Places, mirrored: bool) -> Array:
            # Turned first, then moved: what is learned is one displacement for all photographs.
            there = source.mirrored(self.stack.image_shape[1]) if mirrored else source
            images = self.stack.read(self.before, samples, *there.slices)
            return positions.moved(images[..., ::-1] if mirrored else images, source)

        return read

    def photographs(self, samples: Places, region: Region) -> Array:
        """Return inputs as they were photographed: (sample, channel, row, col)."""
        return self._read(self.before, samples, region, mirrored=False)

    def targets(self, expression: str, samples: Places, region: Region, *, mirrored: bool = False) -> Array:
        """Return the targets in a region; with `mirrored`, of images that are turned left to right."""
        return self._read(expression, samples, region, mirrored)

    def _read(self, expression: str, samples: Places, region: Region, mirrored: bool) -> Array:
        there = region.mirrored(self.stack.image_shape[1]) if mirrored else region
        images = self.stack.read(expression, samples, *there.slices)
        return turned(images) if mirrored else images

    def blocks(
        self,
        group: SampleGroup,
        inputs: Region,
        targets: Region,
        n_block: int,
        *,
        mirror: bool = False,
        plain: bool = True,
    ) -> Iterator[tuple[Sequence[int], Samples]]:
        """Yield the samples of a group `n_block` at a time, and their places in the stack.

        With `mirror` each block is followed by its mirror image: what the images, turned left to right, show in these
        regions. Without `plain` there are mirror images only.
        """
        cols = self.stack.image_shape[1]
        moved = any(name in self.displacements for name in group.expressions)
        alike = inputs.mirrored(cols) == inputs and targets.mirrored(cols) == targets and not moved

        def read(block: NDArray[np.int64], *, mirrored: bool) -> tuple[Array, dict[str, Array]]:
            return (
                self.inputs(group.expressions[0], block, inputs, mirrored=mirrored),
                {name: self.targets(name, block, targets, mirrored=mirrored) for name in group.expressions},
            )

        for block in self.stack.blocks(group.samples, n_block):
            if plain:
                seen, wanted = read(block, mirrored=False)
                yield block.tolist(), Samples(seen, wanted, self._people(group, block, mirrored=False))
            if not mirror:
                continue
            if plain and alike:
                seen, wanted = turned(seen), {name: turned(images) for name, images in wanted.items()}
            else:
                seen, wanted = read(block, mirrored=True)
            yield block.tolist(), Samples(seen, wanted, self._people(group, block, mirrored=True))

    def _people(self, group: SampleGroup, samples: Places, *, mirrored: bool) -> tuple[Person, ...]:
        """Return whose images these are; a mirror image has a digest of its own."""
        kind, names = "mirrored " if mirrored else "", (self.before, *group.expressions)
        people = (self.stack.subjects[sample] for sample in samples)
        return tuple(Person(each.id, frozenset(f"{kind}{each.digests[name]}" for name in names)) for each in people)


def turned(images: Array) -> Array:
    """Return images turned left to right."""
    return np.ascontiguousarray(images[..., ::-1])
