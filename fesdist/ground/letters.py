"""Names of files as text: an accent is one character or two, as systems like, and some bytes are no text at all."""

from __future__ import annotations

import unicodedata


def composed(text: str) -> str:
    """Return a text whose accents are parts of their letters (NFC); names of files come either way.

    >>> composed("Zoe\\u0308") == "Zo\\u00eb"
    True
    """
    return unicodedata.normalize("NFC", text)


def escaped(text: str) -> str:
    """Return a text that can be written as UTF-8: bytes of a file's name that are no text are told in digits.

    >>> print(escaped("a\\udcff.png"))
    a\\udcff.png
    """
    return text.encode(errors="backslashreplace").decode()
