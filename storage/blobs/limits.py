"""How much is read at once: what is stored may come from others, and must not fill the memory."""

from __future__ import annotations

from storage.errors import FormatError

LARGEST_READ = 1 << 31
"""The most bytes of one document or chunk."""

LARGEST_DOCUMENT = 1 << 28
"""The most bytes of a JSON document: the table of people of a stack, or the checksums of a version."""


def check_size(what: str, size: int, most: int) -> None:
    """Refuse what is larger than `most` bytes before it is read; raises `FormatError` naming `what`."""
    if size > most:
        raise FormatError(
            f"{what} has {size} bytes; expected at most {most}: it was damaged, or made to fill the memory"
        )
