"""Roles: who may act for the market. There is one, `admin`; it is looked up at each request, so taking it back holds at once."""

from dataclasses import dataclass
from datetime import datetime

from tradepost.db import Reader, Tx
from tradepost.market import audit
from tradepost.rules.refusals import Conflicting

ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Admin:
    """An account with the role, since when, and by whom; nobody stands for the command line."""

    account_id: int
    steamid: str
    name: str
    granted_at: datetime
    granted_by: str | None


async def is_admin(tx: Reader, account_id: int) -> bool:
    """Say whether an account has the role admin."""
    found: bool = await tx.value(
        "SELECT EXISTS (SELECT FROM role WHERE account_id = $1 AND role = $2)", account_id, ADMIN
    )
    return found


async def grant(tx: Tx, account_id: int, now: datetime, *, by: int | None = None, reason: str = "") -> bool:
    """Make an account an admin; False if it was one. `now` is real time, `by` an admin or the command line."""
    made = await tx.execute(
        "INSERT INTO role (account_id, role, granted_at, granted_by) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        account_id, ADMIN, now, by,
    )  # fmt: skip
    if made:
        await audit.note(
            tx, actor_id=by, subject_id=account_id, deed="role granted", detail={"role": ADMIN}, reason=reason, now=now
        )  # fmt: skip
    return bool(made)


async def revoke(tx: Tx, account_id: int, now: datetime, *, by: int | None = None, reason: str = "") -> bool:
    """Take the role from an account; False if it had none. Raises Conflicting where an admin would be the last to go.

    From the command line the last one can go too: who reaches the database needs no role.
    """
    if by is not None:
        # All of them, so that of two who end each other's role at once the second sees what the first did.
        admins = await tx.fetch(
            "SELECT account_id FROM role WHERE role = $1 ORDER BY account_id FOR UPDATE", ADMIN
        )
        if [row["account_id"] for row in admins] == [account_id]:
            raise Conflicting("This is the last admin: make another one first.")
    gone = await tx.execute("DELETE FROM role WHERE account_id = $1 AND role = $2", account_id, ADMIN)
    if gone:
        await audit.note(
            tx, actor_id=by, subject_id=account_id, deed="role revoked", detail={"role": ADMIN}, reason=reason, now=now
        )  # fmt: skip
    return bool(gone)


async def admins(tx: Reader) -> list[Admin]:
    """Return who has the role, the first first."""
    return await tx.rows(
        Admin,
        "SELECT r.account_id, a.steamid, a.name, r.granted_at, b.steamid AS granted_by"
        " FROM role r JOIN account a ON a.id = r.account_id LEFT JOIN account b ON b.id = r.granted_by"
        " WHERE r.role = $1 ORDER BY r.granted_at, r.account_id",
        ADMIN,
    )
