"""v2's documented requests, each asked of our server where the seed has an example of its answer."""

from collections.abc import Awaitable, Callable
from typing import Any

from dialects.shop import BUYER, Reply, Shop
from golden.stage import IVORY, bought, in_inventory
from stock import NAME
from tradepost.market import rates
from tradepost.rules.trade import Leased, OfferSeen

Scene = Callable[[Shop], Awaitable[list[Reply]]]
SPECIAL: dict[str, Any] = {"float_text": "0.1234567", "paintindex": 44, "paintseed": 7}


async def balance(shop: Shop) -> list[Reply]:
    return [await shop.get("account/balance")]


async def inventory(shop: Shop) -> list[Reply]:
    await in_inventory(shop, NAME, IVORY)
    await shop.foreign(13)
    asked = {"steamid": shop.seller_steamid}
    replies = [
        await shop.get("account/inventory", params={**asked, "project": game}) for game in ("csgo", "dota2")
    ]
    assert all(reply.body["data"] for reply in replies)
    return replies


async def items(shop: Shop) -> list[Reply]:
    await shop.foreign()
    await shop.foreign(name=IVORY, **SPECIAL)
    filters = {"steam_market_hash_name[]": NAME, "search": "p", "price_from": "0.07", "price_to": 5,
               "date_from": "2020-01-01", "date_to": "2040-12-31"}  # fmt: skip
    order = {"project": "csgo", "sort_column": "price_market", "sort_dir": "asc", "limit": 20, "offset": 0}
    return [await shop.get("items", params=asked) for asked in ({}, {**filters, **order})]


async def grouped_items(shop: Shop) -> list[Reply]:
    await items(shop)
    return [await shop.get("items?group_by=steam_market_hash_name")]


async def item(shop: Shop) -> list[Reply]:
    offers = [await shop.foreign(), await shop.foreign(**SPECIAL)]
    return [await shop.get(f"items/{offer}") for offer in offers]


async def catalogue(shop: Shop) -> list[Reply]:
    await shop.foreign()
    asked = {"project": "csgo", "steam_market_hash_name[]": NAME, "search": "p250", "sort_column": "price",
             "sort_dir": "desc", "limit": 20, "offset": 0}  # fmt: skip
    return [await shop.get("steam_items"), await shop.get("steam_items", params=asked)]


async def buying(shop: Shop) -> Any:
    """The documented body, with an item that is on sale."""
    return {"id": str(await shop.foreign(13)), "steamid": BUYER, "trade_token": "abcdef"}


async def buy(shop: Shop) -> list[Reply]:
    plain = await buying(shop)
    named = {**await buying(shop), "custom_id": "order-1", "price": 0.2}
    return [
        await shop.call("POST", "buy", json=plain),
        await shop.call("POST", "buy", json=named),
        await shop.call("POST", "buy", data=await buying(shop)),
    ]


async def making(shop: Shop) -> Any:
    """The documented body; its example names one asset twice, which is a slip."""
    assets = await in_inventory(shop, NAME, IVORY)
    offers = [{"id": asset, "price": 0.14, "project": "csgo", "currency": "USD"} for asset in assets]
    return {"steamid": shop.seller_steamid, "offers": offers}


async def make(shop: Shop) -> list[Reply]:
    return [await shop.call("POST", "offers", json=await making(shop))]


async def own(shop: Shop) -> list[Reply]:
    await shop.own()
    await shop.own(name=IVORY, **SPECIAL)
    asked = {
        "steamid": shop.seller_steamid,
        "sort_column": "price",
        "sort_dir": "asc",
        "limit": 5,
        "offset": 0,
    }
    return [await shop.get("offers"), await shop.get("offers", params=asked)]


async def cancel(shop: Shop) -> list[Reply]:
    offers = [await shop.own(), 77, await shop.own(), 78]
    in_query = {"steamid": shop.seller_steamid, "item_ids[]": [str(one) for one in offers[:2]]}
    return [
        await shop.call("DELETE", "offers", params=in_query),
        await shop.call("DELETE", "offers", json={"steamid": shop.seller_steamid, "item_ids": offers[2:]}),
    ]


async def repricing(shop: Shop) -> Any:
    """The documented body, of offers that are on sale."""
    offers = [{"id": str(await shop.own(50)), "price": price, "currency": "USD"} for price in (3.14, 2, 1.5)]
    return {"steamid": shop.seller_steamid, "offers": offers}


async def reprice(shop: Shop) -> list[Reply]:
    return [await shop.call("PATCH", "offers", json=await repricing(shop))]


async def repricing_one(shop: Shop) -> Any:
    """The documented body."""
    return {"steamid": shop.seller_steamid, "price": 3.14, "currency": "USD"}


async def reprice_one(shop: Shop) -> list[Reply]:
    async with shop.db.transaction() as tx:
        await rates.set_rate(tx, "EUR", 920_000, "test", shop.app.real_now())
    path = f"offers/{await shop.own()}"
    euro = {**await repricing_one(shop), "currency": "EUR", "price": "0.92"}
    return [await shop.call("PATCH", path, json=asked) for asked in (await repricing_one(shop), euro)]


async def operations(shop: Shop) -> list[Reply]:
    await bought(shop, await shop.foreign(13), "123", Leased(), OfferSeen(9, "4285501167"))
    await bought(shop, await shop.foreign(), None)
    await bought(shop, await shop.foreign(), "324", Leased(), OfferSeen(7, "4267088845"))
    other = await shop.make_token(await shop.box.stock.person(deposit_cents=5_000))
    assert (await shop.buy(id=await shop.own(), token=other)).status == 200  # a sale, in the merchant's list
    asked = {"states[]": ["active", "cancelled"], "custom_ids[]": ["123", "324"], "date_from": "2020-01-01",
             "date_to": "2040-12-31", "sort_column": "id", "sort_dir": "asc", "limit": 10, "offset": 0}  # fmt: skip
    replies = [await shop.get("operations"), await shop.get("operations", params=asked)]
    assert [len(reply.body["data"]) for reply in replies] == [4, 2]
    return replies


async def grouped_operations(shop: Shop) -> list[Reply]:
    await operations(shop)
    return [await shop.get("operations?group_by=custom_id")]


ANSWERS: dict[str, Scene] = {
    "GET /api/v2/account/balance | Get account balance": balance,
    "GET /api/v2/account/inventory | Get subseller inventory": inventory,
    "GET /api/v2/items | Get Items": items,
    "GET /api/v2/items | Grouping": grouped_items,
    "GET /api/v2/items/{id} | Get Single Item": item,
    "GET /api/v2/steam_items | Get Steam Items": catalogue,
    "POST /api/v2/buy | Buy": buy,
    "POST /api/v2/offers | Make offers": make,
    "GET /api/v2/offers | Get Offers": own,
    "DELETE /api/v2/offers | Cancel offers": cancel,
    "PATCH /api/v2/offers | Update offers": reprice,
    "PATCH /api/v2/offers/{id} | Update single offer": reprice_one,
    "GET /api/v2/operations | Operations": operations,
    "GET /api/v2/operations | Grouping": grouped_operations,
}
# The requests that the seed shows: what the scenes above send has their shape too.
REQUESTS: dict[str, Callable[[Shop], Awaitable[Any]]] = {
    "POST /api/v2/buy | Buy | request": buying,
    "POST /api/v2/offers | Make offers | request": making,
    "PATCH /api/v2/offers | Update offers | request": repricing,
    "PATCH /api/v2/offers/{id} | Update single offer | request": repricing_one,
}
