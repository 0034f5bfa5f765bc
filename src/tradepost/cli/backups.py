"""Verbs for what an operator hopes never to need: a backup, and going on from one."""

import os
import re
import sys
from argparse import Namespace
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from tradepost import doctor
from tradepost.app import Clock, open_app
from tradepost.cli import Adder
from tradepost.cli.running import database
from tradepost.config import Settings, keys
from tradepost.db import DatabaseBusy, DatabaseGone, Db, migrate
from tradepost.db.migrations import OLDEST_MAJOR
from tradepost.doctor import Finding
from tradepost.embedded import EmbeddedError
from tradepost.embedded.tools import run_tool
from tradepost.market import clock, restoring, seals
from tradepost.rules.refusals import Conflicting, NotFound

MAGIC = b"PGDMP"  # how an archive of pg_dump begins
ASIDE = "before_restore"  # the schema with what a database has while a backup takes its place
CUT_OFF = (
    f"An earlier restore was cut off: the schema {ASIDE} has what the database had. Put it back (DROP SCHEMA public CASCADE;"
    f" ALTER SCHEMA {ASIDE} RENAME TO public), or drop it, where the database has what you want."
)


async def backup(settings: Settings, options: Namespace) -> int:
    """Write the whole database into one file, as it is at one moment; the keys of secrets are not in it."""
    file: Path = options.file
    part = _begin(file)
    try:
        async with database(settings) as dsn:
            major, names = await _server(dsn)
            excluded = [f"--exclude-table-data={table}" for table in restoring.MOMENTARY]
            options_ = ["--format=custom", "--no-owner", "--no-privileges", f"--file={part}"]
            await run_tool("pg_dump", dsn, *options_, *excluded, least_major=major)
        size = _finish(part, file)
    finally:
        part.unlink(missing_ok=True)
    sys.stdout.write(f"{file}: {size:,} bytes, of {Clock.real_now():%Y-%m-%d %H:%M:%S} UTC\n")
    if needed := [name for name in names if name != seals.UNSET]:
        sys.stdout.write(
            f"The secrets in it stay sealed: to use them one day you need the keys {', '.join(needed)},"
            " which are not in this file. Keep them somewhere else.\n"
        )
    return 0


def _begin(file: Path) -> Path:
    """Make the file that a backup is written to before it is whole; raises Conflicting where its name is taken.

    It holds everybody's data: nobody else may read it at any moment.
    """
    if file.exists():
        raise Conflicting(f"{file} exists: a backup is written over none; choose another name.")
    part = file.with_name(f".{file.name}.part")
    os.close(os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600))
    return part


def _finish(part: Path, file: Path) -> int:
    """Give a whole backup its name; return its length in bytes."""
    size = part.stat().st_size
    part.rename(file)
    return size


async def restore(settings: Settings, options: Namespace) -> int:
    """Go on from a backup: into an empty database, reconciled so that nothing is sent or paid twice."""
    file: Path = options.file
    with file.open("rb") as archive:
        if archive.read(len(MAGIC)) != MAGIC:
            raise Conflicting(f"{file} is no backup that `tradepost backup` wrote.")
    async with database(settings) as dsn:
        before = await _make_room(dsn, replace=options.replace)
        try:
            major, _ = await _server(dsn)
            await run_tool(
                "pg_restore", dsn, "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", file,
                least_major=major,
            )  # fmt: skip
            await migrate(dsn)
            _, names = await _server(dsn)
            async with open_app(settings, dsn) as app:
                await clock.read(app)
                done = await restoring.reconcile(app)
        except BaseException:
            await _put_back(dsn, before)
            raise
        if before is not None:
            await _run(dsn, f"DROP SCHEMA {ASIDE} CASCADE")
    _tell(done, _missing(settings, names))
    return 1 if done.faults else 0


def _missing(settings: Settings, names: Sequence[str]) -> list[str]:
    """The keys that secrets lie under and that are not set; a sandbox needs none for what was sealed without one."""
    known = set(keys(settings)) | (set() if settings.mode == "production" else {seals.UNSET})
    return sorted(set(names) - known)


async def examine(settings: Settings, _: Namespace) -> int:
    """Look at everything that has to be right around the market; exit with 1 if anything is not."""
    bad = 0
    async with AsyncExitStack() as stack:
        db: Db | None = None
        try:
            dsn = await stack.enter_async_context(database(settings))
            db = await Db.open(dsn, min_size=1, max_size=2)
            stack.push_async_callback(db.close)
        except (DatabaseGone, DatabaseBusy, EmbeddedError, OSError) as error:
            bad += _line(
                Finding("database", False, str(error), "see that it runs, and what DATABASE_URL says")
            )
        async for found in doctor.examine(settings, db):
            bad += _line(found)
    sys.stdout.write(f"{bad} things to see to\n" if bad else "all is well\n")
    return 1 if bad else 0


def _line(found: Finding) -> bool:
    """Write a finding as its line, and what to do as another; say whether it is bad."""
    sys.stdout.write(f"{'good' if found.is_good else 'BAD '}  {found.name}: {found.sentence}\n")
    if not found.is_good and found.remedy:
        sys.stdout.write(f"      -> {found.remedy}\n")
    return not found.is_good


def _tell(done: restoring.Restored, missing_keys: list[str]) -> None:
    say = sys.stdout.write
    say("The backup is in place, and buying is switched off.\n")
    say(
        f"  {done.looked_for} trades have a Steam offer that may exist: it is looked for, none is sent again\n"
    )
    say(
        f"  {done.payouts_doubted} payouts may have been paid since: `tradepost payout` shows them as unknown\n"
    )
    say(f"  {done.payouts_asked} payouts were asked for: read the provider's books before you approve one\n")
    say(f"  {done.notices_waiting} notices wait, and go out under the names that they had\n")
    say(
        "  everybody has to sign in again; API tokens that were revoked since are valid again: look at them\n"
    )
    for name in missing_keys:
        what = (
            "secrets were sealed without a key, which production opens not: their merchants have to rotate them"
            if name == seals.UNSET
            else f"secrets lie under the key {name}, which you have not set: put it into TRADEPOST_KEY or key_file"
        )
        say(f"  {what}\n")
    for fault in done.faults:
        say(f"  the ledger does not add up: {fault}\n")
    say(
        "Record the deposits since the backup again (the same reference is the same deposit), start the workers, let the\n"
        "sellers' programs report, run `tradepost doctor`, start the servers, then: tradepost switch buying on\n"
    )


async def _server(dsn: str) -> tuple[int, list[str]]:
    """The server's major version, and the ids of the keys that secrets in the database lie under."""
    db = await Db.open(dsn, min_size=1, max_size=1, statement_seconds=60)
    try:
        version = int(await db.value("SELECT current_setting('server_version_num')::int")) // 10_000
        names: set[str] = set()
        for table, _, columns in seals.SEALED:
            if await db.value("SELECT to_regclass($1) IS NULL", table):
                continue
            for column in columns:
                rows = await db.fetch(f"SELECT {column} AS sealed FROM {table} WHERE {column} IS NOT NULL")
                names |= {seals.key_of(row["sealed"]) for row in rows}
    finally:
        await db.close()
    return max(version, OLDEST_MAJOR), sorted(names)


async def _make_room(dsn: str, *, replace: bool) -> str | None:
    """Refuse a database that has a market in it, or that somebody uses; with `replace` put what it has aside first.

    Not dropped before the backup is in place and reconciled: a file may turn out to be cut off. Return the schema's name
    where something was put aside.
    """
    db = await Db.open(dsn, min_size=1, max_size=1, statement_seconds=600)
    try:
        others = await db.fetch(
            "SELECT DISTINCT application_name FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND backend_type = 'client backend' ORDER BY 1"
        )
        if others:
            names = ", ".join(row["application_name"] or "somebody" for row in others)
            raise Conflicting(f"The database is in use ({names}): stop servers, workers and the demo first.")
        if await db.value("SELECT to_regnamespace($1) IS NOT NULL", ASIDE):
            raise Conflicting(CUT_OFF)
        if await db.value("SELECT to_regclass('migration') IS NULL AND to_regclass('account') IS NULL"):
            return None
        if not replace:
            raise Conflicting(
                "There is a market in this database: name an empty one, or say --replace and lose what it has."
            )
        schema = await db.value("SELECT current_schema()")
        if not isinstance(schema, str) or not re.fullmatch(r"[a-z_]+", schema):
            raise NotFound("The database has no schema to restore into.")
        await db.execute(f"ALTER SCHEMA {schema} RENAME TO {ASIDE}; CREATE SCHEMA {schema}")
    finally:
        await db.close()
    return schema


async def _put_back(dsn: str, schema: str | None) -> None:
    """Let a database be as it was before a restore that came to nothing."""
    if schema is not None:
        await _run(dsn, f"DROP SCHEMA {schema} CASCADE; ALTER SCHEMA {ASIDE} RENAME TO {schema}")
        sys.stderr.write("tradepost: nothing was restored; the database has what it had\n")


async def _run(dsn: str, sql: str) -> None:
    db = await Db.open(dsn, min_size=1, max_size=1, statement_seconds=600)
    try:
        await db.execute(sql)
    finally:
        await db.close()


def add(verbs: Adder) -> None:
    """Add the verbs about backups."""
    verbs.verb("doctor", examine)
    verbs.verb("backup", backup, ("file", {"type": Path, "help": "where to write it; must not exist"}))
    verbs.verb(
        "restore", restore,
        ("file", {"type": Path, "help": "a file that `tradepost backup` wrote"}),
        ("--replace", {"action": "store_true", "help": "throw away what the database has, once the backup is in its place"}),
    )  # fmt: skip
