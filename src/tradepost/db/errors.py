"""What can go wrong with a database, in the few kinds that a caller can act on."""

import re
from typing import NoReturn

import asyncpg


class DatabaseGone(Exception):
    """The connection was lost or could not be made; `maybe_committed`: the work may be done all the same."""

    def __init__(self, sentence: str, *, maybe_committed: bool = False) -> None:
        super().__init__(sentence)
        self.maybe_committed = maybe_committed


class DatabaseBusy(Exception):
    """Nothing was done, and the same call may succeed when made again: a timeout, a lock, a deadlock."""


class RowMismatch(TypeError):
    """A row and the dataclass that it should become do not have the same names."""


class MigrationRefused(Exception):
    """The database and the migrations in this program disagree, and going on could only make it worse."""


GONE: tuple[type[Exception], ...] = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.IdleSessionTimeoutError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InternalClientError,
    asyncpg.InvalidAuthorizationSpecificationError,  # a wrong password, too: it may be put right while we wait
    asyncpg.InvalidCatalogNameError,
    OSError,  # TimeoutError too: a server that stays silent is as good as gone
    EOFError,
)
BUSY: tuple[type[Exception], ...] = (
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.TooManyConnectionsError,
)


def raise_ours(error: Exception, *, maybe_committed: bool = False) -> NoReturn:
    """Raise `error` as one of ours where a caller can act on it, else as it is: a bug or a constraint."""
    if isinstance(error, BUSY):
        raise DatabaseBusy(f"the database could not do it in time: {error}") from error
    # The driver speaks of a connection that died under its user with an InterfaceError, as it does of misuse.
    lost = isinstance(error, asyncpg.InterfaceError) and re.search(r"clos(ed|ing)|released", str(error))
    if lost or isinstance(error, GONE):
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        sentence = f"no connection to the database: {reason}"
        raise DatabaseGone(sentence, maybe_committed=maybe_committed) from error
    raise error
