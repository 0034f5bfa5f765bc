"""Settling: calls that end together are written down together, and none of them at the cost of another."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from box import Box, market
from market.receiving import make, put_kind
from tradepost.db import DatabaseBusy, Db
from tradepost.market import sending, settling
from tradepost.market.sending import Claimed
from tradepost.market.settling import Outcome, Settling

RECEIVED = Outcome(200, "ok", None, 7)
FAILED = Outcome(500, "no", "The receiver answered 500.", 7)
SILENT = Outcome(None, None, "No answer came.", 7)
UNWRITABLE = Outcome(200, "x" * 300, None, 7)  # no excerpt is that long


@pytest.fixture
async def box(db: Db) -> AsyncIterator[Box]:
    async with market(db, callback_networks=("127.0.0.0/8",)) as made:
        yield made


async def claimed_of(box: Box, merchants: int, each: int = 1) -> list[Claimed]:
    """Notices that are in our hand, so many of each of so many merchants."""
    for _ in range(merchants):
        merchant = await box.stock.person()
        await put_kind(box.app, merchant, "http://127.0.0.1:9/", "webhook")
        await make(box.app.db, merchant, box.app.now(), each)
    claimed = await sending.claim(box.app)
    assert len(claimed) == merchants * each
    return claimed


async def states(box: Box) -> list[str]:
    return [row["state"] for row in await box.app.db.fetch("SELECT state FROM notice ORDER BY id")]


async def test_what_came_of_each_is_its_own(box: Box, db: Db) -> None:
    claimed = sorted(await claimed_of(box, 3), key=lambda one: one.id)
    await settling.settle(box.app, list(zip(claimed, (RECEIVED, FAILED, SILENT), strict=True)))
    assert await states(box) == ["delivered", "waiting", "waiting"]
    rows = await db.fetch("SELECT status, answer, fault, milliseconds FROM notice_attempt ORDER BY notice_id")
    assert [Outcome(*row) for row in rows] == [RECEIVED, FAILED, SILENT]
    silent = await db.fetch("SELECT silent_at IS NOT NULL AS silent FROM receiver ORDER BY account_id")
    assert [row["silent"] for row in silent] == [False, False, True]
    assert await db.value("SELECT count(*) FROM notice WHERE in_hand_until IS NOT NULL") == 0


async def test_twice_is_once_and_whoever_answers_again_is_silent_no_more(box: Box, db: Db) -> None:
    (claimed,) = await claimed_of(box, 1)
    await settling.settle(box.app, [(claimed, SILENT)])
    assert await db.value("SELECT silent_at FROM receiver") is not None
    for _ in range(2):
        await settling.settle(box.app, [(claimed, RECEIVED)])
    assert await states(box) == ["delivered"] and await db.value("SELECT silent_at FROM receiver") is None


async def test_of_two_attempts_that_end_together_the_one_that_arrived_counts(box: Box) -> None:
    (first,) = await claimed_of(box, 1)
    await box.app.db.execute("UPDATE notice SET attempts = 2")
    second = replace(first, attempt=2)
    await settling.settle(box.app, [(second, FAILED), (first, RECEIVED)])
    assert await states(box) == ["delivered"]


async def test_calls_that_end_at_one_moment_are_few_transactions(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    claimed, batches, settle = await claimed_of(box, 40, 4), list[int](), settling.settle

    async def counted(app, done) -> None:  # type: ignore[no-untyped-def] # as settle
        batches.append(len(done))
        await settle(app, done)

    monkeypatch.setattr(settling, "settle", counted)
    desk = Settling(box.app)
    await asyncio.gather(*(desk.settle(one, RECEIVED) for one in claimed))
    assert set(await states(box)) == {"delivered"}
    assert sum(batches) == 160 and len(batches) <= settling.BATCHES_IN_FLIGHT + 1


async def test_one_that_cannot_be_written_spoils_no_other(box: Box) -> None:
    claimed = sorted(await claimed_of(box, 5), key=lambda one: one.id)
    outcomes = [RECEIVED, RECEIVED, UNWRITABLE, FAILED, RECEIVED]
    desk = Settling(box.app)
    await asyncio.gather(*(desk.settle(one, what) for one, what in zip(claimed, outcomes, strict=True)))
    assert await states(box) == ["delivered", "delivered", "waiting", "waiting", "delivered"]


async def test_a_database_that_is_busy_is_asked_again(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    claimed, settle, tries = await claimed_of(box, 2), settling.settle, 0

    async def busy_once(app, done) -> None:  # type: ignore[no-untyped-def] # as settle
        nonlocal tries
        tries += 1
        if tries == 1:
            raise DatabaseBusy("a deadlock")
        await settle(app, done)

    monkeypatch.setattr(settling, "settle", busy_once)
    monkeypatch.setattr(settling, "AGAIN_SECONDS", 0.01)
    desk = Settling(box.app)
    await asyncio.gather(*(desk.settle(one, RECEIVED) for one in claimed))
    assert set(await states(box)) == {"delivered"}
    await desk.stop()
