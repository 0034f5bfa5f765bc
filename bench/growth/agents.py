"""What sellers' programs cost with 1 to 5,000 of them online: a heartbeat, and a wake-up when something is bought.

Each has its stream of wake-ups open, as programs have; heartbeats come over a few connections that are kept. CPU is the
server's own and Postgres' apart.
"""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec

from bench.growth import cpu
from bench.growth.connections import hang_up
from bench.growth.points import Curves, cost
from bench.machine import usage
from bench.town import SETTINGS, Serving, Town, town
from tradepost.app import App, open_app
from tradepost.config import Settings
from tradepost.market import trades
from tradepost.market.agents import TOKEN_PREFIX
from tradepost.market.buying import Buy

SIZES = (1, 10, 100, 1_000, 2_500, 5_000)
SHORT = (1, 20)
SIZES_ARE = "sellers' programs online"
UNIT = "microseconds"
OFFERS = 20_000
OPENED_AT_ONCE = 64
CONNECTIONS, BEATS, WARM_BEATS = 8, 1_600, 160
ALONE = 60
BUYS, BUYS_WARM, APART_SECONDS = 40, 3, 0.05
QUIET_SECONDS = 16.0  # within which each stream is sent a sign of life once
WAIT_SECONDS = 30.0
# So many offers change hands: each is sold by the account whose program is to be woken.
HANDED = """
    UPDATE offer o SET account_id = a.id, seller_id = a.id, seller_steamid = a.steamid
      FROM unnest($1::bigint[], $2::bigint[]) AS h (offer, account) JOIN account a ON a.id = h.account WHERE o.id = h.offer
"""
AGENT = (
    "account_id",
    "device_id",
    "hash",
    "platform",
    "version",
    "capabilities",
    "paired_at",
    "heartbeat_at",
)


async def measure(curves: Curves, sizes: Sequence[int]) -> None:
    """Pair so many programs, open their streams, let them beat, and buy what they sell."""
    quiet = QUIET_SECONDS if max(sizes) > max(SHORT) else 1.0
    async with town(offers=OFFERS, price_cents=1_000) as t:
        offers = await _pair(t, max(sizes))
        async with open_app(Settings(mode="sandbox", key=str(SETTINGS["key"])), t.dsn) as app:
            for size in sizes:
                async with t.serve(cpus=(0,)) as market:
                    await _one_size(curves, t, app, market, size, offers, quiet)


async def _pair(t: Town, programs: int) -> Iterator[int]:
    """Give accounts 1, 2, ... a program each; return the offers that can be bought."""
    now = datetime.now(UTC)
    rows = [
        (
            n,
            f"device-{n}",
            hashlib.sha256(_token(n).encode()).digest(),
            "linux",
            "1",
            ["create", "inventory"],
            now,
            now,
        )
        for n in range(1, programs + 1)
    ]
    await t.db.copy("agent", AGENT, rows)
    await t.db.execute("VACUUM ANALYZE agent")
    return iter([row["id"] for row in await t.db.fetch("SELECT id FROM offer ORDER BY id")])


async def _one_size(
    curves: Curves, t: Town, app: App, market: Serving, size: int, offers: Iterator[int], quiet: float
) -> None:  # fmt: skip
    postgres = t.postgres_pids()
    async with _waiting(market, size) as programs:
        full = usage(market.pids)
        await _beats(market, size, WARM_BEATS)
        before = cpu.microseconds(market.pids), cpu.microseconds(postgres)
        await _beats(market, size, BEATS)
        after = cpu.microseconds(market.pids), cpu.microseconds(postgres)
        curves.add("CPU of a heartbeat, server", size, cost([(after[0] - before[0]) / BEATS]), UNIT)
        curves.add("CPU of a heartbeat, Postgres", size, cost([(after[1] - before[1]) / BEATS]), UNIT)
        beat = await _beats(market, size, ALONE, connections=1)
        curves.add("a heartbeat, one alone", size, cost(beat), UNIT)
        before = cpu.microseconds(market.pids), cpu.microseconds(postgres)
        await asyncio.sleep(quiet)
        calm = (
            (cpu.microseconds(market.pids) - before[0]) / quiet,
            (cpu.microseconds(postgres) - before[1]) / quiet,
        )
        alive = "every 15 seconds each stream's token is looked at, and a sign of life sent"
        curves.add("CPU of a quiet second, server", size, cost([calm[0]]), UNIT, work=1.0, why=alive)
        curves.add("CPU of a quiet second, Postgres", size, cost([calm[1]]), UNIT, work=1.0, why=alive)
        await _wake_ups(curves, t, app, market, programs, size, offers)
        if programs.errors:
            raise RuntimeError(f"{programs.errors} of {size} streams broke off")
    curves.add(
        "memory of the server",
        size,
        cost([full.pss_mib]),
        "MiB",
        work=1.0,
        why="what it has without streams is in it",
    )


async def _wake_ups(
    curves: Curves, t: Town, app: App, market: Serving, programs: "Programs", size: int, offers: Iterator[int]
) -> None:  # fmt: skip
    waits, took = list[float](), list[float]()
    # A program's seller was heard of by its heartbeats alone: all of them are there.
    await t.db.execute("UPDATE presence SET heartbeat_at = now() + interval '1 day', session_ok = true")
    sold = [(next(offers), 1 + number * 7 % size) for number in range(BUYS_WARM + BUYS)]
    await t.db.execute(HANDED, [offer for offer, _ in sold], [account for _, account in sold])
    await asyncio.sleep(1.0)  # until the server has read of that
    for offer, account in sold:
        digest = hashlib.sha256(f"{offer}".encode()).digest()
        wish = Buy(t.merchants[0], offer, t.steamids[0], "tokenabc", None, None, None, digest)
        woken, before = programs.expect(account), cpu.microseconds(market.pids)
        await trades.buy(app, wish)
        at = time.perf_counter()
        async with asyncio.timeout(WAIT_SECONDS):
            await woken
        waits.append((time.perf_counter() - at) * 1e6)
        await asyncio.sleep(APART_SECONDS)
        took.append(cpu.microseconds(market.pids) - before)
    # What was bought here is nobody's work when the next size beats.
    await t.db.execute("UPDATE trade SET seller_id = $1 WHERE seller_id <> $1", t.merchants[0])
    meanwhile = "what the server does anyhow within these 70 ms is in it"
    curves.add("CPU of a wake-up, server", size, cost(took[BUYS_WARM:]), UNIT, why=meanwhile)
    curves.add("from a buy to the wake-up", size, cost(waits[BUYS_WARM:]), UNIT)


# The programs ------------------------------------------------------------------------------------------------


def _token(number: int) -> str:
    return TOKEN_PREFIX + f"{number:043d}"


@dataclass(slots=True)
class Programs:
    """Programs whose streams are open, and who of them is waited for."""

    expected: dict[int, "asyncio.Future[None]"] = field(default_factory=dict)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    errors: int = 0

    def expect(self, account: int) -> "asyncio.Future[None]":
        """Return what is done when this account's program is woken."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.expected[account] = future
        return future

    async def hear(self, account: int, reader: asyncio.StreamReader) -> None:
        """Follow one stream to its end, which should not come."""
        while data := await reader.read(65_536):
            if b"event: wake" in data and (future := self.expected.pop(account, None)):
                future.set_result(None)
        self.errors += 1


@asynccontextmanager
async def _waiting(market: Serving, size: int) -> AsyncIterator[Programs]:
    programs, gate = Programs(), asyncio.Semaphore(OPENED_AT_ONCE)

    async def one(account: int) -> None:
        async with gate:
            reader, writer = await asyncio.open_connection("127.0.0.1", market.port)
            programs.writers.append(writer)
            writer.write(_head("GET", "/agent/v1/events", account, 0))
            head = await reader.readuntil(b"follow")
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"no stream was opened: {head[:200]!r}")
        programs.tasks.append(asyncio.create_task(programs.hear(account, reader)))

    try:
        await asyncio.gather(*(one(account) for account in range(1, size + 1)))
        yield programs
    finally:
        await hang_up(programs.tasks, programs.writers)


def _head(method: str, path: str, account: int, length: int) -> bytes:
    return (
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {_token(account)}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


async def _beats(market: Serving, size: int, count: int, connections: int = CONNECTIONS) -> list[float]:
    """Send so many heartbeats, each of another program in turn; return the microseconds that each took."""
    turns, took = iter(range(count)), list[float]()

    async def some() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", market.port)
        try:
            for turn in turns:
                account = 1 + turn % size
                body = msgspec.json.encode(
                    {
                        "device_id": f"device-{account}", "steamid": str(76561197960265728 + account),
                        "session": {"ok": True, "blocking": None}, "capabilities": ["create", "inventory"],
                        "platform": "linux", "version": "1",
                    }
                )  # fmt: skip
                begun = time.perf_counter()
                writer.write(_head("POST", "/agent/v1/heartbeat", account, len(body)) + body)
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
                answer = await reader.readexactly(length)
                took.append((time.perf_counter() - begun) * 1e6)
                if not head.startswith(b"HTTP/1.1 200") or b'"accepted":true' not in answer:
                    raise RuntimeError(f"a heartbeat was answered {head[:60]!r} {answer[:200]!r}")
        finally:
            writer.close()

    await asyncio.gather(*(some() for _ in range(connections)))
    return took
