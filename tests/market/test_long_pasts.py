"""What is asked all the time reads no table of the past as a whole, however long the past is."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest

from box import Box, market
from market.planning import Asked, plans
from past import trades
from tradepost.app import App
from tradepost.db import Db
from tradepost.market import (
    directives,
    figures,
    notices,
    operations,
    overview,
    own_trades,
    people,
    storefront,
    users,
)
from tradepost.market.agents import Agent
from tradepost.market.operations import OperationsQuery
from tradepost.market.own_trades import OwnTradesQuery
from tradepost.rules.trade import State

PAST = ("trade", "sale", "entry", "transfer", "trade_event", "notice", "offer")
TRADES = 600


@pytest.fixture
async def box(db: Db) -> AsyncIterator[Box]:
    async with market(db) as made:
        yield made


@pytest.fixture
async def buyer(box: Box, db: Db) -> int:
    """Who has bought for a while."""
    buyer, seller = await box.stock.person(deposit_cents=100 * TRADES), await box.stock.person()
    await trades(db, buyer, seller, TRADES)
    for table in PAST:
        await db.execute(f"VACUUM ANALYZE {table}")
    return buyer


async def planned(app: App, ask: Callable[[App], Awaitable[object]]) -> list[str]:
    """How what is asked would be found."""
    asked = Asked(app.db)
    await ask(replace(app, db=asked))
    assert asked.statements
    async with app.db.transaction() as tx:
        return await plans(tx, asked.statements)


async def test_what_is_under_way_is_found_without_the_past(box: Box, buyer: int) -> None:
    async def ask(app: App) -> None:
        query = OperationsQuery(kinds=("buy", "sell"), states=("active",), limit=20)
        await operations.operations(app, buyer, query)
        await own_trades.page(app.db, buyer, OwnTradesQuery(state="active"))

    found = await planned(box.app, ask)
    assert len(found) == 3
    for plan in found:
        assert "trade_live_of_" in plan, plan  # of nothing, either is as good
        assert "trade_of_buyer" not in plan and "trade_of_payee" not in plan, plan


async def test_the_figures_of_the_market_read_no_past(box: Box, buyer: int) -> None:
    async def ask(app: App) -> None:
        read = await figures._read(app)
        assert read.trades[State.FINISHED.value] == TRADES and sum(read.trades.values()) == TRADES
        assert (await storefront._read(app)).sold == TRADES
        await overview._span(app.db, app.now())

    for plan in await planned(box.app, ask):
        assert not [table for table in PAST if f"Seq Scan on {table} " in f"{plan} "], plan


async def test_what_operators_see_of_somebody_reads_nobody_else_s_past(box: Box, buyer: int) -> None:
    async def ask(app: App) -> None:
        account = await users.by_id(app.db, buyer)
        assert account is not None
        assert (await people.counts(app.db, account)).trades_open == 0
        await notices.counts(app.db, buyer)

    for plan in await planned(box.app, ask):
        assert not [table for table in PAST if f"Seq Scan on {table} " in f"{plan} "], plan


async def test_an_account_s_ledger_is_read_from_its_end(box: Box, buyer: int, db: Db) -> None:
    async def ask(app: App) -> None:
        await people.entries(app.db, buyer, limit=20)

    (plan,) = await planned(box.app, ask)
    assert "a bucket's entries are a chain" in plan and "Seq Scan" not in plan, plan
    whole = await db.fetch(
        "SELECT transfer_id, book, amount_cents FROM entry WHERE account_id = $1 ORDER BY transfer_id DESC, book",
        buyer,
    )
    seen, before = list[tuple[object, ...]](), None
    while page := await people.entries(db, buyer, before=before, limit=50):
        seen += [(one.transfer_id, one.bucket, one.amount_cents) for one in page]
        before = page[-1].transfer_id
    assert seen == [tuple(row) for row in whole]


async def test_a_program_with_nothing_to_do_asks_little_and_reads_no_past(
    box: Box, buyer: int, db: Db
) -> None:
    seller = await db.value("SELECT min(payee_id) FROM trade")
    agent = Agent(1, seller, await box.stock.steamid_of(seller), "device", ("create", "confirm", "inventory"))

    async def ask(app: App) -> None:
        assert await directives.lease(app, agent) == []

    found = await planned(box.app, ask)
    assert len(found) == 2  # whether there is something, and whether an inventory is to be read
    for plan in found:
        assert not [table for table in PAST if f"Seq Scan on {table} " in f"{plan} "], plan
