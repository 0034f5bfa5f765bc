"""What a verb asks the database, and how Postgres would go about it once tables are long."""

from tradepost.db import Db, Record, Tx

Statement = tuple[str, tuple[object, ...]]


class Asked(Db):
    """The same database, which keeps what it is asked for."""

    def __init__(self, db: Db) -> None:
        super().__init__(db.dsn, db._pool)
        self.statements: list[Statement] = []

    async def fetch(self, sql: str, *args: object) -> list[Record]:
        self.statements.append((sql, args))
        return await super().fetch(sql, *args)

    async def value(self, sql: str, *args: object) -> object:
        self.statements.append((sql, args))
        return await super().value(sql, *args)

    async def row(self, kind, sql: str, *args: object):  # type: ignore[no-untyped-def] # as Db.row
        self.statements.append((sql, args))
        return await super().row(kind, sql, *args)

    async def rows(self, kind, sql: str, *args: object):  # type: ignore[no-untyped-def] # as Db.rows
        self.statements.append((sql, args))
        return await super().rows(kind, sql, *args)


async def plans(tx: Tx, statements: list[Statement]) -> list[str]:
    """The plan of each, where a table is read as a whole only if nothing else leads to its rows."""
    await tx.execute("SET LOCAL enable_seqscan = off")
    return ["\n".join(row[0] for row in await tx.fetch(f"EXPLAIN {sql}", *args)) for sql, args in statements]
