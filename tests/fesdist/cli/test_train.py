"""What `fesdist train` says of what it trained."""

from __future__ import annotations

import pytest

from fesdist.cli.train import _worth
from fesdist.training.shaping import LearnedShape, ShapeErrors


@pytest.mark.parametrize(
    ("moved", "told"), [(0.9999, "by +0.0 %"), (1.0, "by +0.0 %"), (0.9, "by -10.0 %"), (1.1, "by +10.0 %")]
)
def test_what_a_shape_does_is_told_with_its_sign_and_nothing_has_none_below_zero(moved: float, told: str) -> None:
    errors = ShapeErrors(1.0, moved)
    worth = _worth(LearnedShape(40, (), 0.3, 40, errors, errors))
    assert worth == f", which alone changes the error of mouths left out in turn {told}"
