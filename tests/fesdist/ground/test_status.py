"""Every status has one sentence, in the singular and in the plural."""

from __future__ import annotations

from fesdist.ground.status import Status, legend, troubles


def test_numbers_never_change() -> None:
    assert {status.name: status.value for status in Status} == {
        "SOLVED": 0,
        "NO_SOLUTION": 1,
        "FEWER_TAPS": 2,
        "NO_ROOM": 3,
        "LARGE_GAP": 4,
    }


def test_each_status_is_told_for_one_and_for_many() -> None:
    for status in Status:
        assert status.told(1).startswith("1 regression ")
        assert status.told(1200).startswith("1,200 regressions ")
    assert len({status.told(2) for status in Status}) == len(Status)
    assert all(f"{status.value}: " in legend() for status in Status)


def test_troubles_leave_out_what_was_solved() -> None:
    assert troubles({Status.SOLVED: 5}) == []
    found = troubles({Status.NO_ROOM: 2, Status.NO_SOLUTION: 1, Status.LARGE_GAP: 0})
    assert found == [Status.NO_SOLUTION, Status.NO_ROOM]
    assert Status.NO_ROOM.told(2) == (
        "2 regressions needed more input pixels than there is room for: their weights are the best for those that came "
        "first"
    )
