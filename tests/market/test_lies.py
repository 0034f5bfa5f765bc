"""What lying, mad or late programs do not get: a crash, a second cancel, another's silence, money for nothing."""

from datetime import timedelta
from typing import Any

import pytest

from agent.selling import Selling, an_agent, items, saw, told
from tradepost.market import reports, sightings, trades, watching
from tradepost.market.sightings import Verdict
from tradepost.rules.trade import Deadline, Decision, Delivered, Event, LookFailed, Ruled

pytestmark = pytest.mark.sql
TAKEN = Verdict(True)


async def happens(world: Selling, view: Any, event: Event, witness: str) -> Decision:
    app = world.app
    async with app.db.transaction() as tx:
        return await trades.happened(tx, app.settings, view.trade.id, event, witness=witness, now=app.now())


async def sent(world: Selling) -> Any:
    view, create = await world.sold_and_leased()
    assert (await reports.answered(world.app, world.agent, told(create, view))).accepted
    return await world.read(view)


async def test_an_invalid_offer_of_a_trade_that_nobody_was_asked_to_send_changes_nothing(
    world: Selling,
) -> None:
    view = await world.buy()
    verdict = await sightings.seen(world.app, world.agent, saw(world.app, view, 1))
    assert not verdict.accepted
    assert await world.read(view) == view


async def test_an_offer_that_an_operator_refunded_is_cancelled_once(world: Selling) -> None:
    view = await sent(world)
    await happens(world, view, Ruled("refund"), "operator:test")
    (cancel,) = await world.lease()
    dead = told(cancel, view, "success", code=6, steam_tradeofferid=view.trade.steam_tradeofferid,
                partner_steamid=view.trade.buyer_steamid, items=items(view))  # fmt: skip
    assert await reports.answered(world.app, world.agent, dead) == TAKEN
    assert await world.lease() == []
    assert not (await world.read(view)).trade.offer_maybe_live


async def test_an_order_that_an_operator_refunded_is_searched_for_once(world: Selling) -> None:
    view, _ = await world.sold_and_leased()
    await happens(world, view, Ruled("refund"), "operator:test")
    (cancel,) = await world.lease()
    assert await reports.answered(world.app, world.agent, told(cancel, view, "absent")) == TAKEN
    assert await world.lease() == []


async def test_a_cancel_that_cancelled_nothing_is_not_asked_again_at_once(world: Selling) -> None:
    view = await sent(world)
    await world.overdue(view)
    (cancel,) = await world.lease()
    still = told(cancel, view, "success", code=2, steam_tradeofferid=view.trade.steam_tradeofferid,
                 partner_steamid=view.trade.buyer_steamid, items=items(view))  # fmt: skip
    assert await reports.answered(world.app, world.agent, still) == TAKEN
    assert await world.state(view) == "sent"
    assert await world.lease() == []


async def test_a_receivers_program_can_not_have_a_refunded_price_held_again(world: Selling) -> None:
    """He need not be who paid: merchant and customer are two, and the customer may be the seller's friend."""
    view = await sent(world)
    await sightings.seen(world.app, world.agent, saw(world.app, view, 7))
    assert await world.state(view) == "cancelled"
    buyers = await an_agent(world.app, world.buyer_id, "buyers")
    claim = saw(world.app, view, 3, partner_steamid=view.seller_steamid, items=items(view, "50000000001"))
    verdict = await sightings.seen(world.app, buyers, claim)
    assert not verdict.accepted and verdict.reason
    assert await world.state(view) == "cancelled"
    assert (
        await world.app.db.value("SELECT held_cents FROM wallet WHERE account_id = $1", world.buyer_id) == 0
    )


async def test_looks_that_show_nothing_new_make_no_time_line_and_silence_nobody(
    world: Selling, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sightings, "EVENTS_MAX", 6)
    view = await sent(world)
    await sightings.seen(world.app, world.agent, saw(world.app, view, 3))
    for _ in range(10):
        await happens(world, view, LookFailed("the inventory is private"), "public_inventory")
    events = [event for event, _ in await world.events(view)]
    assert events.count("look_failed") == 1
    assert (await world.read(view)).trade.tries == 10
    for number in range(5):
        await happens(world, view, LookFailed(f"reason {number}"), "public_inventory")
    assert (await sightings.seen(world.app, world.agent, saw(world.app, view, 12))).accepted
    assert await world.state(view) == "reversed"


async def test_one_sides_programs_do_not_use_up_what_the_other_may_tell(
    world: Selling, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sightings, "EVENTS_MAX", 4)
    view = await sent(world)
    await happens(world, view, Delivered("50000000001"), "public_inventory")
    for number in range(6):
        buyers = await an_agent(world.app, world.buyer_id, f"device-{number}")
        again = saw(world.app, view, 3, partner_steamid=view.seller_steamid, items=items(view, "50000000001"))
        await sightings.seen(world.app, buyers, again)
    assert (await world.events(view)).count(("code_seen", "buyer_agent:device-3")) == 1
    assert await sightings.seen(world.app, world.agent, saw(world.app, view, 12)) == TAKEN


async def test_an_item_that_was_listed_anew_is_an_operators_case_when_it_turns_out_to_be_delivered(
    world: Selling,
) -> None:
    """The seller let the time pass, listed the item again, and the buyer had accepted all the while."""
    view = await world.buy()
    app = world.app
    await app.db.execute(
        "UPDATE trade SET due_at = created_at, created_at = created_at - interval '1 hour' WHERE id = $1",
        view.trade.id,
    )
    await happens(world, view, Deadline(), "clock")
    offer = await world.stock.offer(world.seller_id)
    await app.db.execute("UPDATE offer SET assetid = $2 WHERE id = $1", offer, view.assetid)
    late = saw(app, view, 3, observed_at=app.now())
    assert (await sightings.seen(app, world.agent, late)).accepted
    decision = await happens(world, view, Delivered("50000000001"), "public_inventory")
    assert decision.trade.state.value == "cancelled"
    assert (await app.db.value("SELECT count(*) FROM operator_case WHERE trade_id = $1", view.trade.id)) == 1


async def test_a_claim_long_before_the_acceptance_pays_nobody_early(world: Selling) -> None:
    view = await sent(world)
    app, db = world.app, world.app.db
    await sightings.seen(app, world.agent, saw(app, view, 3))
    await db.execute("UPDATE trade SET claimed_at = claimed_at - interval '5 days'")
    await happens(world, view, Delivered("50000000001"), "public_inventory")
    trade = (await world.read(view)).trade
    assert trade.claimed_at is not None and trade.accepted_at is not None
    week = timedelta(days=7)
    await sightings.seen(
        app, world.agent, saw(app, view, 3, "history", time_settlement=trade.claimed_at + week)
    )
    until = (await world.read(view)).trade.protected_until
    assert until is None or until >= trade.accepted_at + week


async def test_an_acceptance_is_told_again_until_the_item_has_its_new_name_and_then_no_more(
    world: Selling,
) -> None:
    """Steam's offers are ahead of its history; a name that was told stays, whatever is told after it."""
    view = await sent(world)
    app = world.app

    async def known() -> int | None:
        (row,) = await watching.watched(app, world.agent)
        return row.last_offer_code

    assert await known() == 2
    assert await sightings.seen(app, world.agent, saw(app, view, 3)) == TAKEN
    assert await known() is None
    for name in ("50000000001", "50000000002"):
        again = saw(app, view, 3, items=items(view, name))
        assert await sightings.seen(app, world.agent, again) == TAKEN
        assert await known() == 3
    named = await app.db.fetch(
        "SELECT detail->>'new_assetid' AS name FROM trade_event WHERE detail ? 'new_assetid'"
    )
    assert [row["name"] for row in named] == ["50000000001"]
