"""Our purchases brought to their end: what an agent and a witness would report of each, by the market's own verbs.

Peers end with an order that is paid and whose stock is taken. Ours goes on with an item that is sent on Steam, accepted,
seen in the buyer's hands, and paid out once Steam protects the trade no longer: six events, each in its transaction.
"""

import asyncio
import time
from datetime import UTC, datetime, timedelta

from tradepost.config import Settings
from tradepost.db import Db
from tradepost.market import trades
from tradepost.rules.trade import Delivered, Event, Leased, OfferSeen, Settled, SettlementKnown, State

ACTIVE, ACCEPTED = 2, 3  # of a Steam offer
PROTECTED = timedelta(days=8)  # Steam protects a trade for seven days


class NotFinished(Exception):
    """A trade did not end as it should."""


async def finish(dsn: str, count: int, at_once: int) -> float:
    """Bring so many of the newest trades to their end, so many at once; how many that are a second."""
    db = await Db.open(dsn, min_size=at_once, max_size=at_once)
    try:
        found = await db.fetch(
            "SELECT id FROM trade WHERE state = 'created' ORDER BY id DESC LIMIT $1", count
        )
        waiting = iter([row["id"] for row in found])

        async def some() -> None:
            for trade_id in waiting:
                await _finish(db, trade_id)

        begun = time.perf_counter()
        await asyncio.gather(*(some() for _ in range(at_once)))
        return len(found) / (time.perf_counter() - begun)
    finally:
        await db.close()


async def _finish(db: Db, trade_id: int) -> None:
    now, number, settings = datetime.now(UTC), str(7_000_000_000 + trade_id), Settings()
    happening: tuple[tuple[Event, datetime, str], ...] = (
        (Leased(), now, "agent"),
        (OfferSeen(ACTIVE, number), now, "agent"),
        (OfferSeen(ACCEPTED, number, number), now, "agent"),
        (Delivered(number), now, "public_inventory"),
        (SettlementKnown(now + PROTECTED), now, "agent"),
        (Settled(), now + PROTECTED, "public_inventory"),
    )
    for event, at, witness in happening:
        async with db.transaction() as tx:
            decision = await trades.happened(tx, settings, trade_id, event, witness=witness, now=at)
        if decision.refused is not None:
            raise NotFinished(f"{event}: {decision.refused}")
    if decision.trade.state is not State.FINISHED:
        raise NotFinished(f"trade {trade_id} is {decision.trade.state}")
