"""What a run chose by itself, and from what; manifests keep it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class LeftOutError:
    """An error on people left out, refined as outputs will be, over all folds."""

    mse_x100: float
    standard_error: float
    """Over the folds, of outputs that are not refined."""


@dataclass(frozen=True)
class Tried:
    """A combination, and its errors by expression and region."""

    options: Mapping[str, Any]
    errors: Mapping[str, Mapping[str, LeftOutError]]


@dataclass(frozen=True)
class Choice:
    """What was chosen, and from what."""

    options: Mapping[str, Any]
    """Of the model; a ridge that differs in the mouth is a map."""
    n_people: int
    n_folds: int
    pixels: int
    """Output pixels that were judged."""
    tried: tuple[Tried, ...]
    best: int
    """Position of what was chosen among `tried`; its ridge is that around the mouth."""

    def in_words(self) -> str:
        """Return what was chosen, for people."""
        return ", ".join(self._word(name, value) for name, value in self.tried[self.best].options.items())

    def _word(self, name: str, value: Any) -> str:
        if isinstance(value, bool):
            return f"{name} {'yes' if value else 'no'}"
        if name == "ridge" and not isinstance(self.options[name], float):
            (inside,) = {each for row in self.options[name] for each in row if each != value}
            return f"{name} {value:g} and {inside:g} in the mouth"
        return f"{name} {value:g}"
