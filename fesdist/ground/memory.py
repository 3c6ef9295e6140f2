"""Memory as it is planned: arrays by name and shape, alive together or one phase after the other.

A model tells what it will allocate in the same shapes with which it allocates; whoever plans asks for the bytes. Four
words, never mixed: allowed (what a worker may use), reserved (the process itself), projected, measured.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


@dataclass(frozen=True)
class Allocation:
    """One array, or several of the same shape."""

    name: str
    shape: tuple[int, ...]
    dtype: DTypeLike
    copies: int = 1

    @property
    def nbytes(self) -> int:
        """Return the bytes of all copies."""
        return self.copies * math.prod(self.shape) * np.dtype(self.dtype).itemsize

    def zeros(self) -> NDArray[Any]:
        """Return one such array, of zeros."""
        return np.zeros(self.shape, self.dtype)


@dataclass(frozen=True)
class Phase:
    """What is alive together for a while."""

    name: str
    allocations: tuple[Allocation, ...]

    @property
    def nbytes(self) -> int:
        """Return the bytes of all allocations."""
        return sum(allocation.nbytes for allocation in self.allocations)


@dataclass(frozen=True)
class Memory:
    """What some work has alive at once: `always`, and beside it one phase after the other.

    >>> sums, samples = Allocation("sums", (41, 64, 64), "int64"), Allocation("samples", (8, 64, 64), "uint8")
    >>> memory = Memory((sums,), (Phase("adding", (samples,)), Phase("solving", ())))
    >>> memory.nbytes, memory.largest.name
    (1376256, 'adding')
    """

    always: tuple[Allocation, ...] = ()
    phases: tuple[Phase, ...] = ()

    @property
    def largest(self) -> Phase:
        """Return the phase with the most bytes."""
        return max(self.phases, key=lambda phase: phase.nbytes, default=Phase("all along", ()))

    def phase(self, name: str) -> Phase:
        """Return the phase of this name."""
        return next(phase for phase in self.phases if phase.name == name)

    @property
    def nbytes(self) -> int:
        """Return the most bytes that are ever alive at once."""
        return sum(allocation.nbytes for allocation in self.always) + self.largest.nbytes

    def within(self, *around: Allocation) -> Memory:
        """Return the memory of the same work while other arrays are alive around it."""
        return Memory((*around, *self.always), self.phases)

    def biggest(self, number: int = 3) -> list[Allocation]:
        """Return the largest allocations of the largest phase, for people who must make room."""
        alive = (*self.always, *self.largest.allocations)
        return sorted(alive, key=lambda allocation: allocation.nbytes, reverse=True)[:number]


def one_after_the_other(works: Iterable[Memory]) -> Memory:
    """Return the memory of works that do not overlap."""
    phases = tuple(
        Phase(phase.name, (*work.always, *phase.allocations))
        for work in works
        for phase in (work.phases or (Phase("all along", ()),))
    )
    return Memory((), phases)
