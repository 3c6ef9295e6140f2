"""From words on a command line to a request."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any

from fesdist.ground.errors import BadParameterError
from fesdist.ground.options import Option
from fesdist.requests.build import Request, options_of, request_from, summary_of, verb_of


def read_words(request: type[Request], words: Sequence[str]) -> Request:
    """Return the request that the words after its verb make; leaves with exit code 2 for words that make none."""
    return request_from(request, vars(parser_of(request).parse_args(words)))


def parser_of(request: type[Any]) -> argparse.ArgumentParser:
    """Return the parser of a request; it keeps what was said, and no defaults."""
    parser = argparse.ArgumentParser(
        prog=f"fesdist {verb_of(request)}",
        description=summary_of(request),
        epilog=f"example:\n{indented(request.EXAMPLE)}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
    )
    groups: dict[str, argparse._ActionsContainer] = {"": parser}
    rivals: dict[str, argparse._ActionsContainer] = {}
    for option in options_of(request).values():
        if option.group not in groups:
            groups[option.group] = parser.add_argument_group(option.group)
        place = groups[option.group]
        if option.rivals:
            if option.rivals not in rivals:
                rivals[option.rivals] = place.add_mutually_exclusive_group()
            place = rivals[option.rivals]
        _add(place, option)
    return parser


def indented(text: str) -> str:
    """Return lines as an example stands in a help."""
    return "\n".join(f"  {line}" for line in text.splitlines())


def _add(place: argparse._ActionsContainer, option: Option) -> None:
    facts: dict[str, Any] = {"help": option.told.replace("%", "%%")}
    if option.type is bool:
        place.add_argument(f"--{option.word}", dest=option.name, action="store_true", **facts)
        return
    facts |= {"type": _reader(option), "metavar": option.metavar}
    if option.choices:
        facts["choices"] = option.choices
    if option.positional:
        place.add_argument(option.name, nargs=None if option.required else "?", **facts)
    else:
        action = "extend" if option.many else "store"
        place.add_argument(f"--{option.word}", dest=option.name, action=action, required=option.required, **facts)


def _reader(option: Option) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        if text is argparse.SUPPRESS:  # what an argument that was not given has, and argparse reads
            return text
        try:
            return option.read(text)
        except BadParameterError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return read
