"""Workers are killed while trades fall due: others take over what they had claimed, and each trade ends once."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from agent.selling import an_app
from faults.overdue import cancelled, faults_of_cancelling, pass_time, unsent
from faults.programs import programs_on, until
from stock import Stock
from tradepost import worker
from tradepost.app import App
from tradepost.db import Db
from tradepost.market import feed, trades
from tradepost.rules.trade import Leased, OfferSeen, State

HOUR = timedelta(hours=1)
CLAIM = timedelta(seconds=worker.CLAIM_SECONDS + 1)
SELLERS, EACH = 6, 40


async def test_each_trade_ends_once_however_many_workers_work_and_die(db: Db, tmp_path: Path) -> None:
    buyer = await unsent(Stock(db), SELLERS, EACH, HOUR)
    async with programs_on(db.dsn, tmp_path) as programs:
        first, second = [await programs.start("worker") for _ in range(2)]
        for doomed, so_many in ((first, 40), (second, 120)):
            await until(lambda least=so_many: at_least(db, least))  # type: ignore[misc] # a bound number
            await doomed.kill()
            assert await cancelled(db) < SELLERS * EACH, "the worker was done before it was killed"
            await programs.start("worker")
        await pass_time(db, CLAIM)
        await until(lambda: at_least(db, SELLERS * EACH))
    assert await faults_of_cancelling(db, buyer, SELLERS, EACH) == []


async def test_what_a_dead_worker_had_claimed_is_taken_over_when_the_claim_is_over(
    db: Db, tmp_path: Path
) -> None:
    buyer = await unsent(Stock(db), 2, 5, HOUR)
    async with programs_on(db.dsn, tmp_path) as programs:
        async with db.transaction() as holding:
            # The worker gets so far with these and no further: it has the trade, and waits for the offer.
            await holding.execute(
                "SELECT 1 FROM offer WHERE id IN (SELECT id FROM offer ORDER BY id LIMIT 5) FOR UPDATE"
            )
            doomed = await programs.start("worker")
            await until(lambda: stuck(db, 5))
            await until(lambda: at_least(db, 5))
            await doomed.kill()
        await programs.start("worker")
        claimed = "SELECT count(*) FROM trade WHERE state = 'created' AND due_at > created_at + interval '20 minutes'"
        assert await db.value(claimed) == 5
        await pass_time(db, CLAIM)
        await until(lambda: at_least(db, 10))
    assert await faults_of_cancelling(db, buyer, 2, 5) == []


async def test_a_trade_that_moved_on_after_it_was_claimed_is_not_held_to_the_old_deadline(db: Db) -> None:
    await unsent(Stock(db), 1, 1, HOUR)
    async with an_app(db) as app:
        trade_id = await db.value("SELECT id FROM trade")
        async with db.transaction() as tx:
            await trades.happened(tx, app.settings, trade_id, Leased(), witness="test", now=app.now() - HOUR)
        (claim,) = await worker.claim(app)
        async with db.transaction() as tx:
            await trades.happened(
                tx, app.settings, trade_id, OfferSeen(2, "7000000001"), witness="test", now=app.now()
            )
        await worker.attend_to(app, claim)
        view = await trades.read(db, trade_id)
        assert view is not None
        assert (view.trade.state, view.trade.cancel_causer) == (State.SENT, None)


async def test_a_worker_whose_feed_breaks_follows_the_clock_again(
    db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, broken, stop = feed.follow, asyncio.Event(), asyncio.Event()

    async def follow(app: App) -> None:
        if not broken.is_set():
            broken.set()
            raise RuntimeError("a bug of ours")
        await whole(app)

    monkeypatch.setattr(feed, "follow", follow)
    monkeypatch.setattr(worker, "AGAIN_SECONDS", 0.01)
    monkeypatch.setattr(worker, "CHORES", (worker.Chore(worker.attend, 0.05),))
    async with an_app(db) as app:
        working = asyncio.create_task(worker.work(app, stop))
        await asyncio.wait_for(broken.wait(), 5)
        await pass_time(db, HOUR)

        async def follows() -> bool:
            return app.clock.offset == HOUR

        await until(follows, 5)
        stop.set()
        await asyncio.wait_for(working, 5)


async def at_least(db: Db, so_many: int) -> bool:
    """Whether so many trades are cancelled."""
    return await cancelled(db) >= so_many


async def stuck(db: Db, so_many: int) -> bool:
    """Whether so many connections wait for a lock of ours."""
    sql = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    return bool(await db.value(sql) >= so_many)
