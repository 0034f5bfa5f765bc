"""Housekeeping: what is banned comes off sale, what is over is forgotten, and one thing out of order stops nothing else."""

from datetime import timedelta

import pytest

from agent.selling import Selling
from market.floor import Floor
from tradepost.db import DatabaseBusy
from tradepost.market import bans, directives, housekeeping, merchants, reports, trades
from tradepost.market.reports import InventorySeen
from tradepost.rules.trade import OfferAbsent, Ruled

pytestmark = pytest.mark.sql


async def ban_seller(world: Selling, *, lifts: bool = False) -> None:
    app, steamid = world.app, world.agent.steamid
    async with app.db.transaction() as tx:
        if lifts:
            await bans.lift(tx, steamid, "seller", app.now())
        else:
            await bans.ban(tx, steamid, "seller", "test", app.now() - timedelta(seconds=1), timedelta(days=1))


async def state_of(world: Selling, offer: int) -> str:
    found: str = await world.app.db.value("SELECT state FROM offer WHERE id = $1", offer)
    return found


async def test_what_a_banned_seller_has_on_sale_ends_whenever_it_came_there(world: Selling) -> None:
    """What was being listed at the moment of the ban comes on sale after the others were ended."""
    first = await world.stock.offer(world.seller_id)
    await ban_seller(world)
    assert await housekeeping.end_offers_of_banned(world.app) == 1
    second = await world.stock.offer(world.seller_id)
    assert await housekeeping.end_offers_of_banned(world.app) == 1
    assert await housekeeping.end_offers_of_banned(world.app) == 0
    assert [await state_of(world, offer) for offer in (first, second)] == ["ended", "ended"]


async def test_a_ban_that_was_lifted_ends_nothing(world: Selling) -> None:
    offer = await world.stock.offer(world.seller_id)
    await ban_seller(world)
    await ban_seller(world, lifts=True)
    assert await housekeeping.end_offers_of_banned(world.app) == 0
    assert await state_of(world, offer) == "on_sale"


async def test_a_grant_taken_back_while_a_trade_is_cancelled_leaves_nothing_on_sale(world: Selling) -> None:
    """The cancelled trade's item comes back on sale at the very moment in which the merchant loses the right to sell it."""
    app = world.app
    async with app.db.transaction() as tx:
        await merchants.grant(tx, world.merchant_id, world.seller_id, "page", app.now())
    view = await world.buy()
    async with app.db.transaction() as cancelling:
        await trades.happened(
            cancelling, app.settings, view.trade.id, Ruled("refund"), witness="operator:test", now=app.now()
        )
        with pytest.raises(DatabaseBusy):  # it waits for the cancellation to be over
            async with app.db.transaction() as revoking:
                await revoking.execute("SET LOCAL lock_timeout = '200ms'")
                await merchants.revoke_grant(revoking, world.merchant_id, world.seller_id, app.now())
    async with app.db.transaction() as tx:
        assert await merchants.revoke_grant(tx, world.merchant_id, world.seller_id, app.now()) == [
            view.trade.offer_id
        ]
    assert await state_of(world, view.trade.offer_id) == "ended"


async def test_what_agents_said_of_inventories_is_forgotten_after_a_day(world: Selling) -> None:
    app = world.app
    await app.db.execute("DELETE FROM inventory_scan")
    await world.stock.offer(world.seller_id)
    (asked,) = await directives.lease(app, world.agent)
    await reports.inventory_seen(
        app, world.agent, InventorySeen(asked.id, 730, 2, set(asked.body["assetids"]), True)
    )
    view, create = await world.sold_and_leased()
    async with app.db.transaction() as tx:
        await trades.happened(
            tx, app.settings, view.trade.id, OfferAbsent(), witness="seller_agent:home", now=app.now()
        )
    assert await housekeeping.forget_directives(app) == 0
    await app.db.execute(
        "UPDATE directive SET status = 'success', answered_at = $1", app.real_now() - timedelta(hours=25)
    )
    assert await housekeeping.forget_directives(app) == 1
    assert [row["id"] for row in await app.db.fetch("SELECT id FROM directive")] == [create.id]


async def test_an_item_that_steam_has_no_sensible_answer_for_does_not_keep_the_others_waiting(
    market: Floor,
) -> None:
    broken, fine = "A Broken Name", "P250 | Valence (Field-Tested)"
    seller = await market.person()
    await market.sim.control(
        "POST", "/_sim/prices", {"prices": [{"appid": 730, "market_hash_name": fine, "price_cents": 250}]}
    )
    for number, name in enumerate((broken, fine)):
        item = await market.db.value(
            "INSERT INTO steam_item (project, market_hash_name, price_cents) VALUES ('csgo', $1, 240) RETURNING id", name
        )  # fmt: skip
        await market.db.execute(
            "INSERT INTO offer (account_id, seller_id, seller_steamid, project, appid, contextid, assetid, classid, instanceid,"
            " steam_item_id, price_cents, state, created_at) VALUES ($1, $1, $2, 'csgo', 730, 2, $3, '1', '0', $4, 100, 'on_sale', $5)",
            seller.id, seller.steamid, str(number + 1), item, market.app.now(),
        )  # fmt: skip
    await market.fault("garbage", "/market/priceoverview", times=1)
    assert await housekeeping.refresh_prices(market.app) == 1
    priced = await market.db.fetch(
        "SELECT market_hash_name, price_cents FROM steam_item WHERE priced_at IS NOT NULL"
    )
    assert [tuple(row) for row in priced] == [(fine, 250)]
