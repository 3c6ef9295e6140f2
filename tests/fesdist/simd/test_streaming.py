"""What is stored past the caches is there all the same, and only where whole lines are written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numba import njit

from fesdist.simd import aligned, lanes, streaming

MEBIBYTE = 1 << 20


@njit
def _copied(source: np.ndarray, target: np.ndarray) -> None:
    for at in range(0, len(source), lanes.LANES):
        streaming.stream(target, at, lanes.load(source, at))
    streaming.settle()


def test_streamed_values_arrive() -> None:
    source = np.random.default_rng(0).random(8 * lanes.LANES, np.float32)
    target = aligned.zeros(source.shape, np.float32)
    _copied(source, target)
    assert np.array_equal(target, source)


@pytest.mark.parametrize(
    ("cut", "expected"),
    [
        (np.s_[:], True),
        (np.s_[:4], False),  # they stay in the caches
        (np.s_[..., 64:], True),
        (np.s_[..., 3:99], False),  # rows begin amid a line,
        (np.s_[..., :120], False),  # or end there
        (np.s_[:, :, 1::2], True),
    ],
    ids=str,
)
def test_only_large_outputs_of_whole_lines_are_streamed(cut: tuple[slice, ...], expected: bool) -> None:
    outputs = aligned.zeros((72, 3, 128, 128), np.float32)
    assert streaming.is_streamed(outputs[cut]) is expected


def test_outputs_that_begin_amid_a_line_are_not_streamed() -> None:
    values = aligned.zeros((2 * MEBIBYTE + 4,), np.float32)
    assert streaming.is_streamed(values[: 2 * MEBIBYTE].reshape(-1, 128))
    assert not streaming.is_streamed(values[4:].reshape(-1, 128))


def test_every_primitive_has_a_test_here() -> None:
    text = Path(__file__).read_text()
    own = [name for name, value in vars(streaming).items() if type(value) is type(lanes.load)]
    primitives = [name for name in own if getattr(lanes, name, None) is None]
    assert set(primitives) == {"stream", "settle"}
    assert not [name for name in primitives if f"streaming.{name}" not in text]
