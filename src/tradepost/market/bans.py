"""Strikes and bans: counted by steamid, whatever merchant the trade came through (rules.md 6)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tradepost.config import Settings
from tradepost.db import Reader, Tx
from tradepost.rules.trade import Side


@dataclass(frozen=True, slots=True)
class Ban:
    """A time in which a steamid may not sell, or not buy."""

    id: int
    steamid: str
    side: Side
    reason: str
    from_at: datetime
    until_at: datetime


_BAN = "id, steamid, side, reason, from_at, until_at"


async def current(tx: Reader, steamid: str, side: Side, now: datetime) -> Ban | None:
    """Return the ban that holds now for a steamid on one side, the longest one, or None."""
    return await tx.row(
        Ban,
        f"SELECT {_BAN} FROM ban WHERE steamid = $1 AND side = $2 AND lifted_at IS NULL"
        " AND from_at <= $3 AND until_at > $3 ORDER BY until_at DESC LIMIT 1",
        steamid,
        side,
        now,
    )


async def ban(tx: Tx, steamid: str, side: Side, reason: str, now: datetime, length: timedelta) -> Ban:
    """Ban a steamid from selling or buying for a length of time."""
    made = await tx.row(
        Ban,
        f"INSERT INTO ban (steamid, side, reason, from_at, until_at) VALUES ($1, $2, $3, $4, $5) RETURNING {_BAN}",
        steamid, side, reason, now, now + length,
    )  # fmt: skip
    assert made is not None  # noqa: S101 - an insert without a conflict clause returns its row
    return made


async def lift(tx: Tx, steamid: str, side: Side, now: datetime) -> int:
    """End the bans of a steamid on one side now; return how many there were."""
    return await tx.execute(
        "UPDATE ban SET lifted_at = $3 WHERE steamid = $1 AND side = $2 AND lifted_at IS NULL AND until_at > $3",
        steamid, side, now,
    )  # fmt: skip


async def strike(
    tx: Tx, steamid: str, side: Side, trade_id: int, reason: str, now: datetime, settings: Settings
) -> Ban | None:
    """Count a failed trade against a steamid, once; the third in the window bans, each time twice as long.

    Strikes that led to a ban are not counted again.
    """
    # One at a time for each person: two who counted at once would both see the third, or neither.
    await tx.execute("SELECT 1 FROM account WHERE steamid = $1 FOR NO KEY UPDATE", steamid)
    counted = await tx.execute(
        "INSERT INTO strike (trade_id, steamid, side, reason, at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        trade_id, steamid, side, reason, now,
    )  # fmt: skip
    if not counted:
        return None
    before = await tx.fetch(
        "SELECT from_at FROM ban WHERE steamid = $1 AND side = $2 AND reason LIKE 'strikes:%' ORDER BY from_at DESC",
        steamid,
        side,
    )
    window_from = now - timedelta(hours=settings.strikes_window_hours)
    last_ban_at = before[0]["from_at"] if before else window_from
    strikes = await tx.value(
        "SELECT count(*) FROM strike WHERE steamid = $1 AND side = $2 AND at > $3 AND at > $4",
        steamid, side, window_from, last_ban_at if before else window_from - timedelta(seconds=1),
    )  # fmt: skip
    # Begun or not: who waited for his turn has an older time than the ban that was made meanwhile.
    banned = await tx.value(
        "SELECT count(*) > 0 FROM ban WHERE steamid = $1 AND side = $2 AND lifted_at IS NULL AND until_at > $3",
        steamid, side, now,
    )  # fmt: skip
    if strikes < settings.strikes_count or banned:
        return None
    length = min(
        timedelta(hours=settings.ban_first_hours) * 2 ** min(len(before), 10),
        timedelta(days=settings.ban_max_days),
    )
    words = {"seller": "items sold were not sent", "buyer": "offers were declined or left to expire"}[side]
    return await ban(tx, steamid, side, f"strikes: {strikes} times {words}", now, length)


@dataclass(frozen=True, slots=True)
class PastBan:
    """A ban that holds, held or was lifted."""

    id: int
    side: Side
    reason: str
    from_at: datetime
    until_at: datetime
    lifted_at: datetime | None


async def of_steamid(tx: Reader, steamid: str) -> list[PastBan]:
    """Return all bans that a steamid ever had, the newest first."""
    return await tx.rows(
        PastBan,
        "SELECT id, side, reason, from_at, until_at, lifted_at FROM ban WHERE steamid = $1 ORDER BY id DESC",
        steamid,
    )


@dataclass(frozen=True, slots=True)
class Strike:
    """A trade that failed by somebody, counted against him."""

    trade_id: int
    side: Side
    reason: str
    at: datetime


async def strikes_of(tx: Reader, steamid: str, limit: int = 50) -> list[Strike]:
    """Return the trades that were counted against a steamid, the newest first."""
    return await tx.rows(
        Strike,
        "SELECT trade_id, side, reason, at FROM strike WHERE steamid = $1 ORDER BY at DESC, trade_id DESC LIMIT $2",
        steamid,
        limit,
    )
