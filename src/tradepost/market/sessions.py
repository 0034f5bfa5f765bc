"""Sessions: browsers that are signed in; each is known by a cookie, and kept as that one's hash.

All times here are real. Every sign-in is a new session with a new cookie, so that what somebody put into a browser
before is worth nothing afterwards; each request looks its session up, so that one that is ended is ended at once.
"""

import hashlib
import re
import secrets
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from tradepost.app import App
from tradepost.config import Settings
from tradepost.db import DatabaseBusy, DatabaseGone, Reader, Tx

KEY_BYTES = 32  # 256 bits, so that no guess is worth a request
SESSIONS_MAX = 50  # of one account; the oldest ends when there is one more
BROWSER_CHARS_MAX = 200
SEEN_MINUTES = 5  # how exactly it is known when a session was last used: it is written no more often
FORGOTTEN_MAX = 1_000  # in one turn

_KEY = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Session:
    """A living session and whose it is."""

    id: int
    account_id: int
    steamid: str
    name: str
    avatar: str
    browser: str
    signed_in_at: datetime
    seen_at: datetime
    expires_at: datetime
    code_given_at: datetime | None
    has_factor: bool  # its account has a second factor

    @property
    def awaits_code(self) -> bool:
        """Whether Steam has spoken for its owner, and a code of his is yet to come: nobody is signed in till then."""
        return self.has_factor and self.code_given_at is None

    @property
    def proven_at(self) -> datetime:
        """When somebody last proved that it is the owner who sits there."""
        return self.code_given_at if self.has_factor and self.code_given_at else self.signed_in_at


_SELECT = (
    "SELECT s.id, s.account_id, a.steamid, a.name, a.avatar, s.browser, s.signed_in_at, s.seen_at, s.expires_at,"
    " s.code_given_at, f.since IS NOT NULL AS has_factor"
    " FROM session s JOIN account a ON a.id = s.account_id LEFT JOIN second_factor f ON f.account_id = s.account_id"
)


async def make(tx: Tx, settings: Settings, account_id: int, browser: str, real_now: datetime) -> str:
    """Return the key of a new session, for its cookie; the account's oldest ends where there are too many."""
    key = secrets.token_urlsafe(KEY_BYTES)
    await tx.execute(
        "INSERT INTO session (hash, account_id, browser, signed_in_at, seen_at, expires_at)"
        " VALUES ($1, $2, $3, $4, $4, $5)",
        _hash(key), account_id, _shown(browser), real_now, real_now + timedelta(days=settings.session_days),
    )  # fmt: skip
    await tx.execute(
        "DELETE FROM session WHERE id IN"
        " (SELECT id FROM session WHERE account_id = $1 ORDER BY signed_in_at DESC, id DESC OFFSET $2)",
        account_id,
        SESSIONS_MAX,
    )
    return key


async def find(app: App, key: str) -> Session | None:
    """Return the living session of a cookie, or None; that it was seen now is written every few minutes."""
    if not _KEY.fullmatch(key):
        return None
    now = app.real_now()
    found = await app.db.row(
        Session,
        f"{_SELECT} WHERE s.hash = $1 AND s.expires_at > $2 AND s.seen_at > $3",
        _hash(key), now, now - _idle(app.settings),
    )  # fmt: skip
    if found is not None and found.seen_at <= now - timedelta(minutes=SEEN_MINUTES):
        # Whoever has the row at this moment may keep it: no page waits, or fails, for this.
        with suppress(DatabaseGone, DatabaseBusy):
            await app.db.execute(
                "UPDATE session SET seen_at = $2 WHERE id ="
                " (SELECT id FROM session WHERE id = $1 FOR NO KEY UPDATE SKIP LOCKED)",
                found.id,
                now,
            )
    return found


async def standing(tx: Reader, settings: Settings, ids: Collection[int], real_now: datetime) -> set[int]:
    """Return those of these sessions that still live."""
    rows = await tx.fetch(
        "SELECT id FROM session WHERE id = ANY ($1) AND expires_at > $2 AND seen_at > $3",
        list(ids), real_now, real_now - _idle(settings),
    )  # fmt: skip
    return {row["id"] for row in rows}


async def note_code(tx: Tx, session_id: int, real_now: datetime) -> None:
    """Note that a code was given in a session now."""
    await tx.execute("UPDATE session SET code_given_at = $2 WHERE id = $1", session_id, real_now)


async def signed_in_since(tx: Reader, account_id: int, since: datetime) -> bool:
    """Say whether somebody signed in through Steam to an account since a moment, and has not signed out."""
    found: bool = await tx.value(
        "SELECT EXISTS (SELECT FROM session WHERE account_id = $1 AND signed_in_at > $2)", account_id, since
    )
    return found


async def end(tx: Tx, key: str) -> None:
    """End the session of a cookie, if there is one."""
    await tx.execute("DELETE FROM session WHERE hash = $1", _hash(key))


async def end_of_account(tx: Tx, account_id: int, session_id: int) -> bool:
    """End one of an account's sessions; say whether there was one."""
    return bool(
        await tx.execute("DELETE FROM session WHERE id = $1 AND account_id = $2", session_id, account_id)
    )


async def end_others(tx: Tx, account_id: int, session_id: int) -> int:
    """End all of an account's sessions but one; return how many there were."""
    return await tx.execute("DELETE FROM session WHERE account_id = $1 AND id <> $2", account_id, session_id)


async def of_account(tx: Reader, settings: Settings, account_id: int, real_now: datetime) -> list[Session]:
    """Return an account's living sessions, the newest first."""
    return await tx.rows(
        Session,
        f"{_SELECT} WHERE s.account_id = $1 AND s.expires_at > $2 AND s.seen_at > $3"
        " ORDER BY s.signed_in_at DESC, s.id DESC",
        account_id, real_now, real_now - _idle(settings),
    )  # fmt: skip


async def forget_sign_ins(app: App) -> int:
    """Remove sessions, ways to Steam and used nonces whose time is over; return how many there were."""
    now, done = app.real_now(), 0
    for table, column, before in (
        ("session", "expires_at", now),
        ("session", "seen_at", now - _idle(app.settings)),
        ("sign_in", "expires_at", now),
        ("openid_nonce", "forget_after", now),
    ):
        done += await app.db.execute(
            f"DELETE FROM {table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM {table} WHERE {column} < $1 LIMIT $2))",
            before,
            FORGOTTEN_MAX,
        )
    return done


def _idle(settings: Settings) -> timedelta:
    return timedelta(days=settings.session_idle_days)


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "replace")).digest()


def _shown(browser: str) -> str:
    return "".join(char for char in browser if char.isprintable())[:BROWSER_CHARS_MAX]
