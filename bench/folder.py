"""A data folder as an operator has it who names no database: the program runs in it, with the Postgres that it brings along."""

import asyncio
import os
import re
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from bench.filling import fill
from bench.machine import PROC, family
from bench.processes import Process, end, free_port, tied
from bench.town import FILL_SECONDS, SETTINGS, TRADEPOST
from tradepost import embedded
from tradepost.db import Db, migrate

READY_SECONDS = 300.0  # five million offers take a while
POLL_SECONDS = 0.003
ANSWER_SECONDS = 30.0
STOP_SECONDS = 60.0
STATE_FILE = "postgres.json"  # where the program says that its Postgres runs
ASKED = b"GET %b HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"


@dataclass(slots=True)
class Started:
    """A process of the program, and how long after its start it was how far; 0 where that is not known."""

    process: Process
    port: int
    database_seconds: float = 0.0  # its Postgres takes connections
    listening_seconds: float = 0.0  # it answers /healthz
    ready_seconds: float = 0.0  # it answers that all calls can be answered
    unanswered_seconds: float = 0.0  # the longest that /healthz took from then on until it was ready

    @property
    def pid(self) -> int:
        """Its number."""
        return self.process.pid

    @property
    def postgres_pids(self) -> list[int]:
        """Its Postgres: the one process, and all that it has made."""
        return sorted(family([self.pid]) - {self.pid})


@dataclass(slots=True)
class Folder:
    """The folder, and what is in it."""

    path: Path
    offers: int = 0
    merchants: list[int] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)

    async def fill(self, offers: int, merchants: int = 1) -> None:
        """Put so many offers on sale, and merchants with a token."""
        async with self.database() as db:
            self.offers = offers
            self.merchants, _, self.tokens = await fill(db, offers, merchants, 0)

    @asynccontextmanager
    async def database(self) -> AsyncIterator[Db]:
        """Its database, while no program or one runs in it."""
        async with embedded.server(self.path, attach=True, say=lambda _: None) as server:
            await migrate(server.dsn)
            db = await Db.open(server.dsn, max_size=4, statement_seconds=FILL_SECONDS)
            try:
                yield db
            finally:
                await db.close()

    @asynccontextmanager
    async def running(
        self, verb: str = "serve", settings: Mapping[str, object] | None = None
    ) -> AsyncIterator[Started]:
        """Run the program in it until the block ends; a server is ready when the block begins."""
        begun, started = time.time(), await self.start(verb, settings)
        try:
            if verb == "serve":
                await self.ready(started, begun)
            yield started
        finally:
            await asyncio.shield(end(started.process))

    async def start(self, verb: str = "serve", settings: Mapping[str, object] | None = None) -> Started:
        """Make the process, and wait for nothing."""
        port = free_port()
        environ = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"} | {
            f"TRADEPOST_{name.upper()}": str(value)
            for name, value in {**SETTINGS, "data_dir": self.path, **(settings or {})}.items()
        }
        with self.log.open("ab") as said:
            process = await asyncio.create_subprocess_exec(
                *tied(), str(TRADEPOST), verb, *(["--port", str(port)] if verb == "serve" else []),
                stdin=asyncio.subprocess.DEVNULL, stdout=said, stderr=said, env=environ, start_new_session=True,
            )  # fmt: skip
        return Started(process, port)

    @property
    def log(self) -> Path:
        """What the program says."""
        return self.path / "bench.log"

    async def ready(self, started: Started, begun: float) -> None:
        """Wait until a server is ready, and note when it was how far."""
        until, state = begun + READY_SECONDS, self.path / STATE_FILE
        while time.time() < until:
            if started.process.returncode is not None:
                said = self.log.read_text(errors="replace")[-1000:]
                raise RuntimeError(f"the program ended with {started.process.returncode}: {said}")
            if not started.database_seconds:
                with suppress(OSError):  # an older one's file says when that one's was there
                    started.database_seconds = max(state.stat().st_mtime - begun, 0.0)
            asked = time.time()
            alive = await status(started.port, b"/healthz")
            if alive == 200:  # noqa: PLR2004 - HTTP's own
                if started.listening_seconds:
                    started.unanswered_seconds = max(started.unanswered_seconds, time.time() - asked)
                else:
                    started.listening_seconds = time.time() - begun
                if await status(started.port, b"/readyz") == 200:  # noqa: PLR2004 - HTTP's own
                    started.ready_seconds = time.time() - begun
                    return
            await asyncio.sleep(POLL_SECONDS)
        raise RuntimeError(f"the server was not ready after {READY_SECONDS:.0f} seconds")


async def status(port: int, path: bytes) -> int:
    """What a server answers on a path; 0 where nobody answers."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(ASKED % path)
                found = re.match(rb"HTTP/1\.1 (\d+)", await reader.readline())
                return int(found[1]) if found else 0
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return 0


async def kill(pids: list[int]) -> None:
    """End processes by force, and wait until they are gone or nobody's any more."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    async with asyncio.timeout(STOP_SECONDS):
        while any(_runs(pid) for pid in pids):  # noqa: ASYNC110 - the kernel tells only their parent
            await asyncio.sleep(0.001)


def _runs(pid: int) -> bool:
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@asynccontextmanager
async def folder() -> AsyncIterator[Folder]:
    """An empty folder, which is gone at the end with all that ran in it."""
    with tempfile.TemporaryDirectory(prefix="tradepost-bench-") as name:
        path = Path(name)
        path.chmod(0o755)  # the user whom root borrows for Postgres must get in
        try:
            yield Folder(path / "data")
        finally:
            # What was killed may have left its Postgres behind: who takes the folder ends it.
            if (path / "data" / STATE_FILE).exists():
                async with embedded.server(path / "data", say=lambda _: None):
                    pass
            embedded.wipe(path / "data")
