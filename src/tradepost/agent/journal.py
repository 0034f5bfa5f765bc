"""The journal: what was asked, what was begun and what came of it, in a file that survives a kill at any point.

An intent is written before the request to Steam leaves. Whoever reads the journal after a crash therefore knows
of every offer that may exist, and looks for it before anything else is sent.
"""

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import msgspec

from tradepost.agent.errors import AgentError

KEPT_SECONDS = 30 * 86_400

State = Literal["intent", "unknown", "done"]
_SCHEMA = """
CREATE TABLE IF NOT EXISTS directive (
    id           TEXT PRIMARY KEY,
    action       TEXT NOT NULL,
    trade_id     TEXT,
    body         BLOB NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('intent', 'unknown', 'done')),
    attempted_at REAL,               -- when the request to Steam had ended, or its end was noticed; real seconds
    absences     INTEGER NOT NULL DEFAULT 0,  -- complete readings since then in which the offer was not
    looked_at    REAL,
    result       BLOB,
    is_told      INTEGER NOT NULL DEFAULT 0,
    changed_at   REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS directive_open ON directive (state) WHERE state <> 'done';
CREATE INDEX IF NOT EXISTS directive_untold ON directive (is_told) WHERE state = 'done' AND is_told = 0;
CREATE INDEX IF NOT EXISTS directive_of_trade ON directive (trade_id);
CREATE TABLE IF NOT EXISTS settlement (tradeid TEXT PRIMARY KEY, at TEXT NOT NULL, seen_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS note (name TEXT PRIMARY KEY, value BLOB NOT NULL);
"""
_COLUMNS = "id, action, trade_id, body, state, attempted_at, absences, looked_at, result, is_told"


@dataclass(frozen=True, slots=True)
class Entry:
    """A directive as the journal knows it."""

    id: str
    action: str
    trade_id: str | None
    body: dict[str, Any]
    state: State
    attempted_at: float | None
    absences: int
    looked_at: float | None
    result: dict[str, Any] | None
    is_told: bool


class Journal:
    """One account's journal."""

    def __init__(self, path: Path) -> None:
        try:
            self._db = sqlite3.connect(path, isolation_level=None, timeout=1.0)
            path.chmod(0o600)
            self._db.execute("PRAGMA journal_mode=WAL")
            # FULL: an intent must be on the disk before its request leaves, whatever dies then.
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.executescript(_SCHEMA)
        except (sqlite3.Error, OSError) as error:
            raise AgentError(f"The journal {path} cannot be used: {error}.") from None

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    # --- directives ----------------------------------------------------------------------------------
    def get(self, directive_id: str) -> Entry | None:
        """Return what is known of a directive."""
        rows = self._entries("id = ?", directive_id)
        return rows[0] if rows else None

    def open(self) -> list[Entry]:
        """Return the creates of which it is not known what came, the oldest first."""
        return self._entries("state <> 'done' ORDER BY changed_at")

    def untold(self) -> list[Entry]:
        """Return what is done and was not told to the market yet."""
        return self._entries("state = 'done' AND is_told = 0 ORDER BY changed_at LIMIT 50")

    def of_trade(self, trade_id: str) -> list[Entry]:
        """Return all that was asked for one trade."""
        return self._entries("trade_id = ? ORDER BY changed_at", trade_id)

    def intend(self, directive_id: str, trade_id: str, body: dict[str, Any], now: float) -> None:
        """Write down that an offer is about to be made; from here on it may exist."""
        self._db.execute(
            "INSERT INTO directive (id, action, trade_id, body, state, changed_at)"
            " VALUES (?, 'create_offer', ?, ?, 'intent', ?)",
            (directive_id, trade_id, msgspec.json.encode(body), now),
        )

    def unknown(self, directive_id: str, attempted_at: float) -> None:
        """Write down that the attempt has ended and nobody knows how."""
        self._db.execute(
            "UPDATE directive SET state = 'unknown', attempted_at = ?, changed_at = ? WHERE id = ?",
            (attempted_at, attempted_at, directive_id),
        )

    def woken(self, now: float) -> int:
        """After a start: what was on its way when the last process ended has an unknown outcome."""
        return self._db.execute(
            "UPDATE directive SET state = 'unknown', attempted_at = ?, absences = 0 WHERE state = 'intent'",
            (now,),
        ).rowcount

    def looked(self, directive_id: str, absences: int, now: float) -> None:
        """Write down that the offer was looked for and was not there, so many times in a row."""
        self._db.execute(
            "UPDATE directive SET absences = ?, looked_at = ? WHERE id = ?", (absences, now, directive_id)
        )

    def done(
        self,
        directive_id: str,
        action: str,
        trade_id: str | None,
        result: dict[str, Any],
        now: float,
        *,
        is_told: bool = False,
    ) -> None:
        """Write down what came of a directive, whether or not it was begun here."""
        self._db.execute(
            "INSERT INTO directive (id, action, trade_id, body, state, result, is_told, changed_at)"
            " VALUES (?, ?, ?, '{}', 'done', ?, ?, ?) ON CONFLICT (id) DO UPDATE SET state = 'done',"
            " result = excluded.result, is_told = excluded.is_told, changed_at = excluded.changed_at",
            (directive_id, action, trade_id, msgspec.json.encode(result), is_told, now),
        )

    def told(self, directive_ids: list[str]) -> None:
        """Write down that the market has heard these results."""
        self._db.executemany(
            "UPDATE directive SET is_told = 1 WHERE id = ?", [(one,) for one in directive_ids]
        )

    def tell_again(self, directive_id: str) -> None:
        """The market asks for what was told already: tell it again."""
        self._db.execute("UPDATE directive SET is_told = 0 WHERE id = ? AND state = 'done'", (directive_id,))

    def forget_old(self, now: float) -> None:
        """Remove what was done and told a month ago."""
        before = now - KEPT_SECONDS
        self._db.execute(
            "DELETE FROM directive WHERE state = 'done' AND is_told = 1 AND changed_at < ?", (before,)
        )
        self._db.execute("DELETE FROM settlement WHERE seen_at < ?", (before,))

    def _entries(self, where: str, *values: object) -> list[Entry]:
        rows = self._db.execute(f"SELECT {_COLUMNS} FROM directive WHERE {where}", values)
        return [
            Entry(
                id=row[0],
                action=row[1],
                trade_id=row[2],
                body=msgspec.json.decode(row[3]),
                state=row[4],
                attempted_at=row[5],
                absences=row[6],
                looked_at=row[7],
                result=None if row[8] is None else msgspec.json.decode(row[8]),
                is_told=bool(row[9]),
            )
            for row in rows
        ]

    # --- what else is remembered ---------------------------------------------------------------------
    def keep_settlement(self, tradeid: str, at: datetime, now: float) -> None:
        """Keep the end of protection that Steam named: a reversed exchange does not show it any more."""
        self._db.execute(
            "INSERT INTO settlement VALUES (?, ?, ?) ON CONFLICT (tradeid) DO UPDATE SET at = excluded.at",
            (tradeid, at.isoformat(), now),
        )

    def settlement(self, tradeid: str) -> datetime | None:
        """Return the end of protection that was seen of an exchange."""
        row = self._db.execute("SELECT at FROM settlement WHERE tradeid = ?", (tradeid,)).fetchone()
        return None if row is None else datetime.fromisoformat(row[0])

    def note(self, name: str, value: Any) -> None:
        """Keep something for `status` and `grants` to show."""
        self._db.execute(
            "INSERT INTO note VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (name, msgspec.json.encode(value)),
        )

    def noted(self, name: str) -> Any:
        """Return what was kept under a name, or None."""
        row = self._db.execute("SELECT value FROM note WHERE name = ?", (name,)).fetchone()
        return None if row is None else msgspec.json.decode(row[0])
