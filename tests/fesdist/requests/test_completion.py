"""Shells complete what the requests take, and the manual page tells it."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from fesdist.registry import MODELS
from fesdist.requests.build import options_of
from fesdist.requests.completion import completion
from fesdist.requests.manual import manual
from fesdist.requests.verbs import VERBS
from tests.conftest import REPOSITORY


@cache
def script(shell: str) -> str:
    return completion(shell)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["tr"], {"train"}),
        (["train", "--model", ""], set(MODELS)),
        (["ingest", "--colour", "g"], {"gray"}),
        (["train", "--mirror", ""], {"yes", "no", "auto"}),
        (["versions", "--cl"], {"--clean"}),
        (["synthesize", "ph"], {"photos"}),
        (["completion", "--"], {"--help"}),
    ],
)
def test_bash_completes(words: list[str], expected: set[str], tmp_path: Path) -> None:
    if not shutil.which("bash"):
        pytest.skip("there is no bash")
    (tmp_path / "photos").mkdir()
    typed = " ".join(f'"{word}"' for word in ["fesdist", *words])
    asked = f'{script("bash")}\nCOMP_WORDS=({typed}); COMP_CWORD={len(words)}; _fesdist; echo "${{COMPREPLY[@]}}"'
    ran = subprocess.run(["bash", "-c", asked], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert set(ran.stdout.split()) == expected


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_other_shells_read_their_script(shell: str, tmp_path: Path) -> None:
    (tmp_path / "script").write_text(script(shell))
    if shutil.which(shell):
        subprocess.run([shell, "-n", str(tmp_path / "script")], check=True)
    for verb, request in VERBS.items():
        assert verb in script(shell)
        for option in options_of(request).values():
            word = f"-l {option.word} " if shell == "fish" else f"--{option.word}["
            assert option.positional or word in script(shell)


def test_the_manual_page_is_made_from_the_requests() -> None:
    page = (REPOSITORY / "docs" / "man" / "fesdist.1").read_text(encoding="utf-8")
    assert page == manual(), "make man writes it anew"
    assert all(f".SS fesdist {verb}" in page for verb in VERBS)
    assert not [line for line in page.splitlines() if line.startswith("'")]
