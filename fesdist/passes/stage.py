"""A stage: the same work on many keys, each key a task; what an earlier run finished is not done again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import ClassVar, Generic, TypeVar

from fesdist.cluster.settings import Cluster, Outcome
from fesdist.ground.errors import TileError
from storage.errors import NoSpaceError

K = TypeVar("K")
R = TypeVar("R")

Progress = Callable[[int, int, str], None]
"""Gets what is done, all there is to do, 0 while nobody knows, and a note."""

FAILURES_NAMED = 3


class Stage(Generic[K, R]):
    """What a stage says of itself; it travels to the workers, so it is a small frozen dataclass.

    A result is a few numbers: what is larger, `work` writes to where it belongs.
    """

    stops_at_failure: ClassVar[bool] = False
    """Whether the first failure ends the stage with its own error; else all other keys are done before it is told."""

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
    return cluster.run(_work_unless_kept, keys, stage)


def results(stage: Stage[K, R], keys: Sequence[K], cluster: Cluster, on_progress: Progress | None = None) -> list[R]:
    """Return the results of all keys, in their order.

    Raises NoSpaceError at once, and TileError when all other keys are done, or as `Stage.stops_at_failure` says.
    """
    found: dict[int, R] = {}
    failures: list[Outcome[K]] = []
    number_of = {key: number for number, key in enumerate(keys)}
    done, total = 0, sum(map(stage.amount, keys))
    for outcome in outcomes(stage, keys, cluster):
        if outcome.error is not None and (stage.stops_at_failure or isinstance(outcome.error, NoSpaceError)):
            raise outcome.error
        if outcome.error is not None:
            failures.append(outcome)
        else:
            found[number_of[outcome.item]] = outcome.result
            done += stage.amount(outcome.item)
        if on_progress:
            on_progress(done, total, f"{len(failures)} failed" if failures else stage.note(outcome.item))
    if failures:
        raise _failed(stage, failures, len(keys)) from failures[0].error
    return [found[number] for number in range(len(keys))]


def _work_unless_kept(key: K, stage: Stage[K, R]) -> R:
    kept = stage.kept(key)
    return stage.work(key) if kept is None else kept


def _failed(stage: Stage[K, R], failures: Sequence[Outcome[K]], n_keys: int) -> TileError:
    named = "; ".join(
        f"{stage.called(failure.item)}: {failure.error or type(failure.error).__name__}"
        for failure in failures[:FAILURES_NAMED]
    )
    more = f"; and {len(failures) - FAILURES_NAMED} more" if len(failures) > FAILURES_NAMED else ""
    return TileError(
        f"{len(failures)} of {n_keys} tiles failed, {named}{more}. "
        "The other tiles are stored; repeat the same command to try only these again"
    )
