"""Which processes belong to a cluster: those that a killed supervisor or postmaster left behind."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

PROC = Path("/proc")
FAST_STOP_SECONDS = 15.0  # for an orphan to write everything down and go
KILL_SECONDS = 5.0  # for the kernel to end what was killed
POLL_SECONDS = 0.01


def end_leftovers(cluster: Path, name: str) -> None:
    """End every process of this cluster: politely where a postmaster still leads them, else at once.

    Only the holder of the data directory's lock may call this, while he has no server of his own running.
    """
    left = of_cluster(cluster, name)
    postmaster = postmaster_pid(cluster)
    if postmaster in left:
        _signal([postmaster], signal.SIGINT)
        left = _wait_until_gone(cluster, name, FAST_STOP_SECONDS)
    if left:
        # Backends without a postmaster: nobody hears what they do, and their memory bars the next start.
        _signal(left, signal.SIGKILL)
        _wait_until_gone(cluster, name, KILL_SECONDS)
    # Postgres would take another process that got this number for a server that still runs.
    (cluster / "postmaster.pid").unlink(missing_ok=True)


def postmaster_pid(cluster: Path) -> int:
    """The postmaster's number as it wrote it down; 0 where there is none."""
    try:
        return int((cluster / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return 0


def of_cluster(cluster: Path, name: str) -> list[int]:
    """The processes that serve this cluster, its postmaster and all its children, whoever started them."""
    # By their command lines, which anybody may read: their working directories are closed even to root in a
    # container. A postmaster names its data there, and its children bear the server's `cluster_name`.
    return [
        pid
        for pid, command in _commands()
        if command.startswith(f"postgres: {name}:")
        or ("postgres" in command and f" -D {cluster} " in f"{command} ")
    ]


def _commands() -> Iterator[tuple[int, str]]:
    if (PROC / "self" / "cmdline").exists():
        for entry in os.listdir(PROC):  # noqa: PTH208 - hundreds of entries, most of them dropped at once
            if entry.isdigit():
                with contextlib.suppress(OSError):
                    yield (
                        int(entry),
                        (PROC / entry / "cmdline")
                        .read_bytes()
                        .replace(b"\0", b" ")
                        .decode("utf-8", "replace"),
                    )
        return
    listed = subprocess.run(["ps", "-axo", "pid=,command="], capture_output=True, text=True, check=True)  # noqa: S607 - of PATH, where systems without /proc keep it
    for line in listed.stdout.splitlines():
        pid, _, command = line.strip().partition(" ")
        yield int(pid), command.strip()


def _wait_until_gone(cluster: Path, name: str, seconds: float) -> list[int]:
    until = time.monotonic() + seconds
    while (left := of_cluster(cluster, name)) and time.monotonic() < until:
        time.sleep(POLL_SECONDS)
    return left


def _signal(pids: list[int], how: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, how)
