"""`python -m fesdist.requests.manual`: the manual page of fesdist, all commands and options, as `man` reads it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fesdist.requests.build import options_of, summary_of
from fesdist.requests.exits import EXITS
from fesdist.requests.verbs import VERBS


def manual() -> str:
    """Return the page in roff, section 1."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield ".TH FESDIST 1"
    yield ".SH NAME"
    yield r"fesdist \- learn facial expressions from pairs of photographs, and put them on other faces"
    yield ".SH SYNOPSIS"
    yield r".B fesdist \fICOMMAND\fR [\fIARGUMENTS\fR]"
    yield ".SH COMMANDS"
    for verb, request in VERBS.items():
        yield from _command(verb, request)
    yield ".SH EXIT STATUS"
    for code, meaning in EXITS.items():
        yield from (".TP", f".B {code}", _plain(meaning))


def _command(verb: str, request: type[Any]) -> Iterator[str]:
    options = options_of(request).values()
    places = [option for option in options if option.positional]
    said = " ".join(option.shown_value if option.required else f"[{option.shown_value}]" for option in places)
    yield f".SS fesdist {verb} {_plain(said)}".rstrip()
    yield _plain(summary_of(request))
    for option in (*places, *(option for option in options if not option.positional)):
        name = option.shown_value if option.positional else f"--{option.word} {option.shown_value}".strip()
        yield from (".TP", f".B {_plain(name)}", _plain(option.told))
    yield from (".PP", ".EX", *map(_plain, request.EXAMPLE.splitlines()), ".EE")


def _plain(text: str) -> str:
    r"""Return text that roff shows as it is.

    >>> _plain(".5 of 'a-b' \\d")
    "\\&.5 of 'a\\-b' \\ed"
    """
    escaped = text.replace("\\", r"\e").replace("-", r"\-")
    return rf"\&{escaped}" if escaped[:1] in ("'", ".") else escaped


if __name__ == "__main__":
    print(manual(), end="")
