"""On sale: what one account has on sale, over all games, as it stands in Postgres.

The shelves have an order of their own for each game; a merchant's own list goes over all of them, and is short.
"""

from dataclasses import dataclass
from typing import Literal

from tradepost.app import App
from tradepost.market import feed

SORTS = {"id": "id", "price": "price_cents", "time_created": "created_at"}


@dataclass(frozen=True, slots=True)
class OwnQuery:
    """Which of an account's offers, in which order, and which page of them."""

    seller_steamid: str | None = None
    sort: Literal["id", "price", "time_created"] = "price"
    descending: bool = True
    limit: int = 15_000
    offset: int = 0


@dataclass(frozen=True, slots=True)
class OwnRow:
    """An offer on sale: whose item it is, and the shelf's row of it."""

    seller_steamid: str
    row: bytes


async def page(app: App, account_id: int, query: OwnQuery) -> tuple[list[OwnRow], int]:
    """Return a page of what an account has on sale, and how many offers there are in all."""
    where = "account_id = $1 AND state = 'on_sale' AND ($2::text IS NULL OR seller_steamid = $2)"
    direction = "DESC" if query.descending else "ASC"
    total: int = await app.db.value(
        f"SELECT count(*) FROM offer WHERE {where}", account_id, query.seller_steamid
    )
    found = await app.db.fetch(
        f"SELECT id, seller_steamid FROM offer WHERE {where}"
        f" ORDER BY {SORTS[query.sort]} {direction}, id {direction} LIMIT $3 OFFSET $4",
        account_id, query.seller_steamid, query.limit, query.offset,
    )  # fmt: skip
    # What another process put on sale a moment ago may not be on our shelves yet.
    await feed.put(app, [each["id"] for each in found if app.shelves.row(each["id"]) is None])
    rows = [(each["seller_steamid"], app.shelves.row(each["id"])) for each in found]
    return [OwnRow(steamid, row) for steamid, row in rows if row is not None], total
