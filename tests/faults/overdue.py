"""Trades that nobody sends, whose time is over or soon will be, and what must have become of each."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta

from faults.customers import PRICE_CENTS, many_offers
from stock import Stock, wish
from tradepost.config import Settings
from tradepost.db import Db
from tradepost.market.buying import Batches, Desk, Now
from tradepost.market.ledger import wallet

SETTINGS = Settings()


async def unsent(stock: Stock, sellers: int, each: int, age: timedelta) -> int:
    """Let a buyer buy from sellers who send nothing, so long ago; the buyer's account, which had just enough."""
    buyer = await stock.person(deposit_cents=sellers * each * PRICE_CENTS)
    receiver = await stock.steamid_of(await stock.person())
    real = datetime.now(UTC)
    batches, desk = Batches(), Desk(stock.db, SETTINGS, now=lambda: Now(real - age, real))
    for _ in range(sellers):
        seller = await stock.person()
        await stock.online(seller)
        wishes = [wish(buyer, offer_id, receiver) for offer_id in await many_offers(stock, seller, each)]
        made = await asyncio.gather(*(batches.decide(desk, one) for one in wishes))
        assert {outcome.code for outcome in made} == {"bought"}
    assert (await wallet(stock.db, buyer)).deposit_cents == 0
    return buyer


async def cancelled(db: Db) -> int:
    """How many trades are cancelled."""
    count: int = await db.value("SELECT count(*) FROM trade WHERE state = 'cancelled'")
    return count


async def pass_time(db: Db, age: timedelta) -> None:
    """Move the market's clock forward, as the sandbox does."""
    await db.execute("UPDATE market_clock SET offset_seconds = offset_seconds + $1", int(age.total_seconds()))


async def faults_of_cancelling(db: Db, buyer: int, sellers: int, each: int) -> list[str]:
    """What is not as it should be when all trades were cancelled for their sellers' fault, each once."""
    found = []
    rows = await db.fetch(
        "SELECT t.state, t.causer, o.state AS offer, array_agg(e.event ORDER BY e.no) AS events,"
        " (SELECT array_agg(x.kind ORDER BY x.id) FROM transfer x WHERE x.trade_id = t.id) AS transfers,"
        " (SELECT count(*) FROM strike s WHERE s.trade_id = t.id) AS strikes"
        " FROM trade t JOIN offer o ON o.id = t.offer_id JOIN trade_event e ON e.trade_id = t.id GROUP BY t.id, o.id"
    )
    fates = Counter(
        (row["state"], row["causer"], row["offer"], *row["events"], *row["transfers"], row["strikes"])
        for row in rows
    )
    once = ("cancelled", "seller", "ended", "bought", "deadline", "held", "refunded", 1)
    if fates != {once: sellers * each}:
        found.append(f"trades came to {fates}")
    purse = await wallet(db, buyer)
    if (purse.deposit_cents, purse.held_cents) != (sellers * each * PRICE_CENTS, 0):
        found.append(f"the buyer has {purse}")
    bans = await db.fetch("SELECT steamid, count(*) AS times FROM ban GROUP BY steamid")
    if [row["times"] for row in bans] != [1] * sellers:
        found.append(f"the sellers were banned {[tuple(row) for row in bans]}")
    return found
