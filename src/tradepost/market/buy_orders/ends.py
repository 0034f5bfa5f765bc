"""What became of an order's trades: an item that never came by the seller's fault is wanted again."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from tradepost.db import Tx
from tradepost.rules.matching import counts
from tradepost.rules.trade import Side, State


@dataclass(frozen=True, slots=True)
class End:
    """A fill, and how its trade stands."""

    trade_id: int
    order_id: int
    given_back_at: datetime | None
    state: State
    causer: Side | None


async def count_ends(tx: Tx, trade_ids: Collection[int], now: datetime) -> None:
    """Give back to their orders what did not come, and take again what came late; the names' turns are taken."""
    await tx.execute(
        "SELECT 1 FROM buy_order WHERE id IN (SELECT order_id FROM buy_order_fill WHERE trade_id = ANY ($1))"
        " ORDER BY id FOR NO KEY UPDATE",
        list(trade_ids),
    )
    # How the trades stand is read after the lock: of two who come for one trade, the second finds it counted.
    ends = await tx.rows(
        End,
        "SELECT f.trade_id, f.order_id, f.given_back_at, t.state, t.causer FROM buy_order_fill f"
        " JOIN trade t ON t.id = f.trade_id WHERE f.trade_id = ANY ($1) ORDER BY f.trade_id",
        list(trade_ids),
    )
    for end in ends:
        is_bought = counts(end.state, end.causer)
        if not is_bought and end.given_back_at is None:
            await _give_back(tx, end, now)
        elif is_bought and end.given_back_at is not None:
            await _take_again(tx, end, now)


async def _give_back(tx: Tx, end: End, now: datetime) -> None:
    await tx.execute("UPDATE buy_order_fill SET given_back_at = $2 WHERE trade_id = $1", end.trade_id, now)
    # An order that was filled with it waits on where it stood, unless its owner has placed another since: that is what
    # he wants now. One that he removed stays removed.
    await tx.execute(
        "UPDATE buy_order b SET bought = b.bought - 1, changed_at = $2,"
        " amount = b.amount + CASE WHEN b.state = 'removed' OR x.is_replaced THEN 0 ELSE 1 END,"
        " state = CASE WHEN b.state = 'filled' AND NOT x.is_replaced THEN 'live' ELSE b.state END,"
        " ended_at = CASE WHEN b.state = 'filled' AND NOT x.is_replaced THEN NULL ELSE b.ended_at END"
        " FROM (SELECT EXISTS (SELECT 1 FROM buy_order o JOIN buy_order n ON n.account_id = o.account_id"
        " AND n.steam_item_id = o.steam_item_id AND n.state = 'live' AND n.id <> o.id WHERE o.id = $1) AS is_replaced) x"
        " WHERE b.id = $1",
        end.order_id,
        now,
    )


async def _take_again(tx: Tx, end: End, now: datetime) -> None:
    await tx.execute("UPDATE buy_order_fill SET given_back_at = NULL WHERE trade_id = $1", end.trade_id)
    await tx.execute(
        "UPDATE buy_order SET bought = bought + 1, changed_at = $2,"
        " amount = amount - CASE WHEN state = 'live' THEN 1 ELSE 0 END,"
        " state = CASE WHEN state = 'live' AND amount = 1 THEN 'filled' ELSE state END,"
        " ended_at = CASE WHEN state = 'live' AND amount = 1 THEN $2::timestamptz ELSE ended_at END WHERE id = $1",
        end.order_id,
        now,
    )
