"""A database that a process dies in front of: in the middle of a transaction, or before it hears that it was done."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from asyncpg import Record

from tradepost.db import DatabaseGone, Db, Tx

T = TypeVar("T")


class Died(Exception):
    """The process ended here, as far as this transaction is concerned."""


@dataclass
class Life:
    """How many statements are left until the next death, and whether the next answer of a batch of buys is lost."""

    left: int | None = None
    loses_answer: bool = False

    def spend(self) -> None:
        """Live through one statement, or die before it."""
        if self.left is None:
            return
        self.left -= 1
        if self.left < 0:
            self.left = None
            raise Died


class FrailTx(Tx):
    """A transaction that may end at any of its statements."""

    __slots__ = ("_life",)

    def __init__(self, tx: Tx, life: Life) -> None:
        super().__init__(tx._con)
        self._life = life

    async def fetch(self, sql: str, *args: object) -> list[Record]:
        self._life.spend()
        return await super().fetch(sql, *args)

    async def row(self, kind: type[T], sql: str, *args: object) -> T | None:
        self._life.spend()
        return await super().row(kind, sql, *args)

    async def value(self, sql: str, *args: object) -> Any:
        self._life.spend()
        return await super().value(sql, *args)

    async def execute(self, sql: str, *args: object) -> int:
        self._life.spend()
        return await super().execute(sql, *args)

    async def executemany(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        self._life.spend()
        await super().executemany(sql, rows)


class FrailDb(Db):
    """The same database as another one, for a process that may die."""

    def __init__(self, db: Db) -> None:
        super().__init__(db.dsn, db._pool)
        self.life = Life()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        async with super().transaction() as tx:
            yield FrailTx(tx, self.life)
            self.life.spend()  # all is said, and nothing is committed

    async def fetch(self, sql: str, *args: object) -> list[Record]:
        found = await super().fetch(sql, *args)
        if self.life.loses_answer and "buy_batch(" in sql:
            self.life.loses_answer = False
            raise DatabaseGone("the answer was lost", maybe_committed=True)
        return found
