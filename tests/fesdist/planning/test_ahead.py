"""Rehearsing a run compiles what the run calls."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.fesdist.training.stacks import write_stack

PROGRAM = """
import json, sys
from numba.core.dispatcher import Dispatcher
from fesdist.cluster.in_process import InProcessCluster
from fesdist.ground.colour import Colour
from fesdist.planning import ahead
from fesdist.registry.options import model_from_options, open_options
from fesdist.simd.compiler import compile_here
from fesdist.training.job import TrainingRequest
from fesdist.training.run import train

stack, store, name, options = sys.argv[1:]
compile_here()

# Kernels that are kept need not be compiled again to see which a run asks for.
asked, add = [], Dispatcher.add_overload

def noted(dispatcher, compiled):
    asked.append(dispatcher.py_func.__name__)
    add(dispatcher, compiled)

Dispatcher.add_overload = noted

def names():
    found = sorted(set(asked))
    asked.clear()
    return found

model, chosen = model_from_options(name, json.loads(options)), open_options(name, json.loads(options))
request = TrainingRequest(stack=stack, store=store, name="a", model=model, colour=Colour.SHARED, chosen=chosen)

ahead._rehearse_choice(request)
ahead._rehearse_others(request, 1 << 30, ahead.Size(2, 1))
rehearsed = names()
train(request, InProcessCluster(), memory=1 << 30)
print(json.dumps([rehearsed, names()]))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "options", "called"),
    [("mr", {}, "_judge_quads _judge_pairs"), ("omp", {"n_nonzero": 3}, "_fill"), ("ridge", {}, "add_combinations")],
)
def test_a_run_compiles_nothing_that_was_not_rehearsed(
    name: str, options: dict[str, int], called: str, tmp_path: Path
) -> None:
    stack = write_stack(tmp_path / "stack.zarr", side=128, people=16, expressions=("happy",))
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(stack), str(tmp_path / "store"), name, json.dumps(options)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    rehearsed, afterwards = json.loads(ran.stdout)
    assert set(rehearsed) & set(called.split()), rehearsed
    assert afterwards == []
