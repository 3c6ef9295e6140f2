"""What a flow tells its Prefect server in mid-run is told by a thread of its own: work never waits for a server."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from contextvars import copy_context

from httpx import HTTPStatusError, TransportError
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings

SECONDS_BETWEEN_ATTEMPTS = 1.0
MOST_TOPICS = 64
"""Topics that wait at most; a server that is away for long does not fill the memory."""


class Teller:
    """Tells things one after the other; of each topic only the latest waits, as what is newer says all.

    A server that cannot be reached is asked again until it answers; what it refuses is given up, and counted. Neither
    is an error of the work that is told about.
    """

    def __init__(self, between_attempts: float = SECONDS_BETWEEN_ATTEMPTS, most_topics: int = MOST_TOPICS) -> None:
        self.lost = 0
        """Messages that nobody will hear: refused, or too many. One that was replaced by a newer is none of them."""
        self.why_lost = ""
        """Why the last of them was lost, for people."""
        self.trouble = ""
        """Why the last attempt failed, for people; "" where it did not."""
        self._between_attempts = between_attempts
        self._most_topics = most_topics
        self._waiting: dict[Hashable, Callable[[], object]] = {}
        self._telling = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def tell(self, topic: Hashable, message: Callable[[], object]) -> None:
        """Have `message` called soon, in place of one of the same topic that still waits; returns at once.

        It runs in the context of the caller, so that Prefect knows of which run it speaks, but asks a server once only.
        """
        context = copy_context()
        with self._changed:
            if topic not in self._waiting and len(self._waiting) >= self._most_topics:
                self._waiting.pop(next(iter(self._waiting)))
                self._lose("too many waited")
            self._waiting[topic] = lambda: context.run(_once, message)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="telling", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def settle(self, seconds: float) -> int:
        """Wait until everything is told, at most `seconds`, and return the number of messages that still wait."""
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting and not self._telling, seconds)
            return len(self._waiting) + self._telling

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
                topic = next(iter(self._waiting))
                message = self._waiting.pop(topic)
                self._telling = True
            again = self._attempt(message)
            with self._changed:
                self._telling = False
                if again:
                    # At the end of the line, unless there is something newer to say.
                    self._waiting.setdefault(topic, message)
                self._changed.notify_all()
            if again:
                time.sleep(self._between_attempts)

    def _attempt(self, message: Callable[[], object]) -> bool:
        """Call `message`, and return whether it is worth calling again."""
        try:
            message()
        except Exception as error:
            self.trouble = f"{type(error).__name__}: {error}".splitlines()[0]
            if isinstance(error, TransportError):
                return True
            if isinstance(error, HTTPStatusError) and error.response.is_server_error:
                return True
            self._lose(self.trouble)
        else:
            self.trouble = ""
        return False

    def _lose(self, why: str) -> None:
        self.lost += 1
        self.why_lost = why


def _once(message: Callable[[], object]) -> None:
    # Prefect's client would ask for a minute, and newer things wait meanwhile.
    with temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 0}):
        message()


TELLER = Teller()
"""Of this process: what one stage could not tell is told while the next one runs."""
