"""Open pages of payments: woken by what is their own, ended with their session, looked for by one task together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack

import pytest

from market.paying import Till, till
from tradepost.db import Db
from tradepost.market import feed, sessions, trades
from tradepost.market.onlookers import ALL_MAX, GONE, STOPPING, Onlooker, Onlookers
from tradepost.market.payments import Payment
from tradepost.market.presence import Program
from tradepost.rules.refusals import SwitchedOff, TooManyRequests
from tradepost.rules.trade import Leased

SECONDS = 10.0


@pytest.fixture
async def shop(db: Db) -> AsyncIterator[Till]:
    async with till(db) as made:
        follower = asyncio.create_task(feed.follow(made.app))
        await made.app.shelves_ready.wait()
        yield made
        follower.cancel()
        await asyncio.gather(follower, return_exceptions=True)


async def onlooker(shop: Till, payment: Payment, *names: str) -> Onlooker:
    """The page of a payer in a session of its own."""
    async with shop.db.transaction() as tx:
        await sessions.make(tx, shop.app.settings, payment.payer_id, "", shop.app.real_now())
    session = await shop.db.value("SELECT max(id) FROM session")
    return Onlooker(session, payment.payer_id, payment.id, frozenset(names), Program(False, True, True))


async def woken(one: Onlooker) -> None:
    async with asyncio.timeout(SECONDS):
        await one.woken.wait()
    one.woken.clear()


async def test_a_trade_wakes_the_page_of_its_payment_and_no_other(shop: Till) -> None:
    mine, theirs = await shop.link(), await shop.link()
    await shop.on_sale(mine, 100)
    (offer,) = await shop.on_sale(theirs, 100)
    onlookers, quiet, busy = Onlookers(shop.app), await onlooker(shop, mine), await onlooker(shop, theirs)
    with onlookers.looking(quiet), onlookers.looking(busy):
        await shop.buy(offer)
        await woken(busy)
        assert not quiet.woken.is_set()


async def test_a_program_that_comes_or_goes_wakes_its_sellers_page(shop: Till) -> None:
    payment = await shop.link()
    page = await onlooker(shop, payment)
    with Onlookers(shop.app).looking(page):
        await shop.db.execute("DELETE FROM presence")
        await woken(page)
        assert page.program == Program()
        await shop.box.stock.online(payment.payer_id, session_ok=False)
        await shop.db.execute("UPDATE presence SET heartbeat_at = $1", shop.app.real_now())
        await woken(page)
        assert page.program == Program(is_heard=True)


async def test_a_page_whose_session_is_over_has_to_go_and_others_stay(shop: Till) -> None:
    payment = await shop.link()
    leaving, staying = await onlooker(shop, payment), await onlooker(shop, payment)
    onlookers = Onlookers(shop.app)
    with onlookers.looking(leaving), onlookers.looking(staying):
        await shop.db.execute("DELETE FROM session WHERE id = $1", leaving.session_id)
        await woken(leaving)
        assert (leaving.why, staying.why) == (GONE, "")


async def test_an_idle_session_ends_too(shop: Till) -> None:
    page = await onlooker(shop, await shop.link())
    with Onlookers(shop.app).looking(page):
        shop.clock.tick(shop.app.settings.session_idle_days * 86_400 + 1)
        await woken(page)
        assert page.why == GONE


async def test_a_server_that_stops_lets_all_go_and_nobody_in(shop: Till) -> None:
    payment = await shop.link()
    page, onlookers = await onlooker(shop, payment), Onlookers(shop.app)
    with onlookers.looking(page):
        shop.app.ring.close("It stops.")
        await woken(page)
        assert page.why == STOPPING
        with pytest.raises(SwitchedOff):
            onlookers.refuse_too_many(page.session_id)


async def test_no_more_pages_are_looked_for_than_there_is_room(
    shop: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment, onlookers = await shop.link(), Onlookers(shop.app)
    assert ALL_MAX >= 1000
    monkeypatch.setattr("tradepost.market.onlookers.ALL_MAX", 1)
    with onlookers.looking(await onlooker(shop, payment)), pytest.raises(TooManyRequests):
        onlookers.refuse_too_many(0)
    onlookers.refuse_too_many(0)


async def test_a_trade_wakes_its_own_page_and_the_lists_of_both_its_sides(shop: Till) -> None:
    payment = await shop.link()
    (offer,) = await shop.on_sale(payment, 100)
    first = await onlooker(shop, payment)
    trade = (await shop.buy(offer)).trade.id
    pages = {
        "its": Onlooker(first.session_id, shop.buyer, trade_id=trade),
        "another": Onlooker(first.session_id, shop.buyer, trade_id=trade + 1),
        "bought": Onlooker(first.session_id, shop.buyer, all_trades=True),
        "strange": Onlooker(first.session_id, payment.payer_id, program=first.program, all_trades=True),
    }
    onlookers = Onlookers(shop.app)
    with ExitStack() as open_pages:
        for one in pages.values():
            open_pages.enter_context(onlookers.looking(one))
        for one in pages.values():
            one.woken.clear()
        async with shop.db.transaction() as tx:
            await trades.happened(tx, shop.app.settings, trade, Leased(), witness="test", now=shop.app.now())
        await woken(pages["its"])
        await woken(pages["bought"])
        assert not pages["another"].woken.is_set() and not pages["strange"].woken.is_set()
