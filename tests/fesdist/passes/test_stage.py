"""A stage over keys: order, what is kept, failures, progress; the same in this process and on a cluster."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest

from fesdist.cluster.in_process import InProcessCluster
from fesdist.ground.errors import BadParameterError, TileError
from fesdist.ground.share import tell
from fesdist.passes.stage import Stage, outcomes, results
from storage.errors import NoSpaceError


@dataclass(frozen=True)
class Doubling(Stage[int, int]):
    """Doubles numbers, and keeps a file of each that it did."""

    folder: Path
    bad: tuple[int, ...] = ()

    noun: ClassVar[str] = "number"
    keeps: ClassVar[bool] = True

    def kept(self, key: int) -> int | None:
        file = self.folder / str(key)
        return int(file.read_text()) if file.exists() else None

    def work(self, key: int) -> int:
        if key in self.bad:
            raise BadParameterError(f"{key} is bad")
        with (self.folder / "worked").open("a") as worked:
            worked.write(f"{key} ")
        (self.folder / str(key)).write_text(str(2 * key))
        return 2 * key

    def called(self, key: int) -> str:
        return f"number {key}"

    def amount(self, key: int) -> int:
        return key


class Backwards(InProcessCluster):
    """Tasks may end in any order."""

    def run(self, function, items, *shared, **said):  # type: ignore[no-untyped-def]
        return super().run(function, list(items)[::-1], *shared, **said)


def test_results_are_in_the_order_of_the_keys(tmp_path: Path) -> None:
    told: list[tuple[int, int, str]] = []
    found = results(Doubling(tmp_path), [1, 2, 5], Backwards(), lambda *progress: told.append(progress))
    assert found == [2, 4, 10]
    assert told == [(0, 8, ""), (5, 8, ""), (7, 8, ""), (8, 8, "")]


@pytest.mark.parametrize(("room", "run"), [(1, 1), (2, 2), (9, 3)])
def test_as_many_keys_are_worked_on_as_the_stage_has_room_for(tmp_path: Path, room: int, run: int) -> None:
    """Keys wait for each other: fewer at once would never end, and more would be counted."""
    together, running, lock, most = threading.Barrier(run), [0], threading.Lock(), [0]

    class Meeting(Doubling):
        at_once = room

        def work(self, key: int) -> int:
            with lock:
                running[0] += 1
                most[0] = max(most[0], running[0])
            together.wait(60)
            with lock:
                running[0] -= 1
            return 2 * key

    assert results(Meeting(tmp_path), [1, 2, 3, 4, 5, 6], InProcessCluster(3)) == [2, 4, 6, 8, 10, 12]
    assert most[0] == run


def test_what_is_kept_is_not_done_again(tmp_path: Path) -> None:
    results(Doubling(tmp_path), [1, 2], InProcessCluster())
    assert results(Doubling(tmp_path), [1, 2, 3], InProcessCluster()) == [2, 4, 6]
    assert (tmp_path / "worked").read_text() == "1 2 3 "


@dataclass(frozen=True)
class InHalves(Doubling):
    """Tells when half of a number is doubled, and when all is, before that is kept."""

    def work(self, key: int) -> int:
        tell(0.5)
        tell(1)
        return super().work(key)


def test_parts_of_a_key_count_and_what_is_kept_is_not_to_do(tmp_path: Path) -> None:
    results(Doubling(tmp_path), [4], InProcessCluster())
    told: list[tuple[float, int]] = []
    results(
        InHalves(tmp_path), [2, 4, 6], InProcessCluster(), lambda done, total, _: told.append((round(done, 2), total))
    )
    assert told == [(0, 12), (1, 12), (1.98, 12), (2, 12), (2, 8), (5, 8), (7.94, 8), (8, 8)]


def test_a_failing_key_stops_no_other_and_is_named(tmp_path: Path) -> None:
    told: list[str] = []
    with pytest.raises(
        TileError, match=r"2 of 4 numbers failed, number 1: 1 is bad; number 3: 3 is bad\. The other numbers"
    ) as e:
        results(Doubling(tmp_path, bad=(1, 3)), range(1, 5), InProcessCluster(), lambda *told_: told.append(told_[2]))
    assert isinstance(e.value.__cause__, BadParameterError)
    assert told == ["", "1 failed", "1 failed", "2 failed", "2 failed"]
    assert (tmp_path / "worked").read_text() == "2 4 "


def test_many_failures_are_counted_but_not_all_named(tmp_path: Path) -> None:
    with pytest.raises(
        TileError, match=r"9 of 9 numbers failed, number 1: .*; number 2: .*; number 3: 3 is bad; and 6 more$"
    ):
        results(Doubling(tmp_path, bad=tuple(range(10))), range(1, 10), InProcessCluster())


def test_what_is_not_kept_is_not_promised(tmp_path: Path) -> None:
    class Forgetful(Doubling):
        keeps = False

    with pytest.raises(TileError, match=r"1 of 2 numbers failed, number 1: 1 is bad$"):
        results(Forgetful(tmp_path, bad=(1,)), [1, 2], InProcessCluster())


def test_a_full_disk_ends_it_at_once(tmp_path: Path) -> None:
    class Full(Doubling):
        def work(self, key: int) -> int:
            if key == 2:
                raise NoSpaceError("full")
            return super().work(key)

    with pytest.raises(NoSpaceError):
        results(Full(tmp_path), [1, 2, 3], InProcessCluster())
    assert (tmp_path / "worked").read_text() == "1 "


def test_a_stage_may_end_at_its_first_failure(tmp_path: Path) -> None:
    class Strict(Doubling):
        stops_at_failure: ClassVar[bool] = True

    with pytest.raises(BadParameterError, match="1 is bad"):
        results(Strict(tmp_path, bad=(1,)), [1, 2], InProcessCluster())
    assert not (tmp_path / "worked").exists()


def test_outcomes_come_one_by_one_with_their_errors(tmp_path: Path) -> None:
    found = list(outcomes(Doubling(tmp_path, bad=(2,)), [1, 2], InProcessCluster()))
    assert [(outcome.item, outcome.result) for outcome in found] == [(1, 2), (2, None)]
    assert str(found[1].error) == "2 is bad"
