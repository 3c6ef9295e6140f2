"""The pages beside the code name each file that is beside them, and the primitives of `fesdist.simd`."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from fesdist.simd import lanes
from tests.conftest import REPOSITORY

PAGES = sorted((REPOSITORY / "fesdist").rglob("README.md"))


def _named(page: Path) -> set[str]:
    """Return the last part of all words in backticks: names, and files without their ending."""
    words = re.findall(r"`([\w./]+)`", page.read_text(encoding="utf-8"))
    return {word.removesuffix(".py").rpartition("/")[2] for word in words}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_every_file_beside_it_is_named(page: Path) -> None:
    files = {path.stem for path in page.parent.rglob("*.py")} - {"__init__"}
    assert files
    assert not files - _named(page)


def test_every_primitive_is_named() -> None:
    folder = REPOSITORY / "fesdist" / "simd"
    primitives = {
        name
        for path in folder.glob("*.py")
        for name, value in vars(importlib.import_module(f"fesdist.simd.{path.stem}")).items()
        if type(value) is type(lanes.load) and not name.startswith("_")
    }
    assert "open_run" in primitives
    assert not primitives - _named(folder / "README.md")
