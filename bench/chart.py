"""What charts and histories cost an account with a million trades: `python -m bench.chart 1000000`.

A Postgres of its own is filled with finished trades of two accounts over three years, and the totals of their days as
settlements write them. Each question is asked through the same verbs as by the user API. Figures are milliseconds of this
process and its database together, without HTTP: the median, the 95th of a hundred, and the worst.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from tradepost import embedded
from tradepost.db import Db, create_database, migrate
from tradepost.market import histories, stats, users

END = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAYS = 3 * 365
TIMES = 200
FILL = (
    "ALTER TABLE offer DISABLE TRIGGER USER",
    "INSERT INTO steam_item (project, market_hash_name) VALUES ('csgo', 'AK-47 | Slate (Field-Tested)')",
    """INSERT INTO offer (account_id, seller_id, seller_steamid, project, appid, contextid, assetid, classid, instanceid,
                          steam_item_id, price_cents, state, created_at)
       SELECT {seller}, {seller}, '76561198000000002', 'csgo', 730, 2, n::text, '1', '0', 1, 100, 'sold', '{begin}'
         FROM generate_series(1, {count}) n""",
    """INSERT INTO trade (offer_id, buyer_id, payee_id, seller_id, buyer_steamid, trade_token, price_cents, fee_cents,
                          paid_deposit_cents, paid_balance_cents, seller_sold_count, digest, state, accepted_at,
                          protected_until, ended_at, explanation, created_at, changed_at)
       SELECT o.id, {buyer}, {seller}, {seller}, '76561198000000001', 'tokenabc', 100, 5, 100, 0, 0, '\\x00', 'finished',
              x.at, x.at, x.at, 'It is done.', x.at, x.at
         FROM offer o CROSS JOIN LATERAL (SELECT '{begin}'::timestamptz + o.id * interval '{days} days' / {count} AS at) x""",
    """INSERT INTO day_total SELECT {seller}, (ended_at AT TIME ZONE 'UTC')::date, 0, 0, sum(price_cents), count(*)
         FROM trade GROUP BY 2""",
    """INSERT INTO day_total SELECT {buyer}, (ended_at AT TIME ZONE 'UTC')::date, sum(price_cents), count(*), 0, 0
         FROM trade GROUP BY 2""",
    "VACUUM ANALYZE",
)


async def main() -> None:
    """Fill, ask, and print a line for each question."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trades", type=int, nargs="?", default=100_000)
    count = parser.parse_args().trades
    with tempfile.TemporaryDirectory() as home:
        Path(home).chmod(0o755)
        async with embedded.server(Path(home), durable=False) as server:
            dsn = await create_database(server.dsn, "bench")
            await migrate(dsn)
            db = await Db.open(dsn, statement_seconds=900.0)
            try:
                await ask(db, await fill(db, count), count)
            finally:
                await db.close()


async def fill(db: Db, count: int) -> int:
    """Write so many trades; return the account that sold."""
    async with db.transaction() as tx:
        buyer = await users.know(tx, "76561198000000001", "operator", END)
        seller = await users.know(tx, "76561198000000002", "operator", END)
    begin = END - timedelta(days=DAYS)
    for statement in FILL:
        await db.execute(
            statement.format(buyer=buyer.id, seller=seller.id, count=count, begin=begin, days=DAYS)
        )
    return seller.id


async def ask(db: Db, account_id: int, count: int) -> None:
    """Time each question."""
    today = END.date()
    print(f"{await db.value('SELECT count(*) FROM trade'):,} trades, {DAYS:,} days; milliseconds")

    async def everything() -> None:
        days = await stats.days(db, account_id, "All", today)
        sums = await stats.sums(db, account_id, today)
        rows = [{"date": str(one.day), "buy": one.bought_cents, "sale": one.sold_cents} for one in days]
        msgspec.json.encode({"graph": rows, "global": sums.all_cents})
        if sums.all_cents != 100 * count:
            raise SystemExit(f"the chart has {sums.all_cents} cents of {100 * count}")

    await timed("chart All, sums, JSON", everything)
    await timed("chart 1M", lambda: stats.days(db, account_id, "1M", today))
    await timed(
        "sales, first page", lambda: histories.traded(db, account_id, "sales", first=0, count=50), TIMES // 10
    )


async def timed(label: str, question: Callable[[], Awaitable[object]], times: int = TIMES) -> None:
    """Ask so often, and print what it took."""
    took = []
    for _ in range(times + 1):
        begin = time.perf_counter()
        await question()
        took.append((time.perf_counter() - begin) * 1000)
    took = took[1:]  # the first prepares its statements
    late = statistics.quantiles(took, n=20)[-1]
    print(f"{label:24} {statistics.median(took):8.2f} {late:8.2f} {max(took):8.2f}")


if __name__ == "__main__":
    asyncio.run(main())
