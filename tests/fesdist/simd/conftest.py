"""Folders of compiled kernels that are a test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numba
import pytest

from fesdist.simd import compiling, grays
from tests.fesdist.simd.asking import end_ahead, new_kernel


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Have kernels kept in a folder of the test's own, where there are none."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(compiling, "_ahead", [])  # commands of other tests may have begun some
    monkeypatch.setattr(compiling, "_n_failures", 0)
    monkeypatch.setattr(compiling, "_patient_until", None)
    yield tmp_path
    compiling._forget()
    end_ahead()


@pytest.fixture
def gray_kernel(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(grays, "_add_across", new_kernel())
    return grays._add_across
