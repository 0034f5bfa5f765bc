"""Holidays: what is on sale stays where it is and cannot be bought, whoever is away, and until when."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from market.ordering import Book, a_book
from stock import wish
from tradepost.db import Db
from tradepost.market import holidays, ledger, presence, trades
from tradepost.rules.refusals import Conflicting, Malformed, SellerOffline
from tradepost.rules.trade import Deadline

DAY = 86_400


@pytest.fixture
async def book(db: Db) -> AsyncIterator[Book]:
    async with a_book(db) as found:
        yield found


async def away(book: Book, account_id: int, days: int | None = None) -> None:
    async with book.db.transaction() as tx:
        await holidays.begin(tx, account_id, book.app.now(), days)


async def buy(book: Book, buyer: int, offer: int) -> int:
    trade = await trades.buy(book.app, wish(buyer, offer, await book.stock.steamid_of(buyer)))
    return trade.id


async def test_what_one_has_on_sale_cannot_be_bought_while_he_is_away_and_is_not_ended(book: Book) -> None:
    buyer, offer = await book.buyer(), await book.offer(100)
    assert await presence.is_online(book.app, book.seller)
    await away(book, book.seller, 3)
    assert not await presence.is_online(book.app, book.seller)
    program = (await presence.programs(book.app, [book.seller]))[book.seller]
    assert program.is_away and program.is_online  # which is his program's state, and goes on
    with pytest.raises(SellerOffline):
        await buy(book, buyer, offer)
    assert await book.db.value("SELECT state FROM offer WHERE id = $1", offer) == "on_sale"
    await book.pass_time(3 * DAY)  # it is over by itself, by the market's clock
    await book.stock.online(book.seller)
    assert await holidays.current(book.db, book.seller, book.app.now()) is None
    assert await buy(book, buyer, offer)


async def test_a_holiday_without_an_end_lasts_until_it_is_ended_and_one_that_runs_can_be_changed(
    book: Book,
) -> None:
    buyer, offer = await book.buyer(), await book.offer(100)
    await away(book, book.seller)
    began = await holidays.current(book.db, book.seller, book.app.now())
    assert began is not None and began.until is None
    await book.pass_time(300 * DAY)
    with pytest.raises(SellerOffline):
        await buy(book, buyer, offer)
    await away(book, book.seller, 1)
    changed = await holidays.current(book.db, book.seller, book.app.now())
    assert changed is not None and changed.since == began.since
    assert changed.until is not None
    assert timedelta() <= book.app.now() + timedelta(days=1) - changed.until < timedelta(minutes=1)
    async with book.db.transaction() as tx:
        await holidays.end(tx, book.seller)
    await book.stock.online(book.seller)
    assert await buy(book, buyer, offer)
    for days in (0, -1, holidays.DAYS_MAX + 1):
        with pytest.raises(Malformed, match="from 1 to 365"):
            await away(book, book.seller, days)


async def test_a_merchant_who_is_away_sells_nothing_of_his_sellers_either(book: Book) -> None:
    merchant, buyer = await book.stock.person(), await book.buyer()
    offer, own = await book.offer(100, payee=merchant), await book.offer(120)
    await away(book, merchant)
    with pytest.raises(SellerOffline):
        await buy(book, buyer, offer)
    assert await buy(book, buyer, own)  # what the seller sells himself is not the merchant's


async def test_a_buy_order_waits_until_the_seller_is_back(book: Book) -> None:
    buyer, waiting = await book.buyer(), await book.buyer()
    await book.offer(100)
    await away(book, book.seller, 1)
    order = await book.order(waiting, 100)  # nobody says "buy that instead" of what nobody can buy
    await book.fill()
    assert (await book.read(order)).amount == 1
    await book.pass_time(DAY)
    await book.stock.online(book.seller)
    await book.fill()
    assert (await book.read(order)).state == "filled"
    offer = await book.offer(90)
    with pytest.raises(Conflicting, match="buy that instead"):
        await book.order(buyer, 100)
    assert await buy(book, buyer, offer)


async def test_what_was_bought_before_goes_on(book: Book) -> None:
    buyer, offer = await book.buyer(), await book.offer(100)
    trade = await buy(book, buyer, offer)
    await away(book, book.seller)
    assert await book.db.value("SELECT state FROM trade WHERE id = $1", trade) == "created"
    await book.happen(trade, Deadline())  # and who does not send it has not sent it
    assert (await ledger.wallet(book.db, buyer)).held_cents == 0
