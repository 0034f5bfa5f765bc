"""Inventories on the wire: public, the owner's by token, a partner's, and the legacy form."""

from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from tradepost.rules.games import BY_APPID
from tradepost.steam.simulator.calls import Call, answer, is_steamid, route, whole_number
from tradepost.steam.simulator.descriptions import (
    Json,
    asset_properties,
    describe,
    instanceid_of,
    properties_of,
)
from tradepost.steam.simulator.entities import Item, User
from tradepost.steam.simulator.items import CS2

PAGE_ITEMS_MAX = 2000
PAGE_ITEMS_DEFAULT = 75
LEGACY_PAGE_ITEMS = 2500
OK, ACCESS_DENIED = 1, 15


def public_inventory(call: Call) -> Response:
    """GET /inventory/{steamid}/{appid}/{contextid}."""
    appid, contextid = whole_number(call.path["appid"]), whole_number(call.path["contextid"])
    count = whole_number(call.argument("count") or str(PAGE_ITEMS_DEFAULT))
    if not is_steamid(call.path["steamid"]) or appid is None or contextid is None:
        return answer(None, 400, None)
    if count is None or count > PAGE_ITEMS_MAX:
        return answer(None, 400, None)
    user = call.world.users.get(call.path["steamid"])
    if user is None:
        return answer(None, 404, None)
    if user.private and call.visitor is not user:
        return answer(None, 403, None)
    items, last_assetid = _page_after(call, user, appid, contextid, count or PAGE_ITEMS_DEFAULT)
    body: Json = {"total_inventory_count": _total(call, user, appid, contextid), "success": 1, "rwgrsn": -2}
    if items:
        body["assets"] = [_asset(item, call.world.now()) for item in items]
        body["descriptions"] = _descriptions(call, items, user)
        if appid == CS2:
            body["asset_properties"] = [asset_properties(item) for item in items]
    if last_assetid:
        body |= {"more_items": 1, "last_assetid": str(last_assetid)}
    return answer(body, eresult=None)


def own_inventory(call: Call) -> Response:
    """GET IEconService/GetInventoryItemsWithDescriptions: the caller's own items, with real truth values."""
    user, appid, contextid = call.token_user, call.number("appid"), call.number("contextid")
    if user is None or call.argument("steamid") != user.steamid:
        return answer({"response": {}}, 200 if user else 401, ACCESS_DENIED)
    count = min(call.number("count", PAGE_ITEMS_MAX) or PAGE_ITEMS_MAX, PAGE_ITEMS_MAX)
    items, last_assetid = _page_after(call, user, appid, contextid, count)
    body: Json = {"total_inventory_count": _total(call, user, appid, contextid)}
    if items:
        body["assets"] = [_asset(item, call.world.now()) for item in items]
        if call.flag("get_descriptions"):
            body["descriptions"] = [_with_truth(each) for each in _descriptions(call, items, user)]
        if call.flag("get_asset_properties") and appid == CS2:
            body["asset_properties"] = [asset_properties(item) for item in items]
    if last_assetid:
        body |= {"more_items": True, "last_assetid": str(last_assetid)}
    return answer({"response": body})


def partner_inventory(call: Call) -> Response:
    """GET /tradeoffer/new/partnerinventory: what a partner could give, for somebody who is signed in."""
    if call.visitor is None:
        return answer({"success": False, "error": "You must be logged in."}, 401, None)
    user = call.world.users.get(call.argument("partner"))
    if user is None or f"partner={user.accountid}" not in call.request.headers.get("referer", ""):
        return answer(None, 403, None)
    return _legacy(call, user, call.number("appid"), call.number("contextid"), tradable_only=True)


def legacy_inventory(call: Call) -> Response:
    """GET /profiles/{steamid}/inventory/json/{appid}/{contextid}."""
    user = call.world.users.get(call.path["steamid"])
    appid, contextid = whole_number(call.path["appid"]), whole_number(call.path["contextid"])
    if user is None or appid is None or contextid is None:
        return answer(None, 404, None)
    return _legacy(call, user, appid, contextid, tradable_only=call.flag("trading"))


def _page_after(call: Call, user: User, appid: int, contextid: int, count: int) -> tuple[list[Item], int]:
    """One page of an inventory, and the asset id to go on after (0 on the last page)."""
    items = call.world.inventory(user.steamid, appid, contextid)
    if start := call.number("start_assetid"):
        items = [item for item in items if item.assetid < start]
    shown = items[:count]
    return shown, shown[-1].assetid if len(items) > count else 0


def _total(call: Call, user: User, appid: int, contextid: int) -> int:
    """The count that Steam shows: of the first context it is the game's, protected items included."""
    game = BY_APPID.get(appid)
    contexts = game.contexts if game and contextid == game.contextid else (contextid,)
    return sum(call.world.inventory_size(user.steamid, appid, each) for each in contexts)


def _asset(item: Item, now: int) -> Json:
    return {
        "appid": item.appid,
        "contextid": str(item.contextid),
        "assetid": str(item.assetid),
        "classid": str(item.classid),
        "instanceid": str(instanceid_of(item, now)),
        "amount": "1",
    }


def _descriptions(call: Call, items: list[Item], user: User) -> list[Json]:
    bbcode, now = call.flag("preserve_bbcode"), call.world.now()
    by_class = {(item.classid, instanceid_of(item, now)): item for item in items}
    return [
        describe(item, instanceid, bbcode=bbcode, old_links=user.old_inspect_links)
        for (_, instanceid), item in by_class.items()
    ]


def _with_truth(description: Json) -> Json:
    """The same description as the Web API types it."""
    truths = ("tradable", "marketable", "commodity", "sealed")
    return description | {name: bool(description[name]) for name in truths}


def _legacy(call: Call, user: User, appid: int, contextid: int, *, tradable_only: bool) -> Response:
    if user.private and call.visitor is not user:
        return answer({"success": False, "Error": "This profile is private."}, eresult=None)
    now, start = call.world.now(), call.number("start")
    items = call.world.inventory(user.steamid, appid, contextid)
    if tradable_only:
        items = [item for item in items if item.is_tradable(now)]
    shown = items[start : start + LEGACY_PAGE_ITEMS]
    more = start + len(shown) < len(items)
    rows: dict[str, Any] = {
        str(item.assetid): {
            "id": str(item.assetid),
            "classid": str(item.classid),
            "instanceid": str(instanceid_of(item, now)),
            "amount": "1",
            "hide_in_china": 0,
            "pos": start + position,
        }
        for position, item in enumerate(shown, 1)
    }
    described = {f"{each['classid']}_{each['instanceid']}": each for each in _descriptions(call, shown, user)}
    # PHP's way with empty tables: they become lists.
    body: Json = {
        "success": True,
        "rgInventory": rows or [],
        "rgCurrency": [],
        "rgDescriptions": described or [],
        "more": more,
        "more_start": start + len(shown) if more else False,
    }
    if appid == CS2:
        body["rgAssetProperties"] = {str(item.assetid): properties_of(item) for item in shown} or []
        body["rgAssetAccessories"] = []
    return answer(body, eresult=None)


ROUTES: list[Route] = [
    route("/inventory/{steamid}/{appid}/{contextid}", public_inventory),
    route("/IEconService/GetInventoryItemsWithDescriptions/{version}", own_inventory),
    route("/tradeoffer/new/partnerinventory", partner_inventory),
    route("/profiles/{steamid}/inventory/json/{appid}/{contextid}", legacy_inventory),
]
