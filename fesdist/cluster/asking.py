"""Asks every worker the same, whatever becomes of them meanwhile: they die, hang or join."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from distributed import Client

from fesdist.cluster.scheduler import LOGGER, Heard, asked, named, seconds_between_looks, workers_of
from fesdist.cluster.settings import Outcome
from fesdist.cluster.task import answer
from fesdist.ground.errors import ClusterError
from fesdist.ground.revision import revision


def ask_every_worker(client: Client, function: Callable[..., Any], arguments: tuple[Any, ...]) -> dict[str, Any]:
    """Return what `function(*arguments)` returns on each worker that is there now, by address.

    It runs in a thread beside a worker's tasks. Workers that leave or fall silent meanwhile have no answer, and those
    that join later are not asked: what must hold of every worker is seen to by the tasks themselves. Raises what the
    function raises, and ClusterError if the scheduler is gone or a worker cannot load fesdist.
    """
    answers = asked(client, _ask, function, arguments)
    for address, given in answers.items():
        if isinstance(given, ImportError | AttributeError):  # it looked for our function in whatever it has
            raise ClusterError(
                f"worker {address} cannot import fesdist {revision()} ({given}); install it where the workers run"
            ) from given
        if isinstance(given, Outcome) and given.error is not None:
            raise given.error
    return {address: given.result for address, given in answers.items() if isinstance(given, Outcome)}


async def _ask(client: Client, function: Callable[..., Any], arguments: tuple[Any, ...]) -> dict[str, Any]:
    """Return what came of the question to each worker, by address, and tell of the workers that were silent."""
    heard = Heard()
    workers = await workers_of(client)
    heard.silent(workers)
    questions = {
        address: asyncio.ensure_future(client.run(answer, function, arguments, workers=[address], on_error="return"))
        for address in workers
    }
    silent: set[str] = set()
    waiting = set(questions)
    try:
        while waiting:
            await asyncio.wait([questions[address] for address in waiting], timeout=seconds_between_looks(len(workers)))
            waiting = {address for address in waiting if not questions[address].done()}
            if waiting:
                workers = await workers_of(client)
                silent |= waiting & heard.silent(workers)
                waiting = (waiting & set(workers)) - silent
    finally:
        for question in questions.values():
            question.cancel()
        given = await asyncio.gather(*questions.values(), return_exceptions=True)
    answers: dict[str, Any] = {}
    for address, found in zip(questions, given, strict=True):
        if isinstance(found, OSError):
            raise found  # what befalls a worker is returned: this befell the scheduler
        if isinstance(found, dict):
            answers[address] = found.get(address)
    if silent:
        LOGGER.warning(
            "nothing was heard of %s for %.0f s; going on without asking there",
            named(silent),
            heard.patience,
        )
    return answers
