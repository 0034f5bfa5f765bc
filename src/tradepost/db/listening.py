"""Being woken by NOTIFY, on a connection of its own that comes back when it is cut.

A notice is a hint and no more: it may be lost, doubled or late, and none arrives through a pooler. So whoever
is woken is told nothing, and reads the tables, as he must also do now and then unasked.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import asyncpg
from asyncpg import Record

from tradepost import log as logs
from tradepost.db.connections import CONNECT_SECONDS, connect
from tradepost.db.errors import GONE

PING_SECONDS = 15.0  # a connection that was silent for so long is asked whether it still lives
PONG_SECONDS = 5.0  # and given up when it does not answer within this
RECONNECT_SECONDS = 0.2  # between two attempts
LOST: tuple[type[Exception], ...] = (*GONE, asyncpg.PostgresError, asyncpg.InterfaceError)

log = logs.get(__name__)


class Listener:
    """Calls `wake` at each NOTIFY on one channel, and after each reconnect, until it is closed."""

    def __init__(self, dsn: str, channel: str, wake: Callable[[], None]) -> None:
        self._dsn, self._channel, self._wake = dsn, channel, wake
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin, and return once the first connection listens or was waited for in vain."""
        listening = asyncio.Event()
        self._task = asyncio.create_task(self._run(listening), name=f"listen {self._channel}")
        with suppress(TimeoutError):
            async with asyncio.timeout(CONNECT_SECONDS):
                await listening.wait()

    async def close(self) -> None:
        """Stop listening."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self, listening: asyncio.Event) -> None:
        is_lost = False
        while True:
            try:
                con = await connect(
                    self._dsn, f"tradepost listen {self._channel}", statement_seconds=PONG_SECONDS
                )
                if is_lost:
                    is_lost = False
                    log.info("listener_is_back", channel=self._channel)
                try:
                    await self._until_lost(con, listening)
                finally:
                    con.terminate()
            except LOST as error:
                if not is_lost:  # said once, not at each of the attempts that follow
                    is_lost = True
                    log.warning("listener_lost", channel=self._channel, reason=str(error))
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _until_lost(self, con: "asyncpg.Connection[Record]", listening: asyncio.Event) -> None:
        lost = asyncio.Event()
        con.add_termination_listener(lambda *_: lost.set())
        await con.add_listener(self._channel, lambda *_: self._wake())
        listening.set()
        self._wake()  # for what was said while nobody listened
        while not lost.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(PING_SECONDS):
                    await lost.wait()
                return
            await con.execute("select 1", timeout=PONG_SECONDS)
