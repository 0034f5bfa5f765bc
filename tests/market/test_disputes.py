"""Disputes: the buyer's word stops the settlement, an operator's ends the dispute, and nobody else's does."""

import asyncio
from typing import Any

import pytest

from agent.selling import Selling, told
from market.floor import HandClock
from tradepost import worker
from tradepost.cli import _parser
from tradepost.config import Settings
from tradepost.market import alerts, cases, clock, disputes, ledger, reports, trades
from tradepost.rules.refusals import Conflicting, Malformed, NotFound
from tradepost.rules.trade import Deadline, Delivered, Event, Ruled, Settled, SettlementKnown, TakenBack

pytestmark = pytest.mark.sql
WEEKS = 9 * 86_400
SAID = "It is another item than the one I paid for."


async def happens(world: Selling, view: Any, event: Event) -> str | None:
    app = world.app
    async with app.db.transaction() as tx:
        decision = await trades.happened(
            tx, app.settings, view.trade.id, event, witness="public_inventory", now=app.now()
        )
    return decision.refused


async def delivered(world: Selling) -> Any:
    """A trade whose item a witness saw with the buyer, and which Steam protects."""
    view, create = await world.sold_and_leased()
    assert (await reports.answered(world.app, world.agent, told(create, view))).accepted
    assert await happens(world, view, Delivered("50000000001")) is None
    await clock.advance(world.app, 700)
    assert await happens(world, view, Deadline()) is None
    return await world.read(view)


async def dispute(world: Selling, view: Any, by: int | None = None, text: str = SAID) -> disputes.Dispute:
    return await disputes.begin(world.app, by or world.buyer_id, view.trade.id, text)


async def read_alerts(world: Selling, account_id: int, kind: alerts.Kind = "alert") -> list[str]:
    found, _ = await alerts.page(world.app.db, account_id, kind, first=0, count=50)
    return [one.text for one in reversed(found)]


async def test_a_disputed_trade_does_not_settle_by_itself(world: Selling) -> None:
    view = await delivered(world)
    await dispute(world, view)
    await clock.advance(world.app, WEEKS)
    assert await worker.attend(world.app) == 0
    assert "disputes it" in str(await happens(world, view, Settled()))
    assert await world.state(view) == "protected"
    assert (await ledger.wallet(world.app.db, world.buyer_id)).held_cents == view.trade.price_cents


async def test_an_operator_sees_it_as_a_case_with_the_evidence(world: Selling) -> None:
    view = await delivered(world)
    await dispute(world, view)
    (case,) = await cases.open_cases(world.app)
    assert case.trade_id == view.trade.id
    assert case.reason.startswith("The buyer disputes the trade")
    (open_one,) = await disputes.open_disputes(world.app.db)
    assert (open_one.trade_id, open_one.account_id, open_one.text) == (view.trade.id, world.buyer_id, SAID)
    evidence = await cases.evidence(world.app.db, view.trade.id)
    assert (evidence.dispute, evidence.disputed_at) == (SAID, open_one.at)
    assert [(one.event, one.witness) for one in evidence.events][-3:] == [
        ("delivered", "public_inventory"), ("deadline", "public_inventory"), ("disputed", "buyer"),
    ]  # fmt: skip


async def test_an_operator_reads_what_the_buyer_says_beside_the_time_line(
    world: Selling, capsys: pytest.CaptureFixture[str]
) -> None:
    view = await delivered(world)
    await dispute(world, view, text="It is another one.\nReally.")
    options = _parser().parse_args(["trade", "show", str(view.trade.id)])
    assert await options.verb(Settings(mode="sandbox", database_url=world.app.db.dsn), options) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-4].split()[2:4] == ["protected", "disputed"]
    assert lines[-3:] == ["the buyer says:", "  | It is another one.", "  | Really."]


async def test_both_sides_are_told_that_it_is_looked_at_and_how_it_ended(world: Selling) -> None:
    view = await delivered(world)
    await dispute(world, view)
    assert "An operator looks at your dispute" in (await read_alerts(world, world.buyer_id, "review"))[0]
    assert "The buyer disputes trade" in (await read_alerts(world, world.merchant_id, "review"))[0]
    await cases.rule(world.app, view.trade.id, Ruled("reverse", "seller"), by="anna", reason="the wrong item")
    for account_id in (world.buyer_id, world.merchant_id):
        (ended,) = await read_alerts(world, account_id)
        assert ended.startswith(f"The dispute about trade {view.trade.id} has ended. The trade was reversed")
    assert await cases.open_cases(world.app) == []
    assert await disputes.open_disputes(world.app.db) == []


async def test_a_ruling_for_the_buyer_gives_his_money_back_whole(world: Selling) -> None:
    before = await ledger.wallet(world.app.db, world.buyer_id)
    view = await delivered(world)
    await dispute(world, view)
    await cases.rule(world.app, view.trade.id, Ruled("reverse", "seller"), by="anna", reason="the wrong item")
    assert await ledger.wallet(world.app.db, world.buyer_id) == before
    assert (await ledger.wallet(world.app.db, world.merchant_id)).balance_cents == 0


async def test_a_ruling_for_the_seller_lets_the_trade_go_on_and_pays_him_after_the_protection(
    world: Selling,
) -> None:
    view = await delivered(world)
    await dispute(world, view)
    await cases.rule(world.app, view.trade.id, Ruled("settle"), by="anna", reason="it is the item")
    assert await world.state(view) == "protected"
    assert (await ledger.wallet(world.app.db, world.merchant_id)).balance_cents == 0
    with pytest.raises(Conflicting, match="disputed already"):
        await dispute(world, view)
    await clock.advance(world.app, WEEKS)
    assert await happens(world, view, Settled()) is None
    assert await world.state(view) == "finished"


async def test_a_ruling_after_the_protection_pays_at_once(world: Selling) -> None:
    view = await delivered(world)
    await dispute(world, view)
    await clock.advance(world.app, WEEKS)
    await cases.rule(world.app, view.trade.id, Ruled("settle"), by="anna", reason="it is the item")
    assert await world.state(view) == "finished"
    assert (await ledger.wallet(world.app.db, world.merchant_id)).balance_cents > 0


async def test_what_steam_says_meanwhile_still_counts(world: Selling) -> None:
    view = await delivered(world)
    await dispute(world, view)
    later = (await world.read(view)).trade.protected_until
    assert later is not None
    assert await happens(world, view, SettlementKnown(later.replace(microsecond=1))) is None
    assert (await world.read(view)).trade.due_at is None
    assert await happens(world, view, TakenBack("buyer")) is None
    assert await world.state(view) == "reversed"
    assert await disputes.open_disputes(world.app.db) == []


async def test_only_the_buyer_disputes_and_another_s_trade_is_not_there(world: Selling) -> None:
    view = await delivered(world)
    for other in (world.seller_id, world.merchant_id, await world.stock.person()):
        with pytest.raises(NotFound):
            await dispute(world, view, by=other)
    with pytest.raises(NotFound):
        await disputes.begin(world.app, world.buyer_id, 999_999, SAID)
    assert await disputes.open_disputes(world.app.db) == []


async def test_a_trade_is_disputed_once_however_many_ask(world: Selling) -> None:
    view = await delivered(world)
    found = await asyncio.gather(*(dispute(world, view) for _ in range(8)), return_exceptions=True)
    assert sum(isinstance(one, disputes.Dispute) for one in found) == 1
    assert sum(isinstance(one, Conflicting) for one in found) == 7


async def test_before_the_item_came_there_is_nothing_to_dispute(world: Selling) -> None:
    view = await world.buy()
    with pytest.raises(Conflicting, match="only what was delivered"):
        await dispute(world, view)


async def test_after_the_protection_there_is_nothing_to_dispute(world: Selling) -> None:
    view = await delivered(world)
    await clock.advance(world.app, WEEKS)
    with pytest.raises(Conflicting, match="the time in which it could be disputed is over"):
        await dispute(world, view)


@pytest.mark.parametrize("text", ["", "x" * 2_001])
async def test_a_dispute_says_what_is_wrong(world: Selling, text: str) -> None:
    view = await delivered(world)
    with pytest.raises(Malformed, match="text"):
        await dispute(world, view, text=text)


@pytest.mark.parametrize("_", range(4))
async def test_of_a_dispute_and_a_settlement_at_once_one_happens(world: Selling, _: int) -> None:
    view = await delivered(world)
    until = view.trade.protected_until
    world.app.clock = HandClock(real=until)  # the one moment at which both are possible
    settled, disputed = await asyncio.gather(
        happens(world, view, Settled()), dispute(world, view), return_exceptions=True
    )
    assert (settled is None) == isinstance(disputed, Conflicting)
    assert await world.state(view) == ("finished" if settled is None else "protected")


async def test_the_database_itself_knows_what_can_be_disputed(world: Selling) -> None:
    view = await world.buy()
    with pytest.raises(Exception, match="only what was delivered"):
        await world.app.db.execute("UPDATE trade SET disputed_at = created_at WHERE id = $1", view.trade.id)
