"""Waking whoever follows the changes: a hint sent after a commit, never inside the money's own transaction."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tradepost.db import DatabaseBusy, DatabaseGone, Db

if TYPE_CHECKING:
    from tradepost.app import App

CHANNEL = "tradepost_changes"


async def wake(app: "App") -> None:
    """Wake everybody who follows the changes; a wake-up that gets lost costs half a second."""
    await _notify(app.db)


@dataclass(slots=True)
class Waking:
    """Wake-ups that nobody waits for: one is under way at a time, and those asked for meanwhile are one more."""

    under_way: asyncio.Task[None] | None = None
    once_more: bool = False

    def soon(self, db: Db) -> None:
        """Wake everybody who follows the changes, behind the back of whoever asks."""
        if self.under_way is not None and not self.under_way.done():
            self.once_more = True
        else:
            self.under_way = asyncio.create_task(self._wake(db), name="wake")

    async def _wake(self, db: Db) -> None:
        self.once_more = True
        while self.once_more:
            self.once_more = False
            await _notify(db)


async def _notify(db: Db) -> None:
    with suppress(DatabaseGone, DatabaseBusy):
        await db.execute(f"NOTIFY {CHANNEL}")
