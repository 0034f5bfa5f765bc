"""Beats: each worker says every few seconds that it runs, so that somebody else can see that none does."""

import os
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta

from tradepost.app import App
from tradepost.db import Reader

SILENT = timedelta(seconds=60)  # a worker that was silent for so long is taken for dead
FORGOTTEN_HOURS = 24


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker, and when it was last heard of."""

    name: str
    began_at: datetime
    beat_at: datetime


async def beat(app: App) -> int:
    """Say that this worker runs, and forget those that have not said so for a day; there is never more to do."""
    now = app.real_now()
    await app.db.execute(
        "INSERT INTO worker (name, began_at, beat_at) VALUES ($1, $2, $2) ON CONFLICT (name) DO UPDATE SET beat_at = $2",
        f"{socket.gethostname()}:{os.getpid()}",
        now,
    )
    await app.db.execute("DELETE FROM worker WHERE beat_at < $1", now - timedelta(hours=FORGOTTEN_HOURS))
    return 0


async def living(tx: Reader, real_now: datetime) -> list[Worker]:
    """Return the workers that were heard of lately."""
    return await tx.rows(
        Worker,
        "SELECT name, began_at, beat_at FROM worker WHERE beat_at > $1 ORDER BY name",
        real_now - SILENT,
    )
