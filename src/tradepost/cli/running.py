"""Verbs that run something: the demo, web servers, workers; and the ones about the whole: migrate, check, settings."""

import asyncio
import sys
from argparse import Namespace
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import ModuleType

from tradepost import embedded, log
from tradepost.app import open_app
from tradepost.cli import Adder, loading
from tradepost.cli.arguments import port
from tradepost.config import Settings, settings_table, shown
from tradepost.db import Db, migrate
from tradepost.market import ledger

DEMO_DIR = Path("var/demo")


@asynccontextmanager
async def database(settings: Settings, *, stays: bool = False) -> AsyncIterator[str]:
    """Give the address of the database: the one that is named, or our own in the data directory.

    Whoever comes first runs our own. A process that `stays` goes on with it when that one ends.
    """
    if settings.database_url:
        yield settings.database_url
        return
    async with embedded.server(settings.data_dir, attach=True, inherit=stays, say=_say) as server:
        yield server.dsn


def _say(sentence: str) -> None:
    sys.stderr.write(f"tradepost: {sentence}\n")


async def serve(settings: Settings, _: Namespace) -> int:
    """Run a web server; SIGTERM ends it when its requests are answered."""
    log.setup(settings.log_format, settings.log_level)
    # Only a server needs the dialects: they are loaded while the database starts, each on a core of its own.
    loaded = asyncio.create_task(_load("tradepost.server"))
    async with database(settings, stays=True) as dsn:
        await migrate(dsn)
        async with open_app(settings, dsn) as app:
            server = await loaded
            await server.serve(app)
    return 0


async def _load(module: str) -> ModuleType:
    with loading():
        return await asyncio.to_thread(import_module, module)


async def worker(settings: Settings, _: Namespace) -> int:
    """Run a worker: deadlines, looks at Steam, settlements, the hourly check."""
    chores = await _load("tradepost.worker")  # which only a worker needs
    log.setup(settings.log_format, settings.log_level)
    stop = asyncio.Event()
    chores.stop_on_signals(stop)
    async with database(settings, stays=True) as dsn:
        await migrate(dsn)
        async with open_app(settings, dsn, has_shelves=False) as app:
            await chores.work(app, stop)
    return 0


async def demo(settings: Settings, options: Namespace) -> int:
    """Run a whole town: market, simulated Steam, sellers' agents and robot customers; Ctrl-C ends it."""
    from tradepost.demo import town  # noqa: PLC0415 - only the demo needs the town

    # Never where the settings say that a market's own data lie.
    return await town.run(replace(settings, data_dir=options.data_dir or DEMO_DIR), fresh=options.fresh)


async def migrate_database(settings: Settings, _: Namespace) -> int:
    """Bring the database to the present schema; run it before new servers and workers."""
    async with database(settings) as dsn:
        done = await migrate(dsn)
    sys.stdout.write(
        f"{len(done)} migrations applied\n" if done else "nothing to do: the schema is the present one\n"
    )
    return 0


async def check(settings: Settings, _: Namespace) -> int:
    """Print what in the ledger does not add up and exit with 1; print that all is well otherwise."""
    async with database(settings) as dsn:
        db = await Db.open(dsn, min_size=1, max_size=1, statement_seconds=600)
        try:
            async with db.transaction() as tx:
                await tx.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                if await tx.value("SELECT to_regclass('entry') IS NULL"):
                    _say("there is no market in this database yet: run `tradepost migrate`")
                    return 1
                found = await ledger.faults(tx)
                trades, transfers = (
                    await tx.value("SELECT count(*) FROM trade"),
                    await tx.value("SELECT count(*) FROM transfer"),
                )
        finally:
            await db.close()
    for fault in found:
        sys.stdout.write(f"{fault}\n")
    if not found:
        sys.stdout.write(f"all is well: {trades} trades and {transfers} transfers add up\n")
    return 1 if found else 0


async def show_settings(settings: Settings, options: Namespace) -> int:
    """Print every setting with its value; --table: with its default, unit and meaning."""
    if options.table:
        sys.stdout.write(settings_table())
    else:
        sys.stdout.writelines(f"{name} = {value}\n" for name, value in shown(settings).items())
    return 0


def add(verbs: Adder) -> None:
    """Add the verbs that run something."""
    verbs.verb(
        "demo", demo,
        ("--port", {"type": port, "help": "the market's port (8000); the simulated Steam and the example shop take the next, where these are free"}),
        ("--fresh", {"action": "store_true", "help": "forget what the demo had and begin anew"}),
        mode="demo",
    )  # fmt: skip
    where = (
        ("--host", {"help": "the address to listen on (127.0.0.1)"}),
        ("--port", {"type": port, "help": "the port to listen on (8000)"}),
    )
    verbs.verb("serve", serve, *where)
    verbs.verb("worker", worker)
    verbs.verb("migrate", migrate_database)
    verbs.verb("check", check)
    verbs.verb(
        "settings", show_settings, ("--table", {"action": "store_true", "help": "as a table in Markdown"})
    )
