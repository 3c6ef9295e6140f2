"""What is sent to a worker, as bytes that it can take whatever packages it lacks; a task unpacks them, and can tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic

from distributed.protocol import pickle

from fesdist.cluster.settings import Item


@dataclass(frozen=True)
class Packed(Generic[Item]):
    """Bytes of something on its way.

    Dask unpacks what a worker is sent as it arrives: where a package is missing, the worker ends with its connection, a
    supervisor's next one does too, and whoever waits for it does not hear why.
    """

    content: bytes

    @staticmethod
    def of(thing: Item) -> Packed[Item]:
        """Return the bytes of `thing`."""
        return Packed(pickle.dumps(thing))

    def unpacked(self) -> Item:
        """Return the thing; raises ImportError or AttributeError where its modules are absent or others."""
        thing: Item = pickle.loads(self.content)
        return thing
