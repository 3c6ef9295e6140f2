"""Imports point down or sideways, never up: see the rooms in docs/design.md."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

ROOMS = {
    "flows": {"fesdist.commands"},
    "fesdist.commands": {"fesdist.report", "fesdist.compare", "fesdist.faces"},
    "fesdist.report": {"fesdist.evaluation", "fesdist.tuning"},
    "fesdist.tuning": {"fesdist.training"},
    "fesdist.compare": {"fesdist.evaluation"},
    "fesdist.evaluation": {"fesdist.inference"},
    "fesdist.inference": {"fesdist.training"},
    "fesdist.training": {"fesdist.cluster", "fesdist.images", "fesdist.models"},
    "fesdist.cluster": {"fesdist.pure", "storage.errors"},
    "fesdist.images": {"fesdist.pure", "storage"},
    "fesdist.models": {"fesdist.kernels"},
    "fesdist.kernels": {"fesdist.pure"},
    "fesdist.faces": {"fesdist.pure"},
    "fesdist.pure": set(),
    "storage": {"storage.errors"},
    "storage.errors": set(),
}
"""The rooms directly below each room; it may import them, what is below those, and itself."""

MODULES = sorted(
    path.relative_to(REPOSITORY)
    for room in ("flows", "fesdist", "storage")
    for path in (REPOSITORY / room).rglob("*.py")
)


def module_name(path: Path) -> str:
    """Return the dotted name of a module's file."""
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def room_of(module: str) -> str:
    """Return the room of a module; files directly in `fesdist` are the pure ones."""
    rooms = [room for room in ROOMS if module == room or module.startswith(f"{room}.")]
    return max(rooms, key=len) if rooms else "fesdist.pure"


def below(room: str) -> set[str]:
    """Return the rooms that a room may import from."""
    return {room}.union(*(below(lower) for lower in ROOMS[room]))


def imports(path: Path) -> Iterator[str]:
    """Yield the modules that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse((REPOSITORY / path).read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} has a relative import, which this test cannot follow"
            yield node.module or ""


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_no_import_points_up(path: Path) -> None:
    allowed = below(room_of(module_name(path)))
    ours = [module for module in imports(path) if module.split(".")[0] in ("flows", "fesdist", "storage")]
    upward = [f"{module} ({room_of(module)})" for module in ours if room_of(module) not in allowed]
    assert not upward, f"{path} is in {room_of(module_name(path))} and must not import {', '.join(upward)}"


@pytest.mark.parametrize(
    ("library", "room"), [("prefect", "flows"), ("distributed", "fesdist.cluster"), ("dask", "fesdist.cluster")]
)
def test_library_is_imported_by_one_room(library: str, room: str) -> None:
    users = {
        room_of(module_name(path)) for path in MODULES for module in imports(path) if module.split(".")[0] == library
    }
    assert users == {room}


def test_a_room_is_found_for_every_kind_of_module() -> None:
    assert room_of("fesdist.colour") == room_of("fesdist") == "fesdist.pure"
    assert room_of("storage.errors") == "storage.errors"
    assert room_of("fesdist.training.run") == "fesdist.training"
    assert "flows" not in below("fesdist.commands")
    assert "fesdist.training" not in below("storage")


def test_help_imports_nothing_heavy() -> None:
    heavy = {"numpy", "scipy", "numba", "zarr", "dask", "distributed", "prefect", "xarray", "PIL", "skimage", "rich"}
    program = "import sys; from fesdist.commands.main import build_parser; build_parser(); print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not heavy & set(run.stdout.split())
