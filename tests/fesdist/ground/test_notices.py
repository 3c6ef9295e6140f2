"""Notices count, name and are told once; `--strict` makes of them an exit code of its own."""

from __future__ import annotations

import pytest

from fesdist.cli.notices import concluded
from fesdist.ground.notices import MOST_EXAMPLES, Notice, counted_notice, noticed
from fesdist.requests.exits import EXIT_NOTICED


def test_nothing_to_notice_is_no_notice() -> None:
    assert noticed("failed", "{n photograph} failed", {}) == counted_notice("changed", "{n photograph}", 0) == ()


@pytest.mark.parametrize(
    ("text", "number", "said"),
    [
        ("{n photograph} failed", 1, "1 photograph failed"),
        ("{n photograph} failed", 2000, "2,000 photographs failed"),
        ("{n person} of {n entry}", 1, "1 person of 1 entry"),
        ("{n person} of {n entry}", 2, "2 people of 2 entries"),
    ],
)
def test_numbers_in_words(text: str, number: int, said: str) -> None:
    assert counted_notice("failed", text, number) == (Notice("failed", number, said),)


def test_many_reasons_are_cut() -> None:
    (notice,) = noticed("failed", "{n photograph} failed", {f"{n:03}.png": "empty" for n in range(25)})
    assert len(notice.examples) == MOST_EXAMPLES
    first, *_, last = notice.lines()
    assert (first, last) == ("25 photographs failed:", "  ... and 5 more")


def test_strict_changes_the_exit_code_of_success_only(capsys: pytest.CaptureFixture[str]) -> None:
    notices = noticed("left out", "{n file} left out", ["b\udcff.txt"])
    assert concluded(notices, strict=False) == 0
    assert concluded(notices, strict=True) == EXIT_NOTICED
    assert concluded(notices, strict=True, code=3) == 3
    assert concluded((), strict=True) == 0
    assert capsys.readouterr().err.splitlines() == ["notice: 1 file left out: b\\udcff.txt"] * 3
