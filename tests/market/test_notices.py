"""Notices: told with what they tell of, tried up the ladder, delivered at least once, fair between receivers."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from box import Box, market
from market.floor import HandClock
from market.receiving import (
    BODY,
    TOLD,
    Receiver,
    answers,
    delivering,
    hangs,
    make,
    put,
    put_kind,
    receiving,
    turn,
)
from stock import purchase, wish
from tradepost import worker
from tradepost.app import App
from tradepost.db import DatabaseGone, Db
from tradepost.market import housekeeping, notices, operations, receivers, sending, settling, telling, trades
from tradepost.market.notices import NoticesQuery
from tradepost.market.operations import OperationsQuery
from tradepost.market.receivers import Kind
from tradepost.market.trade_view import TradeView
from tradepost.rules import notice
from tradepost.rules.refusals import Conflicting, Malformed, NotFound
from tradepost.rules.trade import (
    Delivered,
    Event,
    Leased,
    OfferAbsent,
    OfferSeen,
    Settled,
    SettlementKnown,
    TakenBack,
)

pytestmark = pytest.mark.sql
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
OWN = ("127.0.0.0/8",)
ACTIVE = 2


@pytest.fixture
async def box(db: Db) -> AsyncIterator[Box]:
    async with market(db, callback_networks=OWN) as found:
        found.app.clock = HandClock(real=datetime.now(UTC).replace(microsecond=0))
        yield found


@pytest.fixture(params=["webhook", "ipn"])
def kind(request: pytest.FixtureRequest) -> Kind:
    """In which of the two ways a merchant is told: most laws are those of both."""
    found: Kind = request.param
    return found


def clock(box: Box) -> HandClock:
    assert isinstance(box.app.clock, HandClock)
    return box.app.clock


async def another(box: Box, **changes: Any) -> App:
    """Another process on the same database."""
    return replace(box.app, settings=replace(box.app.settings, **changes))


async def bought(box: Box) -> tuple[int, int, TradeView]:
    """A trade: who pays, who is paid, and the trade."""
    stock = box.stock
    payee, buyer = await stock.person(), await stock.person(deposit_cents=1_000)
    await stock.online(payee)
    offer = await stock.offer(payee, 250)
    return (
        buyer,
        payee,
        await purchase(box.app, wish(buyer, offer, await stock.steamid_of(buyer), custom_id="a 1")),
    )


async def happened(box: Box, view: TradeView, event: Event) -> None:
    async with box.app.db.transaction() as tx:
        decision = await trades.happened(
            tx, box.app.settings, view.trade.id, event, witness="test", now=box.app.now()
        )
    assert decision.refused is None, decision.refused


async def shown(box: Box, account_id: int) -> dict[str, Any]:
    """The newest row of an account's list of operations, as JSON."""
    found, _ = await operations.operations(
        box.app, account_id, OperationsQuery(kinds=("buy", "sell"), limit=1)
    )
    row: dict[str, Any] = json.loads(json.dumps(telling.row(found[0].kind, found[0].view, box.app.now())))
    return row


async def state_of(box: Box, id_: int) -> tuple[str, int]:
    rows = await box.app.db.fetch("SELECT state, attempts FROM notice WHERE id = $1", id_)
    return rows[0]["state"], rows[0]["attempts"]


# Told --------------------------------------------------------------------------------------------------------


async def test_both_sides_are_told_of_a_whole_life_and_see_what_their_lists_show(box: Box) -> None:
    stock, app = box.stock, box.app
    payee, buyer = await stock.person(), await stock.person(deposit_cents=1_000)
    await stock.online(payee)
    offer = await stock.offer(payee, 250)
    async with receiving() as of_buyer, receiving() as of_payee:
        secrets = {
            buyer: (await put(app, buyer, of_buyer.url)).secret,
            payee: (await put(app, payee, of_payee.url)).secret,
        }
        view = await purchase(app, wish(buyer, offer, await stock.steamid_of(buyer), custom_id="a 1"))
        expected = {buyer: [await shown(box, buyer)], payee: [await shown(box, payee)]}
        clock(box).tick(60)
        events: list[Event] = [Leased(), OfferSeen(ACTIVE, "123"), Delivered("777")]
        events += [SettlementKnown(app.now() + 7 * DAY)]
        for event in events:
            await happened(box, view, event)
            if not isinstance(event, Leased):
                expected[buyer].append(await shown(box, buyer))
                expected[payee].append(await shown(box, payee))
        clock(box).offset += 8 * DAY
        await happened(box, view, Settled())
        expected[buyer].append(await shown(box, buyer))
        expected[payee].append(await shown(box, payee))
        while await turn(app):
            pass
    kinds = ["trade.created", "trade.sent", "trade.accepted", "trade.protected", "trade.finished"]
    for account, receiver in ((buyer, of_buyer), (payee, of_payee)):
        secret = secrets[account]
        assert secret is not None
        told = [one.verified(secret) for one in receiver.received]
        assert [one["type"] for one in told] == kinds
        assert [one["data"] for one in told] == expected[account]
        assert [one["timestamp"][-1] for one in told] == ["Z"] * 5
        assert len(set(receiver.names)) == 5
    assert {one["data"]["custom_id"] for one in (json.loads(r.body) for r in of_payee.received)} == {None}
    assert not set(of_buyer.names) & set(of_payee.names)


@pytest.mark.parametrize(
    ("events", "last"),
    [
        ([Leased(), OfferAbsent()], None),  # from sending back to created: nothing new to tell
        ([Leased(), OfferSeen(ACTIVE, "1"), OfferSeen(7, "1")], "trade.cancelled"),
        ([Leased(), OfferSeen(ACTIVE, "1"), Delivered("7"), TakenBack("seller")], "trade.reversed"),
    ],
)
async def test_a_trade_that_goes_wrong_is_told_too(box: Box, events: list[Event], last: str | None) -> None:
    async with receiving() as receiver:
        buyer, _, view = await bought(box)
        await put(box.app, buyer, receiver.url, *(set(notice.TYPES) - {"trade.created"}))
        for event in events:
            await happened(box, view, event)
        while await turn(box.app):
            pass
    types = [json.loads(one.body)["type"] for one in receiver.received]
    assert (types[-1] if types else None) == last
    assert json.loads(receiver.received[-1].body)["data"] == await shown(box, buyer) if last else not types


async def test_without_a_webhook_that_wants_it_nothing_is_written(box: Box) -> None:
    _, payee, view = await bought(box)
    await put(box.app, payee, "http://127.0.0.1:9/", "trade.finished", "trade.cancelled")
    for event in (Leased(), OfferSeen(ACTIVE, "1"), Delivered("7")):
        await happened(box, view, event)
    assert await box.app.db.value("SELECT count(*) FROM notice") == 0


async def test_a_notice_is_written_with_what_it_tells_or_not_at_all(box: Box) -> None:
    buyer, _, view = await bought(box)
    await put(box.app, buyer, "http://127.0.0.1:9/")
    await happened(box, view, Leased())
    with pytest.raises(RuntimeError, match="the lights went out"):
        async with box.app.db.transaction() as tx:
            await trades.happened(
                tx, box.app.settings, view.trade.id, OfferSeen(ACTIVE, "1"), witness="test", now=box.app.now()
            )
            assert await tx.value("SELECT count(*) FROM notice") == 1
            raise RuntimeError("the lights went out")
    assert await box.app.db.value("SELECT count(*) FROM notice") == 0


async def test_a_purchase_that_is_told_late_is_told_as_it_was(box: Box) -> None:
    stock = box.stock
    payee, buyer = await stock.person(), await stock.person(deposit_cents=1_000)
    await stock.online(payee)
    async with receiving() as receiver:
        await put(box.app, buyer, receiver.url, "trade.created")
        view = await purchase(box.app, wish(buyer, await stock.offer(payee), await stock.steamid_of(buyer)))
        then = await shown(box, buyer)
        for event in (Leased(), OfferSeen(ACTIVE, "1"), Delivered("7"), TakenBack("seller")):
            await happened(box, view, event)
        assert await shown(box, buyer) != then
        await turn(box.app)
    assert [json.loads(one.body)["data"] for one in receiver.received] == [then]


async def test_who_sells_to_himself_is_told_once_as_the_buyer(box: Box) -> None:
    stock = box.stock
    merchant, seller, user = (
        await stock.person(deposit_cents=1_000),
        await stock.person(),
        await stock.person(),
    )
    await box.app.db.execute("UPDATE account SET may_trade_with_self = true WHERE id = $1", merchant)
    await stock.online(seller)
    offer = await stock.offer(seller, payee_id=merchant)
    await put(box.app, merchant, "http://127.0.0.1:9/")
    view = await purchase(box.app, wish(merchant, offer, await stock.steamid_of(user)))
    await happened(box, view, Leased())
    await happened(box, view, OfferSeen(ACTIVE, "1"))
    found, total = await notices.page(box.app, merchant, NoticesQuery())
    assert total == 2 and [one.type for one, _ in found] == ["trade.sent", "trade.created"]
    assert found[0][0].payload is not None and json.loads(found[0][0].payload)["data"]["type"] == "buy"


async def nothing_is_due_before(box: Box, wait: timedelta) -> None:
    """Let so much of the market's time pass, and see that nothing was due a second earlier."""
    if wait:
        clock(box).offset += wait - timedelta(seconds=1)
        assert await turn(box.app) == []
        clock(box).offset += timedelta(seconds=1)


# The ladder --------------------------------------------------------------------------------------------------


async def test_a_receiver_that_fails_is_tried_eight_times_as_the_ladder_says(box: Box, kind: Kind) -> None:
    merchant, start = await box.stock.person(), box.app.now()
    async with receiving(answers(500, b"<h1>oh\x00no</h1>")) as receiver:
        secret = await put_kind(box.app, merchant, receiver.url, kind)
        (id_,) = await make(box.app.db, merchant, start, kind=kind)
        for wait in (timedelta(0), *notice.LADDER):
            await nothing_is_due_before(box, wait)
            assert len(await turn(box.app)) == 1
        assert box.app.now() - start == timedelta(hours=33, minutes=57)
        assert await state_of(box, id_) == ("set_aside", 8)
        clock(box).offset += 30 * DAY
        assert await turn(box.app) == []
    assert len(receiver.received) == 8 and len(set(receiver.names)) == 1
    assert {one.content for one in receiver.received} == {BODY[kind]}
    assert [one.verified(secret) for one in receiver.received] == [TOLD[kind]] * 8
    ((_, attempts),), _ = await notices.page(box.app, merchant, NoticesQuery())
    assert [one.no for one in attempts] == list(range(1, 9))
    assert attempts[-1].at - attempts[0].at == timedelta(hours=33, minutes=57)
    first = attempts[0]
    request = f"POST {receiver.url}" if kind == "webhook" else f"GET {receiver.url}?{BODY[kind].decode()}"
    assert (first.status, first.answer, first.request) == (500, "<h1>oh no</h1>", request)
    assert first.fault is not None and "500" in first.fault and first.milliseconds is not None


@pytest.mark.parametrize("status", [302, 400, 404, 410, 429, 503])
async def test_no_answer_changes_the_ladder(box: Box, kind: Kind, status: int) -> None:
    """A 410 turns nothing off, a Retry-After puts nothing off: the next attempt comes in a minute."""
    merchant = await box.stock.person()
    async with receiving(answers(status, head="Retry-After: 86400\r\nLocation: /elsewhere\r\n")) as receiver:
        await put_kind(box.app, merchant, receiver.url, kind)
        (id_,) = await make(box.app.db, merchant, box.app.now(), kind=kind)
        await turn(box.app)
        clock(box).offset += MINUTE
        receiver.behaviour = answers()
        await turn(box.app)
        assert await state_of(box, id_) == ("delivered", 2)
        assert [one.called for one in receiver.received] == ["/notices"] * 2


async def test_a_jump_of_the_clock_brings_one_attempt_not_eight(box: Box, kind: Kind) -> None:
    merchant = await box.stock.person()
    async with receiving(answers(500)) as receiver:
        await put_kind(box.app, merchant, receiver.url, kind)
        (id_,) = await make(box.app.db, merchant, box.app.now(), kind=kind)
        clock(box).offset += 7 * DAY
        assert len(await turn(box.app)) == 1 and await turn(box.app) == []
        assert await state_of(box, id_) == ("waiting", 1)


async def test_the_signature_has_real_time_wherever_the_market_s_clock_is(box: Box, kind: Kind) -> None:
    merchant = await box.stock.person()
    async with receiving() as receiver:
        secret = await put_kind(box.app, merchant, receiver.url, kind)
        clock(box).offset += 300 * DAY
        await make(box.app.db, merchant, box.app.now(), kind=kind)
        await turn(box.app)
    assert receiver.received[0].verified(secret) == TOLD[kind]


# Crashes and other workers -----------------------------------------------------------------------------------


async def test_a_worker_that_dies_after_sending_leaves_a_repeat_under_the_same_name(
    box: Box, kind: Kind
) -> None:
    merchant = await box.stock.person()
    async with receiving() as receiver:
        await put_kind(box.app, merchant, receiver.url, kind)
        (id_,) = await make(box.app.db, merchant, box.app.now(), kind=kind)
        (claimed,) = await sending.claim(box.app)
        assert (await sending.send(box.app, claimed)).fault is None  # and here it dies
        clock(box).offset += DAY
        assert await sending.claim(box.app) == []  # it may still be at it, whatever the sandbox's clock says
        clock(box).tick(sending.HAND_SECONDS + 1)
        assert len(await turn(box.app)) == 1
        assert await state_of(box, id_) == ("delivered", 2)
    assert len(receiver.names) == 2 and len(set(receiver.names)) == 1
    ((_, attempts),), _ = await notices.page(box.app, merchant, NoticesQuery())
    assert [one.milliseconds is None for one in attempts] == [True, False]  # how the first ended nobody knows


async def test_a_worker_that_dies_at_the_last_attempt_leaves_a_notice_set_aside(box: Box, kind: Kind) -> None:
    merchant = await box.stock.person()
    await put_kind(box.app, merchant, "http://127.0.0.1:9/", kind)
    (id_,) = await make(box.app.db, merchant, box.app.now(), kind=kind)
    await box.app.db.execute("UPDATE notice SET attempts = 7")
    assert len(await sending.claim(box.app)) == 1
    assert await sending.set_aside_left(box.app) == 0  # somebody has it in his hand
    clock(box).tick(sending.HAND_SECONDS + 1)
    assert await sending.claim(box.app) == []
    assert await sending.set_aside_left(box.app) == 1
    assert await state_of(box, id_) == ("set_aside", 8)


async def test_what_is_settled_late_does_not_disturb_a_later_attempt(box: Box, kind: Kind) -> None:
    merchant = await box.stock.person()
    async with receiving(answers(500)) as receiver:
        await put_kind(box.app, merchant, receiver.url, kind)
        (id_,) = await make(box.app.db, merchant, box.app.now(), kind=kind)
        (first,) = await sending.claim(box.app)
        failed = await sending.send(box.app, first)
        clock(box).tick(sending.HAND_SECONDS + 60)
        (second,) = await sending.claim(box.app)
        await settling.settle(box.app, [(first, failed)])
        assert await box.app.db.value("SELECT in_hand_until FROM notice WHERE id = $1", id_) is not None
        await settling.settle(box.app, [(second, replace(failed, status=200, fault=None))])
        await settling.settle(box.app, [(first, failed)])
        assert await state_of(box, id_) == ("delivered", 2)


async def test_two_workers_send_each_notice_once_and_few_at_a_time(box: Box, kind: Kind, db: Db) -> None:
    merchants = [await box.stock.person() for _ in range(3)]

    async def slowly(request: Any, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.02)
        await answers()(request, writer)

    box.app.clock = HandClock(real=datetime.now(UTC))
    async with receiving(slowly) as receiver:
        for merchant in merchants:
            await put_kind(box.app, merchant, f"{receiver.url}/{merchant}", kind)
            await make(db, merchant, box.app.now(), 40, kind=kind)
        async with delivering(box.app, await another(box)):
            async with asyncio.timeout(20):
                while await db.value("SELECT count(*) FROM notice WHERE state = 'waiting'"):
                    await asyncio.sleep(0.05)
    assert Counter(receiver.names).most_common(1)[0][1] == 1 and len(receiver.names) == 120
    assert set(receiver.most_at_once.values()) <= {2, 3, sending.EACH_AT_ONCE}
    assert await db.value("SELECT count(*) FROM notice WHERE state = 'delivered' AND attempts = 1") == 120


async def test_claims_at_the_same_moment_share_the_places_of_a_receiver(box: Box, kind: Kind, db: Db) -> None:
    merchant = await box.stock.person()
    await put_kind(box.app, merchant, "http://127.0.0.1:9/", kind)
    await make(db, merchant, box.app.now(), 50, kind=kind)
    claims = await asyncio.gather(*(sending.claim(box.app) for _ in range(8)))
    names = [one.name for found in claims for one in found]
    assert len(names) == len(set(names)) == sending.EACH_AT_ONCE


async def test_calls_under_way_take_places_from_the_next_claim(box: Box, kind: Kind, db: Db) -> None:
    merchant = await box.stock.person()
    await put_kind(box.app, merchant, "http://127.0.0.1:9/", kind)
    await make(db, merchant, box.app.now(), 3, kind=kind)
    assert len(await sending.claim(box.app)) == 3
    await make(db, merchant, box.app.now(), 9, kind=kind)
    assert len(await sending.claim(box.app)) == 1 and await sending.claim(box.app) == []


async def test_the_worker_sends_notices_beside_its_chores_and_stops_when_told(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "STOP_SECONDS", 0.5)
    merchant = await box.stock.person()
    box.app.clock = HandClock(real=datetime.now(UTC))
    async with receiving() as receiver:
        await put(box.app, merchant, receiver.url)
        stop = asyncio.Event()
        task = asyncio.create_task(worker.work(box.app, stop))
        made, _ = await notices.ping(box.app, merchant)
        await asyncio.wait_for(receiver.one_came.wait(), 10)
        receiver.one_came.clear()
        receiver.behaviour = hangs
        await notices.ping(box.app, merchant)
        await asyncio.wait_for(receiver.one_came.wait(), 10)
        stop.set()
        await asyncio.wait_for(task, sending.STOP_SECONDS + 10)
        found, _ = await notices.page(box.app, merchant, NoticesQuery())
    assert [one.state for one, _ in found] == ["waiting", "delivered"] and found[1][0].id == made.id
    assert found[0][1][0].milliseconds is None  # cut off: how it ended nobody knows


async def make_at_last(db: Db, account_id: int, now: datetime, kind: Kind) -> None:
    """Notices made over connections that were cut a moment ago, some of which do not know it yet."""
    while True:
        with suppress(DatabaseGone):
            await make(db, account_id, now, 4, kind=kind)
            return


async def test_a_database_that_goes_away_for_a_moment_loses_no_notice(box: Box, kind: Kind, db: Db) -> None:
    merchant = await box.stock.person()
    box.app.clock = HandClock(real=datetime.now(UTC))
    async with receiving() as receiver:
        await put_kind(box.app, merchant, receiver.url, kind)
        async with delivering(box.app):
            for _ in range(5):
                async with asyncio.timeout(10):
                    await make_at_last(db, merchant, box.app.now(), kind)
                    await receiver.one_came.wait()
                    receiver.one_came.clear()
                # All connections of this database are cut, and with them whatever was being claimed or settled.
                with suppress(DatabaseGone):
                    await db.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                    )
                clock(box).tick(sending.HAND_SECONDS + 1)
        for _ in range(3):
            clock(box).tick(sending.HAND_SECONDS + 240)
            await turn(box.app)
            await turn(box.app)
    made: int = await db.value("SELECT count(*) FROM notice")
    assert await db.value("SELECT count(*) FROM notice WHERE state = 'delivered'") == made >= 20
    assert len(set(receiver.names)) == made


# Fairness ----------------------------------------------------------------------------------------------------


async def test_a_hundred_receivers_that_hang_do_not_delay_a_healthy_one(
    box: Box, kind: Kind, db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "STOP_SECONDS", 0.5)
    box.app.clock = HandClock(real=datetime.now(UTC))
    dead = [await box.stock.person() for _ in range(100)]
    healthy = await box.stock.person()
    async with receiving(hangs) as hanging, receiving() as receiver:
        for merchant in dead:
            await put_kind(box.app, merchant, f"{hanging.url}/{merchant}", kind)
            await make(db, merchant, box.app.now() - DAY, 10, kind=kind)
        await put_kind(box.app, healthy, receiver.url, kind)
        async with delivering(box.app):
            async with asyncio.timeout(10):
                while sum(hanging.under_way.values()) < 300:  # they hang indeed
                    await asyncio.sleep(0.05)
            waits = []
            for _ in range(5):
                receiver.one_came.clear()
                began = asyncio.get_running_loop().time()
                await make(db, healthy, box.app.now(), kind=kind)
                async with asyncio.timeout(10):
                    await receiver.one_came.wait()
                waits.append(asyncio.get_running_loop().time() - began)
            stopping = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - stopping < sending.STOP_SECONDS + 2
    assert max(waits) < 2, waits
    assert max(hanging.most_at_once.values()) <= sending.EACH_AT_ONCE


async def test_a_receiver_that_gave_no_answer_has_one_place_until_it_answers(
    box: Box, kind: Kind, db: Db
) -> None:
    merchant = await box.stock.person()
    async with receiving() as receiver:
        await put_kind(box.app, merchant, "http://127.0.0.1:9/", kind)  # nobody listens there
        await make(db, merchant, box.app.now(), 10, kind=kind)
        assert len(await turn(box.app)) == 4
        found = await receivers.read(db, merchant, kind)
        assert found is not None and found.silent_at is not None
        assert len(await sending.claim(box.app)) == 1 and await sending.claim(box.app) == []
        clock(box).tick(sending.HAND_SECONDS + 1)
        await put_kind(box.app, merchant, receiver.url, kind)  # another address begins anew
        assert len(await turn(box.app)) == 4


async def test_silent_receivers_leave_places_to_the_others(box: Box, kind: Kind, db: Db) -> None:
    merchants = [await box.stock.person() for _ in range(6)]
    for merchant in merchants:
        await put_kind(box.app, merchant, "http://127.0.0.1:9/", kind)
        await make(db, merchant, box.app.now() - DAY * (merchant != merchants[5]), 3, kind=kind)
    await db.execute("UPDATE receiver SET silent_at = $1 WHERE account_id <> $2", box.app.now(), merchants[5])
    claimed = await sending.claim(box.app, silent_places=2)
    assert Counter(one.was_silent for one in claimed) == {False: 3, True: 2}
    assert [one.account_id for one in claimed if not one.was_silent] == [merchants[5]] * 3


async def test_where_it_gets_crowded_everybody_has_one_place(box: Box, kind: Kind, db: Db) -> None:
    merchants = [await box.stock.person() for _ in range(5)]
    for merchant in merchants:
        await put_kind(box.app, merchant, "http://127.0.0.1:9/", kind)
        await make(db, merchant, box.app.now(), 5, kind=kind)
    claimed = await sending.claim(box.app, places=4)
    assert len({one.account_id for one in claimed}) == len(claimed) == 4


async def test_of_few_places_everybody_has_one_before_anybody_has_two(
    box: Box, kind: Kind, db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "AT_ONCE", 10)  # so that six places are no crowd
    merchants = [await box.stock.person() for _ in range(5)]
    for merchant in merchants:
        await put_kind(box.app, merchant, "http://127.0.0.1:9/", kind)
        await make(db, merchant, box.app.now(), 5, kind=kind)
    claimed = await sending.claim(box.app, places=6)
    assert sorted(Counter(one.account_id for one in claimed).values()) == [1, 1, 1, 1, 2]


# By hand -----------------------------------------------------------------------------------------------------


async def test_a_notice_that_was_set_aside_goes_up_the_whole_ladder_anew(box: Box, db: Db) -> None:
    merchant = await box.stock.person()
    async with receiving(answers(500)) as receiver:
        await put(box.app, merchant, receiver.url)
        (id_,) = await make(db, merchant, box.app.now())
        await db.execute(
            "UPDATE notice SET attempts = 8, state = 'set_aside', due_at = NULL, ended_at = $1", box.app.now()
        )
        again, _ = await notices.resend(box.app, merchant, id_)
        assert (again.state, again.attempts_most) == ("waiting", 16)
        for wait in (timedelta(0), *notice.LADDER):
            await nothing_is_due_before(box, wait)
            assert len(await turn(box.app)) == 1
        assert await state_of(box, id_) == ("set_aside", 16)
        receiver.behaviour = answers()
        await notices.resend(box.app, merchant, id_)
        await turn(box.app)
        assert await state_of(box, id_) == ("delivered", 17)
        await notices.resend(box.app, merchant, id_)  # a receiver that lost its data asks for it again
        await turn(box.app)
        assert await state_of(box, id_) == ("delivered", 18)
    assert len(set(receiver.names)) == 1


async def test_a_notice_that_waits_is_hastened_and_keeps_its_place_on_the_ladder(box: Box, db: Db) -> None:
    merchant = await box.stock.person()
    async with receiving(answers(500)) as receiver:
        await put(box.app, merchant, receiver.url)
        (id_,) = await make(db, merchant, box.app.now())
        await turn(box.app)
        assert await turn(box.app) == []
        again, attempts = await notices.resend(box.app, merchant, id_)
        assert again.due_at == box.app.now() and len(attempts) == 1
        assert len(await turn(box.app)) == 1
        assert await db.value("SELECT due_at FROM notice") == box.app.now() + notice.LADDER[1]


async def test_another_s_notice_is_nobody_s(box: Box, db: Db) -> None:
    merchant, stranger = await box.stock.person(), await box.stock.person()
    await put(box.app, merchant, "http://127.0.0.1:9/")
    await put(box.app, stranger, "http://127.0.0.1:9/")
    (id_,) = await make(db, merchant, box.app.now())
    for asked in (id_, id_ + 1):
        with pytest.raises(NotFound, match="no such notice"):
            await notices.resend(box.app, stranger, asked)
    assert await notices.page(box.app, stranger, NoticesQuery(ids=(id_,))) == ([], 0)


async def test_a_test_notice_is_tried_once_and_few_are_sent_a_minute(box: Box, db: Db) -> None:
    merchant = await box.stock.person()
    with pytest.raises(NotFound):
        await notices.ping(box.app, merchant)
    async with receiving(answers(500)) as receiver:
        secret = (await put(box.app, merchant, receiver.url)).secret
        made, _ = await notices.ping(box.app, merchant)
        await turn(box.app)
        assert await state_of(box, made.id) == ("set_aside", 1)
        assert secret is not None and receiver.received[0].verified(secret)["type"] == "ping"
        for _ in range(notices.PINGS_MAX - 1):
            await notices.ping(box.app, merchant)
        with pytest.raises(Conflicting):
            await notices.ping(box.app, merchant)
        await turn(box.app)
        with pytest.raises(Conflicting):  # none waits, and yet they were many
            await notices.ping(box.app, merchant)
        box.app.clock.offset += notices.PING_SPAN
        await notices.ping(box.app, merchant)


# Receivers and their secrets ---------------------------------------------------------------------------------


async def test_a_webhook_that_is_removed_is_told_no_more(box: Box, db: Db) -> None:
    merchant = await box.stock.person()
    async with receiving() as receiver:
        await put(box.app, merchant, receiver.url)
        first, second = await make(db, merchant, box.app.now(), 2)
        (claimed, _) = await sending.claim(box.app)
        assert await receivers.remove(box.app, merchant) == 2
        await settling.settle(box.app, [(claimed, await sending.send(box.app, claimed))])  # it was under way
        assert await state_of(box, first) == ("set_aside", 1) and await state_of(box, second) == (
            "set_aside",
            1,
        )
        (late,) = await make(db, merchant, box.app.now())  # written by one who still saw the webhook
        assert await turn(box.app) == []
        assert await sending.set_aside_left(box.app) == 1
        assert await state_of(box, late) == ("set_aside", 0)
        with pytest.raises(NotFound):
            await notices.resend(box.app, merchant, first)
        with pytest.raises(NotFound):
            await receivers.remove(box.app, merchant)


async def test_what_waits_goes_to_the_address_that_stands_now(box: Box, kind: Kind, db: Db) -> None:
    merchant = await box.stock.person()
    async with receiving(answers(500)) as old, receiving() as new:
        first = await put_kind(box.app, merchant, old.url, kind)
        (id_,) = await make(db, merchant, box.app.now(), kind=kind)
        await turn(box.app)
        second = await put_kind(box.app, merchant, new.url, kind)
        assert first and not second
        clock(box).offset += MINUTE
        await turn(box.app)
        assert await state_of(box, id_) == ("delivered", 2)
        assert new.received[0].verified(first) == TOLD[kind]


async def test_a_replaced_secret_signs_as_well_for_a_day(box: Box, db: Db) -> None:
    merchant = await box.stock.person()
    async with receiving() as receiver:
        secrets = [(await put(box.app, merchant, receiver.url)).secret]
        for _ in range(2):
            secrets.append((await put(box.app, merchant, receiver.url, rotate=True)).secret)
        await make(db, merchant, box.app.now())
        await turn(box.app)
        assert accepted_by(receiver, secrets) == [False, True, True]
        clock(box).offset += 2 * DAY  # the market's clock does not end it
        await make(db, merchant, box.app.now())
        await turn(box.app)
        assert accepted_by(receiver, secrets) == [False, True, True]
        await db.execute("UPDATE receiver SET old_secret_until = $1", box.app.real_now())
        await make(db, merchant, box.app.now())
        await turn(box.app)
        assert accepted_by(receiver, secrets) == [False, False, True]


def accepted_by(receiver: Receiver, secrets: list[str | None]) -> list[bool]:
    found = []
    for secret in secrets:
        assert secret is not None
        try:
            receiver.received[-1].verified(secret)
        except Exception:
            found.append(False)
        else:
            found.append(True)
    return found


async def test_two_who_set_it_at_once_leave_one_webhook_with_one_secret(box: Box) -> None:
    merchant = await box.stock.person()
    done = await asyncio.gather(*(put(box.app, merchant, f"http://127.0.0.1:9/{n}") for n in range(8)))
    assert len([one for one in done if one.secret is not None]) == 1


async def test_an_address_that_is_not_called_is_not_saved(box: Box) -> None:
    merchant = await box.stock.person()
    strict = await another(box, callback_networks=())
    for url in (
        "http://127.0.0.1:9/",
        "https://10.0.0.1/",
        "https://2130706433/",
        "https://localhost/",
        "nonsense",
    ):
        with pytest.raises(Malformed) as refused:
            await put(strict, merchant, url)
        assert refused.value.field == "url"
    assert await receivers.read(box.app.db, merchant) is None


async def test_an_address_that_was_fine_when_it_was_saved_is_judged_when_it_is_called(
    box: Box, kind: Kind, db: Db
) -> None:
    merchant = await box.stock.person()
    async with receiving() as receiver:
        await put_kind(box.app, merchant, receiver.url, kind)
        await make(db, merchant, box.app.now(), kind=kind)
        strict = await another(box, callback_networks=())
        ((_, outcome),) = await turn(strict)
        assert outcome.status is None and outcome.fault is not None and "not called any more" in outcome.fault
        assert receiver.received == []


async def test_a_secret_that_our_keys_do_not_open_is_told_and_can_be_rotated_away(box: Box, db: Db) -> None:
    merchant = await box.stock.person()
    async with receiving() as receiver:
        await put(box.app, merchant, receiver.url)
        (id_,) = await make(db, merchant, box.app.now())
        await db.execute("UPDATE receiver SET secret = 'lost:'::bytea || substring(secret from 6)")
        ((_, outcome),) = await turn(box.app)
        assert outcome.fault == sending.NO_SECRET and receiver.received == []
        fresh = await put(box.app, merchant, receiver.url, rotate=True)
        clock(box).offset += MINUTE
        await turn(box.app)
        assert await state_of(box, id_) == ("delivered", 2)
        assert fresh.secret is not None
        receiver.received[0].verified(fresh.secret)


# Kept, and forgotten -----------------------------------------------------------------------------------------


async def test_notices_are_forgotten_when_they_ended_long_ago(box: Box, db: Db) -> None:
    merchant = await box.stock.person()
    async with receiving() as receiver:
        await put(box.app, merchant, receiver.url)
        await make(db, merchant, box.app.now())
        await turn(box.app)
    clock(box).offset += box.app.settings.notices_kept_days * DAY
    await make(db, merchant, box.app.now() - 400 * DAY)  # old, but it waits
    assert await housekeeping.forget_notices(box.app) == 0
    clock(box).tick(1)
    assert await housekeeping.forget_notices(box.app) == 1
    assert await db.value("SELECT count(*) FROM notice_attempt") == 0
    assert await db.value("SELECT count(*) FROM notice") == 1


async def test_a_page_of_notices_is_filtered_and_newest_first(box: Box, db: Db) -> None:
    merchant = await box.stock.person()
    await put(box.app, merchant, "http://127.0.0.1:9/")
    start = box.app.now()
    old = await make(db, merchant, start - DAY, 3)
    new = await make(db, merchant, start, 2)
    await db.execute("UPDATE notice SET type = 'ping' WHERE id = $1", new[0])
    await db.execute(
        "UPDATE notice SET state = 'set_aside', due_at = NULL, ended_at = $2 WHERE id = $1", old[0], start
    )

    async def ids(**query: Any) -> list[int]:
        found, total = await notices.page(box.app, merchant, NoticesQuery(**query))
        assert total >= len(found)
        return [one.id for one, _ in found]

    assert await ids() == [*reversed(new), *reversed(old)]
    assert await ids(states=("set_aside",)) == [old[0]]
    assert await ids(types=("ping",)) == [new[0]]
    assert await ids(time_from=start) == [*reversed(new)] and await ids(time_to=start - DAY) == [
        *reversed(old)
    ]
    assert await ids(ids=(old[1], 10**18)) == [old[1]]
    assert await ids(limit=2, offset=1) == [new[0], old[2]]


async def test_a_webhook_that_is_removed_while_it_is_set_is_a_new_one(box: Box) -> None:
    db, account = box.app.db, await box.stock.person()
    first = await receivers.put(box.app, account, "https://shop.example/", notice.TYPES)
    async with db.transaction() as tx:
        await tx.execute("SELECT 1 FROM receiver WHERE account_id = $1 FOR UPDATE", account)
        setting = asyncio.create_task(receivers.put(box.app, account, "https://shop.example/2", notice.TYPES))
        while not await db.value("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            await asyncio.sleep(0.01)
        await tx.execute("DELETE FROM receiver WHERE account_id = $1", account)
    second = await setting
    assert second.receiver.url == "https://shop.example/2"
    assert second.secret and second.secret != first.secret
    assert (await receivers.put(box.app, account, "https://shop.example/3", notice.TYPES)).secret is None
