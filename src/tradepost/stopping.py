"""A web server that stops at once: uvicorn looks ten times a second whether it should, and whether it may.

Whoever restarts a server waits for its stop, and so does everybody who asks it meanwhile; it should take as long as
the requests under way, and no longer.
"""

import asyncio
import socket
from contextlib import suppress

import uvicorn

TICK_SECONDS = 0.1  # uvicorn's own: it counts ten of them to the second of its Date header
LOOK_SECONDS = 0.005  # whether the last connection is closed


class PromptServer(uvicorn.Server):
    """uvicorn, which wakes when `should_exit` is set, and is done when its last connection is."""

    def __init__(self, config: uvicorn.Config) -> None:
        self._told = asyncio.Event()
        super().__init__(config)

    @property
    def should_exit(self) -> bool:
        """Whether it was told to stop."""
        return self._told.is_set()

    @should_exit.setter
    def should_exit(self, told: bool) -> None:
        (self._told.set if told else self._told.clear)()

    async def main_loop(self) -> None:
        """Do what uvicorn does by the clock until it is told to stop."""
        ticks = 0
        while not await self.on_tick(ticks):
            ticks += 1
            with suppress(TimeoutError):
                async with asyncio.timeout(TICK_SECONDS):
                    await self._told.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more connections, let what is under way be answered in its time, and say that all is over."""
        for listening in (*self.servers, *(sockets or ())):
            listening.close()
        state = self.server_state
        for connection in list(state.connections):
            connection.shutdown()
        try:
            async with asyncio.timeout(self.config.timeout_graceful_shutdown):
                # Looked at only after a moment, in which what was just accepted is met.
                await asyncio.sleep(LOOK_SECONDS)
                while (state.connections or state.tasks) and not self.force_exit:  # noqa: ASYNC110 - uvicorn's sets tell nobody
                    await asyncio.sleep(LOOK_SECONDS)
                for server in self.servers:
                    await server.wait_closed()
        except TimeoutError:
            for task in state.tasks:
                task.cancel("its time was up when the server stopped")
        if not self.force_exit:
            await self.lifespan.shutdown()
