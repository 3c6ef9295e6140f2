"""Which files of a folder are photographs to work on, and where their outputs must not go."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from fesdist.ground.counting import counted
from fesdist.ground.errors import BadParameterError
from fesdist.ground.notices import a_few
from fesdist.images.formats import SUFFIXES, check_folder
from fesdist.images.listing import MANIFEST_NAME, NOTHING_EXCLUDED, Exclusion
from fesdist.inference.settings import OutputFormat
from fesdist.inference.walking import walk
from storage.datasets.store import WeightStore

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
    if source.is_file():
        return Photographs(source.parent, (source.name,))
    if not source.is_dir():
        raise no_source(source)
    left_out: dict[str, str] = {}
    images: list[str] = []
    others: list[str] = []
    for listing in walk(source, out, exclusion, left_out.__setitem__):
        images += listing.images
        others += listing.others
    if not images:
        raise no_photographs(source, len(others), len(left_out), left_out)
    return Photographs(source, tuple(sorted(images)), tuple(sorted(others)), dict(sorted(left_out.items())))


def no_source(source: Path) -> BadParameterError:
    """Return the error for a source that is neither a folder nor a file."""
    return BadParameterError(f"{source} does not exist; expected a folder of photographs, or one image file")


def no_photographs(source: Path, n_others: int, n_left_out: int, left_out: Mapping[str, str]) -> BadParameterError:
    """Return the error for a folder without any; `left_out` has the first that were left out, and why."""
    name, reason = min(left_out.items(), default=("", ""))
    more = f", and {n_left_out} left out, such as {name} ({reason})" if n_left_out else ""
    return BadParameterError(
        f"no photographs in {source}: found {counted(n_others, 'file')}{more}; expected names that end in "
        f"{' '.join(SUFFIXES)}"
    )


def check_out(source: Path, out: Path) -> None:
    """Raise BadParameterError for a folder of outputs that is of photographs or a store, and as `check_folder`."""
    check_folder(out)
    if (out / MANIFEST_NAME).is_dir():
        raise BadParameterError(
            f"{out / MANIFEST_NAME} is a folder; expected the file of an earlier run, or nothing: choose another "
            "folder for the outputs"
        )
    # A folder with a manifest had outputs before: as there may be a million of them, they are not looked through.
    strange = out.is_dir() and not (out / MANIFEST_NAME).exists()
    if models := WeightStore(str(out)).names() if strange else []:
        raise BadParameterError(f"{out} is a weight store, with {a_few(models)}; choose another folder for the outputs")
    if source.is_dir() and out.resolve() == source.resolve():
        raise BadParameterError(
            f"{out} is the folder of the photographs itself; choose another one for the outputs (a new one below the "
            "photographs is fine)"
        )


class OutputPlaces:
    """Where outputs may go: never where they could replace a photograph, or become one in the next run."""

    def __init__(self, root: Path, out: Path) -> None:
        self._root, self._out = root.resolve(), out.resolve()
        self._checked: set[str] = set()
        self._new: list[Path] = []

    def take_new(self) -> list[Path]:
        """Return the folders of outputs that were met since this was asked."""
        new, self._new = self._new, []
        return new

    def check(self, image: str, names: Collection[str]) -> None:
        """Raise BadParameterError for outputs of `image` that have no place; `names` are relative to their folder."""
        for folder in {name.rpartition("/")[0] for name in names} - self._checked:
            self._check(self._out / folder)
            self._checked.add(folder)
            self._new.append(self._out / folder)
        if self._out == self._root and image in names:
            raise BadParameterError(
                f"outputs would replace photographs, such as {self._root / image}; choose another folder, or another "
                "pattern of names"
            )

    def _check(self, folder: Path) -> None:
        folder = folder.resolve()
        above = folder in (self._root, *self._root.parents) and folder != self._out
        inside = folder.is_relative_to(self._root) and not self._out.is_relative_to(self._root)
        if above or inside:
            raise BadParameterError(
                f"outputs would be written to {folder} among the photographs of {self._root}; choose another folder"
            )


def output_ending(image: str, output_format: OutputFormat) -> str:
    """Return the ending, with its dot, of the file that is written for `image`."""
    if output_format is not OutputFormat.SAME:
        return _ENDINGS[output_format]
    ending = PurePosixPath(image).suffix.lower()
    return ending if ending in SUFFIXES and ending != ".gif" else ".png"
