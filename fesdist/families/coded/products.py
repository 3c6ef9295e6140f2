"""Inner products of images: all that a model of codes must know of them, added up over the regions of an image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fesdist.families.common.layout import Array


@dataclass(frozen=True)
class Products:
    """Inner products by name; those of an image are the sum of those of its regions."""

    named: Mapping[str, Array]

    def __add__(self, other: Products) -> Products:
        return Products({name: values + other.named[name] for name, values in self.named.items()})

    def arrays(self) -> Mapping[str, Array]:
        return self.named
