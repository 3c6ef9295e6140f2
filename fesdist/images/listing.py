"""What of a folder is somebody's photographs: not hidden, not of other programs, not excluded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from fesdist.ground.errors import BadParameterError

_OF_PROGRAMS = frozenset(
    {
        "#recycle",
        "#snapshot",
        "$recycle.bin",
        "@eadir",
        "@recently-snapshot",
        "@recycle",
        "@tmp",
        "__macosx",
        "lost+found",
        "network trash folder",
        "system volume information",
        "temporary items",
    }
)
"""Folders, in lower case, in which network disks and systems keep thumbnails, snapshots and what was thrown away."""
_CATALOGUES = (".aplibrary", ".lrdata", ".photoslibrary")
"""Endings of folders in which programs keep photographs once more, made smaller."""
EXCLUDED = "--exclude"
"""How the reason begins why something is left out that was asked to be."""

MANIFEST_NAME = "manifest.jsonl"
MANIFEST_LOCK_NAME = ".manifest.lock"
"""What lies in a folder of outputs beside them."""

_NOT_MENTIONED = frozenset({"thumbs.db", "desktop.ini"})


def holds_outputs(names: Iterable[str]) -> bool:
    """Return whether a folder with files of these names is one of outputs: of a model, not of a camera."""
    return {MANIFEST_NAME, MANIFEST_LOCK_NAME} <= set(names)


def mentioned(name: str) -> bool:
    """Return whether a file or folder is worth a word: hidden ones, and what systems leave in every folder, are not."""
    return not name.startswith(".") and name.lower() not in _NOT_MENTIONED


@dataclass(frozen=True)
class Exclusion:
    """Which files and folders of a tree are left out."""

    patterns: tuple[str, ...] = ()
    """As of shells: * stands for any characters, ? for one, [ab] for one of these."""

    def __post_init__(self) -> None:
        if "" in map(_bare, self.patterns):
            raise BadParameterError(
                f"--exclude {','.join(self.patterns)!r} has an empty pattern; expected such as drafts, *_old.jpg"
            )

    def reason(self, path: str) -> str:
        """Return why a path relative to the tree, with forward slashes, is left out; empty if it is not.

        A pattern holds for a file's or a folder's own name, and for the whole path; what holds for a folder holds for
        everything in it, if whoever walks the tree does not enter it.
        """
        name = path.rpartition("/")[2]
        if name.lower() in _OF_PROGRAMS or name.lower().endswith(_CATALOGUES):
            return "another program's"
        for pattern in self.patterns:
            if fnmatchcase(name, _bare(pattern)) or fnmatchcase(path, _bare(pattern)):
                return f"{EXCLUDED} {pattern}"
        return ""


def _bare(pattern: str) -> str:
    """Return a pattern as paths are written here."""
    return pattern.removeprefix("./").rstrip("/")


NOTHING_EXCLUDED = Exclusion()
