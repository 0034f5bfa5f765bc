"""v2 says what the seed says, byte-shape for byte-shape, and refuses in its words, through real HTTP."""

import asyncio
import random
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from dialects.shop import BUYER, TOKEN, Reply, Shop, shop_on
from stock import MARKET_NOW, NAME
from tradepost.db import Db
from tradepost.dialects.shadowpay import words
from tradepost.dialects.shadowpay.v2 import CALLS, STATUS
from tradepost.market import bans, feed, merchants, presence, rates, steam_items, trades, users
from tradepost.rules.refusals import Refusal
from tradepost.rules.trade import Leased, OfferSeen

MONEY = re.compile(r"(0|[1-9]\d*)\.\d\d")
TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
IVORY = "P2000 | Ivory (Well-Worn)"

# Shapes ------------------------------------------------------------------------------------------------------

# What the seed's examples show, key for key: `money` and `time` are texts of that form, `?` may be null.
ITEM = {
    "id": "text", "steam_market_hash_name": "text", "price": "money", "project": "text", "floatvalue": "text?",
    "paintindex": "number?", "paintseed": "number?", "time_created": "time",
}  # fmt: skip
METADATA = {"limit": "number", "offset": "number", "total": "number"}
INVENTORY_ROW = {
    "price": "number", "lowest_price": "number?", "max_price": "number", "fee": "number",
    "steam_market_hash_name": "text", "assetid": "text", "project": "text", "steam_itemtype": "text",
    "rarity": "text?", "exterior": "text?", "is_stattrak": "flag", "tradable": "flag", "link": "text?",
    "skip_reason": "flag",
}  # fmt: skip
BOUGHT = {
    "id": "text", "state": "text", "price": "money", "steam_trade_token": "text", "steam_trade_offer_state": "null",
    "steam_tradeofferid": "null", "steam_tradeofferids": "null", "steam_to_steamid": "text",
    "steam_from_steamid": "text", "seller_sold": "text", "causer": "null", "time_created": "time",
    "custom_id": "text?",
    "items": [{
        "id": "text", "state": "text", "type": "text", "project": "text", "item_id": "text",
        "steam_market_hash_name": "text", "steam_asset_id": "text", "price": "money",
    }],
}  # fmt: skip
OPERATION = {
    "id": "text", "state": "text", "price": "money", "steam_trade_token": "text?", "steam_trade_offer_state": "text?",
    "steam_tradeofferid": "text?", "steam_to_steamid": "text", "causer": "text?", "time_created": "time",
    "custom_id": "text?", "type": "text",
    "items": [{
        "state": "text", "project": "text", "steam_market_hash_name": "text", "steam_asset_id": "text",
        "price": "money",
    }],
    "explanation": "text", "protected_until": "time?", "reversed": "flag",
}  # fmt: skip


def fits(value: Any, shape: Any) -> bool:
    """Whether a value has a shape, with exactly its keys."""
    if isinstance(shape, dict):
        return (
            isinstance(value, dict)
            and value.keys() == shape.keys()
            and all(fits(value[k], shape[k]) for k in shape)
        )
    if isinstance(shape, list):
        return isinstance(value, list) and all(fits(each, shape[0]) for each in value)
    if shape == "any":
        return True
    if shape.endswith("?") or shape == "null":
        return value is None or fits(value, shape.rstrip("?"))
    if shape in ("money", "time"):
        return isinstance(value, str) and bool({"money": MONEY, "time": TIME}[shape].fullmatch(value))
    kinds: dict[str, tuple[type, ...]] = {
        "text": (str,),
        "number": (int, Decimal),
        "flag": (bool,),
        "null": (),
    }
    return isinstance(value, kinds[shape]) and (shape == "flag" or not isinstance(value, bool))


def shown(reply: Reply, **shape: Any) -> dict[str, Any]:
    """The body of a success, whose root has exactly these keys and `status`."""
    assert reply.status == 200, reply
    assert isinstance(reply.body, dict)
    assert fits(reply.body, {"status": "text", **shape}), reply.body
    assert reply.body["status"] == "success"
    assert reply.headers["Cache-Control"] == ("private, no-cache" if "Etag" in reply.headers else "no-store")
    return reply.body


def ids(reply: Reply) -> list[str]:
    return [row["id"] for row in reply.body["data"]]


async def test_the_balance_has_two_decimals_under_data(shop: Shop) -> None:
    reply = await shop.get("account/balance")
    body = shown(reply, data={"currency": "text", "deposit_balance": "money", "balance": "money"})
    assert body["data"] == {"currency": "USD", "deposit_balance": "100.00", "balance": "0.00"}


async def test_an_inventory_shows_what_the_market_would_take(shop: Shop) -> None:
    items = [{"appid": 730, "market_hash_name": name} for name in (NAME, NAME, IVORY)]
    items.append({"appid": 730, "market_hash_name": IVORY, "tradable": False})
    await shop.box.world({"steamid": shop.seller_steamid, "items": items})
    await shop.foreign(13)
    async with shop.db.transaction() as tx:
        await steam_items.set_prices(tx, "csgo", {NAME: 14}, shop.app.now())
    reply = await shop.get("account/inventory", params={"steamid": shop.seller_steamid, "project": "csgo"})
    assert reply.body["metadata"] == {"total": 4}
    by_name = {row["steam_market_hash_name"]: row for row in reply.body["data"] if row["tradable"]}
    assert fits(by_name[NAME], INVENTORY_ROW), by_name[NAME]
    assert (by_name[NAME]["price"], by_name[NAME]["lowest_price"]) == (Decimal("0.14"), Decimal("0.13"))
    assert (by_name[NAME]["max_price"], by_name[NAME]["fee"], by_name[NAME]["skip_reason"]) == (
        Decimal("4.2"),
        5,
        False,
    )
    ivory = by_name[IVORY]
    assert (ivory["price"], ivory["lowest_price"], ivory["max_price"], ivory["skip_reason"]) == (
        0,
        None,
        0,
        "no_price",
    )
    (locked,) = (row for row in reply.body["data"] if not row["tradable"])
    assert locked["skip_reason"] == "not_tradable"
    # v2 shows what is on sale already, and says so; `game` is the same parameter.
    asset = by_name[NAME]["assetid"]
    made = await shop.call("POST", "offers", json={"steamid": shop.seller_steamid, "offers": [
        {"id": asset, "price": 0.14, "project": "csgo"}]})  # fmt: skip
    assert made.status == 200, made
    again = await shop.get("account/inventory", params={"steamid": shop.seller_steamid, "game": "csgo"})
    assert {row["assetid"]: row["skip_reason"] for row in again.body["data"]}[asset] == "already_on_sale"


async def test_items_are_pages_of_what_is_on_sale(shop: Shop) -> None:
    offers = [str(await shop.foreign(100 + number)) for number in range(3)]
    reply = await shop.get("items")
    body = shown(reply, data=[ITEM], metadata=METADATA)
    assert ids(reply) == offers[::-1]  # the newest first
    assert body["metadata"] == {"limit": 100, "offset": 0, "total": 3}
    page = await shop.get(
        "items", params={"sort_column": "price_market", "sort_dir": "asc", "limit": 1, "offset": 1}
    )
    assert ids(page) == [offers[1]]
    assert page.body["metadata"] == {"limit": 1, "offset": 1, "total": 3}
    assert (await shop.get("items?limit=999999999")).body["metadata"]["limit"] == 15_000
    beyond = await shop.get("items?offset=999999999999999999&limit=15000")
    assert beyond.body["data"] == []
    assert beyond.body["metadata"] == {"limit": 15_000, "offset": 999_999_999_999_999_999, "total": 3}
    assert (await shop.get("items?project=dota2")).body["metadata"]["total"] == 0


FILTERS: list[tuple[str, list[int]]] = [
    ("", [0, 1, 2, 3]),
    (f"steam_market_hash_name[]={IVORY}", [2]),
    (f"steam_market_hash_name={IVORY}", [2]),
    (f"steam_market_hash_name[7]={IVORY}&steam_market_hash_name[3]={NAME}", [0, 1, 2, 3]),
    ("steam_market_hash_name[]=nobody", []),
    ("search=ivory", [2]),
    ("search=VALENCE (f", [0, 1, 3]),
    ("search=%25", []),  # literal, no wildcard
    ("search=_", []),
    ("search=", [0, 1, 2, 3]),
    ("price_from=2", [1, 2, 3]),
    ("price_to=2.00", [0, 1]),
    ("price_from=2&price_to=3", [1, 2]),
    ("price_from=0&price_to=0", []),
    ("price_from=3&price_to=2", []),
    ("date_from=2026-11-22", [1]),
    ("date_to=2026-11-21", [0, 2, 3]),
    ("date_from=2026-11-21 12:00:00&date_to=2026-11-21 12:00:00", [0, 2, 3]),
    ("date_from=1795262401", [1]),
    ("float_from=0.1", [3]),
    ("float_from=0.05&float_to=0.06", [2]),
    ("paintseed=7", [2]),
    ("paintindex=44", [3]),
    ("exteriors[]=Field-Tested", [0, 1, 2, 3]),
    ("exteriors[]=Factory New", []),
    ("rarities[]=Mil-Spec&types[]=Pistol", [0, 1, 2, 3]),
    ("types=Rifle", []),
    ("is_stattrak=0", [0, 1, 2, 3]),
    ("is_stattrak=true", []),
    ("unknown=1&unknown[x]=2", [0, 1, 2, 3]),
]


async def test_items_are_filtered_by_each_parameter(shop: Shop) -> None:
    offers = [
        await shop.foreign(100),
        await shop.foreign(200, created_at=MARKET_NOW + timedelta(days=1)),
        await shop.foreign(300, name=IVORY, float_text="0.055", paintseed=7),
        await shop.foreign(400, float_text="0.1234567", paintindex=44),
    ]
    assert int(MARKET_NOW.timestamp()) == 1795262400
    for query, want in FILTERS:
        reply = await shop.get(f"items?sort_column=price&sort_dir=asc&{query}")
        assert reply.status == 200, (query, reply.body)
        assert ids(reply) == [str(offers[one]) for one in want], query
        assert reply.body["metadata"]["total"] == len(want)
    by_float = await shop.get("items?sort_column=floatvalue&sort=asc")
    assert ids(by_float)[:2] == [str(offers[2]), str(offers[3])]  # those without one come last
    assert [row["floatvalue"] for row in by_float.body["data"]] == ["0.055", "0.1234567", None, None]


async def test_grouped_items_are_the_cheapest_of_each_name(shop: Shop) -> None:
    await shop.foreign(200)
    cheapest, ivory = await shop.foreign(100), await shop.foreign(300, name=IVORY)
    reply = await shop.get("items?group_by=steam_market_hash_name&sort_column=price&sort_dir=asc")
    shown(reply, data={NAME: ITEM, IVORY: ITEM}, metadata=METADATA)
    assert {name: row["id"] for name, row in reply.body["data"].items()} == {
        NAME: str(cheapest),
        IVORY: str(ivory),
    }
    assert list(reply.body["data"]) == [NAME, IVORY]
    second = await shop.get(
        "items?group_by=steam_market_hash_name&sort_column=price&sort_dir=asc&limit=1&offset=1"
    )
    assert list(second.body["data"]) == [IVORY]
    assert second.body["metadata"] == {"limit": 1, "offset": 1, "total": 2}
    none = await shop.get("items?group_by=steam_market_hash_name&project=tf2")
    assert none.body["data"] == {}


async def test_a_dump_of_everything_is_the_same_rows_as_its_pages(shop: Shop) -> None:
    made = [await shop.box.stock.offer(shop.stranger, 100 + number) for number in range(600)]
    await feed.put(shop.app, made)
    dump = await shop.get("items?limit=15000", headers={"Accept-Encoding": "identity"})
    assert ids(dump) == [str(one) for one in reversed(made)]
    pages = [await shop.get(f"items?limit=100&offset={offset}") for offset in range(0, 600, 100)]
    assert [row for page in pages for row in page.body["data"]] == dump.body["data"]
    part = await shop.get("items?limit=250&offset=300")
    assert part.body["data"] == dump.body["data"][300:550]
    assert len(dump.body["data"]) * 100 < int(dump.headers["Content-Length"])


async def test_a_single_item_says_whether_its_seller_is_online(shop: Shop) -> None:
    offer = await shop.foreign(107)
    reply = await shop.get(f"items/{offer}")
    body = shown(reply, data={"item": ITEM, "is_seller_online": "flag"})
    assert body["data"]["item"]["price"] == "1.07"
    assert body["data"]["is_seller_online"] is True
    await shop.box.stock.online(shop.stranger, session_ok=False)
    await asyncio.sleep(presence.SECONDS)
    assert (await shop.get(f"items/{offer}")).body["data"]["is_seller_online"] is False


async def test_steam_items_are_the_catalogue_with_steam_prices(shop: Shop) -> None:
    async with shop.db.transaction() as tx:
        await steam_items.set_prices(tx, "csgo", {"b": 300, "a": 100, "c": 200}, shop.app.now())
    reply = await shop.get("steam_items")
    body = shown(
        reply, data=[{"steam_market_hash_name": "text", "icon": "text", "price": "money"}], metadata=METADATA
    )
    assert body["metadata"] == {"limit": 100, "offset": 0, "total": 3}
    orders = {
        "": "abc", "sort_dir=desc": "cba", "sort_column=price": "bca", "sort_column=price&sort_dir=asc": "acb",
        "sort_column=steam_market_hash_name": "cba", "limit=1&offset=1": "b", "search=C": "c",
        "steam_market_hash_name[]=a&steam_market_hash_name[]=b": "ab", "project=dota2": "",
    }  # fmt: skip
    for query, want in orders.items():
        found = (await shop.get(f"steam_items?{query}")).body["data"]
        assert "".join(row["steam_market_hash_name"] for row in found) == want, query
    assert (await shop.get("steam_items?limit=99999")).body["metadata"]["limit"] == 15_000


async def test_a_purchase_answers_with_the_trade_at_the_root(shop: Shop) -> None:
    offer = await shop.foreign(13)
    reply = await shop.buy(id=str(offer), custom_id="order-1")
    body = shown(reply, id="text", trade_data=BOUGHT)
    trade = body["trade_data"]
    assert body["id"] == trade["id"]
    assert (trade["state"], trade["price"], trade["custom_id"]) == ("active", "0.13", "order-1")
    assert (trade["steam_to_steamid"], trade["steam_from_steamid"]) == (BUYER, shop.stranger_steamid)
    (item,) = trade["items"]
    assert (item["id"], item["state"], item["type"]) == (str(offer), "pending", "bid")
    assert item["item_id"] == str(await shop.box.stock.item())
    assert (await shop.get("account/balance")).body["data"]["deposit_balance"] == "99.87"
    assert (await shop.get(f"items/{offer}")).refusal == (404, "no_item")


async def test_the_same_purchase_again_is_the_same_answer_whatever_came_of_it(shop: Shop) -> None:
    offer = await shop.foreign(13)
    asked = {"id": offer, "custom_id": "order-1", "price": "0.20"}
    first = await shop.buy(**asked)
    trade_id = int(first.body["id"])
    async with shop.db.transaction() as tx:
        for event in (Leased(), OfferSeen(2, "4285501167")):
            await trades.happened(tx, shop.app.settings, trade_id, event, witness="agent", now=shop.app.now())
    assert (
        await shop.buy(**{**asked, "price": 0.2})
    ).body == first.body  # the same price in another spelling
    assert (
        await shop.call("POST", "buy", data={**asked, "steamid": BUYER, "trade_token": TOKEN})
    ).body == first.body
    replies = await asyncio.gather(*(shop.buy(**asked) for _ in range(8)))
    assert [reply.body for reply in replies] == [first.body] * 8
    for change in ({"id": offer + 1}, {"price": 0.3}, {"price": None}, {"trade_token": "another1"},
                   {"steamid": shop.seller_steamid}):  # fmt: skip
        assert (await shop.buy(**{**asked, **change})).refusal == (409, "custom_id_exist"), change
    assert await shop.db.value("SELECT count(*) FROM trade") == 1


@pytest.mark.parametrize("how", ["custom_id", "header"])
async def test_a_purchase_is_told_again_while_buying_is_off(shop: Shop, how: str) -> None:
    """Who lost the first answer would take the refusal for it, and give his customer the money back."""
    name: dict[str, Any] = (
        {"custom_id": "first"} if how == "custom_id" else {"headers": {"Idempotency-Key": "first"}}
    )
    offer, other = await shop.foreign(), await shop.foreign()
    first = await shop.buy(id=offer, **name)
    await shop.turn("buying", off=True)
    again = await shop.buy(id=offer, **name)
    assert (again.status, again.body) == (200, first.body)
    assert (await shop.buy(id=other, **name)).refusal == (409, "custom_id_exist")
    assert (await shop.buy(id=other, custom_id="second")).refusal == (503, "buy_items_disabled")
    assert (await shop.buy(id=other)).refusal == (503, "buy_items_disabled")


async def test_an_idempotency_key_does_what_a_custom_id_does(shop: Shop) -> None:
    offer = await shop.foreign(13)
    key = {"Idempotency-Key": "k" * 255}
    first = await shop.buy(id=offer, headers=key)
    assert (await shop.buy(id=offer, headers=key)).body == first.body
    assert (await shop.buy(id=offer, price=1, headers=key)).refusal == (409, "custom_id_exist")
    for bad in ("", "k" * 256, "a b", "é"):
        reply = await shop.buy(id=offer, headers={"Idempotency-Key": bad})
        assert reply.refusal == (422, "validation_error"), bad
        assert "Idempotency-Key" in reply.body["error_details"]
    # A refusal leaves the key free.
    other = {"Idempotency-Key": "free"}
    assert (await shop.buy(id=offer, headers=other)).refusal == (404, "no_item")
    assert (await shop.buy(id=await shop.foreign(5), headers=other)).status == 200


async def test_the_price_named_is_the_most_that_is_paid(shop: Shop) -> None:
    offer = await shop.foreign(314)
    assert (await shop.buy(id=offer, price="3.13")).refusal == (400, "wrong_params")
    assert (await shop.get("account/balance")).body["data"]["deposit_balance"] == "100.00"
    assert (await shop.buy(id=offer, price=3.14)).body["trade_data"]["price"] == "3.14"


async def in_inventory(shop: Shop, *names: str) -> list[str]:
    """Items of the seller on Steam, each with a Steam price of 1.00; their asset ids."""
    await shop.box.world({"steamid": shop.seller_steamid, "items": [
        {"appid": 730, "market_hash_name": name} for name in names]})  # fmt: skip
    async with shop.db.transaction() as tx:
        await steam_items.set_prices(tx, "csgo", dict.fromkeys(names, 100), shop.app.now())
    reply = await shop.get("account/inventory", params={"steamid": shop.seller_steamid, "project": "csgo"})
    rows = {row["assetid"]: row["steam_market_hash_name"] for row in reply.body["data"]}
    return [next(asset for asset in sorted(rows) if rows[asset] == name) for name in names]


async def test_offers_are_made_repriced_listed_and_cancelled(shop: Shop) -> None:
    async with shop.db.transaction() as tx:
        await rates.set_rate(tx, "EUR", 920_000, "test", shop.app.real_now())
    assets = await in_inventory(shop, NAME, IVORY)
    asked = [{"id": int(assets[0]), "price": 0.14, "project": "csgo"},
             {"id": assets[1], "price": "0.92", "project": "csgo", "currency": "EUR"}]  # fmt: skip
    made = await shop.call("POST", "offers", json={"steamid": shop.seller_steamid, "offers": asked})
    first, second = shown(made, created_bid_ids=["number"])["created_bid_ids"]

    listed = await shop.get("offers")
    body = shown(listed, data=[{"steamid": "text", **ITEM}], metadata=METADATA)
    assert [(row["id"], row["price"]) for row in body["data"]] == [
        (str(second), "1.00"),
        (str(first), "0.14"),
    ]
    assert body["metadata"] == {"limit": 15_000, "offset": 0, "total": 2}
    assert {row["steamid"] for row in body["data"]} == {shop.seller_steamid}
    assert ids(await shop.get("offers?sort_column=id&sort_dir=asc&limit=1&offset=1")) == [str(second)]
    assert (await shop.get(f"offers?steamid={shop.stranger_steamid}")).body["metadata"]["total"] == 0

    changed = await shop.call("PATCH", "offers", json={"steamid": shop.seller_steamid, "offers": [
        {"id": str(first), "price": 3.14}, {"id": str(second), "price": 9.2, "currency": "EUR"},
        {"id": 99999, "price": 1}, {"id": "9999999999999999999", "price": 1}, {"id": first + 77, "price": 31},
    ]})  # fmt: skip
    bids = shown(changed, bids=["any"])["bids"]
    assert bids[0] == {"status": "success", "id": str(first), "new_price": Decimal("3.14"), "price_rate": 1}
    assert bids[1] == {"status": "success", "id": str(second), "new_price": 10, "price_rate": Decimal("0.92")}
    assert [(bid["status"], bid["error_message"], bid["id"]) for bid in bids[2:]] == [
        ("error", "no_item", "99999"), ("error", "no_item", "9999999999999999999"), ("error", "no_item", str(first + 77)),
    ]  # fmt: skip

    one = await shop.call(
        "PATCH", f"offers/{first}", json={"steamid": shop.seller_steamid, "price": "2", "currency": "USD"}
    )
    assert shown(one, id="text", new_price="number", price_rate="number")["new_price"] == 2
    assert (await shop.get(f"items/{first}")).body["data"]["item"]["price"] == "2.00"
    conflict = {"steamid": shop.seller_steamid, "price": "2", "id": str(second)}
    assert (await shop.call("PATCH", f"offers/{first}", json=conflict)).refusal == (400, "wrong_params")
    assert (await shop.call("PATCH", f"offers/{second}", json=conflict)).status == 200

    gone = await shop.call(
        "DELETE",
        f"offers?steamid={shop.seller_steamid}&item_ids[]={first}&item_ids[]=77&item_ids[]={'9' * 19}",
    )
    body = shown(gone, cancelled_items=[{"id": "text", "assetid": "text", "project": "text", "state": "text"}],
                 not_cancelled_items=[{"id": "text", "reason": "text"}])  # fmt: skip
    assert body["cancelled_items"] == [
        {"id": str(first), "assetid": assets[0], "project": "csgo", "state": "cancelled"}
    ]
    assert [row["id"] for row in body["not_cancelled_items"]] == ["77", "9" * 19]
    in_body = await shop.call("DELETE", "offers", json={"steamid": shop.seller_steamid, "item_ids": [second]})
    assert [row["assetid"] for row in in_body.body["cancelled_items"]] == [assets[1]]
    assert (await shop.get("offers")).body["data"] == []


async def test_own_offers_of_all_games_are_one_list(shop: Shop) -> None:
    first, second, third = await shop.own(300), await shop.own(100), await shop.own(200)
    dota = await shop.box.stock.item("Rezan The Ready | Sabre", project="dota2")
    await shop.db.execute(
        "UPDATE offer SET project = 'dota2', appid = 570, steam_item_id = $2 WHERE id = $1", third, dota
    )
    await shop.foreign(250)
    assert ids(await shop.get("offers")) == [str(first), str(third), str(second)]
    assert ids(await shop.get("offers?limit=1&offset=1")) == [str(third)]


async def test_an_own_offer_is_listed_before_its_change_reached_this_process(shop: Shop) -> None:
    await shop.app.shelves_ready.wait()
    made = await shop.box.stock.offer(shop.seller, payee_id=shop.merchant)  # as another process would make it
    assert ids(await shop.get("offers")) == [str(made)]
    assert ids(await shop.get("items")) == [str(made)]


async def test_operations_show_both_sides_of_trades(shop: Shop) -> None:
    other = await shop.box.stock.person(deposit_cents=5_000)
    token = await shop.make_token(other)
    bought = (await shop.buy(id=await shop.foreign(13), custom_id="123")).body["id"]
    sold = (await shop.buy(id=await shop.own(250), custom_id="secret", token=token)).body["id"]
    async with shop.db.transaction() as tx:
        for event in (Leased(), OfferSeen(9, "4285501167")):
            await trades.happened(
                tx, shop.app.settings, int(bought), event, witness="agent", now=shop.app.now()
            )
    reply = await shop.get("operations?sort_column=id&sort_dir=asc")
    body = shown(reply, data=[OPERATION], metadata=METADATA)
    assert body["metadata"] == {"limit": 4_000, "offset": 0, "total": 2}
    buy, sell = body["data"]
    assert (buy["id"], buy["type"], buy["custom_id"], buy["steam_trade_token"]) == (
        bought,
        "buy",
        "123",
        TOKEN,
    )
    assert (buy["steam_trade_offer_state"], buy["steam_tradeofferid"], buy["items"][0]["state"]) == (
        "9",
        "4285501167",
        "active",
    )
    # The buyer's token and custom id are none of the seller's business.
    assert (sell["id"], sell["type"], sell["custom_id"], sell["steam_trade_token"]) == (
        sold,
        "sell",
        None,
        None,
    )
    assert (sell["steam_trade_offer_state"], sell["steam_tradeofferid"], sell["items"][0]["state"]) == (
        None,
        None,
        "pending",
    )
    assert "secret" not in str(reply.body)
    queries = {
        "type=buy": [bought], "type=sell": [sold], "states=active": [bought, sold], "states=finished,cancelled": [],
        "states[]=active&type=buy": [bought], "custom_ids=123": [bought], "custom_ids=123,secret": [bought],
        "custom_ids[]=nobody": [], "date_from=2020-01-01&date_to=2020-12-31": [], "sort_column=price&limit=1": [sold],
        "limit=1&offset=1": [bought], "date_from=2020-01-01": [sold, bought],
    }  # fmt: skip
    for query, want in queries.items():
        assert sorted(ids(await shop.get(f"operations?{query}"))) == sorted(want), query
    grouped = await shop.get("operations?group_by=custom_id")
    shown(grouped, data={"123": OPERATION}, metadata=METADATA)
    assert grouped.body["metadata"]["total"] == 1
    assert (await shop.get("operations?limit=99999")).body["metadata"]["limit"] == 4_000
    assert (await shop.get("operations", token=token)).body["data"][0]["custom_id"] == "secret"


async def test_who_bought_from_himself_sees_one_trade_and_no_custom_id_on_its_sale(shop: Shop) -> None:
    await shop.db.execute("UPDATE account SET may_trade_with_self = true WHERE id = $1", shop.merchant)
    bought = (await shop.buy(id=await shop.own(250), custom_id="mine")).body["id"]
    queries = {
        "": [bought], "type=buy": [bought], "type=sell": [bought], "custom_ids=mine": [bought],
        "type=buy&custom_ids=mine": [bought], "type=sell&custom_ids=mine": [],
    }  # fmt: skip
    for query, want in queries.items():
        assert ids(await shop.get(f"operations?{query}")) == want, query
    assert (await shop.get("operations?type=sell")).body["data"][0]["custom_id"] is None
    assert list((await shop.get("operations?group_by=custom_id")).body["data"]) == ["mine"]
    sales = await shop.get("operations?type=sell&group_by=custom_id")
    assert (sales.status, sales.body["data"], sales.body["metadata"]["total"]) == (200, {}, 0)


async def test_a_cancelled_trade_says_who_was_to_blame(shop: Shop) -> None:
    bought = (await shop.buy(id=await shop.foreign(13))).body["id"]
    async with shop.db.transaction() as tx:
        for event in (Leased(), OfferSeen(7, "4285501167")):
            await trades.happened(
                tx, shop.app.settings, int(bought), event, witness="agent", now=shop.app.now()
            )
    (row,) = (await shop.get("operations?states=cancelled")).body["data"]
    assert fits(row, OPERATION)
    assert (row["state"], row["causer"], row["items"][0]["state"], row["reversed"]) == (
        "cancelled",
        "buyer",
        "cancelled",
        False,
    )


# Refusals ----------------------------------------------------------------------------------------------------

Refused = Callable[[Shop, pytest.MonkeyPatch], Awaitable[Reply]]


async def _buying_off(shop: Shop, _: Any) -> Reply:
    await shop.turn("buying", off=True, reason="We are counting the skins.")
    assert (await shop.get("account/balance")).status == 200
    reply = await shop.buy(id=await shop.foreign())
    assert reply.body["error_details"] == "We are counting the skins."
    return reply


async def _absent(shop: Shop, _: Any) -> Reply:
    assert (await shop.buy(id="9" * 19)).refusal == (404, "no_item")
    assert (await shop.get(f"items/{'9' * 19}")).refusal == (404, "no_item")
    assert (await shop.buy(id=2**63 - 1)).refusal == (404, "no_item")
    return await shop.buy(id=77)


async def _self(shop: Shop, _: Any) -> Reply:
    same = await shop.buy(id=await shop.foreign(), steamid=shop.stranger_steamid)
    assert same.refusal == (409, "trade_yourself")
    assert (
        same.body["error_details"]
        == "The steamid is that of this item's seller: nobody can buy from himself."
    )
    stranger = await shop.make_token(shop.stranger)
    theirs = await shop.buy(id=await shop.own(), token=await shop.make_token(shop.seller))
    assert theirs.body["error_details"] == "This item belongs to your own account."
    assert (await shop.buy(id=await shop.foreign(), token=stranger)).refusal == (409, "trade_yourself")
    own = await shop.buy(id=await shop.own())
    assert own.body["error_details"] == "This item is listed by your own account."
    return own


async def _bad_token(shop: Shop, _: Any) -> Reply:
    reply = await shop.buy(id=await shop.foreign(), trade_token="abc")
    assert "trade_token" in reply.body["error_details"]
    assert (await shop.buy(id=await shop.foreign(), trade_token=None)).refusal == (422, "validation_error")
    return reply


async def _used(shop: Shop, _: Any) -> Reply:
    assert (await shop.buy(id=await shop.foreign(), custom_id=400)).body["trade_data"]["custom_id"] == "400"
    return await shop.buy(id=await shop.foreign(), custom_id="400")


async def _banned(shop: Shop, _: Any) -> Reply:
    async with shop.db.transaction() as tx:
        await bans.ban(tx, BUYER, "buyer", "declined too often", shop.app.now(), timedelta(days=1))
    reply = await shop.buy(id=await shop.foreign())
    assert TIME.fullmatch(reply.body["ban_until"])
    assert reply.body["ban_reason"] == "declined too often"
    return reply


async def _wrong_token(shop: Shop, _: Any) -> Reply:
    for token in ("", "sometesttoken", "test_" + "x" * 43, "é" * 5, "test_" + "x" * 4000):
        assert (await shop.get("account/balance", token=token)).refusal == (401, "wrong_token")
    async with shop.db.transaction() as tx:
        await merchants.revoke_token(tx, shop.token, shop.app.now())
    return await shop.get("account/balance")


async def _wrong_method(shop: Shop, _: Any) -> Reply:
    for method, path in (("POST", "items"), ("GET", "buy"), ("PUT", "offers"), ("OPTIONS", "items"), ("GET", "items/"),
                         ("GET", "nothing"), ("GET", ""), ("DELETE", "offers/7"), ("GET", "items/1/2"), ("GET", "Items")):  # fmt: skip
        assert (await shop.call(method, path)).refusal == (404, "wrong_method"), (method, path)
    for method, path, said in (("PUT", "offers", "This call wants DELETE, GET, PATCH or POST."), ("GET", "nothing", "There is no such call."),
                               ("GET", "buy", "This call wants POST."), ("GET", "/api/v2", "There is no such call.")):  # fmt: skip
        reply = await shop.call(method, path)
        assert reply.refusal == (404, "wrong_method")
        assert reply.body["error_details"] == said
    return await shop.call("PATCH", "operations")


async def _no_access(shop: Shop, _: Any) -> Reply:
    for scope, calls in {"read": ["buy", "sell"], "buy": ["read", "sell"], "sell": ["read", "buy"]}.items():
        token = await shop.make_token(shop.merchant, scope)
        for other in calls:
            method, path = {"read": ("GET", "items"), "buy": ("POST", "buy"), "sell": ("DELETE", "offers")}[
                other
            ]
            reply = await shop.call(method, path, token=token)
            assert reply.refusal == (403, "no_access")
            assert other in reply.body["error_details"]
    # No grant and nobody known are one answer.
    for steamid in (shop.stranger_steamid, "76561198000999999"):
        for method, path, how in (
            ("GET", f"account/inventory?steamid={steamid}&project=csgo", None),
            ("POST", "offers", {"steamid": steamid, "offers": [{"id": 1, "price": 1, "project": "csgo"}]}),
            ("PATCH", "offers", {"steamid": steamid, "offers": [{"id": 1, "price": 1}]}),
            ("PATCH", "offers/1", {"steamid": steamid, "price": 1}),
            ("DELETE", f"offers?steamid={steamid}&item_ids=1", None),
        ):  # fmt: skip
            assert (await shop.call(method, path, json=how)).refusal == (403, "no_access"), path
    return await shop.get(f"account/inventory?steamid={shop.stranger_steamid}&project=csgo")


# The codes that more is to be said of than how each is reached, which `test_codes` has for all.
REFUSED: dict[str, Refused] = {
    "buy_items_disabled": _buying_off,
    "no_item": _absent,
    "trade_yourself": _self,
    "invalid_tradelink": _bad_token,
    "custom_id_exist": _used,
    "buyer_has_buy_items_ban": _banned,
    "wrong_token": _wrong_token,
    "wrong_method": _wrong_method,
    "no_access": _no_access,
}

# The seed's two tables of errors, with v2's status.
STATUSES = {
    "buy_items_disabled": 503,
    "wrong_params": 400,
    "no_item": 404,
    "need_sum": 402,
    "internal_error": 500,
    "no_item_in_inventory": 409,
    "trade_yourself": 409,
    "seller_offline_error": 409,
    "need_apikey": 409,
    "invalid_trade_seller_link": 409,
    "invalid_tradelink": 422,
    "empty_user_data": 404,
    "custom_id_exist": 409,
    "error_steam_or_bot": 502,
    "buyer_has_buy_items_ban": 403,
    "wrong_token": 401,
    "wrong_method": 404,
    "disabled": 503,
    "no_access": 403,
    "validation_error": 422,
}


@pytest.mark.parametrize("code", REFUSED)
async def test_a_code_says_the_same_wherever_it_is_met(
    shop: Shop, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await REFUSED[code](shop, monkeypatch)).refusal == (STATUSES[code], code)


def test_every_refusal_has_a_word_and_every_word_a_status() -> None:
    def below(kind: type[Refusal]) -> set[type[Refusal]]:
        return {kind}.union(*(below(child) for child in kind.__subclasses__()))

    ours = {kind for kind in below(Refusal) if kind.__module__ == "tradepost.rules.refusals"}
    assert set(words.CODES) <= ours
    for kind in ours - {Refusal}:
        assert next(one for one in kind.__mro__ if one in words.CODES) is not Refusal, kind
    assert set(words.CODES.values()) == STATUS.keys()
    assert {**STATUS, words.INTERNAL_ERROR: 500} == STATUSES


async def test_too_many_requests_are_told_when_to_come_back(db: Db) -> None:
    async with shop_on(db, requests_per_minute=5) as shop:
        replies = [await shop.get("account/balance") for _ in range(7)]
        assert [reply.status for reply in replies[:5]] == [200] * 5
        assert replies[6].refusal == (429, "disabled")
        assert 1 <= int(replies[6].headers["Retry-After"]) <= 13
        other = await shop.make_token(shop.stranger)
        assert (await shop.get("account/balance", token=other)).status == 200


async def test_a_token_comes_in_three_ways_and_two_must_be_one(shop: Shop) -> None:
    token = shop.token
    ways: list[dict[str, Any]] = [
        {"headers": {"Token": token}},
        {"headers": {"tOkEn": token}},
        {"headers": {"Authorization": f"Bearer {token}"}},
        {"headers": {"Authorization": f"bearer {token}"}},
        {"params": {"token": token}},
        {"params": {"token": token}, "headers": {"Token": token, "Authorization": f"Bearer {token}"}},
    ]
    for how in ways:
        assert (await shop.get("account/balance", token="", **how)).status == 200, how
    in_body = {"token": token, "steamid": shop.seller_steamid, "item_ids": [1]}
    assert (await shop.call("DELETE", "offers", token="", json=in_body)).status == 200
    assert (await shop.call("DELETE", "offers", token="", data={**in_body, "item_ids": 1})).status == 200
    two = [{"params": {"token": "other"}}, {"headers": {"Authorization": "Bearer other"}}]
    for how in two:
        assert (await shop.get("account/balance", **how)).refusal == (400, "wrong_params")
    assert (await shop.get(f"account/balance?token={token}&token=x", token="")).refusal == (
        400,
        "wrong_params",
    )


async def test_an_empty_token_is_none_and_two_that_differ_are_wrong_params_wherever_they_stand(
    shop: Shop,
) -> None:
    token, asked = shop.token, {"steamid": shop.seller_steamid, "item_ids": [1]}
    one: list[dict[str, Any]] = [
        {"params": {"token": ""}, "headers": {"Token": token}},
        {"params": {"token": token}, "headers": {"Token": "", "Authorization": "Bearer "}},
        {"params": {"token": ""}, "json": {"token": token, **asked}},
        {"params": {"token": token}, "json": {"token": "", **asked}},
    ]
    for how in one:
        assert (await shop.call("DELETE", "offers", token="", **{"json": asked, **how})).status == 200, how
    two: list[dict[str, Any]] = [
        {"params": {"token": token}, "json": {"token": "other", **asked}},
        {"params": {"token": "other"}, "json": {"token": token, **asked}},
        {"headers": {"Token": "other"}, "json": {"token": token, **asked}},
        {"params": {"token": "other"}, "headers": {"Token": token}, "json": asked},
    ]
    for how in two:
        refused = await shop.call("DELETE", "offers", token="", **how)
        assert refused.refusal == (400, "wrong_params"), how
        assert refused.body["error_details"] == "The request has two different tokens."
    wrong = await shop.call("DELETE", "offers", token="other", data="x={")
    assert wrong.refusal == (401, "wrong_token")


# Bad input ---------------------------------------------------------------------------------------------------

BAD: list[tuple[str, str, Any, str]] = [
    ("GET", "account/inventory", None, "steamid"),
    ("GET", "account/inventory?steamid=76561198064929874", None, "project"),
    ("GET", "account/inventory?steamid=7656119806492987&project=csgo", None, "steamid"),
    ("GET", "account/inventory?steamid=76561198064929874&game=halo", None, "game"),
    ("GET", "items?price_from=-1", None, "price_from"),
    ("GET", "items?price_to=1e3", None, "price_to"),
    ("GET", "items?price_to=NaN", None, "price_to"),
    ("GET", "items?price_to=%EF%BC%91", None, "price_to"),
    ("GET", "items?sort_column=price_market;drop", None, "sort_column"),
    ("GET", "items?sort_dir=down", None, "sort_dir"),
    ("GET", "items?sort=down", None, "sort"),
    ("GET", "items?limit=0", None, "limit"),
    ("GET", "items?limit=-5", None, "limit"),
    ("GET", "items?limit[]=5", None, "limit"),
    ("GET", "items?offset=-1", None, "offset"),
    ("GET", "items?offset=99999999999999999999", None, "offset"),
    ("GET", "items?group_by=price", None, "group_by"),
    ("GET", "items?date_from=yesterday", None, "date_from"),
    ("GET", "items?date_to=2020-02-30", None, "date_to"),
    ("GET", "items?float_from=NaN", None, "float_from"),
    ("GET", "items?paintseed=1.5", None, "paintseed"),
    ("GET", "items?is_stattrak=perhaps", None, "is_stattrak"),
    ("GET", "items?search=a%00b", None, "search"),
    ("GET", "items?search=" + "x" * 201, None, "search"),
    ("GET", "items?steam_market_hash_name[a]=x", None, "steam_market_hash_name[a]"),
    ("GET", "items?steam_market_hash_name[=x", None, "steam_market_hash_name["),
    ("GET", "items?%ff=1", None, "query"),
    ("GET", "items?" + "&".join(["a=1"] * 2001), None, "query"),
    ("GET", "items?a[b][c][d][e]=1", None, "a[b][c][d][e]"),
    ("GET", "items/0", None, "id"),
    ("GET", "items/-1", None, "id"),
    ("GET", "items/%ff", None, "id"),
    ("GET", "items/" + "9" * 20, None, "id"),
    ("GET", "steam_items?sort_column=icon", None, "sort_column"),
    ("POST", "buy", {}, "id"),
    ("POST", "buy", {"id": 1}, "steamid"),
    ("POST", "buy", {"id": 1, "steamid": BUYER}, "trade_token"),
    ("POST", "buy", {"id": True, "steamid": BUYER, "trade_token": TOKEN}, "id"),
    ("POST", "buy", {"id": [1], "steamid": BUYER, "trade_token": TOKEN}, "id"),
    ("POST", "buy", {"id": {"id": 1}, "steamid": BUYER, "trade_token": TOKEN}, "id"),
    ("POST", "buy", {"id": -1, "steamid": BUYER, "trade_token": TOKEN}, "id"),
    ("POST", "buy", {"id": 1.5, "steamid": BUYER, "trade_token": TOKEN}, "id"),
    ("POST", "buy", {"id": 1, "steamid": BUYER, "trade_token": TOKEN, "price": 0}, "price"),
    ("POST", "buy", {"id": 1, "steamid": BUYER, "trade_token": TOKEN, "price": "0.001"}, "price"),
    ("POST", "buy", {"id": 1, "steamid": BUYER, "trade_token": TOKEN, "custom_id": "a,b"}, "custom_id"),
    ("POST", "buy", {"id": 1, "steamid": BUYER, "trade_token": TOKEN, "custom_id": "x" * 65}, "custom_id"),
    ("POST", "buy", {"id": 1, "steamid": BUYER, "trade_token": TOKEN, "custom_id": "\u0000"}, "custom_id"),
    ("POST", "buy", {"id": 1, "steamid": BUYER, "trade_token": TOKEN, "custom_id": True}, "custom_id"),
    ("POST", "buy", [1], "body"),
    ("POST", "buy", b"{", "body"),
    ("POST", "buy", b'{"id": NaN}', "id"),
    ("POST", "buy", b'{"id": 1, "id": 1}', "id"),
    ("POST", "buy", b'{"id": "\\ud800"}', "id"),
    ("POST", "buy", b'{"id": ' + b"[" * 100_000, "body"),
    ("POST", "buy", b'{"id": "\xff"}', "body"),
    ("POST", "offers", {"steamid": "{seller}"}, "offers"),
    ("POST", "offers", {"steamid": "{seller}", "offers": []}, "offers"),
    ("POST", "offers", {"steamid": "{seller}", "offers": "x"}, "offers"),
    ("POST", "offers", {"steamid": "{seller}", "offers": [1]}, "offers[0]"),
    ("POST", "offers", {"steamid": "{seller}", "offers": [{"id": 1, "price": 1}]}, "offers[0].project"),
    ("POST", "offers", {"steamid": "{seller}", "offers": [{"id": 1, "price": "x", "project": "csgo"}]}, "offers[0].price"),
    ("POST", "offers", {"steamid": "{seller}", "offers": [{"id": 0, "price": 1, "project": "csgo"}]}, "offers[0].id"),
    ("POST", "offers", {"steamid": "{seller}", "offers": [{"id": 1, "price": 1, "project": "csgo", "currency": "BTC"}]}, "offers[0].currency"),
    ("POST", "offers", {"steamid": "{seller}", "offers": [{"id": n, "price": 1, "project": "csgo"} for n in range(1, 252)]}, "offers"),
    ("POST", "offers", b"steamid=76561198064929874&offers[4][id]=1&offers[4][project]=csgo&offers[4][price]=", "offers[4][price]"),
    ("PATCH", "offers", {"steamid": "{seller}", "offers": [7]}, "offers[0]"),
    ("PATCH", "offers", {"steamid": "{seller}", "offers": {"id": 1, "price": 1}}, "offers.id"),
    ("PATCH", "offers", {"steamid": "{seller}", "offers": 7}, "offers"),
    ("PATCH", "offers", {"steamid": "", "offers": [{"id": 1, "price": 1}]}, "steamid"),
    ("POST", "buy", {"id": 1, "steamid": BUYER, "trade_token": TOKEN, "price": ""}, "price"),
    ("POST", "buy", {"id": 1, "steamid": BUYER, "trade_token": ""}, "trade_token"),
    ("GET", "offers?steamid=", None, "steamid"),
    ("PATCH", "offers", {"steamid": "{seller}", "offers": [{"id": 1, "price": 1}] * 251}, "offers"),
    ("PATCH", "offers/1", {"steamid": "{seller}"}, "price"),
    ("PATCH", "offers/1", {"price": 1}, "steamid"),
    ("PATCH", "offers/x", {"steamid": "{seller}", "price": 1}, "id"),
    ("PATCH", "offers/1", {"steamid": "{seller}", "price": 1, "currency": "usd"}, "currency"),
    ("GET", "offers?steamid=1", None, "steamid"),
    ("GET", "offers?sort_column=floatvalue", None, "sort_column"),
    ("DELETE", "offers", None, "steamid"),
    ("DELETE", "offers?steamid=76561198064929874", None, "item_ids"),
    ("DELETE", "offers?steamid=76561198064929874&item_ids[]=x", None, "item_ids[]"),
    ("DELETE", "offers?steamid=76561198064929874&item_ids=" + ",".join(["1"] * 101), None, "item_ids"),
    ("GET", "operations?states=sleeping", None, "states"),
    ("GET", "operations?custom_ids[3]=" + "x" * 65, None, "custom_ids[3]"),
    ("GET", "operations?group_by=state", None, "group_by"),
    ("GET", "operations?type=steal", None, "type"),
]  # fmt: skip


async def state_of(db: Db) -> list[Any]:
    """All that a request could have changed."""
    tables = ("offer", "trade", "wallet", "transfer", "entry", "seller_grant")
    return [[tuple(row) for row in await db.fetch(f"SELECT * FROM {table} ORDER BY 1")] for table in tables]


async def send(shop: Shop, method: str, path: str, body: Any) -> Reply:
    if isinstance(body, dict) and body.get("steamid") == "{seller}":
        body = {**body, "steamid": shop.seller_steamid}
    how = (
        {"data": body, "headers": {"Content-Type": "application/x-www-form-urlencoded"}}
        if isinstance(body, bytes)
        else {"json": body}
    )
    return await shop.call(method, path, **({} if body is None else how))


async def test_bad_input_is_refused_with_the_field_named_and_changes_nothing(shop: Shop) -> None:
    await shop.foreign()
    await shop.own()
    before = await state_of(shop.db)
    for method, path, body, field in BAD:
        reply = await send(shop, method, path, body)
        assert reply.refusal == (422, "validation_error"), (method, path[:80], str(body)[:80], reply.body)
        assert reply.body["error_details"].startswith(f"{field}: "), (
            method,
            path[:80],
            str(body)[:80],
            reply.body,
        )
    assert await state_of(shop.db) == before


async def test_a_body_or_query_over_the_bound_is_413(shop: Shop) -> None:
    for method, path, body in (
        ("POST", "buy", b"x" * (1 << 20) + b"x"),
        ("POST", "buy", b"x" * (3 << 20)),
        ("DELETE", "offers", b"x" * (1 << 20) + b"x"),
    ):
        reply = await shop.call(method, path, data=body)
        assert reply.refusal == (413, "validation_error")
    assert (await shop.call("POST", "buy", data=b"x=" + b"y" * ((1 << 20) - 2))).refusal == (
        422,
        "validation_error",
    )
    head = f"GET /api/v2/items?a={'x' * (1 << 20)} HTTP/1.1\r\nHost: x\r\nToken: {shop.token}\r\nConnection: close\r\n\r\n"
    assert (await shop.raw(head.encode())).startswith(b"HTTP/1.1 413 ")


async def test_the_same_asset_twice_and_what_is_not_there_put_nothing_on_sale(shop: Shop) -> None:
    (asset,) = await in_inventory(shop, NAME)
    good = {"id": asset, "price": 1, "project": "csgo"}
    cases: list[tuple[list[dict[str, Any]], tuple[int, str]]] = [
        ([good, good], (400, "wrong_params")),
        ([good, {**good, "id": int(asset)}], (400, "wrong_params")),
        ([good, {**good, "id": 7}], (404, "no_item")),
        ([good, {**good, "id": "9" * 19}], (404, "no_item")),
        ([{**good, "price": 30.01}], (400, "wrong_params")),
        ([{**good, "price": 0.01}], (400, "wrong_params")),
        ([{**good, "currency": "RUB"}], (400, "wrong_params")),  # no rate is known
    ]
    for rows, want in cases:
        reply = await shop.call("POST", "offers", json={"steamid": shop.seller_steamid, "offers": rows})
        assert reply.refusal == want, rows
    assert await shop.db.value("SELECT count(*) FROM offer") == 0
    assert (
        await shop.call("POST", "offers", json={"steamid": shop.seller_steamid, "offers": [good]})
    ).status == 200
    again = await shop.call("POST", "offers", json={"steamid": shop.seller_steamid, "offers": [good]})
    assert again.refusal == (400, "wrong_params")


async def test_a_row_that_cannot_be_read_leaves_the_other_rows_be(shop: Shop) -> None:
    first, second = await shop.own(100), await shop.own(200)
    rows: list[Any] = [
        {"id": first, "price": "1.50"}, {"id": 77, "price": "0.001"}, {"id": 78}, {"id": "x", "price": 1}, {"price": 1},
        {"id": 79, "price": 1, "currency": "BTC"}, {"id": True, "price": 1}, {"id": "x", "price": 1}, {"id": str(second), "price": 2.5},
    ]  # fmt: skip
    asked = {"steamid": shop.seller_steamid, "offers": rows}
    key = {"Idempotency-Key": "rows"}
    reply = await shop.call("PATCH", "offers", json=asked, headers=key)
    bids = reply.body["bids"]
    assert [bid["id"] for bid in bids] == [str(first), "77", "78", "x", None, "79", None, "x", str(second)]
    assert [bid["status"] for bid in bids] == ["success", *["error"] * 7, "success"]
    assert {bid["error_message"] for bid in bids[1:-1]} == {"validation_error"}
    assert [bid["error_details"].partition(":")[0] for bid in bids[1:-1]] == [
        "offers[1].price", "offers[2].price", "offers[3].id", "offers[4].id", "offers[5].currency", "offers[6].id", "offers[7].id",
    ]  # fmt: skip
    assert (await shop.get(f"items/{second}")).body["data"]["item"]["price"] == "2.50"
    again = await shop.call("PATCH", "offers", json=asked, headers=key)
    assert (again.body, again.headers["idempotency-replayed"]) == (reply.body, "true")
    form = f"steamid={shop.seller_steamid}&offers[0][id]={first}&offers[0][price]=x"
    alone = await shop.call("PATCH", "offers", params=form)
    assert alone.body["bids"][0]["error_details"].startswith("offers[0][price]: must be a price")
    # The same offer twice is no matter of a row, even where one of the two cannot be read; nor is whose offers they are.
    twins: tuple[list[dict[str, Any]], ...] = (
        [{"id": first, "price": 1}, {"id": first}],
        [{"id": 7}, {"id": "7"}],
        [{"id": 7, "price": 1}] * 2,
    )
    for twice in twins:
        refused = await shop.call("PATCH", "offers", json={**asked, "offers": twice})
        assert refused.refusal == (400, "wrong_params")
        assert (
            refused.body["error_details"]
            == f"offers: the id {twice[0]['id']} is named twice in this request."
        )
    foreign = {"steamid": shop.stranger_steamid, "offers": [{"id": "x"}]}
    assert (await shop.call("PATCH", "offers", json=foreign)).refusal == (403, "no_access")


async def test_an_empty_parameter_is_one_that_was_not_sent(shop: Shop) -> None:
    offer = await shop.foreign()
    names = "project limit offset price_from price_to date_from date_to sort_column sort_dir search is_stattrak group_by"
    empty = "&".join(f"{name}=" for name in names.split())
    assert ids(await shop.get(f"items?{empty}")) == [str(offer)]
    empty = "&".join(
        f"{name}="
        for name in ["type", "states", "custom_ids", "date_from", "sort", "limit", "offset", "group_by"]
    )
    assert (await shop.get(f"operations?{empty}")).body["metadata"] == {
        "limit": 4_000,
        "offset": 0,
        "total": 0,
    }
    bought = (await shop.buy(id=offer, custom_id="")).body["trade_data"]
    assert bought["custom_id"] is None
    for custom_id in ("x", " y", "z"):
        await shop.buy(id=await shop.foreign(), custom_id=custom_id)
    found = (await shop.get("operations", params={"custom_ids": "x, y,z , "})).body["data"]
    assert {row["custom_id"] for row in found} == {"x", " y", "z"}


JUNK: list[Any] = [
    "", "0", "-1", "1", "999999999999999999999", "NaN", "1e400", "true", "null", "' OR 1=1 --", "%00", "\x00", "é", "★",
    "x" * 5000, "../..", "{}", "[]", "1_0", "１", "2020-99-99", "9999-12-31", "99999999999", "csgo", "price", "asc",
    None, True, 0, 1.5, -1, 10**30, [], {}, [1], ["x"], [[1]], {"0": "x"}, {"a": {"b": 1}}, [None], [{"id": 1}],
    [{"id": "1", "price": "1", "project": "csgo"}], 2**63, 2**63 - 1, 2**31,
]  # fmt: skip
NAMES = [
    "id",
    "steamid",
    "trade_token",
    "price",
    "custom_id",
    "offers",
    "item_ids",
    "project",
    "game",
    "steam_market_hash_name",
    "search",
    "price_from",
    "price_to",
    "date_from",
    "date_to",
    "sort_column",
    "sort_dir",
    "sort",
    "limit",
    "offset",
    "group_by",
    "states",
    "custom_ids",
    "type",
    "currency",
    "float_from",
    "float_to",
    "paintseed",
    "paintindex",
    "exteriors",
    "rarities",
    "types",
    "is_stattrak",
    "token",
]


async def test_no_input_is_a_fault_of_ours(shop: Shop) -> None:
    await shop.foreign()
    before = await state_of(shop.db)
    draw = random.Random(2026)
    ways = [(method, path) for path, handlers in CALLS.items() for method in handlers]
    for turn in range(600):
        method, path = ways[turn % len(ways)]
        path = path.replace("{id}", str(draw.choice(["1", "0", "x", "%00", "9" * 19, "é"]))).lstrip("/")
        chosen = {name: draw.choice(JUNK) for name in draw.sample(NAMES, draw.randint(1, 6))}
        if draw.random() < 0.7:
            chosen["steamid"] = draw.choice([BUYER, shop.seller_steamid, shop.stranger_steamid])
        texts = {name: str(value) for name, value in chosen.items()}
        how: dict[str, Any] = draw.choice([{"json": chosen}, {"data": texts}, {"params": texts}])
        reply = await shop.call(method, path, **how)
        assert reply.status < 500, (method, path, how, reply.body)
        assert reply.body["status"] == ("success" if reply.status == 200 else "error"), (method, path, how)
    assert await state_of(shop.db) == before


async def test_a_grant_taken_back_holds_at_once(shop: Shop) -> None:
    account = await users.by_steamid(shop.db, shop.seller_steamid)
    assert account is not None
    await shop.own()
    async with shop.db.transaction() as tx:
        await merchants.revoke_grant(tx, shop.merchant, account.id, shop.app.now())
    asked = {"steamid": shop.seller_steamid, "item_ids": [1]}
    assert (await shop.call("DELETE", "offers", json=asked)).refusal == (403, "no_access")
