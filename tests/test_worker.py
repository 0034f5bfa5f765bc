"""The worker: claims that ran out, looks that come late, inventories that stay closed, and chores that rest."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from agent.selling import Selling, an_app, saw, selling, told
from tradepost import worker
from tradepost.app import App
from tradepost.db import Db, Tx
from tradepost.market import buy_orders, clock, ledger, offers, reports, sightings, trades, witness
from tradepost.market.offers import Reprice
from tradepost.market.trade_view import TradeView
from tradepost.rules.trade import Delivered, LookFailed, Settled, SettlementKnown

pytestmark = pytest.mark.sql


@pytest.fixture
async def world(db: Db) -> AsyncIterator[Selling]:
    async with selling(db) as found:
        yield found


async def claimed_by_the_seller(world: Selling) -> Any:
    """A trade whose seller says that it was accepted, so that a witness is looked for."""
    view, create = await world.sold_and_leased()
    assert (await reports.answered(world.app, world.agent, told(create, view))).accepted
    assert (await sightings.seen(world.app, world.agent, saw(world.app, view, 3))).accepted
    return await world.read(view)


async def test_of_two_looks_at_once_the_one_that_saw_the_item_counts(world: Selling) -> None:
    """The first worker's look took longer than its claim held: a second one looked meanwhile."""
    view, app = await claimed_by_the_seller(world), world.app
    (first,) = await worker.claim(app)
    await clock.advance(app, worker.CLAIM_SECONDS + 1)
    (second,) = await worker.claim(app)
    await worker.tell(app, second, Delivered("50000000001"))
    before = await world.read(view)
    assert before.trade.state.value == "accepted"
    await worker.tell(app, first, LookFailed("Steam did not answer in time"))
    await worker.tell(app, first, Delivered("50000000001"))
    assert await world.read(view) == before


async def test_a_look_that_failed_late_does_not_put_off_what_is_due(world: Selling) -> None:
    view, app = await claimed_by_the_seller(world), world.app
    (first,) = await worker.claim(app)
    await clock.advance(app, worker.CLAIM_SECONDS + 1)
    (second,) = await worker.claim(app)
    await worker.tell(app, first, LookFailed("Steam did not answer in time"))
    assert (await world.read(view)).trade.tries == 0
    await worker.tell(app, second, LookFailed("the inventory is private"))
    after = (await world.read(view)).trade
    assert after.tries == 1 and "private" in after.explanation


async def test_an_end_seen_late_is_an_end(world: Selling) -> None:
    view, app = await claimed_by_the_seller(world), world.app
    (look,) = await worker.claim(app)
    await worker.tell(app, look, Delivered("50000000001"))
    async with app.db.transaction() as tx:
        until = app.now() + timedelta(days=7.1)
        await trades.happened(
            tx,
            app.settings,
            view.trade.id,
            SettlementKnown(until),
            witness="seller_agent:home",
            now=app.now(),
        )
    await clock.advance(app, 8 * 86_400)
    (first,) = await worker.claim(app)
    await clock.advance(app, worker.CLAIM_SECONDS + 1)
    (second,) = await worker.claim(app)
    await asyncio.gather(worker.tell(app, first, Settled()), worker.tell(app, second, Settled()))
    assert (await world.read(view)).trade.state.value == "finished"
    paid = await app.db.value("SELECT balance_cents FROM wallet WHERE account_id = $1", world.merchant_id)
    assert paid == 95


async def no_certificates(world: Selling, count: int) -> list[int]:
    """Trades of items without a fingerprint, for which the buyer's inventory is wanted."""
    ids = [(await world.buy()).trade.id for _ in range(count)]
    await world.app.db.execute("UPDATE offer SET certificate = NULL, float_text = NULL")
    return ids


async def test_a_closed_inventory_is_not_asked_for_at_every_turn_nor_keeps_others_waiting(
    world: Selling, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    async def closed(app: App, view: TradeView) -> None:
        asked.append(view.trade.id)

    monkeypatch.setattr(witness, "remember_before", closed)
    ids = await no_certificates(world, worker.CLAIM_MAX + 5)
    assert await worker.remember(world.app) == len(ids)
    assert sorted(asked) == sorted(ids)
    for _ in range(3):
        assert await worker.remember(world.app) == 0
    assert len(asked) == len(ids)


async def test_a_chore_that_finds_much_wrong_still_rests(
    world: Selling, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ledger with twenty faults must not be checked without a pause, least of all then."""
    turns: list[int] = []

    async def much(app: App) -> int:
        turns.append(1)
        return 1_000

    stop = asyncio.Event()
    resting = asyncio.create_task(worker._repeat(world.app, worker.Chore(much, 3_600), stop))
    for _ in range(20):
        await asyncio.sleep(0)
    stop.set()
    await asyncio.wait_for(resting, 5)
    assert turns == [1]


async def test_a_chore_that_leaves_work_undone_goes_on_at_once(world: Selling) -> None:
    turns: list[int] = []
    stop = asyncio.Event()

    async def full(app: App) -> int:
        turns.append(1)
        if len(turns) == 3:
            stop.set()
        return 5

    await asyncio.wait_for(worker._repeat(world.app, worker.Chore(full, 3_600, full=5), stop), 5)
    assert len(turns) == 3


async def test_a_large_ledger_may_take_its_time(world: Selling, monkeypatch: pytest.MonkeyPatch) -> None:
    """All else that is asked of the database is given up after seconds; what checks everything may take longer."""

    async def slow(tx: Tx) -> list[str]:
        await tx.execute("SELECT pg_sleep(0.8)")
        return ["found"]

    monkeypatch.setattr(ledger, "faults", slow)
    hurried = await Db.open(world.app.db.dsn, min_size=1, max_size=1, statement_seconds=0.5)
    try:
        monkeypatch.setattr(world.app, "db", hurried)
        assert await worker.check(world.app) == 1
    finally:
        await hurried.close()


async def test_a_chore_that_looks_at_changes_does_not_wait_for_its_time(world: Selling) -> None:
    turns: list[int] = []
    stop = asyncio.Event()

    async def look(app: App) -> int:
        turns.append(1)
        if len(turns) == 2:
            stop.set()
        return 0

    resting = asyncio.create_task(worker._repeat(world.app, worker.Chore(look, 3_600, at_changes=True), stop))
    while not turns:
        await asyncio.sleep(0)
    world.app.changed.set()
    while len(turns) < 2:
        await asyncio.sleep(0)
    world.app.changed.set()  # it stops at the next look
    await asyncio.wait_for(resting, 5)


async def test_an_offer_that_another_process_lists_wakes_the_worker_which_fills_an_order(
    world: Selling, monkeypatch: pytest.MonkeyPatch
) -> None:
    chores = [chore for chore in worker.CHORES if chore.at_changes]
    monkeypatch.setattr(worker, "CHORES", chores)
    item = await world.stock.item()
    await world.stock.online(world.seller_id)
    offer = await world.stock.offer(world.seller_id, 500)
    await buy_orders.place(world.app, world.buyer_id, item, 100, 1)
    async with an_app(world.app.db) as other:
        stop = asyncio.Event()
        working = asyncio.create_task(worker.work(other, stop))
        steamid = await world.stock.steamid_of(world.seller_id)
        await offers.reprice(world.app, world.seller_id, steamid, [Reprice(offer, 100)])
        while not await world.app.db.value("SELECT count(*) FROM trade"):
            await asyncio.sleep(0)
        stop.set()
        await asyncio.wait_for(working, 10)
    assert await world.app.db.value("SELECT state FROM offer WHERE id = $1", offer) == "reserved"
