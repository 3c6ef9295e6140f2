"""A small round of chaos, the same troubles in the same order at instants that differ, and a host that is cut off."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos import hosts
from tests.chaos.__main__ import run
from tests.chaos.table import table


@pytest.mark.slow
def test_a_training_that_suffers_has_the_same_bits_and_leaves_nothing(tmp_path: Path) -> None:
    tally = run(2, 3, tmp_path, ("scheduler",), per_round=3)
    assert not tally.faults, table(tally, 0)
    assert tally.kills >= 2
    assert tally.runs["complete"] == tally.rounds


@pytest.mark.slow
def test_a_stack_in_a_bucket_is_trained_although_a_host_is_cut_off(tmp_path: Path) -> None:
    if reason := hosts.refusal():
        pytest.skip(reason)
    outcome = hosts.run(tmp_path)
    assert outcome["tiles stored before the cut"] >= hosts.TILES_BEFORE, outcome["told"]
    assert outcome["equal bits"], outcome["told"]
    assert "nothing was heard of" in outcome["told"]
