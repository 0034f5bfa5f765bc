"""What memory the market takes: for each offer, each stream that is open, each process more, and for a worker with much to send."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bench.folder import Folder
from bench.machine import MIB, PROC
from bench.rows import Row
from bench.town import SETTINGS
from tradepost.config import Settings
from tradepost.market import receivers

STREAMS, STREAMS_SHORT = 1_000, 50
OPENED_AT_ONCE = 32
REST_SECONDS = 2.0
NOTICES, NOTICES_SHORT = 100_000, 2_000
RECEIVERS = 500  # so many that the worker has as many calls under way as it ever has
LOOKED_SECONDS, LOOKED_SHORT_SECONDS = 20.0, 4.0
LOOK_SECONDS = 0.1
ANSWER_SECONDS = 0.1  # that a receiver takes: calls are under way for a while, as they are with real ones
PAYLOAD = b'{"type":"trade.finished","timestamp":"2026-11-21T12:00:00Z","data":' + b'"%b"}' % (b"x" * 1_000)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass(frozen=True, slots=True)
class Memory:
    """A process's memory at a moment, in bytes."""

    rss: int
    pss: int  # what it shares with others divided among them
    peak: int  # the most that it ever had


def memory(pid: int) -> Memory:
    """What the kernel says of a process."""
    status, rollup = _fields(pid, "status"), _fields(pid, "smaps_rollup")
    return Memory(status["VmRSS"], rollup.get("Pss", 0), status["VmHWM"])


def _fields(pid: int, file: str) -> dict[str, int]:
    lines = (PROC / str(pid) / file).read_text().splitlines()
    split = (line.split() for line in lines)
    return {words[0].rstrip(":"): int(words[1]) << 10 for words in split if words[-1] == "kB"}


@dataclass(slots=True)
class Kept:
    """What servers had once their shelves were full, by the number of offers."""

    found: dict[int, list[Memory]] = field(default_factory=dict)

    def note(self, offers: int, pid: int) -> None:
        """Look at a server that is ready."""
        self.found.setdefault(offers, []).append(memory(pid))

    def rows(self) -> list[Row]:
        """Each size as a row, with what an offer takes beyond an empty market."""
        empty = statistics.median(one.rss for one in self.found[0])
        made: list[Row] = []
        for offers, seen in self.found.items():
            rss, most = statistics.median(one.rss for one in seen), max(one.peak for one in seen)
            note = f"at most {most / MIB:.0f} MiB while it started"
            if offers:
                note += (
                    f"; {(rss - empty) / offers:.0f} bytes an offer, {(most - empty) / offers:.0f} at most"
                )
            made.append(
                Row(
                    work="memory of a server",
                    size=offers,
                    unit="MiB",
                    ours=rss / MIB,
                    note=note,
                    spread=max(one.rss for one in seen) / min(one.rss for one in seen),
                )
            )
        return made


async def of_processes(home: Folder, short: bool) -> list[Row]:
    """Processes with nothing to do, streams, and a worker with notices: all in a market without offers."""
    settings = {"streams_per_token": STREAMS, "callback_networks": "127.0.0.0/8"}
    async with home.running(settings=settings) as one, home.running(settings=settings):
        async with home.running("worker", settings) as worker:
            await asyncio.sleep(REST_SECONDS)
            rows = [
                _process("a server of two, and a worker", one.pid),
                _process("a worker beside them", worker.pid),
            ]
        rows.append(await _streams(home, one.pid, one.port, STREAMS_SHORT if short else STREAMS))
        rows.append(await _notices(home, settings, short))
    return rows


def _process(work: str, pid: int) -> Row:
    found = memory(pid)
    return Row(
        work=f"memory of {work}",
        unit="MiB (PSS)",
        ours=found.pss / MIB,
        note=f"RSS {found.rss / MIB:.0f} MiB; no offers, nothing to do",
    )


async def _streams(home: Folder, pid: int, port: int, many: int) -> Row:
    before = memory(pid)
    async with _listening(port, home.tokens[0], many):
        await asyncio.sleep(REST_SECONDS)
        after = memory(pid)
    return Row(
        work="memory of a stream",
        size=many,
        unit="KiB",
        ours=(after.rss - before.rss) / many / 1024,
        note="RSS of the server, by the streams that were opened",
    )


@asynccontextmanager
async def _listening(port: int, token: str, many: int) -> AsyncIterator[None]:
    gate, writers = asyncio.Semaphore(OPENED_AT_ONCE), list[asyncio.StreamWriter]()

    async def one() -> None:
        async with gate:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writers.append(writer)
            writer.write(f"GET /api/v2/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nToken: {token}\r\n\r\n".encode())
            head = await asyncio.wait_for(reader.readuntil(b"event: hello"), 30)
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"no stream was opened: {head[:200]!r}")

    try:
        await asyncio.gather(*(one() for _ in range(many)))
        yield
    finally:
        for writer in writers:
            writer.close()


async def _notices(home: Folder, settings: dict[str, object], short: bool) -> Row:
    """A worker's memory while it sends what is due, looked at again and again."""
    many, seconds = (NOTICES_SHORT, LOOKED_SHORT_SECONDS) if short else (NOTICES, LOOKED_SECONDS)
    answering = await asyncio.start_server(_receive, "127.0.0.1", 0)
    async with answering, home.running("worker", settings) as worker:
        await asyncio.sleep(REST_SECONDS)
        before = memory(worker.pid)
        async with home.database() as db:
            await _make_due(home, many, answering.sockets[0].getsockname()[1])
            seen, until = list[Memory](), time.monotonic() + seconds
            while time.monotonic() < until:
                await asyncio.sleep(LOOK_SECONDS)
                seen.append(memory(worker.pid))
            sent = await db.value("SELECT count(*) FROM notice WHERE state = 'delivered'")
            wrong = await db.value("SELECT count(*) FROM notice_attempt WHERE fault IS NOT NULL")
        middle, most = len(seen) // 2, max(one.rss for one in seen)
        halves = [max(one.rss for one in half) / MIB for half in (seen[:middle], seen[middle:])]
        return Row(
            work="memory of a worker with notices due",
            size=many,
            unit="MiB",
            ours=most / MIB,
            errors=wrong,
            note=f"{before.rss / MIB:.0f} MiB before; {sent:,} sent in {seconds:.0f} s;"
            f" at most {halves[0]:.0f} MiB in the first half of these and {halves[1]:.0f} MiB in the second",
        )


async def _make_due(home: Folder, many: int, port: int) -> None:
    """Let so many notices be due, for as many receivers as a worker has calls under way."""
    settings = Settings(mode="production", key=str(SETTINGS["key"]), callback_networks=("127.0.0.0/8",))
    now = datetime.now(UTC)
    async with home.database() as db, db.transaction() as tx:
        accounts = [
            row["id"]
            for row in await tx.fetch(
                "INSERT INTO account (steamid, known_by, created_at) SELECT (76561198900000000 + n)::text, 'operator', $1"
                " FROM generate_series(1, $2) n RETURNING id",
                now,
                RECEIVERS,
            )
        ]
        for account in accounts:
            await receivers.make(
                tx,
                settings,
                account,
                "webhook",
                f"http://127.0.0.1:{port}/{account}",
                ["trade.finished"],
                now,
            )
        await tx.copy(
            "notice",
            ("account_id", "kind", "type", "payload", "made_at", "due_at", "attempts_most"),
            ((accounts[n % RECEIVERS], "webhook", "ping", PAYLOAD, now, now, 8) for n in range(many)),
        )


async def _receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
        while head := await reader.readuntil(b"\r\n\r\n"):
            lines = head.lower().partition(b"content-length:")[2]
            await reader.readexactly(int(lines.partition(b"\r\n")[0] or 0))
            await asyncio.sleep(ANSWER_SECONDS)
            writer.write(OK)
    writer.close()
