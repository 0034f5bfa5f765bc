"""The feed: no change is ever passed over, however late it was committed."""

import asyncio
from collections.abc import Callable, Iterable

import pytest

from box import market
from stock import wish
from tradepost.app import App
from tradepost.db import Db
from tradepost.db.listening import Listener
from tradepost.market import changes, feed, trades
from tradepost.market.changes import OfferNow
from tradepost.market.ring import OfferTold
from tradepost.market.shelf import Query
from tradepost.market.stocking import stocked
from tradepost.market.wakeup import Waking, wake


def on_shelf(box_app: object, project: str = "csgo") -> set[int]:
    shelves = box_app.shelves  # type: ignore[attr-defined] # an App; the tests' own shorthand
    return set(shelves.page(Query(project=project, limit=100)).ids)


async def test_the_shelf_holds_what_is_on_sale_and_follows_it(db: Db) -> None:
    async with market(db) as box:
        seller = await box.stock.person()
        first = await box.stock.offer(seller, 100)
        cursor = await feed.load(box.app)
        assert on_shelf(box.app) == {first}
        second = await box.stock.offer(seller, 200)
        await db.execute("UPDATE offer SET price_cents = 300 WHERE id = $1", first)
        await feed.catch_up(box.app, cursor)
        assert on_shelf(box.app) == {first, second}
        assert box.app.shelves.offer(first).price_cents == 300  # type: ignore[union-attr] # it is there
        await db.execute("UPDATE offer SET state = 'ended', ended_reason = 'test' WHERE id = $1", first)
        await feed.catch_up(box.app, cursor)
        assert on_shelf(box.app) == {second}


async def test_a_transaction_that_commits_late_is_not_passed_over(db: Db) -> None:
    """A change with a low id may be committed after one with a high id was read (rules.md 18)."""
    async with market(db) as box:
        seller = await box.stock.person()
        early, late = await box.stock.offer(seller, 100), await box.stock.offer(seller, 100)
        cursor = await feed.load(box.app)
        async with db.transaction() as held:
            await held.execute("UPDATE offer SET price_cents = 111 WHERE id = $1", early)
            await db.execute("UPDATE offer SET price_cents = 222 WHERE id = $1", late)
            await feed.catch_up(box.app, cursor)
            assert box.app.shelves.offer(early).price_cents == 100  # type: ignore[union-attr] # it is there
        await feed.catch_up(box.app, cursor)
        assert box.app.shelves.offer(early).price_cents == 111  # type: ignore[union-attr] # it is there
        assert box.app.shelves.offer(late).price_cents == 222  # type: ignore[union-attr] # it is there


async def test_what_is_changed_while_the_shelf_is_loaded_is_read_again(db: Db) -> None:
    async with market(db) as box:
        seller = await box.stock.person()
        offer = await box.stock.offer(seller, 100)
        async with db.transaction() as held:
            await held.execute("UPDATE offer SET price_cents = 150 WHERE id = $1", offer)
            cursor = await feed.load(box.app)
        await feed.catch_up(box.app, cursor)
        assert box.app.shelves.offer(offer).price_cents == 150  # type: ignore[union-attr] # it is there


async def test_what_this_process_shows_while_shelves_are_filled_is_on_the_new_ones(
    db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with market(db) as box:
        app, stock = box.app, box.stock
        seller = await stock.person()
        sold = await stock.offer(seller)
        await feed.put(app, [sold])
        filled, made = stocked, list[int]()

        async def slowly(app: App) -> object:
            shelves = await filled(app)
            made.append(await stock.offer(seller))
            await db.execute("UPDATE offer SET state = 'ended', ended_reason = 'test' WHERE id = $1", sold)
            await feed.put(app, [*made, sold])
            return shelves

        monkeypatch.setattr(feed, "stocked", slowly)
        before = app.shelves
        await feed.load(app)
        assert app.shelves is not before
        assert app.shelves.page(Query("csgo")).ids == made
        assert app.shelves.generation > before.generation
        before.apply([], [(made[0], 99)])  # nobody hears of it any more
        assert app.shelves.page(Query("csgo")).ids == made


async def test_a_process_without_shelves_follows_and_keeps_none(db: Db) -> None:
    async with market(db) as box:
        app = App(box.app.settings, db, box.app.steam, has_shelves=False)
        first = await box.stock.offer(await box.stock.person(), 100)
        cursor = await feed.load(app)
        position = cursor.position
        second = await box.stock.offer(await box.stock.person(), 100)
        await feed.catch_up(app, cursor)
        await feed.tell(app, [first])
        assert cursor.position > position  # it would fall behind else
        assert app.shelves.row(first) is app.shelves.row(second) is None
        await db.execute("INSERT INTO change (kind, ref_id) VALUES ('trade', 5)")
        assert await feed.catch_up(app, cursor) == [5]  # whose people are to be woken all the same


async def test_a_follower_hears_of_changes_of_other_processes_within_moments(db: Db) -> None:
    async with market(db) as box:
        follower = asyncio.create_task(feed.follow(box.app))
        try:
            await asyncio.wait_for(box.app.shelves_ready.wait(), 5)
            generation = box.app.shelves.generation
            offer = await box.stock.offer(await box.stock.person(), 100)
            await wake(box.app)

            async def seen() -> None:
                while box.app.shelves.generation == generation:
                    await asyncio.sleep(0.005)

            await asyncio.wait_for(seen(), 20)
            assert offer in on_shelf(box.app)
        finally:
            follower.cancel()
            await asyncio.gather(follower, return_exceptions=True)


async def test_a_follower_that_is_woken_at_the_moment_it_is_cancelled_ends(
    db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    wakes: list[Callable[[], None]] = []
    whole = Db.listen

    async def listen(self: Db, channel: str, wake: Callable[[], None]) -> Listener:
        wakes.append(wake)
        return await whole(self, channel, wake)

    monkeypatch.setattr(Db, "listen", listen)
    monkeypatch.setattr(feed, "POLL_SECONDS", 600.0)
    async with market(db) as box:
        for turns in range(4):
            looked = asyncio.Event()
            box.app.changed, box.app.shelves_ready = looked, asyncio.Event()
            follower = asyncio.create_task(feed.follow(box.app))
            await asyncio.wait_for(looked.wait(), 10)
            await asyncio.sleep(2 * feed.BATCH_SECONDS)  # it rests
            wakes[-1]()
            for _ in range(turns):
                await asyncio.sleep(0)
            follower.cancel()
            ended, _ = await asyncio.wait({follower}, timeout=10)
            assert ended, turns
            assert follower.cancelled()


async def test_the_moved_clock_is_followed(db: Db) -> None:
    from tradepost.market import clock

    async with market(db) as box:
        before = box.app.now()
        await clock.advance(box.app, 604_800)
        assert (box.app.now() - before).total_seconds() >= 604_800
        status = await box.sim.control("GET", "/_sim/clock")
        assert abs(status["now"] - box.app.now().timestamp()) < 5
        box.app.clock.offset *= 0
        await clock.read(box.app)
        assert (box.app.now() - before).total_seconds() >= 604_800


async def test_what_was_bought_here_is_off_the_shelf_at_once_and_not_read_again(
    db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with market(db) as box:
        seller, buyer = await box.stock.person(), await box.stock.person(deposit_cents=1000)
        await box.stock.online(seller)
        bought, other = await box.stock.offer(seller, 100), await box.stock.offer(seller, 100)
        cursor = await feed.load(box.app)
        await trades.buy(box.app, wish(buyer, bought, await box.stock.steamid_of(buyer)))
        assert on_shelf(box.app) == {other}

        read: list[int] = []
        offers = changes.offers

        async def reading(app: App, ids: Iterable[int]) -> dict[int, OfferNow]:
            wanted = list(ids)
            read.extend(wanted)
            return await offers(app, wanted)

        monkeypatch.setattr(changes, "offers", reading)
        await feed.catch_up(box.app, cursor)
        assert (read, on_shelf(box.app)) == ([], {other})
        # Back on sale, and then gone by another process's hand: each is read, as neither is known here.
        await db.execute("UPDATE offer SET state = 'on_sale' WHERE id = $1", bought)
        await feed.catch_up(box.app, cursor)
        assert (read, on_shelf(box.app)) == ([bought], {bought, other})
        await db.execute("UPDATE offer SET state = 'reserved' WHERE id = $1", bought)
        await feed.catch_up(box.app, cursor)
        assert (read, on_shelf(box.app)) == ([bought, bought], {other})


async def test_who_listens_is_told_of_what_was_bought_here_too(db: Db) -> None:
    async with market(db) as box:
        seller, buyer = await box.stock.person(), await box.stock.person(deposit_cents=1000)
        await box.stock.online(seller)
        bought = await box.stock.offer(seller, 100)
        cursor = await feed.load(box.app)
        before, box.app.ring.is_followed = cursor.position, True
        await trades.buy(box.app, wish(buyer, bought, await box.stock.steamid_of(buyer)))
        await feed.catch_up(box.app, cursor)
        ring, first = box.app.ring, box.app.ring.find(before)
        told = ring.events(first, 10) if first is not None else None
        assert [event.what for event in told or () if isinstance(event, OfferTold)] == ["gone"]


async def test_wake_ups_that_nobody_waits_for_are_one_at_a_time_and_none_is_lost(
    db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent, may_go_on, waking = list[str](), asyncio.Event(), Waking()

    async def execute(_: Db, sql: str) -> int:
        sent.append(sql)
        await may_go_on.wait()
        return 0

    monkeypatch.setattr(Db, "execute", execute)
    for _ in range(3):
        waking.soon(db)
    await asyncio.sleep(0)
    assert len(sent) == 1
    waking.soon(db)  # it may be too late for what is under way to tell of this one
    waking.soon(db)
    may_go_on.set()
    assert waking.under_way is not None
    await waking.under_way
    assert len(sent) == 2
    waking.soon(db)
    await waking.under_way
    assert len(sent) == 3
