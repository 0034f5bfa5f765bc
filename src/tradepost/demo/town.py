"""The town: `tradepost demo` from its start to the signal that ends it."""

import asyncio
import signal
import sys
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from tradepost import log
from tradepost.config import Settings
from tradepost.demo.errors import DemoRefused
from tradepost.demo.supervisor import Supervisor, tell


async def run(settings: Settings, *, fresh: bool) -> int:
    """Run a demo until SIGINT, SIGTERM or the end of the terminal; return the exit status."""
    log.setup("console", "warning")
    supervisor, stop = Supervisor(settings, fresh=fresh), asyncio.Event()

    def asked_to_stop() -> None:
        if stop.is_set():
            supervisor.hurry()
        stop.set()

    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(name, asked_to_stop)
    try:
        await _until(stop, _live(supervisor))
    except DemoRefused as refused:
        sys.stderr.write(f"tradepost: {refused}\n")
        return 1
    finally:
        await supervisor.close()
    return 0


async def _live(supervisor: Supervisor) -> None:
    await supervisor.open()
    tell(await supervisor.welcome())
    await supervisor.watch()


async def _until(stop: asyncio.Event, life: Coroutine[Any, Any, None]) -> None:
    """Run until the event is set; what life raises before is raised."""
    living, stopping = asyncio.create_task(life), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({living, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        living.cancel()
    with suppress(asyncio.CancelledError):
        await living
