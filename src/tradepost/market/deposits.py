"""Deposits: money from outside, recorded under a reference, and taken back where it never came.

A deposit is its transfer: the key is the reference, so the same reference twice is one deposit. Those of a provider of
payments have names of their own before them, which no operator's reference can take.
"""

from dataclasses import dataclass
from datetime import datetime

from tradepost.config import Settings
from tradepost.db import Reader, Tx
from tradepost.market import alerts, ledger
from tradepost.market.ledger import Posting
from tradepost.rules.money import write_cents
from tradepost.rules.refusals import Conflicting, Malformed, NotFound

REFERENCE_CHARS_MAX = 200
NOTE_CHARS_MAX = 500
PROVIDERS = ("stripe",)  # `stripe:` before a reference says that the provider itself reported it
LIST_MAX = 500
PLAY_CENTS_MAX = 10_000_000  # in one account, of money that is none


@dataclass(frozen=True, slots=True)
class Deposit:
    """Money that came from outside, and whether it was taken back."""

    reference: str
    account_id: int
    cents: int
    note: str
    at: datetime
    reversed_at: datetime | None
    reversed_note: str | None


async def record(
    tx: Tx, account_id: int, cents: int, reference: str, *, by: str, note: str = "", now: datetime
) -> bool:
    """Add money that came to an account's deposit; True if it was added now, False if this reference was before.

    Raises Conflicting where the reference stands for another deposit, Malformed for one that an operator cannot use.
    """
    _check(reference, note)
    if reference.partition(":")[0] in PROVIDERS:
        raise Malformed(
            "reference", "must not begin with a provider's name: what those report comes by itself"
        )
    return await _record(tx, account_id, cents, reference, f"{by}: {note}" if note else by, now)


async def report(
    tx: Tx, provider: str, account_id: int, cents: int, reference: str, *, now: datetime
) -> bool:
    """Add what a provider of payments reports as paid; True if it was added now."""
    return await _record(tx, account_id, cents, f"{provider}:{reference}", provider, now)


async def _record(tx: Tx, account_id: int, cents: int, reference: str, note: str, now: datetime) -> bool:
    moved = await ledger.deposit(tx, account_id, cents, reference, now, note=note)
    if moved:
        text = f"{write_cents(cents)} USD were added to your deposit."
        await alerts.tell(tx, account_id, "alert", text, now, ref=f"deposit:{reference}")
    return moved


async def play(tx: Tx, settings: Settings, account_id: int, cents: int, key: str, *, now: datetime) -> bool:
    """Add play money, where no money is real; the same key once more adds nothing. Raises Conflicting in production.

    So that whoever tries the market can buy at once. As much as `deposit_most_cents` may be added at a time.
    """
    if settings.mode == "production":
        raise Conflicting("There is no play money in a market whose money is real.")
    if not 1 <= cents <= settings.deposit_most_cents:
        raise Malformed("amount", f"must be from 0.01 to {write_cents(settings.deposit_most_cents)} USD")
    purse = await ledger.wallet(tx, account_id)
    if purse.deposit_cents + cents > PLAY_CENTS_MAX:
        raise Conflicting(
            f"{write_cents(PLAY_CENTS_MAX)} USD of play money have to be enough: buy something first."
        )
    return await _record(tx, account_id, cents, f"play:{account_id}:{key}", "play money", now)


async def reverse(tx: Tx, reference: str, *, by: str, reason: str, now: datetime) -> Deposit:
    """Take a deposit back whose money never came, or went back; the same once more changes nothing.

    What is spent cannot be taken back: raises Conflicting with what is missing. NotFound where there is no such deposit.
    """
    _check(reference, reason)
    if not reason:
        raise Malformed("reason", "must say why")
    found = await read(tx, reference)
    if found is None:
        raise NotFound("There is no deposit with this reference.")
    purse = (await ledger.lock_wallets(tx, [found.account_id]))[found.account_id]
    again = await read(tx, reference)  # behind the lock: of two who reverse it at once, one finds it done
    if again is not None and again.reversed_at is not None:
        return again
    missing = found.cents - purse.deposit_cents
    if missing > 0:
        raise Conflicting(
            f"{write_cents(missing)} USD of this deposit's {write_cents(found.cents)} USD are spent or held:"
            f" {write_cents(purse.deposit_cents)} USD are left in the deposit. Correct the ledger for the rest."
        )
    legs = (Posting(found.account_id, "deposit", -found.cents), Posting(None, "world", found.cents))
    await ledger.post(
        tx, f"deposit_reversed:{reference}", "deposit_reversed", legs, now, note=f"{by}: {reason}"
    )
    text = f"A deposit of {write_cents(found.cents)} USD was taken back: {reason}"
    await alerts.tell(tx, found.account_id, "alert", text, now, ref=f"deposit_reversed:{reference}")
    done = await read(tx, reference)
    if done is None:
        raise RuntimeError("a deposit was reversed and is not there")
    return done


_SELECT = """SELECT substr(t.key, 9) AS reference, e.account_id, e.amount_cents AS cents, t.note, t.at,
       r.at AS reversed_at, r.note AS reversed_note
  FROM transfer t JOIN entry e ON e.transfer_id = t.id AND e.book = 'deposit'
  LEFT JOIN transfer r ON r.key = 'deposit_reversed:' || substr(t.key, 9)"""


async def read(tx: Reader, reference: str) -> Deposit | None:
    """Return a deposit by its reference, or None."""
    return await tx.row(Deposit, f"{_SELECT} WHERE t.key = $1", f"deposit:{reference}")


async def of_account(tx: Reader, account_id: int, limit: int = 50) -> list[Deposit]:
    """Return an account's deposits, the newest first."""
    return await tx.rows(
        Deposit,
        f"{_SELECT} WHERE t.kind = 'deposit' AND t.key LIKE 'deposit:%' AND e.account_id = $1 ORDER BY t.id DESC LIMIT $2",
        account_id,
        max(1, min(limit, LIST_MAX)),
    )


def _check(reference: str, note: str) -> None:
    if not 1 <= len(reference) <= REFERENCE_CHARS_MAX or not reference.isprintable():
        raise Malformed("reference", f"must have 1 to {REFERENCE_CHARS_MAX} printable characters")
    if len(note) > NOTE_CHARS_MAX or not all(c.isprintable() or c == "\n" for c in note):
        raise Malformed("reason", f"must have at most {NOTE_CHARS_MAX} printable characters")
