"""Checks of the ledger: made on a connection of their own, and kept with what they found."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tradepost.app import App
from tradepost.db import Db, Reader
from tradepost.market import ledger

CHECK_SECONDS = 600.0  # for one check of the ledger
KEPT_DAYS = 90
FAULTS_TOLD_MAX = 20  # in what operators are told; all are kept


@dataclass(frozen=True, slots=True)
class Check:
    """What one check found: nothing, in a market that adds up."""

    id: int
    at: datetime
    milliseconds: int
    faults: list[str]


async def run(app: App) -> list[str]:
    """Check the ledger, keep what was found, and note it for the operators unless the check before found the same."""
    before = app.real_now()
    # On a connection of its own: each check reads all there is, which takes longer than a statement may else.
    db = await Db.open(
        app.db.dsn, min_size=1, max_size=1, statement_seconds=CHECK_SECONDS, name="tradepost check"
    )
    try:
        async with db.transaction() as tx:
            # One moment for all checks.
            await tx.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            found = await ledger.faults(tx)
    finally:
        await db.close()
    now = app.real_now()
    last = await newest(app.db)
    async with app.db.transaction() as tx:
        made = await tx.value(
            "INSERT INTO ledger_check (at, milliseconds, faults) VALUES ($1, $2, $3) RETURNING id",
            now, (now - before) // timedelta(milliseconds=1), found,
        )  # fmt: skip
        if found and (last is None or last.faults != found):
            more = f"; and {len(found) - FAULTS_TOLD_MAX} more" if len(found) > FAULTS_TOLD_MAX else ""
            await tx.execute(
                "INSERT INTO operator_alert (ref, kind, at, text) VALUES ($1, 'check', $2, $3) ON CONFLICT DO NOTHING",
                f"check:{made}", now, f"The ledger does not add up: {'; '.join(found[:FAULTS_TOLD_MAX])}{more}.",
            )  # fmt: skip
        await tx.execute("DELETE FROM ledger_check WHERE at < $1", now - timedelta(days=KEPT_DAYS))
    return found


async def newest(tx: Reader) -> Check | None:
    """Return the newest check, or None where none was made yet."""
    return await tx.row(
        Check, "SELECT id, at, milliseconds, faults FROM ledger_check ORDER BY id DESC LIMIT 1"
    )
