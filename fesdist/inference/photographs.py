"""Which files of a folder are photographs to work on, and where their outputs must not go."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from fesdist.ground.errors import BadParameterError
from fesdist.images.formats import SUFFIXES
from fesdist.images.listing import NOTHING_EXCLUDED, Exclusion, mentioned
from fesdist.inference.manifest import FILE_NAME, LOCK_NAME
from fesdist.inference.settings import OutputFormat

_ENDINGS = {
    OutputFormat.PNG: ".png",
    OutputFormat.JPEG: ".jpg",
    OutputFormat.WEBP: ".webp",
    OutputFormat.TIFF: ".tif",
    OutputFormat.AVIF: ".avif",
    OutputFormat.GIF: ".gif",
}


@dataclass(frozen=True)
class Photographs:
    """The contents of a source: paths relative to `root` with forward slashes, ascending."""

    root: Path
    images: tuple[str, ...]
    others: tuple[str, ...] = ()
    """Files whose names do not end like an image's; hidden files are not mentioned at all."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Files, and folders, which end in a slash, that were not looked at, and why."""


def find_photographs(source: Path, out: Path | None = None, exclusion: Exclusion = NOTHING_EXCLUDED) -> Photographs:
    """Return the photographs of a folder tree, or of one file, leaving out everything below `out`, if given.

    Raises BadParameterError when `source` does not exist or holds no photograph.
    """
    found = list_photographs(source, out, exclusion)
    if not found.images:
        more = f", and {len(found.left_out)} left out, such as {min(found.left_out)}" if found.left_out else ""
        raise BadParameterError(
            f"no photographs in {source}: found {len(found.others)} files{more}; expected names that end in "
            f"{' '.join(SUFFIXES)}"
        )
    return found


def list_photographs(source: Path, out: Path | None = None, exclusion: Exclusion = NOTHING_EXCLUDED) -> Photographs:
    """Return the same, or nothing for a folder without photographs.

    Links are followed, and a folder that is reached a second time is not read again, so a loop ends.
    """
    if source.is_file():
        return Photographs(source.parent, (source.name,))
    if not source.is_dir():
        raise BadParameterError(f"{source} does not exist; expected a folder of photographs, or one image file")
    left_out: dict[str, str] = {}
    files = sorted(_files_below(source, out, exclusion, left_out))
    images: list[str] = []
    others: list[str] = []
    for name in files:
        (images if os.path.splitext(name)[1].lower() in SUFFIXES else others).append(name)
    return Photographs(source, tuple(images), tuple(others), dict(sorted(left_out.items())))


def check_out(source: Path, out: Path) -> None:
    """Raise BadParameterError for a folder of outputs that is a file, or the folder of the photographs."""
    if out.exists() and not out.is_dir():
        raise BadParameterError(f"{out} is a file; expected a folder for the outputs, which is created if absent")
    if not out.exists() and out.suffix.lower() in SUFFIXES:
        raise BadParameterError(
            f"{out} is named like an image; expected a folder for the outputs, which is created if absent: each "
            "expression has one of its own below it"
        )
    if source.is_dir() and out.resolve() == source.resolve():
        raise BadParameterError(
            f"{out} is the folder of the photographs itself; choose another one for the outputs (a new one below the "
            "photographs is fine)"
        )


def check_names(photographs: Photographs, out: Path, names: Collection[str]) -> None:
    """Raise BadParameterError if an output could replace a photograph, or become one in the next run.

    `names` are the outputs', relative to `out`.
    """
    root, top = photographs.root.resolve(), out.resolve()
    for name in {name.rpartition("/")[0] for name in names}:
        folder = (out / name).resolve()
        above = folder in (root, *root.parents) and folder != top
        inside = folder.is_relative_to(root) and not top.is_relative_to(root)
        if above or inside:
            raise BadParameterError(
                f"outputs would be written to {folder} among the photographs of {root}; choose another folder"
            )
    if top == root and (replaced := set(names).intersection(photographs.images)):
        raise BadParameterError(
            f"outputs would replace photographs, such as {root / min(replaced)}; choose another folder, or another "
            "pattern of names"
        )


def output_ending(image: str, output_format: OutputFormat) -> str:
    """Return the ending, with its dot, of the file that is written for `image`."""
    if output_format is not OutputFormat.SAME:
        return _ENDINGS[output_format]
    ending = PurePosixPath(image).suffix.lower()
    return ending if ending in SUFFIXES and ending != ".gif" else ".png"


def _files_below(source: Path, out: Path | None, exclusion: Exclusion, left_out: dict[str, str]) -> Iterator[str]:
    """Yield the files of a tree, relative to it; what is left out is entered with its reason."""
    seen = set() if out is None else {os.path.realpath(out)}
    for folder, folders, files in os.walk(source, followlinks=True):
        if (real := os.path.realpath(folder)) in seen:
            folders.clear()
            continue
        seen.add(real)
        if folder != str(source) and {FILE_NAME, LOCK_NAME} <= set(files):
            left_out[f"{os.path.relpath(folder, source).replace(os.sep, '/')}/"] = "outputs of another run"
            folders.clear()
            continue
        relative = os.path.relpath(folder, source).replace(os.sep, "/")
        start = "" if relative == "." else f"{relative}/"
        entered = []
        for name in sorted(filter(mentioned, folders)):
            if reason := exclusion.reason(start + name):
                left_out[f"{start}{name}/"] = reason
            else:
                entered.append(name)
        folders[:] = entered
        for name in filter(mentioned, files):
            if reason := exclusion.reason(start + name):
                left_out[start + name] = reason
            else:
                yield start + name
