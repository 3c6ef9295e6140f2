"""Tables of points: what is read of them, how photographs are named, and every way in which they may be wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from fesdist.align.points import COLUMNS, LIPS, read_points
from fesdist.ground.errors import BadParameterError

HEAD = f"file,{','.join(COLUMNS)}"


def _table(folder: Path, *lines: str) -> Path:
    (path := folder / "points.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_line_is_a_face_and_a_photograph_may_have_several(tmp_path: Path) -> None:
    points = read_points(_table(tmp_path, HEAD, "dogs/rex.png,1,2,30,4", "dogs/rex.png,50,60,90,61.5", "cat,7,8,27,8"))
    assert [face.eyes for face in points.of("dogs/rex.png")] == [((1, 2), (30, 4)), ((50, 60), (90, 61.5))]
    assert [face.eyes for face in points.of("cat.jpeg")] == [((7, 8), (27, 8))]


def test_corners_of_the_mouth_tell_where_lips_are(tmp_path: Path) -> None:
    lines = ("a,1,2,30,4,8,40,22,43.5", "b,1,2,30,4,,,,", "c,1,2,30,4,8,40,22,")
    points = read_points(_table(tmp_path, f"{HEAD},{','.join(LIPS)}", *lines))
    assert [points.of(name)[0].lips for name in "abc"] == [(15, 41.75), None, None]


def test_another_folder_is_another_photograph(tmp_path: Path) -> None:
    points = read_points(_table(tmp_path, HEAD, "001,1,2,30,4"))
    assert points.of("smiling/001.jpg") == ()
    assert points.of("002.jpg") == ()


def test_a_table_that_marks_none_of_the_photographs_is_told(tmp_path: Path) -> None:
    points = read_points(_table(tmp_path, HEAD, "neutral/001,1,2,30,4"))
    assert points.unlike(["001.jpg", "002.jpg"]) == (
        f"{tmp_path / 'points.csv'} marks none of the photographs: they are named like 001.jpg, there like neutral/001"
    )
    assert points.unlike(["neutral/000.jpg", "neutral/001.jpg"]) == ""
    assert points.unlike([]) == ""
    assert read_points(_table(tmp_path, HEAD)).unlike(["001.jpg"]).endswith("named like 001.jpg, and it is empty")


def test_expression_and_face_id_stand_for_a_file(tmp_path: Path) -> None:
    head = f"mouth_left_x,face_id, expression,{','.join(COLUMNS)}"
    points = read_points(_table(tmp_path, f"\ufeff{head}", "9,001,smiling,1,2,30,4"))
    assert points.of("smiling/001.jpg")[0].eye_distance == pytest.approx(29.07, abs=0.01)


def test_a_folder_of_tem_files_has_the_pupils_first(tmp_path: Path) -> None:
    (tmp_path / "neutral").mkdir()
    (tmp_path / "neutral" / "001.tem").write_text("3\n570.5\t600\n780\t599.25\n1\t2\n0\n")
    points = read_points(tmp_path)
    assert points.of("neutral/001.jpg")[0].eyes == ((570.5, 600), (780, 599.25))


def test_another_table_has_another_digest(tmp_path: Path) -> None:
    first = read_points(_table(tmp_path, HEAD, "a,1,2,30,4")).digest
    assert read_points(_table(tmp_path, HEAD, "a,1,2,30,5")).digest != first


@pytest.mark.parametrize(
    ("lines", "what"),
    [
        (("name,x,y", "a,1,2"), "lacks the columns file, left_eye_x"),
        ((HEAD, "a,1,2,x,4"), "line 2: '1, 2, x, 4' are no two points"),
        ((HEAD, "a,1,2,30,4", "b,1,2"), "line 3"),
        ((HEAD, ",1,2,30,4"), "names no photograph"),
        ((HEAD, "a,1,2,1,2"), "expected two places that differ"),
        ((HEAD, "a,nan,2,30,4"), "expected two places that differ"),
        ((HEAD, "a,1,2,inf,4"), "expected two places that differ"),
        ((f"{HEAD},{','.join(LIPS)}", "a,1,2,30,4,8,40,x,43"), "line 2: '8, 40, x, 43' are no two points"),
        ((f"{HEAD},{','.join(LIPS)}", "a,1,2,30,4,8,40,8,40"), "line 2: corners of a mouth at 8,40 and 8,40"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, lines: tuple[str, ...], what: str) -> None:
    with pytest.raises(BadParameterError, match=r"points\.csv") as raised:
        read_points(_table(tmp_path, *lines))
    assert what in str(raised.value)


def test_files_that_are_no_tables_are_refused(tmp_path: Path) -> None:
    (tmp_path / "points.csv").write_bytes(b"\xff\xfe\x00garbage")
    for path in (tmp_path / "points.csv", tmp_path / "missing.csv", tmp_path):
        with pytest.raises(BadParameterError, match="expected a CSV file"):
            read_points(path)
    (tmp_path / "a.tem").write_text("189\n1 2\n")
    with pytest.raises(BadParameterError, match="2 lines"):
        read_points(tmp_path)


def test_accents_may_be_written_either_way(tmp_path: Path) -> None:
    points = read_points(_table(tmp_path, HEAD, "Zoe\u0308.png,1,2,30,4", "Ren\u00e9,5,6,35,8"))
    assert points.of("Zo\u00eb.png")[0].eyes == ((1, 2), (30, 4))
    assert points.of("Rene\u0301.jpg")[0].eyes == ((5, 6), (35, 8))
    (tmp_path / "marks").mkdir()
    (tmp_path / "marks" / "Zoe\u0308.tem").write_text("2\n1 2\n30 4\n")
    assert read_points(tmp_path / "marks").of("Zo\u00eb.png")[0].eyes == ((1, 2), (30, 4))


def test_lines_may_end_as_on_any_system(tmp_path: Path) -> None:
    for end in (b"\n", b"\r\n", b"\r"):
        (tmp_path / "points.csv").write_bytes(end.join((HEAD.encode(), b"a,1,2,30,4", b"b,1,2,31,4", b"")))
        points = read_points(tmp_path / "points.csv")
        assert [points.of(name)[0].eyes[1] for name in ("a.png", "b.png")] == [(30, 4), (31, 4)]


def test_a_quotation_that_never_ends_is_refused(tmp_path: Path) -> None:
    path = _table(tmp_path, HEAD, '"a,1,2,30,4', *["b,1,2,30,4"] * 20_000)
    with pytest.raises(BadParameterError, match=r"points\.csv is no table .*; expected a CSV file"):
        read_points(path)
