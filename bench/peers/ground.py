"""The ground that all shops stand on: one Postgres server, the same items, and a fresh copy of a filled database each run.

Postgres is the embedded one, as durable as in production (fsync on). It stays in `var/bench/peers`, with a database of
each peer filled once by `python -m bench peers install`.
"""

import csv
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from bench import shelf
from bench.filling import fill
from bench.options import NotRun
from bench.rows import ROOT
from bench.town import Town
from tradepost import embedded
from tradepost.db import Db, create_database, migrate
from tradepost.db.databases import drop_database, with_database

HOME = ROOT / "var" / "bench" / "peers"
FILES = Path(__file__).parent  # of each peer's project
ITEMS, FEW_ITEMS = 50_000, 5_000  # the few are for the short form
SEED = 7  # of the offers: every shop has the same names and prices
MERCHANTS = 64  # wallets that buy from us
FILL_SECONDS = 600.0
CLIENTS_CPU, SERVER_CPU = 1, 0


@dataclass(frozen=True, slots=True)
class Door:
    """How a program of a peer finds its database: a socket's folder, a user, a name."""

    folder: str
    user: str
    database: str

    @property
    def dsn(self) -> str:
        """The same as one address, the folder in the host's place, as programs of Node want it."""
        return f"postgres://{self.user}@{self.folder.replace('/', '%2F')}/{self.database}"


@dataclass(frozen=True, slots=True)
class Ground:
    """A Postgres that runs, for shops with so many items."""

    server: embedded.Server
    items: int

    def filled(self, name: str) -> str:
        """The database in which a peer's items are, that is copied for each run."""
        return f"{name}_{self.items}"

    def door(self, database: str) -> Door:
        """The way into one of its databases."""
        parts = urlsplit(self.server.dsn)
        return Door(parse_qs(parts.query)["host"][0], parts.username or "", database)

    def dsn(self, database: str) -> str:
        """The address of one of its databases."""
        return with_database(self.server.dsn, database)

    async def has(self, database: str) -> bool:
        """Whether there is such a database."""
        async with self.open(self.server.dsn) as db:
            return bool(await db.value("SELECT 1 FROM pg_database WHERE datname = $1", database))

    async def empty(self, database: str) -> None:
        """Make an empty database, in place of one of that name."""
        await drop_database(self.server.dsn, database)
        await create_database(self.server.dsn, database)

    async def keep(self, database: str, name: str) -> None:
        """Call a database by another name, in place of one that had it; its statistics are made first."""
        async with self.open(self.dsn(database)) as db:
            await db.execute("VACUUM ANALYZE")
        await drop_database(self.server.dsn, name)
        async with self.open(self.server.dsn) as db:
            await db.execute(f'ALTER DATABASE "{database}" RENAME TO "{name}"')

    async def copy(self, template: str, database: str) -> None:
        """Make a fresh copy of a database, in place of the one of an earlier run."""
        await drop_database(self.server.dsn, database)
        await create_database(self.server.dsn, database, template, by_files=True)
        async with self.open(self.dsn(database)) as db:
            await db.execute("CHECKPOINT")  # or it would come in the middle of what is measured

    async def drop(self, database: str) -> None:
        """Drop a database."""
        await drop_database(self.server.dsn, database)

    @asynccontextmanager
    async def open(self, dsn: str) -> AsyncIterator[Db]:
        """A connection that may take its time."""
        db = await Db.open(dsn, min_size=1, max_size=1, statement_seconds=FILL_SECONDS)
        try:
            yield db
        finally:
            await db.close()

    @asynccontextmanager
    async def market(self, database: str, home: Path) -> AsyncIterator[Town]:
        """Our own market in a fresh database of this server, with the same items."""
        await self.empty(database)
        dsn = self.dsn(database)
        await migrate(dsn)
        shelf.dice.seed(SEED)
        db = await Db.open(dsn, max_size=4, statement_seconds=FILL_SECONDS)
        try:
            filled = await fill(db, self.items, MERCHANTS, deposit_cents=1_000_000_00)
            yield Town(dsn, db, home, self.server, self.items, *filled)
        finally:
            await db.close()
            await self.drop(database)


@asynccontextmanager
async def ground(items: int) -> AsyncIterator[Ground]:
    """Run the Postgres of the peers, on the core of the clients, until the block ends."""
    HOME.mkdir(parents=True, exist_ok=True)
    before = os.sched_getaffinity(0)
    # Inherited by Postgres: it and the load stay off the core that is measured.
    os.sched_setaffinity(0, {CLIENTS_CPU} & before or before)
    try:
        async with embedded.server(HOME / "postgres", say=lambda _: None) as server:
            yield Ground(server, items)
    except embedded.DataDirBusy as busy:
        raise NotRun(f"another run measures or installs the peers: {busy}") from None
    finally:
        os.sched_setaffinity(0, before)


def write_items(path: Path, count: int) -> None:
    """Number, name and price in cents of every item, as the programs that fill the peers read them."""
    shelf.dice.seed(SEED)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("id", "name", "price_cents"))
        writer.writerows((one.id, one.market_hash_name, one.price_cents) for one in shelf.offers(count))
