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
    "flows": {"fesdist.cli"},
    "fesdist": {"fesdist.api"},
    "fesdist.api": {"fesdist.cli"},
    "fesdist.__main__": {"fesdist.cli"},
    "fesdist.cli": {"fesdist.requests", "fesdist.report", "fesdist.planning", "fesdist.faces"},
    "fesdist.requests": {"fesdist.tuning", "fesdist.comparing", "fesdist.exports"},
    "fesdist.report": {"fesdist.evaluation", "fesdist.tuning", "fesdist.exports"},
    "fesdist.gallery": {"fesdist.report", "fesdist.comparing", "fesdist.faces"},
    "fesdist.tuning": {"fesdist.training"},
    "fesdist.comparing": {"fesdist.evaluation"},
    "fesdist.exports": {"fesdist.inference", "fesdist.faces"},
    "fesdist.evaluation": {"fesdist.inference"},
    "fesdist.inference": {"fesdist.training"},
    "fesdist.planning": {"fesdist.training"},
    "fesdist.training": {"fesdist.passes", "fesdist.images", "fesdist.registry"},
    "fesdist.align": {"fesdist.shape"},
    "fesdist.shape": {"fesdist.simd"},
    "fesdist.passes": {"fesdist.cluster", "fesdist.families.common", "storage.blobs"},
    "fesdist.cluster": {"fesdist.ground", "storage.errors"},
    "fesdist.images": {"fesdist.align", "storage.datasets", "storage.stack"},
    "fesdist.registry": {
        "fesdist.images",
        *(f"fesdist.families.{wing}" for wing in ("windowed", "onepixel", "sparse", "coded")),
    },
    "fesdist.families.windowed": {"fesdist.families.common", "fesdist.simd"},
    "fesdist.families.onepixel": {"fesdist.families.common", "fesdist.simd"},
    "fesdist.families.sparse": {"fesdist.families.common", "fesdist.simd"},
    "fesdist.families.coded": {"fesdist.families.common", "fesdist.simd"},
    "fesdist.families.common": {"fesdist.families", "fesdist.shape"},
    "fesdist.families": {"fesdist.simd"},
    "fesdist.simd": {"fesdist.ground"},
    "fesdist.faces": {"fesdist.ground"},
    "fesdist.ground": set(),
    "storage.datasets": {"storage.blobs"},
    "storage.stack": {"storage.blobs"},
    "storage.blobs": {"storage.errors"},
    "storage.errors": {"storage"},
    "storage": set(),
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
    """Return the room of a module: the longest name that is above it."""
    return max((room for room in ROOMS if module == room or module.startswith(f"{room}.")), key=len)


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
    assert room_of("fesdist.ground.colour") == "fesdist.ground"
    assert room_of("fesdist.families.coded.kernels.combinations") == "fesdist.families.coded"
    assert room_of("storage.errors") == "storage.errors"
    assert room_of("fesdist.training.run") == "fesdist.training"
    assert "flows" not in below("fesdist.cli")
    assert "fesdist.training" not in below("storage")


def test_help_imports_nothing_heavy() -> None:
    heavy = {"numpy", "scipy", "numba", "zarr", "dask", "distributed", "prefect", "xarray", "PIL", "skimage", "rich"}
    program = "import sys; from fesdist.cli.main import build_parser; build_parser(); print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not heavy & set(run.stdout.split())
