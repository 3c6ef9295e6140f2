"""The manifest of a folder survives kills, second runs and foreign lines."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from fesdist.ground.errors import BadParameterError
from fesdist.inference.manifest import FILE_NAME, InputFile, Record, open_manifest

FILE = InputFile("a.png", 100, 7)
OK = Record(FILE, "ok", "", {"smiling": "smiling/a.png"}, "london@1", "d1", 0.5)


def lines(out: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (out / FILE_NAME).read_text().splitlines()]


@pytest.mark.parametrize("name", ["a.png", "Grüße\n.png", "\udcff.png"], ids=["plain", "letters", "no text"])
def test_a_record_comes_back_as_it_was(name: str) -> None:
    record = replace(OK, file=InputFile(name, 1, 2))
    assert Record.from_line(record.to_line()) == record
    assert record.to_line().count(b"\n") == 1


def test_what_was_done_is_known_to_the_next_run(tmp_path: Path) -> None:
    with open_manifest(tmp_path) as manifest:
        manifest.append(OK)
    with open_manifest(tmp_path) as manifest:
        assert manifest.outputs(FILE, "d1") == {"smiling": "smiling/a.png"}


def test_an_output_is_intact_while_it_has_its_size(tmp_path: Path) -> None:
    output = tmp_path / "smiling" / "a.png"
    output.parent.mkdir()
    output.write_bytes(b"12345")
    with open_manifest(tmp_path) as manifest:
        manifest.append(replace(OK, sizes={"smiling": 5}))
        assert manifest.intact_outputs(FILE, "d1") == OK.outputs
        output.write_bytes(b"1234")
        assert manifest.intact_outputs(FILE, "d1") == {}
        output.unlink()
        assert manifest.intact_outputs(FILE, "d1") == {}


@pytest.mark.parametrize(
    ("file", "settings"),
    [
        (InputFile("a.png", 101, 7), "d1"),
        (InputFile("a.png", 100, 8), "d1"),
        (FILE, "d2"),
        (InputFile("b.png", 100, 7), "d1"),
    ],
)
def test_another_file_or_other_settings_are_not_done(tmp_path: Path, file: InputFile, settings: str) -> None:
    with open_manifest(tmp_path) as manifest:
        manifest.append(OK)
        assert manifest.outputs(file, settings) == {}


def test_outputs_of_runs_for_different_expressions_add_up(tmp_path: Path) -> None:
    with open_manifest(tmp_path) as manifest:
        manifest.append(OK)
        manifest.append(Record(FILE, "ok", "", {"sad": "sad/a.png"}, "london@1", "d1"))
        assert set(manifest.outputs(FILE, "d1")) == {"smiling", "sad"}
    assert len(lines(tmp_path)) == 1


def test_outputs_of_other_settings_are_forgotten(tmp_path: Path) -> None:
    with open_manifest(tmp_path) as manifest:
        manifest.append(OK)
        manifest.append(Record(FILE, "ok", "", {"sad": "sad/a.png"}, "london@1", "d2"))
        assert set(manifest.outputs(FILE, "d2")) == {"sad"}


@pytest.mark.parametrize("kept", range(1, len(OK.to_line()), 17))
def test_a_line_torn_anywhere_costs_that_line_only(tmp_path: Path, kept: int) -> None:
    other = Record(InputFile("b.png", 1, 1), "failed", "damaged")
    (tmp_path / FILE_NAME).write_bytes(other.to_line() + OK.to_line()[:kept])
    with open_manifest(tmp_path) as manifest:
        assert manifest.outputs(FILE, "d1") == {}
        manifest.append(OK)
        assert Record.from_line((tmp_path / FILE_NAME).read_bytes().splitlines()[-1]) == OK
    assert [line["input"] for line in lines(tmp_path)] == ["a.png", "b.png"]


@pytest.mark.parametrize("line", ['{"input": 3}', "[1]", "null", '{"other": "program"}', "\x00"])
def test_foreign_lines_are_ignored(tmp_path: Path, line: str) -> None:
    (tmp_path / FILE_NAME).write_bytes(line.encode() + b"\n" + OK.to_line())
    with open_manifest(tmp_path) as manifest:
        assert manifest.outputs(FILE, "d1")


def test_every_line_is_on_disk_before_the_next_is_made(tmp_path: Path) -> None:
    with open_manifest(tmp_path) as manifest:
        manifest.append(OK)
        assert len(lines(tmp_path)) == 1


def test_an_interrupted_run_keeps_its_lines(tmp_path: Path) -> None:
    def interrupted() -> None:
        with open_manifest(tmp_path) as manifest:
            manifest.append(OK)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with open_manifest(tmp_path) as manifest:
        assert manifest.outputs(FILE, "d1")


def test_two_runs_at_once_are_refused(tmp_path: Path) -> None:
    with (
        open_manifest(tmp_path),
        pytest.raises(BadParameterError, match="another run is writing to"),
        open_manifest(tmp_path),
    ):
        pass


def test_the_state_of_a_file_is_its_size_and_time(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"12345")
    os.utime(tmp_path / "a.png", ns=(0, 42))
    assert InputFile.of(tmp_path, "a.png") == InputFile("a.png", 5, 42)
    assert InputFile.of(tmp_path, "gone.png") == InputFile("gone.png")
