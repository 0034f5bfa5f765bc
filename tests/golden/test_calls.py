"""Every call of the seed is there, and every parameter of its tables is read: nonsense in it is refused by its name."""

import re
from typing import Any

import pytest

from dialects.shop import BUYER, Reply, Shop
from golden.seed import said

CALLS = said().calls
NONSENSE = "\x01"  # in no name, no number and no word

# What may stand in each parameter, so that the one with nonsense in it is the only one to be refused.
GOOD = {
    "steamid": BUYER, "project": "csgo", "game": "csgo", "steam_market_hash_name": "x", "search": "x", "from": 1,
    "to": 2, "price_from": 1, "price_to": 2, "date_from": 1, "date_to": 2, "limit": 5, "offset": 0, "float": "0.1",
    "sort": "asc", "sort_dir": "asc", "sort_column": "price", "id": 77, "price": 1, "currency": "USD",
    "custom_id": "x", "custom_ids": "x", "trade_token": "abcdef", "states": "active", "item_ids": 77,
    "account": 1, "order_id": "x", "security_steam_id": BUYER, "signature": "0" * 64, "steam_trade_token": "abcdef",
    "amount": 1,
}  # fmt: skip
GROUPS = {"GET /api/v2/items": "steam_market_hash_name", "GET /api/v2/operations": "custom_id"}


def good(call: str, token: str) -> dict[str, Any]:
    """A well-formed request to a call, with all of its parameters."""
    found: dict[str, Any] = {}
    for name in CALLS[call]:
        known = GOOD.get(re.sub(r"\[\d+\]$", "", name), GOOD.get(re.split(r"[][.]+", name.rstrip("]"))[-1]))
        found[name.replace(".*.", "[0][").replace("*", "") + "]" * (".*." in name)] = known
    found.pop("offers", None)  # its rows are there
    return found | {"token": token} | ({"group_by": GROUPS[call]} if call in GROUPS else {})


async def ask(shop: Shop, call: str, parameters: dict[str, Any]) -> Reply:
    """One request, with a form in its body where the call has one."""
    method, _, path = call.replace("PUBLIC_HASH", "0" * 32).partition(" ")
    if "{id}" in path:
        path = path.replace("{id}", str(parameters["id"]).replace(NONSENSE, "%01"))
        parameters = {name: value for name, value in parameters.items() if name != "id"}
    how = "params" if method in ("GET", "DELETE") else "data"
    if call == "PATCH /api/v2/offers" and parameters["steamid"] == BUYER:
        parameters["steamid"] = shop.seller_steamid  # who granted it: then each row is answered by itself
    reply = await shop.call(method, path, token="", **{how: parameters})
    if "bids" in reply.body:
        return Reply(reply.status, reply.body["bids"][0], reply.headers)
    return reply


@pytest.mark.parametrize("call", CALLS)
async def test_a_call_of_the_seed_is_there_and_reads_each_of_its_parameters(shop: Shop, call: str) -> None:
    whole = good(call, shop.token)
    assert None not in whole.values(), whole
    fine = await ask(shop, call, whole)
    assert fine.body.get("error_message") not in ("wrong_method", "validation_error"), fine.body
    for documented in CALLS[call]:
        name = re.sub(r"\.\*\.(\w+)", r"[0][\1]", documented)
        changed = {key: value for key, value in whole.items() if not key.startswith(f"{name}[")}
        reply = await ask(shop, call, changed | {name: NONSENSE})
        want = "wrong_token" if name == "token" and "/v1/" in call else "validation_error"
        assert reply.refusal[1] == want, (name, reply.body)
        assert want == "wrong_token" or reply.body["error_details"].startswith(f"{name}: "), reply.body


@pytest.mark.parametrize("call", [call for call in CALLS if call.startswith("GET ")])
async def test_a_parameter_that_nobody_documents_changes_nothing(shop: Shop, call: str) -> None:
    whole = good(call, shop.token)
    replies = [await ask(shop, call, asked) for asked in (whole, {**whole, "nobody_reads": NONSENSE})]
    assert replies[0].body == replies[1].body
