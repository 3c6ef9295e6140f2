"""Small versions to export, and one browser for all tests of the page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fesdist.exports.browser import Browser, find_browser
from tests.fesdist.inference.conftest import publish as publish


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Return a headless browser; skip where there is none."""
    program = find_browser()
    if program is None:
        pytest.skip("no Chromium is installed: `make browser` installs it, or says what to do")
    started = Browser(program, tmp_path_factory.mktemp("browser"))
    yield started
    started.close()
