"""`fesdist synthesize` from its words to its exit code."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fesdist.cli import synthesize
from fesdist.ground.errors import BadParameterError
from fesdist.images.decode import decode
from fesdist.images.encode import encode
from fesdist.inference.summary import SynthesisSummary
from fesdist.requests.parser import read_words
from fesdist.requests.using import Synthesize
from tests.fesdist.inference.conftest import Publish, photographs, publish

__all__ = ["photographs", "publish"]


def run(*words: object) -> int:
    return synthesize.run(read_words(Synthesize, [str(word) for word in words]))


def test_it_says_what_was_made_how_fast_and_where(
    publish: Publish, photographs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    store = publish(expressions=("sad", "smiling")).store
    assert run(photographs, out, "--weights", store, "--model", "london") == 0
    printed = capsys.readouterr().out
    assert "london@1: sad, smiling" in printed
    assert "3 photographs done, 6 images in" in printed
    assert re.search(r", \d+\.\d images/s$", printed, re.MULTILINE)
    assert f"outputs and manifest.jsonl are in {out}" in printed
    synthesize._tell(SynthesisSummary("london@1", ("sad",), out, done=3, n_outputs=3, seconds=4.0))
    assert "3 images in 4.0 s, 45.0 images/min" in capsys.readouterr().out
    for done, where in ((1, "2 faces in it"), (3, "2 faces in them")):
        synthesize._tell(SynthesisSummary("london@1", ("sad",), out, done=done, n_outputs=done, n_faces=2, seconds=4.0))
        assert where in capsys.readouterr().out
    run(photographs, out, "--weights", store, "--model", "london")
    assert "3 photographs done before in the same way" in capsys.readouterr().out


def test_a_dry_run_tells_what_would_be_made_and_makes_nothing(
    publish: Publish, photographs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (photographs / "notes.txt").touch()
    out, store = tmp_path / "out", publish(expressions=("sad", "smiling")).store
    words = [photographs, out, "--weights", store, "--model", "london"]
    assert run(*words, "--dry-run") == 0
    printed = capsys.readouterr()
    assert f"6 images of 3 photographs would be made in {out}, such as" in printed.out
    assert "1 file not named like images: notes.txt" in printed.err
    assert not out.exists()
    run(*words, "--dry-run", "--json")
    foreseen = json.loads(capsys.readouterr().out)

    run(*words)
    made = {str(path.relative_to(out)) for path in out.rglob("*.png")}
    assert {name for of in foreseen["examples"].values() for name in of.values()} == made
    (out / "sad" / "a.png").unlink()
    (photographs / "new.png").write_bytes((photographs / "a.png").read_bytes())
    (out / "sad" / ".fesdist-1.png").touch()
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    capsys.readouterr()
    run(*words, "--dry-run")
    printed = capsys.readouterr()
    assert "3 images of 2 photographs would be made" in printed.out
    assert "2 photographs done before in the same way" in printed.out
    run(*words, "--dry-run", "--intensity", "2")
    printed = capsys.readouterr()
    assert "5 of the images were there before, made otherwise" in printed.out
    assert "interrupted" not in printed.out
    assert "also holds images made otherwise" in printed.err
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before


def test_failures_are_listed_at_the_end_and_in_the_exit_code(
    publish: Publish, photographs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (photographs / "broken.png").write_bytes(b"no image")
    (photographs / "notes.txt").touch()
    assert run(photographs, tmp_path / "out", "--weights", publish().store, "--model", "london") == 3
    printed = capsys.readouterr()
    assert "1 photograph failed:" in printed.err
    assert "broken.png: " in printed.err
    assert "1 file not named like images: notes.txt" in printed.err


def test_a_long_list_of_failures_is_cut(
    publish: Publish, photographs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(25):
        (photographs / f"{number}.png").touch()
    run(photographs, tmp_path / "out", "--weights", publish().store, "--model", "london")
    printed = capsys.readouterr().err
    assert "25 photographs failed:" in printed
    assert "... and 5 more" in printed


def test_the_options_reach_the_outputs(publish: Publish, photographs: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = ["--expressions", "sad,smiling", "--expression", "angry", "--size", "input", "--intensity", "0"]
    store = publish(expressions=("angry", "sad", "shy", "smiling"), image_shape=(12, 10)).store
    assert run(photographs, out, "--weights", store, "--model", "london@1", *words) == 0
    assert {path.name for path in out.iterdir() if path.is_dir()} == {"angry", "sad", "smiling"}
    assert (decode(out / "sad" / "a.png") == decode(photographs / "a.png")).all()


def test_the_pixel_limit_is_in_megapixels(publish: Publish, photographs: Path, tmp_path: Path) -> None:
    store = publish().store
    words = [photographs, tmp_path / "out", "--weights", store, "--model", "london", "--pixel-limit"]
    assert run(*words, "0.0004") == 3, "photographs of 24 x 20 pixels"
    assert run(*words, "0.0005") == 0


def test_a_bad_intensity_is_an_error_and_not_a_traceback(photographs: Path, tmp_path: Path) -> None:
    with pytest.raises(BadParameterError, match=r"intensity is -1\.0; expected 0 \(the input\) or more"):
        run(photographs, tmp_path / "out", "--weights", "w", "--model", "m", "--intensity", "-1")


def test_names_exclusion_and_proportions(
    publish: Publish, photographs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    (photographs / "@eaDir").mkdir()
    encode(photographs / "@eaDir" / "a.png", np.zeros((3, 24, 20), np.uint8))
    encode(photographs / "wide.png", np.zeros((3, 24, 40), np.uint8))
    words = [
        "--exclude",
        "gray*",
        "--name-pattern",
        "{model}-{version}/{path}_{expression}{ending}",
        "--format",
        "tiff",
    ]
    assert run(photographs, out, "--weights", publish().store, "--model", "london", *words) == 0
    made = sorted(path.relative_to(out).as_posix() for path in out.rglob("*.tif"))
    assert made == ["london-1/a_smiling.tif", "london-1/sub/b_smiling.tif", "london-1/wide_smiling.tif"]
    printed = capsys.readouterr()
    assert "1 left out, as asked: gray.png (--exclude gray*)" in printed.out
    assert "notice: 1 entry left out:\n  @eaDir/: another program's\n" in printed.err
    assert "1 photograph stretched, as the model's proportions are others; --align finds the" in printed.err
    *records, told = [json.loads(line) for line in (out / "manifest.jsonl").read_text().splitlines()]
    assert [notice["kind"] for notice in told["notices"]] == ["doubtful", "left out", "changed"]
    assert {record["input"]: record["stretched"] for record in records} == {
        "a.png": 1.0,
        "sub/b.png": 1.0,
        "wide.png": 0.5,
    }


def test_patterns_that_cannot_be_are_refused_before_any_work(
    publish: Publish, photographs: Path, tmp_path: Path
) -> None:
    words = [photographs, tmp_path / "out", "--weights", publish().store, "--model", "london", "--name-pattern"]
    with pytest.raises(BadParameterError, match=r"has \{who\}; expected fields"):
        run(*words, "{who}{ending}")
    with pytest.raises(BadParameterError, match=r"gives smiling\.png to smiling of a\.png and to smiling of gray\.png"):
        run(*words, "{expression}{ending}")
    assert not (tmp_path / "out").exists()


def test_at_the_photographs_size_their_format_stays(publish: Publish, photographs: Path, tmp_path: Path) -> None:
    Image.fromarray(np.full((40, 30, 3), 99, np.uint8)).save(photographs / "c.jpg", quality=70)
    out, store = tmp_path / "out", publish().store
    assert run(photographs, out, "--weights", store, "--model", "london", "--size", "input") == 0
    with Image.open(photographs / "c.jpg") as before, Image.open(out / "smiling" / "c.jpg") as after:
        assert (after.size, after.quantization) == (before.size, before.quantization)
    assert run(photographs, tmp_path / "small", "--weights", store, "--model", "london") == 0
    assert (tmp_path / "small" / "smiling" / "c.png").exists()
