"""Libraries that only the benchmarks know, from the optional extra `bench`: what is absent is reported as absent."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def extra(name: str) -> Any:
    """Return a module of one of the libraries, or None where it is absent."""
    try:
        return import_module(name)
    except ImportError:
        return None


def absent(*names: str) -> str:
    """Return the end of a description that names those libraries that are absent, if any are."""
    missing = [name for name in names if extra(name) is None]
    return f"; absent: {', '.join(missing)}" if missing else ""
