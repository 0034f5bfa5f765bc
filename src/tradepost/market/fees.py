"""Fees: what the market earned, and what of it an operator took out."""

from dataclasses import dataclass
from datetime import datetime

from tradepost.db import Reader, Tx
from tradepost.market import ledger
from tradepost.market.ledger import Posting
from tradepost.rules.money import write_cents
from tradepost.rules.refusals import Malformed, TooLittleMoney

REFERENCE_CHARS_MAX = 200
NOTE_CHARS_MAX = 500
SUM_SECONDS = 120  # the book has an entry for each finished trade, and this is asked once in a while
LIST_MAX = 100


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Fees that were taken out."""

    reference: str
    cents: int
    note: str
    at: datetime


async def left(tx: Tx) -> int:
    """Return what lies in the book of fees, in cents."""
    await tx.execute("SELECT set_config('statement_timeout', $1, true)", f"{SUM_SECONDS}s")
    found: int = await tx.value(
        "SELECT coalesce(sum(amount_cents), 0)::bigint FROM entry WHERE account_id IS NULL AND book = 'fees'"
    )
    return found


async def withdraw(tx: Tx, cents: int, reference: str, *, by: str, note: str = "", now: datetime) -> bool:
    """Take fees out of the market, once for a reference; True if they went now. The book never falls below zero.

    Raises TooLittleMoney with what is left, Conflicting where the reference stands for another amount.
    """
    if not 1 <= len(reference) <= REFERENCE_CHARS_MAX or not reference.isprintable():
        raise Malformed("reference", f"must have 1 to {REFERENCE_CHARS_MAX} printable characters")
    if len(note) > NOTE_CHARS_MAX or not note.isprintable():
        raise Malformed("note", f"must have at most {NOTE_CHARS_MAX} printable characters")
    if cents < 1:
        raise Malformed("amount", "must be above nothing")
    # The book has no row to lock: who takes from it waits for the one before. What is earned meanwhile only adds to it.
    await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended('fees', 0))")
    # A repeat is known by its key, however little is left by now; `post` refuses one with another amount.
    if not await tx.value("SELECT EXISTS (SELECT FROM transfer WHERE key = $1)", f"fees:{reference}"):
        there = await left(tx)
        if there < cents:
            raise TooLittleMoney(
                f"The market has earned {write_cents(there)} USD that were not taken out yet."
            )
    legs = (Posting(None, "fees", -cents), Posting(None, "world", cents))
    said = f"{by}: {note}" if note else by
    return await ledger.post(tx, f"fees:{reference}", "fees_withdrawn", legs, now, note=said)


async def withdrawals(tx: Reader, limit: int = LIST_MAX) -> list[Withdrawal]:
    """Return what was taken out, the newest first."""
    return await tx.rows(
        Withdrawal,
        "SELECT substr(t.key, 6) AS reference, e.amount_cents AS cents, t.note, t.at FROM transfer t"
        " JOIN entry e ON e.transfer_id = t.id AND e.book = 'world' WHERE t.kind = 'fees_withdrawn'"
        " AND t.key LIKE 'fees:%' ORDER BY t.id DESC LIMIT $1",
        max(1, min(limit, LIST_MAX)),
    )
