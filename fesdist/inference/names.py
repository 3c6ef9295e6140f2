"""What outputs are called: a pattern with fields, which must give each of them a name of its own."""

from __future__ import annotations

import re
import string
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from fesdist.ground.errors import BadParameterError

DEFAULT_PATTERN = "{expression}/{path}{ending}"
_TELLING_APART = (DEFAULT_PATTERN, "{path}/{expression}{ending}")
"""Patterns, below folders of a fixed name, in which path and expression can be told from any name."""
_64_BITS = (1 << 64) - 1
FIELDS = {
    "expression": "smiling",
    "path": "holidays/anna",
    "folder": "holidays",
    "stem": "anna",
    "ending": ".png",
    "model": "london",
    "version": "3",
    "intensity": "1.3",
}
"""What a pattern may have in braces, and what each would be for the photograph holidays/anna.jpg."""


def check_pattern(pattern: str) -> None:
    """Raise BadParameterError for a pattern with unknown fields, without an ending, or that leads out of its folder.

    >>> check_pattern("{stem}_{expression}{ending}")
    """
    try:
        found = list(string.Formatter().parse(pattern))
    except ValueError as error:
        raise BadParameterError(f"the pattern of names {pattern!r} cannot be read ({error}); {_expected()}") from error
    for _, field, form, conversion in found:
        if field is not None and (field not in FIELDS or form or conversion):
            said = field + (f"!{conversion}" if conversion else "") + (f":{form}" if form else "")
            raise BadParameterError(f"the pattern of names {pattern!r} has {{{said}}}; {_expected()}")
    if not pattern.endswith("{ending}"):
        raise BadParameterError(f"the pattern of names {pattern!r} does not end in {{ending}}, which is the format's")
    example = PurePosixPath(pattern.format_map(FIELDS))
    if example.is_absolute() or ".." in example.parts or "\0" in pattern or example.name == FIELDS["ending"]:
        raise BadParameterError(
            f"the pattern of names {pattern!r} would write {str(example)!r}; expected a file below that of outputs"
        )


@dataclass(frozen=True)
class Naming:
    """What the outputs of a run are called, relative to their folder, with forward slashes."""

    expressions: tuple[str, ...]
    pattern: str
    facts: Mapping[str, str]
    """Fields that all outputs share."""
    ending: Callable[[str], str]
    """Returns the ending of the outputs of an image."""

    def of(self, images: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
        """Yield each image of one folder, or of folders that differ in case only, and its names by expression."""
        for image, stem in output_stems(images):
            folder, _, last = stem.rpartition("/")
            own = {**self.facts, "path": stem, "folder": folder, "stem": last, "ending": self.ending(image)}
            # A photograph in no folder gives an empty field.
            names = (self.pattern.format_map({**own, "expression": one}).lstrip("/") for one in self.expressions)
            yield image, dict(zip(self.expressions, map(_plain, names), strict=True))

    @property
    def tells_apart(self) -> bool:
        """Return whether the pattern itself gives each output a name of its own, whatever the photographs are."""
        distinct = len({name.casefold() for name in self.expressions}) == len(self.expressions)
        return distinct and re.sub(r"^([^{}]+/)*", "", self.pattern) in _TELLING_APART

    def check(self, folders: Callable[[], Iterable[Sequence[str]]]) -> None:
        """Raise BadParameterError if two outputs would have one name, or two that differ in case only.

        `folders()` yields the images folder by folder. Of each name 8 bytes are held; where two are alike, the names
        are made once more, so that what is refused is alike indeed.
        """
        if self.tells_apart:
            return
        digests = np.sort(np.array(array("Q", (digest for digest, *_ in self._all(folders()))), np.uint64))
        doubtful = set(digests[1:][digests[1:] == digests[:-1]].tolist())
        owners: dict[str, tuple[str, str]] = {}
        for digest, name, image, expression in self._all(folders()) if doubtful else ():
            if digest in doubtful and (other := owners.setdefault(name.casefold(), (image, expression))) != (
                image,
                expression,
            ):
                raise BadParameterError(
                    f"the pattern of names {self.pattern!r} gives {name} to {other[1]} of {other[0]} and to "
                    f"{expression} of {image}; add {{expression}}, or {{path}} for {{stem}}, to tell them apart"
                )

    def _all(self, folders: Iterable[Sequence[str]]) -> Iterator[tuple[int, str, str, str]]:
        for images in folders:
            for image, names in self.of(images):
                for expression, name in names.items():
                    yield hash(name.casefold()) & _64_BITS, name, image, expression


def output_stems(images: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield each image with a stem for its outputs, unique even where upper and lower case are not told apart.

    It is the image's path without its ending; images that differ in nothing else (`a.jpg`, `a.png`) keep it: `a.jpg`
    becomes `a.jpg.png`. An underscore is added while a name is taken. `images` are of one folder, or of folders that
    differ in case only; others cannot have stems alike.
    """
    digests = np.fromiter((hash(_short(image).casefold()) for image in images), np.int64, len(images))
    found, counts = np.unique(digests, return_counts=True)
    doubtful = set(found[counts > 1].tolist())
    short = (stem for image in images if hash(stem := _short(image).casefold()) in doubtful)
    count = Counter(short) if doubtful else Counter[str]()
    added: set[str] = set()

    def taken(stem: str) -> bool:
        folded = stem.casefold()
        if folded in added or count[folded] > 1:
            return folded in added
        place = int(np.searchsorted(found, hash(folded)))
        return place < len(found) and int(found[place]) == hash(folded)

    for image in images:
        stem = _short(image)
        if count[stem.casefold()] > 1:
            stem = image
            while taken(stem):
                stem += "_"
            added.add(stem.casefold())
        yield image, stem


def _plain(name: str) -> str:
    """Return a path without parts that say nothing, as a pattern with an empty field leaves them."""
    return str(PurePosixPath(name)) if "//" in name or "./" in name else name


def _short(image: str) -> str:
    """Return a path without its ending, as of `PurePath.with_suffix`."""
    folder, slash, name = image.rpartition("/")
    stem, dot, _ = name.rpartition(".")
    return f"{folder}{slash}{stem}" if dot and stem and not name.endswith(".") else image


def _expected() -> str:
    return f"expected fields out of {', '.join(f'{{{field}}}' for field in FIELDS)}, such as {DEFAULT_PATTERN!r}"
