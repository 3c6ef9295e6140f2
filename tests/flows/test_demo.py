"""`python -m flows.demo`: the embedded run that a first visitor sees."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from flows.demo import draw, main
from storage.datasets.store import WeightStore

pytestmark = pytest.mark.slow


def start(folder: Path, home: Path) -> subprocess.Popen[str]:
    """Start the demo in a process group of its own, as a terminal does, with a home and a temporary folder to watch."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT", "DASK", "XDG"))}
    watched = {"HOME": str(home), "TMPDIR": str(home), "PREFECT_API_URL": "http://127.0.0.1:1/somebody-elses"}
    return subprocess.Popen(
        (sys.executable, "-m", "flows.demo", folder, "--people", "15", "--size", "64"),
        env=environment | watched,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_a_place_that_takes_no_folder_is_told_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(sys, "argv", ["demo", str(tmp_path / "file" / "demo")])
    assert main() == 1
    assert "demo: error: no folder can be made at" in capsys.readouterr().err


def test_faces_of_an_earlier_demo_are_counted_as_they_are(tmp_path: Path) -> None:
    faces = tmp_path / "pairs"
    assert draw(faces, 2, 16, ("neutral", "happy"), seed=0) == 2
    assert draw(faces, 3, 16, ("neutral", "happy"), seed=0) == 2


def test_demo_stops_cleanly_at_ctrl_c_and_then_runs_quietly_to_its_end_below_its_folder_only(tmp_path: Path) -> None:
    folder, home = tmp_path / "demo", tmp_path / "home"
    home.mkdir()
    folder.mkdir()
    # Its kernels would lie below the folder, too, and to compile them once more would take most of the time.
    (folder / "cache").symlink_to(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    demo = start(folder, home)
    assert demo.stdout is not None
    while not demo.stdout.readline().startswith("ingest"):
        assert demo.poll() is None
    os.killpg(demo.pid, signal.SIGINT)
    _, errors = demo.communicate(timeout=60)
    assert demo.returncode == 130
    assert errors.splitlines()[-1] == "demo: interrupted; what was finished is stored, the same command continues"
    assert "Traceback" not in errors
    with pytest.raises(ProcessLookupError):
        os.killpg(demo.pid, 0)

    demo = start(folder, home)
    output, errors = demo.communicate(timeout=240)
    assert demo.returncode == 0, errors
    *lines, last = output.splitlines()
    stages = ["faces", "prefect", "ingest", "train", "evaluate", "promote", "synthesize", "report"]
    assert [line.split()[0] for line in lines] == stages
    assert "faces version 1 published" in output
    assert last == f"open {folder / 'report.html'}"
    told = [line for line in errors.splitlines() if " of " not in line]
    expected = r": (starting|looking|drawing)|^compiling for this processor, once"
    assert all(re.search(expected, line) for line in told), "nothing but progress is an error"
    assert list(home.iterdir()) == []
    assert (folder / "report.html").is_file()
    assert len(list((folder / "synthesized").rglob("*.png"))) == 36
    assert WeightStore(str(folder / "weights")).aliases("faces") == {"production": 1}
