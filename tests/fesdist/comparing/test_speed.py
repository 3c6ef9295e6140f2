"""Timing of synthesis: how often, and on whom."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fesdist.comparing import speed
from fesdist.inference.loaded import LoadedVersion
from tests.fesdist.evaluation.small_store import HELD_OUT, make_stack, publish


def test_held_out_people_are_synthesized_until_it_takes_long_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack, store = make_stack(tmp_path / "stack.zarr"), str(tmp_path / "weights")
    clock = iter(np.arange(100) * 0.1)
    faces: list[int] = []

    class Counting(LoadedVersion):
        def synthesize(self, inputs: Any, expression: str, **options: Any) -> Any:
            faces.append(len(inputs))
            return super().synthesize(inputs, expression, **options)

    monkeypatch.setattr(speed, "LoadedVersion", Counting)
    monkeypatch.setattr(speed.time, "perf_counter", lambda: next(clock))
    seconds = speed.SpeedStage(store, stack, "smiling", 1 << 28).work(publish(store, stack))
    assert faces == [len(HELD_OUT)] * (1 + 5)
    assert seconds == pytest.approx(0.1 / len(HELD_OUT))
