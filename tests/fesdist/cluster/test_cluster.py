"""Both clusters keep the same promises: results, retries, errors that stay errors, cancellation."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from distributed import LocalCluster
from distributed.deploy import spec

from fesdist.cluster import parts
from fesdist.cluster.connect import Size, open_cluster, size_of
from fesdist.cluster.scheduler import SILENT_SECONDS, Heard, named, seconds_between_looks
from fesdist.cluster.settings import RETRIES, Cluster, ClusterSettings
from fesdist.ground.errors import BadParameterError, ClusterError, TileError
from fesdist.ground.share import tell


@pytest.fixture(scope="module", params=[0, 2], ids=["this process", "two workers"])
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    with open_cluster(ClusterSettings(workers=request.param)) as opened:
        yield opened


def _square(number: int, offset: int) -> int:
    return number * number + offset


def test_every_item_comes_back_once(cluster: Cluster) -> None:
    outcomes = list(cluster.run(_square, range(50), 7))
    assert sorted((outcome.item, outcome.result) for outcome in outcomes) == [(n, n * n + 7) for n in range(50)]
    assert all(outcome.error is None for outcome in outcomes)


def test_no_items_are_no_outcomes(cluster: Cluster) -> None:
    assert list(cluster.run(_square, [], 7)) == []


def _fail_until(attempts: int, folder: Path) -> str:
    """Fail until this was tried `attempts` times; each try leaves a file."""
    tried = len(list(folder.iterdir()))
    (folder / str(tried)).touch()
    if tried + 1 < attempts:
        raise OSError("passing trouble")
    return "done"


def test_trouble_that_passes_is_tried_again(cluster: Cluster, tmp_path: Path) -> None:
    (outcome,) = cluster.run(_fail_until, [RETRIES + 1], tmp_path)
    assert outcome.result == "done"
    assert len(list(tmp_path.iterdir())) == RETRIES + 1


def test_trouble_that_stays_is_an_outcome(cluster: Cluster, tmp_path: Path) -> None:
    (outcome,) = cluster.run(_fail_until, [RETRIES + 2], tmp_path)
    assert isinstance(outcome.error, OSError)
    assert "passing trouble" in str(outcome.error)
    assert len(list(tmp_path.iterdir())) == RETRIES + 1


def _tell_and_wait(number: int, gate: Path) -> int:
    parts.SECONDS_BETWEEN = 0.0
    tell(number / 4)
    deadline = time.monotonic() + 30
    while not (gate / str(number)).exists():
        if time.monotonic() > deadline:
            raise BadParameterError("nobody heard how far the task is")
        time.sleep(0.01)
    return number


def test_a_task_tells_how_far_it_is(cluster: Cluster, tmp_path: Path) -> None:
    told: dict[int, float] = {}

    def hear(item: int, share: float) -> None:
        told[item] = share
        (tmp_path / str(item)).touch()

    results = [outcome.result for outcome in cluster.run(_tell_and_wait, [1, 3], tmp_path, on_part=hear)]
    assert sorted(results) == [1, 3]
    assert told == {1: 0.25, 3: 0.75}


def _refuse(item: int, folder: Path) -> None:
    (folder / str(time.monotonic_ns())).touch()
    raise TileError(f"item {item} is bad")


def test_our_own_errors_are_not_tried_again(cluster: Cluster, tmp_path: Path) -> None:
    (outcome,) = cluster.run(_refuse, [3], tmp_path)
    assert isinstance(outcome.error, TileError)
    assert str(outcome.error) == "item 3 is bad"
    assert len(list(tmp_path.iterdir())) == 1


def _touch(item: int, folder: Path) -> None:
    time.sleep(0.05)
    (folder / str(item)).touch()


def test_leaving_the_loop_cancels_the_rest(cluster: Cluster, tmp_path: Path) -> None:
    outcomes = cluster.run(_touch, range(200), tmp_path)
    next(outcomes)
    before = len(list(tmp_path.iterdir()))
    outcomes.close()  # type: ignore[attr-defined]
    done = -1
    while done < (done := len(list(tmp_path.iterdir()))):  # those that ran end, in what time it takes
        time.sleep(1)
    assert done - before < 30, "200 were asked for, and two at a time take five seconds"


def _die_once(item: int, folder: Path) -> int:
    if item == 5 and not (folder / "died").exists():
        (folder / "died").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return item


@pytest.mark.slow
def test_a_killed_worker_costs_nothing_but_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = spec.parse_timedelta
    # As on a machine on which it takes long until there is another.
    monkeypatch.setattr(spec, "parse_timedelta", lambda patience: usual(patience) / 1000)
    with open_cluster(ClusterSettings(workers=1)) as opened:
        outcomes = list(opened.run(_die_once, range(20), tmp_path))
    assert sorted(outcome.result for outcome in outcomes) == list(range(20))


def _die(item: int) -> int:
    if item == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return item


@pytest.mark.slow
def test_a_task_that_kills_its_workers_is_named_and_alone() -> None:
    with open_cluster(ClusterSettings(workers=2)) as opened:
        outcomes = {outcome.item: outcome for outcome in opened.run(_die, range(12))}
    assert isinstance(outcomes[5].error, ClusterError)
    assert "task 5 took" in str(outcomes[5].error)
    assert [item for item, outcome in sorted(outcomes.items()) if outcome.result == item] == [
        *range(5),
        *range(6, 12),
    ]


_LEAK = """
import os, sys
from multiprocessing import get_context
from fesdist.cluster.forking import has_semaphores, interrupts_held_back

if "quietly" in sys.argv:
    assert has_semaphores()
    with interrupts_held_back():
        pass
held = get_context("spawn").Semaphore()
os._exit(0)
"""


@pytest.mark.parametrize("words", [(), ("quietly",)], ids=["as python does", "as clusters do"])
def test_semaphores_that_nobody_gave_back_are_not_told_of(words: tuple[str, ...]) -> None:
    run = subprocess.run([sys.executable, "-c", _LEAK, *words], capture_output=True, text=True, check=True)
    assert ("leaked semaphore" in run.stderr) is not bool(words)


def test_a_scheduler_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fesdist.cluster.remote.CONNECT_SECONDS", 1)
    with (
        pytest.raises(
            ClusterError,
            match=r"no Dask scheduler answers at 'tcp://127\.0\.0\.1:9'.*leave --scheduler out, and unset DASK",
        ),
        open_cluster(ClusterSettings(scheduler="tcp://127.0.0.1:9")),
    ):
        pass


def test_a_server_that_is_no_scheduler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fesdist.cluster.remote.CONNECT_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        with (
            pytest.raises(ClusterError, match=r"no Dask scheduler answers at .*TimeoutError"),
            open_cluster(ClusterSettings(scheduler=address)),
        ):
            pass


@pytest.mark.parametrize(
    ("address", "reason"),
    [("127.0.0.1", "missing port number"), ("tcp://", "missing port number"), ("tcp://[::1", "invalid address")],
)
def test_an_address_that_is_none_is_refused_at_once(address: str, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("distributed.Client", None)
    with pytest.raises(ClusterError, match=reason), open_cluster(ClusterSettings(scheduler=address)):
        pass


@pytest.mark.parametrize("address", ["foo://x", "http://127.0.0.1:8787", "inproc://127.0.0.1/1/1"])
def test_a_scheme_that_no_scheduler_has(address: str) -> None:
    with pytest.raises(BadParameterError, match="expected one that begins with tcp://, tls://, ws://, wss://, such as"):
        ClusterSettings(scheduler=address)


def test_workers_are_those_of_the_scheduler_or_of_the_cluster_that_would_be_started() -> None:
    assert size_of(ClusterSettings(workers=3)) == Size(3, 1)
    with LocalCluster(
        n_workers=2,
        threads_per_worker=2,
        processes=False,
        dashboard_address="127.0.0.1:0",
        protocol="tcp",
        host="127.0.0.1",
    ) as there:
        assert size_of(ClusterSettings(scheduler=there.scheduler_address, memory=1 << 20)) == Size(4, 1)


def test_this_process_has_a_thread_for_each_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fesdist.ground.machine.cores", lambda: 5)
    assert size_of(ClusterSettings(workers=0)) == Size(1, 5)
    with open_cluster(ClusterSettings(workers=0)) as cluster:
        assert (cluster.n_workers, cluster.threads) == (1, 5)


def test_many_workers_are_given_longer_as_they_report_less_often() -> None:
    heard = Heard()
    assert heard.silent({f"tcp://127.0.0.1:{port}": {"last_seen": 0.0} for port in range(3000)}) == set()
    assert heard.patience == 5 * seconds_between_looks(3000) > SILENT_SECONDS


def test_workers_and_scheduler_exclude_each_other() -> None:
    with pytest.raises(BadParameterError, match=r"workers \(2\) is for a local cluster"):
        ClusterSettings(scheduler="tcp://127.0.0.1:8786", workers=2)


def test_negative_workers_and_no_memory() -> None:
    with pytest.raises(BadParameterError, match="workers is -1; expected 0"):
        ClusterSettings(workers=-1)
    with pytest.raises(BadParameterError, match="memory is 0 bytes; expected what a worker may use"):
        ClusterSettings(memory=0)


def test_many_workers_are_named_by_some() -> None:
    assert named(["b", "a"]) == "a, b"
    assert named([f"w{number}" for number in range(9)]) == "w0, w1, w2, w3 and 5 more"
