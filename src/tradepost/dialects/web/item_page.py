"""A Steam item: its offers, what it was sold for, what is wanted of it at each price, and one's own buy order."""

import secrets
from datetime import UTC, datetime, time, timedelta
from typing import Any, Literal

import msgspec
from msgspec.structs import replace
from starlette.responses import Response

from tradepost.app import App
from tradepost.dialects.fields import ID_MAX, Id, Limit, Project
from tradepost.dialects.web.desk import Desk
from tradepost.dialects.web.item_views import Shown, similar
from tradepost.dialects.web.market_query import SORTS, Sort, TypedNumber, Wish
from tradepost.dialects.web.market_query import MarketAsked as Filters
from tradepost.dialects.web.order_deeds import DONE, FILLED, Faults, Noted, OrderSent, do
from tradepost.dialects.web.tiles import tiles
from tradepost.dialects.web.visits import Page, Visit
from tradepost.market import buy_orders, ledger, sales, steam_items, users
from tradepost.market.sales import SalesQuery
from tradepost.market.steam_items import SteamItem
from tradepost.rules.games import GAMES
from tradepost.rules.refusals import NotFound

PATH = "/market/item/{id}"
ROWS = 25
Period = Literal["1M", "3M", "1Y", "All"]
PERIODS: dict[Period, tuple[str, int]] = {
    "1M": ("Month", 30), "3M": ("3 months", 91), "1Y": ("Year", 365), "All": ("All", 36_500),
}  # fmt: skip
BOUGHT = 3  # trades of one's order that are shown
LEVELS = 12  # of the depth that are shown


class ItemAsked(msgspec.Struct):
    """Which item, which of its offers, and what time its chart is of."""

    id: Id
    sort: Sort = "cheapest"
    float_from: TypedNumber | None = None
    float_to: TypedNumber | None = None
    seed: TypedNumber | None = None
    page: Limit = Limit(1)
    period: Period = "3M"
    done: Noted | None = None


async def show(visit: Visit) -> Response:
    """An item with its offers."""
    return await _show(visit, visit.query(ItemAsked))


async def order(visit: Visit) -> Response:
    """Place, change or remove one's buy order for the item."""
    sent = await visit.form(OrderSent)
    try:
        done = await do(visit.app, visit.signed_in().account_id, sent)
    except Faults as found:
        return await _show(visit, ItemAsked(sent.id), 422, faults=found.faults, sent=sent)
    return visit.redirect(f"{PATH.format(id=sent.id)}?done={done}#order")


async def _show(visit: Visit, asked: ItemAsked, status: int = 200, **more: Any) -> Response:
    app = visit.app
    item = await steam_items.by_id(app.db, min(asked.id, ID_MAX))
    if item is None:
        raise NotFound("There is no such item in the catalogue. Perhaps the link was cut off.")
    wish = Wish(
        Filters(
            game=Project(item.project),
            float_from=asked.float_from,
            float_to=asked.float_to,
            seed=asked.seed,
            sort=asked.sort,
            page=asked.page,
        )
    )
    query = replace(wish.query, names=(item.market_hash_name,), limit=ROWS, offset=(wish.page - 1) * ROWS)
    found = app.shelves.page(query)
    depth = await buy_orders.depth(app.db, item.id)
    values: dict[str, Any] = {
        "item": Shown.of(item),
        "game": GAMES[item.project],
        "asked": asked,
        "wish": wish,
        "total": found.total,
        "last": max(-(-found.total // ROWS), 1),
        "rows": await tiles(app, item.project, found),
        "sorts": {word: said for word, (said, _, _) in SORTS.items()},
        "lowest": app.shelves.lowest_cents(item.project, item.market_hash_name),
        "depth": depth.levels[:LEVELS],
        "depth_most": max((level.amount for level in depth.levels[:LEVELS]), default=1),
        "others": await similar(app, item),
        "periods": {word: said for word, (said, _) in PERIODS.items()},
        "note": DONE[asked.done] if asked.done else "",
        "mark": secrets.token_urlsafe(16),
        "faults": {},
        "sent": None,
        **await _chart(app, item, asked.period),
        **await _own(visit, item),
        **more,
    }
    if asked.done == "placed" and values["order"] is None and values["bought"]:
        values["note"] = FILLED  # at once, while the page was on its way
    return visit.page("item.html", status, part="offers", **values)


async def _chart(app: App, item: SteamItem, period: Period) -> dict[str, Any]:
    """What the item was sold for day by day, the oldest first, and in the last weeks together."""
    since = app.now() - timedelta(days=PERIODS[period][1])
    query = SalesQuery(item.project, item.market_hash_name, since, app.now())
    days = [day for day in reversed(await sales.days(app, query)) if day.count]
    seconds = [int(datetime.combine(day.day, time(), UTC).timestamp()) for day in days]
    lately = await sales.lately(
        app, item.project, item.market_hash_name, [timedelta(days=7), timedelta(days=30)]
    )
    return {
        "prices": [seconds, [day.median_cents for day in days], [day.least_cents for day in days]],
        "counts": [seconds, [day.count for day in days]],
        "week": lately[0],
        "month": lately[1],
    }


async def _own(visit: Visit, item: SteamItem) -> dict[str, Any]:
    """The visitor's own order for the item, and whether he can pay one and be sent what it buys."""
    if visit.visitor is None:
        return {"order": None, "purse_cents": 0, "has_trade_url": False, "bought": []}
    app, account_id = visit.app, visit.visitor.account_id
    try:
        own = await buy_orders.own(app.db, account_id, item.id)
    except NotFound:
        own = None
    wallet = await ledger.wallet(app.db, account_id)
    account = await users.by_id(app.db, account_id)
    return {
        "order": own,
        "bought": await buy_orders.bought(app.db, account_id, count=BOUGHT, steam_item_id=item.id),
        "purse_cents": wallet.deposit_cents + wallet.balance_cents,
        "has_trade_url": account.trade_token is not None,
    }


def pages(app: App, desk: Desk) -> list[Page]:
    """The page of an item, and where the form of its buy order is sent."""
    return [Page(app, desk, PATH, get=show), Page(app, desk, f"{PATH}/order", post=order, home=PATH)]
