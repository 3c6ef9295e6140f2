"""The page on changing a format is right: newer numbers are refused in words, and its tools and pages are there."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from types import ModuleType

import pytest

from storage.datasets.store import WeightStore
from tests.conftest import REPOSITORY
from tests.docs.pages import blocks, module_of

GOLDEN = REPOSITORY / "tests" / "formats"


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    return module_of("\n".join(blocks("format.md", "python")), "format_page", tmp_path, monkeypatch)


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_newer_numbers_are_refused_in_words(page: ModuleType, version: str, tmp_path: Path) -> None:
    for part in ("stack-uint8", "weights"):
        shutil.copytree(GOLDEN / version / part, tmp_path / part)
    (name,) = WeightStore(str(tmp_path / "weights")).names()
    page.newer_stack_is_refused_in_words(tmp_path / "stack-uint8")
    page.newer_version_is_refused_in_words(tmp_path / "weights", name)


def test_what_it_names_is_there() -> None:
    text = (REPOSITORY / "docs" / "how-to" / "format.md").read_text()
    named = set(re.findall(r"`((?:docs|storage|tests)/[a-z_/]+\.(?:py|md))`", text))
    assert len(named) >= 5
    assert [name for name in named if not (REPOSITORY / name).is_file()] == []
