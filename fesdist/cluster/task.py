"""What runs on a worker around every task: it tells errors that may pass from errors that will not."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from fesdist.cluster.settings import Item, Outcome
from fesdist.ground.arithmetic import arithmetic, processor
from fesdist.ground.errors import ClusterError, FesdistError
from fesdist.ground.revision import revision
from fesdist.ground.share import Tell, told_to
from storage.errors import StorageError

if TYPE_CHECKING:
    # Not needed where nothing is sent.
    from fesdist.cluster.packed import Packed


def attempt(function: Callable[..., Any], item: Item, shared: tuple[Any, ...]) -> Outcome[Item]:
    """Call `function(item, *shared)` once.

    Our own errors describe something that will be the same at the next attempt, so they are an outcome. Any other
    exception is raised, and whoever runs the task tries it again.
    """
    try:
        return Outcome(item, result=function(item, *shared))
    except (FesdistError, StorageError) as error:
        return Outcome(item, error=error)


@dataclass(frozen=True)
class Signs:
    """What a client and its workers must have in common, as the bits of weights follow from it."""

    revision: str
    arithmetic: str
    processor: str
    """For people: processors of one name may differ, and those of two may round alike."""

    @staticmethod
    @cache
    def here() -> Signs:
        """Return the signs of this process."""
        return Signs(revision(), arithmetic(), processor())


@dataclass(frozen=True)
class Attempt:
    """What a client with these signs sends along with an item; tasks that it sends together share it."""

    expected: Signs
    work: Packed[tuple[Callable[..., Any], tuple[Any, ...]]]
    """The function, and what it is given beside an item."""
    teller: Callable[[], Tell] | None = None
    """Returns, in the task, whoever is told how far it is."""

    def __call__(self, packed: Packed[Any]) -> Outcome[Any]:
        """Do as `attempt`, unless this process has other signs or lacks packages: workers may join at any time."""
        try:
            check_signs(self.expected)
            (function, shared), item = self.work.unpacked(), packed.unpacked()
        except ClusterError as error:
            return Outcome(None, error=error)
        except (ImportError, AttributeError) as error:
            return Outcome(None, error=_lacking(error))
        with nullcontext() if self.teller is None else told_to(self.teller()):
            return attempt(function, item, shared)


def _lacking(error: Exception) -> ClusterError:
    return ClusterError(
        f"a worker on {socket.gethostname()} cannot import what tasks need ({error}); install fesdist {revision()} "
        "with all its packages there"
    )


def check_signs(expected: Signs) -> None:
    """Raise ClusterError unless this process has the code of the client, and rounds as it does."""
    here, host = Signs.here(), socket.gethostname()
    if here.revision != expected.revision:
        raise ClusterError(
            f"a worker on {host} has fesdist {here.revision}, this client has {expected.revision}; install the same "
            "version on both sides"
        )
    if here.arithmetic != expected.arithmetic:
        raise ClusterError(
            f"a worker on {host} ({here.processor}) rounds otherwise than this client ({expected.processor}): matrix "
            f"products are {here.arithmetic} there and {expected.arithmetic} here, so weights would depend on who "
            "computes them; use hosts whose processors have the same instructions, fused multiply-add among them, or "
            "export OPENBLAS_CORETYPE=Haswell on both sides where all have that one"
        )


async def answer(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Outcome[None]:
    """Call `function(*arguments)` in a thread, so that the worker can report meanwhile; an error is an outcome, too."""
    try:
        return Outcome(None, result=await asyncio.to_thread(function, *arguments))
    except Exception as error:
        return Outcome(None, error=error)
