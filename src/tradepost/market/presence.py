"""Who is online: what the sellers' programs last said of themselves, in real time."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from tradepost.app import App
from tradepost.db import Tx
from tradepost.market.recent import Recent

SECONDS = 0.5  # how long somebody may be shown as online who no longer is


async def is_online(app: App, account_id: int) -> bool:
    """Say whether a seller's program was heard of lately and has a Steam session."""
    return account_id in await online(app, [account_id])


@dataclass(frozen=True, slots=True)
class Online:
    """The sellers who are online at a moment: `steamid in online`.

    Sorted numbers, as a set of fifty thousand is made in 20 ms, in which nobody else is answered.
    """

    steamids: NDArray[np.int64]

    def __contains__(self, steamid: object) -> bool:
        """Whether a seller with this number is online."""
        at = int(self.steamids.searchsorted(steamid))  # type: ignore[call-overload]  # numbers alone are asked for
        return at < len(self.steamids) and self.steamids.item(at) == steamid


_recent: Recent[None, Online] = Recent(SECONDS, 1)


async def everybody(app: App) -> Online:
    """Return all sellers who are online, as it was known within the last half second.

    For showing, where one offer in a million would be a question of its own each time; who buys asks the database.
    """
    return await _recent.get(app, None, lambda: _everybody(app))


def known(app: App) -> tuple[Online, datetime] | None:
    """Return the same and until when it may be believed, where it was looked up a moment ago."""
    return _recent.known(app, None)


async def renew(app: App) -> None:
    """Look again who is online, so that it stays known while it is asked for."""
    await _recent.renew(app, None, lambda: _everybody(app))


async def _everybody(app: App) -> Online:
    together: bytes | None = await app.db.value(
        "SELECT string_agg(int8send(a.steamid::bigint), '') FROM presence p JOIN account a ON a.id = p.account_id"
        " WHERE p.session_ok AND p.heartbeat_at > $1 AND NOT is_away(a, $2)",
        app.real_now() - timedelta(seconds=2 * app.settings.heartbeat_ttl_seconds),
        app.now(),
    )
    return Online(np.sort(np.frombuffer(together or b"", ">i8").astype(np.int64)))


async def online(app: App, account_ids: Sequence[int]) -> set[int]:
    """Return those of the accounts whose program was heard of lately and has a Steam session, and who are not on holiday."""
    rows = await app.db.fetch(
        "SELECT p.account_id FROM presence p JOIN account a ON a.id = p.account_id"
        " WHERE p.account_id = ANY ($1) AND p.session_ok AND p.heartbeat_at > $2 AND NOT is_away(a, $3)",
        list(account_ids),
        app.real_now() - timedelta(seconds=2 * app.settings.heartbeat_ttl_seconds),
        app.now(),
    )
    return {row["account_id"] for row in rows}


async def online_people(app: App, steamids: Collection[str]) -> set[str]:
    """Return those of these people whose program was heard of lately and has a Steam session."""
    rows = await app.db.fetch(
        "SELECT a.steamid FROM account a JOIN presence p ON p.account_id = a.id"
        " WHERE a.steamid = ANY ($1) AND p.session_ok AND p.heartbeat_at > $2 AND NOT is_away(a, $3)",
        list(steamids),
        app.real_now() - timedelta(seconds=2 * app.settings.heartbeat_ttl_seconds),
        app.now(),
    )
    return {row["steamid"] for row in rows}


@dataclass(frozen=True, slots=True)
class Program:
    """How a seller's program stands, as he himself is told."""

    is_paired: bool = False
    is_heard: bool = False  # lately
    is_online: bool = False  # heard of, and signed in to Steam: what he has on sale can be bought
    is_away: bool = False  # on holiday: nobody can buy it, however his program stands


async def programs(app: App, account_ids: Collection[int]) -> dict[int, Program]:
    """Return how the programs of these accounts stand."""
    rows = await app.db.fetch(
        "SELECT a.id, EXISTS (SELECT 1 FROM agent g WHERE g.account_id = a.id AND g.revoked_at IS NULL) AS is_paired,"
        " coalesce(p.heartbeat_at > $2, false) AS is_heard, coalesce(p.session_ok, false) AS session_ok, is_away(a, $3) AS is_away"
        " FROM account a LEFT JOIN presence p ON p.account_id = a.id WHERE a.id = ANY ($1)",
        list(account_ids),
        app.real_now() - timedelta(seconds=2 * app.settings.heartbeat_ttl_seconds),
        app.now(),
    )
    return {
        row["id"]: Program(
            row["is_paired"], row["is_heard"], row["is_heard"] and row["session_ok"], row["is_away"]
        )
        for row in rows
    }


async def heard(
    tx: Tx, account_id: int, real_now: datetime, *, session_ok: bool, blocking: str | None
) -> None:
    """Note that a seller's program spoke, and whether it has a Steam session."""
    await tx.execute(
        "INSERT INTO presence (account_id, heartbeat_at, session_ok, blocking) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (account_id) DO UPDATE SET heartbeat_at = excluded.heartbeat_at,"
        " session_ok = excluded.session_ok, blocking = excluded.blocking",
        account_id, real_now, session_ok, blocking,
    )  # fmt: skip


async def left(tx: Tx, account_id: int) -> None:
    """Note that a seller's program said good-bye: he is offline from now on."""
    await tx.execute("DELETE FROM presence WHERE account_id = $1", account_id)


async def scanned(tx: Tx, account_id: int, project: str, real_now: datetime, *, complete: bool) -> None:
    """Note that a seller's inventory of one game was read; an older reading never replaces a newer one."""
    await tx.execute(
        "INSERT INTO inventory_scan (account_id, project, at, complete) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (account_id, project) DO UPDATE SET at = excluded.at, complete = excluded.complete"
        " WHERE inventory_scan.at <= excluded.at",
        account_id, project, real_now, complete,
    )  # fmt: skip
