"""What one event costs for each of 1 to 2,000 open streams: the server's CPU, the time until all have it, and memory."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bench.growth import cpu
from bench.growth.connections import hang_up
from bench.growth.points import Curves, cost
from bench.machine import usage
from bench.town import Serving, Town, town

SIZES = (1, 10, 100, 500, 1_000, 2_000)
SHORT = (1, 20)
SIZES_ARE = "open streams"
UNIT = "microseconds"
OFFERS = 20_000
OPENED_AT_ONCE = 32
SETTLE_SECONDS = 1.0
EVENTS, APART_SECONDS = 40, 0.05  # for each size; so far apart that each is sent by itself
WAIT_SECONDS = 60.0
REPRICED = "UPDATE offer SET price_cents = 1000 + (price_cents + 1) % 1000 WHERE id = $1"


@dataclass(slots=True)
class Listeners:
    """Streams that are open, and how many events each has had."""

    heard: list[int] = field(default_factory=list)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    one_came: asyncio.Event = field(default_factory=asyncio.Event)
    least: int = 0
    errors: int = 0

    async def all_have(self, events: int) -> None:
        """Wait until each has had so many."""
        async with asyncio.timeout(WAIT_SECONDS):
            while min(self.heard) < events:
                self.one_came.clear()
                await self.one_came.wait()


async def measure(curves: Curves, sizes: Sequence[int]) -> None:
    """Open so many streams, and let one offer after another change its price."""
    tokens_wanted = -(-max(sizes) // 1_000) + 1
    async with town(offers=OFFERS, merchants=tokens_wanted) as t:
        for size in sizes:
            async with t.serve(cpus=(0,), settings={"streams_per_token": 1_000}) as market:
                await _one_size(curves, t, market, size)


async def _one_size(curves: Curves, t: Town, market: Serving, size: int) -> None:
    async with _listening(t, market, size) as listeners:
        await asyncio.sleep(SETTLE_SECONDS)
        full = usage(market.pids)
        await _reprice(t, 1)  # the first one prepares what the others use
        await listeners.all_have(1)
        await asyncio.sleep(SETTLE_SECONDS)
        before, begun, waits = cpu.microseconds(market.pids), time.perf_counter(), list[float]()
        for event in range(EVENTS):
            at = time.perf_counter()
            await _reprice(t, 2 + event)
            await listeners.all_have(2 + event)
            waits.append((time.perf_counter() - at) * 1e6)
            await asyncio.sleep(APART_SECONDS)
        took, seconds = cpu.microseconds(market.pids) - before, time.perf_counter() - begun
        # What the server does anyhow, looking for changes and at tokens, is no event's.
        before = cpu.microseconds(market.pids)
        await asyncio.sleep(seconds)
        each = max(took - (cpu.microseconds(market.pids) - before), 1.0) / EVENTS
        if listeners.errors:
            raise RuntimeError(f"{listeners.errors} of {size} streams broke off")
    curves.add("CPU of an event", size, cost([each]), UNIT, work=1.0, why="each stream is written to")
    few = "with few streams, what an event costs at all is divided among few"
    curves.add("CPU of an event, each stream", size, cost([each / size]), UNIT, why=few)
    gathered = "its commit, and the 10 ms for which changes are gathered, are in it"
    curves.add("until all have the event", size, cost(waits), UNIT, work=1.0, why=gathered)
    curves.add(
        "memory of the server",
        size,
        cost([full.pss_mib]),
        "MiB",
        work=1.0,
        why="what it has without streams is in it",
    )


async def _reprice(t: Town, offer_id: int) -> None:
    async with t.db.transaction() as tx:
        await tx.execute(REPRICED, offer_id)
    await t.db.execute("NOTIFY tradepost_changes")


@asynccontextmanager
async def _listening(t: Town, market: Serving, size: int) -> AsyncIterator[Listeners]:
    listeners, gate = Listeners([0] * size), asyncio.Semaphore(OPENED_AT_ONCE)

    async def one(at: int) -> None:
        async with gate:
            reader, writer = await asyncio.open_connection("127.0.0.1", market.port)
            listeners.writers.append(writer)
            token = t.tokens[at // 1_000]
            writer.write(
                f"GET /api/v2/stream?events=offer.repriced HTTP/1.1\r\nHost: 127.0.0.1\r\nToken: {token}\r\n\r\n".encode()
            )
            head = await reader.readuntil(b"event: hello")
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"no stream was opened: {head[:200]!r}")
        listeners.tasks.append(asyncio.create_task(_hear(listeners, at, reader)))

    try:
        await asyncio.gather(*(one(at) for at in range(size)))
        yield listeners
    finally:
        await hang_up(listeners.tasks, listeners.writers)


async def _hear(listeners: Listeners, at: int, reader: asyncio.StreamReader) -> None:
    while data := await reader.read(65_536):
        # Counted where an event's name stands; a name that two reads share is not met with at these sizes.
        if came := data.count(b"event: offer.repriced"):
            listeners.heard[at] += came
            listeners.one_came.set()
    listeners.errors += 1
    listeners.one_came.set()
