"""Where the tasks of a run are computed: what the user says, and what comes back from a task."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from fesdist.ground import machine
from fesdist.ground.errors import BadParameterError

Item = TypeVar("Item")

DEFAULT_MEMORY = 1 << 30
"""Bytes that one worker may use when nothing else is said."""

RESERVED_BYTES = 320 << 20
"""What a worker holds before it has read an image: interpreter, libraries, compiled kernels, communication."""

SCHEMES = ("tcp", "tls", "ws", "wss")
"""What the address of a scheduler may begin with; tcp where it begins with the host."""

RETRIES = 2
"""How often a task that failed for a reason that may pass is tried again."""


@dataclass(frozen=True)
class ClusterSettings:
    """A scheduler's address, or the size of a local cluster that is started and stopped with the run."""

    scheduler: str | None = None
    workers: int | None = None
    """Local worker processes; when None one a core, as far as there is room for their memory; 0 is this process."""
    memory: int = DEFAULT_MEMORY
    """Bytes that each worker may use (allowed memory), or this process."""
    imported: tuple[str, ...] = field(default=(), compare=False)
    """Modules that a local cluster is started with, as its tasks need them; without, each worker imports its own."""

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 0:
            raise BadParameterError(f"workers is {self.workers}; expected 0 (this process) or more")
        if self.memory < 1:
            raise BadParameterError(f"memory is {self.memory} bytes; expected what a worker may use, such as 512MiB")
        if self.scheduler is not None and self.scheduler.rpartition("://")[0] not in ("", *SCHEMES):
            raise BadParameterError(
                f"the scheduler's address is {self.scheduler!r}; expected one that begins with "
                f"{', '.join(f'{scheme}://' for scheme in SCHEMES)}, such as tcp://127.0.0.1:8786"
            )
        if self.scheduler is not None and self.workers is not None:
            raise BadParameterError(
                f"workers ({self.workers}) is for a local cluster, but a scheduler was given as well "
                f"({self.scheduler}), which has its own workers; leave one of the two out"
            )

    @property
    def beginning(self) -> str:
        """Return what happens before the first task, for people who wait."""
        if self.scheduler is not None:
            return f"asking the scheduler at {self.scheduler}"
        return f"starting {self.local_workers} worker{'s' if self.local_workers > 1 else ''}"

    @property
    def in_process(self) -> bool:
        """Whether no worker is asked for: this process computes."""
        return self.scheduler is None and self.workers == 0

    @property
    def a_worker(self) -> str:
        """Return whose memory is told of, for people."""
        return "this process" if self.in_process else "a worker"

    @property
    def array_bytes(self) -> int:
        """Bytes of its memory that a worker may fill with arrays; see `array_bytes`."""
        return array_bytes(self.memory)

    @property
    def local_workers(self) -> int:
        """Number of worker processes of a local cluster; where nothing is said, as many as the machine has room for."""
        if self.workers is not None:
            return self.workers
        room = machine.memory()
        return machine.cores() if room is None else max(1, min(machine.cores(), room // self.memory))


def array_bytes(memory: int) -> int:
    """Return the bytes that a worker may fill with arrays of the `memory` it may use; a little even of too little."""
    return max(memory - RESERVED_BYTES, memory // 16)


@dataclass(frozen=True)
class Outcome(Generic[Item]):
    """What became of one task: a result, or the error that is left after all retries."""

    item: Item
    result: Any = None
    error: BaseException | None = None


OnPart = Callable[[Item, float], None]
"""Gets an item whose task is running, and the share of it that is done, from 0 to 1."""


class Cluster(Protocol):
    """Something that runs a function over many items."""

    @property
    def n_workers(self) -> int:
        """Tasks that can run at the same time, each with the memory of a worker."""

    @property
    def threads(self) -> int:
        """Tasks that can run at the same time in one worker, if they divide its memory; 1 where each has its own."""

    def run(
        self,
        function: Callable[..., Any],
        items: Iterable[Item],
        *shared: Any,
        on_part: OnPart[Item] | None = None,
        at_once: int = 1,
    ) -> Iterator[Outcome[Item]]:
        """Call `function(item, *shared)` in a task for each item, and yield the outcomes as they come.

        What a task tells of itself while it runs (`ground.share`) goes to `on_part`, from time to time. The memory of a
        worker has room for `at_once` of these tasks, of which as many as it has `threads` run beside each other.

        A bounded number of tasks is in flight; one that dies with its worker or fails for a reason that may pass
        is tried again. Closing the iterator, or an exception in the loop around it, cancels what is left.
        """

    def on_every_worker(self, function: Callable[..., Any], *arguments: Any) -> dict[str, Any]:
        """Call `function(*arguments)` once on each worker that is there now; return the results by worker address.

        Workers that leave or fall silent meanwhile have none. Raises what the function raises, and ClusterError if the
        scheduler is gone.
        """
