"""Processes that a benchmark starts: pinned, heard, and ended with it, also when it fails or is broken off."""

import asyncio
import os
import shutil
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import cache
from pathlib import Path

from bench.machine import pinned

STOP_SECONDS = 20.0
Process = asyncio.subprocess.Process


@asynccontextmanager
async def started(
    command: Sequence[str | Path],
    *,
    cpus: Sequence[int] | None = None,
    environ: Mapping[str, str] | None = None,
    log: Path | None = None,
    heard: bool = False,
    stop: signal.Signals = signal.SIGTERM,
) -> AsyncIterator[Process]:
    """Run a program while the block lasts; what it says goes into `log`, or to `process.stdout` where it is `heard`."""
    said = log.open("ab") if log is not None else None
    try:
        process = await asyncio.create_subprocess_exec(
            *tied(), *pinned(cpus), *map(str, command),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE if heard else (said or asyncio.subprocess.DEVNULL),
            stderr=asyncio.subprocess.STDOUT if heard else (said or asyncio.subprocess.DEVNULL),
            env={**os.environ, **(environ or {})},
            start_new_session=True,  # Ctrl-C is for us, and we end it in our order
        )  # fmt: skip
    finally:
        if said is not None:
            said.close()
    try:
        yield process
    finally:
        await asyncio.shield(end(process, stop))


async def end(process: Process, how: signal.Signals = signal.SIGTERM) -> None:
    """End a program, by force if it does not go."""
    for each in (how, signal.SIGKILL):
        if process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.send_signal(each)
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), STOP_SECONDS)


async def output(command: Sequence[str | Path], *, cpus: Sequence[int] | None = None, seconds: float) -> str:
    """Run a program to its end and return what it said; it fails if it takes longer or ends badly."""
    async with started(command, cpus=cpus, heard=True) as process:
        said, _ = await asyncio.wait_for(process.communicate(), seconds)
    if process.returncode:
        raise RuntimeError(
            f"{command[0]} ended with {process.returncode}: {said.decode(errors='replace')[-500:]}"
        )
    return said.decode()


@cache
def tied() -> tuple[str, ...]:
    """What stands before a command so that the kernel ends it when this process is killed."""
    setpriv = shutil.which("setpriv")
    return (setpriv, "--pdeathsig", "TERM") if setpriv and sys.platform == "linux" else ()


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])
