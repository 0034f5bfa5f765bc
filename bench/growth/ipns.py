"""What sending costs with 1 to 100 thousand notices due: the worker that an operator runs, and a receiver on this machine."""

import asyncio
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench.growth import cpu
from bench.growth.points import Curves, cost
from bench.machine import usage
from bench.processes import started
from bench.town import SETTINGS, Serving, Town, town
from tradepost.config import Settings
from tradepost.market import receivers
from tradepost.rules import notice

SIZES = (1, 10, 100, 1_000, 10_000, 100_000)
SHORT = (10, 1_000)
SIZES_ARE = "notices due"
UNIT = "microseconds"
MERCHANTS = 200
SMALL_ROUNDS = 9  # of a size that takes no time
ROUNDS_BELOW = 1_000
POLL_SECONDS = 0.02
WAIT_SECONDS = 900.0
ROOT = Path(__file__).resolve().parents[2]
# Nobody's profile and no price is to be asked of Steam meanwhile; and where it is asked, nobody answers.
NOWHERE = "http://127.0.0.1:9"
WORKER = {
    "mode": "sandbox", "callback_networks": ("127.0.0.0/8",), "steam_community_url": NOWHERE, "steam_api_url": NOWHERE,
    "log_level": "warning",
}  # fmt: skip
QUIET = (
    "UPDATE account SET profile_read_at = now()",
    "UPDATE steam_item SET priced_at = now() + interval '1 day'",
)
DUE = """
    INSERT INTO notice (account_id, kind, type, payload, made_at, due_at, attempts_most)
    SELECT ($1::bigint[])[1 + n % cardinality($1::bigint[])], 'ipn', $3, $4, $5, $5, $6 FROM generate_series(1, $2::bigint) n
"""
LEFT = "SELECT count(*) FROM notice WHERE state = 'waiting'"
PAYLOAD = (
    b"type=payment&amount=6.66&create_date=2026-11-21+12%3A00%3A00&order_id=1234567&account=76561198000000001"
)


async def measure(curves: Curves, sizes: Sequence[int]) -> None:
    """Let so many notices be due at once, and wait until the worker has sent them."""
    async with (
        town(offers=1_000, merchants=MERCHANTS) as t,
        started([sys.executable, "-m", "bench.growth.receiver"], cpus=(1,), environ={"PYTHONPATH": str(ROOT)}, heard=True) as receiver,
    ):  # fmt: skip
        if receiver.stdout is None:
            raise RuntimeError("the receiver does not say where it is")
        port = int(await asyncio.wait_for(receiver.stdout.readline(), 20))
        settings = Settings(mode="sandbox", key=str(SETTINGS["key"]), callback_networks=("127.0.0.0/8",))
        async with t.db.transaction() as tx:
            for account in t.merchants:
                url = f"http://127.0.0.1:{port}/ipn/{account}"
                await receivers.make(tx, settings, account, "ipn", url, (notice.PAYMENT,), datetime.now(UTC))
            for statement in QUIET:
                await tx.execute(statement)
        async with t.serve(verb="worker", settings=WORKER, cpus=(0,)) as worker:
            await _runs(t)
            await _drain(t, worker, 50)  # what the first notices make is there for the others
            for size in sizes:
                await _one_size(curves, t, worker, size)


async def _one_size(curves: Curves, t: Town, worker: Serving, size: int) -> None:
    await t.db.execute("TRUNCATE notice CASCADE")
    await t.db.execute("VACUUM ANALYZE notice, notice_attempt, receiver")
    waits, ours, theirs, most = [], [], [], 0.0
    for _ in range(SMALL_ROUNDS if size < ROUNDS_BELOW else 1):
        before = cpu.microseconds(worker.pids), cpu.microseconds(t.postgres_pids())
        took, mib = await _drain(t, worker, size)
        waits.append(took / size * 1e6)
        ours.append((cpu.microseconds(worker.pids) - before[0]) / size)
        theirs.append((cpu.microseconds(t.postgres_pids()) - before[1]) / size)
        most = max(most, mib)
    few = "a few wait for the next look at what is due"
    curves.add("until it is sent, each", size, cost(waits), UNIT, why=few)
    curves.add("CPU of a notice, worker", size, cost(ours), UNIT, why=few)
    curves.add(
        "CPU of a notice, Postgres", size, cost(theirs), UNIT, why="the looks of whoever measures are in it"
    )
    curves.add("memory of the worker, at most", size, cost([most]), "MiB")


async def _drain(t: Town, worker: Serving, size: int) -> tuple[float, float]:
    """Make so many notices due; return the seconds until all were delivered, and the worker's memory at most."""
    begun, most = time.perf_counter(), 0.0
    now = datetime.now(UTC)
    await t.db.execute(DUE, t.merchants, size, notice.PAYMENT, PAYLOAD, now, notice.ATTEMPTS_MAX)
    async with asyncio.timeout(WAIT_SECONDS):
        poll = POLL_SECONDS
        while left := await t.db.value(LEFT):
            most = max(most, usage(worker.pids).pss_mib)
            await asyncio.sleep(poll)
            poll = POLL_SECONDS if left < ROUNDS_BELOW else 10 * POLL_SECONDS
    took = time.perf_counter() - begun
    failed = await t.db.value("SELECT count(*) FROM notice_attempt WHERE fault IS NOT NULL")
    if failed:
        said = await t.db.value("SELECT fault FROM notice_attempt WHERE fault IS NOT NULL LIMIT 1")
        raise RuntimeError(f"{failed} of {size} notices failed: {said}")
    return took, max(most, usage(worker.pids).pss_mib)


async def _runs(t: Town) -> None:
    async with asyncio.timeout(60):
        while not await t.db.value("SELECT count(*) FROM worker"):  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(POLL_SECONDS)
