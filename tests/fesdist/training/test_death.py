"""Real processes, really killed: the run completes or continues, and the bits are those of an undisturbed run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import pytest

from storage.datasets.store import WeightStore
from tests.fesdist.cluster.servers import free_port, scheduler, started, workers, workers_of
from tests.fesdist.training.stacks import write_stack

pytestmark = pytest.mark.slow

PATIENCE = 180.0
FESDIST = (sys.executable, "-m", "fesdist.cli.main")
ALONE, ONE_WORKER, TWO_WORKERS = (("--workers", number) for number in "012")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # Enough tiles, of enough samples, that a run can be hit in its middle.
    return write_stack(tmp_path_factory.mktemp("stack") / "stack.zarr", side=256, people=40, expressions=("happy",))


def _command(stack: Path, store: Path, *options: str) -> list[str]:
    """Return the command of a training; a worker, which takes seconds to start, is asked for where one has to die."""
    # So little memory makes small tiles, and many: a run is then still in its middle when three are stored.
    fixed = ["--name", "random", "--window", "5", "--ridge", "1", "--pool", "0", "--mirror", "no", "--memory", "350MiB"]
    return [*FESDIST, "train", str(stack), str(store), *fixed, *options]


@pytest.fixture(scope="module")
def undisturbed(stack: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    store = tmp_path_factory.mktemp("undisturbed")
    subprocess.run(_command(stack, store, *ALONE), check=True, capture_output=True, timeout=PATIENCE)
    return _checksums(store)


def _checksums(store: Path) -> dict[str, str]:
    return WeightStore(str(store)).open("random").checksums


def _n_receipts(store: Path) -> int:
    return len(list(store.glob("random/drafts/*/receipts/*.json")))


def _wait(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"waited {PATIENCE} s in vain: {what}"
        time.sleep(0.01)


def test_a_killed_run_continues_where_it_was(stack: Path, tmp_path: Path, undisturbed: dict[str, str]) -> None:
    with (
        # Of a short name, which the socket of the process that workers are forked from has room for.
        TemporaryDirectory() as temporary,
        started(["env", f"TMPDIR={temporary}", *_command(stack, tmp_path, *ONE_WORKER)]) as process,
    ):
        _wait(lambda: _n_receipts(tmp_path) >= 3, "three tiles")
        children = psutil.Process(process.pid).children(recursive=True)
        assert list(Path(temporary).glob("pymp-*"))
        process.kill()
        psutil.wait_procs(children, PATIENCE)  # they end by themselves when their client is gone
        assert list(Path(temporary).glob("pymp-*")) == []
    stored = _n_receipts(tmp_path)
    assert WeightStore(str(tmp_path)).names() == []
    command = _command(stack, tmp_path, *ALONE)
    continued = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert f"continuing an interrupted run: {stored} of 16 tiles are stored" in continued.stderr
    assert "published random version 1" in continued.stdout
    assert _checksums(tmp_path) == undisturbed


def test_a_killed_worker_does_not_stop_the_run(stack: Path, tmp_path: Path, undisturbed: dict[str, str]) -> None:
    with started(_command(stack, tmp_path, *TWO_WORKERS)) as process:
        _wait(lambda: _n_receipts(tmp_path) >= 3, "three tiles")
        workers_of(process.pid)[0].kill()
        output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, output
    assert _checksums(tmp_path) == undisturbed


def _interrupt(process: subprocess.Popen[str], number: signal.Signals = signal.SIGINT, code: int = 130) -> None:
    """Press Ctrl-C, or close the terminal, and see what a command says then."""
    os.killpg(process.pid, number)
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == code
    assert output.strip().splitlines()[-1] == (
        "fesdist: interrupted; what was finished is stored, the same command continues"
    )
    assert "Traceback" not in output


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGHUP, 129)])
def test_a_terminal_stops_it_at_once_and_leaves_nothing_running(
    stack: Path, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    """By Ctrl-C, or as it is closed."""
    if signal.getsignal(number) is signal.SIG_IGN:
        pytest.skip("whoever started the tests has these signals ignored")
    with started(_command(stack, tmp_path, *ONE_WORKER)) as process:
        _wait(lambda: _n_receipts(tmp_path) >= 3, "three tiles")
        children = psutil.Process(process.pid).children(recursive=True)
        _interrupt(process, number, code)
    _wait(lambda: not any(child.is_running() for child in children), "workers to end")


def test_ctrl_c_stops_this_process_and_the_run_continues(tmp_path: Path) -> None:
    """Threads are at work then, where there is more than one core."""
    larger = write_stack(tmp_path / "stack.zarr", side=512, people=20, expressions=("happy",))
    command = _command(larger, tmp_path / "store", *ALONE, "--memory", "400MiB", "--shape", "no")
    with started(command) as process:
        _wait(lambda: _n_receipts(tmp_path / "store") >= 3, "three tiles")
        _interrupt(process)
    stored = _n_receipts(tmp_path / "store")
    continued = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert f"continuing an interrupted run: {stored} of 16 tiles are stored" in continued.stderr
    alone = [*command[:5], str(tmp_path / "alone"), *command[6:]]
    subprocess.run(alone, capture_output=True, timeout=PATIENCE, check=True)
    assert _checksums(tmp_path / "store") == _checksums(tmp_path / "alone")


def test_a_killed_scheduler_is_told_and_the_run_continues_on_another(
    stack: Path, tmp_path: Path, undisturbed: dict[str, str]
) -> None:
    port = free_port()
    command = _command(stack, tmp_path, "--scheduler", f"tcp://127.0.0.1:{port}")
    with started(scheduler(port)) as served, started(workers(port, 1)), started(command) as process:
        _wait(lambda: _n_receipts(tmp_path) >= 3, "three tiles")
        served.kill()
        output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    # Whether a task, a reply or a heartbeat is missed first depends on the moment.
    assert "fesdist: error: " in output
    assert "start the scheduler again and repeat the same command to continue" in output
    assert "Traceback" not in output
    with started(scheduler(port)), started(workers(port, 1)):
        continued = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert "continuing an interrupted run" in continued.stderr
    assert continued.returncode == 0, continued.stderr
    assert _checksums(tmp_path) == undisturbed


def test_two_trainers_at_once_publish_two_versions(stack: Path, tmp_path: Path, undisturbed: dict[str, str]) -> None:
    with (
        started(_command(stack, tmp_path, *ALONE)) as one,
        started(_command(stack, tmp_path, *ALONE)) as other,
    ):
        outputs = [process.communicate(timeout=2 * PATIENCE)[0] for process in (one, other)]
    assert (one.returncode, other.returncode) == (0, 0), outputs
    store = WeightStore(str(tmp_path))
    assert [manifest.version for manifest in store.versions("random")] == [1, 2]
    assert all(store.open(f"random@{number}").checksums == undisturbed for number in (1, 2))
    assert store.open("random@1").verify() == []
