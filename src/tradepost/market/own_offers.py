"""Own offers: what somebody has on sale, or had, with what others ask for the same and why nobody can buy it now.

A merchant's are those of all for whom he sells; a seller's are also those that a merchant has on sale for him, which he
sees and cannot change: that is the merchant's, as long as he has the seller's grant.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tradepost.db import Conditions, Reader

ROWS = 50  # on a page
PAGES_MAX = 400  # what lies deeper is found by a search


@dataclass(frozen=True, slots=True)
class OwnOffer:
    """An offer as its owner sees it."""

    id: int
    account_id: int
    account_name: str  # of who sells it
    seller_id: int
    seller_steamid: str
    seller_name: str
    project: str
    name: str
    exterior: str
    float_text: str
    icon: str
    steam_item_id: int
    price_cents: int
    steam_cents: int | None
    lowest_cents: int | None  # of others
    state: str
    ended_reason: str | None
    missing_at: datetime | None
    read_at: datetime | None  # when the inventory was read last that it is in
    created_at: datetime
    trade_id: int | None  # the one that it is in


_SHOWN = """
    SELECT o.id, o.account_id, a.name AS account_name, o.seller_id, o.seller_steamid, s.name AS seller_name, o.project,
           i.market_hash_name AS name, coalesce(i.exterior, '') AS exterior, coalesce(o.float_text, '') AS float_text, i.icon,
           o.steam_item_id, o.price_cents, i.price_cents AS steam_cents, low.price_cents AS lowest_cents, o.state,
           o.ended_reason, o.missing_at, c.at AS read_at, o.created_at, t.id AS trade_id
      FROM offer o JOIN steam_item i ON i.id = o.steam_item_id JOIN account a ON a.id = o.account_id
      JOIN account s ON s.id = o.seller_id
      LEFT JOIN LATERAL (SELECT x.price_cents FROM offer x WHERE x.steam_item_id = o.steam_item_id AND x.state = 'on_sale'
                            AND x.account_id <> o.account_id AND x.seller_id <> o.seller_id
                          ORDER BY x.price_cents LIMIT 1) low ON o.state = 'on_sale'
      LEFT JOIN inventory_scan c ON c.account_id = o.seller_id AND c.project = o.project
      LEFT JOIN trade t ON t.offer_id = o.id AND t.state NOT IN ('cancelled', 'reversed', 'finished')
"""
_NAMED = (
    "EXISTS (SELECT FROM steam_item i WHERE i.id = o.steam_item_id"
    " AND strpos(lower(i.market_hash_name), lower({})) > 0)"
)
# Each with an index of its own; no offer is on two of them.
_LIVE = (
    "o.account_id = $1 AND o.state = 'on_sale'",
    "o.seller_id = $1 AND o.account_id <> $1 AND o.state = 'on_sale'",
    "o.seller_id = $1 AND o.state = 'reserved'",
)
_ENDED = ("o.account_id = $1 AND o.state = 'ended'",)


async def page(
    tx: Reader, account_id: int, *, ended: bool = False, search: str = "", number: int = 1
) -> tuple[list[OwnOffer], bool]:
    """Return a page of what somebody has on sale, or had, the newest first, and whether there is more."""
    where = Conditions("", account_id)
    if search:
        where.add(_NAMED, search)
    first = (min(number, PAGES_MAX) - 1) * ROWS
    each = " UNION ALL ".join(
        f"(SELECT o.id FROM offer o WHERE {' AND '.join(filter(None, (side, where.sql)))}"
        f" ORDER BY o.id DESC LIMIT {first + ROWS + 1})"
        for side in (_ENDED if ended else _LIVE)
    )
    ids = f"SELECT id FROM ({each}) f ORDER BY id DESC LIMIT {ROWS + 1} OFFSET {first}"
    rows = await tx.rows(
        OwnOffer, f"{_SHOWN} WHERE o.id = ANY (ARRAY({ids})) ORDER BY o.id DESC", *where.values
    )
    return rows[:ROWS], len(rows) > ROWS


async def read(tx: Reader, account_id: int, offer_ids: Sequence[int]) -> list[OwnOffer]:
    """Return those of these offers that somebody sells, in the order in which they were made."""
    return await tx.rows(
        OwnOffer,
        f"{_SHOWN} WHERE o.id = ANY ($2) AND o.account_id = $1 ORDER BY o.id",
        account_id,
        list(offer_ids),
    )
