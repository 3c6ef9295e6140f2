"""What an expression does to a face, in the action units of the Facial Action Coding System.

Ekman, P. & Friesen, W. V. (1978). Facial Action Coding System. The combinations are those of the emotion prototypes
in its investigator's guide.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from fesdist.ground.errors import BadParameterError


@dataclass(frozen=True)
class ActionUnits:
    """How strongly each group of muscles acts: 0 at rest, 1 strongly."""

    inner_brow: float = 0.0
    """AU 1: raises the inner ends of the brows."""
    outer_brow: float = 0.0
    """AU 2: raises the outer ends of the brows."""
    brow_lower: float = 0.0
    """AU 4: draws the brows down and together."""
    lid_raise: float = 0.0
    """AU 5: lifts the upper lids; below 0 they droop (AU 41)."""
    cheek_raise: float = 0.0
    """AU 6: lifts the cheeks and the lower lids."""
    lid_tight: float = 0.0
    """AU 7: narrows the eyes."""
    smile: float = 0.0
    """AU 12: pulls the corners of the lips up and outwards."""
    frown: float = 0.0
    """AU 15: pulls the corners of the lips down."""
    chin_raise: float = 0.0
    """AU 17: pushes the chin and the lower lip up."""
    lips_press: float = 0.0
    """AU 24: presses the lips together."""
    lips_part: float = 0.0
    """AU 25: opens the lips over the teeth."""
    jaw_drop: float = 0.0
    """AU 26: lets the jaw fall."""


_UNITS = {
    "neutral": ActionUnits(),
    "happy": ActionUnits(cheek_raise=0.85, lid_tight=0.15, smile=1.0),
    "sad": ActionUnits(inner_brow=1.0, brow_lower=0.45, lid_raise=-0.55, frown=1.0, chin_raise=0.8, cheek_raise=0.1),
    "surprised": ActionUnits(inner_brow=0.95, outer_brow=1.0, lid_raise=1.0, lips_part=0.2, jaw_drop=1.0),
    "angry": ActionUnits(brow_lower=1.35, lid_raise=0.2, lid_tight=0.8, frown=0.45, chin_raise=0.4, lips_press=0.9),
}
EXPRESSIONS = tuple(_UNITS)
"""Names of the expressions; `neutral` is the first."""

_OPEN_SMILES = 0.6


def check_expression(expression: str) -> None:
    """Raise BadParameterError for an expression that is none of `EXPRESSIONS`."""
    if expression not in _UNITS:
        raise BadParameterError(
            f"expression {expression!r} cannot be drawn: expected one of {', '.join(EXPRESSIONS)}; "
            "choose among these, or use photographs for others"
        )


def action_units(expression: str, rng: np.random.Generator) -> ActionUnits:
    """Return a person's own way to show an expression: its units, each times 0.85 to 1.1 as `rng` decides.

    Three smiles in five show teeth.
    """
    strength = {field.name: rng.uniform(0.85, 1.1) for field in fields(ActionUnits)}
    units = {name: value * strength[name] for name, value in vars(_UNITS[expression]).items()}
    if expression == "happy" and rng.uniform() < _OPEN_SMILES:
        units["lips_part"] = rng.uniform(0.7, 1.0)
    return ActionUnits(**units)
