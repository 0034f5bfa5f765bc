"""Postgres is killed in the middle of buying: every acknowledged purchase is there, none twice, and it goes on."""

import signal
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest

from faults.customers import PRICE_CENTS, crowd_of
from faults.mortal import Mortal, is_there
from faults.overdue import cancelled, pass_time, unsent
from faults.programs import programs_on, until
from stock import Stock
from tradepost.db import Db
from tradepost.market.ledger import wallet

KILLS = 4
BACK_SECONDS = 2.0  # a tenth of that on an idle machine
OFFERS = 2_000

pytestmark = pytest.mark.sql  # on a server of the version asked for


async def test_every_acknowledged_purchase_survives_and_none_is_made_twice(
    mortal: Mortal, tmp_path: Path
) -> None:
    async with mortal.database() as db, programs_on(db.dsn, tmp_path) as programs:
        web = await programs.serve()
        money = 2 * OFFERS * PRICE_CENTS
        async with crowd_of(Stock(db), web.url, OFFERS, money) as crowd:
            await web.ready()

            async def serves() -> bool:
                headers = {"Token": crowd.token}
                async with aiohttp.request(
                    "GET", f"{web.url}/api/v2/account/balance", headers=headers
                ) as reply:
                    return reply.status == 200

            async with crowd.buying(16):
                for kill in range(KILLS):
                    await crowd.until_bought(40)
                    await until(crowd.is_busy)
                    # By turns: all at once, or the head alone, whose children may still commit.
                    (mortal.kill if kill % 2 == 0 else mortal.kill_postmaster)()
                    await until(lambda: is_there(db))
                    assert await until(serves) < BACK_SECONDS
                await crowd.until_bought(40)
            assert await crowd.account(money) == []
            assert crowd.bought > 40 * KILLS
            assert all(wish.outcome != "unknown" for wish in crowd.wishes if wish.custom_id)
        assert web.program.runs
        web.program.signal(signal.SIGTERM)
        assert await web.program.ended() == 0


async def test_a_worker_goes_on_attending_and_follows_the_clock(mortal: Mortal, tmp_path: Path) -> None:
    async with mortal.database() as db, programs_on(db.dsn, tmp_path) as programs:
        worker = await programs.start("worker")
        stock = Stock(db)
        first = await unsent(stock, 1, 5, timedelta(hours=1))
        await until(lambda: all_cancelled(db, 5))
        mortal.kill()
        await until(lambda: is_there(db))
        # Due in a quarter of an hour by the clock as it is: only who sees it move finds them due.
        second = await unsent(stock, 1, 5, timedelta(0))
        await pass_time(db, timedelta(minutes=16))
        await until(lambda: all_cancelled(db, 10))
        assert worker.runs
        for buyer in (first, second):
            assert (await wallet(db, buyer)).deposit_cents == 5 * PRICE_CENTS


async def all_cancelled(db: Db, count: int) -> bool:
    """Whether so many trades are cancelled."""
    return await cancelled(db) == count
