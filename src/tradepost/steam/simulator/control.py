"""The control API's users, items and clock: how a test or a demo makes the world it needs."""

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tradepost.rules.games import BY_APPID
from tradepost.steam.simulator.calls import Call, answer, route, whole_number
from tradepost.steam.simulator.check import faults_of
from tradepost.steam.simulator.control_orders import (
    CLOCK_MAX,
    ClockOrder,
    ItemChange,
    ItemOrder,
    LoginOrder,
    Order,
    Refused,
    UserOrder,
    WorldOrder,
    add_items,
    bounded,
    change_user,
    check_assetids,
    check_settlement,
    check_user,
    make_item,
    make_price,
    set_prices,
    set_settlement,
)
from tradepost.steam.simulator.descriptions import Json
from tradepost.steam.simulator.entities import Item, Lock, User
from tradepost.steam.simulator.exchange import end_offers_with
from tradepost.steam.simulator.items import certificate_of
from tradepost.steam.simulator.sessions import sign_in
from tradepost.steam.simulator.trading import is_banned, settle_due
from tradepost.steam.simulator.world import World


def read(call: Call, kind: type[Order]) -> Order:
    """The request's JSON as this kind of order."""
    try:
        return msgspec.json.decode(call.body or b"{}", type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Refused(str(error)) from None


async def refused(_: Request, error: Exception) -> Response:
    """Says why a request to the control API was refused."""
    return answer({"error": str(error)}, 400, None)


def user_at(call: Call) -> User:
    """The account that the path names."""
    user = call.world.users.get(call.path["steamid"])
    if user is None:
        raise Refused(f"no user {call.path['steamid']}")
    return user


def load_world(call: Call) -> Response:
    """POST /_sim/world: users with their items, and prices; an account already loaded keeps what it has."""
    order, world = read(call, WorldOrder), call.world
    check_settlement(order.settlement)
    prices = [make_price(each) for each in order.prices]
    kept = {each.steamid for each in order.users if (u := world.users.get(each.steamid)) and u.loaded}
    items = []
    for each in order.users:
        check_user(each)
        if each.steamid not in kept:
            items += [make_item(each.steamid, item) for item in each.items]
    check_assetids(world, items)
    set_prices(world, prices)
    set_settlement(world, order.settlement)
    for each in order.users:
        change_user(world, each).loaded = True
    add_items(world, items)
    counts = {"users": len(order.users), "users_kept": len(kept)}
    return answer(counts | {"items": len(items), "prices": len(prices)}, eresult=None)


def post_user(call: Call) -> Response:
    """POST /_sim/users and /_sim/users/{steamid}: makes an account or changes its settings."""
    order = read(call, UserOrder)
    order.steamid = call.path.get("steamid", order.steamid)
    check_user(order)
    items = [make_item(order.steamid, item) for item in order.items]
    check_assetids(call.world, items)
    user = change_user(call.world, order)
    add_items(call.world, items)
    return answer(_shown(call.world, user), eresult=None)


def list_users(call: Call) -> Response:
    """GET /_sim/users."""
    return answer({"users": [_shown(call.world, user) for user in call.world.users.values()]}, eresult=None)


def show_user(call: Call) -> Response:
    """GET /_sim/users/{steamid}: the account with its items by context."""
    user, world = user_at(call), call.world
    items = {
        f"{appid}/{contextid}": [shown_item(item) for item in world.inventory(user.steamid, appid, contextid)]
        for appid, contextid in world.places_of(user.steamid)
    }
    return answer(_shown(world, user) | {"items": items}, eresult=None)


def post_items(call: Call) -> Response:
    """POST /_sim/users/{steamid}/items: a list of items, or one."""
    user = user_at(call)
    try:
        orders = msgspec.json.decode(call.body, type=list[ItemOrder] | ItemOrder)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Refused(str(error)) from None
    items = [make_item(user.steamid, each) for each in (orders if isinstance(orders, list) else [orders])]
    check_assetids(call.world, items)
    add_items(call.world, items)
    return answer({"items": [shown_item(item) for item in items]}, eresult=None)


def change_item(call: Call) -> Response:
    """POST /_sim/users/{steamid}/items/{assetid}: on Steam's market, off it, or cooling down."""
    item, order, world = _item_at(call), read(call, ItemChange), call.world
    until = bounded(order.tradable_after or 0)
    game = BY_APPID.get(item.appid)
    if order.listed is not None and item.lock in {Lock.NONE, Lock.LISTED}:
        item.lock = Lock.LISTED if order.listed else Lock.NONE
        away = game.protected_contextid if game and order.listed else None
        world.move_item(item, item.owner, away or item.home_contextid, item.assetid)
    if order.tradable_after is not None and item.lock in {Lock.NONE, Lock.COOLDOWN}:
        item.lock, item.locked_until = Lock.COOLDOWN, until
    if not item.is_tradable(world.now()):
        end_offers_with(world, item.assetid)
    world.touch(item)
    return answer(shown_item(item), eresult=None)


def remove_item(call: Call) -> Response:
    """DELETE /_sim/users/{steamid}/items/{assetid}: the item vanishes; offers that name it die."""
    item = _item_at(call)
    call.world.remove_item(item)
    end_offers_with(call.world, item.assetid)
    return answer({"removed": str(item.assetid)}, eresult=None)


def login(call: Call) -> Response:
    """POST /_sim/login and /_sim/users/{steamid}/login: everything a program needs to act as this account."""
    order = read(call, LoginOrder)
    user = call.world.users.get(call.path.get("steamid", order.steamid))
    if user is None:
        raise Refused("no such user")
    return answer(sign_in(call.world, user, bounded(order.ttl_seconds)), eresult=None)


def logout(call: Call) -> Response:
    """POST /_sim/users/{steamid}/logout: ends every session of the account; its tokens are dead at once."""
    user = user_at(call)
    user.session_round += 1
    call.world.touch(user)
    return answer(_shown(call.world, user), eresult=None)


def show_clock(call: Call) -> Response:
    """GET /_sim/clock."""
    clock = {"now": call.world.now(), "offset_seconds": call.world.meta.clock_offset_seconds}
    return answer(clock, eresult=None)


def move_clock(call: Call) -> Response:
    """POST /_sim/clock: forward only; all that falls due meanwhile happens, at its own moment."""
    order, world = read(call, ClockOrder), call.world
    if (order.now is None) == (order.advance_seconds is None):
        raise Refused("give either now or advance_seconds")
    now = order.now if order.now is not None else world.now() + (order.advance_seconds or 0)
    if now > CLOCK_MAX:
        raise Refused(f"the clock ends at {CLOCK_MAX}")
    if (order.advance_seconds or 0) < 0 or not world.move_clock(now):
        raise Refused(f"the clock only moves forward, and it is {world.now()}")
    settle_due(world)
    return show_clock(call)


def change_settings(call: Call) -> Response:
    """POST /_sim/settings: when protection ends."""
    order = read(call, WorldOrder)
    check_settlement(order.settlement)
    set_settlement(call.world, order.settlement)
    return answer({"settlement": call.world.meta.settlement}, eresult=None)


def post_prices(call: Call) -> Response:
    """POST /_sim/prices: a list of prices."""
    prices = [make_price(each) for each in read(call, WorldOrder).prices]
    set_prices(call.world, prices)
    return answer({"prices": len(prices)}, eresult=None)


def check(call: Call) -> Response:
    """GET /_sim/check: what does not add up; an empty list when all is well."""
    return answer(faults_of(call.world), eresult=None)


def overview(call: Call) -> Response:
    """GET /_sim: that the simulator is up, and how big its world is."""
    world = call.world
    counts: Json = {"users": len(world.users), "items": len(world.items), "offers": len(world.offers)}
    return answer(counts | {"trades": len(world.trades), "now": world.now(), "ready": True}, eresult=None)


def shown_item(item: Item) -> Json:
    """An item as the control API shows it."""
    return {
        "assetid": str(item.assetid),
        "appid": item.appid,
        "contextid": str(item.contextid),
        "classid": str(item.classid),
        "market_hash_name": item.market_hash_name,
        "float": item.wear,
        "paintseed": item.paint_seed,
        "paintindex": item.paint_index,
        "def_index": item.def_index,
        "exterior": item.exterior,
        "certificate": certificate_of(item),
        "lock": item.lock or None,
        "locked_until": item.locked_until or None,
        "in_escrow_of": str(item.held_by) if item.held_by else None,
    }


def _shown(world: World, user: User) -> Json:
    settings: dict[str, Any] = {
        name: getattr(user, name)
        for name in (
            "steamid",
            "name",
            "trade_token",
            "private",
            "hold_days",
            "banned_until",
            "available",
            "new_device",
            "inventory_full",
            "confirmation",
            "acknowledged",
            "old_inspect_links",
        )
    }
    counts = {f"{a}/{c}": world.inventory_size(user.steamid, a, c) for a, c in world.places_of(user.steamid)}
    return settings | {
        "accountid": user.accountid,
        "trade_url": f"https://steamcommunity.com/tradeoffer/new/?partner={user.accountid}&token={user.trade_token}",
        "trade_banned": is_banned(user, world.now()),
        "item_counts": counts,
    }


def _item_at(call: Call) -> Item:
    item = call.world.items.get(whole_number(call.path["assetid"]) or 0)
    if item is None or item.owner != call.path["steamid"]:
        raise Refused("no such item in this account")
    if item.held_by:
        raise Refused("the item rests in escrow")
    return item


ROUTES: list[Route] = [
    route("/_sim", overview),
    route("/_sim/world", load_world, "POST"),
    route("/_sim/users", list_users),
    route("/_sim/users", post_user, "POST"),
    route("/_sim/users/{steamid}", show_user),
    route("/_sim/users/{steamid}", post_user, "POST"),
    route("/_sim/users/{steamid}/items", post_items, "POST"),
    route("/_sim/users/{steamid}/items/{assetid}", change_item, "POST"),
    route("/_sim/users/{steamid}/items/{assetid}", remove_item, "DELETE"),
    route("/_sim/users/{steamid}/login", login, "POST"),
    route("/_sim/users/{steamid}/logout", logout, "POST"),
    route("/_sim/login", login, "POST"),
    route("/_sim/clock", show_clock),
    route("/_sim/clock", move_clock, "POST"),
    route("/_sim/settings", change_settings, "POST"),
    route("/_sim/prices", post_prices, "POST"),
    route("/_sim/check", check),
]
