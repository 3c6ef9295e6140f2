"""Names that become parts of paths: checked once, here, before anything is read or written under them."""

from __future__ import annotations

import re

from storage.errors import BadNameError

LONGEST_NAME = 100
"""Characters of a name, at most."""

_ALLOWED = re.compile(rf"[A-Za-z0-9_-][A-Za-z0-9_.-]{{0,{LONGEST_NAME - 1}}}", re.ASCII)
_EXPECTED = f'1 to {LONGEST_NAME} letters a-z, A-Z, digits, "_", "-" or ".", the first one no "."'
_NOT_NUMBERS = ("model", "alias")
"""Kinds whose names must differ from version numbers, as both may follow the "@" of a reference."""

FLOWS = "flows"
"""Folder of a stack for what was found in its images: it can be found again."""

RESERVED_IN_STACKS = ("subject", "holdout", FLOWS, "zarr.json")
"""Names in a stack that are no expressions: labels, the folder above, and Zarr's document, which versions have, too."""


def check_name(kind: str, name: str) -> str:
    """Return `name` if it may become part of a path, whatever the file system or object store.

    `kind` is the word for messages: "model", "alias", "draft", "expression"... Raises `BadNameError`.

    >>> check_name("model", "london-2")
    'london-2'
    """
    if not isinstance(name, str) or _ALLOWED.fullmatch(name) is None:
        raise BadNameError(f"{kind} name {name!r} cannot be used: expected {_EXPECTED}; choose another name")
    if kind in _NOT_NUMBERS and name.isdigit():
        raise BadNameError(
            f"{kind} name {name!r} cannot be used: it has digits only, as version numbers do; add a letter"
        )
    if kind == "expression" and name in RESERVED_IN_STACKS:
        raise BadNameError(
            f"expression name {name!r} cannot be used: a stack keeps other things in"
            f" {', '.join(RESERVED_IN_STACKS)}; choose another name"
        )
    return name


def is_name(kind: str, name: str) -> bool:
    """Return whether `check_name` takes a name that was found: what others have put beside ours is called anything."""
    try:
        check_name(kind, name)
    except BadNameError:
        return False
    return True
