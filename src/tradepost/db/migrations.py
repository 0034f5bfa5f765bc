"""The schema's steps, forward only: applied in order and once, however many processes start at one moment."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

import asyncpg
from asyncpg import Record

from tradepost.db.connections import CONNECT_SECONDS, connect
from tradepost.db.errors import MigrationRefused, raise_ours

if TYPE_CHECKING:
    from tradepost.db.pool import Db

LOCK_KEY = 0x7472616465706F73  # the advisory lock of migrations: "tradepos" in ASCII
OLDEST_MAJOR = 15  # the oldest PostgreSQL on which all of it is tested
LOCK_SECONDS = 10  # a step gives up rather than stop all traffic behind a table's lock that it waits for


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema: a file of `sql/`."""

    name: str
    sql: str

    @property
    def digest(self) -> str:
        """What tells this text from any other."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations() -> list[Migration]:
    """The steps that come with this program, in order."""
    found = [
        Migration(file.name.removesuffix(".sql"), file.read_text(encoding="utf-8"))
        for file in files("tradepost").joinpath("sql").iterdir()
        if re.fullmatch(r"[0-9]{4}_[a-z0-9_]+\.sql", file.name)
    ]
    return sorted(found, key=lambda step: step.name)


async def migrate(target: "Db | str", steps: Sequence[Migration] | None = None) -> list[str]:
    """Bring the database to this program's schema; answers the names of the steps that were applied just now.

    Each step takes the lock for its own transaction (a lock of the session would be lost or stuck behind a
    pooler), and looks again what was applied while it waited: so any number of processes may do this at once.
    """
    steps = migrations() if steps is None else steps
    done: list[str] = []
    try:
        con = await connect(
            target if isinstance(target, str) else target.dsn, "tradepost migrate", statement_seconds=0
        )
        try:
            _fits(con)
            while (name := await _next_step(con, steps)) is not None:
                done.append(name)
        finally:
            await con.close(timeout=CONNECT_SECONDS)
    except asyncpg.InsufficientPrivilegeError as error:
        raise MigrationRefused(
            f"the database's user may not make tables in it ({error}): let it own the database"
        ) from error
    except Exception as error:
        raise_ours(error, maybe_committed=True)
    return done


def _fits(con: "asyncpg.Connection[Record]") -> None:
    """Refuse a server on which something would only fail later: too old, or without most of the letters there are."""
    major, encoding = con.get_server_version().major, con.get_settings().server_encoding
    if major < OLDEST_MAJOR:
        raise MigrationRefused(
            f"the database is a PostgreSQL {major}: {OLDEST_MAJOR} is the oldest that will do"
        )
    if encoding != "UTF8":
        raise MigrationRefused(f"the database's encoding is {encoding}: make one with the encoding UTF8")


async def _next_step(con: "asyncpg.Connection[Record]", steps: Sequence[Migration]) -> str | None:
    """Apply the first step that is missing, in a transaction; its name, or None where none was missing."""
    async with con.transaction():
        await con.execute("select pg_advisory_xact_lock($1)", LOCK_KEY)
        # The real time, by the server: the market's own clock lies in a table that may not be there yet.
        await con.execute(
            "create table if not exists migration (name text primary key, digest text not null, "
            "applied_at timestamptz not null default clock_timestamp())"
        )
        records = await con.fetch("select name, digest from migration")
        applied: dict[str, str] = {record["name"]: record["digest"] for record in records}
        _compare(applied, steps)
        for step in steps:
            if step.name not in applied:
                await con.execute(f"set local lock_timeout = '{LOCK_SECONDS}s'")
                await con.execute(step.sql)
                sql = "insert into migration (name, digest) values ($1, $2)"
                await con.execute(sql, step.name, step.digest)
                return step.name
    return None


def _compare(applied: dict[str, str], steps: Sequence[Migration]) -> None:
    """Refuse a database newer than this program, a step changed afterwards, and a step that comes late."""
    known = {step.name: step.digest for step in steps}
    newest = max(applied, default="")
    for name, digest in sorted(applied.items()):
        if name not in known:
            raise MigrationRefused(
                f"the database has the migration {name}, which this program lacks: it needs a newer one"
            )
        if known[name] != digest:
            raise MigrationRefused(
                f"the migration {name} was changed after it was applied: put its text back, write a new one"
            )
    for name in known:
        if name not in applied and name < newest:
            raise MigrationRefused(f"the migration {name} comes before {newest}, which is applied already")
