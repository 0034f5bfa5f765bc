"""The door to Postgres: what comes is whole or refused, what is lost is said, the pool finds its feet."""

import asyncio
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any

import asyncpg
import pytest

from tradepost.db import (
    DatabaseBusy,
    DatabaseGone,
    Db,
    Migration,
    MigrationRefused,
    RowMismatch,
    UniqueViolationError,
    create_database,
    migrate,
    migrations,
    with_database,
)
from tradepost.dialects.fields import Id
from tradepost.dialects.operator_api.fields import Cents, Reason
from world import Databases
from write_schema import SCHEMA, schema_of


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True)
class Thing:
    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Painted:
    id: int
    colour: Colour | None
    sizes: tuple[int, ...]


@pytest.fixture
async def things(db: Db) -> Db:
    await db.execute("create table thing (id bigint primary key, name text not null)")
    return db


async def test_a_row_becomes_its_dataclass_by_name_whatever_the_order(things: Db) -> None:
    await things.execute("insert into thing values (1, 'one'), (2, 'two')")
    assert await things.rows(Thing, "select id, name from thing order by id") == [
        Thing(1, "one"),
        Thing(2, "two"),
    ]
    assert await things.row(Thing, "select name, id from thing where id = $1", 2) == Thing(2, "two")
    assert await things.row(Thing, "select name, id from thing where id = $1", 3) is None
    assert await things.rows(Thing, "select * from thing where id > 2") == []


@pytest.mark.parametrize(
    ("sql", "sentence"),
    [
        ("select 1 as id, 'a' as name, 2 as weight", "Thing has no field for the column weight"),
        ("select 1 as id", "the row has no column for Thing's field name"),
        ("select 1 as id, 'a' as name, 2 as id", "the row has id twice"),
        (
            "select 1 as id, 'a' as title",
            "Thing has no field for the column title; the row has no column for Thing's field name",
        ),
    ],
)
async def test_a_row_that_is_not_its_dataclass_is_refused_in_a_sentence(
    db: Db, sql: str, sentence: str
) -> None:
    with pytest.raises(RowMismatch) as refused:
        await db.row(Thing, sql)
    assert str(refused.value) == sentence


async def test_a_text_becomes_the_enum_and_an_array_the_tuple_that_the_field_promises(db: Db) -> None:
    row = await db.row(Painted, "select '{1,2}'::int[] as sizes, 'red' as colour, 1 as id")
    assert row == Painted(1, Colour.RED, (1, 2))
    assert isinstance(row.colour, Colour)
    assert await db.row(Painted, "select 1 as id, null as colour, '{}'::int[] as sizes") == Painted(
        1, None, ()
    )
    with pytest.raises(ValueError, match="green"):
        await db.row(Painted, "select 1 as id, 'green' as colour, '{}'::int[] as sizes")


async def test_a_dialect_s_own_kind_of_text_or_number_is_kept_as_what_it_is(db: Db) -> None:
    given = {"reason": Reason.read("a ticket says so"), "cents": Cents.read("5"), "list": [Id("7")]}
    assert await db.value("select $1::jsonb", given) == {
        "reason": "a ticket says so",
        "cents": 5,
        "list": [7],
    }
    with pytest.raises(asyncpg.DataError):
        await db.value("select $1::jsonb", {"what": object()})


@pytest.mark.parametrize("value", [{"a": [1, 2.5, None, "é"]}, [], "text", 7, None, {"deep": {"er": True}}])
async def test_json_comes_back_as_it_went(db: Db, value: Any) -> None:
    assert await db.value("select $1::jsonb", value) == value
    assert await db.value("select $1::json", value) == value


async def test_a_time_comes_back_in_utc_whatever_zone_it_went_in(db: Db) -> None:
    there = datetime(2026, 7, 1, 12, 0, tzinfo=timezone(timedelta(hours=3)))
    back = await db.value("select $1::timestamptz", there)
    assert back == there
    assert back.tzinfo is UTC


async def test_the_largest_bigint_is_a_whole_number(db: Db) -> None:
    assert await db.value("select 9223372036854775807") == 2**63 - 1


async def test_portions_are_all_rows_of_one_moment(things: Db) -> None:
    await things.execute("insert into thing select n, 'n' from generate_series(1, 7) n")
    found: list[list[int]] = []
    async with things.transaction() as tx:
        async for records in tx.portions("select id from thing order by id", rows=3, seconds=5):
            found.append([record["id"] for record in records])
            await things.execute("delete from thing where id > 3")  # by another connection
            assert (
                await tx.value("select count(*) from thing where id <= 3") == 3
            )  # and others are asked between
    assert found == [[1, 2, 3], [4, 5, 6], [7]]


async def test_a_connection_cut_between_two_portions_is_gone(things: Db) -> None:
    await things.execute("insert into thing select n, 'n' from generate_series(1, 7) n")
    with pytest.raises(DatabaseGone):
        async with things.transaction() as tx:
            async for _ in tx.portions("select id from thing", rows=3, seconds=5):
                await things.execute(
                    "select pg_terminate_backend($1)", await tx.value("select pg_backend_pid()")
                )


async def test_execute_and_copy_say_how_many_rows(things: Db) -> None:
    assert await things.copy("thing", ["id", "name"], [(n, str(n)) for n in range(100)]) == 100
    assert await things.execute("update thing set name = 'x' where id < $1", 7) == 7
    assert await things.execute("delete from thing where id < 0") == 0
    await things.executemany("insert into thing values ($1, $2)", [(100, "a"), (101, "b")])
    assert await things.value("select count(*) from thing") == 102


async def test_executemany_is_all_or_none(things: Db) -> None:
    with pytest.raises(UniqueViolationError):
        await things.executemany("insert into thing values ($1, $2)", [(1, "a"), (1, "b")])
    assert await things.value("select count(*) from thing") == 0


async def test_a_transaction_commits_at_its_end(things: Db) -> None:
    async with things.transaction() as tx:
        await tx.execute("insert into thing values (1, 'one')")
        assert await things.value("select count(*) from thing") == 0
    assert await things.value("select count(*) from thing") == 1


async def test_a_transaction_that_raises_leaves_nothing(things: Db) -> None:
    with pytest.raises(LookupError):
        async with things.transaction() as tx:
            await tx.execute("insert into thing values (1, 'one')")
            raise LookupError
    assert await things.value("select count(*) from thing") == 0


async def test_a_swallowed_failure_does_not_pass_for_a_commit(things: Db) -> None:
    with pytest.raises(RuntimeError, match="rolled back"):
        async with things.transaction() as tx:
            await tx.execute("insert into thing values (1, 'one')")
            with pytest.raises(UniqueViolationError):
                await tx.execute("insert into thing values (1, 'again')")
    assert await things.value("select count(*) from thing") == 0


async def test_a_cancelled_transaction_leaves_nothing_and_gives_its_connection_back(
    server: Databases,
) -> None:
    async with server.fresh(max_size=1) as db:
        await db.execute("create table thing (id bigint)")
        inside = asyncio.Event()

        async def work() -> None:
            async with db.transaction() as tx:
                await tx.execute("insert into thing values (1)")
                inside.set()
                await tx.execute("select pg_sleep(60)")

        task = asyncio.create_task(work())
        await inside.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await db.value("select count(*) from thing") == 0  # on the only connection there is


async def test_one_connection_serves_many_in_turn(server: Databases) -> None:
    async with server.fresh(max_size=1) as db:
        assert await asyncio.gather(*(db.value("select $1::int", n) for n in range(50))) == list(range(50))


async def test_a_lock_that_is_not_had_in_time_is_busy_and_not_gone(server: Databases) -> None:
    async with server.fresh() as db:
        await db.execute("create table thing (id bigint); insert into thing values (1)")
        hasty = await Db.open(db.dsn, min_size=1, lock_seconds=0.05)
        async with db.transaction() as tx:
            await tx.execute("select 1 from thing for update")
            with pytest.raises(DatabaseBusy, match="lock timeout"):
                await hasty.execute("update thing set id = 2")
        assert await hasty.execute("update thing set id = 2") == 1
        await hasty.close()


async def test_a_statement_that_takes_too_long_is_busy(server: Databases) -> None:
    hasty = await Db.open(server.server.dsn, min_size=1, statement_seconds=0.5)
    with pytest.raises(DatabaseBusy, match="statement timeout"):
        await hasty.value("select pg_sleep(60)")
    assert await hasty.value("select 1") == 1
    await hasty.close()


async def test_a_deadlock_is_busy_for_one_of_the_two(things: Db) -> None:
    await things.execute("insert into thing values (1, 'one'), (2, 'two')")
    both = asyncio.Barrier(2)

    async def lock(first: int, second: int) -> None:
        async with things.transaction() as tx:
            await tx.execute("select 1 from thing where id = $1 for update", first)
            await both.wait()
            await tx.execute("select 1 from thing where id = $1 for update", second)

    ends = await asyncio.gather(lock(1, 2), lock(2, 1), return_exceptions=True)
    assert sorted(type(end).__name__ for end in ends) == ["DatabaseBusy", "NoneType"]


async def test_a_connection_cut_in_a_statement_is_gone_and_the_pool_goes_on(things: Db) -> None:
    async def cut(pid: int) -> None:
        await things.execute("select pg_terminate_backend($1)", pid)

    with pytest.raises(DatabaseGone) as lost:
        async with things.transaction() as tx:
            await tx.execute("insert into thing values (1, 'one')")
            await cut(await tx.value("select pg_backend_pid()"))
            await tx.execute("insert into thing values (2, 'two')")
    assert not lost.value.maybe_committed  # it never came to the commit
    assert await things.value("select count(*) from thing") == 0


async def test_a_commit_whose_answer_was_lost_may_have_been_done(things: Db) -> None:
    with pytest.raises(DatabaseGone) as lost:
        async with things.transaction() as tx:
            await things.execute("select pg_terminate_backend($1)", await tx.value("select pg_backend_pid()"))
    assert lost.value.maybe_committed


async def test_no_server_is_gone_in_a_moment(server: Databases) -> None:
    with pytest.raises(DatabaseGone):
        await Db.open("postgresql://tradepost@/tradepost?host=/nowhere")
    with pytest.raises(DatabaseGone):
        await migrate("postgresql://tradepost@127.0.0.1:1/tradepost")


async def test_a_server_that_lets_nobody_of_this_name_in_is_no_connection(server: Databases) -> None:
    with pytest.raises(DatabaseGone, match=r"no connection to the database: .* does not exist"):
        await Db.open(with_database(server.server.dsn, "nowhere"))


async def test_a_database_that_would_only_fail_later_is_refused_at_once(
    server: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with server.fresh() as db:
        await db.execute("create role stranger login")
        await db.execute("create database latin encoding latin1 locale 'C' template template0")
        try:
            latin = with_database(server.server.dsn, "latin")
            with pytest.raises(MigrationRefused, match="encoding is LATIN1"):
                await migrate(latin)
            with pytest.raises(MigrationRefused, match="may not make tables in it"):
                await migrate(f"{db.dsn}&role=stranger")
        finally:
            await db.execute("drop database latin with (force)")
            await db.execute("drop role stranger")
        # The module: its name in the package is that of the function.
        monkeypatch.setattr(sys.modules["tradepost.db.migrations"], "OLDEST_MAJOR", 99)
        with pytest.raises(MigrationRefused, match="99 is the oldest that will do"):
            await migrate(db)


async def test_every_connection_is_held_to_our_terms(db: Db) -> None:
    show = (
        "select current_setting('transaction_isolation') || ' ' || current_setting('timezone') || ' ' || $1"
    )
    assert await db.value(show, "x") == "read committed UTC x"
    assert await db.value("show statement_timeout") == "10s"
    assert await db.value("show lock_timeout") == "5s"


class Bell:
    """Counts how often it was rung."""

    def __init__(self) -> None:
        self.rung = 0
        self._event = asyncio.Event()

    def ring(self) -> None:
        self.rung += 1
        self._event.set()

    async def next(self) -> None:
        await asyncio.wait_for(self._event.wait(), 10)
        self._event.clear()


async def test_a_listener_is_woken_at_its_start_at_a_notice_and_after_its_connection_was_cut(db: Db) -> None:
    bell = Bell()
    listener = await db.listen("changes", bell.ring)
    await bell.next()
    await db.execute("notify changes")
    await bell.next()
    assert bell.rung == 2
    listening = "application_name = 'tradepost listen changes'"
    await db.execute(f"select pg_terminate_backend(pid) from pg_stat_activity where {listening}")
    await bell.next()  # connected again, for what was said meanwhile
    await db.execute("notify changes")
    await bell.next()
    await db.execute("notify other")
    await listener.close()
    await db.execute("notify changes")
    assert bell.rung == 4


# --- migrations ---

STEPS = [
    Migration("0001_first", "create table one (id int); insert into one values (1)"),
    Migration("0002_second", "create table two (id int)"),
]


@pytest.fixture
async def empty(server: Databases) -> AsyncIterator[Db]:
    """A database that was never migrated."""
    name = f"empty_{next(server.numbers)}"
    db = await Db.open(await create_database(server.server.dsn, name), min_size=1)
    yield db
    await db.close()


async def test_steps_are_applied_in_order_and_once(empty: Db) -> None:
    assert await migrate(empty, STEPS[:1]) == ["0001_first"]
    assert await migrate(empty.dsn, STEPS) == ["0002_second"]
    assert await migrate(empty, STEPS) == []
    assert await empty.value("select count(*) from one") == 1


async def test_eight_processes_that_migrate_at_once_apply_each_step_once(empty: Db) -> None:
    done = await asyncio.gather(*(migrate(empty, STEPS) for _ in range(8)))
    assert sorted(name for names in done for name in names) == ["0001_first", "0002_second"]
    assert await empty.value("select count(*) from one") == 1


async def test_a_step_that_fails_leaves_nothing_of_itself(empty: Db) -> None:
    broken = Migration("0003_broken", "create table three (id int); select 1 / 0")
    with pytest.raises(Exception, match="division by zero"):
        await migrate(empty, [*STEPS, broken])
    assert await empty.value("select to_regclass('three')") is None
    assert await empty.value("select max(name) from migration") == "0002_second"


@pytest.mark.parametrize(
    ("steps", "sentence"),
    [
        (
            [STEPS[0], Migration("0002_second", "create table two (id bigint)")],
            "0002_second was changed after",
        ),
        (STEPS[:1], "has the migration 0002_second, which this program lacks"),
        ([*STEPS, Migration("0001_late", "select 1")], "0001_late comes before 0002_second"),
    ],
)
async def test_a_database_and_a_program_that_disagree_are_not_migrated(
    empty: Db, steps: list[Migration], sentence: str
) -> None:
    await migrate(empty, STEPS)
    with pytest.raises(MigrationRefused, match=sentence):
        await migrate(empty, steps)


def test_the_programs_own_steps_have_numbers_without_a_gap() -> None:
    assert [step.name[:4] for step in migrations()] == [f"{n:04}" for n in range(1, len(migrations()) + 1)]


async def test_schema_sql_is_what_all_migrations_make(db: Db) -> None:
    assert SCHEMA.read_text(encoding="utf-8") == schema_of(db.dsn), "run `make schema`"
