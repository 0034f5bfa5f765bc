"""Histories: what an account sold and bought, and each movement of its money, the newest first, page by page.

The rows of a page cost what lies before them and never what lies behind. How many movements there are is known from the
wallet; trades are counted once, and then those that came since (`trade_counts`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from tradepost.db import Reader
from tradepost.market import trade_counts
from tradepost.market.ledger import Bucket
from tradepost.rules.trade import State

SPENDABLE: tuple[Bucket, ...] = ("deposit", "balance")
Side = Literal["sales", "purchases"]


@dataclass(frozen=True, slots=True)
class Traded:
    """An item that was sold or bought: its trade as either of its sides may see it."""

    id: int
    steam_item_id: int
    project: str
    name: str
    price_cents: int
    fee_cents: int
    state: State
    explanation: str
    created_at: datetime
    ended_at: datetime | None
    cancel_reason: str | None
    claimed_at: datetime | None
    protected_until: datetime | None
    due_at: datetime | None
    disputed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Movement:
    """An entry of one of the two buckets that can be spent from, and what could be spent after it."""

    transfer_id: int
    kind: str
    trade_id: int | None
    at: datetime
    book: str
    amount_cents: int
    after_cents: int  # in that bucket
    spendable_cents: int  # in both


@dataclass(frozen=True, slots=True)
class Transaction:
    """Money that moved for no trade: what each bucket of the account has more after it."""

    id: int
    kind: str
    at: datetime
    deposit_cents: int
    balance_cents: int
    payout_cents: int
    reserve_cents: int


TRADED = (
    "t.id, o.steam_item_id, o.project, i.market_hash_name AS name, t.price_cents, t.fee_cents, t.state, t.explanation,"
    " t.created_at, t.ended_at, t.cancel_reason, t.claimed_at, t.protected_until, t.due_at, t.disputed_at"
)
FROM_TRADED = "trade t JOIN offer o ON o.id = t.offer_id JOIN steam_item i ON i.id = o.steam_item_id"
SIDES: dict[Side, str] = {"sales": "payee_id", "purchases": "buyer_id"}

# Each bucket's newest entries are the end of its chain; the newest of both are among those of each.
_MOVEMENTS = """
    WITH newest AS (
        (SELECT * FROM entry WHERE account_id = $1 AND book = 'deposit' ORDER BY no DESC LIMIT $2)
        UNION ALL
        (SELECT * FROM entry WHERE account_id = $1 AND book = 'balance' ORDER BY no DESC LIMIT $2)
    ), now AS (
        SELECT sum(after_cents) AS cents FROM (SELECT DISTINCT ON (book) after_cents FROM newest ORDER BY book, no DESC) n
    ), page AS (
        SELECT n.*, (now.cents - coalesce(sum(n.amount_cents) OVER (ORDER BY n.transfer_id DESC, n.book DESC
                     ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0))::bigint AS spendable_cents
          FROM newest n, now ORDER BY n.transfer_id DESC, n.book DESC OFFSET $3 LIMIT $4
    )
    SELECT t.id AS transfer_id, t.kind, t.trade_id, t.at, p.book, p.amount_cents, p.after_cents, p.spendable_cents
      FROM page p JOIN transfer t ON t.id = p.transfer_id ORDER BY t.id DESC, p.book DESC
"""
_TRANSACTIONS = """
    SELECT t.id, t.kind, t.at, m.* FROM (
        SELECT transfer_id FROM transfer_of_account WHERE account_id = $1 ORDER BY transfer_id DESC OFFSET $2 LIMIT $3) p
      JOIN transfer t ON t.id = p.transfer_id
     CROSS JOIN LATERAL (
        SELECT coalesce(sum(amount_cents) FILTER (WHERE book = 'deposit'), 0)::bigint AS deposit_cents,
               coalesce(sum(amount_cents) FILTER (WHERE book = 'balance'), 0)::bigint AS balance_cents,
               coalesce(sum(amount_cents) FILTER (WHERE book = 'payout'), 0)::bigint AS payout_cents,
               coalesce(sum(amount_cents) FILTER (WHERE book = 'reserve'), 0)::bigint AS reserve_cents
          FROM entry WHERE transfer_id = t.id AND account_id = $1) m
     ORDER BY t.id DESC
"""


async def traded(
    tx: Reader, account_id: int, side: Side, *, first: int, count: int
) -> tuple[list[Traded], int]:
    """Return a page of what an account sold or bought, and how much there is in all."""
    column = SIDES[side]
    rows = await tx.rows(
        Traded,
        f"SELECT {TRADED} FROM (SELECT * FROM trade WHERE {column} = $1 ORDER BY created_at DESC, id DESC OFFSET $2 LIMIT $3) t"
        f"{FROM_TRADED.removeprefix('trade t')} ORDER BY t.created_at DESC, t.id DESC",
        account_id, first, count,
    )  # fmt: skip
    return rows, await trade_counts.count(tx, f"t.{column} = $1", account_id)


async def movements(tx: Reader, account_id: int, *, first: int, count: int) -> tuple[list[Movement], int]:
    """Return a page of what moved the money that an account can spend, and how many movements there were."""
    total: int = await tx.value(
        "SELECT coalesce((SELECT deposit_no + balance_no FROM wallet WHERE account_id = $1), 0)", account_id
    )
    if first >= total:
        return [], total
    rows = await tx.rows(Movement, _MOVEMENTS, account_id, first + count, first, count)
    return rows, total


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the two chains of what can be spent a page of movements ends: the next ones have lower numbers."""

    deposit_no: int
    balance_no: int


@dataclass(frozen=True, slots=True)
class Moved(Movement):
    """A movement with its number in its bucket's chain, what it was for, and the item of its trade."""

    no: int
    note: str
    item: str | None


# What could be spent after an entry is what its bucket had then, and the other: its newest entry before this one.
_BEFORE = """
    SELECT t.id AS transfer_id, t.kind, t.trade_id, t.at, p.book, p.amount_cents, p.after_cents, p.no, t.note,
           (p.after_cents + coalesce((SELECT o.after_cents FROM entry o WHERE o.account_id = $1
               AND o.book = CASE p.book WHEN 'deposit' THEN 'balance' ELSE 'deposit' END
               AND o.no < CASE p.book WHEN 'deposit' THEN $3::bigint ELSE $2::bigint END
               AND CASE p.book WHEN 'deposit' THEN o.transfer_id <= p.transfer_id ELSE o.transfer_id < p.transfer_id END
             ORDER BY o.no DESC LIMIT 1), 0))::bigint AS spendable_cents,
           (SELECT i.market_hash_name FROM trade d JOIN offer f ON f.id = d.offer_id JOIN steam_item i ON i.id = f.steam_item_id
             WHERE d.id = t.trade_id) AS item
      FROM (SELECT * FROM (
            (SELECT e.* FROM entry e JOIN transfer x ON x.id = e.transfer_id WHERE e.account_id = $1 AND e.book = 'deposit'
                AND e.no < $2 AND ($4::text[] IS NULL OR x.kind = ANY ($4)) ORDER BY e.no DESC LIMIT $5)
            UNION ALL
            (SELECT e.* FROM entry e JOIN transfer x ON x.id = e.transfer_id WHERE e.account_id = $1 AND e.book = 'balance'
                AND e.no < $3 AND ($4::text[] IS NULL OR x.kind = ANY ($4)) ORDER BY e.no DESC LIMIT $5)) both_books
            ORDER BY transfer_id DESC, book DESC LIMIT $5) p
      JOIN transfer t ON t.id = p.transfer_id ORDER BY p.transfer_id DESC, p.book DESC
"""
_NEWEST = 2**62


async def moved(
    tx: Reader,
    account_id: int,
    *,
    before: Place | None = None,
    kinds: Sequence[str] | None = None,
    count: int,
) -> tuple[list[Moved], Place | None]:
    """Return what moved the money that an account can spend, the newest first, and where the next page begins, if any.

    A page costs what stands on it, wherever it is: it goes on where the one before ended, and counts nothing.
    """
    place = before or Place(_NEWEST, _NEWEST)
    found = await tx.rows(
        Moved, _BEFORE, account_id, place.deposit_no, place.balance_no, None if kinds is None else list(kinds), count + 1
    )  # fmt: skip
    if len(found) <= count:
        return found, None
    rows = found[:count]
    least = {book: min((row.no for row in rows if row.book == book), default=None) for book in SPENDABLE}
    return rows, Place(least["deposit"] or place.deposit_no, least["balance"] or place.balance_no)


async def transactions(
    tx: Reader, account_id: int, *, first: int, count: int
) -> tuple[list[Transaction], int]:
    """Return a page of an account's transfers that were made for no trade, and how many there were."""
    rows = await tx.rows(Transaction, _TRANSACTIONS, account_id, first, count)
    total: int = await tx.value("SELECT count(*) FROM transfer_of_account WHERE account_id = $1", account_id)
    return rows, total
