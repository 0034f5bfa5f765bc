"""Every word of both of the seed's tables of errors is reached, in v1 and in v2, and says in a sentence what was wrong."""

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from dialects.shop import BUYER, TOKEN, Reply, Shop
from golden.seed import said
from tradepost.dialects.shadowpay import words
from tradepost.dialects.shadowpay.v2 import STATUS
from tradepost.market import bans, ledger, tokens

Arrange = Callable[[Shop, pytest.MonkeyPatch], Awaitable[dict[str, Any] | None]]
SENTENCE = re.compile(r"(?:[A-Z]|[a-z_]+(?:[\[.].*)?: )[^\n]{15,}[.!?]", re.DOTALL)
BUYING = {"v1": "buy_item", "v2": "buy"}
BALANCE = {"v1": "get_balance", "v2": "account/balance"}
INVENTORY = {"v1": "inventory", "v2": "account/inventory"}


async def offline(shop: Shop, _: Any) -> None:
    await shop.db.execute("UPDATE presence SET heartbeat_at = heartbeat_at - interval '1 hour'")


async def signed_out(shop: Shop, _: Any) -> None:
    await shop.box.stock.online(shop.stranger, session_ok=False)


async def unseen(shop: Shop, _: Any) -> None:
    await shop.db.execute("UPDATE inventory_scan SET at = at - interval '2 hours'")


async def no_trade_url(shop: Shop, _: Any) -> None:
    await shop.db.execute("UPDATE account SET trade_token = NULL WHERE id = $1", shop.stranger)


async def banned(shop: Shop, _: Any) -> None:
    async with shop.db.transaction() as tx:
        await bans.ban(tx, BUYER, "buyer", "declined too often", shop.app.now(), timedelta(days=1))


async def used(shop: Shop, _: Any) -> dict[str, Any]:
    assert (await shop.buy(id=await shop.foreign(), custom_id="order-1")).status == 200
    return {"custom_id": "order-1"}


async def own(shop: Shop, _: Any) -> dict[str, Any]:
    return {"id": await shop.own()}


async def dear(shop: Shop, _: Any) -> dict[str, Any]:
    return {"id": await shop.foreign(10_001)}


async def buying_off(shop: Shop, _: Any) -> None:
    await shop.turn("buying", off=True)


async def nothing(shop: Shop, _: Any) -> None:
    """All is well: it is the request that is wrong."""


# Words that a purchase is refused with: what makes it so, and what is asked otherwise than in a good one.
PURCHASES: dict[str, tuple[Arrange, dict[str, Any]]] = {
    "buy_items_disabled": (buying_off, {}),
    "wrong_params": (nothing, {"price": "0.99"}),
    "validation_error": (nothing, {"price": "0.999"}),
    "no_item": (nothing, {"id": 77}),
    "need_sum": (dear, {}),
    "no_item_in_inventory": (unseen, {}),
    "trade_yourself": (own, {}),
    "seller_offline_error": (offline, {}),
    "need_apikey": (signed_out, {}),
    "invalid_trade_seller_link": (no_trade_url, {}),
    "invalid_tradelink": (nothing, {"trade_token": "abc"}),
    "empty_user_data": (nothing, {"steamid": "76561198000999999"}),
    "custom_id_exist": (used, {}),
    "buyer_has_buy_items_ban": (banned, {}),
}


async def purchase(shop: Shop, version: str, **changes: Any) -> Reply:
    asked = {"steamid": BUYER, "trade_token": TOKEN, "id": await shop.foreign(100), **changes}
    return await shop.call("POST", f"/api/{version}/{BUYING[version]}", json=asked)


async def broken(shop: Shop, version: str, monkeypatch: pytest.MonkeyPatch) -> Reply:
    async def fail(*_: Any) -> None:
        raise ZeroDivisionError("a secret of ours")

    monkeypatch.setattr(ledger, "wallet", fail)
    reply = await shop.get(f"/api/{version}/{BALANCE[version]}")
    assert "secret" not in str(reply.body)
    return reply


async def steam_down(shop: Shop, version: str, _: Any) -> Reply:
    await shop.box.world({"steamid": shop.seller_steamid, "items": []})
    fault = {"mode": "garbage", "path_prefix": "/inventory/", "times": 0}
    await shop.box.sim.control("POST", "/_sim/faults", fault)
    asked = {"steamid": shop.seller_steamid, "project": "csgo"}
    return await shop.get(f"/api/{version}/{INVENTORY[version]}", params=asked)


async def all_off(shop: Shop, version: str, _: Any) -> Reply:
    await shop.turn("api", off=True)
    reply = await shop.get(f"/api/{version}/{BALANCE[version]}")
    assert int(reply.headers["Retry-After"]) >= 1
    return reply


async def revoked(shop: Shop, version: str, _: Any) -> Reply:
    async with shop.db.transaction() as tx:
        await tokens.revoke_token(tx, shop.token, shop.app.real_now())
    return await shop.get(f"/api/{version}/{BALANCE[version]}")


async def no_such_call(shop: Shop, version: str, _: Any) -> Reply:
    return await shop.call("PATCH", f"/api/{version}/{BALANCE[version]}")


async def no_grant(shop: Shop, version: str, _: Any) -> Reply:
    asked = {"steamid": shop.stranger_steamid, "project": "csgo"}
    return await shop.get(f"/api/{version}/{INVENTORY[version]}", params=asked)


OTHERS: dict[str, Callable[[Shop, str, pytest.MonkeyPatch], Awaitable[Reply]]] = {
    "internal_error": broken,
    "error_steam_or_bot": steam_down,
    "disabled": all_off,
    "wrong_token": revoked,
    "wrong_method": no_such_call,
    "no_access": no_grant,
}


def test_every_word_of_the_seed_has_its_way() -> None:
    assert PURCHASES.keys() | OTHERS.keys() == set(said().words)
    assert set(said().words) == {*words.CODES.values(), words.INTERNAL_ERROR}
    assert set(said().words) - {words.INTERNAL_ERROR} == STATUS.keys()


@pytest.mark.parametrize("version", BUYING)
@pytest.mark.parametrize("word", said().words)
async def test_a_word_of_the_seed_is_reached_and_explained(
    shop: Shop, word: str, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if word in OTHERS:
        reply = await OTHERS[word](shop, version, monkeypatch)
    else:
        arrange, changes = PURCHASES[word]
        reply = await purchase(shop, version, **{**changes, **(await arrange(shop, monkeypatch) or {})})
    status = 200 if version == "v1" else {**STATUS, "internal_error": 500}[word]
    assert reply.refusal == (status, word)
    assert reply.headers["Content-Type"] == "application/json"
    assert SENTENCE.fullmatch(reply.body["error_details"]), reply.body["error_details"]
    more = {"ban_until", "ban_reason"} if word == "buyer_has_buy_items_ban" else set()
    assert reply.body.keys() == {"status", "error_message", "error_details"} | more
