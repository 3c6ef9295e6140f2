"""`python -m tests.chaos.hosts`: a stack in a bucket is trained on three hosts; the cable of one is pulled meanwhile.

The hosts are network namespaces of this machine, joined by a bridge: one has bucket, scheduler and client, two a worker
each. The weights must have the bits of a training in one process.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from signal import SIGKILL
from typing import Any, TextIO

from tests.chaos.house import train_command
from tests.conftest import REPOSITORY
from tests.fesdist.training.stacks import write_stack
from tests.storage.places import BUCKET, KEYS

HUB, *WORKERS = (f"fesdist-{os.getpid()}-{name}" for name in ("hub", "one", "two"))
"""Names of this process alone: the machine has one list of them."""

NETWORK = "10.77.0"
SCHEDULER = f"tcp://{NETWORK}.1:8786"
TILES_BEFORE = 2
"""Receipts in the bucket when the cable is pulled."""

MEMORY = "450MiB"
"""A stack in a bucket has more chunks on their way at once than one on a disk, which all have to fit."""

STACK, STORE = f"s3://{BUCKET}/stack.zarr", f"s3://{BUCKET}/weights"

_FILL = f"""
import sys, boto3
from pathlib import Path
folder, endpoint = Path(sys.argv[1]), sys.argv[2]
keys = dict(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1")
client = boto3.client("s3", endpoint_url=endpoint, **keys)
client.create_bucket(Bucket="{BUCKET}")
for path in folder.rglob("*"):
    if path.is_file():
        key = "stack.zarr/" + path.relative_to(folder).as_posix()
        client.put_object(Bucket="{BUCKET}", Key=key, Body=path.read_bytes())
"""
_CHECKSUMS = """
import json, sys
from storage.datasets.store import WeightStore
print(json.dumps(dict(WeightStore(sys.argv[1]).open("chaos").checksums), sort_keys=True))
"""


def refusal() -> str:
    """Return why no namespaces can be made here, "" if they can."""
    try:
        made = subprocess.run(["ip", "netns", "add", HUB], capture_output=True, text=True)
    except FileNotFoundError:
        return "there is no program `ip`: install iproute2"
    if made.returncode:
        return f"`ip netns add` is refused: {made.stderr.strip()}"
    _ip(f"netns delete {HUB}")
    return ""


@contextmanager
def hosts() -> Iterator[None]:
    """Have the namespaces meanwhile, each with a loopback and, at the bridge of the first, an address."""
    with ExitStack() as made:
        for name in (HUB, *WORKERS):
            _ip(f"netns add {name}")
            made.callback(_ip, f"netns delete {name}")
            _ip(f"-n {name} link set lo up")
        _ip(f"-n {HUB} link add bridge type bridge")
        _ip(f"-n {HUB} addr add {NETWORK}.1/24 dev bridge")
        _ip(f"-n {HUB} link set bridge up")
        for number, name in enumerate(WORKERS, 2):
            _ip(f"-n {HUB} link add cable{number} type veth peer name cable netns {name}")
            _ip(f"-n {HUB} link set cable{number} master bridge up")
            _ip(f"-n {name} addr add {NETWORK}.{number}/24 dev cable")
            _ip(f"-n {name} link set cable up")
        yield


def run(folder: Path) -> dict[str, Any]:
    """Train there and in one process, and return what happened; the workers that are cut off are never joined again."""
    stack = write_stack(folder / "stack.zarr", side=320, people=12, expressions=("happy",))
    alone = str(folder / "alone")
    subprocess.run(train_command(stack, alone, "--workers", "0", memory=MEMORY), check=True, capture_output=True)
    endpoint = f"http://{NETWORK}.1:5000"
    environment = {**os.environ, **KEYS, "AWS_ENDPOINT_URL": endpoint, "PYTHONUNBUFFERED": "1"}
    environment["DASK_CONFIG"] = str(REPOSITORY / "deploy" / "dask.yaml")
    with ExitStack() as running:
        running.enter_context(hosts())

        def start(host: str, *words: str) -> subprocess.Popen[str]:
            log = running.enter_context((folder / f"{len(list(folder.glob('*.log')))}-{host}.log").open("w"))
            return running.enter_context(_started(host, words, environment, log))

        start(HUB, sys.executable, "-m", "moto.server", "-H", f"{NETWORK}.1", "-p", "5000")
        start(HUB, sys.executable, "-m", "dask", "scheduler", "--host", f"{NETWORK}.1", "--port", "8786")
        for number, host in enumerate(WORKERS, 2):
            own = ("--host", f"{NETWORK}.{number}", "--nthreads", "1", "--memory-limit", "1GiB")
            start(host, sys.executable, "-m", "dask", "worker", SCHEDULER, *own)
        _within(HUB, [sys.executable, "-c", _FILL, str(stack), endpoint], environment, patiently=True)
        command = train_command(STACK, STORE, "--scheduler", SCHEDULER, memory=MEMORY)
        requests = next(folder.glob("0-*.log"))
        began = time.monotonic()
        training, cut_at, done = start(HUB, *command), 0.0, 0
        while training.poll() is None:
            if not cut_at and (done := len(re.findall("PUT .*/receipts/tile-", requests.read_text()))) >= TILES_BEFORE:
                _ip(f"-n {HUB} link set cable3 down")
                cut_at = time.monotonic()
            time.sleep(0.05)
        ended = time.monotonic()
        complete = training.returncode == 0
        there = _within(HUB, [sys.executable, "-c", _CHECKSUMS, STORE], environment) if complete else ""
        said = max(folder.glob(f"*-{HUB}.log"), key=lambda log: int(log.name.partition("-")[0])).read_text()
    here = subprocess.run([sys.executable, "-c", _CHECKSUMS, alone], check=True, capture_output=True, text=True).stdout
    return {
        "complete": complete,
        "equal bits": there == here,
        "tiles stored before the cut": done if cut_at else 0,
        "tiles stored in all": len(re.findall("PUT .*/receipts/tile-", requests.read_text())),
        "seconds before the cut": round((cut_at or ended) - began, 1),
        "seconds after it": round(ended - cut_at, 1) if cut_at else 0.0,
        "told": said,
    }


@contextmanager
def _started(
    host: str, words: tuple[str, ...], environment: dict[str, str], log: TextIO
) -> Iterator[subprocess.Popen[str]]:
    """Run a program on a host in a session of its own, and end all of it."""
    command = ["ip", "netns", "exec", host, *words]
    process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, text=True, start_new_session=True)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, SIGKILL)
        process.wait()


def _within(host: str, words: list[str], environment: dict[str, str], patiently: bool = False) -> str:
    """Return what a program prints on a host; patiently, where what it talks to may just be starting."""
    for left in range(10 if patiently else 0, -1, -1):
        ended = subprocess.run(["ip", "netns", "exec", host, *words], env=environment, capture_output=True, text=True)
        if ended.returncode == 0:
            return ended.stdout
        if not left:
            break
        time.sleep(2)
    raise RuntimeError(ended.stderr)


def _ip(words: str) -> None:
    subprocess.run(["ip", *words.split()], check=True)


def main() -> int:
    """Return 0 if the bits were the same, and where there can be no such hosts; else 1."""
    if reason := refusal():
        print(f"skipped: {reason}")
        return 0
    with tempfile.TemporaryDirectory(prefix="fesdist-hosts-") as folder:
        outcome = run(Path(folder))
    for what, value in outcome.items():
        print(f"{what}: {value}")
    return 0 if outcome["equal bits"] and outcome["tiles stored before the cut"] else 1


if __name__ == "__main__":
    sys.exit(main())
