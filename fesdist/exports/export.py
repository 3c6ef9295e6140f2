"""A version written for other programs: the ending of the file says which."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from fesdist.exports.npz.writing import write_npz
from fesdist.exports.page.writing import write_page
from fesdist.exports.source import Exported, Source
from fesdist.ground.errors import BadParameterError
from fesdist.ground.files import check_writable

FORMATS: dict[str, Callable[[Source, Path], Exported]] = {
    ".html": write_page,
    ".onnx": lambda source, out: _write_onnx(source, out),
    ".npz": write_npz,
}


def export(source: Source, out: Path) -> Exported:
    """Write `source` to `out`.

    Raises BadParameterError for an unknown ending, a folder that cannot be written, and a model of which there is no
    such file.
    """
    write = FORMATS.get(out.suffix.lower())
    if write is None:
        raise BadParameterError(f"{out} ends in {out.suffix or 'nothing'}; expected one of {', '.join(FORMATS)}")
    if out.parent.is_dir():
        check_writable(out.parent)
    return write(source, out)


def _write_onnx(source: Source, out: Path) -> Exported:
    if find_spec("onnx") is None:
        raise BadParameterError(f"{out} needs the package onnx, which is not installed: pip install 'fesdist[onnx]'")
    # Imported here: who writes no such file does not need it.
    from fesdist.exports.onnx.writing import write_onnx

    return write_onnx(source, out)
