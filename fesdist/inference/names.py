"""What outputs are called: a pattern with fields, which must give each of them a name of its own."""

from __future__ import annotations

import string
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from fesdist.ground.errors import BadParameterError

DEFAULT_PATTERN = "{expression}/{path}{ending}"
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


def output_names(
    images: Sequence[str],
    endings: Mapping[str, str],
    expressions: Sequence[str],
    pattern: str,
    facts: Mapping[str, str],
) -> dict[str, dict[str, str]]:
    """Return the names of outputs relative to their folder, with forward slashes, by image and expression.

    `endings` are those of the outputs, by image; `facts` are the fields that all outputs share. Raises
    BadParameterError if two outputs would have one name, or two that differ in upper and lower case only.
    """
    stems = output_stems(images)
    names: dict[str, dict[str, str]] = {}
    owners: dict[str, tuple[str, str]] = {}
    for image in images:
        folder, _, stem = stems[image].rpartition("/")
        own = {**facts, "path": stems[image], "folder": folder, "stem": stem, "ending": endings[image]}
        names[image] = {}
        for expression in expressions:
            # A photograph in no folder gives an empty field.
            name = str(PurePosixPath(pattern.format_map({**own, "expression": expression}).lstrip("/")))
            other = owners.setdefault(name.casefold(), (image, expression))
            if other != (image, expression):
                raise BadParameterError(
                    f"the pattern of names {pattern!r} gives {name} to {other[1]} of {other[0]} and to {expression} of "
                    f"{image}; add {{expression}}, or {{path}} for {{stem}}, to tell them apart"
                )
            names[image][expression] = name
    return names


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


def _expected() -> str:
    return f"expected fields out of {', '.join(f'{{{field}}}' for field in FIELDS)}, such as {DEFAULT_PATTERN!r}"
