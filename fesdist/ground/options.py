"""Options: fields of dataclasses that say what they are for; parsers, files, flows and tables are derived from them."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, replace
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from fesdist.ground.errors import BadParameterError

_FACTS = "facts"

_WORDS: Mapping[Any, tuple[str, str]] = {
    bool: ("true or false", "truth values"),
    int: ("a whole number", "whole numbers"),
    float: ("a number", "numbers"),
    str: ("a text", "texts"),
}


@dataclass(frozen=True)
class Facts:
    """What people are told of a field, and how they say it where its name and its type do not tell."""

    help: str
    metavar: str | None = None
    positional: bool = False
    flag: str = ""
    """What the command line says instead of the name."""
    implied: str = ""
    """What a default of None means."""
    known: tuple[str, ...] = ()
    """Texts that are understood, where that depends on more than the type."""
    read: Callable[[str], Any] | None = None
    """Makes a value of a text; raises BadParameterError."""
    rivals: str = ""
    """Of the options with equal rivals the command line takes one."""
    command_only: bool = False
    """Whether flows have no use for it."""
    in_file: bool = False
    """Whether a configuration file may say it."""


@dataclass(frozen=True)
class Option:
    """A field as people meet it."""

    name: str
    type: Any
    default: Any
    """`MISSING` for what must be said."""
    facts: Facts
    group: str = ""
    """The heading under which it stands."""

    @property
    def word(self) -> str:
        """What it is called on the command line."""
        return self.facts.flag or self.name.replace("_", "-")

    @property
    def required(self) -> bool:
        return self.default is MISSING

    @property
    def is_switch(self) -> bool:
        return self.type is bool

    @property
    def choices(self) -> tuple[str, ...]:
        """The only texts that are allowed; empty if there are others."""
        return tuple(choice for part in _parts(self.type) if get_origin(part) is Literal for choice in get_args(part))

    @property
    def many(self) -> bool:
        """Whether it is several values, which a text separates by commas."""
        return self.facts.read is None and _simple(self.type) is None

    @property
    def spoken_type(self) -> Any:
        """Its type, and text where a reader is known."""
        return self.type if self.facts.read is None else self.type | str

    def several(self) -> Option:
        """Return the option that takes several values in the place of one."""
        facts = replace(self.facts, metavar=f"{self.facts.metavar}[,...]", implied="")
        return replace(self, type=types.GenericAlias(tuple, (_simple(self.type), ...)) | None, facts=facts)

    @property
    def shown_default(self) -> str:
        """The default in words, "" where there is none to tell."""
        if self.default is None or self.default is MISSING:
            return self.facts.implied
        return self.facts.implied or ("" if self.default is False else _in_words(self.default))

    def read(self, text: str) -> Any:
        """Return the value that a text means; raises BadParameterError."""
        if self.facts.read is not None:
            return self.facts.read(text)
        kind = _simple(self.type)
        try:
            if kind is not None:
                return kind(text)
            kind = next(filter(None, (_simple(get_args(part)[0]) for part in _parts(self.type) if get_args(part))))
            values = tuple(kind(word.strip()) for word in text.split(",") if word.strip())
        except ValueError:
            expected = _WORDS[kind][0] if _simple(self.type) else f"{_WORDS[kind][1]}, separated by commas"
            raise BadParameterError(f"{text!r}; expected {expected}") from None
        if not values:
            raise BadParameterError(f"{text!r} names nothing; leave the option out to have its default")
        return values

    def check(self, value: Any, where: str = "") -> Any:
        """Return a value as the field has it: lists become tuples, texts are read where a reader is known.

        Raises BadParameterError, beginning with `where`, for a value of another type.
        """
        if self.facts.read is not None and isinstance(value, str):
            return self.facts.read(value)
        for part in _parts(self.type):
            try:
                return _fitted(value, part)
            except TypeError:
                continue
        raise BadParameterError(f"{where}{self.name} = {value!r}; expected {_expected(self.type)}")


def option(default: Any, help: str = "", **facts: Any) -> Any:
    """Return the field of a dataclass with a default and with `Facts`."""
    return field(default=default, metadata={_FACTS: Facts(help, **facts)})


def argument(help: str, **facts: Any) -> Any:
    """Return the field of a dataclass that must be said, on the command line by its place."""
    return option(MISSING, help, **{"positional": True, **facts})


def declared(owner: type[Any]) -> dict[str, Option]:
    """Return the options that a dataclass declares, in order; a field without facts has its name for a help."""
    hints = get_type_hints(owner)
    return {
        each.name: Option(each.name, hints[each.name], each.default, _facts(each))
        for each in fields(owner)
        if each.init
    }


def _facts(declaration: Field[Any]) -> Facts:
    facts: Facts = declaration.metadata.get(_FACTS, Facts(declaration.name.replace("_", " ")))
    return facts


def _parts(annotation: Any) -> Iterator[Any]:
    """Yield the members of a union, or a type itself."""
    if get_origin(annotation) in (Union, types.UnionType):
        for part in get_args(annotation):
            yield from _parts(part)
    else:
        yield annotation


def _simple(annotation: Any) -> Any:
    """Return the first type among the members of a union that one word can say, or None."""
    for part in _parts(annotation):
        if part in _WORDS:
            return part
        if get_origin(part) is Literal:
            return str
    return None


def _fitted(value: Any, annotation: Any) -> Any:
    """Return a value as `annotation` has it; raises TypeError for one that does not fit."""
    members, within = get_args(annotation), get_origin(annotation)
    if within is Literal:
        fits = value in members
    elif within is tuple and isinstance(value, (list, tuple)):
        types_of = members[:1] * len(value) if members[1:] == (...,) else members
        if len(types_of) != len(value) or not value:
            raise TypeError
        return tuple(_fitted(each, part) for each, part in zip(value, types_of, strict=True))
    elif annotation is float:
        fits = isinstance(value, (int, float)) and not isinstance(value, bool)
    else:
        # bool is an int to Python.
        fits = annotation in (*_WORDS, types.NoneType) and type(value) is annotation
    if not fits:
        raise TypeError
    return value


def _expected(annotation: Any) -> str:
    return " or ".join(_expected_of(part) for part in _parts(annotation) if part is not types.NoneType)


def _expected_of(annotation: Any) -> str:
    if annotation in _WORDS:
        return _WORDS[annotation][0]
    if get_origin(annotation) is Literal:
        return f"one of {', '.join(get_args(annotation))}"
    first, *others = get_args(annotation)
    count = "" if others == [...] else f"{1 + len(others)} "
    return f"a list of {count}{_WORDS[first][1] if first in _WORDS else 'lists'}"


def _in_words(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
