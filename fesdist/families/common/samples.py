"""Samples as they come to a model: images of people, and the ledger of whose images have come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fesdist.ground.errors import BadParameterError

Array = NDArray[Any]


class Person(NamedTuple):
    """Whose images a sample is made of."""

    subject: str
    digests: frozenset[str]
    """Of the input and of each target, as the stack has them."""


@dataclass(frozen=True)
class Samples:
    """A block of samples: inputs and, by expression, targets, each (sample, channel, row, col).

    uint8 in 0..255, or float64 in [0, 1]. Inputs are those of the region that `Model.inputs_of` returned, not yet
    padded; targets those of the tile.
    """

    inputs: Array
    targets: Mapping[str, Array]
    people: tuple[Person, ...] = ()
    """One for each sample, or none where nobody asks whose the images are."""

    def __len__(self) -> int:
        return len(self.inputs)

    def within(self, inputs: tuple[slice, slice], targets: tuple[slice, slice]) -> Samples:
        """Return a part of the images of all samples, of nobody in particular, without copying."""
        return Samples(
            self.inputs[..., *inputs], {name: images[..., *targets] for name, images in self.targets.items()}
        )

    def by_fold(self, of_fold: Sequence[int]) -> Iterator[Samples]:
        """Yield the first `of_fold[0]` samples, then the next `of_fold[1]`, and so on, without copying."""
        stop = 0
        for n_samples in of_fold:
            start, stop = stop, stop + n_samples
            targets = {name: images[start:stop] for name, images in self.targets.items()}
            yield Samples(self.inputs[start:stop], targets, self.people[start:stop])

    def of(self, which: NDArray[np.bool_]) -> Samples:
        """Return those samples for which `which`, (sample,), is true."""
        people = [person for person, chosen in zip(self.people, which, strict=True) if chosen] if self.people else ()
        targets = {name: images[which] for name, images in self.targets.items()}
        return Samples(self.inputs[which], targets, tuple(people))


@dataclass(frozen=True)
class Ledger:
    """Whose images are in some sums: for each subject the digests of all that were added."""

    entries: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, people: Iterable[Person]) -> Ledger:
        """Return the ledger of these samples; raises BadParameterError where an image comes twice."""
        ledger = cls()
        for person in people:
            ledger += cls({person.subject: person.digests})
        return ledger

    @property
    def subjects(self) -> tuple[str, ...]:
        """Return whose images there are, sorted."""
        return tuple(sorted(self.entries))

    def __add__(self, other: Ledger) -> Ledger:
        """Return both together; raises BadParameterError, with the name, where an image would count twice."""
        together = dict(self.entries)
        for subject, digests in other.entries.items():
            known = together.get(subject, frozenset())
            if twice := known & digests:
                raise BadParameterError(
                    f"{len(twice)} images of {subject!r} are in both sums; expected sums of different images: leave "
                    "that person out of one of them"
                )
            together[subject] = known | digests
        return Ledger(together)

    def __sub__(self, other: Ledger) -> Ledger:
        """Return what is left; raises BadParameterError, with the name, for images that are not there."""
        left = dict(self.entries)
        for subject, digests in other.entries.items():
            known = left.get(subject, frozenset())
            if foreign := digests - known:
                raise BadParameterError(
                    f"{len(foreign)} images of {subject!r} are to be taken away, but were never added; expected images "
                    f"of {', '.join(self.subjects) or 'nobody'}"
                )
            if rest := known - digests:
                left[subject] = rest
            else:
                del left[subject]
        return Ledger(left)
