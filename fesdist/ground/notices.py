"""What was changed, left out or is in doubt although the work was done: typed, counted, with examples, told once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

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
            shown = list(self.examples)[:INLINE]
            more = f" and {self.count - len(shown):,} more" if self.count > len(shown) else ""
            return [f"{self.text}: {', '.join(shown)}{more}"]
        lines = [f"  {name}: {reason}" for name, reason in self.examples.items()]
        if self.count > len(lines):
            lines.append(f"  ... and {self.count - len(lines):,} more")
        return [f"{self.text}:", *lines]

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
    return (Notice(kind, n, _counted(text, n), examples),)


def counted_notice(kind: Kind, text: str, count: int) -> tuple[Notice, ...]:
    """Return a notice about things that have no names, of which there are `count`; none where there are none."""
    return (Notice(kind, count, _counted(text, count)),) if count else ()


def _counted(text: str, count: int) -> str:
    def words(found: re.Match[str]) -> str:
        noun = found[1] if count == 1 else {"person": "people", "entry": "entries"}.get(found[1], f"{found[1]}s")
        return f"{count:,} {noun}"

    return re.sub(r"\{n (\w+)\}", words, text)
