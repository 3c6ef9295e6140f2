"""`fesdist watch` from its words to its exit code: what arrives is made, what is bad is named, what was done stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from fesdist.cli import watch
from fesdist.ground.errors import BadParameterError
from fesdist.requests.parser import read_words
from fesdist.requests.using import Watch
from storage.errors import NotFoundError
from tests.fesdist.inference.conftest import Publish, photographs, publish

__all__ = ["photographs", "publish"]


def run(*words: object) -> int:
    quick = ("--every", "0.01", "--idle", "0.05")
    return watch.run(read_words(Watch, [*(str(word) for word in words), *quick]))


def test_what_is_there_is_done_and_the_bad_one_named(
    publish: Publish, photographs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = (photographs, tmp_path / "out", "--weights", publish().store, "--model", "london")
    (photographs / "broken.png").write_bytes(b"no picture")
    assert run(*words) == 3
    printed = capsys.readouterr()
    assert f"3 photographs done by london@1, 3 images in {tmp_path / 'out'}" in printed.out
    assert "broken.png: " in printed.err
    assert "no known image" in printed.err
    assert (tmp_path / "out/smiling/sub/b.png").is_file()
    (photographs / "broken.png").unlink()
    assert run(*words) == 0
    assert "photographs done" not in capsys.readouterr().out


@pytest.mark.parametrize("every", ["-1", "nan", "1e12"])
def test_a_pause_that_nobody_can_make_is_refused(photographs: Path, tmp_path: Path, every: str) -> None:
    words = (str(photographs), str(tmp_path / "out"), "--weights", "weights", "--model", "london", f"--every={every}")
    with pytest.raises(BadParameterError, match=r"--every \S+: expected seconds from 0 to 86400, a day"):
        watch.carry_out(read_words(Watch, words))


def test_a_folder_that_is_none_is_refused(publish: Publish, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(BadParameterError, match="is no folder; expected one that exists"):
        run(tmp_path / "typo", tmp_path / "out", "--weights", publish().store, "--model", "london")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("idle", ["-1", "nan", "inf"])
def test_a_patience_that_nobody_has_is_refused(photographs: Path, tmp_path: Path, idle: str) -> None:
    words = (str(photographs), str(tmp_path / "out"), "--weights", "weights", "--model", "london", f"--idle={idle}")
    with pytest.raises(BadParameterError, match=rf"--idle {idle}: expected seconds, 0 or more; leave it out to watch"):
        watch.carry_out(read_words(Watch, words))


def test_what_is_wrong_is_told_before_a_photograph_comes(
    publish: Publish, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = publish().store
    (inbox := tmp_path / "inbox").mkdir()
    with pytest.raises(NotFoundError, match="has no published model 'londn'; its models: london"):
        run(inbox, tmp_path / "out", "--weights", store, "--model", "londn")
    with pytest.raises(BadParameterError, match="expression 'hapy' is not in london@1"):
        run(inbox, tmp_path / "out", "--weights", store, "--model", "london", "--expressions", "hapy")
    with pytest.raises(BadParameterError, match="inbox is the folder of the photographs itself; choose another one"):
        run(inbox, inbox, "--weights", store, "--model", "london")
    assert capsys.readouterr().out == ""
    assert run(inbox, tmp_path / "out", "--weights", store, "--model", "london") == 0
