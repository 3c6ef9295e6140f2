"""Which files of a folder are photographs to work on, and what their outputs are called."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from fesdist.ground.errors import BadParameterError
from fesdist.images.formats import SUFFIXES
from fesdist.inference.settings import OutputFormat

_ENDINGS = {OutputFormat.PNG: ".png", OutputFormat.JPEG: ".jpg", OutputFormat.WEBP: ".webp"}


@dataclass(frozen=True)
class Photographs:
    """The contents of a source: paths relative to `root` with forward slashes, ascending."""

    root: Path
    images: tuple[str, ...]
    others: tuple[str, ...]
    """Files whose names do not end like an image's; hidden files are not mentioned at all."""


def find_photographs(source: Path, out: Path | None = None) -> Photographs:
    """Return the photographs of a folder tree, or of one file, leaving out everything below `out`, if given.

    Links are followed, and a folder that is reached a second time is not read again, so a loop ends. Raises
    BadParameterError when `source` does not exist or holds no photograph.
    """
    if source.is_file():
        return Photographs(source.parent, (source.name,), ())
    if not source.is_dir():
        raise BadParameterError(f"{source} does not exist; expected a folder of photographs, or one image file")
    files = sorted(_files_below(source, out))
    images = tuple(name for name in files if PurePosixPath(name).suffix.lower() in SUFFIXES)
    if not images:
        endings = " ".join(SUFFIXES)
        raise BadParameterError(
            f"no photographs in {source}: found {len(files)} files, expected names that end in {endings}"
        )
    return Photographs(source, images, tuple(name for name in files if name not in set(images)))


def check_out(source: Path, out: Path, expressions: Sequence[str]) -> None:
    """Raise BadParameterError if an output could replace a photograph, or become one in the next run."""
    if out.exists() and not out.is_dir():
        raise BadParameterError(f"{out} is a file; expected a folder for the outputs, which is created if absent")
    root = (source.parent if source.is_file() else source).resolve()
    if source.is_dir() and out.resolve() == root:
        raise BadParameterError(
            f"{out} is the folder of the photographs itself; choose another one for the outputs (a new one below the "
            "photographs is fine)"
        )
    for expression in expressions:
        if (folder := (out / expression).resolve()) in (root, *root.parents):
            raise BadParameterError(
                f"outputs would be written to {folder} among the photographs of {source}; choose another folder"
            )


def output_stems(images: Sequence[str]) -> dict[str, str]:
    """Return a stem for the outputs of each image, unique even where upper and lower case are not told apart.

    It is the image's path without its ending; images that differ in nothing else (`a.jpg`, `a.png`) keep it: `a.jpg`
    becomes `a.jpg.png`. An underscore is added while a name is taken.
    """
    short = {image: str(PurePosixPath(image).with_suffix("")) for image in images}
    count = Counter(stem.casefold() for stem in short.values())
    stems = {image: stem for image, stem in short.items() if count[stem.casefold()] == 1}
    taken = {stem.casefold() for stem in stems.values()}
    for image in images:
        if image not in stems:
            stem = image
            while stem.casefold() in taken:
                stem += "_"
            stems[image] = stem
            taken.add(stem.casefold())
    return stems


def output_ending(image: str, output_format: OutputFormat) -> str:
    """Return the ending, with its dot, of the file that is written for `image`."""
    if output_format is not OutputFormat.SAME:
        return _ENDINGS[output_format]
    ending = PurePosixPath(image).suffix.lower()
    return ".png" if ending == ".gif" else ending


def _files_below(source: Path, out: Path | None) -> Iterator[str]:
    seen = set() if out is None else {out.resolve()}
    for folder, folders, files in os.walk(source, followlinks=True):
        if (real := Path(folder).resolve()) in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        relative = Path(folder).relative_to(source)
        yield from ((relative / name).as_posix() for name in files if not name.startswith("."))
