"""Market days: each run of buys begins with a fresh copy of one database, and its ledger is checked at the end.

In the one database there are trades that were made before: a planner that has never seen a trade plans for none, which
no market meets twice.
"""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from urllib.parse import quote

from bench.filling import TRADE_TOKEN
from bench.machine import Usage, usage
from bench.town import Town
from tradepost.config import Settings
from tradepost.db import Db, create_database, drop_database, with_database
from tradepost.db.connections import session
from tradepost.market import buying, ledger
from tradepost.market.buying import Buy, Now

__all__ = ["TRADE_TOKEN", "Day", "day", "remember"]

PAST = 10_000  # trades that were made before; at most half of the offers are in them
CHECK_SECONDS = 120.0

_numbers = count(1)


async def remember(t: Town) -> None:
    """Make the trades of the past, as the market makes them, and leave the town's database alone: it is copied from now on."""
    now = datetime.now(UTC)
    past = _past(t)
    for start in range(1, past + 1, buying.BATCH_MAX):
        wishes = [
            Buy(
                buyer_id=t.merchants[n % len(t.merchants)], offer_id=n, steamid=t.steamids[0], trade_token=TRADE_TOKEN,
                ceiling_cents=None, custom_id=f"past {n}", idempotency_key=f"own past {n}", digest=b"%032d" % n,
            )
            for n in range(start, min(past + 1, start + buying.BATCH_MAX))
        ]  # fmt: skip
        for outcome in await buying.ask(t.db, Settings(), Now(now, now), wishes):
            if outcome.code != "bought":
                raise RuntimeError(f"the past could not be bought: {outcome.code}")
    await t.db.execute("VACUUM ANALYZE")
    await t.db.close()


def _past(t: Town) -> int:
    return min(PAST, t.offers // 2)


@dataclass(frozen=True, slots=True)
class Watch:
    """Some processes, from a moment on."""

    pids: Sequence[int]
    before: Usage

    def us_for(self, buys: int) -> float:
        """Microseconds of the processors that they took since, for each of so many buys."""
        return (usage(self.pids) - self.before).cpu_seconds / max(1, buys) * 1e6

    def memory_mib(self) -> float:
        """What they have now."""
        now = usage(self.pids)
        return now.pss_mib or now.rss_mib


@dataclass(frozen=True, slots=True)
class Day:
    """A fresh copy of the town's market, and the offers that can be bought in it."""

    town: Town
    first_offer: int
    last_offer: int

    @property
    def as_the_program(self) -> str:
        """The database's address for whoever is to find the settings that the program asks for."""
        asked = session("pgbench", statement_seconds=10.0, lock_seconds=5.0)
        options = " ".join(f"-c {name}={value.replace(' ', chr(92) + ' ')}" for name, value in asked.items())
        return f"{self.town.dsn}&options={quote(options)}"

    def watch(self, pids: Sequence[int]) -> Watch:
        """Watch processes from now on."""
        return Watch(pids, usage(pids))

    async def trades(self) -> set[int]:
        """The trades of this day."""
        async with self._door() as db:
            return {
                row["id"] for row in await db.fetch("SELECT id FROM trade WHERE custom_id NOT LIKE 'past %'")
            }

    async def faults(self, acknowledged: Sequence[int] | None) -> list[tuple[str, int]]:
        """What is wrong at the day's end, and how often: in the books, and with what was acknowledged where that is known."""
        async with self._door() as db:
            found = [(fault, 1) for fault in await ledger.faults(db)]
        if acknowledged is None:
            return found
        made, told = await self.trades(), set(acknowledged)
        differences = {
            "trades that were acknowledged and not made": len(told - made),
            "trades that were made and not acknowledged": len(made - told),
            "trades that were acknowledged twice": len(acknowledged) - len(told),
        }
        return [*found, *((what, many) for what, many in differences.items() if many)]

    @asynccontextmanager
    async def _door(self) -> AsyncIterator[Db]:
        db = await Db.open(self.town.dsn, min_size=1, max_size=1, statement_seconds=CHECK_SECONDS)
        try:
            yield db
        finally:
            await db.close()


@asynccontextmanager
async def day(t: Town) -> AsyncIterator[Day]:
    """Begin a day, and forget it at its end."""
    name = f"day_{next(_numbers)}_{time.monotonic_ns()}"
    # By files: the server begins with everything written, whoever ran before.
    await create_database(t.server.dsn, name, "bench", by_files=True)
    try:
        yield Day(replace(t, dsn=with_database(t.dsn, name)), _past(t) + 1, t.offers)
    finally:
        await drop_database(t.server.dsn, name)
