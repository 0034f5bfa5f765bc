"""Jobs: work that is due, claimed and finished, by our notices and by pgqueuer on the same Postgres.

Both drain the same number of jobs that do nothing. Ours are notices: each is claimed with its receiver's limits looked at,
its attempt is written down as begun, and settled with what came of it, as the worker does; only the call is left out. CPU is that of Postgres, of one job.
Theirs are pgqueuer's own jobs, run by its own manager in its own mode for draining, in batches as large as ours.
`profile=1` says besides what each of our statements took.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from typing import Any

import asyncpg

from bench.options import NotRun, Options
from bench.pairs import Run, compare, measured
from bench.rows import Row
from bench.town import SETTINGS, Town, town
from tradepost.app import App, open_app
from tradepost.config import Settings
from tradepost.db import Tx, create_database
from tradepost.market import receivers, sending
from tradepost.market.sending import AT_ONCE
from tradepost.market.settling import Outcome, Settling
from tradepost.rules import notice

JOBS, SHORT_JOBS = 20_000, 2_000
MERCHANTS = 200
GOAL = 3.0
ENTRYPOINT = "nothing"
STATEMENT_CHARS = 70
RECEIVED = Outcome(200, "ok", None, 1)
DUE = """
    INSERT INTO notice (account_id, kind, type, payload, made_at, due_at, attempts_most)
    SELECT ($1::bigint[])[1 + n % cardinality($1::bigint[])], 'webhook', 'trade.finished', 'x', $3, $3, $4
      FROM generate_series(1, $2::bigint) n
"""


async def run(options: Options) -> Sequence[Row]:
    """Drain so many jobs on each side, in turn; `jobs=` says how many, `batch=` how many pgqueuer takes at once."""
    if find_spec("pgqueuer") is None:
        raise NotRun("pgqueuer is missing here: .venv/bin/pip install -e '.[bench]'")
    jobs = options.whole("jobs", SHORT_JOBS if options.short else JOBS)
    batch = options.whole("batch", AT_ONCE)
    async with town(offers=1_000, merchants=MERCHANTS, cpus=None) as t:
        settings = Settings(mode="sandbox", key=str(SETTINGS["key"]))
        async with open_app(settings, t.dsn) as app, _pgqueuer(t) as theirs:
            async with t.db.transaction() as tx:
                for account in t.merchants:
                    await receivers.make(
                        tx, settings, account, "webhook", "https://nobody.example/", ("trade.finished",), datetime.now(UTC)
                    )  # fmt: skip
            await ours(app, t, min(jobs, 1_000))
            await theirs(min(jobs, 1_000), batch)
            mine, others = list[Run](), list[Run]()
            for _ in range(options.rounds):
                mine.append(await ours(app, t, jobs))
                others.append(await theirs(jobs, batch))
            if options.text("profile", ""):
                with _statements() as took:
                    await ours(app, t, jobs)
                for seconds, words in sorted(((took[words], words) for words in took), reverse=True):
                    print(f"{seconds / jobs * 1e6:8.1f} microseconds a job  {words}")
    pair = compare(mine, others)
    note = f"{jobs:,} jobs that do nothing, each in a transaction that lasts; theirs {batch} at once"
    return [
        pair.row(
            work="job claimed and finished",
            against="pgqueuer",
            unit="jobs/s",
            goal=GOAL,
            size=jobs,
            note=note,
        )
    ]


async def ours(app: App, t: Town, jobs: int) -> Run:
    """Let so many notices be due, and time until all are settled."""
    await t.db.execute("TRUNCATE notice CASCADE")
    await t.db.execute(DUE, t.merchants, jobs, datetime.now(UTC), notice.ATTEMPTS_MAX)
    await t.db.execute("VACUUM ANALYZE notice")
    await t.db.execute("CHECKPOINT")
    settling = Settling(app)

    async def some() -> int:
        done = 0
        while claimed := await sending.claim(app):
            await asyncio.gather(*(settling.settle(one, RECEIVED) for one in claimed))
            done += len(claimed)
        return done

    async def drain() -> Run:
        begun = time.perf_counter()
        # Twice: what was claimed is settled while more is claimed, as the worker does and pgqueuer's manager.
        done = sum(await asyncio.gather(some(), some()))
        took = time.perf_counter() - begun
        left = await t.db.value("SELECT count(*) FROM notice WHERE state <> 'delivered'")
        return Run(value=jobs / took, requests=jobs, seconds=took, errors=left + abs(jobs - done))

    return _by_time(await measured(drain(), t.postgres_pids()))


@contextmanager
def _statements() -> Iterator[dict[str, float]]:
    """Add up the seconds that each statement of a transaction is waited for, by its first words."""
    took, usual = defaultdict[str, float](float), (Tx.fetch, Tx.execute)

    def timed(call: Any) -> Any:
        async def timing(self: Tx, sql: str, *args: object) -> Any:
            begun = time.perf_counter()
            try:
                return await call(self, sql, *args)
            finally:
                took[" ".join(sql.split())[:STATEMENT_CHARS]] += time.perf_counter() - begun

        return timing

    Tx.fetch, Tx.execute = timed(Tx.fetch), timed(Tx.execute)  # type: ignore[method-assign] # for the block
    try:
        yield took
    finally:
        Tx.fetch, Tx.execute = usual  # type: ignore[method-assign] # for the block


def _by_time(run: Run) -> Run:
    """A run that is compared by how long it took: neither side is to keep Postgres busy, but to be done."""
    return replace(run, busy=None)


@asynccontextmanager
async def _pgqueuer(t: Town) -> AsyncIterator[Any]:
    """A pgqueuer in a database of its own on the same server, as a function that drains so many jobs."""
    from pgqueuer.adapters.drivers.asyncpg import AsyncpgPoolDriver  # noqa: PLC0415 - only this benchmark needs it
    from pgqueuer.core.qm import QueueManager  # noqa: PLC0415 - as above
    from pgqueuer.domain.types import QueueExecutionMode  # noqa: PLC0415 - as above
    from pgqueuer.queries import Queries  # noqa: PLC0415 - as above

    dsn = await create_database(t.server.dsn, "pgqueuer")
    async with asyncpg.create_pool(dsn, min_size=4, max_size=10) as pool:
        queries = Queries(AsyncpgPoolDriver(pool))
        await queries.install()

        async def drain(jobs: int, batch: int) -> Run:
            await queries.enqueue([ENTRYPOINT] * jobs, [b"x"] * jobs, [0] * jobs)
            await pool.execute("VACUUM ANALYZE")
            await pool.execute("CHECKPOINT")
            done = 0
            manager = QueueManager(queries)

            @manager.entrypoint(ENTRYPOINT)
            async def nothing(_: Any) -> None:
                nonlocal done
                done += 1

            async def drained() -> Run:
                begun = time.perf_counter()
                await manager.run(
                    batch_size=batch, mode=QueueExecutionMode.drain, dequeue_timeout=timedelta(seconds=1)
                )
                took = time.perf_counter() - begun
                left = await pool.fetchval("SELECT count(*) FROM pgqueuer")
                return Run(value=jobs / took, requests=jobs, seconds=took, errors=left + abs(jobs - done))

            return _by_time(await measured(drained(), t.postgres_pids()))

        yield drain
