"""`python -O`, which carries out no assertions: jobs run, and what was made to do harm is refused all the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fesdist.cluster.in_process import InProcessCluster
from fesdist.families.coded.pca import PrincipalComponents
from fesdist.training.job import TrainingRequest
from fesdist.training.run import train
from storage.datasets.store import WeightStore
from tests.conftest import REPOSITORY
from tests.fesdist.training.stacks import write_stack

pytestmark = pytest.mark.slow

_READ = """
import sys

import pytest

stack, weights, *words = sys.argv[1:]
assert False, "this is -O"
refused = pytest.main(words)

from fesdist.cli.main import main
from storage.datasets.store import WeightStore
from storage.stack.reading import TrainingStack

TrainingStack.open(stack).to_xarray().load()
WeightStore(weights).open("plain").to_xarray().load()
trained = main(["train", stack, weights, "--name", "optimised", "--model", "pca", "--workers", "0"])
print("ended with", int(refused), trained)
"""
_HOSTILE = ("tests/storage/hostile", "-k", "pickle or links or other_roots or checksums")


def test_jobs_run_with_the_same_bits_and_what_is_hostile_is_refused(tmp_path: Path) -> None:
    """In one process: to load everything without its assertions takes most of the time."""
    stack, weights = str(write_stack(tmp_path / "stack.zarr", expressions=("happy",))), str(tmp_path / "weights")
    train(TrainingRequest(stack, weights, "plain", PrincipalComponents()), InProcessCluster(), memory=1 << 30)
    quietly = ("-p", "no:cacheprovider", "-W", "ignore::pytest.PytestConfigWarning")
    command = [sys.executable, "-O", "-c", _READ, stack, weights, *quietly, *_HOSTILE]
    run = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert run.stdout.endswith("ended with 0 0\n"), run.stdout + run.stderr
    store = WeightStore(weights)
    assert store.open("optimised").checksums == store.open("plain").checksums
