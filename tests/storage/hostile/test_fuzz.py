"""Bytes changed at random in any stored file: a clear error, or an answer; never another exception, a hang, or memory.

`FESDIST_FUZZ=10000` tries so many changes of each kind.
"""

from __future__ import annotations

import os
import shutil
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray  # noqa: F401  before memory is measured
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.datasets.store import WeightStore
from storage.errors import StorageError
from storage.stack.reading import TrainingStack
from tests.formats.noise import weights

GOLDEN = Path(__file__).parents[2] / "formats/v2"
FUZZ = settings(
    max_examples=int(os.environ.get("FESDIST_FUZZ", "25")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
LARGEST = 30e6

CHANGES = st.lists(
    st.tuples(
        st.floats(0, 1, exclude_max=True),
        st.integers(0, 20),
        st.one_of(
            st.binary(max_size=20),
            st.sampled_from([b"9" * 12, b"-1", b"null", b"[]", b"{}", b'"|O"', b"1e400", b"NaN", b"[" * 5000, b"2"]),
        ),
    ),
    min_size=1,
    max_size=4,
)
"""Where in a file, how many bytes are replaced there, and by what."""


def change(path: Path, changes: list[tuple[float, int, bytes]]) -> None:
    """Change a file."""
    data = path.read_bytes()
    for where, n_replaced, by in changes:
        start = int(where * (len(data) + 1))
        data = data[:start] + by + data[start + n_replaced :]
    path.write_bytes(data)


def read_stack(folder: Path) -> None:
    """Read all there is of a stack."""
    stack = TrainingStack.open(folder)
    for expression in stack.expressions:
        stack.read(expression, stack.samples(expression, "all"), slice(0, 8), slice(0, 8))
    stack.verify()
    stack.to_xarray().load()


def read_store(folder: Path) -> None:
    """Read all there is of a store, and compare what can be."""
    store = WeightStore(str(folder))
    for name in store.names():
        for manifest in store.readable_versions(name)[0]:
            version = store.open(manifest.reference)
            np.testing.assert_array_equal(version.read("smiling", "weights"), weights(manifest.version, 3, 3, 8, 8))
            version.to_xarray()
            list(store.evaluations(name, manifest.version))
        dict(store.aliases(name))
        store.deleted(name)
    store.drafts()


@pytest.mark.parametrize(
    ("kind", "read"), [("stack-uint8", read_stack), ("stack-float64", read_stack), ("weights", read_store)]
)
@FUZZ
@given(number=st.integers(0, 1000), changes=CHANGES)
def test_any_change_of_any_file(
    tmp_path: Path, kind: str, read: Callable[[Path], None], number: int, changes: list[tuple[float, int, bytes]]
) -> None:
    folder = tmp_path / kind
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(GOLDEN / kind, folder)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    change(files[number % len(files)], changes)
    tracemalloc.start()
    try:
        read(folder)
    except StorageError:
        pass
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < LARGEST
