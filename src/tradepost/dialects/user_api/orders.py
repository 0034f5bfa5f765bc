"""The user API's calls about buy orders: placed, changed, removed, and looked at."""

from typing import Annotated, Any

import msgspec

from tradepost.dialects.fields import Id, Limit, Whole
from tradepost.dialects.shapes import Also, Rows, Unread
from tradepost.dialects.user_api.calls import Call, Calls, Content, Method
from tradepost.dialects.user_api.order_answers import (
    DepthShown,
    OrderDone,
    OrderGone,
    OrdersDone,
    OrderShown,
    OrdersShown,
)
from tradepost.market import buy_orders
from tradepost.market.buy_orders import BuyOrder, BuyOrderView
from tradepost.rules.refusals import Conflicting, Refusal

BULK_MAX = 100
COUNT_MAX = 50

ItemId = Annotated[Id, Also("item_id")]


class OrderOf(msgspec.Struct):
    """Which item of the catalogue is meant, in the address."""

    item: Id


class DepthOf(msgspec.Struct):
    """The same, under another name."""

    id: Id


class OrderPlaced(msgspec.Struct):
    """An order to be placed."""

    itemid: ItemId
    value: Annotated[Whole, Also("price")]
    amount: Whole = Whole(1)


class OrderChanged(msgspec.Struct):
    """What is to be different about an order."""

    itemid: ItemId
    value: Annotated[Whole | None, Also("price")] = None
    amount: Whole | None = None


class OrderRemoved(msgspec.Struct):
    """The order for which item is to go."""

    itemid: ItemId


class OrdersAtOnce(msgspec.Struct):
    """Orders to be placed, each by itself."""

    orders: Annotated[list[OrderPlaced | Unread], Rows(BULK_MAX), Also("buyorders")]


class OrdersPage(msgspec.Struct):
    """Which page, and how many an each."""

    page: Whole = Whole(0)
    count: Limit = Limit(COUNT_MAX)


async def one(call: Call, asked: OrderOf) -> Content:
    """One's own buy order for an item of the catalogue."""
    view = await buy_orders.own(call.app.db, call.me.account_id, asked.item)
    return {"informations": _row(call, view)}


async def page(call: Call, asked: OrdersPage) -> Content:
    """One's own buy orders, the newest first."""
    count = min(asked.count, COUNT_MAX)
    views, total = await buy_orders.page(
        call.app.db, call.me.account_id, first=asked.page * count, count=count
    )
    rows = [_row(call, view) for view in views]
    return {"informations": rows, "page": asked.page, "count": count, "total": total}


async def depth(call: Call, asked: DepthOf) -> Content:
    """What is wanted of an item at each price, the best first; whose orders they are is nobody's business."""
    found = await buy_orders.depth(call.app.db, asked.id)
    levels = [
        {"price": level.price_cents, "value": level.price_cents, "amount": level.amount, "orders": level.orders}
        for level in found.levels
    ]  # fmt: skip
    item = {"itemid": found.steam_item_id, "item_id": found.steam_item_id, "name": found.market_hash_name}
    return {"informations": {**item, "project": found.project, "buyorders": levels}}


async def place(call: Call, asked: OrderPlaced) -> Content:
    """Place a buy order."""

    def told(view: BuyOrderView) -> dict[str, Any]:
        return {"message": "Your buy order is placed.", "informations": _row(call, view)}

    account_id, claim = call.me.account_id, call.claim(told)
    return told(await buy_orders.place(call.app, account_id, asked.itemid, asked.value, asked.amount, claim))


async def change(call: Call, asked: OrderChanged) -> Content:
    """Change the price of one's buy order, how many are still wanted, or both."""

    def told(view: BuyOrderView) -> dict[str, Any]:
        return {"message": "Your buy order is changed.", "informations": _row(call, view)}

    if asked.value is None and asked.amount is None:
        raise Conflicting("Name a new value, a new amount, or both.")
    account_id, claim = call.me.account_id, call.claim(told)
    view = await buy_orders.change(
        call.app, account_id, asked.itemid, claim, price_cents=asked.value, amount=asked.amount
    )
    return told(view)


async def remove(call: Call, asked: OrderRemoved) -> Content:
    """Remove one's buy order; what it bought stays bought."""

    def told(order: BuyOrder) -> dict[str, Any]:
        return {"message": "Your buy order is removed.", "id": order.id, "itemid": order.steam_item_id}

    claim = call.claim(told)
    return told(await buy_orders.remove(call.app, call.me.account_id, asked.itemid, claim))


async def bulk(call: Call, asked: OrdersAtOnce) -> Content:
    """Place up to a hundred buy orders, each by itself: one that is refused leaves the others be."""
    results = [await _one_of_many(call, row) for row in asked.orders]
    placed = sum(result["success"] for result in results)
    return {"message": f"{placed} of {len(results)} buy orders are placed.", "results": results}


async def _one_of_many(call: Call, row: OrderPlaced | Unread) -> dict[str, Any]:
    itemid = None if isinstance(row, Unread) else int(row.itemid)
    try:
        if isinstance(row, Unread):
            raise row.refusal
        view = await buy_orders.place(call.app, call.me.account_id, row.itemid, row.value, row.amount)
    except Refusal as refusal:
        return {"itemid": itemid, "success": False, "message": refusal.sentence}
    return {"itemid": itemid, "success": True, "informations": _row(call, view)}


def _row(call: Call, view: BuyOrderView) -> dict[str, Any]:
    order, steamid = view.order, call.me.steamid
    return {
        "id": order.id,
        "steamid": steamid,
        "user": steamid,
        "itemid": order.steam_item_id,
        "item_id": order.steam_item_id,
        "name": view.market_hash_name,
        "price": order.price_cents,
        "value": order.price_cents,
        "amount": order.amount,
        "timestamp": str(int(order.created_at.timestamp())),
        "project": view.project,
        "bought": order.bought,
        "asleep": order.asleep is not None,
        "explanation": view.explanation,
    }


CALLS: Calls = {
    "/item/buyorder": {"POST": Method(place, scope="buy", answers=OrderDone)},
    "/item/buyorder/update": {"POST": Method(change, scope="buy", answers=OrderDone)},
    "/item/buyorder/remove": {"POST": Method(remove, scope="buy", answers=OrderGone)},
    "/item/buyorder/bulk": {"POST": Method(bulk, scope="buy", per_minute=30, answers=OrdersDone)},
    "/item/buyorderList/{id}": {"GET": Method(depth, answers=DepthShown)},
    "/user/getBuyorder": {"GET": Method(page, answers=OrdersShown)},
    "/user/buyorder/{item}": {"GET": Method(one, answers=OrderShown)},
}
