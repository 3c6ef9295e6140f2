"""A database of Prefect's to which somebody else writes again and again, as heartbeats, logs and events do."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import asyncpg

SECONDS_BETWEEN_WRITES = 0.2
Write = Callable[[str], Awaitable[None]]


@contextmanager
def writing(connect: Awaitable[Write]) -> Iterator[None]:
    """Let a thread write meanwhile; raises at the end what it could not do."""
    stop = threading.Event()
    with ThreadPoolExecutor(1) as writer:
        written = writer.submit(asyncio.run, _write_on_and_on(connect, stop))
        try:
            yield
        finally:
            stop.set()
        written.result()


async def _write_on_and_on(connect: Awaitable[Write], stop: threading.Event) -> None:
    """Commit a small change of a database again and again."""
    write = await connect
    await write("CREATE TABLE trial (written INTEGER)")
    while not stop.is_set():
        await write("INSERT INTO trial VALUES (1)")
        await asyncio.sleep(SECONDS_BETWEEN_WRITES)
    await write("DROP TABLE trial")


async def sqlite_writer(database: Path) -> Write:
    """Return what executes statements in a SQLite database."""
    connection = sqlite3.connect(database, timeout=60, isolation_level=None)

    async def write(statement: str) -> None:
        connection.execute(statement)

    return write


async def postgresql_writer(url: str) -> Write:
    """Return what executes statements in the database that the server uses."""
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))

    async def write(statement: str) -> None:
        await connection.execute(statement)

    return write
