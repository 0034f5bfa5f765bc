"""A store in one SQLite file: orders, and the skins credited for them; a balance is the sum of its credits.

A reversal (which only a merchant who is paid at the acceptance has to fear) is kept by itself, as its notice may come before
the credit's: whichever comes first, the two together are nothing.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from .links import new_order_id
from .notice import Notice
from .store import Earlier, Store

BUSY_SECONDS = 5.0  # of waiting for another transaction, before the market is told to come again

_SCHEMA = """
CREATE TABLE IF NOT EXISTS shop_order (
    order_id TEXT PRIMARY KEY,
    account  TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS credit (
    trade_id       TEXT PRIMARY KEY,
    order_id       TEXT NOT NULL REFERENCES shop_order,
    amount_cents   INTEGER NOT NULL CHECK (amount_cents > 0),
    transaction_id TEXT NOT NULL,
    create_date    TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS credit_of_order ON credit (order_id);
CREATE TABLE IF NOT EXISTS reversal (
    trade_id TEXT PRIMARY KEY
);
"""


@dataclass(frozen=True, slots=True)
class Credit:
    """A skin that was credited."""

    trade_id: str
    order_id: str
    amount_cents: int
    is_reversed: bool


class SqliteStore(Store[sqlite3.Connection]):
    """Keeps orders and credits in a file; override `credit` to do more in the same transaction, and call this one too."""

    def __init__(self, path: str | Path) -> None:
        self._path = path
        with closing(self._open()) as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.executescript(_SCHEMA)

    def _open(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._path, timeout=BUSY_SECONDS, isolation_level=None)
        db.execute("PRAGMA foreign_keys = ON")
        return db

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Open a transaction that may write from its beginning, so that two never wait for each other."""
        with closing(self._open()) as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.rollback()
                raise
            db.commit()

    # What the receiver asks -----------------------------------------------------------------------------------

    def account_of(self, tx: sqlite3.Connection, order_id: str) -> str | None:
        """Return the account of an order that `new_order` made."""
        row = tx.execute("SELECT account FROM shop_order WHERE order_id = ?", (order_id,)).fetchone()
        return None if row is None else str(row[0])

    def remember(self, tx: sqlite3.Connection, notice: Notice) -> Earlier | None:
        """Insert a credit; return the one that its trade_id has already."""
        new = tx.execute(
            "INSERT INTO credit (trade_id, order_id, amount_cents, transaction_id, create_date)"
            " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (
                notice.trade_id,
                notice.order_id,
                notice.amount_cents,
                notice.transaction_id,
                notice.create_date,
            ),
        )
        if new.rowcount:
            return None
        row = tx.execute("SELECT order_id, amount_cents FROM credit WHERE trade_id = ?", (notice.trade_id,))
        return Earlier(*row.fetchone())

    def credit(self, tx: sqlite3.Connection, account: str, notice: Notice) -> None:
        """Nothing more: what was remembered is the credit."""

    # What the shop asks ---------------------------------------------------------------------------------------

    def new_order(self, account: str, order_id: str | None = None) -> str:
        """Keep a new order of an account, before its link is asked for; return its id."""
        order_id = order_id or new_order_id()
        with self.transaction() as tx:
            tx.execute("INSERT INTO shop_order (order_id, account) VALUES (?, ?)", (order_id, account))
        return order_id

    def take_back(self, trade_id: str) -> None:
        """Keep it that a skin was reversed (`payment.reversed`): it is credited no longer, or never will be."""
        with self.transaction() as tx:
            tx.execute("INSERT INTO reversal (trade_id) VALUES (?) ON CONFLICT DO NOTHING", (trade_id,))

    def balance_cents(self, account: str) -> int:
        """Return what an account was credited with, all in all, less what was reversed."""
        return sum(one.amount_cents for one in self.credits(account) if not one.is_reversed)

    def credits(self, account: str) -> list[Credit]:
        """Return what an account was credited with, the newest first."""
        with closing(self._open()) as db:
            rows = db.execute(
                "SELECT c.trade_id, c.order_id, c.amount_cents, r.trade_id IS NOT NULL FROM credit c"
                " JOIN shop_order USING (order_id) LEFT JOIN reversal r USING (trade_id)"
                " WHERE account = ? ORDER BY c.rowid DESC",
                (account,),
            ).fetchall()
        return [Credit(trade_id, order_id, cents, bool(gone)) for trade_id, order_id, cents, gone in rows]
