"""Fixtures shared by all rooms: where the real data is, and why a test is skipped without it."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

# Examples are the same today and tomorrow, and may take as long as a busy machine lets them.
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable")

# numpy reads it when it is imported. A thread of BLAS without work turns round for some milliseconds before it sleeps,
# which takes the cores from the other processes; here it sleeps at once. There are as many threads as ever.
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")

REPOSITORY = Path(__file__).resolve().parent.parent
TRACED = ("contract", "fesdist/families", "fesdist/passes", "fesdist/training", "formats", "storage")
"""Folders whose tests have to cover what the Makefile names; to trace the others, too, would take them half as long."""


def pytest_configure() -> None:
    """Heed Ctrl-C: a shell starts background jobs with it ignored, and so would be all processes that tests start."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Trace few tests, and begin with what takes longest, so that nobody is left alone with it at the end."""
    traced = tuple(REPOSITORY / "tests" / folder for folder in TRACED)
    for item in items:
        if not any(item.path.is_relative_to(folder) for folder in traced):
            item.add_marker(pytest.mark.no_cover)
        # A file's tests share what it prepares, those of a Prefect server that server, whichever file they are in.
        server = "prefect" if "running" in getattr(item, "fixturenames", ()) else None
        item.add_marker(pytest.mark.xdist_group(server or item.path.relative_to(REPOSITORY).as_posix()))
    slow_files = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: ("flows" not in item.path.parts, item.path not in slow_files))


def data_place() -> Path:
    """Return where the real data would be: the folder FESDIST_DATA, or one beside the checkout."""
    return Path(os.environ.get("FESDIST_DATA", REPOSITORY.parent / "shared" / "data"))


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """Return the folder of real data; skip where there is none."""
    folder = data_place()
    if not folder.is_dir():
        pytest.skip(f"real data is absent: {folder} is no folder (set FESDIST_DATA)")
    return folder


def _part(data_folder: Path, name: str) -> Path:
    folder = data_folder / name
    if not folder.is_dir():
        pytest.skip(f"real data is absent: {folder} is no folder")
    return folder


@pytest.fixture(scope="session")
def london(data_folder: Path) -> Path:
    """Return 80 pairs as they were taken, `neutral/NNN.jpg` and `smiling/NNN.jpg`, 1350 x 1350 with `points.csv`."""
    return _part(data_folder, "london")


@pytest.fixture(scope="session")
def london_128(data_folder: Path) -> Path:
    """Return 80 aligned pairs, `neutral/NNN.png` and `smiling/NNN.png`, 128 x 128 RGB."""
    return _part(data_folder, "london_aligned_128")


@pytest.fixture(scope="session")
def ict_256(data_folder: Path) -> Path:
    """Return 100 rendered people with seven expressions, `<expression>/NNN.png`, 256 x 256 RGB."""
    return _part(data_folder, "ict_256")


@pytest.fixture(scope="session")
def authors_weights(data_folder: Path) -> Path:
    """Return weights fitted by the authors' own code, with the pairs they were fitted on."""
    return _part(data_folder, "authors_weights")
