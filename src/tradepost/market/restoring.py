"""Restoring: what must be so before a market goes on from a backup, whose last hours it does not know.

Nothing is done twice because of it. What an agent may have been told to send meanwhile is only ever looked for; what an
operator may have paid out is not paid before the provider's books were read; numbers that were given out since are not
given out again, as agents and merchants know things by them. Who was connected is not, as a session that was ended
since would live again. Buying stays switched off until the operator opens it.
"""

from dataclasses import dataclass
from datetime import timedelta

from tradepost.app import App
from tradepost.db import Tx
from tradepost.market import audit, ledger, payouts, switches, trades
from tradepost.market.payouts import Payout
from tradepost.rules.refusals import Refusal
from tradepost.rules.trade import Leased

WITNESS = "restore"
NUMBERS_SKIPPED = 1_000_000  # of each kind: more than any market gives out between two backups
CLOSED = "The market was restored from a backup and opens when the sellers' programs have reported."
READ_THE_BOOKS = "Restored from a backup: this may have been paid since; read the provider's books first."

# What is true only of the moment: who is connected, and what agents last said of themselves. Nor is it in a backup.
MOMENTARY = (
    "change", "session", "jwt", "sign_in", "openid_nonce", "presence", "inventory_scan", "pairing_code", "worker", "export_token",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Restored:
    """What was made of a backup."""

    looked_for: int  # trades whose Steam offer may exist, and is looked for
    payouts_doubted: int
    payouts_asked: int
    notices_waiting: int
    faults: list[str]


async def reconcile(app: App) -> Restored:
    """Make a restored database one that a market can go on from; what is done is in the audit."""
    async with app.db.transaction() as tx:
        for table in MOMENTARY:
            await tx.execute(f"DELETE FROM {table}")
        # Numbers of transactions mean nothing on another server: whoever followed changes begins anew.
        await tx.execute("UPDATE change_forgotten SET xid = pg_current_xact_id(), id = 0")
        await _skip_numbers(tx)
        await switches.set_switch(tx, "buying", True, CLOSED)
        asked = await tx.execute("UPDATE payout SET reason = $1 WHERE state = 'asked'", READ_THE_BOOKS)
        await audit.note(
            tx, actor_id=None, subject_id=None, deed="restored from a backup", now=app.real_now()
        )
    doubted = await _doubt_payouts(app)
    await _look_for_offers(app)
    looked_for: int = await app.db.value("SELECT count(*) FROM trade WHERE offer_maybe_live")
    waiting: int = await app.db.value("SELECT count(*) FROM notice WHERE state = 'waiting'")
    async with app.db.transaction() as tx:
        faults = await ledger.faults(tx)
    return Restored(looked_for, doubted, asked, waiting, faults)


async def _skip_numbers(tx: Tx) -> None:
    """Leave out the numbers that may have been given out since: a Steam offer says of which trade it is by one."""
    await tx.execute(
        "SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, coalesce(last_value, 0) + $1)"
        " FROM pg_sequences WHERE schemaname = current_schema()",
        NUMBERS_SKIPPED,
    )


async def _doubt_payouts(app: App) -> int:
    """Doubt what was approved or in hand: it is sent again only once the provider's books say that it never was."""
    doubted = 0
    for payout in await payouts.open_payouts(app.db):
        if payout.state in ("approved", "sending"):
            doubted += await _doubt(app, payout)
    return doubted


async def _doubt(app: App, payout: Payout) -> bool:
    try:
        async with app.db.transaction() as tx:
            if payout.state == "approved":
                await payouts.send(tx, payout.id, by=WITNESS, now=app.now())
            await payouts.lose(tx, payout.id, by=WITNESS, reason=READ_THE_BOOKS, now=app.now())
    except Refusal:  # of a frozen account, of which nothing is sent
        return False
    return True


async def _look_for_offers(app: App) -> None:
    """Take each purchase that waited for its agent for one that it was told of since: its offer may exist.

    So no deadline refunds it by itself (rules.md 3); it asks for a cancel, which looks for the offer, and the money
    comes back on the proof that there is none. All get their time anew, as agents have yet to come back.
    """
    rows = await app.db.fetch("SELECT id FROM trade WHERE state = 'created' ORDER BY id")
    for row in rows:
        async with app.db.transaction() as tx:
            await trades.happened(tx, app.settings, row["id"], Leased(), witness=WITNESS, now=app.now())
    await app.db.execute(
        "UPDATE trade SET due_at = $1 WHERE state IN ('sending', 'needs_confirmation', 'sent') AND due_at < $1",
        app.now() + timedelta(minutes=app.settings.send_minutes),
    )
