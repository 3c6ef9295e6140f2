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
from fesdist.cli.main import main
from storage.datasets.store import WeightStore
from storage.stack.reading import TrainingStack

stack, weights = sys.argv[1:]
assert False, "this is -O"
TrainingStack.open(stack).to_xarray().load()
WeightStore(weights).open("plain").to_xarray().load()
sys.exit(main(["train", stack, weights, "--name", "optimised", "--model", "pca", "--workers", "0"]))
"""


def test_a_job_runs_and_its_bits_are_the_same(tmp_path: Path) -> None:
    stack, weights = str(write_stack(tmp_path / "stack.zarr", expressions=("happy",))), str(tmp_path / "weights")
    train(TrainingRequest(stack, weights, "plain", PrincipalComponents()), InProcessCluster(), memory=1 << 30)
    run = subprocess.run([sys.executable, "-O", "-c", _READ, stack, weights], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    store = WeightStore(weights)
    assert store.open("optimised").checksums == store.open("plain").checksums


def test_what_is_hostile_is_refused() -> None:
    quietly = ("-p", "no:cacheprovider", "-W", "ignore::pytest.PytestConfigWarning")
    some = ("tests/storage/hostile", "-k", "pickle or links or other_roots or checksums")
    command = [sys.executable, "-O", "-m", "pytest", *quietly, *some]
    run = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout
