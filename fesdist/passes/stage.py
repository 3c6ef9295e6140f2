"""A stage: the same work on many keys, each key a task; what an earlier run finished is not done again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from fesdist.cluster.settings import Cluster, Outcome
from fesdist.ground.errors import TileError
from fesdist.ground.notices import a_few
from fesdist.ground.share import Progress
from storage.errors import ChangedError, NoSpaceError

K = TypeVar("K")
R = TypeVar("R")

FAILURES_NAMED = 3

_ENDS = (NoSpaceError, ChangedError)
"""Errors that every other key would end with as well."""

MOST_OF_A_KEY = 0.99
"""Share of a key that may be done while it runs."""


class Stage(Generic[K, R]):
    """What a stage says of itself; it travels to the workers, so it is a small frozen dataclass.

    A result is a few numbers: what is larger, `work` writes to where it belongs.
    """

    stops_at_failure: ClassVar[bool] = False
    """Whether the first failure ends the stage with its own error; else all other keys are done before it is told."""

    noun: ClassVar[str] = "task"
    """What a key is, where failures are counted."""

    keeps: ClassVar[bool] = False
    """Whether `kept` finds what an earlier run did."""

    @property
    def at_once(self) -> int:
        """Return for how many keys at the same time the memory of one worker has room."""
        return 1

    def kept(self, key: K) -> R | None:
        """Return the result that an earlier run left, after checking what it stands for; None to work again."""
        return None

    def work(self, key: K) -> R:
        """Do the work of one key and return its result; twice is as good as once."""
        raise TypeError(f"{type(self).__name__} does not say how it works")

    def called(self, key: K) -> str:
        """Return how people call the work of a key."""
        return str(key)

    def amount(self, key: K) -> int:
        """Return how much of the whole a key is, for progress."""
        return 1

    def note(self, key: K) -> str:
        """Return what progress says beside the numbers when a key is done."""
        return ""


def outcomes(stage: Stage[K, R], keys: Iterable[K], cluster: Cluster) -> Iterator[Outcome[K]]:
    """Yield what became of each key, as it comes; a failed key stops nothing. See `Cluster.run`."""
    return cluster.run(_work_unless_kept, keys, stage, at_once=stage.at_once)


def results(stage: Stage[K, R], keys: Sequence[K], cluster: Cluster, on_progress: Progress | None = None) -> list[R]:
    """Return the results of all keys, in their order.

    `on_progress` is called when the stage begins, with nothing done, and while keys are at work, of which parts are
    done. What an earlier run has kept is neither done nor to do.

    Raises NoSpaceError and ChangedError at once, and TileError when all other keys are done, or as
    `Stage.stops_at_failure` says.
    """
    found: dict[int, R] = {}
    failures: list[Outcome[K]] = []
    number_of = {key: number for number, key in enumerate(keys)}
    standing = _Standing(stage, keys, on_progress)
    on_part = standing.runs if on_progress else None
    for outcome in cluster.run(_kept_or_worked, keys, stage, on_part=on_part, at_once=stage.at_once):
        if outcome.error is not None and (stage.stops_at_failure or isinstance(outcome.error, _ENDS)):
            raise outcome.error
        if outcome.error is not None:
            failures.append(outcome)
            standing.failed(outcome.item)
        else:
            found[number_of[outcome.item]], kept = outcome.result
            standing.ended(outcome.item, kept=kept)
    if failures:
        raise _failed(stage, failures, len(keys)) from failures[0].error
    return [found[number] for number in range(len(keys))]


class _Standing(Generic[K]):
    """How far a stage is, told with every change."""

    def __init__(self, stage: Stage[K, Any], keys: Sequence[K], on_progress: Progress | None) -> None:
        self._stage = stage
        self._on_progress = on_progress
        self._done, self._total, self._failures = 0, sum(map(stage.amount, keys)), 0
        self._running: dict[K, float] = {}
        if keys:
            self._tell(keys[0])

    def runs(self, key: K, share: float) -> None:
        """Tell that this share of a key is done; what it makes is not kept before it ends, so it is never all."""
        self._running[key] = min(share, MOST_OF_A_KEY)
        self._tell(key)

    def ended(self, key: K, *, kept: bool) -> None:
        """Tell that a key is done, now or by an earlier run."""
        if kept:
            self._total -= self._stage.amount(key)
        else:
            self._done += self._stage.amount(key)
        self._running.pop(key, None)
        self._tell(key)

    def failed(self, key: K) -> None:
        """Tell that a key has failed."""
        self._failures += 1
        self._running.pop(key, None)
        self._tell(key)

    def _tell(self, key: K) -> None:
        if self._on_progress is None:
            return
        parts = sum(share * self._stage.amount(each) for each, share in self._running.items())
        note = f"{self._failures} failed" if self._failures else self._stage.note(key)
        self._on_progress(self._done + parts, self._total, note)


def _work_unless_kept(key: K, stage: Stage[K, R]) -> R:
    return _kept_or_worked(key, stage)[0]


def _kept_or_worked(key: K, stage: Stage[K, R]) -> tuple[R, bool]:
    """Return a key's result, and whether an earlier run had kept it."""
    kept = stage.kept(key)
    return (stage.work(key), False) if kept is None else (kept, True)


def _failed(stage: Stage[K, R], failures: Sequence[Outcome[K]], n_keys: int) -> TileError:
    named = [f"{stage.called(each.item)}: {each.error or type(each.error).__name__}" for each in failures]
    others = f". The other {stage.noun}s are stored; repeat the same command to try only these again"
    return TileError(
        f"{len(failures)} of {n_keys} {stage.noun}s failed, {a_few(named, most=FAILURES_NAMED, between='; ')}"
        + (others if stage.keeps and len(failures) < n_keys else "")
    )
