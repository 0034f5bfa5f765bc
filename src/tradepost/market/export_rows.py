"""The rows of exports: what an account sold, bought, and what moved its money, the oldest first, some hundred at a time."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from tradepost.db import Reader
from tradepost.market.histories import FROM_TRADED, SIDES, TRADED, Movement, Side, Traded
from tradepost.rules.money import write_cents
from tradepost.rules.trade import PUBLIC

Kind = Literal["sales", "purchases", "balance"]
KINDS: tuple[Kind, ...] = ("sales", "purchases", "balance")
AT_ONCE = 500  # a few milliseconds of the loop

HEADS: dict[Kind, tuple[str, ...]] = {
    "sales": ("id", "time", "item", "project", "price_usd", "fee_usd", "amount_usd", "state", "ended"),
    "purchases": ("id", "time", "item", "project", "price_usd", "state", "ended"),
    "balance": ("id", "time", "type", "trade", "bucket", "in_usd", "out_usd", "bucket_usd", "balance_usd"),
}
Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Bounds:
    """Up to where an export goes, and how many rows that are."""

    until: datetime
    deposit_no: int
    balance_no: int
    rows: int


async def bounds(tx: Reader, account_id: int, kind: Kind, now: datetime) -> Bounds:
    """Return where an account's rows end at this moment."""
    (row,) = await tx.fetch(
        "SELECT coalesce(max(deposit_no), 0) AS deposit, coalesce(max(balance_no), 0) AS balance FROM wallet WHERE account_id = $1",
        account_id,
    )
    count = row["deposit"] + row["balance"]
    if kind != "balance":
        count = await tx.value(
            f"SELECT count(*) FROM trade WHERE {SIDES[kind]} = $1 AND created_at <= $2", account_id, now
        )
    return Bounds(now, row["deposit"], row["balance"], count)


async def rows(tx: Reader, account_id: int, kind: Kind, bounds: Bounds) -> AsyncIterator[Sequence[Row]]:
    """Yield the rows of an export, some at a time."""
    if kind == "balance":
        async for movements in _movements(tx, account_id, bounds):
            yield [_movement(one) for one in movements]
    else:
        async for traded in _traded(tx, account_id, kind, bounds):
            yield [_sale(one) if kind == "sales" else _purchase(one) for one in traded]


async def _traded(tx: Reader, account_id: int, side: Side, bounds: Bounds) -> AsyncIterator[list[Traded]]:
    column, last_at, last_id = SIDES[side], None, 0
    while True:
        found = await tx.rows(
            Traded,
            f"SELECT {TRADED} FROM (SELECT * FROM trade WHERE {column} = $1 AND created_at <= $2"
            " AND ($3::timestamptz IS NULL OR (created_at, id) > ($3, $4)) ORDER BY created_at, id LIMIT $5) t"
            f"{FROM_TRADED.removeprefix('trade t')} ORDER BY t.created_at, t.id",
            account_id, bounds.until, last_at, last_id, AT_ONCE,
        )  # fmt: skip
        if found:
            yield found
        if len(found) < AT_ONCE:
            return
        last_at, last_id = found[-1].created_at, found[-1].id


_MOVEMENTS = """
    WITH next AS (
        (SELECT * FROM entry WHERE account_id = $1 AND book = 'deposit' AND no > $2 AND no <= $4 ORDER BY no LIMIT $6)
        UNION ALL
        (SELECT * FROM entry WHERE account_id = $1 AND book = 'balance' AND no > $3 AND no <= $5 ORDER BY no LIMIT $6)
        ORDER BY transfer_id, book LIMIT $6
    )
    SELECT t.id AS transfer_id, t.kind, t.trade_id, t.at, n.book, n.amount_cents, n.after_cents, n.no
      FROM next n JOIN transfer t ON t.id = n.transfer_id ORDER BY n.transfer_id, n.book
"""


async def _movements(tx: Reader, account_id: int, bounds: Bounds) -> AsyncIterator[list[Movement]]:
    last = {"deposit": 0, "balance": 0}
    spendable = 0
    while True:
        found = await tx.fetch(
            _MOVEMENTS,
            account_id, last["deposit"], last["balance"], bounds.deposit_no, bounds.balance_no, AT_ONCE,
        )  # fmt: skip
        movements = []
        for row in found:
            spendable += row["amount_cents"]
            last[row["book"]] = row["no"]
            movements.append(
                Movement(
                    row["transfer_id"], row["kind"], row["trade_id"], row["at"], row["book"],
                    row["amount_cents"], row["after_cents"], spendable,
                )
            )  # fmt: skip
        if movements:
            yield movements
        if len(movements) < AT_ONCE:
            return


def _sale(one: Traded) -> Row:
    proceeds = write_cents(one.price_cents - one.fee_cents)
    return (*_what(one), write_cents(one.fee_cents), proceeds, *_end(one))


def _purchase(one: Traded) -> Row:
    return (*_what(one), *_end(one))


def _what(one: Traded) -> Row:
    return (one.id, _moment(one.created_at), one.name, one.project, write_cents(one.price_cents))


def _end(one: Traded) -> Row:
    return (PUBLIC[one.state], None if one.ended_at is None else _moment(one.ended_at))


def _movement(one: Movement) -> Row:
    came = one.amount_cents > 0
    amount = write_cents(abs(one.amount_cents))
    return (
        one.transfer_id,
        _moment(one.at),
        one.kind,
        one.trade_id,
        one.book,
        amount if came else None,
        None if came else amount,
        write_cents(one.after_cents),
        write_cents(one.spendable_cents),
    )


def _moment(at: datetime) -> str:
    """A time as spreadsheets read it, in UTC."""
    return at.strftime("%Y-%m-%d %H:%M:%S")
