"""The page on adding a command is right: its command runs as it stands there, and its flow takes the same words."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from types import ModuleType

import pytest

from fesdist.cli.main import main
from fesdist.requests.verbs import VERBS
from flows.stage import STAGE
from tests.docs.pages import blocks, module_of


@pytest.fixture
def origin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the page's request, command and flow as one module, and have the verb listed."""
    module = module_of("\n".join(blocks("command.md", "python")), "fesdist.cli.origin", tmp_path, monkeypatch)
    monkeypatch.setitem(VERBS, "origin", module.Origin)
    return module


@pytest.fixture
def printed(
    origin: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> str:
    """Return what the page's first commands print; they leave the store `weights` in the current folder."""
    monkeypatch.chdir(tmp_path)
    (commands,) = blocks("command.md", "sh")
    for line in commands.splitlines():
        program, *words = shlex.split(line)
        assert program == "fesdist"
        assert main(words) == 0, line
    return capsys.readouterr().out


def test_its_commands_run(printed: str) -> None:
    assert "first@1 was made 20" in printed
    assert json.loads(printed[printed.rindex("{") :])["reference"] == "first@1"
    assert main(["origin", "weights", "nobody"]) == 1


def test_it_is_in_the_help(origin: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    assert "Tell when and by whom a version was made." in capsys.readouterr().out
    with pytest.raises(SystemExit, match="0"):
        main(["origin", "--help"])
    assert "fesdist origin weights london@production" in capsys.readouterr().out


def test_its_flow_takes_the_words_of_the_command(origin: ModuleType, printed: str) -> None:
    assert origin.origin_stage.retries == STAGE["retries"]
    assert list(origin.origin.parameters.properties) == ["store", "reference"]
    assert origin.origin_stage.fn(origin.Origin(store="weights", reference="first")).reference == "first@1"
