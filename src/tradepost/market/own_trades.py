"""Own trades: what somebody buys, sells, or sends for a merchant, as he is shown it with its time line and his money.

Whoever is paid need not be whose item it is: a merchant sells for others. Who sends for one is shown the trades that are
under way, as he may have to act in them; what was paid for them is the merchant's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from tradepost.db import Conditions, Reader, Record
from tradepost.market.trade_view import FROM_VIEW, LIVE, VIEW_COLUMNS, TradeView, as_view
from tradepost.rules.trade import PUBLIC, Trade

COMING_SPAN = timedelta(days=90)  # far more than Steam protects anything: so that the index is read in part
ROWS = 25  # on a page
PAGES_MAX = 400  # what lies deeper is found by a search: each page costs what lies before it

Side = Literal["bought", "sold"]
Doing = Literal["active", "finished", "cancelled"]


@dataclass(frozen=True, slots=True)
class OwnTradesQuery:
    """Which of somebody's trades, and which page of them from 1."""

    side: Side | None = None
    state: Doing | None = None
    search: str = ""  # a part of the item's name, or the whole of the buyer's own id or of the trade's number
    page: int = 1


@dataclass(frozen=True, slots=True)
class OwnTrade:
    """A trade with its item and people, as its sides are shown it."""

    view: TradeView
    icon: str
    exterior: str
    float_text: str
    paintseed: int | None
    payee_name: str
    seller_name: str
    buyer_name: str  # of who receives the item
    is_owner_receiver: bool  # who pays is who receives

    @property
    def trade(self) -> Trade:
        """The trade itself."""
        return self.view.trade


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a trade's time line."""

    event: str
    from_state: str | None
    to_state: str
    witness: str
    detail: Mapping[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True)
class Moved:
    """What one transfer of a trade did to one account's buckets."""

    kind: str
    at: datetime
    spendable_cents: int
    held_cents: int
    reserve_cents: int


@dataclass(frozen=True, slots=True)
class Coming:
    """What an account has sold and is not paid for yet, as Steam still protects the trades."""

    trades: int
    cents: int  # what it gets of them
    next_at: datetime | None  # when the first of them settles, where that is known


_SHOWN = (
    f"{VIEW_COLUMNS}, i.icon, coalesce(i.exterior, '') AS exterior, coalesce(o.float_text, '') AS float_text, o.paintseed,"
    " payee.name AS payee_name, seller.name AS seller_name, coalesce(buyer.name, '') AS buyer_name,"
    " coalesce(buyer.id = t.buyer_id, false) AS is_owner_receiver"
)
_FROM = (
    f"{FROM_VIEW} JOIN account payee ON payee.id = t.payee_id JOIN account seller ON seller.id = t.seller_id"
    " LEFT JOIN account buyer ON buyer.steamid = t.buyer_steamid"
)
# Each with an index of its own; no trade is on two of them.
_SIDES: dict[Side, tuple[str, ...]] = {
    "bought": ("t.buyer_id = $1",),
    "sold": (
        "t.payee_id = $1 AND t.buyer_id <> $1",
        f"t.seller_id = $1 AND t.payee_id <> $1 AND t.buyer_id <> $1 AND {LIVE}",
    ),
}
_NAMED = (
    "(EXISTS (SELECT FROM offer o JOIN steam_item i ON i.id = o.steam_item_id WHERE o.id = t.offer_id"
    " AND strpos(lower(i.market_hash_name), lower({0})) > 0) OR t.id::text = {0} OR (t.buyer_id = $1 AND t.custom_id = {0}))"
)


async def page(tx: Reader, account_id: int, query: OwnTradesQuery) -> tuple[list[OwnTrade], bool]:
    """Return a page of somebody's trades, the newest first, and whether there are more."""
    where = Conditions("", account_id)
    if query.state is not None and query.state != "active":
        where.add(
            "t.state = ANY ({})", [state.value for state, word in PUBLIC.items() if word == query.state]
        )
    if query.search:
        where.add(_NAMED, query.search)
    first = (min(query.page, PAGES_MAX) - 1) * ROWS
    live = LIVE if query.state == "active" else ""
    sides = _SIDES[query.side] if query.side else (*_SIDES["bought"], *_SIDES["sold"])
    upto = f"ORDER BY t.created_at DESC, t.id DESC LIMIT {first + ROWS + 1}"
    each = " UNION ALL ".join(
        f"(SELECT t.id, t.created_at FROM trade t WHERE {' AND '.join(filter(None, (side, live, where.sql)))} {upto})"
        for side in sides
    )
    ids = f"SELECT id FROM ({each}) f ORDER BY created_at DESC, id DESC LIMIT {ROWS + 1} OFFSET {first}"
    rows = await tx.fetch(
        f"SELECT {_SHOWN} {_FROM} WHERE t.id = ANY (ARRAY({ids})) ORDER BY t.created_at DESC, t.id DESC",
        *where.values,
    )
    return [_own(row) for row in rows[:ROWS]], len(rows) > ROWS


async def coming(tx: Reader, account_id: int, now: datetime) -> Coming:
    """Return what comes to an account from sales whose items have arrived."""
    found = await tx.row(
        Coming,
        "SELECT count(*) AS trades, coalesce(sum(price_cents - fee_cents), 0)::bigint AS cents,"
        " min(protected_until) AS next_at FROM trade"
        " WHERE payee_id = $1 AND state IN ('accepted', 'protected') AND created_at > $2",
        account_id,
        now - COMING_SPAN,
    )
    return found or Coming(0, 0, None)


async def read(tx: Reader, account_id: int, trade_id: int) -> OwnTrade | None:
    """Return one of somebody's trades; None for one that is none of his business."""
    rows = await tx.fetch(
        f"SELECT {_SHOWN} {_FROM} WHERE t.id = $2 AND $1 IN (t.buyer_id, t.payee_id, t.seller_id)",
        account_id,
        trade_id,
    )
    return _own(rows[0]) if rows else None


async def lines(tx: Reader, trade_id: int) -> list[Line]:
    """Return a trade's time line, the first line first."""
    return await tx.rows(
        Line,
        "SELECT event, from_state, to_state, witness, detail, at FROM trade_event WHERE trade_id = $1 ORDER BY no",
        trade_id,
    )


async def money(tx: Reader, account_id: int, trade_id: int) -> list[Moved]:
    """Return what a trade did to the money of one account, transfer by transfer."""
    return await tx.rows(
        Moved,
        "SELECT x.kind, x.at,"
        " coalesce(sum(e.amount_cents) FILTER (WHERE e.book IN ('deposit', 'balance')), 0)::bigint AS spendable_cents,"
        " coalesce(sum(e.amount_cents) FILTER (WHERE e.book = 'held'), 0)::bigint AS held_cents,"
        " coalesce(sum(e.amount_cents) FILTER (WHERE e.book = 'reserve'), 0)::bigint AS reserve_cents"
        " FROM transfer x JOIN entry e ON e.transfer_id = x.id WHERE x.trade_id = $2 AND e.account_id = $1"
        " GROUP BY x.id ORDER BY x.id",
        account_id, trade_id,
    )  # fmt: skip


def _own(row: Record) -> OwnTrade:
    return OwnTrade(
        as_view(row),
        row["icon"],
        row["exterior"],
        row["float_text"],
        row["paintseed"],
        row["payee_name"],
        row["seller_name"],
        row["buyer_name"],
        row["is_owner_receiver"],
    )
