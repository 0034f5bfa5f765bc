"""The world of the tests: one Postgres for a run, a fresh database for each test, honest books after it."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from tradepost import embedded
from tradepost.db import Db, create_database, drop_database, migrate

TEMPLATE = "template_market"
MEMORY = Path("/dev/shm")  # noqa: S108 - a directory of our own is made in it
MEMORY_BYTES_MIN = 2 << 30


@dataclass
class Databases:
    """A server with a migrated template in it, from which each test gets a copy of its own."""

    server: embedded.Server
    in_memory: bool
    numbers: "count[int]" = field(default_factory=count)
    dropping: set[asyncio.Task[None]] = field(default_factory=set)

    @asynccontextmanager
    async def fresh(self, max_size: int = 10) -> AsyncIterator[Db]:
        """A migrated, empty database; dropped afterwards, while the next test is already running."""
        name = f"test_{os.getpid()}_{next(self.numbers)}"
        dsn = await create_database(self.server.dsn, name, TEMPLATE, by_files=self.in_memory)
        db = await Db.open(dsn, min_size=1, max_size=max_size)
        try:
            yield db
        finally:
            await db.close()
            task = asyncio.create_task(drop_database(self.server.dsn, name))
            self.dropping.add(task)
            task.add_done_callback(self.dropping.discard)


def in_memory() -> bool:
    """Whether there is room for the server's files where no disk slows them down."""
    return MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= MEMORY_BYTES_MIN


def open_directory(parent: Path | None = None) -> Path:
    """A new temporary directory that others can enter, as the user must whom root borrows for Postgres."""
    path = Path(tempfile.mkdtemp(prefix="tradepost-tests-", dir=parent))
    path.chmod(0o755)
    return path


@asynccontextmanager
async def databases() -> AsyncIterator[Databases]:
    """One server for a run of tests, which forgets the disk; `PG_BIN` says whose programs it runs."""
    home = open_directory(MEMORY if in_memory() else None)
    try:
        async with embedded.server(home, durable=False) as server:
            await migrate(await create_database(server.dsn, TEMPLATE))
            databases = Databases(server, in_memory())
            yield databases
            await asyncio.gather(*databases.dropping, return_exceptions=True)
    finally:
        shutil.rmtree(home, ignore_errors=True)


async def faults_of_the_books(db: Db) -> list[str]:
    """What does not add up in a database: nothing, after whatever happened in it.

    All that `ledger.faults` looks at, in one statement: after thousands of tests, its thirty take a minute.
    """
    from tradepost.market.ledger import _FAULTS

    checks = (
        f"SELECT {number}, found.what::text FROM ({sql}) found(what)"
        for number, (_, sql) in enumerate(_FAULTS)
    )
    found = await db.fetch(" UNION ALL ".join(checks))
    return [_FAULTS[number][0].format(what) for number, what in found]
