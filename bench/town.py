"""A town to measure in: a Postgres that keeps what it says, a market full of offers, and the program as operators run it.

async with town(offers=100_000) as t, t.serve(cpus=(0,)) as market, t.changes():
    ...  # GET {market.url}/api/v2/items with the header Token: {t.tokens[0]}
"""

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from bench.filling import fill
from bench.processes import Process, free_port, started
from tradepost import embedded
from tradepost.db import Db, create_database, migrate

TRADEPOST = Path(sys.executable).parent / "tradepost"
READY_SECONDS = 300.0  # five million offers take a while
READY_POLL_SECONDS = 0.05
FILL_SECONDS = 3600.0
# Limits so high that nobody meets them, and else what an operator has: a key for secrets, logs, everything on.
SETTINGS: Mapping[str, object] = {
    "mode": "production",
    "key": "bench:YmVuY2htYXJrcyBuZWVkIGEga2V5IG9mIDMyIGJ5dGVzISE=",
    "base_url": "https://market.example",
    "log_format": "json",
    **{f"{kind}_per_minute": 10_000_000 for kind in ("requests", "reads", "sells", "buys", "steam_calls", "streams")},
}  # fmt: skip


@dataclass(slots=True)
class Serving:
    """Web servers that run: where they are, and their processes."""

    ports: list[int] = field(default_factory=list)
    processes: list[Process] = field(default_factory=list)
    ready_seconds: float = 0.0  # from the start of the first until the last was ready
    log: Path = Path("/dev/null")

    @property
    def port(self) -> int:
        """The first one's port."""
        return self.ports[0]

    @property
    def url(self) -> str:
        """The first one's address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pids(self) -> list[int]:
        """Their processes' numbers."""
        return [process.pid for process in self.processes]


@dataclass(slots=True)
class Changing:
    """A process that changes offers; once it was stopped it says how many it changed."""

    process: Process
    done: int = 0
    seconds: float = 0.0

    @property
    def per_second(self) -> float:
        """How many changes there were a second."""
        return self.done / self.seconds if self.seconds else 0.0


@dataclass(frozen=True, slots=True)
class Town:
    """What a benchmark has at hand."""

    dsn: str
    db: Db
    home: Path
    server: embedded.Server
    offers: int
    merchants: list[int]  # their accounts
    steamids: list[str]  # theirs, each with a trade URL: who buys may have it sent to himself
    tokens: list[str]  # one a merchant

    def postgres_pids(self) -> list[int]:
        """The database's own process; its backends are its children."""
        return [self.server.pid] if self.server.pid else []

    @asynccontextmanager
    async def serve(
        self,
        cpus: Sequence[int] | None = (0,),
        workers: int = 1,
        settings: Mapping[str, object] | None = None,
        verb: str = "serve",
    ) -> AsyncIterator[Serving]:
        """Run `tradepost serve`, so many times each with a port of its own, until the block ends."""
        serving = Serving(log=self.home / f"{verb}.log")
        given = {**SETTINGS, "data_dir": self.home / "data", **(settings or {})}
        environ = {"DATABASE_URL": self.dsn} | {
            f"TRADEPOST_{name.upper()}": ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
            for name, value in given.items()
        }
        begun = time.perf_counter()
        async with AsyncExitStack() as stack:
            for _ in range(workers):
                port = free_port()
                command: list[str | Path] = [
                    TRADEPOST,
                    verb,
                    *(["--port", str(port)] if verb == "serve" else []),
                ]
                serving.processes.append(
                    await stack.enter_async_context(
                        started(command, cpus=cpus, environ=environ, log=serving.log)
                    )
                )
                serving.ports.append(port)
            if verb == "serve":
                for port, process in zip(serving.ports, serving.processes, strict=True):
                    await ready(port, process, serving.log)
            serving.ready_seconds = time.perf_counter() - begun
            yield serving

    @asynccontextmanager
    async def changes(
        self, per_second: int = 500, cpus: Sequence[int] | None = (1,)
    ) -> AsyncIterator[Changing]:
        """Run a process that reprices, sells and lists offers through Postgres, until the block ends."""
        command = [sys.executable, "-m", "bench.changing", self.dsn, str(per_second)]
        async with started(command, cpus=cpus, heard=True) as process:
            changing = Changing(process)
            try:
                yield changing
            finally:
                if process.returncode is None:
                    process.terminate()
                said, _ = await asyncio.wait_for(process.communicate(), 30)
                try:
                    changing.done, changing.seconds = json.loads(said.splitlines()[-1])
                except (ValueError, IndexError):
                    raise RuntimeError(
                        f"the changes broke off: {said.decode(errors='replace')[-500:]}"
                    ) from None


@asynccontextmanager
async def town(
    offers: int = 100_000,
    *,
    merchants: int = 1,
    deposit_cents: int = 100_000_000_00,
    durable: bool = True,
    cpus: Sequence[int] | None = (1,),
    price_cents: int | None = None,
) -> AsyncIterator[Town]:
    """Make a market with so many offers on sale, of 50,000 sellers who are online, and merchants with money.

    Postgres runs on `cpus`; all offers cost `price_cents` where that is given.
    """
    before = os.sched_getaffinity(0)
    with tempfile.TemporaryDirectory(prefix="tradepost-bench-") as name:
        home = Path(name)
        home.chmod(0o755)  # the user whom root borrows for Postgres must get in
        if cpus is not None:
            # Inherited by what we start: the database and the load stay off the core that is measured.
            os.sched_setaffinity(0, set(cpus) & before or before)
        try:
            async with embedded.server(home / "postgres", durable=durable, say=lambda _: None) as server:
                dsn = await create_database(server.dsn, "bench")
                await migrate(dsn)
                db = await Db.open(dsn, max_size=4, statement_seconds=FILL_SECONDS)
                try:
                    filled = await fill(db, offers, merchants, deposit_cents, price_cents)
                    yield Town(dsn, db, home, server, offers, *filled)
                finally:
                    await db.close()
        finally:
            embedded.wipe(home / "postgres")
            os.sched_setaffinity(0, before)


async def ready(
    port: int, process: Process | None, log: Path | None = None, seconds: float = READY_SECONDS
) -> None:
    """Wait until a server says that it can be asked."""
    until = time.monotonic() + seconds
    async with aiohttp.ClientSession() as http:
        while time.monotonic() < until:
            if process is not None and process.returncode is not None:
                said = log.read_text(errors="replace")[-1000:] if log is not None and log.exists() else ""
                raise RuntimeError(f"the server ended with {process.returncode}: {said}")
            try:
                async with http.get(f"http://127.0.0.1:{port}/readyz") as reply:
                    if reply.status == 200:  # noqa: PLR2004 - HTTP's own
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(READY_POLL_SECONDS)
    raise RuntimeError(f"the server on port {port} was not ready after {seconds:.0f} seconds")
