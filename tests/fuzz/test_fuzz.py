"""A few damaged inputs of each kind, always the same; `make fuzz` tries thousands."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.readers import KINDS
from tests.fuzz.trial import trial

FEW = 12


@pytest.mark.parametrize("kind", KINDS)
def test_each_is_a_clear_error_or_an_answer(kind: str, tmp_path: Path) -> None:
    originals = tmp_path / "originals"
    originals.mkdir()
    KINDS[kind].make(originals)
    outcomes = [trial(kind, originals, tmp_path / "damaged", seed) for seed in range(FEW)]
    assert [outcome for outcome in outcomes if outcome not in ("answer", "error")] == []
    assert "error" in outcomes or kind == "manifest of outputs"
