"""Looks for a delivery on a real inventory page: what a seller names is the sold item, or it pays him nothing."""

import asyncio

import pytest

from market.floor import Floor
from stock import purchase, wish
from tradepost import worker
from tradepost.market import cases, ledger, presence, trades, witness
from tradepost.market.trade_view import TradeView
from tradepost.market.users import Account
from tradepost.rules.trade import Delivered, Event, Leased, LookFailed, OfferSeen, State
from tradepost.worker import Claim

pytestmark = pytest.mark.sql
CASE = "Fracture Case"  # no two of them can be told apart


async def a_buyer(market: Floor) -> Account:
    buyer = await market.person()
    async with market.db.transaction() as tx:
        await ledger.deposit(tx, buyer.id, 1_000, f"test-{buyer.id}", market.app.now())
    return buyer


async def sold_case(market: Floor, buyer: Account) -> tuple[Account, TradeView]:
    """A case that its seller sold and sent, after a look at what the buyer has; nobody accepted it."""
    app, seller = market.app, await market.person()
    await market.price(100, CASE)
    [assetid] = await market.give(seller, CASE, commodity=True)
    [offer_id] = await market.list_own(seller, assetid)
    async with market.db.transaction() as tx:
        await presence.heard(tx, seller.id, app.real_now(), session_ok=True, blocking=None)
        await presence.scanned(tx, seller.id, "csgo", app.real_now(), complete=True)
    await market.db.execute("UPDATE account SET trade_token = 'tokenabc' WHERE id = $1", seller.id)
    view = await purchase(app, wish(buyer.id, offer_id, buyer.steamid))
    await witness.remember_before(app, view)
    await happens(market, view, Leased())
    await happens(market, view, OfferSeen(2, str(7_000_000_000 + view.trade.id)))
    return seller, view


async def happens(market: Floor, view: TradeView, event: Event, **detail: str) -> None:
    async with market.db.transaction() as tx:
        decision = await trades.happened(
            tx, market.app.settings, view.trade.id, event, witness="seller_agent:home", now=market.app.now(),
            detail=detail,
        )  # fmt: skip
    assert decision.refused is None


async def claims(market: Floor, view: TradeView, new_assetid: str) -> TradeView:
    """The seller's program says that the buyer accepted, and what his new asset is called."""
    seen = OfferSeen(3, str(7_000_000_000 + view.trade.id))
    await happens(market, view, seen, new_assetid=new_assetid)
    return await read(market, view)


async def read(market: Floor, view: TradeView) -> TradeView:
    found = await trades.read(market.db, view.trade.id)
    assert found is not None
    return found


async def test_a_case_from_elsewhere_is_no_delivery_while_the_sold_one_is_where_it_was(
    market: Floor,
) -> None:
    buyer = await a_buyer(market)
    seller, view = await sold_case(market, buyer)
    [other] = await market.give(buyer, CASE, commodity=True)
    view = await claims(market, view, other)
    assert await witness.delivery(market.app, view) == LookFailed(
        "the item is still in the seller's inventory"
    )
    await market.take(seller, view.assetid)
    assert await witness.delivery(market.app, view) == Delivered(other)


async def test_a_seller_who_hides_his_inventory_waits_until_an_operator_is_asked(market: Floor) -> None:
    app, buyer = market.app, await a_buyer(market)
    seller, view = await sold_case(market, buyer)
    await market.take(seller, view.assetid)
    [new] = await market.give(buyer, CASE, commodity=True)
    await market.sim.control("POST", f"/_sim/users/{seller.steamid}", {"private": True})
    view = await claims(market, view, new)
    for _ in range(20):
        assert await worker.attend(app) == 1
        market.clock.tick(601)
        if found := await cases.open_cases(app):
            break
    [case] = found
    assert case.trade_id == view.trade.id and "seller" in case.reason and "private" in case.reason
    await market.sim.control("POST", f"/_sim/users/{seller.steamid}", {"private": False})
    assert await worker.attend(app) == 1
    assert (await read(market, view)).trade.state is State.ACCEPTED


async def test_an_asset_is_the_delivery_of_one_trade_however_many_saw_it_at_once(market: Floor) -> None:
    app, buyer = market.app, await a_buyer(market)
    sales = [await sold_case(market, buyer) for _ in range(3)]
    [new] = await market.give(buyer, CASE, commodity=True)
    views = []
    for seller, view in sales:
        await market.take(seller, view.assetid)
        views.append(await claims(market, view, new))
    looks = await asyncio.gather(*(witness.delivery(app, view) for view in views))
    assert looks == [Delivered(new)] * 3
    claimed = [Claim(view.trade.id, app.now()) for view in views]
    await asyncio.gather(*(worker.tell(app, one, Delivered(new)) for one in claimed))
    after = [await read(market, view) for view in views]
    states = sorted(view.trade.state for view in after)
    assert states == [State.ACCEPTED, State.SENT, State.SENT]
    for view in after:
        if view.trade.state is State.SENT:
            assert await witness.delivery(app, view) == LookFailed(
                "the asset that the seller's program names came by another trade"
            )
