"""v1 says what went wrong in the body and answers HTTP 200 whatever it was, but for what proxies must see."""

import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from dialects.shop import BUYER, TOKEN, Reply, Shop, shop_on
from tradepost.db import Db
from tradepost.db.errors import DatabaseGone
from tradepost.dialects.shadowpay.v1 import CALLS
from tradepost.market import bans, ledger, merchants

Refused = Callable[[Shop, pytest.MonkeyPatch], Awaitable[Reply]]


async def buy(shop: Shop, how: str = "form", **parameters: Any) -> Reply:
    return await shop.v1("buy_item", how, **{"steamid": BUYER, "trade_token": TOKEN, **parameters})


async def _buying_off(shop: Shop, _: Any) -> Reply:
    await shop.turn("buying", off=True, reason="We are counting the skins.")
    assert (await shop.v1("get_balance")).body["status"] == "success"
    reply = await buy(shop, id=await shop.foreign())
    assert reply.body["error_details"] == "We are counting the skins."
    return reply


async def _gone(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Reply:
    async def gone(*_: Any) -> None:
        raise DatabaseGone("a secret of ours")

    monkeypatch.setattr(ledger, "wallet", gone)
    reply = await shop.v1("get_balance")
    assert "secret" not in str(reply.body)
    assert reply.headers["Retry-After"] == "1"
    return reply


async def _dearer(shop: Shop, _: Any) -> Reply:
    offer = await shop.foreign(100)
    reply = await buy(shop, id=offer, price="0.99")
    assert (await buy(shop, id=offer, price="1.00")).body["status"] == "success"
    return reply


async def _used(shop: Shop, _: Any) -> Reply:
    assert (await buy(shop, "json", id=await shop.foreign(), custom_id=400)).body["status"] == "success"
    return await buy(shop, id=await shop.foreign(), custom_id="400")


async def _banned(shop: Shop, _: Any) -> Reply:
    async with shop.db.transaction() as tx:
        await bans.ban(tx, BUYER, "buyer", "declined too often", shop.app.now(), timedelta(days=1))
    reply = await buy(shop, id=await shop.foreign())
    assert len(reply.body["ban_until"]) == len("2026-11-21 12:00:00")
    assert reply.body["ban_reason"] == "declined too often"
    return reply


async def _wrong_method(shop: Shop, _: Any) -> Reply:
    for method, path, said in (("GET", "", "There is no such call."), ("POST", "/", "There is no such call."),
                               ("DELETE", "/get_balance", "This call wants GET or POST."), ("HEAD", "", "")):  # fmt: skip
        reply = await shop.call(method, f"/api/v1{path}")
        assert reply.status == 200
        assert method == "HEAD" or reply.body["error_details"] == said
    return await shop.call("DELETE", "/api/v1/get_balance")


async def _no_grant(shop: Shop, _: Any) -> Reply:
    # Without a grant and known to nobody are one answer.
    for steamid in (shop.stranger_steamid, "76561198000999999"):
        asked: dict[str, dict[str, Any]] = {
            "inventory": {"game": "csgo"},
            "sell_items": {"offers": [{"id": 1, "price": 1, "project": "csgo"}]},
            "cancel_items": {"items": [{"id": 1}]},
            "change_item_price": {"id": 1, "price": 1},
        }
        for call, parameters in asked.items():
            assert (await shop.v1(call, steamid=steamid, **parameters)).refusal == (200, "no_access"), call
    return await shop.v1("inventory", steamid=shop.stranger_steamid, game="csgo")


# The codes that more is to be said of than how each is reached, which `test_codes` has for all.
REFUSED: list[tuple[str, Refused]] = [
    ("buy_items_disabled", _buying_off),
    ("wrong_params", _dearer),
    ("custom_id_exist", _used),
    ("buyer_has_buy_items_ban", _banned),
    ("wrong_method", _wrong_method),
    ("disabled", _gone),
    ("no_access", _no_grant),
]


@pytest.mark.parametrize(("code", "reach"), REFUSED)
async def test_a_code_is_an_http_200_wherever_it_is_met(
    shop: Shop, code: str, reach: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await reach(shop, monkeypatch)).refusal == (200, code)


async def test_too_many_requests_keep_their_status(db: Db) -> None:
    async with shop_on(db, requests_per_minute=3) as shop:
        # One pace for both versions: it is the token that calls.
        assert (await shop.get("account/balance")).status == 200
        replies = [await shop.v1("get_balance") for _ in range(4)]
        assert replies[1].status == 200
        assert replies[3].refusal == (429, "disabled")
        assert int(replies[3].headers["Retry-After"]) >= 1


async def test_a_body_over_the_bound_keeps_its_status(shop: Shop) -> None:
    reply = await shop.call("POST", "/api/v1/buy_item", data=b"x" * (1 << 20) + b"x")
    assert reply.refusal == (413, "validation_error")
    assert (await shop.call("POST", "/api/v1/buy_item", data=b"{")).refusal == (200, "validation_error")


# What is said ------------------------------------------------------------------------------------------------

BAD: list[tuple[str, dict[str, Any], str]] = [
    ("inventory", {"game": "csgo"}, "steamid: is missing"),
    ("inventory", {"steamid": BUYER}, "game: is missing"),
    ("inventory", {"steamid": BUYER, "project": "halo"}, "project: must be one of csgo, dota2, tf2, rust, games"),
    ("search_item", {}, "steam_market_hash_name: is missing"),
    ("search_item", {"steam_market_hash_name": ["a", "b"]}, "steam_market_hash_name: must be a single value, not a list"),
    ("search_items_by_list_names", {"from": "yesterday"}, "from: must be Unix seconds, YYYY-MM-DD or"),
    ("search_items_by_list_names", {"to": "2020-02-30"}, "to: must be Unix seconds"),
    ("search_similar_items", {"price_from": "1e3"}, "price_from: must be a price with at most two decimals, such as 3.14, or 0"),
    ("search_similar_items", {"price_to": "10000000"}, "price_to: must be at most 9999999.99"),
    ("search_similar_items", {"limit": 0}, "limit: must be a whole number above zero"),
    ("get_items_on_sale", {"offset": "9" * 20}, "offset: must be a whole number, zero or above, of at most 18 digits"),
    ("get_items_on_sale_filtered", {"float": "0.1-"}, "float: must be a decimal number such as 0.07, or two of them"),
    ("get_items_on_sale_filtered", {"float": "NaN"}, "float: must be a decimal number"),
    ("get_items_on_sale_filtered", {"float": "-0.1"}, "float: must be a decimal number"),
    ("get_items_on_sale_filtered", {"float": "0.1-0.2-0.3"}, "float: must be a decimal number"),
    ("get_items_on_sale_filtered", {"sort": "down"}, "sort: must be one of asc, desc"),
    ("get_items_on_sale_filtered", {"sort_column": "id"}, "sort_column: must be one of price, time_created, floatvalue"),
    ("get_items_on_sale_filtered", {"steamid": "1"}, "steamid: must be a SteamID64"),
    ("get_item_by_id", {"id": "0"}, "id: must be a whole number above zero, without leading zeros"),
    ("get_item_by_id", {"id": "9" * 20}, "id: must have at most 19 digits"),
    ("buy_item", {"id": 1, "steamid": BUYER}, "trade_token: is missing"),
    ("buy_item", {"id": 1, "steamid": BUYER, "trade_token": TOKEN, "price": "10000000"}, "price: must be at most 9999999.99"),
    ("buy_item", {"id": 1, "steamid": BUYER, "trade_token": TOKEN, "price": "0"}, "price: must be at least 0.01"),
    ("buy_item", {"id": 1, "steamid": BUYER, "trade_token": TOKEN, "price": "1,5"},
     "price: must be a price of at least 0.01 with at most two decimals"),
    ("buy_item", {"id": 1, "steamid": BUYER, "trade_token": TOKEN, "custom_id": "a,b"}, "custom_id: must have 1 to 64 characters"),
    ("sell_items", {"steamid": BUYER, "offers": [{"id": "9" * 20, "project": "csgo", "price": 1}]},
     "offers[0][id]: must have at most 19 digits"),
    ("sell_items", {"steamid": BUYER, "offers": {"7": {"id": 1, "price": 1}}}, "offers[7][project]: is missing"),
    ("cancel_items", {"steamid": BUYER}, "items: is missing"),
    ("cancel_items", {"steamid": BUYER, "items": [1]}, "items[0]: must have fields of its own"),
    ("change_item_price", {"steamid": BUYER, "id": 1, "price": 1, "currency": "usd"}, "currency: must be one of USD, EUR"),
    ("list_buy_info_by_custom_id", {"custom_id": ["x" * 65]}, "custom_id[0]: must have 1 to 64 characters and no comma"),
]  # fmt: skip


async def test_a_refusal_names_the_field_as_it_was_spelled_and_says_what_is_wrong(shop: Shop) -> None:
    for call, parameters, said in BAD:
        for how in ("query", "form"):
            reply = await shop.v1(call, how, **parameters)
            assert reply.refusal == (200, "validation_error"), (call, parameters, reply.body)
            assert reply.body["error_details"].startswith(said), (call, parameters, reply.body)


async def test_what_is_not_asked_for_is_not_read(shop: Shop) -> None:
    offer = await shop.foreign()
    for extra in ({"sort_dir": "asc"}, {"unknown": {"a": [1]}}, {"price": "x"}, {"steamid": "1"}):
        assert (await shop.v1("get_item_by_id", id=offer, **extra)).body["status"] == "success", extra
    reply = await shop.v1("get_items_on_sale", project="csgo", game="dota2")
    assert reply.refusal == (200, "wrong_params")


JUNK: list[Any] = [
    "", "0", "-1", "1", "999999999999999999999", "NaN", "1e400", "1e-99", "true", "null", "' OR 1=1 --", "%00", "\x00", "é", "ß",
    "x" * 5000, "../..", "{}", "[]", "1_0", "１", "2020-99-99", "9999-12-31", "99999999999", "csgo", "rust", "asc", "0.1-0.2",
    None, True, 0, 1.5, -1, 10**30, [], {}, [1], ["x"], [[1]], {"0": "x"}, {"a": {"b": 1}}, [None], [{"id": 1}],
    [{"id": "1", "price": "1", "project": "csgo"}], 2**63, 2**63 - 1, 2**31,
]  # fmt: skip
NAMES = [
    "id",
    "steamid",
    "price",
    "custom_id",
    "offers",
    "items",
    "project",
    "game",
    "steam_market_hash_name",
    "search",
    "price_from",
    "price_to",
    "from",
    "to",
    "float",
    "sort",
    "sort_column",
    "limit",
    "offset",
    "mine",
    "currency",
]


async def state_of(shop: Shop) -> list[Any]:
    """All that a request could have changed."""
    tables = ("offer", "trade", "wallet", "transfer", "entry", "seller_grant")
    return [await shop.db.fetch(f"SELECT * FROM {table} ORDER BY 1") for table in tables]


async def test_no_input_is_a_fault_of_ours_and_nothing_of_it_is_done(shop: Shop) -> None:
    await shop.own()
    await shop.foreign()
    before = await state_of(shop)
    draw = random.Random(1)
    calls = sorted(CALLS)
    for turn in range(400):
        asked = {name: draw.choice(JUNK) for name in draw.sample(NAMES, draw.randint(1, 7))}
        if draw.random() < 0.8:
            asked["steamid"] = draw.choice([BUYER, shop.seller_steamid, shop.stranger_steamid])
        how = draw.choice(("query", "form", "json"))
        reply = await shop.v1(calls[turn % len(calls)].lstrip("/"), how, **asked)
        assert reply.status == 200, (calls[turn % len(calls)], how, asked, reply.body)
        assert reply.body.get("error_message") not in ("internal_error", "error_steam_or_bot"), (
            turn,
            how,
            asked,
        )
    assert await state_of(shop) == before


async def test_a_revoked_grant_holds_at_once(shop: Shop) -> None:
    await shop.own()
    async with shop.db.transaction() as tx:
        await merchants.revoke_grant(tx, shop.merchant, shop.seller, shop.app.now())
    reply = await shop.v1("cancel_items", steamid=shop.seller_steamid, items=[{"id": 1}])
    assert reply.refusal == (200, "no_access")
