"""JSON documents and the dataclasses that they hold: no NaN, no numpy scalars, one way to write and to read them."""

from __future__ import annotations

import json
import re
from dataclasses import fields, is_dataclass
from threading import Lock
from typing import Any, TypeVar

import msgspec

from storage.errors import BadNameError, FormatError, MismatchError, NewerFormatError

Document = dict[str, Any]

_DAMAGED = "it was damaged or not written by fesdist"

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_LONE = re.compile("[\ud800-\udfff]")
"""Code points that are half of a pair: Python has bytes of names as these that are no text."""

_decoders: dict[Any, msgspec.json.Decoder[Any]] = {}
_looking_at_types = Lock()
"""The library crashes when two threads look at the fields of one dataclass for the first time."""

T = TypeVar("T")


def encode(value: Any, what: str) -> bytes:
    """Return a dataclass or a dict as JSON with sorted keys; a dataclass is an object with a key for each field.

    Raises `MismatchError` naming `what` for what JSON cannot hold, bytes of names that are no text among it.
    """
    try:
        text = json.dumps(value, allow_nan=False, sort_keys=True, default=_fields)
    except (TypeError, ValueError) as error:
        raise MismatchError(
            f"{what} cannot be written as JSON: {error}; expected plain numbers, texts, lists and dicts, no NaN"
        ) from error
    # In lines, as `json` itself would write them, which then does without its own C.
    try:
        return msgspec.json.format(text.encode(), indent=1)
    except msgspec.DecodeError as error:
        raise MismatchError(
            f"{what} cannot be written as JSON: {_no_text(text)}, in it, has bytes that are no text, as names of files "
            "and folders may have; rename it to what can be read as UTF-8"
        ) from error


def decode(kind: type[T], data: bytes, what: str, advice: str = _DAMAGED) -> T:
    """Return the `kind`, such as a dataclass, that the JSON in `data` holds; keys that it lacks are ignored.

    Raises `FormatError` naming `what` for other data; `advice` ends its message.
    """
    try:
        return _decoder(kind).decode(data)
    except (msgspec.ValidationError, BadNameError, MismatchError) as error:
        raise FormatError(f"{what}: {error}; {advice}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FormatError(f"{what} is no JSON ({error}): {_DAMAGED}") from error


def convert(kind: type[T], value: Any, what: str) -> T:
    """Return the `kind` that plain JSON values hold; raises `FormatError` naming `what`."""
    try:
        with _looking_at_types:
            return msgspec.convert(value, kind, str_keys=True)
    except msgspec.ValidationError as error:
        raise FormatError(f"{what}: {error}; {_DAMAGED}") from error


def check_format(data: bytes, name: str, newest: int, what: str) -> int:
    """Return the format version of a document; raises `FormatError` for another format or a version above `newest`."""
    found = decode(_Format, data, what)
    if found.format != name:
        raise FormatError(f"{what} has the format {found.format!r}; expected {name!r}")
    version = found.format_version
    if not isinstance(version, int) or version < 1:
        raise FormatError(f"{what} has the format version {version!r}; expected a number from 1 to {newest}")
    if version > newest:
        raise NewerFormatError(
            f"{what} has format version {version}, but this fesdist reads {name} up to version {newest}:"
            " upgrade fesdist"
        )
    return version


class _Format(msgspec.Struct):
    format: Any = None
    format_version: Any = None


def _decoder(kind: type[T]) -> msgspec.json.Decoder[T]:
    with _looking_at_types:
        if kind not in _decoders:
            _decoders[kind] = msgspec.json.Decoder(kind)
        return _decoders[kind]


def _no_text(text: str) -> str:
    """Return the first string of a JSON that holds such bytes, with its quotation marks."""
    strings: list[str] = _STRING.findall(text)
    return next(each for each in strings if _LONE.search(json.loads(each)))


def _fields(value: Any) -> Document:
    if not is_dataclass(value) or isinstance(value, type):
        raise TypeError(f"{value!r} is a {type(value).__name__}")
    return {field.name: getattr(value, field.name) for field in fields(value)}
