"""Combinations of options with their errors on people left out, and what a run chose among them; manifests keep it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Score:
    """An error on people left out, over all folds."""

    mse_x100: float
    standard_error: float
    """Over the folds."""


@dataclass(frozen=True)
class Result:
    """One combination of options."""

    options: Mapping[str, Any]
    scores: Mapping[str, Mapping[str, Score]]
    """By expression and region; empty for a combination that could not be trained."""
    failed: str = ""
    """Why it could not be trained."""

    def mean(self, region: str) -> Score:
        """Return the score averaged over the expressions."""
        scores = [of_expression[region] for of_expression in self.scores.values()]
        return Score(
            sum(score.mse_x100 for score in scores) / len(scores),
            sum(score.standard_error for score in scores) / len(scores),
        )


@dataclass(frozen=True)
class Choice:
    """What was chosen, and from what."""

    options: Mapping[str, Any]
    """Of the model; a ridge that differs in the mouth is a map."""
    n_people: int
    """All who were left out; where some lack an expression, fewer are for that one."""
    n_folds: int
    """Of the expression that most people have."""
    pixels: int
    """Output pixels that were judged."""
    tried: tuple[Result, ...]
    """Scores are of outputs that are refined as outputs will be; their standard errors, of outputs that are not."""
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
