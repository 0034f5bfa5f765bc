"""One's buy orders: what each waits for, changing and removing it, and finding an item to order."""

import secrets
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.responses import Response

from tradepost.app import App
from tradepost.dialects.fields import Limit, Project, Search
from tradepost.dialects.web.desk import Desk
from tradepost.dialects.web.item_views import Shown
from tradepost.dialects.web.market_query import words_of
from tradepost.dialects.web.order_deeds import DONE, Done, Faults, OrderSent, do
from tradepost.dialects.web.visits import Page, Visit
from tradepost.market import buy_orders, ledger, steam_items
from tradepost.market.buy_orders import BuyOrderView
from tradepost.rules.games import GAMES

ORDERS = "/orders"
ROWS = 25
BOUGHT = 10  # trades that the orders made lately
FOUND = 12  # items that a search shows


@dataclass(frozen=True, slots=True)
class Row:
    """An order as its owner sees it."""

    view: BuyOrderView
    item: Shown | None
    lowest_cents: int | None  # of the item, on sale now


class OrdersAsked(msgspec.Struct):
    """Which page of them, what was just done, and what item is looked for."""

    page: Limit = Limit(1)
    done: Done | None = None
    game: Project = Project("csgo")
    search: Search | None = None


async def show(visit: Visit) -> Response:
    """One's orders, the newest first."""
    return await _show(visit, visit.query(OrdersAsked))


async def act(visit: Visit) -> Response:
    """Change an order, or remove it."""
    sent = await visit.form(OrderSent)
    try:
        done = await do(visit.app, visit.signed_in().account_id, sent)
    except Faults as found:
        return await _show(visit, OrdersAsked(), 422, faults=found.faults, sent=sent)
    return visit.redirect(f"{ORDERS}?done={done}")


async def _show(visit: Visit, asked: OrdersAsked, status: int = 200, **more: Any) -> Response:
    app, account_id = visit.app, visit.signed_in().account_id
    first = (min(asked.page, buy_orders.ORDERS_MAX) - 1) * ROWS
    views, total = await buy_orders.page(app.db, account_id, first=first, count=ROWS)
    wallet = await ledger.wallet(app.db, account_id)
    found, matches = list[Shown](), 0
    if asked.search and asked.search.strip():
        catalogue = await steam_items.priced(app, str(asked.game))
        items, matches = catalogue.page(words=words_of(asked.search), limit=FOUND)
        found = [Shown.of(item) for item in items]
    values: dict[str, Any] = {
        "asked": asked,
        "rows": await _rows(app, views),
        "total": total,
        "bought": await buy_orders.bought(app.db, account_id, count=BOUGHT),
        "last": max(-(-total // ROWS), 1),
        "purse_cents": wallet.deposit_cents + wallet.balance_cents,
        "games": GAMES,
        "found": found,
        "matches": matches,
        "note": DONE[asked.done] if asked.done else "",
        "mark": secrets.token_urlsafe(16),
        "faults": {},
        "sent": None,
        **more,
    }
    return visit.page("orders.html", status, part="items", **values)


async def _rows(app: App, views: list[BuyOrderView]) -> list[Row]:
    items = dict[tuple[str, str], Shown]()
    for project in {view.project for view in views}:
        names = [view.market_hash_name for view in views if view.project == project]
        known = await steam_items.by_name(app.db, project, names)
        items |= {(project, name): Shown.of(item) for name, item in known.items()}
    return [
        Row(
            view,
            items.get((view.project, view.market_hash_name)),
            app.shelves.lowest_cents(view.project, view.market_hash_name),
        )
        for view in views
    ]


def pages(app: App, desk: Desk) -> list[Page]:
    """The page of one's buy orders."""
    return [Page(app, desk, ORDERS, get=show, post=act)]
