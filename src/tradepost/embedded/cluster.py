"""The server's data on disk: where they lie, how they are made, and the settings they are served with."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tradepost.embedded.account import Account
from tradepost.embedded.binaries import SHARED, Binaries
from tradepost.embedded.errors import EmbeddedError

ROLE = DATABASE = "tradepost"
INITDB_SECONDS = 120  # on a slow disk; half a second on a good one

SYNC_METHOD_MAJOR = 17  # the first whose initdb can be told how to write everything down
SYNCFS_LINUX = (5, 8)  # the first that tells who asked for it when something could not be written


def can_syncfs(system: str = sys.platform, release: str = os.uname().release) -> bool:
    """Whether a whole file system can be written down by one word, and what went wrong with it be heard."""
    numbers = re.match(r"(\d+)\.(\d+)", release)
    return system == "linux" and numbers is not None and (int(numbers[1]), int(numbers[2])) >= SYNCFS_LINUX


# Fast, but never at the price of a commit that was acknowledged.
DURABLE = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    # What was written since the last checkpoint is read again after a kill: little, for a short wait.
    "checkpoint_timeout": "2min",
    "max_wal_size": "512MB",
    # After a kill everything is written down before anything is read: a thousand files by one word, not one by one.
    "recovery_init_sync_method": "syncfs" if can_syncfs() else "fsync",
}
# For tests, whose data may be lost with the power.
FORGETFUL = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "deadlock_timeout": "50ms",
}
ALWAYS = {
    "listen_addresses": "''",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "max_parallel_workers_per_gather": "0",  # our statements are short
    "dynamic_shared_memory_type": "mmap",  # in its own directory: /dev/shm is tiny in containers, and kept by the killed
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "datestyle": "'ISO, YMD'",
    "lc_messages": "'C'",
    "default_text_search_config": "'pg_catalog.simple'",
    "log_min_messages": "log",  # what befalls the server; what was wrong with a statement its caller is told
    "log_checkpoints": "off",
}


def cluster_dir(data_dir: Path, account: Account) -> Path:
    """Where the data lie: in the data directory, or where a borrowed user can reach them."""
    if account.can("-x", data_dir):
        return data_dir / "postgres"
    return SHARED / hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]


def major_of(cluster: Path) -> int | None:
    """The major version that made the data; None where there are none yet."""
    try:
        return int((cluster / "PG_VERSION").read_text())
    except FileNotFoundError:
        return None


def initialise(binaries: Binaries, cluster: Path, account: Account, *, durable: bool) -> None:
    """Make an empty database beside its place and rename it: a start cut short leaves nothing half made."""
    half = cluster.with_name(cluster.name + ".new")
    initdb: list[str | Path] = [binaries.folder / "initdb", "--pgdata", half]
    try:
        cluster.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir(mode=0o700)
        account.own(half)
        # The C locale sorts by bytes: the same on every machine, with every version of its libraries.
        manner: list[str | Path] = ["--encoding=UTF8", "--locale=C", "--auth=peer", f"--username={ROLE}"]
        _run([*initdb, *manner, "--no-instructions", "--no-sync"], account)
        single: list[str | Path] = [binaries.folder / "postgres", "--single", "-F", "-D", half, "template1"]
        _run(single, account, told=f"create database {DATABASE}\n")
        if durable:
            at_once = binaries.major >= SYNC_METHOD_MAJOR and can_syncfs()
            _run([*initdb, "--sync-only", *(["--sync-method=syncfs"] if at_once else [])], account)
        half.rename(cluster)
    except OSError as error:
        raise EmbeddedError(f"no database could be made in {cluster}: {error.strerror}") from error


def configure(cluster: Path, sockets: Path, account: Account, *, name: str, durable: bool) -> None:
    """Write the server's settings and who may come in, anew at each start: they belong to this program."""
    settings = {"unix_socket_directories": f"'{sockets}'", "cluster_name": f"'{name}'"}
    settings |= ALWAYS | (DURABLE if durable else FORGETFUL)
    lines = [
        "# Written by tradepost at each start; settings of your own go into extra.conf beside this file.",
        *(f"{name} = {value}" for name, value in settings.items()),
        "include_if_exists 'extra.conf'",
        "",
    ]
    (cluster / "postgresql.conf").write_text("\n".join(lines))
    # Only processes of the user who started us come in, by the kernel's word and without a password.
    (cluster / "pg_hba.conf").write_text("local all all peer map=tradepost\n")
    (cluster / "pg_ident.conf").write_text(f'tradepost "{account.client}" {ROLE}\n')


def _run(command: list[str | Path], account: Account, told: str = "") -> None:
    options = account.popen()
    del options["stdin"]
    done = subprocess.run(
        command, input=told, capture_output=True, text=True, timeout=INITDB_SECONDS, check=False, **options
    )
    if done.returncode != 0:
        tail = (done.stderr or done.stdout).strip().splitlines()[-3:]
        raise EmbeddedError(f"{Path(command[0]).name} failed: {' '.join(tail)}")
