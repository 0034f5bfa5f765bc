"""The store: one sqlite file that has every answer's consequences before the answer leaves."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tradepost.steam.simulator.entities import Confirmation, Item, Meta, Offer, Price, Trade, User
from tradepost.steam.simulator.world import Entity, World

FILE_NAME = "steam.sqlite3"
KINDS: dict[str, type[Entity]] = {
    "meta": Meta,
    "user": User,
    "price": Price,
    "item": Item,
    "offer": Offer,
    "trade": Trade,
    "confirmation": Confirmation,
}


class StoreBusy(Exception):
    """Another process has this data directory open."""


class Store:
    """Keeps a world in a data directory, or nowhere when there is none."""

    def __init__(self, data_dir: Path | None) -> None:
        self._encode = msgspec.json.Encoder().encode
        self._db: sqlite3.Connection | None = None
        if data_dir is None:
            return
        data_dir.mkdir(parents=True, exist_ok=True)
        # Exclusive: a second simulator on the same file is told so at once. WAL with synchronous=NORMAL: what
        # is committed survives the death of this process; only the machine's own could lose the last moments.
        self._db = sqlite3.connect(data_dir / FILE_NAME, isolation_level=None, timeout=0.2)
        try:
            self._db.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS entities "
                "(kind TEXT, key TEXT, body BLOB, PRIMARY KEY (kind, key)) WITHOUT ROWID"
            )
        except sqlite3.OperationalError as error:
            self._db.close()
            raise StoreBusy(f"another simulated Steam has {data_dir} open") from error

    def load(self, world: World) -> None:
        """Puts everything that was stored into an empty world."""
        if self._db is not None:
            world.restore(self._stored(self._db))

    def save(self, world: World) -> None:
        """Stores what changed, all of it or nothing."""
        changes = world.take_changes()
        if self._db is None or not changes:
            return
        gone = [key for key, entity in changes.items() if entity is None]
        here = [(*key, self._encode(entity)) for key, entity in changes.items() if entity is not None]
        self._db.execute("BEGIN")
        try:
            self._db.executemany("DELETE FROM entities WHERE kind = ? AND key = ?", gone)
            self._db.executemany("INSERT OR REPLACE INTO entities VALUES (?, ?, ?)", here)
            self._db.execute("COMMIT")
        except BaseException:
            self._db.execute("ROLLBACK")
            raise

    def close(self) -> None:
        """Lets go of the file."""
        if self._db is not None:
            self._db.close()
            self._db = None

    @staticmethod
    def _stored(db: sqlite3.Connection) -> Iterator[Entity]:
        for kind, struct in KINDS.items():
            decode = msgspec.json.Decoder(struct).decode
            for (body,) in db.execute("SELECT body FROM entities WHERE kind = ?", (kind,)):
                yield decode(body)
