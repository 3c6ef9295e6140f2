"""Eyes and lips that somebody has marked: a table for photographs in which no detector finds a face."""

from __future__ import annotations

import csv
import hashlib
import io
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from fesdist.align.face import Face, Point
from fesdist.ground.errors import BadParameterError
from fesdist.ground.letters import composed

COLUMNS = ("left_eye_x", "left_eye_y", "right_eye_x", "right_eye_y")
LIPS = ("mouth_left_x", "mouth_left_y", "mouth_right_x", "mouth_right_y")
"""The corners of the mouth: columns that may be there."""
_EXPECTED = (
    f"expected a CSV file with the columns file,{','.join(COLUMNS)} (pixels, the eye on the left of the image first; "
    f"face_id and expression may stand for file, and {','.join(LIPS)} may follow), or a folder of .tem files"
)
_LARGEST_TABLE = 256 << 20
_LARGEST_TEM = 1 << 20


@dataclass(frozen=True)
class Points:
    """Faces by photograph, however the table names these."""

    source: str
    """The file or folder, as it was given."""
    digest: str
    """SHA-256 of what was read."""
    faces: Mapping[str, tuple[Face, ...]]
    """By path with forward slashes, with or without its ending, as `composed` returns it."""

    def of(self, name: str) -> tuple[Face, ...]:
        """Return the faces of a photograph, `name` being its path with forward slashes; () for one without points.

        `smiling/001.jpg` is found as that or as `smiling/001`, and not as `001`, which may be another expression.
        """
        name = composed(name)
        return self.faces.get(name) or self.faces.get(str(PurePosixPath(name).with_suffix(""))) or ()

    def unlike(self, names: Iterable[str]) -> str:
        """Return that none of the photographs `names` is marked, and how both name them; "" if one is or none is there.

        Whoever marks eyes means them: a table that is named otherwise would be passed over without a word.
        """
        first = ""
        for name in names:
            if self.of(name):
                return ""
            first = first or name
        if not first:
            return ""
        told = f"there like {next(iter(self.faces))}" if self.faces else "and it is empty"
        return f"{self.source} marks none of the photographs: they are named like {first}, {told}"


def read_points(source: str | Path) -> Points:
    """Return the faces in a table of points.

    A CSV file has a line a face; the middle of the lips is that between the corners of the mouth. A folder has `.tem`
    files, named as the photographs: the number of points, then one point a line as x and y, of which the first two are
    the pupils. Raises BadParameterError for anything else, saying which line is wrong.
    """
    path = Path(source)
    try:
        if path.is_dir():
            return _of_folder(path)
        if path.stat().st_size > _LARGEST_TABLE:
            raise BadParameterError(f"{path} has {path.stat().st_size:,} bytes; {_EXPECTED}")
        data = path.read_bytes()
        text = data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadParameterError(f"the points {path} cannot be read ({error}); {_EXPECTED}") from error
    try:
        return Points(str(source), hashlib.sha256(data).hexdigest(), _of_table(path, text))
    except csv.Error as error:
        raise BadParameterError(f"{path} is no table ({error}); {_EXPECTED}") from error


def _of_table(path: Path, text: str) -> dict[str, tuple[Face, ...]]:
    # Lines may end as on any system.
    rows = csv.DictReader(io.StringIO(text, newline=""))
    names = [name.strip() for name in rows.fieldnames or ()]
    rows.fieldnames = names
    lacking = [name for name in COLUMNS if name not in names]
    if "file" not in names and "face_id" not in names:
        lacking.insert(0, "file")
    if lacking:
        raise BadParameterError(f"{path} lacks the columns {', '.join(lacking)}; {_EXPECTED}")
    faces: dict[str, list[Face]] = defaultdict(list)
    for row in rows:
        where = f"{path}, line {rows.line_num}"
        if row.get("file"):
            name = row["file"].strip()
        else:
            folder, name = (row.get("expression") or "").strip(), (row.get("face_id") or "").strip()
            name = f"{folder}/{name}" if folder else name
        if not name:
            raise BadParameterError(f"{where} names no photograph; {_EXPECTED}")
        eyes, corners = ([row.get(column) or "" for column in columns] for columns in (COLUMNS, LIPS))
        faces[composed(name.replace("\\", "/"))].append(_face(eyes, where, corners if all(corners) else ()))
    return {name: tuple(found) for name, found in faces.items()}


def _of_folder(path: Path) -> Points:
    files = sorted(file for file in path.rglob("*.tem") if not file.name.startswith("."))
    if not files:
        raise BadParameterError(f"{path} holds no .tem files; {_EXPECTED}")
    faces, read = {}, []
    for file in files:
        if file.stat().st_size > _LARGEST_TEM:
            raise BadParameterError(f"{file} has {file.stat().st_size:,} bytes; {_EXPECTED}")
        data = file.read_bytes()
        read.append(data)
        lines = data.decode("ascii", "replace").splitlines()
        if len(lines) < 3:
            raise BadParameterError(f"{file} has {len(lines)} lines; {_EXPECTED}")
        pupils = [word for line in lines[1:3] for word in line.split()]
        faces[composed(file.relative_to(path).with_suffix("").as_posix())] = (_face(pupils, str(file)),)
    return Points(str(path), hashlib.sha256(b"".join(read)).hexdigest(), faces)


def _face(eyes: Sequence[str], where: str, corners: Sequence[str] = ()) -> Face:
    left, right = _two_points(eyes, "eyes", where)
    if not corners:
        return Face((left, right))
    (left_x, left_y), (right_x, right_y) = _two_points(corners, "corners of a mouth", where)
    return Face((left, right), lips=((left_x + right_x) / 2, (left_y + right_y) / 2))


def _two_points(words: Sequence[str], what: str, where: str) -> tuple[Point, Point]:
    try:
        left_x, left_y, right_x, right_y = (float(word) for word in words)
    except ValueError:
        raise BadParameterError(f"{where}: {', '.join(words)!r} are no two points; {_EXPECTED}") from None
    apart = math.dist((left_x, left_y), (right_x, right_y))
    if not (math.isfinite(apart) and apart >= 1):
        raise BadParameterError(
            f"{where}: {what} at {left_x:g},{left_y:g} and {right_x:g},{right_y:g}; expected two places that differ"
        )
    return (left_x, left_y), (right_x, right_y)
