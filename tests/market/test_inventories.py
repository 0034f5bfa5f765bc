"""What a merchant is shown of a seller's inventory, and what the market learns while it looks."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from market.floor import NOON, SLATE, VALENCE, Floor, floor
from steam.raw_server import raw_server, reply
from steam.sim import Sim
from tradepost.db import Db
from tradepost.market import endings, inventories, offers, users
from tradepost.market.inventories import InventoryRow
from tradepost.market.offers import Wanted
from tradepost.market.users import Account
from tradepost.rules.offer import Skip
from tradepost.rules.refusals import Forbidden, Malformed, SteamUnavailable, UnknownUser


async def own(market: Floor, person: Account, project: str = "csgo") -> list[InventoryRow]:
    """A person's own inventory, as he sees it."""
    return await inventories.of(market.app, person.id, person.steamid, project)


async def skips(market: Floor, person: Account) -> dict[str, Skip | None]:
    return {row.item.assetid: row.skip_reason for row in await own(market, person)}


async def why_not(market: Floor, person: Account) -> str:
    with pytest.raises(SteamUnavailable) as refused:
        await own(market, person)
    return refused.value.sentence


# What is shown


async def test_an_item_is_shown_with_its_prices(market: Floor) -> None:
    await market.price(56, SLATE)
    alice = await market.person()
    (assetid,) = await market.give(alice, SLATE)
    (row,) = await own(market, alice)
    assert (row.price_cents, row.lowest_cents, row.max_price_cents, row.skip_reason) == (56, None, 1680, None)
    assert (row.item.assetid, row.item.market_hash_name, row.item.exterior) == (
        assetid,
        SLATE,
        "Field-Tested",
    )
    assert row.item.inspect_link is not None


async def test_the_lowest_price_is_that_of_the_cheapest_offer_on_this_market(market: Floor) -> None:
    bob, assets = await market.seller(SLATE, SLATE)
    await market.list_own(bob, assets[0], price_cents=99)
    await market.list_own(bob, assets[1], price_cents=120)
    alice, _ = await market.seller(SLATE, VALENCE)
    assert {row.item.market_hash_name: row.lowest_cents for row in await own(market, alice)} == {
        SLATE: 99,
        VALENCE: None,
    }


async def test_what_cannot_be_listed_says_why(market: Floor) -> None:
    alice, (good, protected, cooling, sold) = await market.seller(SLATE, VALENCE, SLATE, SLATE)
    (unpriced,) = await market.give(alice, "Nobody knows its price")
    (stuck,) = await market.give(alice, SLATE, tradable=False)
    await market.change(alice, protected, listed=True)
    await market.change(alice, cooling, tradable_after=4_000_000_000)
    await market.list_own(alice, sold)
    assert await skips(market, alice) == {
        good: None,
        protected: Skip.TRADE_PROTECTED,
        cooling: Skip.NOT_TRADABLE,
        stuck: Skip.NOT_TRADABLE,
        unpriced: Skip.NO_PRICE,
        sold: Skip.ALREADY_ON_SALE,
    }
    (row,) = [row for row in await own(market, alice) if row.item.assetid == unpriced]
    assert (row.price_cents, row.max_price_cents) == (None, 0)


async def test_an_item_in_a_trade_or_listed_by_another_merchant_is_on_sale_too(market: Floor) -> None:
    shop, (alice, (one, other)) = await market.person(), await market.seller(SLATE, SLATE)
    await market.grant(shop, alice)
    await offers.make(market.app, shop.id, alice.steamid, [Wanted(one, "csgo", 100)])
    (offer,) = await market.list_own(alice, other)
    await market.db.execute("UPDATE offer SET state = 'reserved' WHERE id = $1", offer)
    assert await skips(market, alice) == {one: Skip.ALREADY_ON_SALE, other: Skip.ALREADY_ON_SALE}
    await market.db.execute("UPDATE offer SET state = 'on_sale' WHERE id = $1", offer)


def page(*amounts: int, **described: Any) -> str:
    """An inventory page with one asset for each amount, numbered from 1."""
    assets = [
        {
            "appid": 570,
            "contextid": "2",
            "assetid": str(n),
            "classid": "1",
            "instanceid": "0",
            "amount": str(amount),
        }
        for n, amount in enumerate(amounts, 1)
    ]
    gem = {
        "classid": "1",
        "instanceid": "0",
        "market_hash_name": "Gem",
        "name": "Gem",
        "tradable": 1,
    } | described
    return json.dumps(
        {"assets": assets, "descriptions": [gem], "total_inventory_count": len(assets), "success": 1}
    )


async def test_a_stack_is_shown_and_not_sold_piece_by_piece(db: Db, sim: Sim) -> None:
    async with raw_server(reply(page(1, 250))) as steam, floor(db, sim, steam.base_url) as market:
        alice = await market.person()
        await market.price(10, "Gem", project="dota2")
        rows = await own(market, alice, "dota2")
        assert {row.item.assetid: row.skip_reason for row in rows} == {"1": None, "2": Skip.UNSUPPORTED}


async def test_each_game_is_looked_at_by_itself(market: Floor) -> None:
    alice, _ = await market.seller(SLATE)
    await market.give(alice, "Axe of Phractos", appid=570)
    assert [row.item.market_hash_name for row in await own(market, alice, "dota2")] == ["Axe of Phractos"]
    assert [row.item.market_hash_name for row in await own(market, alice)] == [SLATE]
    assert await own(market, alice, "rust") == []


# Who may look


async def test_a_merchant_without_a_grant_sees_nothing_and_steam_is_not_asked(market: Floor) -> None:
    shop, (alice, _) = await market.person(), await market.seller(SLATE)
    with pytest.raises(Forbidden):
        await inventories.of(market.app, shop.id, alice.steamid, "csgo")
    assert await market.asked(alice) == 0
    await market.grant(shop, alice)
    assert len(await inventories.of(market.app, shop.id, alice.steamid, "csgo")) == 1


@pytest.mark.parametrize("project", ["", "cs2", "\x00", "\ud800"], ids=ascii)
async def test_a_game_that_is_none_is_malformed(market: Floor, project: str) -> None:
    alice = await market.person()
    with pytest.raises(Malformed) as refused:
        await own(market, alice, project)
    assert refused.value.field == "project"


# What Steam may answer


async def test_an_empty_inventory_is_empty_and_a_private_one_is_private(market: Floor) -> None:
    alice = await market.person()
    assert await own(market, alice) == []
    bob = await market.person()
    await market.sim.control("POST", f"/_sim/users/{bob.steamid}", {"private": True})
    with pytest.raises(Forbidden) as refused:
        await own(market, bob)
    assert "make it public" in refused.value.sentence


async def test_an_inventory_of_nobody_is_no_fault_of_steams(market: Floor, sim: Sim) -> None:
    async with market.db.transaction() as tx:
        nobody = await users.know(tx, "76561198999999999", "operator", market.app.now())
    with pytest.raises(UnknownUser) as refused:
        await own(market, nobody)
    assert "Steam knows nobody" in refused.value.sentence


async def test_a_limit_says_when_to_come_back(market: Floor) -> None:
    alice = await market.person()
    await market.fault("status", code=429)
    assert "try again in 30 seconds" in await why_not(market, alice)


@pytest.mark.parametrize("mode", ["garbage", "null", "html", "drop"])
async def test_nonsense_from_steam_is_no_answer_and_nothing_is_concluded(market: Floor, mode: str) -> None:
    alice, (assetid,) = await market.seller(SLATE)
    (offer,) = await market.list_own(alice, assetid)
    market.clock.tick(120)
    await market.fault(mode)
    assert "no usable answer" in await why_not(market, alice)
    assert await market.states() == {offer: "on_sale"}


# What the market learns


async def test_a_look_is_noted_in_real_time_however_far_the_sandbox_is(market: Floor) -> None:
    alice, _ = await market.seller(SLATE)
    market.clock.offset = timedelta(days=30)
    await own(market, alice)
    (scan,) = await market.db.fetch("SELECT * FROM inventory_scan")
    assert (scan["account_id"], scan["project"], scan["complete"]) == (alice.id, "csgo", True)
    assert scan["at"] == NOON
    market.clock.tick(30)
    await own(market, alice)
    assert await market.db.value("SELECT at FROM inventory_scan") == NOON, (
        "an answer from memory is no new look"
    )


async def test_names_seen_for_the_first_time_enter_the_catalogue(market: Floor) -> None:
    alice = await market.person()
    await market.give(alice, VALENCE)
    await own(market, alice)
    (row,) = await market.db.fetch("SELECT * FROM steam_item")
    assert (row["market_hash_name"], row["exterior"], row["price_cents"]) == (VALENCE, "Field-Tested", None)
    assert row["icon"]


async def test_an_item_that_is_gone_ends_its_offer_and_leaves_the_shelf(market: Floor) -> None:
    alice, (gone, kept) = await market.seller(SLATE, SLATE)
    ended, stays = await market.list_own(alice, gone, kept)
    await market.take(alice, gone)
    market.clock.tick(120)
    assert list(await skips(market, alice)) == [kept]
    assert await market.states() == {ended: "ended", stays: "on_sale"}
    assert await market.db.value("SELECT ended_reason FROM offer WHERE id = $1", ended) == endings.GONE
    assert market.app.shelves.offer(ended) is None
    assert market.app.shelves.offer(stays) is not None


async def test_an_item_put_on_steams_own_market_ends_its_offer(market: Floor) -> None:
    alice, (assetid,) = await market.seller(SLATE)
    (offer,) = await market.list_own(alice, assetid)
    await market.change(alice, assetid, listed=True)
    market.clock.tick(120)
    await own(market, alice)
    assert await market.states() == {offer: "ended"}


async def test_an_item_sealed_where_it_lies_ends_its_offer(db: Db, sim: Sim) -> None:
    answers = reply(page(1)), reply(page(1, sealed=1))
    async with raw_server(*answers) as steam, floor(db, sim, steam.base_url) as market:
        alice = await market.person()
        await market.price(10, "Gem", project="dota2")
        (offer,) = await offers.make(market.app, alice.id, alice.steamid, [Wanted("1", "dota2", 10)])
        market.clock.tick(120)
        (row,) = await own(market, alice, "dota2")
        assert row.skip_reason is Skip.TRADE_PROTECTED
        assert await market.states() == {offer: "ended"}


async def test_an_item_bought_while_it_is_found_gone_stays_bought(market: Floor) -> None:
    alice, (assetid,) = await market.seller(SLATE)
    (offer,) = await market.list_own(alice, assetid)
    async with market.db.transaction() as tx:
        await tx.execute("UPDATE offer SET state = 'reserved' WHERE id = $1", offer)
        ending = asyncio.create_task(end_missing(market, alice, [], complete=True, asked=[]))
        while not await market.db.value("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            assert not ending.done()
    assert await ending == []
    assert await market.states() == {offer: "reserved"}
    await market.db.execute("UPDATE offer SET state = 'on_sale' WHERE id = $1", offer)


async def test_an_item_in_a_trade_may_be_gone(market: Floor) -> None:
    alice, (assetid,) = await market.seller(SLATE)
    (offer,) = await market.list_own(alice, assetid)
    await market.db.execute("UPDATE offer SET state = 'reserved' WHERE id = $1", offer)
    await market.take(alice, assetid)
    market.clock.tick(120)
    await own(market, alice)
    assert await market.states() == {offer: "reserved"}
    await market.db.execute("UPDATE offer SET state = 'on_sale' WHERE id = $1", offer)


async def test_from_a_look_that_was_cut_short_nothing_is_gone(market: Floor) -> None:
    alice, (assetid,) = await market.seller(SLATE)
    (offer,) = await market.list_own(alice, assetid)
    await market.take(alice, assetid)
    market.clock.tick(120)
    await market.fault("status", f"/inventory/{alice.steamid}/730/16", code=500)
    assert await own(market, alice) == []
    assert await market.states() == {offer: "on_sale"}
    assert not await market.db.value("SELECT complete FROM inventory_scan")


async def test_an_old_look_does_not_end_an_offer_of_an_item_that_came_later(market: Floor, db: Db) -> None:
    alice, _ = await market.seller(SLATE)
    await own(market, alice)
    (late,) = await market.give(alice, SLATE)
    market.clock.tick(30)
    async with floor(db, market.sim) as other:  # a process that has not looked yet sees the new item
        other.clock.real = market.clock.real
        (offer,) = await other.list_own(alice, late)
    assert late not in await skips(market, alice), "this process remembers the look of before"
    assert await market.states() == {offer: "on_sale"}


# What an agent tells of an inventory (rules.md 5)


async def end_missing(
    market: Floor, seller: Account, present: list[str], *, complete: bool, asked: list[str]
) -> list[int]:
    async with market.db.transaction() as tx:
        return await offers.end_missing(
            tx, seller.id, "csgo", present, complete, asked, market.app.real_now()
        )


async def missing(market: Floor) -> set[int]:
    rows = await market.db.fetch("SELECT id FROM offer WHERE missing_at IS NOT NULL")
    return {row["id"] for row in rows}


async def test_what_was_asked_for_and_not_seen_is_missing_until_it_is_seen(market: Floor) -> None:
    alice, (a, b, c) = await market.seller(SLATE, SLATE, SLATE)
    one, two, three = await market.list_own(alice, a, b, c)
    assert await end_missing(market, alice, [b], complete=False, asked=[a, b]) == [one]
    assert await missing(market) == {one}, "c was not asked for, so nothing is known of it"
    market.clock.tick(60)
    assert await end_missing(market, alice, [b], complete=False, asked=[a]) == [], "nothing new"
    assert await end_missing(market, alice, [a], complete=False, asked=[a, b]) == [one, two]
    assert await missing(market) == {two}
    market.clock.tick(60)
    assert await end_missing(market, alice, [a, b], complete=True, asked=[]) == [two, three]
    assert await market.states() == {one: "on_sale", two: "on_sale", three: "ended"}
    assert await missing(market) == set()


async def test_an_older_look_does_not_find_what_a_newer_one_missed(market: Floor) -> None:
    alice, (a,) = await market.seller(SLATE)
    (offer,) = await market.list_own(alice, a)
    await end_missing(market, alice, [], complete=False, asked=[a])
    market.clock.tick(-1)
    assert await end_missing(market, alice, [a], complete=True, asked=[a]) == []
    assert await missing(market) == {offer}


async def test_a_look_at_one_person_or_game_says_nothing_of_another(market: Floor) -> None:
    alice, (a,) = await market.seller(SLATE)
    bob, (b,) = await market.seller(SLATE)
    (of_alice,), (of_bob,) = await market.list_own(alice, a), await market.list_own(bob, b)
    async with market.db.transaction() as tx:
        assert await offers.end_missing(tx, bob.id, "dota2", [], True, None, market.app.real_now()) == []
    assert await end_missing(market, bob, [a], complete=True, asked=[]) == [of_bob]
    assert await market.states() == {of_alice: "on_sale", of_bob: "ended"}
