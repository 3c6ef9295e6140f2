"""JSON documents, as any language reads them: no NaN, no numpy scalars, one way to write them."""

from __future__ import annotations

import json
from typing import Any

from storage.errors import FormatError, MismatchError

Document = dict[str, Any]


def encode(document: Document, what: str) -> bytes:
    """Return `document` as JSON with sorted keys; raises `MismatchError` naming `what` if JSON cannot hold it."""
    try:
        return json.dumps(document, allow_nan=False, sort_keys=True, indent=1).encode()
    except (TypeError, ValueError) as error:
        raise MismatchError(
            f"{what} cannot be written as JSON: {error}; expected plain numbers, texts, lists and dicts, no NaN"
        ) from error


def decode(data: bytes, what: str) -> Document:
    """Return the JSON object in `data`; `FormatError` naming `what` if there is none."""
    try:
        document = json.loads(data)
    except ValueError as error:
        raise FormatError(f"{what} is no JSON ({error}): it was damaged or not written by fesdist") from error
    if not isinstance(document, dict):
        raise FormatError(f"{what} holds a JSON {type(document).__name__}; expected an object")
    return document


def check_format(document: Document, name: str, newest: int, what: str) -> None:
    """Refuse a document of another format or of a version newer than `newest`; raises `FormatError`."""
    if document.get("format") != name:
        raise FormatError(f"{what} has the format {document.get('format')!r}; expected {name!r}")
    version = document.get("format_version")
    if not isinstance(version, int) or version < 1:
        raise FormatError(f"{what} has the format version {version!r}; expected a number from 1 to {newest}")
    if version > newest:
        raise FormatError(
            f"{what} has format version {version}, but this fesdist reads {name} up to version {newest}:"
            " upgrade fesdist"
        )
