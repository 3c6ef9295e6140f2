"""A run of `fesdist synthesize` that is killed continues where it stopped."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from fesdist.images.decode import decode
from fesdist.images.encode import encode
from tests.fesdist.inference.conftest import Publish, publish
from tests.fesdist.inference.made import folder_made

__all__ = ["publish"]

N_PHOTOGRAPHS = 300


@pytest.mark.slow
def test_kills_at_several_moments_leave_whole_files_and_no_double_work(publish: Publish, tmp_path: Path) -> None:
    published = publish(image_shape=(64, 64), chunk=64)
    for number in range(N_PHOTOGRAPHS):
        image = np.random.default_rng(number).integers(0, 256, (3, 64, 64), dtype=np.uint8)
        encode(tmp_path / "photos" / f"{number}.png", image)
    out = tmp_path / "out"
    words = ["synthesize", str(tmp_path / "photos"), str(out), "--weights", published.store, "--model", "london"]
    command = [sys.executable, "-m", "fesdist.cli.main", *words, "--workers", "0"]
    for moment in (1, 130):
        run = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        while run.poll() is None and n_outputs(out) < moment:
            time.sleep(0.002)
        run.kill()
        run.wait()
    before = n_outputs(out)
    assert 0 < before < N_PHOTOGRAPHS
    summary = folder_made(tmp_path / "photos", out, published.store, "london")
    assert summary.failed == []
    assert summary.done + summary.unchanged == N_PHOTOGRAPHS
    # At most one batch of 64 is on the disk without its lines in the manifest.
    assert summary.unchanged >= before - 64
    assert (summary.there, summary.unrecorded) == (0, before - summary.unchanged)
    assert all(decode(out / "smiling" / f"{number}.png").shape == (3, 64, 64) for number in range(N_PHOTOGRAPHS))


def n_outputs(out: Path) -> int:
    return len(list(out.glob("smiling/[0-9]*.png")))
