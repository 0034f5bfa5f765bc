"""Waking whoever follows the changes: a hint sent after a commit, never inside the money's own transaction."""

from contextlib import suppress

from tradepost.app import App
from tradepost.db import DatabaseBusy, DatabaseGone

CHANNEL = "tradepost_changes"


async def wake(app: App) -> None:
    """Wake everybody who follows the changes; a wake-up that gets lost costs half a second."""
    with suppress(DatabaseGone, DatabaseBusy):
        await app.db.execute(f"NOTIFY {CHANNEL}")
