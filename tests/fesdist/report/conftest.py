"""The small stack and store of the evaluation tests."""

from pathlib import Path

import pytest

from tests.fesdist.evaluation.conftest import stack, store

__all__ = ["stack", "store"]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Return where a report is to be written, in a folder that is not there yet."""
    return tmp_path / "reports" / "small.html"
