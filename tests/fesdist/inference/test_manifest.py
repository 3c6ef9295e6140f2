"""The manifest of a folder survives kills, second runs and foreign lines."""

from __future__ import annotations

import errno
import gc
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from fesdist.ground.errors import BadParameterError
from fesdist.ground.notices import noticed
from fesdist.inference import line_index
from fesdist.inference import manifest as manifests
from fesdist.inference.line_index import LineIndex
from fesdist.inference.manifest import FILE_NAME, open_manifest
from fesdist.inference.record import InputFile, Record
from fesdist.inference.run_note import RunNote

FILE = InputFile("a.png", 100, 7)
OK = Record(FILE, "ok", "", {"smiling": "smiling/a.png"}, "london@1", "d1", 0.5)


def lines(out: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (out / FILE_NAME).read_bytes().splitlines()]


@pytest.mark.parametrize("name", ["a.png", "Grüße\n.png", "\udcff.png"], ids=["plain", "letters", "no text"])
def test_a_record_comes_back_as_it_was(name: str) -> None:
    record = replace(OK, file=InputFile(name, 1, 2))
    assert Record.from_line(record.to_line()) == record
    assert record.to_line().count(b"\n") == 1


@pytest.mark.parametrize("number", [b"NaN", b"-Infinity", b"1e999"])
def test_numbers_that_no_line_of_ours_can_hold_are_no_record(number: bytes) -> None:
    line = OK.to_line()
    assert b'"stretched": 1.0' in line
    assert Record.from_line(line.replace(b'"stretched": 1.0', b'"stretched": ' + number)) is None


def test_what_was_done_is_known_to_the_next_run(tmp_path: Path) -> None:
    with open_manifest(tmp_path) as manifest:
        manifest.append(OK)
    with open_manifest(tmp_path) as manifest:
        assert manifest.outputs(FILE, "d1") == {"smiling": "smiling/a.png"}


def test_a_run_that_is_killed_while_it_rewrites_the_file_leaves_nothing_for_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(os, "getpid", lambda: 1)
        patched.setattr(Path, "replace", killed)
        patched.setattr(Path, "unlink", lambda *_, **__: None)  # whoever is killed tidies nothing up
        with pytest.raises(KeyboardInterrupt):
            _append(tmp_path, OK)
    assert len(list(tmp_path.iterdir())) == 3
    _append(tmp_path, replace(OK, file=InputFile("b.png")))
    assert {path.name for path in tmp_path.iterdir()} == {FILE_NAME, ".manifest.lock"}
    assert [line["input"] for line in lines(tmp_path)] == ["a.png", "b.png"]


def test_a_run_that_fails_at_its_end_keeps_no_other_out_though_its_error_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Prefect keeps it, which tries again."""

    def failing(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", failing)
        with pytest.raises(OSError, match="Input/output error") as failed:
            _append(tmp_path, OK)
    _append(tmp_path, replace(OK, file=InputFile("b.png")))
    assert [line["input"] for line in lines(tmp_path)] == ["a.png", "b.png"]
    assert failed.traceback[-1].name == "failing"


def _append(out: Path, record: Record) -> None:
    with open_manifest(out) as manifest:
        manifest.append(record)


def test_an_output_that_is_begun_anew_is_known_no_more(tmp_path: Path) -> None:
    names = ["smiling/a.png"]
    with open_manifest(tmp_path) as manifest:
        manifest.begin(FILE, names, "london@1", "d1")
        assert manifest.record("a.png") is None
        manifest.append(OK)
        manifest.begin(FILE, names, "london@1", "d1")
        manifest.begin(FILE, ["sad/a.png"], "london@1", "d2")
        assert manifest.outputs(FILE, "d1") == OK.outputs
        manifest.begin(FILE, names, "london@1", "d2")
    with open_manifest(tmp_path) as manifest:
        assert manifest.outputs(FILE, "d1") == manifest.outputs(FILE, "d2") == {}
    assert lines(tmp_path)[-1]["reason"] == "begun anew, and not finished"


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


def _many(out: Path, n_names: int, settings: str = "d1") -> None:
    with open_manifest(out) as manifest:
        for number in range(n_names):
            file = InputFile(f"{number:05}.png", 1, 2)
            manifest.append(Record(file, "ok", "", {"sad": f"sad/{number:05}.png"}, "london@1", settings))


def test_records_are_read_where_they_are(tmp_path: Path) -> None:
    _many(tmp_path, 3000)
    gc.collect()
    with open_manifest(tmp_path) as manifest:
        assert sum(type(one) is Record for one in gc.get_objects()) < 20
        for number in (0, 1234, 2999):
            name = f"{number:05}.png"
            assert manifest.outputs(InputFile(name, 1, 2), "d1") == {"sad": f"sad/{name}"}
        assert manifest.record("3000.png") is None


def test_of_many_photographs_lines_are_appended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifests, "_FEW", 10)
    _many(tmp_path, 20)
    before = (tmp_path / FILE_NAME).read_bytes()
    _many(tmp_path, 15, "d2")
    # Not half of the lines count no more.
    assert (tmp_path / FILE_NAME).read_bytes().startswith(before)
    assert len(lines(tmp_path)) == 35
    with open_manifest(tmp_path) as manifest:
        assert manifest.made_otherwise("d2") == ("london@1",)
        assert manifest.outputs(InputFile("00014.png", 1, 2), "d1") == {}
        assert manifest.outputs(InputFile("00015.png", 1, 2), "d1") != {}
    _many(tmp_path, 20, "d3")
    assert [line["settings"] for line in lines(tmp_path)] == ["d3"] * 20
    with open_manifest(tmp_path) as manifest:
        assert manifest.made_otherwise("d3") == ()


def test_lines_that_do_not_say_what_came_before_are_understood(tmp_path: Path) -> None:
    # As a run of an older version that was killed left them.
    later = Record(FILE, "ok", "", {"sad": "sad/a.png"}, "london@1", "d1")
    (tmp_path / FILE_NAME).write_bytes(OK.to_line() + later.to_line())
    with open_manifest(tmp_path) as manifest:
        assert set(manifest.outputs(FILE, "d1")) == {"smiling", "sad"}
    (line,) = lines(tmp_path)
    assert line["outputs"] == {"smiling": "smiling/a.png", "sad": "sad/a.png"}


@pytest.mark.parametrize("most", [1, 3, 1000])
def test_lines_are_found_however_many_came_since_they_were_sorted(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    monkeypatch.setattr(line_index, "_MOST_RECENT", most)
    index = LineIndex()
    for number in range(10):
        index.add(f"{number % 4}.png", 100 * number, number % 3)
    assert index.offsets("1.png") == [100, 500, 900]
    assert index.offsets("4.png") == []
    assert (len(index), index.n_names, index.last_offsets()) == (10, 4, [600, 700, 800, 900])
    assert index.groups() == {0, 1, 2}


def test_of_no_lines_nothing_is_known() -> None:
    index = LineIndex()
    assert (index.n_names, index.groups(), index.last_offsets(), index.offsets("a")) == (0, set(), [], [])


def _ran(out: Path, *things: str) -> None:
    with open_manifest(out) as manifest:
        manifest.append(OK)
        manifest.conclude(RunNote.of("london@1", "d1", noticed("left out", "{n file} left out", things)))


def test_what_runs_had_to_notice_stays_and_is_said_once(tmp_path: Path) -> None:
    for things in (["b.txt"], ["b.txt"], ["b\udcff.txt", "c.txt"], [], ["b.txt"]):
        _ran(tmp_path, *things)
    first, *runs = lines(tmp_path)
    assert first["input"] == "a.png"
    assert {(run["input"], run["status"], run["version"], run["settings"]) for run in runs} == {
        (None, "run", "london@1", "d1")
    }
    assert [run["notices"][0]["examples"] for run in runs] == [  # type: ignore[index]
        {"b.txt": ""},
        {"b\udcff.txt": "", "c.txt": ""},
        {"b.txt": ""},
    ]


def test_of_many_runs_the_last_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifests, "MOST_KEPT", 3)
    for number in range(5):
        _ran(tmp_path, f"{number}.txt")
    assert [list(run["notices"][0]["examples"]) for run in lines(tmp_path)[1:]] == [  # type: ignore[index]
        ["2.txt"],
        ["3.txt"],
        ["4.txt"],
    ]
