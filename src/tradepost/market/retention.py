"""Retention: what is past is kept as long as its setting says, and no longer (rules.md 28).

Money rows and the audit are kept for good. Notices and their attempts have `notices_kept_days` (housekeeping), changes
`changes_kept`; logs are written to stderr and kept by whoever keeps them.
"""

from datetime import timedelta

from tradepost.app import App

TRADES_LOOKED_AT = 1_000  # in one turn, the oldest whose time line is whole
FORGOTTEN_MAX = 1_000  # rows of each other kind, in one turn


async def forget_events(app: App) -> int:
    """Remove the time lines of trades that ended long ago, but for their last line; return how many trades there were.

    What their agents were asked goes with them: it names people, too.
    """
    # A time line begins with 1, and ids follow time: the lowest that still has it is the oldest that was not looked at.
    found = await app.db.fetch(
        "WITH whole AS (SELECT trade_id FROM trade_event WHERE no = 1 ORDER BY trade_id LIMIT $2)"
        " SELECT t.id FROM whole w JOIN trade t ON t.id = w.trade_id WHERE t.ended_at < $1 AND NOT t.offer_maybe_live"
        " AND NOT EXISTS (SELECT FROM operator_case c WHERE c.trade_id = t.id AND c.closed_at IS NULL)",
        app.now() - timedelta(days=app.settings.events_kept_days),
        TRADES_LOOKED_AT,
    )
    ids = [row["id"] for row in found]
    if ids:
        async with app.db.transaction() as tx:
            await tx.execute(
                "DELETE FROM trade_event e WHERE e.trade_id = ANY ($1)"
                " AND e.no < (SELECT max(no) FROM trade_event x WHERE x.trade_id = e.trade_id)",
                ids,
            )
            await tx.execute("DELETE FROM directive WHERE trade_id = ANY ($1)", ids)
    return len(ids)


async def forget_told(app: App) -> int:
    """Remove what users and operators were told long ago and have read; return how much there was."""
    real_before = app.real_now() - timedelta(days=app.settings.alerts_kept_days)
    before, done = app.now() - timedelta(days=app.settings.alerts_kept_days), 0
    for table, condition, moment in (
        ("message", "read_at < $1", real_before),
        ("alert", "closed_at < $1", before),
        ("operator_alert", "due_at IS NULL AND at < $1", real_before),
    ):
        done += await app.db.execute(
            f"DELETE FROM {table} WHERE id = ANY (ARRAY(SELECT id FROM {table} WHERE {condition} ORDER BY id LIMIT $2))",
            moment,
            FORGOTTEN_MAX,
        )
    return done
