"""The examples in docstrings give what they say."""

from __future__ import annotations

import doctest
import importlib

import pytest

from tests.conftest import REPOSITORY

MODULES = sorted(
    ".".join(path.relative_to(REPOSITORY).with_suffix("").parts).removesuffix(".__init__")
    for room in ("flows", "fesdist", "storage")
    for path in (REPOSITORY / room).rglob("*.py")
    if ">>> " in path.read_text()
)


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    module = importlib.import_module(name)
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    found = doctest.testmod(module, optionflags=flags)
    assert found.attempted > 0
    assert found.failed == 0


def test_the_arithmetic_has_examples() -> None:
    assert {"fesdist.ground.tiles", "fesdist.ground.receptive_field", "storage.blobs.regions"} <= set(MODULES)
