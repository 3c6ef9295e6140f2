"""Compiled kernels are kept, and no state of the folder where they are kept stops a run."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numba
import pytest
from numba.core.caching import NullCache

import fesdist.simd.compiled as compiled
from fesdist.simd.sealed import SealedCache
from tests.conftest import REPOSITORY

PROGRAM = "import fesdist.simd, numba; print(numba.config.CACHE_DIR)"


def _one_more(x: Any) -> Any:
    return x + 1


MODULE = "fesdist.simd.of_a_test"


@pytest.fixture(autouse=True)
def _module(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let there be the module of the kernel: what is loaded of a kernel that is gone by now asks for it."""
    monkeypatch.setitem(sys.modules, MODULE, ModuleType(MODULE))


def _kernel() -> Any:
    """Return a kernel as a new process would have it: nothing compiled yet."""
    function: Any = type(_one_more)(_one_more.__code__, {}, "_one_more")
    function.__module__ = MODULE
    return numba.njit(cache=True)(function)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    kernel = _kernel()
    assert kernel(1) == 2
    assert kernel(1.5) == 2.5
    return tmp_path


def _files(cache: Path, ending: str) -> list[Path]:
    return sorted(cache.rglob(f"*.{ending}"))


def test_whether_anything_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    assert not compiled.nothing_is_kept()
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "another"))
    assert compiled.nothing_is_kept()
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    assert compiled.nothing_is_kept()


def test_kernels_are_found_again(cache: Path) -> None:
    kernel = _kernel()
    assert (kernel(1), kernel(1.5)) == (2, 2.5)
    assert sum(kernel.stats.cache_hits.values()) == 2


def test_what_is_kept_does_not_wait_for_the_compiler(cache: Path) -> None:
    """Numba gets ready what kernels consist of where one is compiled, which takes longer than most of them do."""
    program = """
import sys; sys.modules["fesdist.simd.of_a_test"] = sys
import tests.fesdist.simd.test_compiled as here
kernel = here._kernel()
for number in (1, 1.5, 2j):
    assert kernel(number) == number + 1
    print("numba.np.linalg" in sys.modules, end=" ")
assert sum(kernel.stats.cache_hits.values()) == 2
"""
    kept = {**os.environ, "NUMBA_CACHE_DIR": str(cache)}
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, env=kept, capture_output=True, text=True, check=True
    )
    assert ran.stdout.split() == ["False", "False", "True"]


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def _emptied(path: Path) -> None:
    path.write_bytes(b"")


def _flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("ending", ["nbi", "nbc"])
@pytest.mark.parametrize("damage", [_cut, _emptied, _flipped])
def test_a_damaged_file_is_made_again(cache: Path, ending: str, damage: Callable[[Path], None]) -> None:
    for path in _files(cache, ending):
        damage(path)
    kernel = _kernel()
    assert (kernel(1), kernel(1.5)) == (2, 2.5)
    assert not kernel.stats.cache_hits
    again = _kernel()
    assert (again(1), again(1.5)) == (2, 2.5)
    assert sum(again.stats.cache_hits.values()) == 2


def test_a_name_that_two_processes_took_holds_one_signature(cache: Path) -> None:
    first, second = _files(cache, "nbc")
    first.write_bytes(second.read_bytes())
    kernel = _kernel()
    found = kernel(1), kernel(1.5)
    assert found == (2, 2.5)
    assert list(map(type, found)) == [int, float]
    assert sum(kernel.stats.cache_hits.values()) == 1


def test_kernels_for_another_cpu_are_kept_apart(cache: Path) -> None:
    """Machines of different kinds may have one home."""
    program = """
import sys; sys.modules["fesdist.simd.of_a_test"] = sys
import tests.fesdist.simd.test_compiled as here
for _ in range(2):
    kernel = here._kernel()
    assert kernel(1) == 2
    print(sum(kernel.stats.cache_hits.values()), end=" ")
"""
    apart = {"NUMBA_CACHE_DIR": str(cache), "NUMBA_CPU_NAME": "generic"}
    ran = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | apart,
        capture_output=True,
        text=True,
        check=True,
        cwd=REPOSITORY,
    )
    assert ran.stdout.split() == ["0", "1"]
    kernel = _kernel()
    assert kernel(1) == 2
    assert sum(kernel.stats.cache_hits.values()) == 1


def test_without_a_folder_of_our_own_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    kernel = _kernel()
    assert type(kernel._cache) is NullCache
    assert kernel(1) == 2


def test_a_folder_that_goes_away_is_no_error(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = _kernel()

    def gone(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(SealedCache, "_save_overload", gone)
    assert kernel("a" == "b") == 1


def test_functions_of_others_are_numbas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    assert not isinstance(numba.njit(cache=True)(_one_more)._cache, SealedCache)
    assert isinstance(_kernel()._cache, SealedCache)


def _run(program: str = PROGRAM, **environment: str) -> tuple[str, str]:
    """Return the folder that a new process chooses, and what it says."""
    kept = {name: value for name, value in os.environ.items() if name not in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME")}
    ran = subprocess.run(
        [sys.executable, "-c", program], env=kept | environment, capture_output=True, text=True, check=True
    )
    return ran.stdout.strip(), ran.stderr.strip()


def test_a_home_that_cannot_be_written_is_told_once_and_replaced(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("no folder")
    (tmp_path / "scratch").mkdir()
    environment = {"HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path / "scratch")}
    folder, said = _run(**environment)
    assert Path(folder).is_relative_to(tmp_path / "scratch")
    assert said.count("\n") == 0
    assert f"kept in {folder}" in said
    assert _run(**environment, NUMBA_CACHE_DIR=folder) == (folder, ""), "a worker finds the same place, and is quiet"
    forked_from = f"import fesdist.cluster.forked_from; {PROGRAM}"
    assert _run(forked_from, **environment) == (folder, ""), "so is what workers are forked from"


def test_a_folder_of_somebody_else_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    ours = tmp_path / "ours"
    assert compiled._is_ours(ours)
    ours.chmod(0o777)
    assert not compiled._is_ours(ours)
    ours.chmod(0o700)
    owner = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    assert not compiled._is_ours(ours)
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(ours))
    assert compiled._is_ours(ours)
