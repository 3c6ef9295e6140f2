"""How an input is damaged: bytes anywhere, or a value of a JSON document, which then still is one."""

from __future__ import annotations

import json
import random
import tomllib
from collections.abc import Callable
from typing import Any

import tomli_w

BYTES = (b"9" * 12, b"-1", b"null", b"[]", b"{}", b'"|O"', b"1e400", b"NaN", b"[" * 5000, b"2", b"\0" * 8, b"\xff" * 4)
TEXT = bytes(range(32, 127)) + b"\n"
VALUES: tuple[Any, ...] = (
    *(None, True, "", "../..", "|O", "\0", -1, 0, 2, 1 << 40, 1 << 70, 1e300, -0.5, [], {}, [[]], {"a": 1}),
    *([0] * 40, "a" * 300, {"": None}, [1e18, 1e18, 1e18], ["x", 3, None]),
)


def damaged(data: bytes, draws: random.Random) -> bytes:
    """Return `data`, changed in one to four places."""
    if draws.random() < 0.6 and (changed := _damaged_document(data, draws)) is not None:
        return changed
    noise = draws.randbytes if draws.random() < 0.5 else lambda length: bytes(draws.choices(TEXT, k=length))
    for _ in range(draws.randint(1, 4)):
        start = draws.randrange(len(data) + 1)
        by = draws.choice(BYTES) if draws.random() < 0.5 else noise(draws.randrange(20))
        data = data[:start] + by + data[start + draws.randrange(20) :]
    return data


def _damaged_document(data: bytes, draws: random.Random) -> bytes | None:
    """Return a JSON or TOML document with a value or two replaced, removed or added, or None for what is neither."""
    for read, write in ((json.loads, json.dumps), (lambda text: tomllib.loads(text.decode()), tomli_w.dumps)):
        try:
            return _changed(read(data), draws, write).encode()
        except (ValueError, TypeError, AttributeError, RecursionError):  # TOML has no null, no numbers of any size
            continue
    return None


def _changed(document: Any, draws: random.Random, write: Callable[[Any], str]) -> str:
    for _ in range(draws.randint(1, 2)):
        places = [(holder, key) for holder in _holders(document) for key in _keys(holder)]
        if not places:
            return write(draws.choice(VALUES))
        holder, key = draws.choice(places)
        match draws.randrange(6):
            case 0:
                del holder[key]
            case 1 if isinstance(holder, dict):
                holder[draws.choice(("extra", "", "../x"))] = draws.choice(VALUES)
            case _:
                holder[key] = draws.choice(VALUES)
    return write(document)


def _holders(value: Any) -> list[Any]:
    if not isinstance(value, dict | list):
        return []
    return [value, *(holder for key in _keys(value) for holder in _holders(value[key]))]


def _keys(holder: Any) -> list[Any]:
    return list(holder) if isinstance(holder, dict) else list(range(len(holder)))
