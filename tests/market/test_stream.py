"""The stream beneath every dialect: each change is one event, in the order of commits, once, wherever one left off."""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest

from box import Box, market
from stock import moment, wish
from tradepost.app import App
from tradepost.db import Db
from tradepost.market import changes, feed, housekeeping, ring, stream
from tradepost.market.buying import Batches, Desk
from tradepost.market.changes import FellBehind
from tradepost.market.feed import Cursor
from tradepost.market.ring import EVENTS_KEPT, OfferTold, Position
from tradepost.market.stream import Stream, TradeNow, Wanted

pytestmark = pytest.mark.sql

OFFERS = frozenset({"offer.made", "offer.repriced", "offer.gone"})
ALL = OFFERS | {"trade"}
NOBODY = 10**9


@dataclass
class Process:
    """A web process without a web: its rings and shelves are kept in step by the test's own hand."""

    app: App
    cursor: Cursor

    async def catch_up(self) -> None:
        await feed.catch_up(self.app, self.cursor)

    def stream(
        self, position: Position | None = None, account: int = NOBODY, events: frozenset[str] = ALL
    ) -> Stream:
        return Stream(self.app, Wanted(account, events), position)


async def process(app: App) -> Process:
    """A process that was listened to before, so that it makes events."""
    app.ring.is_followed = True
    return Process(app, await feed.load(app))


@pytest.fixture
async def box(db: Db) -> AsyncIterator[Box]:
    async with market(db) as made:
        yield made


async def another(box: Box) -> Process:
    """A second process on the same database."""
    app = box.app
    return await process(App(app.settings, app.db, app.steam, app.clock))


async def told_now(listener: Stream) -> list[tuple[str, int, int]]:
    """What, which offer and at how many cents, as long as there is something to tell."""
    return [short(one) for one in await all_told(listener)]


async def all_told(listener: Stream) -> list[OfferTold | TradeNow]:
    """Whatever there is to tell until this process's position."""
    found: list[OfferTold | TradeNow] = []
    while True:
        part = await listener.part(0)
        assert not part.missed
        found += part.told
        if not part.told and part.position >= listener._app.ring.position:
            return found


def short(one: OfferTold | TradeNow) -> tuple[str, int, int]:
    if isinstance(one, TradeNow):
        return "trade", one.operation.view.trade.id, one.operation.view.trade.price_cents
    row = dict(item.split(b":", 1) for item in one.row.strip(b"{}").split(b',"'))
    cents = row[b'price"'].strip(b'"').replace(b".", b"")
    return one.what, int(row[b'"id"'].strip(b'"')), int(cents)


async def reprice(db: Db, offer: int, cents: int) -> None:
    await db.execute("UPDATE offer SET price_cents = $2 WHERE id = $1", offer, cents)


async def becomes(db: Db, offer: int, state: str) -> None:
    reason = "test" if state == "ended" else None
    await db.execute("UPDATE offer SET state = $2, ended_reason = $3 WHERE id = $1", offer, state, reason)


# What is told, and in which order -----------------------------------------------------------------------------


async def test_each_turn_of_an_offer_is_one_event_or_none(box: Box) -> None:
    one, db = await process(box.app), box.app.db
    listener = one.stream()
    offer = await box.stock.offer(await box.stock.person(), 100)
    await reprice(db, offer, 120)
    await reprice(db, offer, 120)  # to what it was
    await db.execute("UPDATE offer SET missing_at = now() WHERE id = $1", offer)  # nobody is shown that
    await becomes(db, offer, "reserved")
    await reprice(db, offer, 130)  # nobody sees it now
    await becomes(db, offer, "on_sale")
    await becomes(db, offer, "ended")
    await one.catch_up()
    assert await told_now(listener) == [
        ("made", offer, 100),
        ("repriced", offer, 120),
        ("gone", offer, 120),
        ("made", offer, 130),
        ("gone", offer, 130),
    ]


async def test_turns_within_one_transaction_are_told_one_by_one(box: Box) -> None:
    one = await process(box.app)
    listener, offer = one.stream(), await box.stock.offer(await box.stock.person(), 100)
    async with box.app.db.transaction() as tx:
        for cents in (101, 102):
            await tx.execute("UPDATE offer SET price_cents = $2 WHERE id = $1", offer, cents)
        await tx.execute("UPDATE offer SET state = 'ended', ended_reason = 'test' WHERE id = $1", offer)
    await one.catch_up()
    assert (await told_now(listener))[1:] == [
        ("repriced", offer, 101),
        ("repriced", offer, 102),
        ("gone", offer, 102),
    ]


async def test_what_is_rolled_back_is_never_told(box: Box) -> None:
    one, offer = await process(box.app), await box.stock.offer(await box.stock.person(), 100)
    listener = one.stream()
    with pytest.raises(RuntimeError):
        async with box.app.db.transaction() as tx:
            await tx.execute("UPDATE offer SET price_cents = 999 WHERE id = $1", offer)
            raise RuntimeError
    await one.catch_up()
    assert await told_now(listener) == [("made", offer, 100)]


async def test_nothing_overtakes_a_transaction_that_is_held_open(box: Box) -> None:
    one, db = await process(box.app), box.app.db
    seller = await box.stock.person()
    early, late = await box.stock.offer(seller, 100), await box.stock.offer(seller, 100)
    await one.catch_up()
    listener = one.stream()
    async with db.transaction() as held:
        await held.execute("UPDATE offer SET price_cents = 111 WHERE id = $1", early)
        await reprice(db, late, 222)
        await one.catch_up()
        assert await told_now(listener) == []
    await one.catch_up()
    assert await told_now(listener) == [("repriced", early, 111), ("repriced", late, 222)]


async def test_of_two_changes_of_an_offer_the_second_is_told_second_whichever_transaction_is_older(
    box: Box,
) -> None:
    """The older transaction waited for the younger one, so its change is the later of the two."""
    one, db = await process(box.app), box.app.db
    offer = await box.stock.offer(await box.stock.person(), 100)
    listener = one.stream()
    async with db.transaction() as older:
        await older.execute("UPDATE account SET name = 'it has a number now'")
        await reprice(db, offer, 200)
        await older.execute("UPDATE offer SET price_cents = 300 WHERE id = $1", offer)
    await reprice(db, offer, 400)
    await one.catch_up()
    assert [cents for _, _, cents in await told_now(listener)] == [100, 200, 300, 400]


async def test_an_offer_that_was_restored_from_another_servers_backup_is_told_all_the_same(box: Box) -> None:
    one, db = await process(box.app), box.app.db
    offer = await box.stock.offer(await box.stock.person(), 100)
    async with db.transaction() as tx:
        await tx.execute("ALTER TABLE offer DISABLE TRIGGER USER")
        await tx.execute("UPDATE offer SET told_xid = '900000000000'")
        await tx.execute("ALTER TABLE offer ENABLE TRIGGER USER")
        await tx.execute("UPDATE change_forgotten SET xid = '900000000000', id = 7")
    await one.catch_up()
    listener = one.stream()
    await reprice(db, offer, 200)
    await one.catch_up()
    assert await told_now(listener) == [("repriced", offer, 200)]
    await db.execute("UPDATE change SET xid = '900000000001' WHERE what = 'made'")
    old = one.stream((5, 5))
    await db.execute("DELETE FROM change")  # as the docs advise who restores a dump
    with pytest.raises(FellBehind):
        await one.catch_up()
    await feed.load(box.app)
    assert (await old.part(0)).missed


async def test_an_update_of_many_rows_does_not_take_their_square(db: Db, box: Box) -> None:
    """The connection's plan is made by an update of one row; by it, ten thousand ran out of time."""
    offer = await box.stock.offer(await box.stock.person(), 100)
    async with db.transaction() as tx:
        for cents in range(101, 108):
            await tx.execute("UPDATE offer SET price_cents = $2 WHERE id = $1", offer, cents)
        await tx.execute(
            "INSERT INTO offer (account_id, seller_id, seller_steamid, project, appid, contextid, assetid, classid, instanceid,"
            " steam_item_id, price_cents, state, created_at) SELECT account_id, seller_id, seller_steamid, project, appid, contextid,"
            " g::text, classid, instanceid, steam_item_id, 100, 'on_sale', created_at FROM offer, generate_series(1, 10000) g"
        )
        assert await tx.execute("UPDATE offer SET price_cents = 222") == 10_001
    assert (
        await db.value("SELECT count(*) FROM change WHERE what = 'repriced' AND price_cents = 222") == 10_001
    )


async def test_two_processes_tell_the_same_events_under_the_same_ids(box: Box) -> None:
    one, two = await process(box.app), await another(box)
    listeners = [one.stream(), two.stream()]
    seller = await box.stock.person()
    for cents in (100, 200, 300):
        await reprice(box.app.db, await box.stock.offer(seller, cents), cents + 1)
        await one.catch_up()  # one of them by and by, the other all at once
    await two.catch_up()
    parts = [await listener.part(0) for listener in listeners]
    assert parts[0].told == parts[1].told
    assert len(parts[0].told) == 6


# Whose trades -------------------------------------------------------------------------------------------------


async def test_a_trade_is_told_to_its_two_sides_alone(box: Box) -> None:
    one, stock = await process(box.app), box.stock
    buyer, payee, seller = await stock.person(deposit_cents=500), await stock.person(), await stock.person()
    await stock.online(seller)
    offer = await stock.offer(seller, 100, payee_id=payee)
    listeners = {who: one.stream(account=who) for who in (buyer, payee, seller, NOBODY)}
    desk = Desk(box.app.db, box.app.settings, moment)
    done = await Batches().decide(desk, wish(buyer, offer, await stock.steamid_of(buyer), custom_id="mine"))
    await one.catch_up()
    told = {who: await told_now(listener) for who, listener in listeners.items()}
    of_offer = [("made", offer, 100), ("gone", offer, 100)]
    assert told[NOBODY] == told[seller] == of_offer
    assert told[buyer] == told[payee] == [*of_offer, ("trade", done.trade_id, 100)]
    again = {who: (await one.stream((0, 0), who).part(0)).told[-1] for who in (buyer, payee)}
    kinds = {who: found.operation.kind for who, found in again.items() if isinstance(found, TradeNow)}
    assert kinds == {buyer: "buy", payee: "sell"}


# Where one left off -------------------------------------------------------------------------------------------


async def changed(box: Box, count: int) -> None:
    """So many new prices of one offer."""
    offer = await box.stock.offer(await box.stock.person(), 100)
    for cents in range(101, 100 + count):
        await reprice(box.app.db, offer, cents)


async def positions(listener: Stream) -> list[Position]:
    return [one.position for one in await all_told(listener)]


@pytest.mark.parametrize("kept", [EVENTS_KEPT, 3])
async def test_whoever_comes_back_hears_what_he_missed_and_nothing_else(
    box: Box, kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the ring, or, where it keeps so little, from the table and then from the ring."""
    monkeypatch.setattr(ring, "EVENTS_KEPT", kept)
    monkeypatch.setattr(stream, "TABLE_ROWS_MAX", 4)
    monkeypatch.setattr(stream, "PART_EVENTS_MAX", 2)
    one = await process(box.app)
    start = one.stream()
    for _ in range(4):
        await changed(box, 5)
        await one.catch_up()
    every = await positions(start)
    assert len(every) == 20
    assert every == sorted(set(every))
    for left_off in (0, 1, 7, 12, 19):
        assert await positions(one.stream(every[left_off])) == every[left_off + 1 :]


async def test_a_process_without_a_past_reads_it_from_the_table(box: Box) -> None:
    one = await process(box.app)
    start = one.stream()
    await changed(box, 6)
    await one.catch_up()
    every = await positions(start)
    two = await another(box)  # which starts now
    assert await positions(two.stream(every[2])) == every[3:]
    box.app.ring = ring.Ring()
    unheard = await feed.load(box.app)
    await changed(box, 3)
    await feed.catch_up(box.app, unheard)  # nobody listened: the events of these were not made
    listener = Stream(box.app, Wanted(NOBODY, ALL), every[-1])
    assert len(await positions(listener)) == 3


async def test_who_listens_while_the_shelves_are_filled_anew_hears_what_was_skipped(box: Box) -> None:
    """The feed begins anew after a failure or where it fell behind; whoever had heard everything is behind it, too."""
    one = await process(box.app)
    at_the_beginning = one.stream()
    await changed(box, 2)
    await one.catch_up()
    up_to_date = one.stream()
    assert len(await positions(at_the_beginning)) == 2
    await changed(box, 3)
    one.cursor = await feed.load(box.app)
    await changed(box, 1)
    await one.catch_up()
    assert len(await positions(up_to_date)) == len(await positions(at_the_beginning)) == 4


async def test_what_is_forgotten_is_said_to_be_missed_and_one_goes_on_from_there(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.app.settings = replace(box.app.settings, changes_kept=4)
    monkeypatch.setattr(ring, "EVENTS_KEPT", 2)
    one = await process(box.app)
    start = one.stream()
    await changed(box, 12)
    await one.catch_up()
    every = await positions(start)
    assert await housekeeping.forget_changes(box.app) == 7
    old = one.stream(every[5])
    part = await old.part(0)
    assert (part.told, part.missed, part.position) == ([], True, every[-1])
    assert (
        await positions(one.stream(every[6])) == every[7:]
    )  # the last that was forgotten is missed by nobody
    await changed(box, 2)
    await one.catch_up()
    assert len(await positions(old)) == 2


async def test_what_was_forgotten_is_known_even_where_nothing_followed(box: Box) -> None:
    one = await process(box.app)
    start = one.stream().position
    await changed(box, 3)
    await box.app.db.execute("DELETE FROM change")
    two = await another(box)
    assert (await two.stream(start).part(0)).missed
    with pytest.raises(FellBehind):
        await one.catch_up()


async def test_a_place_that_never_was_is_no_place_to_go_on_from(box: Box) -> None:
    one = await process(box.app)
    for future in ((10**17, 1), (await changes.horizon(box.app), 1)):
        part = await one.stream(future).part(0)
        assert (part.missed, part.position) == (True, one.app.ring.position)


async def test_a_process_that_lags_takes_the_id_of_one_that_does_not(box: Box) -> None:
    """The listener goes from one to the other, which has not read so far yet: nothing comes twice, nothing is missed."""
    one, two = await process(box.app), await another(box)
    ahead = one.stream()
    await changed(box, 4)
    await one.catch_up()
    every = await positions(ahead)
    listener = two.stream(every[1])
    assert not (await listener.part(0)).missed
    waiting = asyncio.create_task(listener.part(5))
    await asyncio.sleep(0)
    await two.catch_up()
    assert [told.position for told in (await waiting).told] == every[2:]


async def test_one_who_reads_slowly_is_led_through_the_table_and_misses_nothing(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ring, "EVENTS_KEPT", 5)
    monkeypatch.setattr(stream, "PART_EVENTS_MAX", 3)
    monkeypatch.setattr(stream, "TABLE_ROWS_MAX", 4)
    one, dice = await process(box.app), random.Random(7)
    slow, fast = one.stream(), one.stream()
    heard: dict[Stream, list[Position]] = {slow: [], fast: []}
    for round_ in range(30):
        await changed(box, dice.randint(1, 4))
        await one.catch_up()
        for listener in (fast, *([slow] if round_ % 10 == 9 else [])):
            heard[listener] += [told.position for told in (await listener.part(0)).told]
    for listener in heard:
        heard[listener] += await positions(listener)
    assert heard[slow] == heard[fast]
    assert len(heard[slow]) == await box.app.db.value("SELECT count(*) FROM change WHERE what IS NOT NULL")


async def test_who_wants_little_of_much_still_gets_on(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """His place moves on with what he is not told, so that he need not go through it again some day."""
    monkeypatch.setattr(stream, "PART_EVENTS_MAX", 2)
    one = await process(box.app)
    await changed(box, 9)
    listener = one.stream(events=frozenset({"offer.gone"}))
    await one.catch_up()
    part = await listener.part(0)
    while part.position < one.app.ring.position:
        part = await listener.part(0)
    assert part.told == []


async def test_a_listener_is_woken_at_once_and_otherwise_in_time(box: Box) -> None:
    one = await process(box.app)
    listener, loop = one.stream(), asyncio.get_running_loop()
    began = loop.time()
    assert (await listener.part(0.05)).told == []
    assert 0.04 < loop.time() - began < 20
    waiting = asyncio.create_task(listener.part(60))
    await asyncio.sleep(0)
    await changed(box, 1)
    await one.catch_up()
    assert len((await asyncio.wait_for(waiting, 20)).told) == 1
