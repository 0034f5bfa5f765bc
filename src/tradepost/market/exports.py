"""Exports: an account's rows as CSV, fetched with a token, sent a few at a time and never all in memory.

Rows are read in short questions, each going on where the one before ended, up to what there was when it began. A cursor
of the server would do the same within one transaction, which a reader who takes his time would keep open, and with it
a connection and all that is swept behind it: nobody's slow line holds anything here.
"""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Literal

from tradepost import log
from tradepost.app import App
from tradepost.db import DatabaseBusy, DatabaseGone, Reader, Tx
from tradepost.market import audit, export_rows, roles
from tradepost.market.export_rows import Bounds, Kind
from tradepost.rules import sheet
from tradepost.rules.refusals import Conflicting, Forbidden

TOKEN_MINUTES = 15
TOKEN_BYTES = 64
NOTED_SECONDS = 1.0  # how exactly it is known how far an export is
STALE_SECONDS = 60  # nobody took a row for so long: it was broken off, or its process is gone
KEPT_DAYS = 30
FORGOTTEN_MAX = 1_000  # in one turn
NO_TOKEN = "This export token is unknown or no longer good: make a new one."  # noqa: S105 - a sentence

State = Literal["running", "done", "broken"]
logger = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Export:
    """A download and how far it is: a row of the table `export`."""

    id: int
    account_id: int
    made_by: int
    kind: Kind
    state: State
    sent_rows: int
    all_rows: int
    began_at: datetime
    seen_at: datetime
    ended_at: datetime | None


_COLUMNS = ", ".join(column.name for column in fields(Export))


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


async def make_token(tx: Tx, account_id: int, made_by: int, real_now: datetime) -> str:
    """Make the token with which somebody fetches an account's exports; the one that he had before is good no more."""
    token = hashlib.sha512(os.urandom(TOKEN_BYTES)).hexdigest()
    await tx.execute(
        "INSERT INTO export_token (account_id, made_by, hash, expires_at) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (account_id, made_by) DO UPDATE SET hash = excluded.hash, expires_at = excluded.expires_at",
        account_id, made_by, _hash(token), real_now + timedelta(minutes=TOKEN_MINUTES),
    )  # fmt: skip
    return token


@dataclass(slots=True)
class Download:
    """An export that has begun, and up to where its rows go."""

    id: int
    account_id: int
    kind: Kind
    bounds: Bounds
    sent_rows: int = 0
    is_done: bool = field(default=False)


async def begin(app: App, token: str, kind: Kind) -> Download:
    """Begin an export with a token; raises Forbidden for a wrong one, Conflicting while another is under way."""
    now, real_now = app.now(), app.real_now()
    async with app.db.transaction() as tx:
        # Locked, so that of two who come at once the second sees the first's export.
        row = await tx.fetch(
            "SELECT account_id, made_by FROM export_token WHERE hash = $1 AND expires_at > $2 FOR UPDATE",
            _hash(token), real_now,
        )  # fmt: skip
        if not row:
            raise Forbidden(NO_TOKEN)
        account_id, made_by = row[0]["account_id"], row[0]["made_by"]
        if made_by != account_id:
            if not await roles.is_admin(tx, made_by):
                raise Forbidden(NO_TOKEN)
            await audit.note(tx, actor_id=made_by, subject_id=account_id, deed=f"export {kind}", now=real_now)
        await tx.execute(
            "UPDATE export SET state = 'broken', ended_at = seen_at WHERE account_id = $1 AND made_by = $2"
            " AND state = 'running' AND seen_at < $3",
            account_id, made_by, real_now - timedelta(seconds=STALE_SECONDS),
        )  # fmt: skip
        if await tx.value(
            "SELECT EXISTS (SELECT FROM export WHERE account_id = $1 AND made_by = $2 AND state = 'running')",
            account_id, made_by,
        ):  # fmt: skip
            raise Conflicting("An export is under way: wait until it has ended.")
        bounds = await export_rows.bounds(tx, account_id, kind, now)
        made: int = await tx.value(
            "INSERT INTO export (account_id, made_by, kind, all_rows, began_at, seen_at) VALUES ($1, $2, $3, $4, $5, $5)"
            " RETURNING id",
            account_id, made_by, kind, bounds.rows, real_now,
        )  # fmt: skip
    return Download(made, account_id, kind, bounds)


async def stream(app: App, download: Download) -> AsyncIterator[bytes]:
    """Yield an export's CSV in pieces, each as the one before was taken."""
    try:
        yield sheet.line(export_rows.HEADS[download.kind]).encode()
        clock = asyncio.get_running_loop().time
        noted = clock()
        async for rows in export_rows.rows(app.db, download.account_id, download.kind, download.bounds):
            yield "".join(map(sheet.line, rows)).encode()
            download.sent_rows += len(rows)
            if clock() - noted > NOTED_SECONDS:
                await _note(app, download, "running")
                noted = clock()
        download.is_done = True
    finally:
        # Also for who goes away in the middle, where nothing may be awaited any more.
        task = asyncio.create_task(_end(app, download), name=f"end of export {download.id}")
        _ending.add(task)
        task.add_done_callback(_ending.discard)


_ending: set[asyncio.Task[None]] = set()


async def _end(app: App, download: Download) -> None:
    try:
        await _note(app, download, "done" if download.is_done else "broken")
    except (DatabaseGone, DatabaseBusy) as error:  # what is not seen any more counts as broken off
        logger.warning("export_not_ended", export_id=download.id, error=str(error))


async def _note(app: App, download: Download, state: State) -> None:
    now = app.real_now()
    await app.db.execute(
        "UPDATE export SET state = $2, sent_rows = $3, seen_at = $4, ended_at = $5 WHERE id = $1 AND state = 'running'",
        download.id, state, download.sent_rows, now, None if state == "running" else now,
    )  # fmt: skip


async def latest(tx: Reader, account_id: int, real_now: datetime, limit: int = 10) -> list[Export]:
    """Return an account's exports, the newest first; one that was not seen for long is shown as broken off."""
    shown = _COLUMNS.replace(
        "state", "CASE WHEN state = 'running' AND seen_at < $3 THEN 'broken' ELSE state END AS state"
    )
    return await tx.rows(
        Export,
        f"SELECT {shown} FROM export WHERE account_id = $1 ORDER BY id DESC LIMIT $2",
        account_id, limit, real_now - timedelta(seconds=STALE_SECONDS),
    )  # fmt: skip


async def forget_exports(app: App) -> int:
    """Remove tokens whose time is over, and what was exported long ago; return how many there were."""
    now = app.real_now()
    done = await app.db.execute(
        "DELETE FROM export_token WHERE ctid = ANY (ARRAY(SELECT ctid FROM export_token WHERE expires_at <= $1 LIMIT $2))",
        now,
        FORGOTTEN_MAX,
    )
    return done + await app.db.execute(
        "DELETE FROM export WHERE id = ANY (ARRAY(SELECT id FROM export WHERE began_at < $1 ORDER BY began_at LIMIT $2))",
        now - timedelta(days=KEPT_DAYS),
        FORGOTTEN_MAX,
    )
