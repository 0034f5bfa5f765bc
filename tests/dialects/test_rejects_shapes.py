"""Arrays in every notation and out of it: an index orders and never allocates, and a shape that is none is refused."""

import json
import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import pytest

from dialects.notations import fault, untouched
from dialects.shop import BUYER, Reply, Shop
from tradepost.dialects.shadowpay.v2 import STATUS
from world import Databases

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
NESTED, BOTH, LIST, INDEX, SINGLE = (
    "is nested deeper than 4 levels", "is given both as a value and as a list", "must be a list",
    "must have whole numbers as indices", "must be a single value, not a list",
)  # fmt: skip
FIELDS, MISSING, BRACKETS = (
    "must have fields of its own, not be a single value",
    "is missing",
    "has brackets that do not match",
)
ID = "must be "


@pytest.fixture(scope="module")
async def shop(server: Databases) -> AsyncIterator[Shop]:
    async with untouched(server) as made:
        yield made


async def form(shop: Shop, way: str, text: str) -> Reply:
    """A request with a query or a form just as it is written."""
    method, path, place = way.split()
    text = quote(text, safe="&=[]%+,.-_")
    if place == "query":
        return await shop.call(method, f"/api/{path}?{text}")
    return await shop.call(method, f"/api/{path}", data=text, headers=FORM)


# Rows of rows: what is sent for a list of offers, and the name and reason of the refusal; a name alone, where the rows
# are well formed: then it is the seller who is refused, as nobody let the merchant act for him.
ROWS: list[tuple[str, str]] = [
    ("R[0]", ""), ("R[1]", ""), ("R[7]", ""), ("R[100]", ""), ("R[999999999]", ""), ("R[999999999999999999]", ""),
    ("R[0]&R[1]", ""), ("R[1]&R[2]", ""), ("R[5]&R[3]", ""), ("R[0]&R[100]", ""), ("R[0]&R[0]", ""),
    ("", "X: is missing"), ("X=", f"X: {LIST}"), ("X=7", f"X: {LIST}"), ("X[]=7", f"X[]: {FIELDS}"), ("X[0]=7", f"X[0]: {FIELDS}"),
    ("X[0]=", f"X[0]: {FIELDS}"), ("X[0][]=7", f"X[0][F]: {MISSING}"), ("X[0][0]=7", f"X[0][F]: {MISSING}"),
    ("X[][id]=7&X[][price]=1&X[][project]=csgo", "X[]["), ("X[0][other]=7", f"X[0][F]: {MISSING}"), ("X[0][0][0]=7", f"X[0][F]: {MISSING}"),
    ("X[0][0][0][0]=7", f"X[0][0][0][0]: {NESTED}"), ("X[0][id][0][0]=7", f"X[0][id][0][0]: {NESTED}"),
    ("X" + "[0]" * 4_000 + "=7", "X[0][0][0]"), ("R[0]&X[0][id][]=7", f"X[0][id]: {SINGLE}"), ("R[0]&X[0][id][0]=7", f"X[0][id]: {SINGLE}"),
    ("R[0]&X[0][id][a]=7", f"X[0][id]: {SINGLE}"), ("R[0]&X=7", f"X: {BOTH}"), ("X=7&R[0]", f"X: {BOTH}"),
    ("R[0]&X[]=7", f"X[]: {FIELDS}"), ("R[0]&X[0]=7", f"X[0]: {FIELDS}"), ("R[0]&X[1]=7", f"X[1]: {FIELDS}"),
    ("R[a]", f"X[a]: {INDEX}"), ("R[-1]", f"X[-1]: {INDEX}"), ("R[-0]", f"X[-0]: {INDEX}"), ("R[%2B1]", f"X[+1]: {INDEX}"),
    ("R[01]", f"X[01]: {INDEX}"), ("R[1.0]", f"X[1.0]: {INDEX}"), ("R[1e1]", f"X[1e1]: {INDEX}"), ("R[0x1]", f"X[0x1]: {INDEX}"),
    ("R[ 1]", f"X[ 1]: {INDEX}"), ("R[1 ]", f"X[1 ]: {INDEX}"), ("R[１]", f"X[１]: {INDEX}"), ("R[٣]", f"X[٣]: {INDEX}"), ("R[null]", f"X[null]: {INDEX}"),
    ("R[1000000000000000000]", "X[1000000000000000000]: "), (f"R[{'9' * 5000}]", "X[999999999"), ("R[__proto__]", f"X[__proto__]: {INDEX}"),
    ("R[constructor]", f"X[constructor]: {INDEX}"), ("R[0]&R[x]", f"X[x]: {INDEX}"), ("R['0']", f"X['0']: {INDEX}"), ("R[%00]", "X[\x00]"),
    ("X[=7", f"X[: {BRACKETS}"), ("X[0=7", f"X[0: {BRACKETS}"), ("X[0][id=7", f"X[0][id: {BRACKETS}"), ("X[[0]]=7", f"X[[0]]: {BRACKETS}"),
    ("X[0]id=7", f"X[0]id: {BRACKETS}"), ("X[0]]=7", f"X[0]]: {BRACKETS}"), ("X]=7", f"X: {MISSING}"), ("X.0.id=7", f"X: {MISSING}"), ("X%5B=7", f"X[: {BRACKETS}"),
    ("[X][0][id]=7", f"X: {MISSING}"), ("X%00[0][id]=7", f"X: {MISSING}"), (" X[0][id]=7", f"X: {MISSING}"), ("x[0][id]=7", ""),
    ("R[0]&X[0][id]=8", "X[0][id] is given more than once"), ("R[0]&X[0][id]=10", ""), ("R[0]&unknown[0]=1&unknown=2&unknown[a][b]=3", ""),
    ("R[0]&unknown[=1&]=2&[]=3&=4&&&", ""), ("&".join(f"R[{index}]" for index in range(101)), "X: has 101 elements"),
]  # fmt: skip
ROW_CALLS = {
    # the call, its list, what a row has, and the row's first name that is missed
    "POST v1/sell_items form": ("offers", {"id": "1", "project": "csgo", "price": "1"}, "id"),
    "GET v1/sell_items query": ("offers", {"id": "1", "project": "csgo", "price": "1"}, "id"),
    "POST v1/cancel_items form": ("items", {"id": "1"}, "id"),
    "POST v2/offers form": ("offers", {"id": "1", "project": "csgo", "price": "1"}, "id"),
    "POST v2/offers query": ("offers", {"id": "1", "project": "csgo", "price": "1"}, "id"),
    "PATCH v2/offers form": ("offers", {"id": "1", "price": "1"}, "id"),
}


def written(text: str, name: str, row: dict[str, str]) -> str:
    """A shape with the list's own name, and whole rows where it says `R[..]`, each of an id of its own."""
    pieces, ids = [], dict[str, int]()
    for piece in text.split("&"):
        if piece.startswith("R["):
            own = {**row, "id": str(ids.setdefault(piece, 10 + len(ids)))}
            pieces += [f"{name}{piece[1:]}[{key}]={value}" for key, value in own.items()]
        else:
            pieces.append(piece.replace("X", name, 1).replace("x[", f"{name.upper()}["))
    return "&".join(pieces)


def first_refused(reply: Reply) -> Reply:
    """The answer to the first row that cannot be read, or else to any, where each row is answered by itself."""
    rows = reply.body.get("bids")
    if rows is None:
        return reply
    row = next((one for one in rows if one["error_message"] != "no_item"), rows[0])
    return Reply(STATUS[row["error_message"]], row, reply.headers)


@pytest.mark.parametrize("way", ROW_CALLS)
async def test_a_list_of_rows_in_any_shape_is_read_or_refused_by_name(shop: Shop, way: str) -> None:
    name, row, first = ROW_CALLS[way]
    assert len(ROWS) >= 60
    wrong = []
    for text, said_of_it in ROWS:
        reason = said_of_it or (f"X: {MISSING}" if text.startswith("x[") else "")
        if "101 elements" in reason and name == "offers" and "v2" in way:
            continue  # v2 takes 250
        by_row = way.startswith("PATCH")  # each is answered by itself, once the seller has granted it
        steamid = shop.seller_steamid if by_row else BUYER
        reply = first_refused(await form(shop, way, f"steamid={steamid}&{written(text, name, row)}"))
        if not reason:
            said = fault(reply, way.split()[1][:2], "no_item" if by_row else "no_access")
        else:
            want = reason.replace("X", name, 1).replace("[F]", f"[{first}]")
            is_two = "more than once" in reason
            said = fault(reply, way.split()[1][:2], "wrong_params" if is_two else "validation_error")
            said = said or ("" if reply.body["error_details"].startswith(want) else f"is not {want}")
        wrong += [f"{text[:60]} {said}: {reply.body}"] if said else []
    assert wrong == []


# Lists of single values: what is sent, and the reason of the refusal; nothing, where it is read.
VALUES: list[tuple[str, str]] = [
    ("X=7", ""), ("X[]=7", ""), ("X[0]=7", ""), ("X[1]=7", ""), ("X[9]=7&X[2]=8", ""), ("X=7&X=8", ""), ("X[]=7&X[]=8", ""), ("X[3]=7&X[]=8", ""),
    ("X[999999999999999999]=7", ""), ("X=7,8", ""), ("X[]=7,8&X[]=9", ""), ("X[0]=7&X[0]=7", ""),
    ("X[0]=7&X[0]=8", "X[0] is given more than once"), ("X=7&X[]=8", f"X: {BOTH}"), ("X[0]=7&X=8", f"X: {BOTH}"), ("X[a]=7", f"X[a]: {INDEX}"),
    ("X[-1]=7", f"X[-1]: {INDEX}"), ("X[01]=7", f"X[01]: {INDEX}"), ("X[0][0]=7", f"X[0]: {SINGLE}"), ("X[0][]=7", f"X[0]: {SINGLE}"),
    ("X[0][a]=7", f"X[0]: {SINGLE}"), ("X[0][0][0][0]=7", f"X[0][0][0][0]: {NESTED}"), ("X[=7", f"X[: {BRACKETS}"), ("X[0]0=7", f"X[0]0: {BRACKETS}"),
    ("X[]=%00", "X[]: must not contain control characters"),
    ("&".join("X[]=7" for _ in range(2_000)) + "&X[]=7", "Y: has more than 2,000 keys"),
]  # fmt: skip
VALUE_CALLS = {
    "DELETE v2/offers query": "item_ids", "DELETE v2/offers form": "item_ids", "GET v2/items query": "steam_market_hash_name",
    "GET v2/items  query": "exteriors", "GET v2/steam_items query": "steam_market_hash_name", "GET v2/operations query": "custom_ids",
    "POST v1/search_items_by_list_names form": "steam_market_hash_name", "GET v1/search_items_by_list_names query": "steam_market_hash_name",
    "POST v1/list_buy_info_by_custom_id form": "custom_id",
}  # fmt: skip


@pytest.mark.parametrize("way", VALUE_CALLS)
async def test_a_list_of_values_in_any_shape_is_read_or_refused_by_name(shop: Shop, way: str) -> None:
    name, version = VALUE_CALLS[way], way.split()[1][:2]
    wrong = []
    for text, reason in VALUES:
        others = f"steamid={BUYER}&" if name == "item_ids" else ""
        reply = await form(shop, " ".join(way.split()), others + text.replace("X", name))
        place = "query" if way.endswith("query") else "body"
        want = reason.replace("X", name, 1).replace("Y", place)
        if not reason:
            said = (
                fault(reply, version, "no_access")
                if name == "item_ids"
                else ("" if reply.body["status"] == "success" else "is refused")
            )
        else:
            said = fault(reply, version, "wrong_params" if "more than once" in reason else "validation_error")
            said = said or ("" if reply.body["error_details"].startswith(want) else f"is not {want}")
        wrong += [f"{text[:60]} {said}: {str(reply.body)[:200]}"] if said else []
    assert wrong == []


async def test_a_thousand_huge_indices_cost_no_more_than_small_ones(shop: Shop) -> None:
    def text(start: int) -> str:
        return "&".join(f"steam_market_hash_name[{start + 7 * index}]=n{index}" for index in range(1_500))

    for version, path in (("v1", "search_items_by_list_names"), ("v2", "items")):
        begun = time.perf_counter()
        for start in (0, 10**17):
            assert (await form(shop, f"GET {version}/{path} query", text(start))).body["status"] == "success"
        assert time.perf_counter() - begun < 5  # a list of 10**17 places would never come back


# JSON --------------------------------------------------------------------------------------------------------

GOOD: dict[str, Any] = {"id": "1", "project": "csgo", "price": 1}
JSON: list[tuple[Any, str]] = [
    ([GOOD], ""), ({"0": GOOD}, ""), ({"9": GOOD, "3": {**GOOD, "id": 2}}, ""), ([{**GOOD, "more": None}], ""), ([{**GOOD, "id": 1, "price": "1.00"}], ""),
    (None, f"offers: {MISSING}"), ([], "offers: is an empty list"), ({}, "offers: is an empty list"), ("", f"offers: {LIST}"), (7, f"offers: {LIST}"),
    (True, f"offers: {LIST}"), ("[]", f"offers: {LIST}"), (GOOD, f"offers.id: {INDEX}"), ([7], f"offers[0]: {FIELDS}"), ([None], f"offers[0]: {FIELDS}"),
    ([[]], f"offers[0].id: {MISSING}"), ([[GOOD]], f"offers[0].id: {MISSING}"), ([{}], f"offers[0].id: {MISSING}"), ([GOOD, 7], f"offers[1]: {FIELDS}"),
    ([GOOD, None], f"offers[1]: {FIELDS}"), ([{**GOOD, "id": None}], f"offers[0].id: {MISSING}"), ([{**GOOD, "id": True}], "offers[0].id: must be"),
    ([{**GOOD, "id": []}], f"offers[0].id: {SINGLE}"), ([{**GOOD, "id": {}}], f"offers[0].id: {SINGLE}"), ([{**GOOD, "id": {"id": 1}}], f"offers[0].id: {SINGLE}"),
    ([{**GOOD, "price": 0.001}], "offers[0].price: must be"), ([{**GOOD, "project": 730}], "offers[0].project: must be"),
    ([{**GOOD, "project": None}], f"offers[0].project: {MISSING}"), ({"-1": GOOD}, f"offers.-1: {INDEX}"), ({"01": GOOD}, f"offers.01: {INDEX}"),
    ([{**GOOD, "a": [[1]]}], "body: is nested deeper than 4 levels"), ([GOOD] * 251, "offers: has 251 elements"), ([GOOD] * 1_000, "body: has more than 2,000 keys"),
]  # fmt: skip


@pytest.mark.parametrize(("version", "path"), [("v1", "sell_items"), ("v2", "offers")])
async def test_a_list_in_json_in_any_shape_is_read_or_refused_by_name(
    shop: Shop, version: str, path: str
) -> None:
    wrong = []
    for value, reason in JSON:
        reply = await shop.call("POST", f"/api/{version}/{path}", json={"steamid": BUYER, "offers": value})
        said = fault(reply, version, "validation_error" if reason else "no_access")
        said = said or (
            "" if reply.body["error_details"].startswith(reason.split("251")[0]) else f"is not {reason}"
        )
        wrong += [f"{json.dumps(value)[:60]} {said}: {reply.body}"] if said else []
    assert wrong == []
