"""One owner for a data directory while he lives: the kernel forgets the lock of a killed process."""

import fcntl
import os
from pathlib import Path
from typing import Self

from tradepost.embedded.errors import EmbeddedError

LOCK_FILE = "lock"


class DirLock:
    """The hold of this process on a data directory."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def take(cls, data_dir: Path) -> Self | None:
        """The lock of the directory, made if need be; None where another process has it."""
        try:
            data_dir.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(data_dir / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise EmbeddedError(f"{data_dir} cannot be used as a data directory: {error.strerror}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        return cls(descriptor)

    @staticmethod
    def holder(data_dir: Path) -> int | None:
        """Which process wrote itself down as the owner, if that can be read."""
        try:
            return int((data_dir / LOCK_FILE).read_text())
        except (OSError, ValueError):
            return None

    def release(self) -> None:
        """Let the directory go."""
        # The file stays: were it deleted, two processes could each lock a file of this name.
        os.close(self._descriptor)
