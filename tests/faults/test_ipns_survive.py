"""Workers and Postgres are killed while skins are told of: no notice is lost, none is sent by two, each credits once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from faults.mortal import Mortal, is_there
from faults.overdue import pass_time
from faults.programs import POLL_SECONDS, READY_SECONDS, Programs, programs_on, until
from market.paying import OWN, Till, till
from market.receiving import OK, Received, Receiver, receiving
from tradepost.db import DatabaseGone, Db
from tradepost.market import gateways, sending

pytestmark = pytest.mark.sql
SKINS, PRICE_CENTS, NET_CENTS = 80, 100, 95
STILL_SECONDS = 3.0  # without one more delivered
AFTER_A_CLAIM = sending.HAND_SECONDS + 1
NETWORKS = {"CALLBACK_NETWORKS": ",".join(OWN)}


@dataclass
class Shop:
    """A shop that credits a skin when it first hears of it, takes its time to answer, and counts."""

    receiver: Receiver
    credited: dict[str, int] = field(default_factory=dict)
    told: dict[str, set[str]] = field(default_factory=dict)  # the bytes told under each name
    under_way: Counter[str] = field(default_factory=Counter)
    together: list[str] = field(default_factory=list)  # names that were being told twice at one moment

    async def behave(self, request: Received, writer: asyncio.StreamWriter) -> None:
        """Answer one call."""
        told = request.told
        self.under_way[request.name] += 1
        if self.under_way[request.name] > 1:
            self.together.append(request.name)
        self.credited.setdefault(told["trade_id"], int(told["amount"].replace(".", "")))
        self.told.setdefault(request.name, set()).add(request.query)
        try:
            await asyncio.sleep(0.03)
            await OK(request, writer)
        finally:
            self.under_way[request.name] -= 1


@asynccontextmanager
async def a_shop(shop: Till) -> AsyncIterator[Shop]:
    """A shop that is told of many skins, all of them due now."""
    async with receiving() as receiver:
        made = Shop(receiver)
        receiver.behaviour = made.behave
        await gateways.change(shop.app, shop.merchant, callback_url=receiver.url)
        await shop.sell(*await shop.on_sale(await shop.link(), *[PRICE_CENTS] * SKINS))
        await pass_time(
            shop.db, shop.clock.offset + timedelta(minutes=1)
        )  # the workers' clock comes after ours
        yield made


async def delivered(db: Db) -> int:
    count: int = await db.value("SELECT count(*) FROM notice WHERE state = 'delivered'")
    return count


async def claims_are_over(db: Db) -> None:
    """So much time passes that nobody holds anything any more, and the next attempts are due."""
    await db.execute(
        "UPDATE notice SET in_hand_until = in_hand_until - $1::interval WHERE in_hand_until IS NOT NULL",
        timedelta(seconds=AFTER_A_CLAIM),
    )
    await pass_time(db, timedelta(minutes=41))  # as far as the fourth attempt


async def at_least(db: Db, so_many: int) -> None:
    """Wait until so many are delivered. What the dead had in hand keeps its places for a while: all four of them, if
    they fell so, and then nothing goes on until those claims are over; it is told again, as often as need be.
    """
    clock = asyncio.get_running_loop().time
    so_far, since = -1, clock()
    async with asyncio.timeout(2 * READY_SECONDS):
        while so_far < so_many:
            try:
                if (count := await delivered(db)) != so_far:
                    so_far, since = count, clock()
                elif so_far and clock() - since > STILL_SECONDS:
                    await claims_are_over(db)
                    since = clock()
            except DatabaseGone:  # it may just have been killed
                since = clock()
            await asyncio.sleep(POLL_SECONDS)


async def is_right(shop: Till, made: Shop) -> None:
    """Every skin was credited once, to the cent; repeats were the same bytes, and none went out twice at a time."""
    assert len(made.credited) == SKINS and sum(made.credited.values()) == SKINS * NET_CENTS
    assert (await shop.purse()).balance_cents == SKINS * NET_CENTS
    assert len(made.told) == SKINS and {len(queries) for queries in made.told.values()} == {1}
    assert made.together == []
    assert max(made.receiver.most_at_once.values()) <= sending.EACH_AT_ONCE


async def test_workers_are_killed_while_they_send(db: Db, tmp_path: Path) -> None:
    async with till(db) as shop, a_shop(shop) as made, programs_on(db.dsn, tmp_path, **NETWORKS) as programs:
        doomed = [await programs.start("worker") for _ in range(2)]
        for number, worker in enumerate(doomed, 1):
            await at_least(db, number * 15)
            await worker.kill()
            await programs.start("worker")
        assert await delivered(db) < SKINS, "the workers were done before they were killed"
        await at_least(db, SKINS)
        await is_right(shop, made)
        repeats = len(made.receiver.received) - SKINS
        # How those ended that the dead had begun nobody knows, and the time line says so.
        unended = await db.value("SELECT count(*) FROM notice_attempt WHERE milliseconds IS NULL")
        assert unended >= repeats


async def test_postgres_is_killed_while_workers_send(mortal: Mortal, tmp_path: Path) -> None:
    async with mortal.database() as db, till(db) as shop, a_shop(shop) as made:
        async with programs_on(db.dsn, tmp_path, **NETWORKS) as programs:
            await two_workers(programs)
            for kill in range(3):
                await at_least(db, (kill + 1) * 15)
                (mortal.kill if kill % 2 == 0 else mortal.kill_postmaster)()
                await until(lambda: is_there(db))
            await at_least(db, SKINS)
            assert all(one.runs for one in programs.started)
        await is_right(shop, made)


async def two_workers(programs: Programs) -> None:
    for _ in range(2):
        await programs.start("worker")
