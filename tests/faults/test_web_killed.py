"""The web server is killed in the middle of buying, and told to stop: what it acknowledged is so, and it is done once."""

import asyncio
import signal
from collections.abc import Iterable
from pathlib import Path

import aiohttp
import pytest

from faults.customers import PRICE_CENTS, Sold, Wish, contradictions, crowd_of
from faults.programs import programs_on, until
from stock import Stock
from tradepost.db import Db

KILLS = 2
OFFERS = 2_000
MONEY = 2 * OFFERS * PRICE_CENTS


async def test_after_each_kill_all_that_was_acknowledged_is_there_and_nothing_twice(
    db: Db, tmp_path: Path
) -> None:
    async with programs_on(db.dsn, tmp_path) as programs:
        web = await programs.serve()
        async with crowd_of(Stock(db), web.url, OFFERS, MONEY) as crowd:
            await web.ready()
            async with crowd.buying(16):
                for _ in range(KILLS):
                    await crowd.until_bought(40)
                    await until(crowd.is_busy)  # now and then all of them pause at one moment
                    await web.program.kill()
                    web = await programs.serve(web.port)
                    await web.ready()
                await crowd.until_bought(40)
            assert await crowd.account(MONEY) == []
            resolved = [wish for wish in crowd.wishes if wish.was_unknown and wish.custom_id]
            assert resolved
            assert all(wish.outcome in ("bought", "refused") for wish in resolved)


async def test_sigterm_lets_every_purchase_under_way_be_answered(db: Db, tmp_path: Path) -> None:
    async with programs_on(db.dsn, tmp_path) as programs:
        web = await programs.serve()
        async with crowd_of(Stock(db), web.url, 24, MONEY) as crowd:
            await web.ready()
            asked = [wish for wish in crowd.wishes if wish.offer_id % 3]
            async with db.transaction() as holding:
                # Every purchase needs this row: none can be answered while we hold it.
                await holding.execute(
                    "SELECT 1 FROM wallet WHERE account_id = $1 FOR UPDATE", crowd.account_id
                )
                tasks = [asyncio.create_task(crowd.ask(wish)) for wish in asked]
                await until(lambda: waiting(db))
                # A later request was answered, so those before it were read.
                async with aiohttp.request("GET", f"{web.url}/healthz") as reply:
                    assert reply.status == 200
                web.program.signal(signal.SIGTERM)
                await until(lambda: refused(web.port))
                assert web.program.runs
                assert not any(task.done() for task in tasks)
            await asyncio.gather(*tasks)
            assert [wish.outcome for wish in asked] == ["bought"] * len(asked)
            assert await web.program.ended() == 0
            assert await crowd.account(MONEY) == []


async def waiting(db: Db) -> bool:
    """Whether a batch of purchases waits for a lock."""
    sql = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%buy_batch(%'"
    return bool(await db.value(f"{sql} AND datname = current_database()"))


async def refused(port: int) -> bool:
    """Whether nobody listens on a port any more."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionRefusedError:
        return True
    writer.close()
    return False


# The checker itself ------------------------------------------------------------------------------------------

BOUGHT, REFUSED = Wish(1, 7, "a", "bought", 70), Wish(2, 8, None, "refused")
UNKNOWN, UNSENT = Wish(3, 9, "c", "unknown"), Wish(4, 9, None)
WISHES = (BOUGHT, REFUSED, UNKNOWN, UNSENT)


def sold(wish: Wish, id_: int = 70) -> Sold:
    return Sold(id_, wish.mark, wish.offer_id, wish.custom_id, PRICE_CENTS)


@pytest.mark.parametrize(
    ("trades", "lies"),
    [
        ([sold(BOUGHT)], 0),
        ([sold(BOUGHT), sold(UNKNOWN, 71)], 0),
        ([], 1),  # an acknowledged purchase is lost
        ([sold(BOUGHT, 71)], 1),  # it is another one
        ([sold(BOUGHT), sold(BOUGHT, 71)], 1),
        ([sold(BOUGHT), sold(REFUSED, 71)], 1),
        ([sold(BOUGHT), sold(UNSENT, 71)], 1),
        ([sold(BOUGHT), sold(UNKNOWN, 71), sold(UNKNOWN, 72)], 1),
        ([Sold(70, BOUGHT.mark, 9, "a", PRICE_CENTS)], 1),
        ([sold(BOUGHT), Sold(71, "stranger", 7, None, PRICE_CENTS)], 1),
    ],
)
def test_the_check_sees_every_lie(trades: Iterable[Sold], lies: int) -> None:
    assert len(contradictions(WISHES, trades)) == lies
