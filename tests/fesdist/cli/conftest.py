"""Commands that are called within tests say nothing on the way: how often they would depends on the machine."""

from __future__ import annotations

import math

import pytest

from fesdist.cli import console, tune
from fesdist.planning import ahead


@pytest.fixture(autouse=True)
def _no_lines_on_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "_SECONDS_BETWEEN_LINES", math.inf)


@pytest.fixture(autouse=True)
def _kernels_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever test comes first may have to compile them: that must not change what is said."""
    monkeypatch.setattr(ahead, "compile_ahead", lambda calls: False)
    monkeypatch.setattr(tune, "nothing_is_kept", lambda: False)
