"""A host whose libraries round otherwise is told from one that rounds alike, and refused by its name."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from dataclasses import replace

import pytest

from fesdist.cluster.task import Signs, check_signs
from fesdist.ground.arithmetic import arithmetic, processor
from fesdist.ground.errors import ClusterError


def _elsewhere(**environment: str) -> str:
    program = "from fesdist.ground.arithmetic import arithmetic; print(arithmetic())"
    run = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, **environment}, capture_output=True, text=True, check=True
    )
    return run.stdout.strip()


def test_it_is_the_same_in_every_process_and_with_any_number_of_threads() -> None:
    assert re.fullmatch("[0-9a-f]{8}", arithmetic())
    assert {_elsewhere(OPENBLAS_NUM_THREADS=number) for number in ("1", "2")} == {arithmetic()}


@pytest.mark.skipif(platform.machine() != "x86_64", reason="names processors of x86-64")
def test_a_processor_without_fused_multiply_add_has_another() -> None:
    assert _elsewhere(OPENBLAS_CORETYPE="Sandybridge") != _elsewhere(OPENBLAS_CORETYPE="Haswell")


def test_a_worker_that_rounds_otherwise_is_refused() -> None:
    check_signs(Signs.here())
    assert processor()
    with pytest.raises(ClusterError, match=r"rounds otherwise than this client \(Old CPU\).*fused multiply-add"):
        check_signs(replace(Signs.here(), arithmetic="00000000", processor="Old CPU"))
