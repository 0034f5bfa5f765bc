"""Operations: an account's trades, bought and sold, listed as the merchant APIs ask for them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from tradepost.app import App
from tradepost.db import Conditions, Reader, Record
from tradepost.market import trade_counts
from tradepost.market.trade_view import FROM_VIEW, LIVE, VIEW_COLUMNS, TradeView, as_view
from tradepost.rules.trade import PUBLIC
from tradepost.turns import in_turns

SORTS = {"id": "t.id", "time_created": "t.created_at", "price": "t.price_cents"}


@dataclass(frozen=True, slots=True)
class OperationsQuery:
    """Which of an account's trades, in which order, and which page of them."""

    kinds: tuple[Literal["buy", "sell"], ...] = ("buy",)
    states: tuple[str, ...] | None = None  # public words
    custom_ids: tuple[str, ...] | None = None
    time_from: datetime | None = None
    time_to: datetime | None = None  # inclusive
    sort: str = "time_created"
    descending: bool = True
    limit: int = 4000
    offset: int = 0
    newest_per_custom_id: bool = False  # the newest of each custom id; those without one are left out


@dataclass(frozen=True, slots=True)
class Operation:
    """A trade as one of its sides sees it."""

    kind: Literal["buy", "sell"]
    view: TradeView


async def operations(app: App, account_id: int, query: OperationsQuery) -> tuple[list[Operation], int]:
    """Return a page of an account's trades and how many there are in all."""
    if "buy" not in query.kinds and (query.custom_ids is not None or query.newest_per_custom_id):
        return [], 0  # a sale's custom id is the buyer's, even where he bought from himself
    where = Conditions(
        "t.buyer_id = $1 AND t.custom_id IS NOT NULL" if query.newest_per_custom_id else "", account_id
    )
    sides = _sides(query)
    if query.states == ("active",):
        sides = [f"{side} AND {LIVE}" for side in sides]
    elif query.states is not None:
        where.add(
            "t.state = ANY ({})", [state.value for state, word in PUBLIC.items() if word in query.states]
        )
    # A sale's custom id is the buyer's, and none of the seller's business.
    where.if_given("t.buyer_id = $1 AND t.custom_id = ANY ({})", query.custom_ids)
    where.if_given("t.created_at >= {}", query.time_from)
    where.if_given("t.created_at <= {}", query.time_to)
    return await _page(app.db, sides, where, query, account_id)


def _sides(query: OperationsQuery) -> list[str]:
    """The conditions of the sides asked for, each with an index of its own; a trade with oneself is a buy."""
    if "buy" not in query.kinds:
        return ["t.payee_id = $1"]
    return ["t.buyer_id = $1", *(["t.payee_id = $1 AND t.buyer_id <> $1"] if "sell" in query.kinds else [])]


async def _page(
    db: Reader,
    sides: list[str],
    where: Conditions,
    query: OperationsQuery,
    account_id: int,
) -> tuple[list[Operation], int]:
    """Find the page on each side by itself, in order, and read only what is on it."""
    direction = "DESC" if query.descending else "ASC"
    key = SORTS[query.sort]
    values = where.values
    limit, offset = f"${len(values) + 1}::bigint", f"${len(values) + 2}::bigint"
    found = [f"FROM trade t WHERE {' AND '.join(filter(None, (side, where.sql)))}" for side in sides]
    if where.sql or query.states is not None:
        total = await db.value(f"SELECT {' + '.join(f'(SELECT count(*) {each})' for each in found)}", *values)
    else:
        total = sum([await trade_counts.count(db, side, account_id) for side in sides])
    firsts = [
        f"(SELECT t.id, {key} AS key {each} ORDER BY {key} {direction}, t.id {direction} LIMIT {limit} + {offset})"
        for each in found
    ]
    page = f"SELECT id FROM ({' UNION ALL '.join(firsts)}) f ORDER BY key {direction}, id {direction} LIMIT {limit} OFFSET {offset}"
    rows = await db.fetch(
        f"SELECT {VIEW_COLUMNS} {FROM_VIEW} WHERE t.id = ANY (ARRAY({page}))"
        f" ORDER BY {key} {direction}, t.id {direction}",
        *values,
        query.limit,
        query.offset,
    )

    def as_seen(row: Record) -> Operation:
        is_buy = row["buyer_id"] == account_id and "buy" in query.kinds
        return Operation("buy" if is_buy else "sell", as_view(row))

    return await in_turns(rows, as_seen), total
