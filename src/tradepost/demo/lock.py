"""One demo on a data directory: a lock that all of its processes hold together, so it is free when the last is gone.

The supervisor opens and locks the file; each process that it starts inherits the open file and with it the lock.
A supervisor that is killed leaves processes which are about to end (see `tied`), and the next one waits for them.
"""

import asyncio
import fcntl
import os
from pathlib import Path

from tradepost.demo.errors import DemoRefused
from tradepost.embedded import DataDirBusy
from tradepost.embedded.lock import DirLock

LOCK = "demo.lock"
WAIT_SECONDS = 15.0  # three times as long as an orphan has to end
POLL_SECONDS = 0.05


class StillRunning(DemoRefused):
    """Processes of an earlier demo do not end."""


async def take(data_dir: Path) -> int:
    """Return the descriptor that holds the lock; whoever inherits it holds the lock as well.

    Raises DataDirBusy where another supervisor lives, StillRunning where something of a dead one does.
    """
    descriptor = os.open(data_dir / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        clock = asyncio.get_running_loop().time
        until = clock() + WAIT_SECONDS
        while not _locked(descriptor):
            if _has_supervisor(data_dir):
                raise DataDirBusy(data_dir, DirLock.holder(data_dir))
            if clock() > until:
                raise StillRunning(
                    f"processes of an earlier demo on {data_dir} do not end; `fuser {data_dir / LOCK}` lists them"
                )
            await asyncio.sleep(POLL_SECONDS)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _has_supervisor(data_dir: Path) -> bool:
    """Whether a living process has the directory's own lock, which no process inherits."""
    lock = DirLock.take(data_dir)
    if lock is None:
        return True
    lock.release()
    return False
