"""Pages of a version that lie in a folder: known by what they say of themselves, whatever they are called."""

from __future__ import annotations

import html
from pathlib import Path
from urllib.parse import quote

_SEEN_BYTES = 4096
"""The head of a page says from which version it is."""


def mark_of(reference: str) -> str:
    """Return what the page of a version has in its head."""
    return f'<meta name="fesdist-version" content="{html.escape(reference)}">'


def page_beside(file: Path, reference: str) -> str | None:
    """Return the address of a page of a version in the folder of a file; None if there is none."""
    mark = mark_of(reference).encode()
    for path in sorted(file.absolute().parent.glob("*.html")):
        try:
            with path.open("rb") as page:
                if mark in page.read(_SEEN_BYTES):
                    return quote(path.name)
        except OSError:
            continue
    return None
