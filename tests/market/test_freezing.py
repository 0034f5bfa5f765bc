"""A frozen account: nothing is bought, listed, ordered or paid out; what is under way comes to its end."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from market.floor import Floor
from market.ordering import Book, a_book
from stock import MARKET_NOW, Stock, moment, wish
from tradepost.db import Db
from tradepost.market import audit, buy_orders, freezing, gateways, ledger, offers
from tradepost.market.buying import Batches, Desk, Outcome
from tradepost.market.ledger import Posting
from tradepost.rules.refusals import Conflicting, Frozen, NotFound
from tradepost.rules.trade import Leased, OfferSeen, Ruled, SettlementKnown

WHY = "a chargeback is looked into"


@pytest.fixture
async def shop(db: Db) -> AsyncIterator[Book]:
    async with a_book(db) as made:
        yield made


async def freeze(shop: Book, account_id: int) -> list[int]:
    return await freezing.freeze(shop.app, account_id, actor_id=None, reason=WHY)


async def buy(shop: Book, buyer: int, offer: int) -> Outcome:
    desk = Desk(shop.db, shop.app.settings, lambda: moment(shop.app.now()))
    return await Batches().decide(desk, wish(buyer, offer, await shop.stock.steamid_of(buyer)))


async def test_a_frozen_account_buys_nothing_and_thawed_it_buys_again(shop: Book) -> None:
    buyer, offer = await shop.buyer(), await shop.offer(100)
    await freeze(shop, buyer)
    assert (await buy(shop, buyer, offer)).code == "frozen"
    await freezing.thaw(shop.app, buyer, actor_id=None, reason="all is well")
    assert (await buy(shop, buyer, offer)).code == "bought"
    (times,) = await freezing.of_account(shop.db, buyer)
    assert (times.reason, times.thawed_at is None) == (WHY, False)


async def test_what_a_frozen_seller_or_payee_has_on_sale_ends_and_is_sold_to_nobody(shop: Book) -> None:
    buyer, payee = await shop.buyer(), await shop.stock.person()
    own, through = await shop.offer(100), await shop.offer(100, payee=payee)
    assert await freeze(shop, payee) == [through]
    assert await freeze(shop, shop.seller) == [own]
    assert (await buy(shop, buyer, own)).code == "no_item"
    # One that came on sale behind the freeze's back is not sold either, and is swept away.
    late = await shop.offer(100)
    assert (await buy(shop, buyer, late)).code == "no_item"
    assert await freezing.end_offers_of_frozen(shop.app) == 1
    assert await freezing.end_offers_of_frozen(shop.app) == 0
    reasons = await shop.db.fetch("SELECT DISTINCT state, ended_reason FROM offer")
    assert [tuple(row) for row in reasons] == [("ended", freezing.ENDED)]


async def test_no_order_of_a_frozen_account_fills_and_none_is_placed(shop: Book) -> None:
    buyer = await shop.buyer()
    order = await shop.order(buyer, 100)
    await freeze(shop, buyer)
    await shop.offer(90)
    await shop.fill()
    assert await shop.bought() == []
    assert (await shop.read(order)).asleep == "refused"
    with pytest.raises(Frozen):
        await buy_orders.change(shop.app, buyer, shop.item, price_cents=200, amount=None)
    with pytest.raises(Frozen):
        await buy_orders.place(shop.app, buyer, await shop.stock.item("AWP | Asiimov (Well-Worn)"), 100, 1)


async def test_a_frozen_seller_lists_nothing(market: Floor) -> None:
    seller, (asset,) = await market.seller("AK-47 | Slate (Field-Tested)")
    await freezing.freeze(market.app, seller.id, actor_id=None, reason=WHY)
    with pytest.raises(Frozen):
        await market.list_own(seller, asset)
    merchant = await market.person()
    await market.grant(merchant, seller)
    with pytest.raises(Frozen):
        await offers.make(market.app, merchant.id, seller.steamid, [offers.Wanted(asset, "csgo", 100)])


async def test_a_frozen_merchant_locks_and_unlocks_no_reserve(shop: Book) -> None:
    merchant = await shop.stock.person(balance_cents=500)
    await gateways.open_gateway(shop.app, merchant, "https://shop.example/ipn")
    assert await gateways.fund_reserve(shop.app, merchant, 200, "one")
    await freeze(shop, merchant)
    for move in (gateways.fund_reserve, gateways.release_reserve):
        with pytest.raises(Frozen):
            await move(shop.app, merchant, 100, "two")


@pytest.mark.parametrize(("verdict", "balance_cents"), [("refund", 0), ("settle", 95)])
async def test_a_trade_under_way_comes_to_its_end(shop: Book, verdict: str, balance_cents: int) -> None:
    buyer, offer = await shop.buyer(1_000), await shop.offer(100)
    trade = (await buy(shop, buyer, offer)).trade_id
    assert trade is not None
    await freeze(shop, buyer)
    await freeze(shop, shop.seller)
    if verdict == "settle":
        await shop.happen(trade, Leased(), OfferSeen(2, "7000000001"), Ruled("deliver"))
        await shop.happen(trade, SettlementKnown(shop.app.now() + timedelta(days=7)))
        await shop.pass_time(31 * 86_400)
    await shop.happen(trade, Ruled(verdict))  # type: ignore[arg-type] # of the two
    assert (await ledger.wallet(shop.db, shop.seller)).balance_cents == balance_cents
    assert (await ledger.wallet(shop.db, buyer)).held_cents == 0


async def test_an_account_is_frozen_once_and_thawed_once(shop: Book) -> None:
    buyer = await shop.buyer()
    done = await asyncio.gather(*(freeze(shop, buyer) for _ in range(8)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in done) == ["Conflicting"] * 7 + ["list"]
    await freezing.thaw(shop.app, buyer, actor_id=None, reason="well")
    with pytest.raises(Conflicting):
        await freezing.thaw(shop.app, buyer, actor_id=None, reason="well")
    with pytest.raises(NotFound):
        await freeze(shop, 999_999)
    assert [note.deed for note in await audit.page(shop.db)] == ["account thawed", "account frozen"]


async def test_of_buys_and_a_freeze_at_once_none_comes_after_it(shop: Book) -> None:
    for _ in range(5):
        buyer = await shop.buyer()
        wanted = [await shop.offer(100) for _ in range(10)]
        outcomes = await asyncio.gather(
            *(buy(shop, buyer, offer) for offer in wanted[:5]),
            freeze(shop, buyer),
            *(buy(shop, buyer, offer) for offer in wanted[5:]),
        )
        codes = {one.code for one in outcomes if isinstance(one, Outcome)}
        assert codes <= {"bought", "frozen"}
    # That no entry came behind a freeze is what the books are checked for in the end.


@pytest.mark.broken_books
@pytest.mark.parametrize(("kind", "key"), [("reserve", "reserve:1:x"), ("payout_asked", "payout:1:asked")])
async def test_money_that_moved_while_frozen_is_found(shop: Book, kind: str, key: str) -> None:
    account = await shop.stock.person(balance_cents=500)
    await freeze(shop, account)
    assert not any("frozen" in fault for fault in await ledger.faults(shop.db))
    async with shop.db.transaction() as tx:
        legs = (Posting(account, "balance", -5), Posting(account, "reserve", 5))
        await ledger.post(tx, key, kind, legs, MARKET_NOW)
    assert any(
        "moved while it was frozen" in fault and key in fault for fault in await ledger.faults(shop.db)
    )


@pytest.mark.broken_books
async def test_a_freeze_without_its_word_is_found(db: Db) -> None:
    account = await Stock(db).person()
    await db.execute("UPDATE account SET frozen_at = $2 WHERE id = $1", account, MARKET_NOW)
    assert any("frozen without a word" in fault for fault in await ledger.faults(db))
