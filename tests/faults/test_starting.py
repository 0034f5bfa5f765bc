"""Programs that start while others migrate, or whose migration is cut short: the schema is made once and whole."""

import asyncio
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

import pytest

from faults.programs import Programs, programs_on, until
from tradepost.db import Db, create_database, drop_database, migrate, migrations
from tradepost.db.migrations import LOCK_KEY
from world import Databases

NAMES = [step.name for step in migrations()]
_numbers = count()


@pytest.fixture
async def empty(server: Databases) -> AsyncIterator[Db]:
    """A database with nothing in it."""
    name = f"empty_{next(_numbers)}"
    db = await Db.open(await create_database(server.server.dsn, name), min_size=1)
    try:
        yield db
    finally:
        await db.close()
        await drop_database(server.server.dsn, name)


@pytest.fixture
async def programs(empty: Db, tmp_path: Path) -> AsyncIterator[Programs]:
    async with programs_on(empty.dsn, tmp_path) as made:
        yield made


async def applied(db: Db) -> list[str]:
    """The steps that were applied."""
    return [row["name"] for row in await db.fetch("SELECT name FROM migration ORDER BY applied_at")]


async def test_migrations_and_a_server_started_at_once_make_the_schema_once(
    empty: Db, programs: Programs
) -> None:
    web = await programs.serve()
    migrated = await asyncio.gather(programs.run("migrate"), programs.run("migrate"))
    assert [status for status, _ in migrated] == [0, 0], migrated
    await web.ready()
    assert await applied(empty) == NAMES


async def test_a_server_waits_for_a_migration_that_is_under_way_and_then_serves(
    empty: Db, programs: Programs
) -> None:
    async with empty.transaction() as migrating:
        await migrating.execute("SELECT pg_advisory_xact_lock($1)", LOCK_KEY)
        web = await programs.serve()

        async def waits() -> bool:
            sql = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory' AND datname = current_database()"
            return bool(await empty.value(sql))

        await until(waits)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", web.port)
    await web.ready()
    assert await applied(empty) == NAMES


async def test_a_migration_that_is_killed_leaves_whole_steps_and_is_finished_by_the_next(
    empty: Db, programs: Programs
) -> None:
    await migrate(empty, migrations()[:-1])
    async with empty.transaction() as holding:
        # The step is carried out, and cannot be written down: there it is killed.
        await holding.execute("LOCK TABLE migration IN EXCLUSIVE MODE")
        doomed = await programs.start("migrate")

        async def carried_out() -> bool:
            sql = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'insert into migration%'"
            return bool(await empty.value(f"{sql} AND datname = current_database()"))

        await until(carried_out)
        await doomed.kill()
    assert await applied(empty) == NAMES[:-1]
    assert await programs.run("migrate") == (0, "1 migrations applied\n")
    assert await applied(empty) == NAMES
