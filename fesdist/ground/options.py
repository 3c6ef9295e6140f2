"""Options: fields of dataclasses that say what they are for; parsers, files, flows and tables are derived from them."""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Iterator
from dataclasses import MISSING, dataclass, field, fields, replace
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from fesdist.ground.errors import BadParameterError

_METADATA = "option"
_WORDS: dict[Any, tuple[str, str]] = {
    bool: ("yes or no", "yes or no"),
    int: ("a whole number", "whole numbers"),
    float: ("a number", "numbers"),
    str: ("a text", "texts"),
}
"""What one value of a type is called, and several."""
_URI = re.compile(r"(?:^|,)\s*[A-Za-z][A-Za-z0-9+.-]*://")


@dataclass(frozen=True)
class Option:
    """A field as people meet it: what they are told, and how they say it where its name and type do not tell."""

    help: str
    metavar: str | None = None
    positional: bool = False
    flag: str = ""
    """What the command line says instead of the name."""
    implied: str = ""
    """What a default of None means."""
    words: tuple[str, ...] = ()
    """Texts that mean themselves, beside the values that its type has."""
    known: tuple[str, ...] = ()
    """Texts that are understood, where that depends on more than the type."""
    reader: Callable[[str], Any] | None = None
    """Makes a value of a text; raises BadParameterError."""
    rivals: str = ""
    """Of the options with equal rivals the command line takes one."""
    command_only: bool = False
    """Whether flows have no use for it."""
    on_disk: bool = False
    """Whether it names files or folders on a disk, of which none is a URI."""
    in_file: bool = False
    """Whether a configuration file may say it."""
    group: str = ""
    """The heading under which it stands."""
    name: str = ""
    type: Any = None
    default: Any = None
    """`MISSING` for what must be said."""

    @property
    def word(self) -> str:
        """Return what it is called on the command line."""
        return self.flag or self.name.replace("_", "-")

    @property
    def required(self) -> bool:
        return self.default is MISSING

    @property
    def choices(self) -> tuple[str, ...]:
        """Return the only texts that are allowed; none if there are others."""
        return tuple(choice for part in _parts(self.type) if get_origin(part) is Literal for choice in get_args(part))

    @property
    def many(self) -> bool:
        """Return whether it is several values, which a text separates by commas."""
        return self.reader is None and not any(_simple(self.type))

    @property
    def spoken_type(self) -> Any:
        """Return its type, and text where a reader is known."""
        return self.type if self.reader is None and not self.words else self.type | str

    @property
    def shown_default(self) -> str:
        """Return the default in words, "" where there is none to tell."""
        if self.implied or self.default in (None, MISSING) or self.default is False:
            return self.implied
        return f"{self.default:g}" if isinstance(self.default, float) else str(self.default)

    @property
    def shown_value(self) -> str:
        """Return what stands for a value of it: "PIXELS", "yes|no", "" for a switch."""
        return self.metavar or "|".join(self.choices)

    @property
    def told(self) -> str:
        """Return what helps say of it, with its default."""
        return f"{self.help} (default: {self.shown_default})" if self.shown_default else self.help

    def several(self) -> Option:
        """Return the option that takes several values in the place of one."""
        kinds = types.GenericAlias(tuple, (next(_simple(self.type)), ...))
        return replace(self, type=kinds | None, metavar=f"{self.metavar}[,...]", implied="", words=())

    def read(self, text: str) -> Any:
        """Return the value that a text means; raises BadParameterError."""
        if self.on_disk:
            check_on_disk(text)
        if text in self.words:
            return text
        if self.reader is not None:
            return self.reader(text)
        kind = get_args(next(_parts(self.type)))[0] if self.many else next(_simple(self.type))
        value_of: Callable[[str], Any] = _truth if kind is bool else kind
        try:
            values = (
                [value_of(word.strip()) for word in text.split(",") if word.strip()] if self.many else [value_of(text)]
            )
        except (ValueError, KeyError):
            commas = ", separated by commas" if self.many else ""
            also = f", or {' or '.join(self.words)}" if self.words else ""
            raise BadParameterError(f"{text!r}; expected {_WORDS[kind][self.many]}{commas}{also}") from None
        if not values:
            raise BadParameterError(f"{text!r} names nothing; leave the option out to have its default")
        return tuple(values) if self.many else values[0]

    def check(self, value: Any, where: str = "") -> Any:
        """Return a value as the field has it: lists become tuples, texts are read where a reader is known.

        Raises BadParameterError, beginning with `where`, for a value of another type.
        """
        if self.on_disk:
            for each in value if isinstance(value, (list, tuple)) else (value,):
                check_on_disk(str(each), f"{where}{self.name} = ")
        if isinstance(value, str) and value in self.words:
            return value
        if self.reader is not None and isinstance(value, str):
            return self.reader(value)
        for part in _parts(self.type):
            try:
                return _fitted(value, part)
            except TypeError:
                continue
        expected = " or ".join(_in_words(part) for part in _parts(self.type) if part is not types.NoneType)
        raise BadParameterError(f"{where}{self.name} = {value!r}; expected {expected}")


def option(default: Any, help: str = "", **facts: Any) -> Any:
    """Return the field of a dataclass with a default and with the facts of an `Option`."""
    return field(default=default, metadata={_METADATA: Option(help, **facts)})


def argument(help: str, **facts: Any) -> Any:
    """Return the field of a dataclass that must be said, on the command line by its place."""
    return option(MISSING, help, **{"positional": True, **facts})


def declared(owner: type[Any]) -> dict[str, Option]:
    """Return the options that a dataclass declares, in order; a field that is none has its name for a help."""
    hints = get_type_hints(owner)
    return {
        each.name: replace(
            each.metadata.get(_METADATA, Option(each.name.replace("_", " "))),
            name=each.name,
            type=hints[each.name],
            default=each.default,
        )
        for each in fields(owner)
        if each.init
    }


def check_on_disk(text: str, where: str = "") -> None:
    """Raise BadParameterError, beginning with `where`, for a URI, or a list with one, where files on a disk are meant.

    >>> check_on_disk("photographs/at: noon")
    """
    if _URI.search(text):
        raise BadParameterError(
            f"{where}{text!r} is a URI; expected a file or folder on a disk, as only stacks and weight stores may "
            "be in an object store: give its path, and copy what is elsewhere"
        )


def _truth(text: str) -> bool:
    """Return what a word means; raises KeyError."""
    return {"yes": True, "true": True, "no": False, "false": False}[text.lower()]


def _parts(annotation: Any) -> Iterator[Any]:
    """Yield the members of a union, or a type itself."""
    if get_origin(annotation) in (Union, types.UnionType):
        for part in get_args(annotation):
            yield from _parts(part)
    else:
        yield annotation


def _simple(annotation: Any) -> Iterator[type[Any]]:
    """Yield the types that one word can say, among the members of a union."""
    for part in _parts(annotation):
        if part in _WORDS or get_origin(part) is Literal:
            yield part if part in _WORDS else str


def _fitted(value: Any, annotation: Any) -> Any:
    """Return a value as `annotation` has it; raises TypeError for one that does not fit."""
    members, origin = get_args(annotation), get_origin(annotation)
    if origin is tuple and isinstance(value, (list, tuple)):
        of_each = members[:1] * len(value) if members[1:] == (...,) else members
        if value and len(of_each) == len(value):
            return tuple(_fitted(each, part) for each, part in zip(value, of_each, strict=True))
    # Not by isinstance: bool is an int to Python; and 1 is a fine float to people.
    elif type(value) in (annotation, origin) or (annotation is float and type(value) is int) or value in members:
        return value
    raise TypeError


def _in_words(annotation: Any) -> str:
    if annotation in _WORDS:
        return _WORDS[annotation][0]
    if get_origin(annotation) is Literal:
        return f"one of {', '.join(get_args(annotation))}"
    first, *others = get_args(annotation)
    count = "" if others == [...] else f"{1 + len(others)} "
    return f"a list of {count}{_WORDS[first][1] if first in _WORDS else 'lists'}"
