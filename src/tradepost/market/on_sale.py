"""On sale: what one account has on sale, over all games, as it stands in Postgres.

The shelves have an order of their own for each game; a merchant's own list goes over all of them, and is short.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tradepost.app import App
from tradepost.db import Conditions
from tradepost.market import feed
from tradepost.market.shelf.values import wear
from tradepost.rules.letters import fold

SORTS = {"id": "id", "price": "price_cents", "time_created": "created_at", "floatvalue": "float_text::real"}


@dataclass(frozen=True, slots=True)
class OwnQuery:
    """Which of an account's offers, in which order, and which page of them; filters mean what a shelf's mean."""

    seller_steamid: str | None = None
    sort: Literal["id", "price", "time_created", "floatvalue"] = "price"
    descending: bool = True
    limit: int = 15_000
    offset: int = 0
    project: str | None = None
    search: str | None = None
    price_from_cents: int | None = None
    price_to_cents: int | None = None
    float_from: str | None = None
    float_to: str | None = None


@dataclass(frozen=True, slots=True)
class OwnRow:
    """An offer on sale: whose item it is, and the shelf's row of it."""

    seller_steamid: str
    row: bytes


async def page(app: App, account_id: int, query: OwnQuery) -> tuple[list[OwnRow], int]:
    """Return a page of what an account has on sale, and how many offers there are in all."""
    where, values = await _filters(app, account_id, query)
    direction = "DESC" if query.descending else "ASC"
    total: int = await app.db.value(f"SELECT count(*) FROM offer WHERE {where}", *values)
    found = await app.db.fetch(
        f"SELECT id, seller_steamid FROM offer WHERE {where}"
        f" ORDER BY {SORTS[query.sort]} {direction} NULLS LAST, id {direction}"
        f" LIMIT ${len(values) + 1} OFFSET ${len(values) + 2}",
        *values,
        query.limit,
        query.offset,
    )
    # What another process put on sale a moment ago may not be on our shelves yet.
    await feed.put(app, [each["id"] for each in found if app.shelves.row(each["id"]) is None])
    rows = [(each["seller_steamid"], app.shelves.row(each["id"])) for each in found]
    return [OwnRow(steamid, row) for steamid, row in rows if row is not None], total


async def _filters(app: App, account_id: int, query: OwnQuery) -> tuple[str, Sequence[object]]:
    """The condition that an account's offers must meet, and the values in it."""
    where = Conditions("account_id = $1 AND state = 'on_sale'", account_id)
    where.if_given("seller_steamid = {}", query.seller_steamid)
    where.if_given("project = {}", query.project)
    if query.search:
        where.add("steam_item_id = ANY ({})", await _named(app, account_id, query.search))
    where.if_given("price_cents >= {}", query.price_from_cents)
    where.if_given("price_cents <= {}", query.price_to_cents)
    if query.float_from is not None:
        where.add("float_text::real >= {}::real", wear(query.float_from))
    if query.float_to is not None:
        where.add("float_text::real <= {}::real", wear(query.float_to))
    return where.sql, where.values


async def _named(app: App, account_id: int, search: str) -> list[int]:
    """The Steam items on sale by an account whose names hold a term: what is a capital letter, we decide."""
    rows = await app.db.fetch(
        "SELECT id, market_hash_name FROM steam_item WHERE id IN"
        " (SELECT steam_item_id FROM offer WHERE account_id = $1 AND state = 'on_sale')",
        account_id,
    )
    term = fold(search)
    return [row["id"] for row in rows if term in fold(row["market_hash_name"])]
