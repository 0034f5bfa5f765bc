"""v1 buys, sells, reprices and cancels, each deed once however often and in whatever notation it is asked for."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from dialects.shop import BUYER, TOKEN, Reply, Shop
from stock import NAME
from tradepost.market import rates, steam_items, trades
from tradepost.rules.trade import Leased, OfferSeen

IVORY = "P2000 | Ivory (Well-Worn)"
HOWS = ("query", "form", "json")
DELIVERY = {"steamid": BUYER, "trade_token": TOKEN}


async def buy(shop: Shop, how: str = "form", **parameters: Any) -> Reply:
    return await shop.v1("buy_item", how, **{**DELIVERY, **parameters})


async def in_inventory(shop: Shop, *names: str) -> list[str]:
    """Items of the seller on Steam, each with a Steam price of 1.00; their asset ids."""
    orders = [{"appid": 730, "market_hash_name": name} for name in names]
    await shop.box.world({"steamid": shop.seller_steamid, "items": orders})
    async with shop.db.transaction() as tx:
        await steam_items.set_prices(tx, "csgo", dict.fromkeys(names, 100), shop.app.now())
    rows = (await shop.v1("inventory", steamid=shop.seller_steamid, game="csgo")).body["inv"]
    assets = {row["assetid"]: row["steam_market_hash_name"] for row in rows}
    return [next(asset for asset in sorted(assets) if assets[asset] == name) for name in names]


async def seen(shop: Shop, trade_id: str, code: int, tradeofferid: str = "4285501167") -> None:
    """The seller's program was given the trade, and reports what became of it on Steam."""
    async with shop.db.transaction() as tx:
        for event in (Leased(), OfferSeen(code, tradeofferid)):
            await trades.happened(
                tx, shop.app.settings, int(trade_id), event, witness="agent", now=shop.app.now()
            )


# Buying ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", HOWS)
async def test_a_purchase_answers_as_the_seed_does(shop: Shop, how: str) -> None:
    offer = await shop.foreign(25)
    body = (await buy(shop, how, id=str(offer))).body
    made = body["trade_data"].pop("time_created")
    asset = await shop.db.value("SELECT assetid FROM offer WHERE id = $1", offer)
    item = {
        "state": "pending",
        "project": "csgo",
        "steam_market_hash_name": NAME,
        "steam_asset_id": asset,
        "price": "0.25",
    }
    assert body == {
        "id": "1",
        "trade_data": {
            "id": "1", "state": "active", "price": "0.25", "steam_trade_token": TOKEN, "steam_trade_offer_state": None,
            "steam_tradeofferid": None, "steam_to_steamid": BUYER, "causer": None, "custom_id": None, "items": [item],
        },
        "success": True,
        "status": "success",
    }  # fmt: skip
    assert len(made) == len("2019-08-28 20:03:22")
    assert (await shop.v1("get_balance")).body["deposit_balance"] == "99.75"
    assert (await buy(shop, how, id=offer)).refusal == (200, "no_item")


async def test_a_purchase_repeated_in_any_notation_and_version_is_one_purchase(shop: Shop) -> None:
    offer = await shop.foreign(13)
    asked: dict[str, Any] = {"id": offer, "custom_id": "order-1", "price": "0.20"}
    first = await buy(shop, **asked)
    await seen(shop, first.body["id"], 2)
    for how in HOWS:
        assert (await buy(shop, how, **{**asked, "price": "0.2"})).body == first.body
    replies = await asyncio.gather(*(buy(shop, HOWS[turn % 3], **asked) for turn in range(9)))
    assert [reply.body for reply in replies] == [first.body] * 9
    assert (await shop.buy(**asked)).body["id"] == first.body["id"]
    for change in (
        {"id": offer + 1}, {"id": "9" * 19}, {"id": 2**63 - 1}, {"price": "0.3"}, {"price": None}, {"trade_token": "another1"},
        {"steamid": shop.seller_steamid},
    ):  # fmt: skip
        assert (await buy(shop, **{**asked, **change})).refusal == (200, "custom_id_exist"), change
    assert await shop.db.value("SELECT count(*) FROM trade") == 1
    # An id that nothing can have is no item's, where the custom id is free.
    for beyond in (2**63 - 1, 2**63, 10**19 - 1):
        assert (await buy(shop, id=beyond, custom_id="free")).refusal == (200, "no_item")
        assert (await shop.buy(id=beyond, custom_id="free")).refusal == (404, "no_item")
        assert (await shop.buy(id=beyond, custom_id="order-1")).refusal == (409, "custom_id_exist")


async def test_an_idempotency_key_makes_one_purchase_too(shop: Shop) -> None:
    offer, key = await shop.foreign(13), {"Idempotency-Key": "once"}
    first = await buy(shop, id=offer, headers=key)
    assert (await buy(shop, "json", id=offer, headers=key)).body == first.body
    assert (await buy(shop, id=await shop.foreign(13), headers=key)).refusal == (200, "custom_id_exist")


async def test_who_asks_for_the_head_of_a_purchase_buys_nothing(shop: Shop) -> None:
    asked = {**DELIVERY, "id": await shop.foreign(13)}
    reply = await shop.call("HEAD", "/api/v1/buy_item", params=asked)
    assert (reply.status, reply.body) == (200, "")
    assert await shop.db.value("SELECT count(*) FROM trade") == 0
    assert (await shop.call("GET", "/api/v1/buy_item", params=asked)).headers["Cache-Control"] == "no-store"
    read, got = [await shop.call(method, "/api/v1/get_balance") for method in ("HEAD", "GET")]
    assert (read.body, read.headers["Content-Length"]) == ("", got.headers["Content-Length"])


# Selling -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", HOWS)
async def test_items_are_put_on_sale_repriced_and_cancelled(shop: Shop, how: str) -> None:
    async with shop.db.transaction() as tx:
        await rates.set_rate(tx, "RUB", 92_150_000, "test", shop.app.real_now())
    assets = await in_inventory(shop, NAME, IVORY)
    whose = {"steamid": shop.seller_steamid}
    asked = [
        {"id": asset, "project": "csgo", "price": price}
        for asset, price in zip(assets, ("3.14", "2"), strict=True)
    ]
    body = (await shop.v1("sell_items", how, **whose, offers=asked)).body
    first, second = body["created_bid_ids"]
    assert body == {"status": "success", "created_bid_ids": [first, second]}
    assert all(isinstance(one, str) for one in (first, second))
    on_sale = (await shop.v1("get_my_items_on_sale", how, sort_column="price", sort="asc")).body["data"]
    assert [(row["id"], row["price"], row["steamid"]) for row in on_sale] == [
        (second, "2.00", shop.seller_steamid), (first, "3.14", shop.seller_steamid),
    ]  # fmt: skip

    body = (await shop.v1("change_item_price", how, **whose, id=first, price="2", currency="USD")).body
    assert body == {"status": "success", "id": first, "new_price": 2, "price_rate": 1}
    assert not isinstance(body["new_price"], str)
    body = (await shop.v1("change_item_price", how, **whose, id=second, price="92.2", currency="RUB")).body
    assert body == {"status": "success", "id": second, "new_price": 1, "price_rate": Decimal("92.15")}
    body = (await shop.v1("change_item_price", how, **whose, id=second, price="0.5")).body
    assert body == {"status": "success", "id": second, "new_price": Decimal("0.5"), "price_rate": 1}
    for unknown in (first + "77", "9" * 19):
        reply = await shop.v1("change_item_price", how, **whose, id=unknown, price="2")
        assert reply.refusal == (200, "no_item")

    items = [{"id": second}, {"id": first}, {"id": "77"}, {"id": "9" * 19}]
    body = (await shop.v1("cancel_items", how, **whose, items=items)).body
    assert body == {
        "status": "success",
        "cancelled_items": [
            {"id": second, "assetid": assets[1], "project": "csgo", "state": "cancelled"},
            {"id": first, "assetid": assets[0], "project": "csgo", "state": "cancelled"},
        ],
        "not_cancelled_items": [{"id": "77", "reason": "not found"}, {"id": "9" * 19, "reason": "not found"}],
    }
    body = (await shop.v1("cancel_items", how, **whose, items=[{"id": first}])).body
    assert (body["cancelled_items"], body["not_cancelled_items"]) == (
        [],
        [{"id": first, "reason": "not on sale any more"}],
    )


async def test_items_are_put_on_sale_all_or_none(shop: Shop) -> None:
    (asset,) = await in_inventory(shop, NAME)
    good = {"id": asset, "project": "csgo", "price": "1"}
    for bad, word in (
        ({**good}, "wrong_params"),
        ({**good, "id": "7"}, "no_item"),
        ({**good, "price": "0.01", "id": "8"}, "no_item"),
        ({**good, "price": "x"}, "validation_error"),
        ({**good, "project": "halo"}, "validation_error"),
    ):
        reply = await shop.v1("sell_items", steamid=shop.seller_steamid, offers=[good, bad])
        assert reply.refusal == (200, word), bad
    assert await shop.db.value("SELECT count(*) FROM offer") == 0


async def test_a_batch_is_at_most_a_hundred_and_never_empty(shop: Shop) -> None:
    whose = {"steamid": shop.seller_steamid}
    for many in (0, 101):
        offers = [{"id": number, "project": "csgo", "price": "1"} for number in range(1, many + 1)]
        reply = await shop.v1("sell_items", "json", **whose, offers=offers)
        assert reply.refusal == (200, "validation_error")
        assert reply.body["error_details"].startswith("offers: ")
        reply = await shop.v1("cancel_items", "json", **whose, items=[{"id": one["id"]} for one in offers])
        assert reply.refusal == (200, "validation_error")
        assert reply.body["error_details"].startswith("items: ")
    reply = await shop.v1(
        "cancel_items", **whose, items={str(number): {"id": number} for number in range(1, 101)}
    )
    assert len(reply.body["not_cancelled_items"]) == 100


async def test_what_is_in_a_trade_is_not_cancelled(shop: Shop) -> None:
    offer = await shop.own(100)
    other = await shop.box.stock.person(deposit_cents=5_000)
    assert (await buy(shop, id=offer, token=await shop.make_token(other))).body["success"] is True
    body = (await shop.v1("cancel_items", steamid=shop.seller_steamid, items=[{"id": offer}])).body
    assert body["cancelled_items"] == []
    assert body["not_cancelled_items"] == [{"id": str(offer), "reason": "in a trade"}]
    reply = await shop.v1("change_item_price", steamid=shop.seller_steamid, id=offer, price="2")
    assert reply.refusal == (200, "wrong_params")


async def test_selling_twice_with_one_key_is_selling_once(shop: Shop) -> None:
    (asset,) = await in_inventory(shop, NAME)
    offers = [{"id": asset, "project": "csgo", "price": "1"}]
    key = {"Idempotency-Key": "once"}
    first = await shop.v1("sell_items", steamid=shop.seller_steamid, offers=offers, headers=key)
    again = await shop.v1("sell_items", steamid=shop.seller_steamid, offers=offers, headers=key)
    assert first.body["status"] == "success"
    assert again.body == first.body


# What was bought ---------------------------------------------------------------------------------------------


def item(state: str, asset: str, price: str) -> dict[str, str]:
    return {
        "state": state,
        "project": "csgo",
        "steam_market_hash_name": NAME,
        "steam_asset_id": asset,
        "price": price,
    }


@pytest.mark.parametrize("how", HOWS)
async def test_purchases_are_found_by_their_custom_ids(shop: Shop, how: str) -> None:
    first = (await buy(shop, id=await shop.foreign(20), custom_id="400")).body
    second = (await buy(shop, id=await shop.foreign(30), custom_id="a b/ü")).body
    await buy(shop, id=await shop.foreign(40))
    await seen(shop, first["id"], 9)
    await seen(shop, second["id"], 7, "4285501168")
    row = {
        "state": "active", "price": "0.20", "steam_trade_token": TOKEN, "steam_trade_offer_state": "9",
        "steam_tradeofferid": "4285501167", "steam_to_steamid": BUYER, "steam_from_steamid": shop.stranger_steamid,
        "causer": None, "time_created": first["trade_data"]["time_created"], "custom_id": "400",
        "items": [item("active", first["trade_data"]["items"][0]["steam_asset_id"], "0.20")],
    }  # fmt: skip
    call = "list_buy_info_by_custom_id"
    body = (await shop.v1(call, how, custom_id="400")).body
    assert body["status"] == "success"
    assert list(body["data"]) == ["400"]
    found = body["data"]["400"]
    assert {key: found[key] for key in row} == row
    assert found.keys() - row.keys() == {"explanation", "protected_until", "reversed"}
    for asked in ("400,a b/ü,nobody", ["400", "a b/ü"], ["400,a b/ü", "400"]):
        data = (await shop.v1(call, how, custom_id=asked)).body["data"]
        assert data.keys() == {"400", "a b/ü"}, asked
        cancelled = data["a b/ü"]
        assert (cancelled["state"], cancelled["causer"], cancelled["items"][0]["state"]) == (
            "cancelled",
            "buyer",
            "cancelled",
        )
    # None of it is an object without keys, which PHP must not see as a list.
    assert (await shop.v1(call, how, custom_id="nobody")).body == {"status": "success", "data": {}}
    assert (await shop.v1(call, how)).refusal == (200, "validation_error")
    other = await shop.make_token(shop.stranger)
    assert (await shop.v1(call, how, token=other, custom_id="400")).body["data"] == {}


async def test_the_history_is_of_purchases_alone_and_newest_first(shop: Shop) -> None:
    first = (await buy(shop, id=await shop.foreign(45), custom_id="marketplace_73")).body
    second = (await buy(shop, id=await shop.foreign(1948))).body
    other = await shop.make_token(await shop.box.stock.person(deposit_cents=5_000))
    await buy(shop, id=await shop.own(100), token=other)
    await seen(shop, first["id"], 9)
    bodies = [(await shop.v1("operations_history", how)).body for how in HOWS]
    assert bodies == [bodies[0]] * 3
    rows = bodies[0]["data"]
    assert bodies[0]["metadata"] == {"limit": 4_000, "offset": 0, "total": 2}
    assert [row["id"] for row in rows] == [second["id"], first["id"]]
    want = {
        "id": first["id"], "state": "active", "price": "0.45", "steam_trade_token": TOKEN, "steam_trade_offer_state": "9",
        "steam_tradeofferid": "4285501167", "steam_to_steamid": BUYER, "causer": None,
        "time_created": first["trade_data"]["time_created"], "custom_id": "marketplace_73",
        "items": [item("active", first["trade_data"]["items"][0]["steam_asset_id"], "0.45")],
    }  # fmt: skip
    assert {key: rows[1][key] for key in want} == want
    assert rows[1].keys() - want.keys() == {"explanation", "protected_until", "reversed"}
    assert (rows[0]["steam_trade_offer_state"], rows[0]["steam_tradeofferid"], rows[0]["items"][0]["state"]) == (
        None, None, "pending",
    )  # fmt: skip
    page = (await shop.v1("operations_history", limit=1, offset=1)).body
    assert ([row["id"] for row in page["data"]], page["metadata"]) == (
        [first["id"]],
        {"limit": 1, "offset": 1, "total": 2},
    )
    assert (await shop.v1("operations_history", limit=10**18)).body["metadata"]["limit"] == 4_000


async def test_an_empty_parameter_is_one_that_was_not_sent_but_where_it_would_mean_more(shop: Shop) -> None:
    offer = await shop.foreign(20)
    empty = dict.fromkeys(
        [
            "project",
            "price_from",
            "price_to",
            "float",
            "sort",
            "sort_column",
            "limit",
            "offset",
            "mine",
            "search",
        ],
        "",
    )
    for call in ("get_items_on_sale_filtered", "get_items_on_sale", "search_similar_items"):
        found = await shop.v1(call, "query", **empty)
        assert [row["id"] for row in found.body["data"]] == [str(offer)], call
    times = await shop.v1(
        "search_items_by_list_names", **{"from": "", "to": "", "steam_market_hash_name": ""}
    )
    assert times.body["status"] == "success"
    for call, name in (("get_items_on_sale_filtered", "steamid"), ("get_my_items_on_sale", "steamid")):
        refused = await shop.v1(call, "query", **{name: ""})
        assert refused.refusal == (200, "validation_error")
        assert refused.body["error_details"].startswith(f"{name}: must not be empty")
    refused = await buy(shop, id=offer, price="")
    assert refused.refusal == (200, "validation_error")
    assert refused.body["error_details"].startswith("price: must not be empty")
    assert (await shop.v1("get_item_by_id", id="")).body["error_details"] == "id: is missing."
    assert (await buy(shop, id=offer, custom_id="")).body["trade_data"]["custom_id"] is None
    for custom_id in ("x", " y"):
        await buy(shop, id=await shop.foreign(), custom_id=custom_id)
    found = await shop.v1("list_buy_info_by_custom_id", custom_id="x, y,")
    assert found.body["data"].keys() == {"x", " y"}


async def test_json_may_have_the_names_that_a_form_has(shop: Shop) -> None:
    offer = await shop.own()
    asked: dict[str, Any] = {"steamid": shop.seller_steamid, "items[0][id]": offer}
    assert (await shop.v1("cancel_items", "json", **asked)).body["cancelled_items"][0]["id"] == str(offer)
