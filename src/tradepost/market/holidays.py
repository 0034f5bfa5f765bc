"""Holidays: while an account is away nobody can buy what it has on sale, and all else goes on (rules.md 19: market time).

Its offers stay on sale, at their place and price: who asks for one hears that the seller is offline. What was bought
before is sent, settled and paid as ever, so the program has to run on until it is.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tradepost.db import Reader, Tx
from tradepost.rules.refusals import Malformed

DAYS_MAX = 365


@dataclass(frozen=True, slots=True)
class Holiday:
    """Since when an account is away, and until when; without an end until its owner ends it."""

    since: datetime
    until: datetime | None


async def current(tx: Reader, account_id: int, now: datetime) -> Holiday | None:
    """Return the holiday that an account is on, or None."""
    return await tx.row(
        Holiday,
        "SELECT away_since AS since, away_until AS until FROM account a WHERE id = $1 AND is_away(a, $2)",
        account_id,
        now,
    )


async def begin(tx: Tx, account_id: int, now: datetime, days: int | None) -> Holiday:
    """Let an account be away from now on, for so many days or until its owner ends it; one that has begun is changed."""
    if days is not None and not 1 <= days <= DAYS_MAX:
        raise Malformed("days", f"must be a whole number from 1 to {DAYS_MAX}")
    until = None if days is None else now + timedelta(days=days)
    before = await current(tx, account_id, now)
    since = before.since if before else now
    await tx.execute(
        "UPDATE account SET away_since = $2, away_until = $3 WHERE id = $1", account_id, since, until
    )
    return Holiday(since, until)


async def end(tx: Tx, account_id: int) -> None:
    """Let an account be back: what it has on sale can be bought again."""
    await tx.execute("UPDATE account SET away_since = NULL, away_until = NULL WHERE id = $1", account_id)
