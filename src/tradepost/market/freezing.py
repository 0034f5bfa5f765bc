"""Freezing: an account whose money stays where it is until an operator has looked into it.

It buys, lists, orders and pays out nothing; what it has on sale ends. Refunds, reversals, the settlement of trades under
way and corrections go on. Who freezes holds the wallet, and who would move its money looks after he has locked it
(`refuse_if_frozen`), so that nothing is bought or asked for behind a freeze; `buy_batch` looks by itself.
"""

from dataclasses import dataclass
from datetime import datetime

from tradepost.app import App
from tradepost.db import Reader, Tx
from tradepost.market import audit, endings, feed, ledger
from tradepost.rules.refusals import Conflicting, Frozen, NotFound

ENDED = "The account is frozen."
SWEPT_MAX = 20  # accounts in one turn

_NOS = "ARRAY[deposit_no, balance_no, held_no, payout_no, reserve_no]"


@dataclass(frozen=True, slots=True)
class Freezing:
    """A time for which an account was frozen, or is."""

    reason: str
    frozen_at: datetime
    thawed_at: datetime | None


async def freeze(app: App, account_id: int, *, actor_id: int | None, reason: str) -> list[int]:
    """Freeze an account and end what it has on sale; return the offers that ended. Raises Conflicting where it is frozen."""
    now = app.now()
    async with app.db.transaction() as tx:
        await _locked(tx, account_id)
        if await is_frozen(tx, account_id):
            raise Conflicting("This account is frozen already.")
        await tx.execute("UPDATE account SET frozen_at = $2 WHERE id = $1", account_id, now)
        await tx.execute(
            f"INSERT INTO freezing (account_id, reason, frozen_at, from_nos) SELECT $1, $2, $3, {_NOS}"
            " FROM wallet WHERE account_id = $1",
            account_id, reason, now,
        )  # fmt: skip
        await audit.note(
            tx, actor_id=actor_id, subject_id=account_id, deed="account frozen", reason=reason, now=app.real_now()
        )  # fmt: skip
    # Offers are locked before accounts, so they end in a transaction of their own: nobody can buy them by now.
    return await _end_offers(app, account_id)


async def thaw(app: App, account_id: int, *, actor_id: int | None, reason: str) -> None:
    """Let a frozen account act again; what ended stays so. Raises Conflicting where it is not frozen."""
    now = app.now()
    async with app.db.transaction() as tx:
        await _locked(tx, account_id)
        if not await is_frozen(tx, account_id):
            raise Conflicting("This account is not frozen.")
        await tx.execute("UPDATE account SET frozen_at = NULL WHERE id = $1", account_id)
        await tx.execute(
            f"UPDATE freezing f SET thawed_at = $2, to_nos = {_NOS} FROM wallet w"
            " WHERE f.account_id = $1 AND w.account_id = $1 AND f.thawed_at IS NULL",
            account_id,
            now,
        )
        await audit.note(
            tx, actor_id=actor_id, subject_id=account_id, deed="account thawed", reason=reason, now=app.real_now()
        )  # fmt: skip


async def is_frozen(tx: Reader, account_id: int) -> bool:
    """Say whether an account is frozen."""
    found: bool = await tx.value(
        "SELECT EXISTS (SELECT FROM account WHERE id = $1 AND frozen_at IS NOT NULL)", account_id
    )
    return found


async def refuse_if_frozen(tx: Reader, *account_ids: int) -> None:
    """Raise Frozen where one of these accounts is frozen, or left by its owner; who moves money has locked its wallet."""
    if await tx.value(
        "SELECT EXISTS (SELECT FROM account WHERE id = ANY ($1) AND (frozen_at IS NOT NULL OR left_at IS NOT NULL))",
        list(account_ids),
    ):
        raise Frozen


async def of_account(tx: Reader, account_id: int) -> list[Freezing]:
    """Return the times for which an account was frozen, the newest first."""
    return await tx.rows(
        Freezing,
        "SELECT reason, frozen_at, thawed_at FROM freezing WHERE account_id = $1 ORDER BY id DESC",
        account_id,
    )


async def end_offers_of_frozen(app: App) -> int:
    """End what frozen accounts have on sale; return how many accounts there were.

    What was being listed, or came back from a trade, when its account was frozen would stay on sale unsold. So would
    what somebody listed at the moment when its owner left.
    """
    rows = await app.db.fetch(
        "SELECT a.id FROM account a WHERE (a.frozen_at IS NOT NULL OR a.left_at IS NOT NULL) AND EXISTS"
        " (SELECT FROM offer o WHERE o.state = 'on_sale' AND (o.account_id = a.id OR o.seller_id = a.id)) LIMIT $1",
        SWEPT_MAX,
    )
    for row in rows:
        await _end_offers(app, row["id"])
    return len(rows)


async def _end_offers(app: App, account_id: int) -> list[int]:
    async with app.db.transaction() as tx:
        found = await tx.fetch(
            "SELECT id FROM offer WHERE account_id = $1 AND state = 'on_sale'"
            " UNION SELECT id FROM offer WHERE seller_id = $1 AND state = 'on_sale'",
            account_id,
        )
        ended = await endings.end(tx, [row["id"] for row in found], ENDED)
    await feed.tell(app, ended)
    return ended


async def _locked(tx: Tx, account_id: int) -> None:
    """Lock an account's wallet: nothing of it moves until the transaction has ended."""
    if not await tx.value("SELECT EXISTS (SELECT FROM account WHERE id = $1)", account_id):
        raise NotFound("There is no such account.")
    await ledger.lock_wallets(tx, [account_id])
