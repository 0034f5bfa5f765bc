"""The database does what it is asked and its answer is lost: nothing is done twice, and nobody is told a lie."""

import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import product

import pytest

from dialects.shop import Reply, Shop, shop_on
from faults.way import Way, What, way_to
from stock import NAME
from tradepost.db import Db, pool
from tradepost.market import buying
from tradepost.market.ledger import wallet
from world import open_directory

LATE: tuple[What, ...] = ("answer", "nothing")  # what is lost when all is done
BUY, COMMIT, READ_TRADE = "buy_batch(", "commit", "WHERE t.id = ANY"
MAYBE, NOTHING = "may have been carried out", "nothing was done"


@dataclass
class Cut:
    """A shop whose way to the database can be cut, and another way to look."""

    shop: Shop
    way: Way
    db: Db

    async def trades(self) -> list[int]:
        """All trades there are."""
        return [row["id"] for row in await self.db.fetch("SELECT id FROM trade ORDER BY id")]

    async def spent(self) -> int:
        """What the merchant's purchases cost him."""
        return 10_000 - (await wallet(self.db, self.shop.merchant)).deposit_cents


@pytest.fixture
async def cut(db: Db, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Cut]:
    monkeypatch.setattr(pool, "PATIENCE_SECONDS", 0.1)
    folder = open_directory()
    try:
        async with way_to(db.dsn, folder) as (way, dsn):
            through = await Db.open(dsn, min_size=1)
            try:
                async with shop_on(through) as shop:
                    await shop.app.shelves_ready.wait()
                    yield Cut(shop, way, db)
            finally:
                await through.close()
    finally:
        shutil.rmtree(folder)


# Buying ------------------------------------------------------------------------------------------------------


async def test_a_purchase_whose_answer_was_lost_is_found_and_not_made_again(cut: Cut) -> None:
    losses: tuple[What, ...] = ("request", "answer")
    keys: tuple[dict[str, str], ...] = ({}, {"custom_id": "order"})
    made = []
    for what, key in product(losses, keys):
        offer = await cut.shop.foreign()
        cut.way.lose(BUY, what, times=buying.ATTEMPTS - 1)
        reply = await cut.shop.buy(id=offer, **{name: f"{value}-{what}" for name, value in key.items()})
        assert reply.status == 200, (what, key, reply)
        made.append(int(reply.body["id"]))
    assert cut.way.lost == 4 * (buying.ATTEMPTS - 1)
    assert await cut.trades() == made
    assert await cut.spent() == 400


async def test_a_purchase_whose_every_answer_was_lost_is_unknown_until_it_is_repeated(cut: Cut) -> None:
    offer = await cut.shop.foreign()
    cut.way.lose(BUY, "answer", times=buying.ATTEMPTS)
    lost = await cut.shop.buy(id=offer, custom_id="order")
    assert lost.refusal == (503, "disabled")
    assert MAYBE in lost.body["error_details"]
    again = await cut.shop.buy(id=offer, custom_id="order")
    assert await cut.trades() == [int(again.body["id"])]
    assert await cut.spent() == 100


async def test_what_was_bought_before_the_database_went_away_is_not_called_undone(cut: Cut) -> None:
    made: list[int] = []
    for what in LATE:
        offer = await cut.shop.foreign()
        cut.way.lose(BUY, what, then_away=True)
        lost = await cut.shop.buy(id=offer, custom_id=what)
        assert lost.refusal == (503, "disabled")
        assert len(await cut.trades()) == len(made) + 1
        assert MAYBE in lost.body["error_details"]
        await cut.way.come()
        again = await cut.shop.buy(id=offer, custom_id=what)
        made.append(int(again.body["id"]))
    assert await cut.trades() == made


async def test_what_never_reached_the_database_was_not_done(cut: Cut) -> None:
    offer = await cut.shop.foreign()
    assert (await cut.shop.get("account/balance")).status == 200  # the token is known for a moment
    cut.way.go_away()
    lost = await cut.shop.buy(id=offer)
    assert lost.refusal == (503, "disabled")
    assert NOTHING in lost.body["error_details"]
    assert await cut.trades() == []


async def test_a_purchase_is_told_although_it_cannot_be_taken_off_the_shelf_yet(cut: Cut) -> None:
    offer = await cut.shop.foreign()
    cut.way.lose(READ_TRADE, "nothing", then_away=True)
    reply = await cut.shop.buy(id=offer)
    assert reply.status == 200, reply
    assert await cut.trades() == [int(reply.body["id"])]


# Offers ------------------------------------------------------------------------------------------------------

DONE = {
    "make": "SELECT count(*) FROM offer WHERE assetid = $1 AND state = 'on_sale'",
    "cancel": "SELECT count(*) FROM offer WHERE id = $1 AND state = 'ended'",
    "reprice": "SELECT count(*) FROM offer WHERE id = $1 AND price_cents = 200",
}


async def assets(shop: Shop, count: int) -> list[str]:
    """Items in the seller's inventory on Steam; their asset ids."""
    items = [{"appid": 730, "market_hash_name": NAME}] * count
    await shop.box.world({"steamid": shop.seller_steamid, "items": items})
    seen = await shop.get("account/inventory", params={"steamid": shop.seller_steamid, "project": "csgo"})
    return [row["assetid"] for row in seen.body["data"]]


async def change(shop: Shop, deed: str, offer: int, asset: str) -> Reply:
    """List an asset, or cancel or reprice an offer."""
    named = {"steamid": shop.seller_steamid}
    match deed:
        case "make":
            rows = [{"id": asset, "price": "1.00", "project": "csgo"}]
            return await shop.call("POST", "offers", json={**named, "offers": rows})
        case "cancel":
            return await shop.call("DELETE", "offers", json={**named, "item_ids": [offer]})
        case _:
            return await shop.call("PATCH", f"offers/{offer}", json={**named, "price": "2.00"})


async def test_a_change_of_offers_is_told_as_it_is_or_as_unknown(cut: Cut) -> None:
    shop = cut.shop
    there = await assets(shop, 2)
    for deed, what in product(("make", "cancel", "reprice"), LATE):
        offer, asset = await shop.own(), there[LATE.index(what)]
        # The first commit of a listing is that of what was learnt from the inventory.
        cut.way.lose(COMMIT, what, then_away=True, spared=1 if deed == "make" else 0)
        reply = await change(shop, deed, offer, asset)
        if what == "answer":
            assert reply.refusal == (503, "disabled"), deed
            assert MAYBE in reply.body["error_details"]
        else:
            assert reply.status == 200, (deed, reply)
        assert await cut.db.value(DONE[deed], asset if deed == "make" else offer) == 1, (deed, what)
        await cut.way.come()
