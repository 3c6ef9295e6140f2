"""What the commands print: lines, tables, and progress that suits a terminal as well as a log."""

from __future__ import annotations

import math
import os
import shutil
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import zip_longest
from typing import TextIO
from weakref import WeakSet

from fesdist.ground.share import Progress

MOST_IN_A_CELL = 8
"""Names in a cell of a table: of more it is told how many there are."""

_SECONDS_BETWEEN_LINES = 5.0
_SECONDS_OF_COMPILING = 30.0
_RULE = "─"
"""Below the heads of tables."""
_PLAIN = str.maketrans({_RULE: "-", "–": "-", "−": "-", "×": "x"})
"""What stands for signs of ours where they cannot be shown; others are escaped."""
_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if chr(code) not in "\t\n"}
"""What terminals obey; names of files may hold it, and whoever made these is not who reads them."""
_LOST: WeakSet[TextIO] = WeakSet()
"""Standard outputs that could not be written."""


def say(text: str = "") -> None:
    """Print a line to the standard output; what it cannot show, or that there is none, makes no work undone.

    Raises BrokenPipeError when the reader of a pipe has gone.
    """
    with _losing():
        _print(text, sys.stdout)


def said() -> bool:
    """Return whether all that was printed has come to the standard output, or nobody wants to read it.

    Raises BrokenPipeError when the reader of a pipe has gone.
    """
    with _losing():
        print(end="", flush=True)
    return sys.stdout not in _LOST


@contextmanager
def _losing() -> Iterator[None]:
    """Tell it once where the standard output cannot be written; from then on it goes nowhere."""
    try:
        yield
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:
        if sys.stdout not in _LOST:
            _LOST.add(sys.stdout)
            to_nowhere(sys.stdout)
            warn(f"fesdist: the output cannot be written ({error}); send it to where there is room")


def to_nowhere(stream: TextIO | None) -> None:
    """Have what a stream still holds, and what comes, be dropped: it may fail no more, not even when Python ends."""
    if stream is not None:
        with suppress(OSError, ValueError), open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), stream.fileno())


def warn(text: str) -> None:
    """Print a line to the standard error; where nobody can read it, the work it is about is no worse."""
    with suppress(OSError, ValueError):
        _print(text, sys.stderr)


def _print(text: str, stream: TextIO | None) -> None:
    if stream is None:
        # Whoever closed the descriptor does not want to read.
        return
    encoding = getattr(stream, "encoding", None) or "utf-8"
    text = text.translate(_CONTROLS)
    if not _shows(text, encoding):
        text = text.translate(_PLAIN)
    print(text.encode(encoding, "backslashreplace").decode(encoding), file=stream, flush=True)


def _shows(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print aligned columns; a column whose cells all start with a digit or a sign is set flush right.

    On a terminal that is too narrow the widest columns are made narrower, and their cells take several lines.
    """
    columns = list(zip(headers, *rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    if _is_terminal(sys.stdout):
        longest_words = [max(len(word) for cell in column for word in (cell.split() or [""])) for column in columns]
        widths = _narrowed(widths, longest_words, shutil.get_terminal_size().columns)
    right = [all(cell[:1] in "0123456789+-−–" for cell in column[1:]) for column in columns]
    for line in (headers, [_RULE * width for width in widths], *rows):
        wrapped = [
            textwrap.wrap(cell, max(1, width), break_on_hyphens=False) for cell, width in zip(line, widths, strict=True)
        ]
        for parts in zip_longest(*wrapped, fillvalue=""):
            cells = [
                part.rjust(width) if flush_right else part.ljust(width)
                for part, width, flush_right in zip(parts, widths, right, strict=True)
            ]
            say("  " + "  ".join(cells).rstrip())


def _narrowed(widths: list[int], least: list[int], room: int) -> list[int]:
    """Return widths of columns, each at least `least`, that fit into a terminal of `room` columns if they can."""
    widths = list(widths)
    while sum(widths) + 2 * len(widths) > room:
        spare = [column for column, width in enumerate(widths) if width > least[column]]
        if not spare:
            break
        widths[max(spare, key=widths.__getitem__)] -= 1
    return widths


def duration(seconds: float) -> str:
    """Return seconds as a person would say them."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def minute(when: str) -> str:
    """Return a time in ISO 8601 to the minute, "2026-05-01 09:30"."""
    return when[:16].replace("T", " ")


def size(n_bytes: float) -> str:
    """Return bytes as a person would say them."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if n_bytes < 1024:
            return f"{n_bytes:.0f} B" if unit == "B" else f"{n_bytes:.1f} {unit}"
        n_bytes /= 1024
    return f"{n_bytes:.1f} TiB"


def outcome_line(name: str, seconds: float, outcome: str) -> str:
    """Return the line that a stage of a flow leaves behind: name, seconds and outcome in columns."""
    return f"{name:<12}{duration(seconds):>8}  {outcome}"


@contextmanager
def progress(title: str, unit: str) -> Iterator[Progress]:
    """Yield `report(done, total, note)`: a live bar with rate and remaining time, or plain lines without a terminal.

    `total` is 0 while it is not known.
    """
    kind = _bar if _is_terminal(sys.stderr) else _lines
    with kind(title, unit) as report:
        yield report


@contextmanager
def _bar(title: str, unit: str) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn
    from rich.text import Text

    clock = Clock()

    class HowFar(ProgressColumn):
        """In words, which are true also while nothing new is heard."""

        def render(self, task: Task) -> Text:
            told = how_far(task.completed, int(task.total or 0), unit, clock.rate, task.fields["note"])
            return Text(told.translate(_CONTROLS))

    columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), HowFar()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None, note="", visible=False)

        def report(done: float, total: int, note: str = "") -> None:
            clock.saw(done, total)
            bar.update(task, completed=done, total=total or None, note=note, visible=True)

        yield report


@contextmanager
def _lines(title: str, unit: str) -> Iterator[Progress]:
    clock = Clock()
    last = time.monotonic()

    def report(done: float, total: int, note: str = "") -> None:
        nonlocal last
        clock.saw(done, total)
        now = time.monotonic()
        if now - last < _SECONDS_BETWEEN_LINES and (done or total):
            return
        last = now
        warn(f"{title}: {how_far(done, total, unit, clock.rate, note)}")

    yield report


def how_far(done: float, total: int, unit: str, rate: float, note: str) -> str:
    """Return in words how far something is that does `rate` items a second; 0 is a rate or total that is not known.

    Before anything is known, the note is all there is to say.
    """
    if note and not done and not total:
        return note
    of = f" of {total:,}" if total else ""
    left = f", {pace(rate, unit)}" if rate else ""
    left += f", {duration((total - done) / rate)} left" if rate and total else ""
    return f"{_number(done)}{of} {unit}{left}{'; ' + note if note else ''}"


def _number(done: float) -> str:
    """Return what is done; where some is at work, with a tenth, and never more than there is."""
    tenths = math.floor(10 * done)
    return f"{tenths // 10:,}" if tenths % 10 == 0 else f"{tenths / 10:,.1f}"


def pace(rate: float, unit: str) -> str:
    """Return a rate in a unit of time in which something happens."""
    for seconds, name in ((1, "s"), (60, "min"), (3600, "h")):
        if rate * seconds >= 1 or name == "h":
            break
    return f"{rate * seconds:.1f} {unit}/{name}"


class Clock:
    """Measures a rate from the first report of a stage on, so that work done by an earlier run is not counted.

    Where a stage does not say that it begins, that is when the first of it is done: what it took to start, as compiling
    kernels and reading weights for a folder of photographs, is not counted either.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._first: tuple[float, float] | None = None
        self._last = 0.0

    def saw(self, done: float, total: int) -> None:
        """Note what is done now; whoever has done less than before, or nothing yet, begins another stage.

        Nothing done of nobody knows how much is before the beginning.
        """
        if not done and not total:
            self._first = None
        elif self._first is None or done < self._last or not done:
            self._first = self._now(), done
        self._last = done

    @property
    def rate(self) -> float:
        """Return items a second until now, 0 as long as there is none to tell: the longer nothing comes, the less.

        Parts of the first item tell nothing for a while, in which kernels are compiled.
        """
        if self._first is None:
            return 0.0
        start, already = self._first
        passed, gone = self._now() - start, self._last - already
        return gone / passed if passed > 0 and (gone >= 1 or passed >= _SECONDS_OF_COMPILING) else 0.0
