"""`python -m flows.demo`: the embedded run that a first visitor sees."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from storage.datasets.store import WeightStore

pytestmark = pytest.mark.slow


def start(folder: Path, home: Path) -> subprocess.Popen[str]:
    """Start the demo in a process group of its own, as a terminal does, with a home and a temporary folder to watch."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT", "DASK", "XDG"))}
    watched = {"HOME": str(home), "TMPDIR": str(home), "PREFECT_API_URL": "http://127.0.0.1:1/somebody-elses"}
    return subprocess.Popen(
        (sys.executable, "-m", "flows.demo", folder),
        env=environment | watched,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_demo_runs_quietly_twice_and_writes_below_its_folder_only(tmp_path: Path) -> None:
    folder, home = tmp_path / "demo", tmp_path / "home"
    home.mkdir()
    stages = ["faces", "prefect", "ingest", "train", "evaluate", "promote", "synthesize", "report"]
    for outcome in ("faces version 1 published", "faces version 1 has the same images and settings"):
        demo = start(folder, home)
        output, errors = demo.communicate(timeout=240)
        assert demo.returncode == 0, errors
        *lines, last = output.splitlines()
        assert [line.split()[0] for line in lines] == stages
        assert outcome in output
        assert last == f"open {folder / 'report.html'}"
        assert all(" of " in line for line in errors.splitlines()), "nothing but progress is an error"
        assert list(home.iterdir()) == []
    assert (folder / "report.html").is_file()
    assert len(list((folder / "synthesized").rglob("*.png"))) == 36
    assert WeightStore(str(folder / "weights")).aliases("faces") == {"production": 1}


def test_demo_stops_cleanly_at_ctrl_c(tmp_path: Path) -> None:
    demo = start(tmp_path / "demo", tmp_path)
    assert demo.stdout is not None
    while not demo.stdout.readline().startswith("ingest"):
        assert demo.poll() is None
    os.killpg(demo.pid, signal.SIGINT)
    interrupted = time.monotonic()
    _, errors = demo.communicate(timeout=60)
    assert time.monotonic() - interrupted < 20
    assert demo.returncode == 130
    assert errors.splitlines()[-1] == "demo: interrupted; what was finished is stored, the same command continues"
    assert "Traceback" not in errors
    with pytest.raises(ProcessLookupError):
        os.killpg(demo.pid, 0)
