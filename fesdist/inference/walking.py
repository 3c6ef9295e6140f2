"""A folder tree of photographs, a folder at a time: whoever walks a million of them holds those of one folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from fesdist.images.formats import SUFFIXES
from fesdist.images.listing import Exclusion, holds_outputs, mentioned


@dataclass(frozen=True)
class Listing:
    """The files of one folder, or of folders whose names differ in upper and lower case only; ascending.

    Paths are relative to the tree, with forward slashes.
    """

    images: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    """Files whose names do not end like an image's; hidden files are not mentioned at all."""


def walk(
    source: Path, out: Path | None, exclusion: Exclusion, leave_out: Callable[[str, str], None]
) -> Iterator[Listing]:
    """Yield the files of a tree, but for those below `out`; `leave_out` is told what is not looked at, and why.

    Links are followed, and a folder that is reached a second time is not read again, so a loop ends.
    """
    seen = set() if out is None else {os.path.realpath(out)}
    waiting = [[""]]
    while waiting:
        listing, below = Listing(), dict[str, list[str]]()
        for start in waiting.pop():
            folder = os.path.join(source, start)
            if (real := os.path.realpath(folder)) in seen:
                continue
            seen.add(real)
            try:
                folders, files = entries(folder)
            except OSError as error:
                leave_out(start or "./", error.strerror or "cannot be read")
                continue
            if start and holds_outputs(files):
                leave_out(start, "outputs of another run")
                continue
            for name in filter(mentioned, folders):
                if reason := exclusion.reason(start + name):
                    leave_out(f"{start}{name}/", reason)
                else:
                    below.setdefault(name.casefold(), []).append(f"{start}{name}/")
            for name in filter(mentioned, files):
                if reason := exclusion.reason(start + name):
                    leave_out(start + name, reason)
                else:
                    image = os.path.splitext(name)[1].lower() in SUFFIXES
                    (listing.images if image else listing.others).append(start + name)
        waiting += (sorted(below[name]) for name in sorted(below, reverse=True))
        if listing.images or listing.others:
            listing.images.sort()
            listing.others.sort()
            yield listing


def entries(folder: str) -> tuple[list[str], list[str]]:
    """Return the names of the folders in a folder, with links to some, and of everything else there."""
    folders: list[str] = []
    files: list[str] = []
    with os.scandir(folder) as found:
        for entry in found:
            (folders if _is_folder(entry) else files).append(entry.name)
    return folders, files


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Return whether it is a folder, or a link to one; a link that cannot be followed is a file that cannot be read."""
    try:
        return entry.is_dir()
    except OSError:
        return False
