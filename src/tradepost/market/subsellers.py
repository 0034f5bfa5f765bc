"""Subsellers: the users for whose items a merchant may act, as the merchant is shown them.

What a payment granted is not among them: that covers the items of that payment, which stand with it.
"""

from dataclasses import dataclass
from datetime import datetime

from tradepost.db import Reader
from tradepost.market.merchants import GivenBy

ROWS = 50
OFFERS_MAX = 200
PAGES_MAX = 1_000

_OF = "FROM seller_grant g WHERE g.merchant_id = $1 AND g.revoked_at IS NULL AND g.given_by <> 'payment'"


@dataclass(frozen=True, slots=True)
class Subseller:
    """A user who lets a merchant act for his items, and what comes of that."""

    account_id: int
    steamid: str
    name: str
    avatar: str
    floor_bps: int
    given_by: GivenBy
    given_at: datetime
    on_sale: int
    on_sale_cents: int
    under_way: int  # trades


@dataclass(frozen=True, slots=True)
class Sold:
    """An item of a subseller that the merchant has on sale."""

    offer_id: int
    project: str
    market_hash_name: str
    icon: str
    price_cents: int
    steam_cents: int | None
    created_at: datetime


_SUBSELLER = (
    "SELECT a.id AS account_id, a.steamid, a.name, a.avatar, g.floor_bps, g.given_by, g.given_at,"
    " s.count AS on_sale, s.cents AS on_sale_cents, (SELECT count(*) FROM trade t WHERE t.seller_id = a.id"
    " AND t.payee_id = $1 AND t.state NOT IN ('finished', 'cancelled', 'reversed')) AS under_way"
    " FROM {grants} JOIN account a ON a.id = g.seller_id CROSS JOIN LATERAL (SELECT count(*) AS count,"
    " coalesce(sum(o.price_cents), 0)::bigint AS cents FROM offer o WHERE o.seller_id = a.id AND o.account_id = $1"
    " AND o.state = 'on_sale') s ORDER BY g.given_at DESC, a.id DESC"
)


async def page(tx: Reader, merchant_id: int, number: int = 1) -> tuple[list[Subseller], int]:
    """Return a page, from 1, of a merchant's subsellers, the newest grant first, and how many there are in all."""
    grants = f"(SELECT g.* {_OF} ORDER BY g.given_at DESC, g.seller_id DESC LIMIT $2 OFFSET $3) g"
    first = (max(1, min(number, PAGES_MAX)) - 1) * ROWS
    total: int = await tx.value(f"SELECT count(*) {_OF}", merchant_id)
    return await tx.rows(Subseller, _SUBSELLER.format(grants=grants), merchant_id, ROWS, first), total


async def read(tx: Reader, merchant_id: int, steamid: str) -> Subseller | None:
    """Return one of a merchant's subsellers; None for anybody else."""
    grants = f"(SELECT g.* {_OF} AND g.seller_id = (SELECT id FROM account WHERE steamid = $2)) g"
    return await tx.row(Subseller, _SUBSELLER.format(grants=grants), merchant_id, steamid)


async def on_sale(tx: Reader, merchant_id: int, seller_id: int) -> list[Sold]:
    """Return what a merchant has on sale of a subseller, the newest first."""
    return await tx.rows(
        Sold,
        "SELECT o.id AS offer_id, o.project, i.market_hash_name, i.icon, o.price_cents, i.price_cents AS steam_cents,"
        " o.created_at FROM offer o JOIN steam_item i ON i.id = o.steam_item_id WHERE o.seller_id = $2"
        " AND o.account_id = $1 AND o.state = 'on_sale' ORDER BY o.id DESC LIMIT $3",
        merchant_id,
        seller_id,
        OFFERS_MAX,
    )
