"""Operators' cases: ruled on, closed by themselves when their trade ends, and never out of reach of a person."""

from typing import Any

import pytest

from agent.selling import Selling, saw, told
from tradepost.market import cases, clock, housekeeping, reports, sightings, trades
from tradepost.rules.refusals import Conflicting, NotFound
from tradepost.rules.trade import Deadline, Delivered, Event, Ruled, Settled, TakenBack

pytestmark = pytest.mark.sql
WEEKS = 9 * 86_400


async def happens(world: Selling, view: Any, event: Event) -> None:
    app = world.app
    async with app.db.transaction() as tx:
        decision = await trades.happened(
            tx, app.settings, view.trade.id, event, witness="public_inventory", now=app.now()
        )
    assert decision.refused is None, decision.refused


async def sent(world: Selling) -> Any:
    view, create = await world.sold_and_leased()
    assert (await reports.answered(world.app, world.agent, told(create, view))).accepted
    return await world.read(view)


async def overdue(world: Selling) -> Any:
    """A trade whose Steam offer nobody can say the fate of, so that an operator was asked."""
    view = await sent(world)
    await world.overdue(view)
    await world.overdue(view)
    (case,) = await cases.open_cases(world.app)
    assert case.trade_id == view.trade.id
    return view


async def finished(world: Selling) -> Any:
    view = await sent(world)
    await happens(world, view, Delivered("50000000001"))
    await clock.advance(world.app, 700)
    await happens(world, view, Deadline())
    await clock.advance(world.app, WEEKS)
    await happens(world, view, Settled())
    return view


async def test_a_ruling_ends_the_trade_and_closes_its_case(world: Selling) -> None:
    view = await overdue(world)
    await cases.rule(world.app, view.trade.id, Ruled("refund"), by="anna", reason="nobody knows")
    assert await world.state(view) == "cancelled"
    assert await cases.open_cases(world.app) == []
    assert (await world.events(view))[-1] == ("ruled", "operator:anna")


async def test_a_ruling_that_is_not_possible_leaves_the_case_open(world: Selling) -> None:
    view = await overdue(world)
    with pytest.raises(Conflicting):
        await cases.rule(world.app, view.trade.id, Ruled("settle"), by="anna", reason="so")
    assert len(await cases.open_cases(world.app)) == 1


async def test_a_case_closes_when_its_trade_ends_without_a_ruling(world: Selling) -> None:
    view = await overdue(world)
    await clock.advance(world.app, 60)
    assert await sightings.seen(world.app, world.agent, saw(world.app, view, 6))
    assert await world.state(view) == "cancelled"
    await clock.advance(world.app, 120)
    await housekeeping.close_cases(world.app)
    assert await cases.open_cases(world.app) == []


async def test_a_trade_that_was_reversed_after_it_was_paid_stays_a_case_until_a_person_closes_it(
    world: Selling,
) -> None:
    view = await finished(world)
    await clock.advance(world.app, 3_600)
    await happens(world, view, TakenBack())
    await clock.advance(world.app, 3_600)
    await housekeeping.close_cases(world.app)
    assert len(await cases.open_cases(world.app)) == 1
    await cases.close(world.app, view.trade.id, by="anna", reason="the seller paid it back")
    assert await cases.open_cases(world.app) == []


async def test_a_reversal_by_nobody_knows_whom_can_be_closed(world: Selling) -> None:
    view = await sent(world)
    await happens(world, view, Delivered("50000000001"))
    await happens(world, view, TakenBack())
    assert await world.state(view) == "reversed"
    await clock.advance(world.app, 3_600)
    await housekeeping.close_cases(world.app)
    assert len(await cases.open_cases(world.app)) == 1
    await cases.close(world.app, view.trade.id, by="anna", reason="looked at")
    assert await cases.open_cases(world.app) == []


async def test_a_case_of_a_trade_that_still_runs_is_ruled_on_and_not_closed(world: Selling) -> None:
    view = await overdue(world)
    with pytest.raises(Conflicting):
        await cases.close(world.app, view.trade.id, by="anna", reason="tired of it")
    with pytest.raises(NotFound):
        await cases.close(world.app, 999_999, by="anna", reason="no such trade")
    assert len(await cases.open_cases(world.app)) == 1


async def test_there_is_nothing_to_close_where_no_case_is_open(world: Selling) -> None:
    view = await finished(world)
    with pytest.raises(NotFound):
        await cases.close(world.app, view.trade.id, by="anna", reason="what for")
