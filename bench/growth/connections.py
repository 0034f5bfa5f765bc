"""Connections of a crowd that only listens: how all of them end."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any


async def hang_up(tasks: Sequence[asyncio.Task[Any]], writers: Sequence[asyncio.StreamWriter]) -> None:
    """Stop listening on all connections, and close them."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for writer in writers:
        writer.close()
    for writer in writers:
        with suppress(OSError):
            await writer.wait_closed()
