"""What is past goes when its time has come, and not before; what money and open matters need stays."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from market.ordering import Book, a_book
from tradepost.db import Db
from tradepost.market import ledger, messages, retention
from tradepost.rules.trade import Leased, OfferSeen


@pytest.fixture
async def shop(db: Db) -> AsyncIterator[Book]:
    async with a_book(db) as made:
        made.app.settings = replace(made.app.settings, events_kept_days=30, alerts_kept_days=7)
        yield made


async def sold(shop: Book) -> int:
    """A trade that was declined on Steam; its number."""
    buyer = await shop.buyer()
    await shop.order(buyer, 150)
    offer = await shop.offer(100)
    await shop.fill()
    trade = await shop.trade_of(offer)
    await shop.happen(trade, Leased(), OfferSeen(2, str(7 * 10**9 + trade)))
    return trade


async def lines(shop: Book, trade: int) -> int:
    found: int = await shop.db.value("SELECT count(*) FROM trade_event WHERE trade_id = $1", trade)
    return found


async def test_an_old_time_line_goes_but_for_its_end(shop: Book) -> None:
    ended, under_way = await sold(shop), await sold(shop)
    await shop.happen(ended, OfferSeen(7, str(7 * 10**9 + ended)))
    before = await lines(shop, ended)
    assert await retention.forget_events(shop.app) == 0
    await shop.pass_time(31 * 86_400)
    assert await retention.forget_events(shop.app) == 1
    assert before > 1
    assert await lines(shop, ended) == 1
    assert await lines(shop, under_way) > 1
    assert await retention.forget_events(shop.app) == 0
    assert await ledger.faults(shop.db) == []


async def test_the_time_line_of_an_open_case_stays(shop: Book) -> None:
    ended = await sold(shop)
    await shop.happen(ended, OfferSeen(7, str(7 * 10**9 + ended)))
    await shop.db.execute(
        "INSERT INTO operator_case (trade_id, reason, opened_at) VALUES ($1, 'odd', $2)",
        ended,
        shop.app.now(),
    )
    await shop.pass_time(31 * 86_400)
    assert await retention.forget_events(shop.app) == 0


async def test_what_was_read_goes_and_what_was_not_stays(shop: Book) -> None:
    account = await shop.buyer()
    long_ago = shop.app.real_now() - timedelta(days=8)
    async with shop.db.transaction() as tx:
        first = await messages.send(tx, account, "read", actor_id=None, now=long_ago)
        await messages.read_up_to(tx, account, first, long_ago)
        await messages.send(tx, account, "unread", actor_id=None, now=long_ago)
    await shop.db.execute(
        "INSERT INTO operator_alert (ref, kind, text, at, due_at) VALUES ('case:1', 'case', 'x', $1, NULL),"
        " ('case:2', 'case', 'waits', $1, $1)",
        long_ago,
    )
    assert await retention.forget_told(shop.app) == 2
    assert [one.text for one in await messages.page(shop.db, account)] == ["unread"]
    assert await shop.db.value("SELECT ref FROM operator_alert") == "case:2"
