"""A durable Postgres that may be killed."""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import count

from tradepost import embedded
from tradepost.db import DatabaseGone, Db, create_database, migrate
from tradepost.embedded.processes import of_cluster
from world import faults_of_the_books

_numbers = count()


@dataclass
class Mortal:
    """A Postgres that forgets nothing when it is killed: unlike the other tests' own, which forgets the disk."""

    server: embedded.Server

    def kill(self) -> None:
        """Kill the postmaster and all its children."""
        for pid in of_cluster(self.server.cluster_dir, self.server.name):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def kill_postmaster(self) -> None:
        """Kill the postmaster alone: its children go on until they notice."""
        assert self.server.pid is not None
        os.kill(self.server.pid, signal.SIGKILL)

    @asynccontextmanager
    async def database(self) -> AsyncIterator[Db]:
        """A migrated database, whose books add up in the end."""
        dsn = await create_database(self.server.dsn, f"mortal_{next(_numbers)}")
        await migrate(dsn)
        db = await Db.open(dsn, min_size=1)
        try:
            yield db
            assert await faults_of_the_books(db) == []
        finally:
            await db.close()


async def is_there(db: Db) -> bool:
    """Whether the database answers now."""
    with suppress(DatabaseGone):
        return bool(await db.value("SELECT true"))
    return False
