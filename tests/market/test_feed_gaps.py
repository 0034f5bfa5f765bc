"""The feed where something went missing: changes that were forgotten unread, wake-ups, an old answer on the time."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from agent.selling import Selling
from tradepost.app import App
from tradepost.db import DatabaseGone
from tradepost.market import agents, clock, feed, housekeeping, witness
from tradepost.market.changes import FellBehind
from tradepost.market.shelf import Query
from tradepost.market.wakeup import wake

pytestmark = pytest.mark.sql


def on_shelf(app: App) -> set[int]:
    return set(app.shelves.page(Query(project="csgo", limit=100)).ids)


async def until(seconds: float, is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(seconds):
        while not is_so():
            await asyncio.sleep(0.01)


async def test_changes_that_were_forgotten_unread_are_noticed(world: Selling) -> None:
    app, stock = world.app, world.stock
    first, gone = await stock.offer(world.seller_id), await stock.offer(world.seller_id)
    cursor = await feed.load(app)
    await app.db.execute("UPDATE offer SET price_cents = 101 WHERE id = $1", first)
    await feed.catch_up(app, cursor)
    await app.db.execute("UPDATE offer SET state = 'ended', ended_reason = 'test' WHERE id = $1", gone)
    await app.db.execute("DELETE FROM change")
    await app.db.execute("UPDATE offer SET price_cents = 102 WHERE id = $1", first)
    with pytest.raises(FellBehind):
        await feed.catch_up(app, cursor)


async def test_a_process_that_fell_behind_fills_its_shelves_anew(world: Selling) -> None:
    app, stock = world.app, world.stock
    first, gone = await stock.offer(world.seller_id), await stock.offer(world.seller_id)
    follower = asyncio.create_task(feed.follow(app))
    try:
        await asyncio.wait_for(app.shelves_ready.wait(), 5)
        await app.db.execute("UPDATE offer SET price_cents = 101 WHERE id = $1", first)
        await wake(app)
        await until(5, lambda: app.shelves.offer(first).price_cents == 101)  # type: ignore[union-attr] # it is there
        async with app.db.transaction() as tx:  # all at once: the follower may look at any moment
            await tx.execute("UPDATE offer SET state = 'ended', ended_reason = 'test' WHERE id = $1", gone)
            await tx.execute("DELETE FROM change")
            await tx.execute("UPDATE offer SET price_cents = 102 WHERE id = $1", first)
        await wake(app)
        await until(5, lambda: on_shelf(app) == {first})
    finally:
        follower.cancel()
        await asyncio.gather(follower, return_exceptions=True)


async def test_what_nobody_could_read_yet_is_not_forgotten(world: Selling) -> None:
    """A transaction that stays open keeps readers from what was committed meanwhile: it is all still to be read."""
    app = world.app
    app.settings = replace(app.settings, changes_kept=3)
    offer = await world.stock.offer(world.seller_id)
    cursor = await feed.load(app)
    async with app.db.transaction() as holding:
        await holding.execute("UPDATE account SET name = 'held' WHERE id = $1", world.seller_id)
        for price in range(200, 220):
            await app.db.execute("UPDATE offer SET price_cents = $2 WHERE id = $1", offer, price)
        await housekeeping.forget_changes(app)
    await feed.catch_up(app, cursor)
    assert app.shelves.offer(offer).price_cents == 219  # type: ignore[union-attr] # it is there
    assert await housekeeping.forget_changes(app) > 0
    assert await app.db.value("SELECT count(*) FROM change") >= 3


async def test_changes_are_forgotten_a_part_at_a_time(
    world: Selling, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "CHANGES_FORGOTTEN_MAX", 4)
    app = world.app
    app.settings = replace(app.settings, changes_kept=1)
    for _ in range(12):
        await world.stock.offer(world.seller_id)
    assert await housekeeping.forget_changes(app) == 4
    done = [await housekeeping.forget_changes(app) for _ in range(4)]
    assert done[-1] == 0 and sum(done) + 4 >= 10


async def test_a_wake_up_outlives_a_database_that_was_away(
    world: Selling, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, people = world.app, feed._people
    failures = [True]

    async def away(app: App, trade_ids: list[int]) -> list[int]:
        if trade_ids and failures:
            failures.clear()
            raise DatabaseGone("away for a moment")
        return await people(app, trade_ids)

    monkeypatch.setattr(feed, "_people", away)
    follower = asyncio.create_task(feed.follow(app))
    try:
        await asyncio.wait_for(app.shelves_ready.wait(), 5)
        with agents.waiting(world.seller_id) as woken:
            await world.buy()
            await asyncio.wait_for(woken.wait(), 5)
    finally:
        follower.cancel()
        await asyncio.gather(follower, return_exceptions=True)


async def test_a_program_that_waits_for_a_look_at_the_buyer_is_woken_by_it(world: Selling) -> None:
    app = world.app
    view = await world.buy()
    follower = asyncio.create_task(feed.follow(app))
    try:
        await asyncio.wait_for(app.shelves_ready.wait(), 5)
        with agents.waiting(world.seller_id) as woken:
            await witness.note_before(app, view.trade.id, ["1"])
            await asyncio.wait_for(woken.wait(), 5)
    finally:
        follower.cancel()
        await asyncio.gather(follower, return_exceptions=True)


async def test_an_old_answer_on_the_time_does_not_move_the_clock_back(
    world: Selling, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = world.app
    await clock.advance(app, 60)
    value, answers = app.db.value, []

    async def slowly(sql: str, *args: object) -> object:
        found = await value(sql, *args)
        answers.append(found)
        if len(answers) == 1:
            await clock.advance(app, 3_600)  # while the first answer is on its way
        return found

    monkeypatch.setattr(app.db, "value", slowly)
    await clock.read(app)
    assert answers[0] == 60
    assert app.clock.offset == timedelta(seconds=3_660)
