"""A file of the user's that hides a package of ours: named in one sentence before anything is imported from there."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path


def check_nothing_hidden() -> None:
    """Raise ImportError, with both places, where something else is found under the name of a package of ours.

    Python looks beside the script first, so that a `storage.py` there would be taken for the room `storage`.
    """
    ours, found = Path(__file__).parents[2] / "storage", find_spec("storage")
    if found is not None and found.origin is not None and Path(found.origin).parent != ours:
        raise ImportError(
            f"{found.origin} hides the package 'storage' of fesdist, which is in {ours}: give your own file or folder "
            "another name, or run your program from another folder",
            name="storage",
        )
