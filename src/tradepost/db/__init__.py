"""The one door to Postgres: a pool, transactions, rows as frozen dataclasses, wake-ups, migrations.

Nothing else in the house imports the driver. SQL stands beside the verb that needs it, and runs here on a
`Tx` (inside one transaction) or on a `Db` (each call a transaction of its own, in one round trip).
"""

from asyncpg import CheckViolationError, ForeignKeyViolationError, Record, UniqueViolationError

from tradepost.db.conditions import Conditions
from tradepost.db.databases import create_database, drop_database, with_database
from tradepost.db.errors import DatabaseBusy, DatabaseGone, MigrationRefused, RowMismatch
from tradepost.db.listening import Listener
from tradepost.db.migrations import Migration, migrate, migrations
from tradepost.db.pool import Db, Tx

Reader = Db | Tx  # a verb that only reads takes either

__all__ = [
    "CheckViolationError",
    "Conditions",
    "DatabaseBusy",
    "DatabaseGone",
    "Db",
    "ForeignKeyViolationError",
    "Listener",
    "Migration",
    "MigrationRefused",
    "Reader",
    "Record",
    "RowMismatch",
    "Tx",
    "UniqueViolationError",
    "create_database",
    "drop_database",
    "migrate",
    "migrations",
    "with_database",
]
