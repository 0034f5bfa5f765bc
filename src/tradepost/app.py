"""App: everything that reaches the world, put together in one place and handed to whoever opens transactions."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tradepost.config import Settings
from tradepost.db import Db
from tradepost.market.buying import Batches
from tradepost.market.ring import Ring
from tradepost.market.shelf import Shelves
from tradepost.market.wakeup import Waking
from tradepost.steam.client import SteamClient
from tradepost.steam.pacing import Limits

# A simulated Steam is ours to ask: it needs none of the patience that the real one does.
SIMULATOR_LIMITS = Limits(concurrency=16, questions_per_second=200.0, burst=400)


@dataclass(slots=True)
class Clock:
    """The market's clock: real time plus how far the sandbox moved it forward (rules.md 19)."""

    offset: timedelta = timedelta(0)

    def now(self) -> datetime:
        """Return the market's time, in UTC."""
        return self.real_now() + self.offset

    @staticmethod
    def real_now() -> datetime:
        """Return real time, in UTC: for presence, leases, codes and limits, which no sandbox moves."""
        return datetime.now(UTC)

    @staticmethod
    def real_microseconds() -> int:
        """Return the same as microseconds since 1970, for whoever counts calls."""
        return time.time_ns() // 1000


@dataclass(slots=True)
class App:
    """What a process of the market has at hand."""

    settings: Settings
    db: Db
    steam: SteamClient
    clock: Clock = field(default_factory=Clock)
    has_shelves: bool = True  # a worker has none: nobody asks it what is on sale
    shelves: Shelves = field(default_factory=Shelves)
    buys: Batches = field(default_factory=Batches)
    ring: Ring = field(default_factory=Ring)
    waking: Waking = field(default_factory=Waking)
    shelves_ready: asyncio.Event = field(default_factory=asyncio.Event)
    changed: asyncio.Event = field(default_factory=asyncio.Event)  # set whenever the changes were read

    def now(self) -> datetime:
        """Return the market's time, in UTC."""
        return self.clock.now()

    def real_now(self) -> datetime:
        """Return real time, in UTC."""
        return self.clock.real_now()


@asynccontextmanager
async def open_app(settings: Settings, dsn: str, *, has_shelves: bool = True) -> AsyncIterator[App]:
    """Open the database and the way to Steam; close both at the end."""
    db = await Db.open(dsn, max_size=settings.database_pool_size)
    try:
        clock = Clock()
        async with SteamClient(
            now=clock.now,
            community_url=settings.steam_community_url,
            api_url=settings.steam_api_url,
            web_api_key=settings.steam_web_api_key or None,
            limits=SIMULATOR_LIMITS if settings.steam_control_url else None,
        ) as steam:
            yield App(settings, db, steam, clock, has_shelves)
    finally:
        await db.close()
