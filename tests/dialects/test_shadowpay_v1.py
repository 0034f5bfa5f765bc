"""v1's lists say what the seed says, number for number and text for text, by GET and by POST."""

import asyncio
import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from dialects.shop import BUYER, Reply, Shop
from stock import MARKET_NOW, NAME
from tradepost.dialects.shadowpay.v1 import CALLS
from tradepost.market import feed, merchants, presence, steam_items

IVORY = "P2000 | Ivory (Well-Worn)"
AWKWARD = 'Souvenir "Ivory\\",\\"project\\":" ★ ™'
HOWS = ("query", "form", "json")
NOON = "2026-11-21 12:00:00"


def ids(reply: Reply) -> list[str]:
    return [row["id"] for row in reply.body["data"]]


def row_of(offer: int, price: str | Decimal, name: str = NAME, **changes: Any) -> dict[str, Any]:
    """An item on sale as the seed's example has it."""
    return {
        "id": str(offer), "steam_market_hash_name": name, "price": price, "project": "csgo", "floatvalue": None,
        "paintindex": None, "paintseed": None, "time_created": NOON, **changes,
    }  # fmt: skip


async def shown(shop: Shop, call: str, **parameters: Any) -> Any:
    """The body of a success, the same whichever way the call is made."""
    replies = [await shop.v1(call, how, **parameters) for how in HOWS]
    for reply in replies:
        assert (reply.status, reply.body["status"]) == (200, "success"), (call, parameters, reply.body)
        assert reply.body == replies[0].body
        assert reply.headers["Content-Type"] == "application/json"
    return replies[0].body


# Account -----------------------------------------------------------------------------------------------------


async def test_the_balance_is_two_texts_in_their_shortest_form(shop: Shop) -> None:
    body = await shown(shop, "get_balance")
    assert body == {"status": "success", "currency": "USD", "balance": "0", "deposit_balance": "100"}
    await shop.db.execute(
        "UPDATE wallet SET deposit_cents = 10050, balance_cents = 7 WHERE account_id = $1", shop.merchant
    )
    body = await shown(shop, "get_balance")
    assert (body["balance"], body["deposit_balance"]) == ("0.07", "100.5")
    await shop.db.execute(
        "UPDATE wallet SET deposit_cents = 10000, balance_cents = 0 WHERE account_id = $1", shop.merchant
    )


async def test_an_inventory_is_without_what_is_on_sale_and_its_prices_are_numbers(shop: Shop) -> None:
    items = [{"appid": 730, "market_hash_name": name} for name in (NAME, IVORY)]
    await shop.box.world({"steamid": shop.seller_steamid, "items": items})
    await shop.foreign(13)
    async with shop.db.transaction() as tx:
        await steam_items.set_prices(tx, "csgo", {NAME: 14}, shop.app.now())
    body = await shown(shop, "inventory", steamid=shop.seller_steamid, game="csgo")
    assert body["total"] == "2"
    rows = {row["steam_market_hash_name"]: row for row in body["inv"]}
    priced, unpriced = rows[NAME], rows[IVORY]
    assert priced | {"link": None, "assetid": None} == {
        "price": Decimal("0.14"), "lowest_price": Decimal("0.13"), "max_price": Decimal("4.2"), "fee": 5,
        "steam_market_hash_name": NAME, "assetid": None, "project": "csgo", "steam_itemtype": "Pistol",
        "rarity": priced["rarity"], "exterior": "Field-Tested", "is_stattrak": False, "tradable": True, "link": None,
        "skip_reason": False,
    }  # fmt: skip
    assert isinstance(priced["assetid"], str)
    assert (unpriced["price"], unpriced["lowest_price"], unpriced["max_price"], unpriced["skip_reason"]) == (
        0, None, 0, "no_price",
    )  # fmt: skip
    offer = {"id": priced["assetid"], "project": "csgo", "price": "0.14"}
    assert (await shop.v1("sell_items", steamid=shop.seller_steamid, offers=[offer])).body[
        "status"
    ] == "success"
    body = await shown(shop, "inventory", steamid=shop.seller_steamid, project="csgo")
    assert (body["total"], [row["assetid"] for row in body["inv"]]) == ("1", [unpriced["assetid"]])


async def test_an_inventory_that_nobody_may_see_is_the_owners_affair_and_no_fault(shop: Shop) -> None:
    # The seller is no user of the simulated Steam yet.
    asked = {"steamid": shop.seller_steamid, "game": "csgo"}
    reply = await shop.v1("inventory", **asked)
    assert reply.refusal == (200, "empty_user_data")
    assert "Steam knows nobody" in reply.body["error_details"]
    assert (await shop.get("account/inventory", params=asked)).refusal == (404, "empty_user_data")
    await shop.box.sim.control("POST", f"/_sim/users/{shop.seller_steamid}", {"private": True})
    reply = await shop.v1("inventory", **asked)
    assert reply.refusal == (200, "no_access")
    assert "make it public" in reply.body["error_details"]
    assert (await shop.get("account/inventory", params=asked)).refusal == (403, "no_access")
    offers = [{"id": "7", "price": "1", "project": "csgo"}]
    assert (await shop.v1("sell_items", steamid=shop.seller_steamid, offers=offers)).refusal == (
        200,
        "no_access",
    )


# Searching ---------------------------------------------------------------------------------------------------


async def test_the_items_of_a_name_come_cheapest_first(shop: Shop) -> None:
    dear, cheap = await shop.foreign(1830), await shop.foreign(13)
    await shop.foreign(1, IVORY)
    body = await shown(shop, "search_item", steam_market_hash_name=NAME)
    assert body["data"] == [
        {"id": str(cheap), "steam_market_hash_name": NAME, "price": "0.13"},
        {"id": str(dear), "steam_market_hash_name": NAME, "price": "18.30"},
    ]
    assert (await shown(shop, "search_item", steam_market_hash_name=NAME, project="dota2"))["data"] == []
    assert (await shown(shop, "search_item", steam_market_hash_name=NAME.lower()))["data"] == []


async def test_a_name_is_never_taken_for_what_stands_behind_it(shop: Shop) -> None:
    offer = await shop.foreign(13, AWKWARD)
    found = {"id": str(offer), "steam_market_hash_name": AWKWARD, "price": "0.13"}
    assert (await shown(shop, "search_item", steam_market_hash_name=AWKWARD))["data"] == [found]
    (row,) = (await shown(shop, "search_similar_items"))["data"]
    assert row == {**found, "steam_asset_id": row["steam_asset_id"], "time_created": NOON}
    assert (await shown(shop, "search_items_by_list_names"))["data"] == {
        AWKWARD: [{"id": str(offer), "price": "0.13"}]
    }


async def test_items_by_names_are_grouped_and_newest_first(shop: Shop) -> None:
    first, second = (
        await shop.foreign(100),
        await shop.foreign(200, created_at=MARKET_NOW + timedelta(days=1)),
    )
    ivory = await shop.foreign(300, IVORY)
    rows = {NAME: [{"id": str(second), "price": "2.00"}, {"id": str(first), "price": "1.00"}],
            IVORY: [{"id": str(ivory), "price": "3.00"}]}  # fmt: skip
    call = "search_items_by_list_names"
    names = {"1": NAME, "2": "nobody", "7": IVORY}
    body = await shown(shop, call, steam_market_hash_name=names)
    assert body == {"status": "success", "data": {NAME: rows[NAME], "nobody": [], IVORY: rows[IVORY]}}
    assert list(body["data"]) == [NAME, "nobody", IVORY]
    assert (await shown(shop, call, steam_market_hash_name=NAME))["data"] == {NAME: rows[NAME]}
    assert (await shown(shop, call))["data"] == rows
    assert (await shown(shop, call, project="dota2"))["data"] == {}
    assert (await shown(shop, call, **{"from": "2026-11-22"}))["data"] == {NAME: rows[NAME][:1]}
    assert (await shown(shop, call, to=int(MARKET_NOW.timestamp())))["data"] == {
        NAME: rows[NAME][1:],
        IVORY: rows[IVORY],
    }
    by_brackets = await shop.call("POST", f"/api/v1/{call}", data=f"steam_market_hash_name[]={IVORY}&steam_market_hash_name[]={IVORY}",
                                  headers={"Content-Type": "application/x-www-form-urlencoded"})  # fmt: skip
    assert by_brackets.body["data"] == {IVORY: rows[IVORY]}


async def test_similar_items_are_those_of_a_range_of_prices(shop: Shop) -> None:
    offers = [await shop.foreign(cents) for cents in (7, 129, 166)]
    body = await shown(shop, "search_similar_items", price_from="0.08", price_to=1.66)
    assets = [await shop.db.value("SELECT assetid FROM offer WHERE id = $1", offer) for offer in offers]
    assert body["data"] == [
        {"id": str(offers[one]), "steam_market_hash_name": NAME, "price": price, "steam_asset_id": assets[one], "time_created": NOON}
        for one, price in ((2, "1.66"), (1, "1.29"))
    ]  # fmt: skip
    assert body["metadata"] == {"limit": 2000, "offset": 0, "total": 2}
    page = await shown(shop, "search_similar_items", limit=1, offset=1)
    assert (ids_of(page), page["metadata"]) == ([str(offers[1])], {"limit": 1, "offset": 1, "total": 3})
    assert (await shown(shop, "search_similar_items", limit=5000))["metadata"]["limit"] == 2000
    assert (await shown(shop, "search_similar_items", price_from=0, price_to=0))["data"] == []


def ids_of(body: Any) -> list[str]:
    return [row["id"] for row in body["data"]]


# On sale -----------------------------------------------------------------------------------------------------


async def test_items_on_sale_are_the_newest_first_in_pages(shop: Shop) -> None:
    offers = [await shop.foreign(cents) for cents in (480, 1830)]
    body = await shown(shop, "get_items_on_sale")
    assert body["data"] == [row_of(offers[1], "18.30"), row_of(offers[0], "4.80")]
    assert body["metadata"] == {"limit": 15_000, "offset": 0, "total": 2}
    assert ids_of(await shown(shop, "get_items_on_sale", limit=1, offset=1)) == [str(offers[0])]
    assert (await shown(shop, "get_items_on_sale", limit=10**9))["metadata"]["limit"] == 15_000
    assert (await shown(shop, "get_items_on_sale", game="tf2"))["data"] == []
    # The same rows as v2 has them.
    assert (await shop.get("items")).body["data"] == body["data"]


FILTERS: list[tuple[dict[str, Any], list[int]]] = [
    ({}, [3, 2, 1, 0]),
    ({"search": "ivory"}, [2]),
    ({"search": "%"}, []),
    ({"search": "_"}, []),
    ({"price_from": "2"}, [3, 2, 1]),
    ({"price_from": 2, "price_to": 3}, [2, 1]),
    ({"price_from": 0}, [3, 2, 1, 0]),
    ({"float": "0.055"}, [2]),
    ({"float": "0.1234567"}, [3]),
    ({"float": "0.123456704"}, [3]),  # another spelling of the same 32-bit float
    ({"float": "0.05-0.2"}, [3, 2]),
    ({"float": "0.055-0.055"}, [2]),
    ({"float": "5e-2-2e-1"}, [3, 2]),
    ({"float": "0.2-0.05"}, []),
    ({"float": "1e-99-9999.9"}, [3, 2]),
    ({"search": "ivory", "float": "0.05-0.2", "price_to": 3, "sort_column": "floatvalue"}, [2]),
    ({"sort": "asc"}, [0, 1, 2, 3]),
    ({"sort_column": "price", "sort": "asc"}, [0, 1, 2, 3]),
    ({"sort_column": "price"}, [3, 2, 1, 0]),
    ({"sort_column": "floatvalue", "sort": "asc"}, [2, 3, 0, 1]),
    ({"sort_column": "floatvalue"}, [3, 2, 1, 0]),
    ({"limit": 2, "offset": 1}, [2, 1]),
    ({"project": "dota2"}, []),
]  # fmt: skip


async def four(shop: Shop, *, own: bool) -> list[str]:
    """Four items on sale that no filter takes for each other."""
    put = shop.own if own else shop.foreign
    made = [
        await put(100),
        await put(200),
        await put(300, IVORY, float_text="0.055"),
        await put(400, float_text="0.1234567"),
    ]
    return [str(one) for one in made]


@pytest.mark.parametrize("own", [False, True], ids=["everybody's", "own"])
async def test_filters_mean_the_same_for_everybodys_items_and_ones_own(shop: Shop, own: bool) -> None:
    offers = await four(shop, own=own)
    await (shop.foreign(50) if own else shop.own(50, project="rust", appid=252490))
    more: dict[str, Any] = {"mine": 1} if own else {}
    for asked, want in FILTERS:
        reply = await shop.v1("get_items_on_sale_filtered", "query", **asked, **more)
        assert reply.body["status"] == "success", (asked, reply.body)
        assert ids(reply) == [offers[one] for one in want], asked
        assert reply.body["metadata"]["total"] == (4 if "limit" in asked else len(want)), asked


async def test_filtered_items_are_everybodys_unless_the_caller_says_mine(shop: Shop) -> None:
    foreign, own = await shop.foreign(480), await shop.own(1830)
    mine = [{"steamid": shop.seller_steamid, **row_of(own, "18.30")}]
    call = "get_items_on_sale_filtered"
    # By GET it is the public list, a script that cancels "my items" included; every other way asks for one's own.
    for public in ({}, {"mine": 0}, {"mine": "false"}):
        assert (await shop.v1(call, "query", **public)).body["data"] == [
            row_of(own, "18.30"),
            row_of(foreign, "4.80"),
        ], public
    for asked in (
        {"mine": 1},
        {"mine": "true"},
        {"steamid": shop.seller_steamid},
        {"steamid": shop.seller_steamid, "mine": 0},
    ):
        assert (await shop.v1(call, "query", **asked)).body["data"] == mine, asked
    for how in ("form", "json"):
        for asked in ({}, {"mine": 0}, {"steamid": shop.seller_steamid}):
            assert (await shop.v1(call, how, **asked)).body["data"] == mine, (how, asked)
    assert (await shown(shop, "get_my_items_on_sale"))["data"] == mine
    # Of somebody for whom nothing is on sale through this caller there is nothing, whoever he is.
    for steamid in (shop.stranger_steamid, BUYER):
        body = await shown(shop, call, steamid=steamid)
        assert (body["data"], body["metadata"]["total"]) == ([], 0)
    assert (await shop.v1(call, "query", steamid="")).refusal == (200, "validation_error")


async def test_ones_own_items_of_all_games_are_one_list(shop: Shop) -> None:
    csgo, dota = await shop.own(100), await shop.own(200)
    item = await shop.box.stock.item("Rezan The Ready | Sabre", project="dota2")
    await shop.db.execute(
        "UPDATE offer SET project = 'dota2', appid = 570, steam_item_id = $2 WHERE id = $1", dota, item
    )
    await feed.put(shop.app, [dota])
    assert ids_of(await shown(shop, "get_my_items_on_sale")) == [str(dota), str(csgo)]
    assert ids_of(await shown(shop, "get_my_items_on_sale", project="dota2")) == [str(dota)]
    assert ids_of(await shown(shop, "get_my_items_on_sale", search="REZAN")) == [str(dota)]
    assert ids_of(await shown(shop, "get_my_items_on_sale", sort_column="price", sort="asc", limit=1)) == [
        str(csgo)
    ]


async def test_a_dump_is_the_same_rows_as_its_pages(shop: Shop) -> None:
    made = [await shop.box.stock.offer(shop.stranger, 100 + number) for number in range(600)]
    await feed.put(shop.app, made)
    whole = await shop.v1("get_items_on_sale", "query")
    assert ids(whole) == [str(one) for one in reversed(made)]
    assert (await shop.v1("get_items_on_sale_filtered", "query")).body == whole.body
    part = await shop.v1("get_items_on_sale", "query", limit=250, offset=300)
    assert part.body["data"] == whole.body["data"][300:550]
    grouped = (await shop.v1("search_items_by_list_names", "query")).body["data"]
    assert [row["id"] for row in grouped[NAME]] == ids(whole)


async def test_a_single_item_has_a_number_for_its_price(shop: Shop) -> None:
    offer = await shop.foreign(1157, float_text="0.25", paintindex=44, paintseed=0)
    body = await shown(shop, "get_item_by_id", id=offer)
    item = row_of(offer, Decimal("11.57"), floatvalue="0.25", paintindex=44, paintseed=0)
    assert body == {"status": "success", "item": item, "is_seller_online": True}
    assert list(body["item"]) == list(item)
    whole = await shop.foreign(200)
    assert (await shown(shop, "get_item_by_id", id=str(whole)))["item"]["price"] == 2
    await shop.box.stock.online(shop.stranger, session_ok=False)
    await asyncio.sleep(presence.SECONDS)
    assert (await shown(shop, "get_item_by_id", id=offer))["is_seller_online"] is False
    for gone in (offer + 77, "9" * 19):
        assert (await shop.v1("get_item_by_id", id=gone)).refusal == (200, "no_item")


async def test_steam_prices_are_numbers_by_name(shop: Shop) -> None:
    async with shop.db.transaction() as tx:
        await steam_items.set_prices(tx, "csgo", {"b": 47_917, "a": 1_157, "★ c": 200}, shop.app.now())
    body = await shown(shop, "get_steam_prices", project="csgo")
    assert body["data"] == [
        {"steam_market_hash_name": "a", "price": Decimal("11.57")},
        {"steam_market_hash_name": "b", "price": Decimal("479.17")},
        {"steam_market_hash_name": "★ c", "price": 2},
    ]
    assert body["metadata"] == {"limit": 30_000, "offset": 0, "total": 3}
    page = await shown(shop, "get_steam_prices", project="csgo", limit=1, offset=1)
    assert [row["steam_market_hash_name"] for row in page["data"]] == ["b"]
    assert (await shown(shop, "get_steam_prices", project="csgo", limit=99_999))["metadata"][
        "limit"
    ] == 30_000
    assert (await shop.v1("get_steam_prices")).refusal == (200, "validation_error")


async def test_no_number_of_an_answer_ever_was_a_float(shop: Shop) -> None:
    cents = [29, 57, 58, 113, 114, 115, 435, 1_000_001, 999_999_999]
    async with shop.db.transaction() as tx:
        await steam_items.set_prices(tx, "csgo", {f"{one:09d}": one for one in cents}, shop.app.now())
    async with shop.http.get(
        f"{shop.url}/api/v1/get_steam_prices?project=csgo", headers={"Token": shop.token}
    ) as answer:
        rows = json.loads(await answer.text(), parse_float=str, parse_int=str)["data"]
    assert [row["price"] for row in rows] == [
        "0.29", "0.57", "0.58", "1.13", "1.14", "1.15", "4.35", "10000.01", "9999999.99",
    ]  # fmt: skip


# All calls ---------------------------------------------------------------------------------------------------


def test_every_call_of_the_seed_is_there() -> None:
    names = """get_balance inventory search_item search_items_by_list_names search_similar_items get_items_on_sale
        get_items_on_sale_filtered get_my_items_on_sale get_steam_prices get_item_by_id buy_item sell_items cancel_items
        change_item_price list_buy_info_by_custom_id operations_history"""
    assert set(CALLS) == {f"/{name}" for name in names.split()}
    assert all(methods.keys() == {"GET", "POST"} for methods in CALLS.values())


async def test_every_call_answers_get_and_post_and_nothing_else(shop: Shop) -> None:
    for path in CALLS:
        for method in ("GET", "POST"):
            reply = await shop.call(method, f"/api/v1{path}")
            assert reply.status == 200
            assert reply.body.get("error_message") in (None, "validation_error"), (method, path, reply.body)
        for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
            assert (await shop.call(method, f"/api/v1{path}")).refusal == (200, "wrong_method"), (
                method,
                path,
            )
    for path in ("", "/", "/nothing", "/get_balance/", "/Get_Balance", "/get_balance/1", "//get_balance"):
        assert (await shop.call("GET", f"/api/v1{path}")).refusal[1] == "wrong_method", path


async def test_every_call_takes_its_token_in_each_way(shop: Shop) -> None:
    token = shop.token
    ways: list[dict[str, Any]] = [
        {"token": "", "headers": {"Token": token}},
        {"token": "", "headers": {"Authorization": f"Bearer {token}"}},
    ]
    for path in CALLS:
        for method in ("GET", "POST"):
            for way in ways:
                reply = await shop.call(method, f"/api/v1{path}", **way)
                assert reply.body.get("error_message") in (None, "validation_error"), (
                    method,
                    path,
                    reply.body,
                )
            none = await shop.call(method, f"/api/v1{path}", token="")
            assert none.refusal == (200, "wrong_token"), (method, path)
        reply = await shop.call("GET", f"/api/v1{path}", token="", params={"token": token})
        assert reply.body.get("error_message") in (None, "validation_error"), path
        for how in ({"data": {"token": token}}, {"json": {"token": token}}):
            reply = await shop.call("POST", f"/api/v1{path}", token="", **how)
            assert reply.body.get("error_message") in (None, "validation_error"), path
    two = await shop.call("POST", "/api/v1/get_balance", data={"token": "another"})
    assert two.refusal == (200, "wrong_params")


async def test_a_scope_opens_its_own_calls_by_get_and_by_post(shop: Shop) -> None:
    for scope in merchants.SCOPES:
        token = await shop.make_token(shop.merchant, scope)
        for path, methods in CALLS.items():
            for name, method in methods.items():
                reply = await shop.call(name, f"/api/v1{path}", token=token)
                refused = reply.body.get("error_message") == "no_access"
                assert refused == (method.scope != scope), (scope, name, path, reply.body)
