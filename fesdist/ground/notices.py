"""What was changed, left out or is in doubt although the work was done: typed, counted, with examples, told once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from fesdist.ground.counting import counted

Kind = Literal["changed", "left out", "doubtful", "failed"]

INLINE = 5
"""Examples in a sentence; of those with reasons more are told, one a line."""
MOST_EXAMPLES = 20


@dataclass(frozen=True)
class Notice:
    """One sentence on `count` things of a kind, the first of which are named."""

    kind: Kind
    count: int
    text: str
    """What became of them, with their number, for people; no full stop."""
    examples: Mapping[str, str] = field(default_factory=dict)
    """Names of at most `MOST_EXAMPLES` of them, and why, "" where the sentence says that."""

    def lines(self) -> list[str]:
        """Return the notice as people read it: names in the sentence, or below it where each has its reason.

        >>> Notice("left out", 7, "7 files were left out", dict.fromkeys("abcdefg", "")).lines()
        ['7 files were left out: a, b, c, d, e and 2 more']
        >>> Notice("failed", 1, "1 photograph failed", {"a.png": "it is empty"}).lines()
        ['1 photograph failed:', '  a.png: it is empty']
        """
        if not self.examples:
            return [self.text]
        if not any(self.examples.values()):
            return [f"{self.text}: {a_few(self.examples, self.count)}"]
        lines = [f"  {self._line(name)}" for name in self.examples]
        if self.count > len(lines):
            lines.append(f"  ... and {self.count - len(lines):,} more")
        return [f"{self.text}:", *lines]

    def named(self) -> str:
        """Return the examples in one line, each with its reason."""
        return a_few(map(self._line, self.examples), self.count, most=MOST_EXAMPLES, between="; ")

    def _line(self, name: str) -> str:
        reason = self.examples[name]
        return f"{name}: {reason}" if reason else name

    def to_record(self) -> dict[str, Any]:
        """Return the notice for JSON and tables."""
        return {"kind": self.kind, "count": self.count, "text": self.text, "examples": dict(self.examples)}


def noticed(
    kind: Kind, text: str, things: Mapping[str, str] | Iterable[str], count: int | None = None
) -> tuple[Notice, ...]:
    """Return a notice about things by name, with their reasons if they are a mapping; none where there are none.

    `count` is how many there are if `things` are only some of them. `{n photograph}` in the text becomes
    "1 photograph" or "2 photographs".
    """
    found = dict(things) if isinstance(things, Mapping) else dict.fromkeys(things, "")
    if not found:
        return ()
    n = len(found) if count is None else count
    examples = dict(list(found.items())[:MOST_EXAMPLES])
    return (Notice(kind, n, _with_number(text, n), examples),)


def counted_notice(kind: Kind, text: str, count: int) -> tuple[Notice, ...]:
    """Return a notice about things that have no names, of which there are `count`; none where there are none."""
    return (Notice(kind, count, _with_number(text, count)),) if count else ()


def worse_than_input(changes: Mapping[str, float]) -> tuple[Notice, ...]:
    """Return a notice about expressions of which the model's error is above that of the photographs as they are.

    `changes` has by how many percent it is above, by expression.
    """
    worse = {name: f"{change:+z.1f} %" for name, change in changes.items() if change > 0}
    return noticed("doubtful", "{n expression} of which the model errs more than the photograph left as it is", worse)


def a_few(names: Iterable[str], count: int | None = None, *, most: int = INLINE, between: str = ", ") -> str:
    """Return names as they stand in a sentence: the first `most`, and how many more of `count`, or of the names.

    >>> a_few("abcdefg"), a_few("ab", 1_002), a_few("abc", most=2, between="; ")
    ('a, b, c, d, e and 2 more', 'a, b and 1,000 more', 'a; b; and 1 more')
    """
    known = list(names)
    shown, n = known[:most], len(known) if count is None else count
    before_and = " " if between == ", " else between
    return between.join(shown) + (f"{before_and}and {n - len(shown):,} more" if n > len(shown) else "")


def _with_number(text: str, count: int) -> str:
    return re.sub(r"\{n (\w+)\}", lambda found: counted(count, found[1]), text)
