"""When the parts of the demo are up."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from urllib.parse import urlsplit

import aiohttp

from tradepost.db import Db
from tradepost.demo.papers import Town
from tradepost.market.wakeup import CHANNEL

POLL_SECONDS = 0.03


async def answers(url: str) -> None:
    """Wait until a GET of the address succeeds; for as long as the caller likes."""
    async with aiohttp.ClientSession() as http:
        while True:
            try:
                async with http.get(url) as answer:
                    if answer.ok:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(POLL_SECONDS)


async def listens(url: str) -> None:
    """Wait until somebody listens at the address; for as long as the caller likes."""
    parts = urlsplit(url)
    while True:
        try:
            _, writer = await asyncio.open_connection(parts.hostname, parts.port)
        except OSError:
            await asyncio.sleep(POLL_SECONDS)
        else:
            writer.close()
            return


async def shows(market_url: str, town: Town, db: Db) -> None:
    """Wait until the market shows what was just put on sale: its shelves were there before the offers were."""
    await db.execute(f"NOTIFY {CHANNEL}")
    count: int = await db.value("SELECT count(*) FROM offer WHERE project = 'csgo' AND state = 'on_sale'")
    url, headers = f"{market_url}/api/v2/items?project=csgo&limit=1", {"Token": town.merchant.token}
    async with aiohttp.ClientSession(headers=headers) as http:
        while True:
            async with http.get(url) as answer:
                if answer.ok and (await answer.json())["metadata"]["total"] == count:
                    return
            await asyncio.sleep(POLL_SECONDS)


async def online(db: Db, steamids: Sequence[str], since: datetime, seconds: float) -> int:
    """Wait until the programs of these sellers were heard of after a moment, with a Steam session; not for ever.

    Returns how many were.
    """
    heard = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while heard < len(steamids):
                heard = await _heard(db, steamids, since)
                await asyncio.sleep(POLL_SECONDS)
    return heard


async def _heard(db: Db, steamids: Sequence[str], since: datetime) -> int:
    found: int = await db.value(
        "SELECT count(*) FROM presence p JOIN account a ON a.id = p.account_id"
        " WHERE a.steamid = ANY ($1) AND p.session_ok AND p.heartbeat_at > $2",
        list(steamids),
        since,
    )
    return found
