"""Roles: who may act for the market. There is one, `admin`; it is looked up at each request, so taking it back holds at once.

Where two admins have to agree, one whom an admin made is no second one beside him: else whoever wants a second voice
makes himself one. The command line makes the others, as who reaches the database needs no role.
"""

from dataclasses import dataclass
from datetime import datetime

from tradepost.db import Reader, Tx
from tradepost.market import audit
from tradepost.rules.refusals import Conflicting

ADMIN = "admin"
ONE_HAND = "You and {other} count as one, as an admin made one of you or both: another admin has to, whom the command line made."


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
    """Make an account an admin; False if it was one. `now` is real time, `by` an admin or the command line.

    Who was made one by an admin and is named on the command line is made by the command line from then on.
    """
    made = await tx.execute(
        "INSERT INTO role (account_id, role, granted_at, granted_by) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (account_id, role) DO UPDATE SET granted_by = NULL"
        " WHERE role.granted_by IS NOT NULL AND excluded.granted_by IS NULL",
        account_id, ADMIN, now, by,
    )  # fmt: skip
    if made:
        await audit.note(
            tx, actor_id=by, subject_id=account_id, deed="role granted", detail={"role": ADMIN}, reason=reason, now=now
        )  # fmt: skip
        await _tell(tx, account_id, "is an admin now", by, now)
    return bool(made)


async def are_of_one_hand(tx: Reader, one: int, other: int) -> bool:
    """Say whether two admins count as one: an admin made the other, or made who made him, or made both.

    The audit says it, which nobody can edit: that a role in between was taken back meanwhile changes nothing.
    """
    return bool(await _makers(tx, one) & await _makers(tx, other))


async def _makers(tx: Reader, account_id: int) -> set[int]:
    """An admin himself, who made him one last, who made that one, and so on, up to the command line."""
    found: set[int] = set()
    maker: int | None = account_id
    while maker is not None and maker not in found:
        found.add(maker)
        maker = await tx.value(
            "SELECT actor_id FROM audit WHERE subject_id = $1 AND deed = 'role granted' ORDER BY id DESC LIMIT 1",
            maker,
        )
    return found


async def _tell(tx: Tx, account_id: int, what: str, by: int | None, now: datetime) -> None:
    """Tell operators that there is another admin, or one less: who did it for an intruder is noticed by the others."""
    await tx.execute(
        "INSERT INTO operator_alert (ref, kind, at, text) SELECT 'role:' || a.id || ':' || $3, 'role', $4,"
        " 'User ' || a.steamid || ' ' || $2 || ', by ' || coalesce(b.steamid, 'the command line') || '.'"
        " FROM account a LEFT JOIN account b ON b.id = $5 WHERE a.id = $1 ON CONFLICT DO NOTHING",
        account_id, what, now.isoformat(), now, by,
    )  # fmt: skip


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
        await _tell(tx, account_id, "is no admin any more", by, now)
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
