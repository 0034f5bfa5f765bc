"""Programs of ours as processes of their own: started, waited for, stopped or killed; none outlives its test."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

READY_SECONDS = 30.0  # two on an idle machine
END_SECONDS = 20.0
POLL_SECONDS = 0.02
NOWHERE = "http://127.0.0.1:9"  # the discard port: a Steam that is out of reach at once
SETTINGS = {
    "MODE": "sandbox", "HEARTBEAT_TTL_SECONDS": "3600", "REQUESTS_PER_MINUTE": "10000000",
    "STEAM_COMMUNITY_URL": NOWHERE, "STEAM_API_URL": NOWHERE,
}  # fmt: skip


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@dataclass
class Program:
    """One process, the leader of a group of its own."""

    process: asyncio.subprocess.Process
    log_file: Path

    @property
    def runs(self) -> bool:
        """Whether it has not ended yet."""
        return self.process.returncode is None

    @property
    def said(self) -> str:
        """What it wrote so far."""
        return self.log_file.read_text(errors="replace")

    def signal(self, number: signal.Signals) -> None:
        """Signal the process and whatever it started."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    async def ended(self) -> int:
        """Wait for its end; its exit status."""
        return await asyncio.wait_for(self.process.wait(), END_SECONDS)

    async def kill(self) -> None:
        """End it as the kernel ends a process that takes too much memory: it learns nothing of it."""
        self.signal(signal.SIGKILL)
        await self.ended()


@dataclass
class Programs:
    """All the programs that a test started on one database."""

    dsn: str
    home: Path
    environ: dict[str, str] = field(default_factory=dict)
    started: list[Program] = field(default_factory=list)

    async def start(self, *arguments: str) -> Program:
        """Start `tradepost` with these arguments; it ends with us, should we be killed."""
        others = {name: value for name, value in os.environ.items() if not name.startswith("TRADEPOST_")}
        ours = {f"TRADEPOST_{name}": value for name, value in (SETTINGS | self.environ).items()}
        log_file = self.home / f"{len(self.started)}-{arguments[0]}.log"
        with log_file.open("wb") as said:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tradepost.demo.tied", "tradepost", *arguments,
                "--data-dir", str(self.home), stdin=asyncio.subprocess.PIPE, stdout=said, stderr=said,
                start_new_session=True, env={**others, **ours, "DATABASE_URL": self.dsn},
            )  # fmt: skip
        self.started.append(Program(process, log_file))
        return self.started[-1]

    async def serve(self, port: int | None = None) -> "Web":
        """Start a web server, without waiting for it."""
        port = port or free_port()
        return Web(await self.start("serve", "--port", str(port)), port)

    async def run(self, *arguments: str) -> tuple[int, str]:
        """Run a command to its end; its exit status and what it wrote."""
        program = await self.start(*arguments)
        return await program.ended(), program.said

    async def end(self) -> None:
        """End what still runs."""
        for program in self.started:
            program.signal(signal.SIGKILL)
        await asyncio.gather(*(program.ended() for program in self.started))


@asynccontextmanager
async def programs_on(dsn: str, home: Path, **environ: str) -> AsyncIterator[Programs]:
    """Programs on a database, with further settings; all of them have ended afterwards."""
    programs = Programs(dsn, home, environ)
    try:
        yield programs
    finally:
        await programs.end()


@dataclass
class Web:
    """A web server, and where it is."""

    program: Program
    port: int

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    async def ready(self) -> "Web":
        """Wait until it says that it is ready."""

        async def answers() -> bool:
            assert self.program.runs, self.program.said
            with suppress(aiohttp.ClientError):
                async with aiohttp.request("GET", f"{self.url}/readyz") as reply:
                    return reply.status == 200
            return False

        await until(answers, READY_SECONDS)
        return self


async def until(true: Callable[[], Coroutine[Any, Any, object]], seconds: float = READY_SECONDS) -> float:
    """Wait for something that other processes bring about and tell nobody; how long it took."""
    clock = asyncio.get_running_loop().time
    start = clock()
    async with asyncio.timeout(seconds):
        while not await true():
            await asyncio.sleep(POLL_SECONDS)
    return clock() - start
