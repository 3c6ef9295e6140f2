"""Every command of README.md runs, in the order written, in an empty folder, with what costs time made smaller."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fesdist.cli.main import main
from fesdist.requests.build import options_of
from fesdist.requests.verbs import VERBS
from tests.conftest import REPOSITORY
from tests.fesdist.align.installed import needs_networks

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
MAKEFILE = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
SMALLER = {
    "--people 40": "--people 6 --expressions happy,sad",
    "--size 256": "--size 96",
    "--size 128": "--size 24",
    "--size 512": "--size 32",
    "--window 3,5,7": "--window 3,5",
    "--ridge 0.1,1,10,100": "--ridge 0.1,10",
    "--folds 10": "--folds 2",
    "--sweep 24": "--sweep 3",
    "--models mr-5,lasso": "--models mr-5,pixel-rr --direction forward",
    "--out tables.md": "--out tables.md --models pixel-rr --direction forward",
}
"""What costs time in README, and the same for a test."""


def blocks(language: str, text: str = README) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def lines(text: str = README) -> list[list[str]]:
    """Return the words of each line of all shell blocks, in their order."""
    return [
        words
        for block in blocks("sh", text)
        for line in block.replace("\\\n", " ").splitlines()
        if (words := shlex.split(line, comments=True))
    ]


def _smaller(words: list[str]) -> list[str]:
    line = shlex.join(words)
    for said, small in SMALLER.items():
        line = line.replace(said, small)
    if "workers" in options_of(VERBS[words[0]]) and "--workers" not in line:
        line += " --workers 0"
    return shlex.split(line)


def test_programs_of_its_blocks_are_known() -> None:
    assert {words[0] for words in lines()} == {"make", "fesdist", "cp"}
    for program, *words in lines():
        if program == "make":
            assert re.search(rf"^{words[0]}:", MAKEFILE, re.MULTILINE), words


@needs_networks
@pytest.mark.slow
def test_its_commands_run_in_order_in_an_empty_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for program, *words in lines():
        if program == "cp":
            shutil.copytree(words[1], words[2])
        elif program == "fesdist":
            assert main(_smaller(words)) == 0, (words, capsys.readouterr().err)
    capsys.readouterr()
    made = {path.name for path in tmp_path.iterdir()}
    assert {"out", "wider", "moving", "london.html", "london-1.html", "tuned.toml", "tables.md"} <= made
    arrays, sums = (block.replace("128", "24") for block in blocks("python"))
    random = np.random.default_rng(0)
    known: dict[str, Any] = {"photographs": random.integers(0, 256, (2, 3, 24, 24), dtype=np.uint8)}
    exec(arrays, known)
    assert known["outputs"].shape == (2, 3, 24, 24)
    inputs, targets = random.integers(0, 256, (2, 6, 3, 8, 8), dtype=np.uint8)
    window = known["fd"].MR.with_window(5)
    known |= {"inputs": inputs, "targets": targets, "subjects": [f"p{n}" for n in range(6)]}
    for name, part in (("sums_of_another_site", slice(0, 3)), ("sums_of_anna", slice(0, 1))):
        ids = [f"{name}{n}" for n in range(3)][part] if name != "sums_of_anna" else ["p0"]
        known[name] = window.sums(inputs[part], {"smiling": targets[part]}, ids)
    exec(sums, known)
    assert known["model"] is not None
