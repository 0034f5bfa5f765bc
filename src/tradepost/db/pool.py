"""`Db`, the pool, and `Tx`, one open transaction: all that is said to Postgres goes through these two."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, NoReturn, Self, TypeVar

import asyncpg
from asyncpg import Record
from asyncpg.pool import PoolConnectionProxy

from tradepost.db.connections import CONNECT_SECONDS, session, teach_json
from tradepost.db.errors import GONE, DatabaseBusy, DatabaseGone, raise_ours
from tradepost.db.listening import Listener
from tradepost.db.rows import builder

ACQUIRE_SECONDS = 5.0  # in the queue for a connection before a caller is told that the database is busy
PATIENCE_SECONDS = 1.5  # a server that restarts is waited for this long before a caller hears of it
RETRY_SECONDS = 0.05  # between two attempts at a server that is not there

# The pool tells of each attempt with a traceback; whoever needs a connection is told by us, in a sentence.
logging.getLogger("asyncpg.pool").setLevel(logging.ERROR)

T = TypeVar("T")


class Tx:
    """One open transaction, READ COMMITTED: all of it happens, or none."""

    __slots__ = ("_con", "_maybe_committed")

    def __init__(self, con: "PoolConnectionProxy[Record]", *, maybe_committed: bool = False) -> None:
        self._con = con
        self._maybe_committed = maybe_committed  # true where each statement commits by itself

    async def fetch(self, sql: str, *args: object) -> list[Record]:
        """All rows as the driver's records."""
        try:
            return await self._con.fetch(sql, *args)
        except Exception as error:
            self._fail(error)

    async def portions(
        self, sql: str, *args: object, rows: int, seconds: float
    ) -> AsyncIterator[list[Record]]:
        """All rows of one moment as the driver's records, so many at a time; each time may take so long."""
        try:
            cursor = await self._con.cursor(sql, *args)
            while found := await cursor.fetch(rows, timeout=seconds):
                yield found
        except Exception as error:
            self._fail(error)

    async def rows(self, kind: type[T], sql: str, *args: object) -> list[T]:
        """All rows, each as a `kind`."""
        records = await self.fetch(sql, *args)
        if not records:
            return []
        build = builder(kind, records[0])
        return [build(record) for record in records]

    async def row(self, kind: type[T], sql: str, *args: object) -> T | None:
        """The first row as a `kind`, or None where there is none."""
        try:
            record = await self._con.fetchrow(sql, *args)
        except Exception as error:
            self._fail(error)
        return None if record is None else builder(kind, record)(record)

    async def value(self, sql: str, *args: object) -> Any:
        """The first column of the first row, or None where there is none."""
        try:
            return await self._con.fetchval(sql, *args)
        except Exception as error:
            self._fail(error)

    async def execute(self, sql: str, *args: object) -> int:
        """How many rows the statement touched; without arguments `sql` may be several statements."""
        try:
            return _count(await self._con.execute(sql, *args))
        except Exception as error:
            self._fail(error)

    async def executemany(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """The statement once for each row of arguments, all or none."""
        try:
            await self._con.executemany(sql, rows)
        except Exception as error:
            self._fail(error)

    async def copy(self, table: str, columns: Sequence[str], records: Iterable[Sequence[object]]) -> int:
        """How many records went into the table, all or none, by the fastest way there is."""
        try:
            done = await self._con.copy_records_to_table(table, columns=list(columns), records=records)
        except Exception as error:
            self._fail(error)
        return _count(done)

    def _fail(self, error: Exception) -> NoReturn:
        try:
            raise_ours(error, maybe_committed=self._maybe_committed)
        except DatabaseGone:
            # What is left of this connection may look alive to the pool: nobody shall be given it again.
            with suppress(asyncpg.InterfaceError):
                self._con.terminate()
            raise


class Db:
    """A pool of connections to one database, on its feet again by itself when the server comes back."""

    def __init__(self, dsn: str, pool: "asyncpg.Pool[Record]") -> None:
        self.dsn = dsn
        self._pool = pool

    @classmethod
    async def open(
        cls,
        dsn: str,
        *,
        min_size: int = 2,
        max_size: int = 10,
        statement_seconds: float = 10.0,
        lock_seconds: float = 5.0,
        statement_cache_size: int = 512,
        name: str = "tradepost",
    ) -> Self:
        """A pool with `min_size` connections made; behind a pooler `statement_cache_size` must be 0."""
        try:
            pool = await asyncpg.create_pool(
                dsn,
                min_size=min_size,
                max_size=max_size,
                timeout=CONNECT_SECONDS,
                statement_cache_size=statement_cache_size,
                # A net under the server's own limit, for a server that no longer answers at all.
                command_timeout=statement_seconds + 5.0,
                server_settings=session(name, statement_seconds=statement_seconds, lock_seconds=lock_seconds),
                init=teach_json,
                reset=_leave_as_is,
            )
        except Exception as error:
            raise_ours(error)
        return cls(dsn, pool)

    async def close(self) -> None:
        """Wait for the connections in use, then close them all; one that hangs is cut."""
        try:
            async with asyncio.timeout(ACQUIRE_SECONDS):
                await self._pool.close()
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            self._pool.terminate()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        """Commits when the block ends, rolls back when it raises; to try again is the caller's business."""
        con = await self._acquire()
        try:
            tx = Tx(con)
            await tx.execute("begin")
            try:
                yield tx
            except BaseException:
                # Where this fails the connection is dead, and the server rolls back by itself.
                with suppress(Exception):
                    await con.execute("rollback")
                raise
            await _commit(con)
        finally:
            await self._release(con)

    async def fetch(self, sql: str, *args: object) -> list[Record]:
        """All rows as the driver's records."""
        async with self._alone() as tx:
            return await tx.fetch(sql, *args)

    async def rows(self, kind: type[T], sql: str, *args: object) -> list[T]:
        """All rows, each as a `kind`."""
        async with self._alone() as tx:
            return await tx.rows(kind, sql, *args)

    async def row(self, kind: type[T], sql: str, *args: object) -> T | None:
        """The first row as a `kind`, or None where there is none."""
        async with self._alone() as tx:
            return await tx.row(kind, sql, *args)

    async def value(self, sql: str, *args: object) -> Any:
        """The first column of the first row, or None where there is none."""
        async with self._alone() as tx:
            return await tx.value(sql, *args)

    async def execute(self, sql: str, *args: object) -> int:
        """How many rows the statement touched; without arguments `sql` may be several statements."""
        async with self._alone() as tx:
            return await tx.execute(sql, *args)

    async def executemany(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """The statement once for each row of arguments, all or none."""
        async with self._alone() as tx:
            await tx.executemany(sql, rows)

    async def copy(self, table: str, columns: Sequence[str], records: Iterable[Sequence[object]]) -> int:
        """How many records went into the table, all or none, by the fastest way there is."""
        async with self._alone() as tx:
            return await tx.copy(table, columns, records)

    async def listen(self, channel: str, wake: Callable[[], None]) -> Listener:
        """Call `wake` at each NOTIFY on the channel and each reconnect, until the listener is closed."""
        listener = Listener(self.dsn, channel, wake)
        await listener.start()
        return listener

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[Tx]:
        con = await self._acquire()
        try:
            yield Tx(con, maybe_committed=True)
        finally:
            await self._release(con)

    async def _acquire(self) -> "PoolConnectionProxy[Record]":
        """A connection, waiting a little for a server that is coming back: nothing was asked of it yet."""
        clock = asyncio.get_running_loop().time
        start = clock()
        while True:
            try:
                return await self._pool.acquire(timeout=start + ACQUIRE_SECONDS - clock())
            except TimeoutError as error:
                raise DatabaseBusy("all connections to the database are in use") from error
            except GONE as error:
                if clock() - start > PATIENCE_SECONDS:
                    raise_ours(error)
            except Exception as error:
                raise_ours(error)
            await asyncio.sleep(RETRY_SECONDS)

    async def _release(self, con: "PoolConnectionProxy[Record]") -> None:
        # What went wrong with this connection its user was told already, and the pool replaces it.
        with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError):
            await self._pool.release(con)


async def _leave_as_is(_: "asyncpg.Connection[Record]") -> None:
    """Reset nothing between two users of a connection: we set nothing on it, and asking costs a round trip.

    A transaction that was left open the pool rolls back by itself before it calls this.
    """


async def _commit(con: "PoolConnectionProxy[Record]") -> None:
    try:
        done = await con.execute("commit")
    except Exception as error:
        # The answer may have been lost on its way back: only who looks for his key afterwards can know.
        raise_ours(error, maybe_committed=True)
    if done != "COMMIT":
        # Where a statement failed and its exception was swallowed, the server answers ROLLBACK and no error.
        raise RuntimeError("a statement of this transaction had failed: it was rolled back, not committed")


def _count(status: str) -> int:
    """The rows touched, from the server's closing word: `UPDATE 3`, `INSERT 0 1`, `COPY 7`, `BEGIN`."""
    tail = status.rpartition(" ")[2]
    return int(tail) if tail.isdigit() else 0
