"""Pages of docs/how-to as programs: their blocks, and modules made of them."""

from __future__ import annotations

import re
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from tests.conftest import REPOSITORY


def blocks(page: str, language: str) -> list[str]:
    """Return the blocks of a language on a page of docs/how-to, in their order."""
    text = (REPOSITORY / "docs" / "how-to" / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def module_of(source: str, name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return a module of that name with that source, importable until the test ends."""
    path = folder / f"{name.rpartition('.')[2]}.py"
    path.write_text(source, encoding="utf-8")
    spec = spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    # A dataclass looks up its annotations in the module it comes from.
    monkeypatch.setitem(sys.modules, name, module)
    spec.loader.exec_module(module)
    return module


def run_tests_of(module: ModuleType) -> int:
    """Call every function `test_...` of a module; return how many there were."""
    tests = [value for name, value in vars(module).items() if name.startswith("test_")]
    for test in tests:
        test()
    return len(tests)
