"""Of which options a value beyond those that were tried may be better."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.fesdist.report.tunings import tuning_of


@pytest.mark.parametrize(
    ("tried", "best", "at_the_edge"),
    [
        ((0.1, 1.0, 10.0), 0.1, True),
        ((0.1, 1.0, 10.0), 1.0, False),
        ((0.1, 1.0, 10.0), 10.0, True),
        ((3, 5), 3, True),
        ((3,), 3, False),
        ((False, True), False, False),
        ((False, True), True, False),
        ((0, 2), 0, False),
        ((0, 2), 2, False),
        ((0, 2, 4), 0, False),
        ((0, 2, 4), 2, False),
        ((0, 2, 4), 4, True),
        (("gaussian", "linear"), "gaussian", False),
    ],
)
def test_numbers_have_edges_and_switches_have_none(tried: tuple[Any, ...], best: Any, at_the_edge: bool) -> None:
    def error(options: Mapping[str, Any]) -> float:
        return 1.0 if options["option"] == best else 2.0

    tuning = tuning_of({"option": tried}, error)
    assert tuning.at_the_edge() == (("option",) if at_the_edge else ())
