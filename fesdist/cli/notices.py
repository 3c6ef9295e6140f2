"""The last words of a command: its notices, once; and what they make of its exit code."""

from __future__ import annotations

from collections.abc import Sequence

from fesdist.cli.console import warn
from fesdist.ground.letters import escaped
from fesdist.ground.notices import Notice
from fesdist.requests.exits import EXIT_NOTICED


def concluded(notices: Sequence[Notice], *, strict: bool, code: int = 0) -> int:
    """Tell the notices, and return the exit code: `code`, or `EXIT_NOTICED` for 0 where notices are not accepted."""
    tell(notices)
    return code or (EXIT_NOTICED if strict and notices else 0)


def tell(notices: Sequence[Notice], when: str = "") -> None:
    """Print notices for people, after the time of day where a command goes on for long."""
    for notice in notices:
        first, *others = notice.lines()
        for line in (f"{when}notice: {first}", *others):
            # A file name is bytes that need not be text, or one line; it must not stop the summary.
            warn(escaped(line).replace("\n", "\\n"))


def tell_of_compiling() -> None:
    """Say why a command that learns here takes longer than it will ever again."""
    warn("compiling for this processor, once: this takes up to half a minute longer")


def to_records(notices: Sequence[Notice]) -> list[dict[str, object]]:
    """Return notices for JSON."""
    return [notice.to_record() for notice in notices]
