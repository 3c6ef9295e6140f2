"""Photographs at different places are found in stacks; the version that learned from them keeps the notice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fesdist.cluster.in_process import InProcessCluster
from fesdist.registry import MaskedRegression
from fesdist.training.job import TrainingRequest
from fesdist.training.misaligned import misaligned_pairs
from fesdist.training.notices import kept_in
from fesdist.training.run import train
from fesdist.training.survey import look_at
from storage.datasets.store import WeightStore
from storage.stack.reading import StackSpec, TrainingStack
from storage.stack.writer import PendingSubject, StackWriter
from tests.fesdist.ground.heads import head

SHAPE = (48, 40)
MOVED = {2: 0.03, 5: 0.095}
"""Of these people the second photograph lies further right."""


@pytest.fixture
def stack(tmp_path: Path) -> str:
    people = [
        PendingSubject(
            f"p{person}",
            {
                "neutral": head(person, SHAPE),
                "happy": head(person, SHAPE, right=MOVED.get(person, 0.0)),
                "bright": np.clip(head(person, SHAPE).astype(int) + 30, 0, 255).astype(np.uint8),
            },
        )
        for person in range(8)
    ]
    with StackWriter.create(tmp_path / "stack.zarr", StackSpec(*SHAPE, 3, "uint8", "none")) as writer:
        writer.append(people)
        writer.assign_holdout(ids=["p7"])
    return str(tmp_path / "stack.zarr")


def test_the_furthest_apart_come_first(stack: str) -> None:
    opened, everybody = TrainingStack.open(stack), range(8)
    asked = dict.fromkeys(("neutral", "happy", "bright"), everybody)
    fingerprint = opened.fingerprint(tuple(asked), everybody)
    looked_at = look_at(opened, fingerprint, asked, InProcessCluster(), 1 << 20)
    found = misaligned_pairs("neutral", "happy", everybody, looked_at)
    assert [(pair.sample, pair.found.in_words()) for pair in found] == [
        (5, "9 % further right"),
        (2, "3 % further right"),
    ]
    assert misaligned_pairs("neutral", "bright", everybody, looked_at) == []


def test_the_version_keeps_what_its_training_had_to_notice(stack: str, tmp_path: Path) -> None:
    request = TrainingRequest(stack, str(tmp_path / "weights"), "heads", MaskedRegression.with_window(1, ridge=1e9))
    first, again = (train(request, InProcessCluster(), memory=1 << 30, if_changed=True) for _ in range(2))
    assert (first.published, again.published) == (True, False)
    misaligned, worse = first.notices
    assert (misaligned.kind, misaligned.count) == ("doubtful", 2)
    assert misaligned.examples == {"p2, happy": "3 % further right", "p5, happy": "9 % further right"}
    assert "errs more than the photograph" in worse.text
    assert again.notices == first.notices == kept_in(WeightStore(str(tmp_path / "weights")).open("heads").manifest)
