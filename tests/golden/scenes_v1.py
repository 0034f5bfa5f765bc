"""v1's documented requests, forms and queries with the token among their parameters, as the seed has them."""

from collections.abc import Awaitable, Callable
from typing import Any

from dialects.shop import BUYER, Reply, Shop
from golden.scenes_v2 import SPECIAL
from golden.stage import IVORY, bought, in_inventory
from stock import NAME
from tradepost.market import ledger, rates, steam_items
from tradepost.rules.trade import Leased, OfferSeen

Scene = Callable[[Shop], Awaitable[list[Reply]]]


async def post(shop: Shop, call: str, **parameters: Any) -> Reply:
    """A call as an old PHP program makes it."""
    return await shop.call("POST", f"/api/v1/{call}", token="", data={"token": shop.token, **parameters})


async def get(shop: Shop, call: str, **parameters: Any) -> Reply:
    """A call whose parameters stand in its address."""
    return await shop.call("GET", f"/api/v1/{call}", token="", params={"token": shop.token, **parameters})


async def balance(shop: Shop) -> list[Reply]:
    replies = [await post(shop, "get_balance")]
    async with shop.db.transaction() as tx:
        await ledger.deposit(tx, shop.merchant, 50, "more", shop.app.now())
    return [*replies, await post(shop, "get_balance")]


async def inventory(shop: Shop) -> list[Reply]:
    await in_inventory(shop, NAME, IVORY)
    await shop.foreign(13)
    return [
        await post(shop, "inventory", steamid=shop.seller_steamid, game=game) for game in ("csgo", "dota2")
    ]


async def stocked(shop: Shop) -> None:
    """Two items on sale, one without wear and one with it."""
    await shop.foreign()
    await shop.foreign(name=IVORY, **SPECIAL)


async def of_name(shop: Shop) -> list[Reply]:
    await stocked(shop)
    return [await post(shop, "search_item", project="csgo", steam_market_hash_name=NAME)]


async def of_names(shop: Shop) -> list[Reply]:
    await stocked(shop)
    asked = {"steam_market_hash_name[1]": NAME, "steam_market_hash_name[2]": "nobody", "project": "csgo",
             "from": 1262304000, "to": 2208988800}  # fmt: skip
    return [await post(shop, "search_items_by_list_names", **parameters) for parameters in (asked, {})]


async def of_price(shop: Shop) -> list[Reply]:
    await stocked(shop)
    asked = {"price_from": "0.07", "price_to": 5, "project": "csgo", "limit": 2000}
    return [await post(shop, "search_similar_items", **parameters) for parameters in ({}, asked)]


async def on_sale(shop: Shop) -> list[Reply]:
    await stocked(shop)
    asked = {"project": "csgo", "limit": 15000, "offset": 0}
    return [await get(shop, "get_items_on_sale", **parameters) for parameters in ({}, asked)]


async def filtered(shop: Shop) -> list[Reply]:
    await stocked(shop)
    asked = {"project": "csgo", "search": "p2", "price_from": 0, "price_to": 10000, "float": "0.1-0.2",
             "sort": "asc", "sort_column": "price", "limit": 15000, "offset": 0}  # fmt: skip
    return [await get(shop, "get_items_on_sale_filtered", **parameters) for parameters in ({}, asked)]


async def mine(shop: Shop) -> list[Reply]:
    await shop.own()
    await shop.own(name=IVORY, **SPECIAL)
    asked = {"steamid": shop.seller_steamid, "limit": 15000, "offset": 0}
    return [
        await get(shop, "get_items_on_sale_filtered", **asked),
        await get(shop, "get_items_on_sale_filtered", mine=1),
        await post(shop, "get_items_on_sale_filtered"),
        await get(shop, "get_my_items_on_sale"),
    ]


async def steam_prices(shop: Shop) -> list[Reply]:
    async with shop.db.transaction() as tx:
        await steam_items.set_prices(tx, "csgo", {NAME: 47917, IVORY: 1150, "c": 200}, shop.app.now())
    asked = {"project": "csgo", "limit": 2, "offset": 1}
    return [await get(shop, "get_steam_prices", **parameters) for parameters in ({"project": "csgo"}, asked)]


async def item(shop: Shop) -> list[Reply]:
    offers = [await shop.foreign(1157), await shop.foreign(150, **SPECIAL)]
    return [await get(shop, "get_item_by_id", id=offer) for offer in offers]


async def buy(shop: Shop) -> list[Reply]:
    asked = {"steamid": BUYER, "trade_token": "9Kukc22f"}
    named = {**asked, "custom_id": "order-1", "price": "0.25"}
    return [await post(shop, "buy_item", id=await shop.foreign(25), **one) for one in (asked, named)]


async def sell(shop: Shop) -> list[Reply]:
    rows: dict[str, str] = {}
    for index, asset in enumerate(await in_inventory(shop, NAME, IVORY)):
        row = {"id": asset, "project": "csgo", "price": "0.50"}
        rows |= {f"offers[{index}][{name}]": value for name, value in row.items()}
    return [await post(shop, "sell_items", steamid=shop.seller_steamid, **rows)]


async def cancel(shop: Shop) -> list[Reply]:
    rows = {f"items[{index}][id]": one for index, one in enumerate([await shop.own(), 77, await shop.own()])}
    return [await post(shop, "cancel_items", steamid=shop.seller_steamid, **rows)]


async def reprice(shop: Shop) -> list[Reply]:
    async with shop.db.transaction() as tx:
        await rates.set_rate(tx, "EUR", 920_000, "test", shop.app.real_now())
    asked = {"steamid": shop.seller_steamid, "id": await shop.own()}
    prices = ({"price": 2, "currency": "USD"}, {"price": "1.38", "currency": "EUR"})
    return [await post(shop, "change_item_price", **asked, **one) for one in prices]


async def purchases(shop: Shop) -> None:
    """One purchase that waits, one on its way and one that came to nothing."""
    await bought(shop, await shop.foreign(), None)
    await bought(shop, await shop.foreign(20), "400", Leased(), OfferSeen(2, "12341234"))
    await bought(shop, await shop.foreign(), "marketplace_73", Leased(), OfferSeen(7, "3962034843"))


async def by_custom_id(shop: Shop) -> list[Reply]:
    await purchases(shop)
    replies = [
        await post(shop, "list_buy_info_by_custom_id", custom_id=one) for one in ("400", "400,marketplace_73")
    ]
    assert [len(reply.body["data"]) for reply in replies] == [1, 2]
    return [*replies, await post(shop, "list_buy_info_by_custom_id", custom_id="nobody")]


async def history(shop: Shop) -> list[Reply]:
    await purchases(shop)
    reply = await post(shop, "operations_history")
    assert len(reply.body["data"]) == 3
    return [reply]


ANSWERS: dict[str, Scene] = {
    "POST /api/v1/get_balance | Get account balance": balance,
    "POST /api/v1/inventory | My User's Inventory": inventory,
    "POST /api/v1/search_item | Search for items on sale": of_name,
    "POST /api/v1/search_items_by_list_names | Search items on sale by item name": of_names,
    "POST /api/v1/search_similar_items | Search for similar items": of_price,
    "GET /api/v1/get_items_on_sale | Get items on sale": on_sale,
    "GET /api/v1/get_items_on_sale_filtered | Get items on sale (Filtered)": filtered,
    "GET /api/v1/get_items_on_sale_filtered | Get my items on sale": mine,
    "GET /api/v1/get_steam_prices | Get steam prices": steam_prices,
    "GET /api/v1/get_item_by_id | Get an item by id": item,
    "POST /api/v1/buy_item | Buy item": buy,
    "POST /api/v1/sell_items | Sell items": sell,
    "POST /api/v1/cancel_items | Cancel items from sale": cancel,
    "POST /api/v1/change_item_price | Change item price": reprice,
    "POST /api/v1/list_buy_info_by_custom_id | Get operations by custom id": by_custom_id,
    "POST /api/v1/operations_history | Get operations history": history,
}
