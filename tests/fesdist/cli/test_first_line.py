"""Long commands say at once that they have started: before anything heavy is imported, listed or waited for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fesdist.cli.main import main
from fesdist.requests import parser
from fesdist.requests.verbs import LONG, VERBS

_WATCHED = """
import sys
from pathlib import Path
from fesdist.cli.main import main

class Watched:
    encoding = "utf-8"

    def write(self, text):
        heavy = sorted({"numpy", "numba", "zarr", "scipy", "distributed"} & sys.modules.keys())
        print(repr((text, heavy)), flush=True)

    def flush(self):
        pass

    def isatty(self):
        return False

sys.stderr = Watched()
main(["train", "nowhere", "weights", "--name", "faces"])
"""


def test_the_first_line_comes_before_the_libraries() -> None:
    ran = subprocess.run([sys.executable, "-c", _WATCHED], capture_output=True, text=True, check=True)
    first, *_, last = ran.stdout.splitlines()
    assert first == repr(("fesdist train: starting", []))
    assert "numba" in last


@pytest.mark.parametrize("verb", sorted(LONG))
def test_the_first_line_comes_before_the_words_are_read(
    verb: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def read(*words: object) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr(parser, "read_words", read)
    assert main([verb, "somewhere"]) == 130
    assert capsys.readouterr().err.splitlines()[0] == f"fesdist {verb}: starting"


@pytest.mark.parametrize("words", [["train", "--help"], *([verb] for verb in sorted(VERBS.keys() - LONG - {"faces"}))])
def test_what_is_quick_says_nothing_of_the_kind(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([*words, "--help"])
    assert "starting" not in capsys.readouterr().err


def test_garbage_is_looked_for_once_all_is_imported(tmp_path: Path) -> None:
    code = (
        "import gc, sys; from fesdist.cli.main import main; sys.argv[1:] = ['versions', sys.argv[1]]; main(); "
        "print(gc.isenabled(), gc.get_freeze_count() > 10_000)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "True True"
