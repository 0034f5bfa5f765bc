"""How soon the market answers: after a start in an empty folder and in a full one, and after a kill of its Postgres or of itself.

    python -m bench start [offers=1m] [most=5m]

An operator who names no database gets a Postgres of our own, so its start is part of ours. `/readyz` asks the database,
and is good when the shelves are full. `most` adds a size; memory is measured along with it (`bench/memory.py`).
"""

import asyncio
import os
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Sequence

from bench import memory
from bench.folder import POLL_SECONDS, Folder, Started, folder, kill, status
from bench.options import NotRun, Options
from bench.processes import end, output
from bench.rows import Row

SIZES = (100_000, 1_000_000)
SHORT = (20_000,)
ROUNDS_EMPTY = 7  # a start of nothing takes a second: more of them say more
BACK_SECONDS = 60.0  # for a call to be answered after a kill
REST_SECONDS = 0.5  # for what a start left to do
COLD, WARM, KILLED = 3.0, 1.0, 1.0  # goals, in seconds
IMPORTS = "import tradepost.cli, tradepost.cli.running, tradepost.server"


async def run(options: Options) -> list[Row]:
    """Measure the times and the memory of each size."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # whoever installs the program has it compiled
    rounds = 2 if options.short else options.rounds
    sizes = SHORT if options.short else SIZES
    if "offers" in options.values:
        sizes = (options.whole("offers", 0),)
    if "most" in options.values:
        sizes = (*sizes, options.whole("most", 0))
    if min(sizes) < 1:
        raise NotRun("offers=0 is measured anyhow: name how many there are to be besides")
    empty = 2 if options.short else max(rounds, ROUNDS_EMPTY)
    rows = [
        row("python alone", 0, await _times(empty, _python("pass"))),
        row("imports alone", 0, await _times(empty, _python(IMPORTS))),
        started_row("cold start", 0, [await cold() for _ in range(empty)], COLD),
    ]
    kept = memory.Kept()
    for size in (0, *sizes):
        async with folder() as home:
            await home.fill(size)
            rows += await _of_size(home, empty if not size else rounds, kept)
            if not size:
                rows += await memory.of_processes(home, options.short)
    return rows + kept.rows()


async def _of_size(home: Folder, rounds: int, kept: memory.Kept) -> list[Row]:
    """The starts and kills of a folder that is filled."""
    warm, database, server = list[Started](), list[float](), list[Started]()
    async with home.running():  # what was just written is read once by whatever comes first
        pass
    for _ in range(rounds):
        async with home.running() as market:
            warm.append(market)
            await asyncio.sleep(REST_SECONDS)
            kept.note(home.offers, market.pid)
            database.append(await _without_postgres(market))
            await asyncio.sleep(REST_SECONDS)
            await kill([market.pid])
        begun, market = time.time(), await home.start()
        try:
            await home.ready(market, begun)
        finally:
            await end(market.process)
        server.append(market)
    return [
        started_row("warm start", home.offers, warm, WARM),
        row("answer after kill -9 of Postgres", home.offers, database, KILLED),
        started_row("start after kill -9 of the server", home.offers, server, KILLED),
    ]


async def cold() -> Started:
    """A start in a folder that has nothing in it."""
    async with folder() as home:
        home.path.mkdir()
        async with home.running() as market:
            return market


async def _without_postgres(market: Started) -> float:
    """Kill every process of the database, and say how long it took until a call was answered that needs it."""
    killed = market.postgres_pids
    begun = time.perf_counter()
    await kill(killed)
    while time.perf_counter() - begun < BACK_SECONDS:
        if await status(market.port, b"/readyz") == 200:  # noqa: PLR2004 - HTTP's own
            return time.perf_counter() - begun
        await asyncio.sleep(POLL_SECONDS)
    raise RuntimeError(
        f"no call was answered within {BACK_SECONDS:.0f} seconds after the database was killed"
    )


def _python(code: str) -> Callable[[], Awaitable[object]]:
    return lambda: output([sys.executable, "-c", code], seconds=60)


async def _times(rounds: int, once: Callable[[], Awaitable[object]]) -> list[float]:
    await once()  # reads the files
    took: list[float] = []
    for _ in range(rounds):
        begun = time.perf_counter()
        await once()
        took.append(time.perf_counter() - begun)
    return took


def started_row(work: str, size: int, found: Sequence[Started], goal: float) -> Row:
    """Starts as a row that says where their time went."""
    steps = {
        "Postgres at": [one.database_seconds for one in found],
        "listening at": [one.listening_seconds for one in found],
    }
    note = ", ".join(f"{name} {statistics.median(times):.2f} s" for name, times in steps.items())
    if waited := max(one.unanswered_seconds for one in found):
        note += f"; until it was ready /healthz took {waited * 1000:.0f} ms at most"
    return row(work, size, [one.ready_seconds for one in found], goal, note)


def row(work: str, size: int, took: Sequence[float], goal: float | None = None, note: str = "") -> Row:
    """The median of several times as a row; its spread is the longest by the shortest."""
    middle = statistics.median(took)
    return Row(
        work=work, size=size, unit="s", ours=middle, goal=goal, spread=max(took) / min(took),
        reached=None if goal is None else middle <= goal, note=f"{len(took)} runs" + (f"; {note}" if note else ""),
    )  # fmt: skip
