"""The agent at work: a real one against a simulated Steam and a real market, and every way in which that goes wrong."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from agent.town import PACES, Town, town, until
from tradepost.agent.errors import Unpaired
from tradepost.agent.journal import Journal
from tradepost.agent.reporting import tell_results
from tradepost.agent.running import opened
from tradepost.agent.searching import cancel_all
from tradepost.agent.sending import send_all
from tradepost.db import Db
from tradepost.market import agents, presence
from tradepost.rules.trade import State

pytestmark = pytest.mark.sql


@pytest.fixture
async def place(db: Db, tmp_path: Path) -> AsyncIterator[Town]:
    async with town(db, tmp_path / "home") as made:
        yield made


async def test_a_sale_goes_from_the_order_to_the_protection(place: Town) -> None:
    seller, buyer = await place.pair(place.seller_id), await place.pair(place.buyer_id)
    view = await place.sell()
    async with place.agent(seller), place.agent(buyer):
        view = await place.reaches(view, "sent")
        (offer,) = await place.offers()
        assert offer["id"] == view.trade.steam_tradeofferid and offer["message"] == f"#{view.trade.id}"
        assert offer["to"] == place.buyer_steamid and not offer["receive"]
        await place.sim.control("POST", f"/_sim/offers/{offer['id']}/accept")
        view = await place.reaches(view, "protected")
    (row,) = (await place.sim.control("GET", "/_sim/trades"))["trades"]
    assert view.trade.new_assetid == row["give"][0]["new_assetid"]
    assert view.trade.steam_tradeid == row["id"]
    assert view.trade.protected_until is not None
    assert int(view.trade.protected_until.timestamp()) == row["time_settlement"]
    witnesses = await place.app.db.fetch("SELECT event, witness FROM trade_event ORDER BY no")
    assert ("delivered", "buyer_agent:desk") in [tuple(row) for row in witnesses]
    assert await place.sends() == 1


async def test_an_offer_on_the_phone_waits_for_its_confirmation(place: Town) -> None:
    await place.user(place.seller_steamid, confirmation="mobile")
    seller = await place.pair(place.seller_id)
    view = await place.sell()
    async with place.agent(seller):
        await place.reaches(view, "needs_confirmation")
        await place.sim.control("POST", f"/_sim/users/{place.seller_steamid}/confirm")
        await place.reaches(view, "sent")


async def test_with_the_secret_and_the_wish_own_offers_are_confirmed(place: Town) -> None:
    await place.user(place.seller_steamid, confirmation="mobile")
    other = await place.item(place.seller_steamid)
    foreign = await place.sim.control(
        "POST", "/_sim/offers",
        {"from": place.seller_steamid, "to": place.buyer_steamid, "give": [other], "confirmed": False},
    )  # fmt: skip
    seller = await place.pair(place.seller_id)
    view = await place.sell()
    async with place.agent(seller, auto_confirm=True):
        await place.reaches(view, "sent")
    states = {offer["id"]: offer["state"] for offer in await place.offers()}
    assert states[foreign["id"]] == 9  # what the user does by himself is his own affair


# Unknown outcomes ------------------------------------------------------------------------------------

CREATED_ALL_THE_SAME = [
    {"mode": "created_but_16"},
    {"mode": "timeout", "seconds": 3, "after": True},
    {"mode": "drop", "after": True},
    {"mode": "html", "code": 502, "after": True},
    {"mode": "status", "code": 500, "after": True},
    {"mode": "status", "code": 429, "after": True},
    {"mode": "garbage", "after": True},
    {"mode": "null", "after": True},
    {"mode": "strerror", "code": 11, "after": True},
    {"mode": "strerror", "code": 20, "after": True},
    {"mode": "strerror", "code": 84, "after": True},
]


@pytest.mark.parametrize("fault", CREATED_ALL_THE_SAME, ids=lambda f: f"{f['mode']}-{f.get('code', '')}")
async def test_an_offer_that_steam_made_and_denied_is_found_and_not_made_again(
    place: Town, fault: dict[str, Any]
) -> None:
    seller = await place.pair(place.seller_id)
    view = await place.sell()
    await place.fault(kind="send", **fault)
    async with place.agent(seller):
        view = await place.reaches(view, "sent")
    (offer,) = await place.offers()
    assert view.trade.steam_tradeofferid == offer["id"]
    assert await place.sends() <= 1


@pytest.mark.parametrize("fault", [{"mode": "strerror", "code": 16}, {"mode": "timeout", "seconds": 3}])
async def test_an_offer_that_was_not_made_is_made_by_the_next_order(
    place: Town, fault: dict[str, Any]
) -> None:
    seller = await place.pair(place.seller_id)
    view = await place.sell()
    await place.fault(kind="send", **fault)
    async with place.agent(seller):
        await place.reaches(view, "sent")
    assert len(await place.offers()) == 1
    assert [event for event, in await place.app.db.fetch("SELECT event FROM trade_event ORDER BY no")][:5] == [
        "bought", "leased", "send_unknown", "offer_absent", "leased",
    ]  # fmt: skip


async def test_nothing_is_concluded_while_steam_does_not_show_its_offers(place: Town) -> None:
    seller = await place.pair(place.seller_id)
    view = await place.sell()
    async with place.agent(seller):
        await place.fault(kind="send", mode="created_but_16")
        await place.reaches(view, "sending", "sent")
        await place.fault(kind="offers", mode="status", code=500, times=6)
        await place.reaches(view, "sent", seconds=30)
    assert len(await place.offers()) == 1


async def test_after_a_lost_answer_the_result_is_told_again(place: Town) -> None:
    seller = await place.pair(place.seller_id)
    view = await place.sell()
    place.recorder.refuse.add("/agent/v1/directives/results")
    async with place.agent(seller):
        await place.reaches(view, "sent")  # the market heard; the agent does not know that it did
        place.recorder.refuse.clear()
        journal = Journal(seller.journal_path)

        async def all_told() -> bool:
            return not journal.untold()

        await until(all_told)
        journal.close()
    assert len(await place.offers()) == 1


async def test_an_intent_of_a_killed_process_is_looked_for_before_anything_is_sent(place: Town) -> None:
    """What a kill between the request and its answer leaves behind: an intent, and perhaps an offer."""
    from tradepost.market import directives

    seller = await place.pair(place.seller_id)
    view = await place.sell()
    agent = await agents.by_token(place.app.db, _token(seller))
    async with place.app.db.transaction() as tx:
        from agent.selling import device

        agent = await agents.heard(tx, agent, device(agent), place.app.real_now(), 30)
    (create,) = [one for one in await directives.lease(place.app, agent) if one.action == "create_offer"]
    await place.sim.control(
        "POST", "/_sim/offers",
        {"from": place.seller_steamid, "to": place.buyer_steamid, "give": [view.assetid], "message": f"#{view.trade.id}"},
    )  # fmt: skip
    journal = Journal(seller.journal_path)
    body = {
        "directive_id": create.id,
        "action": "create_offer",
        "trade_id": str(view.trade.id),
        **create.body,
    }
    journal.intend(create.id, str(view.trade.id), body, place.app.real_now().timestamp())
    journal.close()
    async with place.agent(seller):
        view = await place.reaches(view, "sent")
    assert len(await place.offers()) == 1 and await place.sends() == 0


async def test_a_process_killed_while_steam_makes_the_offer_finds_it_when_it_is_back(place: Town) -> None:
    seller = await place.pair(place.seller_id)
    toml = {name: value for name, value in PACES.items() if name != "steam_timeout_seconds"}
    lines = [f"{name} = {value}" for name, value in toml.items()]
    lines += [f'community_url = "{place.sim.base_url}"', f'api_url = "{place.sim.base_url}"']
    (place.home.path / "agent.toml").write_text("\n".join(lines))
    view = await place.sell()
    await place.fault(kind="send", mode="timeout", seconds=60, after=True)
    command = [sys.executable, "-m", "tradepost", "agent", "run", "--home", str(place.home.path)]

    async def is_made() -> bool:
        return bool(await place.offers())

    first = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.DEVNULL)
    try:
        await until(is_made, 30)
    finally:
        first.kill()
        await first.wait()
    assert (await place.read(view)).trade.state is State.SENDING
    journal = Journal(seller.journal_path)
    assert [entry.state for entry in journal.open()] == ["intent"]
    journal.close()
    second = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.DEVNULL)
    try:
        await place.reaches(view, "sent", seconds=30)
    finally:
        second.terminate()
        assert await asyncio.wait_for(second.wait(), 15) == 0
    assert len(await place.offers()) == 1
    assert not await presence.is_online(place.app, place.seller_id)


async def test_a_wiped_journal_does_not_send_twice(place: Town) -> None:
    seller = await place.pair(place.seller_id)
    view = await place.sell()
    place.recorder.refuse.add("/agent/v1/directives/results")
    await place.fault(kind="send", mode="created_but_16")
    async with place.agent(seller):

        async def sent() -> bool:
            return bool(await place.offers())

        await until(sent)
    for path in seller.path.glob("journal*"):
        path.unlink()
    place.recorder.refuse.clear()
    async with place.agent(seller):
        await place.reaches(view, "sent")
    assert len(await place.offers()) == 1


def _token(place: Any) -> str:
    pairing = place.pairing()
    assert pairing is not None
    token: str = pairing.agent_token
    return token


# Refusals --------------------------------------------------------------------------------------------


async def test_a_wrong_trade_token_is_the_buyers_fault(place: Town) -> None:
    await place.user(place.buyer_steamid, trade_token="another1")
    seller = await place.pair(place.seller_id)
    view = await place.sell()
    async with place.agent(seller):
        view = await place.reaches(view, "cancelled")
    assert view.trade.causer == "buyer" and await place.offers() == []


async def test_an_item_that_is_gone_is_the_sellers_fault(place: Town) -> None:
    seller = await place.pair(place.seller_id)
    view = await place.sell()
    await place.sim.control("DELETE", f"/_sim/users/{place.seller_steamid}/items/{view.assetid}")
    async with place.agent(seller):
        view = await place.reaches(view, "cancelled")
    assert view.trade.causer == "seller"


async def test_a_buyer_whose_trades_are_held_is_not_even_offered(place: Town) -> None:
    await place.user(place.buyer_steamid, hold_days=15)
    seller = await place.pair(place.seller_id)
    view = await place.sell()
    async with place.agent(seller):
        view = await place.reaches(view, "cancelled")
    assert view.trade.causer == "buyer" and await place.sends() == 0


async def test_five_offers_to_one_partner_are_enough(place: Town) -> None:
    seller = await place.pair(place.seller_id)
    views = [await place.sell() for _ in range(6)]
    async with place.agent(seller):
        for view in views[:5]:
            await place.reaches(view, "sent")
        await place.reaches(views[5], "created")
        assert len(await place.offers()) == 5 and await place.sends() == 5
        (answer,) = await place.app.db.fetch(
            "SELECT status FROM directive WHERE trade_id = $1", views[5].trade.id
        )
        assert answer["status"] == "deferred"


async def test_after_too_many_steam_is_left_alone(place: Town) -> None:
    seller = await place.pair(place.seller_id)
    text = "You have sent too many trade offers, or have too many outstanding trade offers with Buyer."
    await place.fault(kind="send", mode="strerror", text=text)
    first = await place.sell()
    async with place.agent(seller):

        async def answered() -> bool:
            return bool(await place.app.db.value("SELECT count(*) FROM directive WHERE status = 'deferred'"))

        await until(answered)
        second = await place.sell()

        async def both() -> bool:
            count: int = await place.app.db.value("SELECT count(*) FROM directive WHERE status = 'deferred'")
            return count == 2

        await until(both)
    assert await place.sends() == 1
    assert [(await place.read(view)).trade.state for view in (first, second)] == [
        State.CREATED,
        State.CREATED,
    ]


async def test_nothing_is_sent_under_the_floor_that_the_device_keeps(place: Town) -> None:
    from tradepost.agent.home import Floors

    seller = await place.pair(place.seller_id)
    seller.keep_floors(Floors(9_000))
    cheap, dear = await place.sell(price_cents=89), await place.sell(price_cents=90)
    async with place.agent(seller):
        await place.reaches(dear, "sent")
        await place.reaches(cheap, "created")
    (fault,) = await place.app.db.fetch(
        "SELECT detail->>'cause' AS cause, detail->>'text' AS text FROM trade_event WHERE trade_id = $1 AND event = 'send_refused'",
        cheap.trade.id,
    )
    assert fault["cause"] == "floor" and "90" in fault["text"]
    assert await place.sends() == 1


# Sessions --------------------------------------------------------------------------------------------


async def test_without_a_session_the_seller_is_signed_out_and_with_one_it_goes_on(
    place: Town, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "tradepost.agent")
    seller = await place.pair(place.seller_id, session=False)
    view = await place.sell()
    async with place.agent(seller):

        async def is_out() -> bool:
            return bool(
                await place.app.db.value("SELECT count(*) FROM presence WHERE blocking = 'no_steam_session'")
            )

        await until(is_out)
        assert any("run `tradepost agent sign-in`" in record.getMessage() for record in caplog.records)
        assert (await place.read(view)).trade.state is State.CREATED
        await place.sign_in(seller)
        await place.reaches(view, "sent")


async def test_a_session_that_steam_ends_is_said_plainly_and_a_new_one_taken_up(
    place: Town, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "tradepost.agent")
    seller = await place.pair(place.seller_id)
    async with place.agent(seller):

        async def is_online() -> bool:
            return await presence.is_online(place.app, place.seller_id)

        await until(is_online)
        await place.sim.control("POST", f"/_sim/users/{place.seller_steamid}/logout")
        view = await place.sell()

        async def is_out() -> bool:
            return not await is_online()

        await until(is_out)
        assert any("Steam wants a new sign-in" in record.getMessage() for record in caplog.records)
        await place.app.db.execute("UPDATE directive SET leased_until = leased_until - interval '1 minute'")
        await place.sign_in(seller)
        await place.reaches(view, "sent")
    assert len(await place.offers()) == 1


async def test_another_accounts_session_is_not_used(place: Town) -> None:
    seller = await place.pair(place.seller_id, session=False)
    other = await place.pair(place.buyer_id)
    seller.session_path.write_bytes(other.session_path.read_bytes())
    view = await place.sell()
    async with place.agent(seller):

        async def is_mismatch() -> bool:
            return bool(
                await place.app.db.value("SELECT count(*) FROM presence WHERE blocking = 'account_mismatch'")
            )

        await until(is_mismatch)
    assert (await place.read(view)).trade.state is State.CREATED and await place.sends() == 0


async def test_who_stops_is_offline_at_once(place: Town) -> None:
    seller = await place.pair(place.seller_id)
    async with place.agent(seller):

        async def is_online() -> bool:
            return await presence.is_online(place.app, place.seller_id)

        await until(is_online)
    assert not await presence.is_online(place.app, place.seller_id)


async def test_a_revoked_program_stops_and_says_why(place: Town) -> None:
    seller = await place.pair(place.seller_id)
    async with place.agent(seller) as task:
        agent = await agents.by_token(place.app.db, _token(seller))
        async with place.app.db.transaction() as tx:
            await agents.revoke(tx, agent, now=place.app.now(), real_now=place.app.real_now(), ttl_seconds=30)
        with pytest.raises(Unpaired):
            await task


# What becomes of offers ------------------------------------------------------------------------------


async def test_an_overdue_offer_is_cancelled_on_steam_before_the_money_goes_back(place: Town) -> None:
    seller = await place.pair(place.seller_id)
    view = await place.sell()
    async with place.agent(seller):
        await place.reaches(view, "sent")
        await place.overdue(view)
        view = await place.reaches(view, "cancelled")
    (offer,) = await place.offers()
    assert (offer["state"], view.trade.causer, view.trade.steam_offer_state) == (6, "buyer", 6)


async def test_an_acceptance_that_overtakes_the_cancel_is_told_as_what_it_is(place: Town) -> None:
    seller = await place.pair(place.seller_id)
    view = await place.sell()
    async with place.agent(seller):
        await place.reaches(view, "sent")
    (offer,) = await place.offers()
    await place.overdue(view)
    await place.sim.control("POST", f"/_sim/offers/{offer['id']}/accept")
    async with place.agent(seller):

        async def is_claimed() -> bool:
            return (await place.read(view)).trade.claimed_at is not None

        await until(is_claimed)
    assert (await place.read(view)).trade.state is State.SENT


async def test_an_overdue_order_of_unknown_outcome_is_looked_for_and_cancelled(place: Town) -> None:
    seller = await place.pair(place.seller_id)
    view = await place.sell()
    await place.fault(kind="send", mode="created_but_16")
    async with opened(seller, place.settings, asyncio.Event()) as account:
        # Step by step: the deadline passes after the request and before anybody looked what came of it.
        await account.refresh_session()
        assert account.steam is not None
        account.take(await account.market.heartbeat(account.heartbeat()))
        await send_all(account, account.steam)
        assert [entry.state for entry in account.journal.open()] == ["unknown"]
        await place.overdue(view)
        account.take(await account.market.heartbeat(account.heartbeat()))
        await cancel_all(account, account.steam)
        assert account.journal.open() == []
        await tell_results(account)
    view = await place.read(view)
    (offer,) = await place.offers()
    assert (offer["state"], view.trade.state, view.trade.offer_maybe_live) == (6, State.CANCELLED, False)


async def test_an_overdue_order_that_was_never_sent_is_reported_absent(place: Town) -> None:
    seller = await place.pair(place.seller_id)
    view = await place.sell()
    await place.fault(kind="send", mode="strerror", code=16)
    async with place.agent(seller, absent_seconds=600):
        await place.reaches(view, "sending")

        async def is_tried() -> bool:
            return bool(await place.sends())

        await until(is_tried)
    await place.overdue(view)
    async with place.agent(seller):
        view = await place.reaches(view, "cancelled")
    assert await place.offers() == [] and view.trade.causer == "seller"


@pytest.mark.parametrize(
    ("deed", "causer"), [("decline", "buyer"), ("expire", "buyer"), ("cancel", "seller")]
)
async def test_what_ends_an_offer_ends_the_trade(place: Town, deed: str, causer: str) -> None:
    seller = await place.pair(place.seller_id)
    view = await place.sell()
    async with place.agent(seller):
        view = await place.reaches(view, "sent")
        await place.sim.control("POST", f"/_sim/offers/{view.trade.steam_tradeofferid}/{deed}")
        view = await place.reaches(view, "cancelled")
    assert view.trade.causer == causer


async def test_a_report_that_was_lost_is_told_again(place: Town) -> None:
    seller = await place.pair(place.seller_id)
    view = await place.sell()
    async with place.agent(seller):
        view = await place.reaches(view, "sent")
    await place.sim.control("POST", f"/_sim/offers/{view.trade.steam_tradeofferid}/decline")
    place.recorder.refuse.add("/agent/v1/trade-events")
    async with place.agent(seller):
        await place.reaches(view, "cancelled")


async def test_a_reversal_is_told_and_the_money_goes_back(place: Town) -> None:
    seller, buyer = await place.pair(place.seller_id), await place.pair(place.buyer_id)
    view = await place.sell()
    async with place.agent(seller), place.agent(buyer):
        view = await place.reaches(view, "sent")
        await place.sim.control("POST", f"/_sim/offers/{view.trade.steam_tradeofferid}/accept")
        view = await place.reaches(view, "protected")
        assert view.trade.steam_tradeid is not None
        await place.sim.control(
            "POST", f"/_sim/trades/{view.trade.steam_tradeid}/reverse", {"by": place.buyer_steamid}
        )
        await place.reaches(view, "reversed")
    held = await place.app.db.value("SELECT held_cents FROM wallet WHERE account_id = $1", place.buyer_id)
    assert held == 0


async def test_a_stolen_offer_stops_the_selling(place: Town) -> None:
    thief = "76561198000099999"
    await place.user(thief, name="Thief")
    seller = await place.pair(place.seller_id)
    view = await place.sell()
    async with place.agent(seller):
        view = await place.reaches(view, "sent")
        await place.sim.control("POST", f"/_sim/offers/{view.trade.steam_tradeofferid}/steal", {"to": thief})
        await place.reaches(view, "cancelled")

        async def is_alarmed() -> bool:
            return bool(
                await place.app.db.value("SELECT count(*) FROM presence WHERE blocking = 'offer_replaced'")
            )

        await until(is_alarmed)


async def test_an_inventory_that_is_asked_for_is_read_and_what_is_gone_is_not_for_sale(place: Town) -> None:
    seller = await place.pair(place.seller_id)
    await place.app.db.execute("DELETE FROM inventory_scan")
    there, gone = await place.item(place.seller_steamid), "123"
    for assetid in (there, gone):
        offer = await place.stock.offer(place.seller_id)
        await place.app.db.execute(
            "UPDATE offer SET assetid = $2, created_at = $3 WHERE id = $1", offer, assetid, place.app.now()
        )
    async with place.agent(seller):

        async def is_read() -> bool:
            return bool(await place.app.db.value("SELECT count(*) FROM inventory_scan WHERE complete"))

        await until(is_read)
    rows = await place.app.db.fetch("SELECT assetid, state FROM offer")
    states = {row["assetid"]: row["state"] for row in rows}
    assert states == {there: "on_sale", gone: "ended"}


async def test_many_protected_trades_are_read_from_the_history(place: Town) -> None:
    seller, buyer = await place.pair(place.seller_id), await place.pair(place.buyer_id)
    views = []
    async with place.agent(seller), place.agent(buyer):
        for _ in range(6):
            view = await place.reaches(await place.sell(), "sent")
            await place.sim.control("POST", f"/_sim/offers/{view.trade.steam_tradeofferid}/accept")
            views.append(await place.reaches(view, "protected"))
        await place.sim.control("DELETE", "/_sim/requests")
        reversed_one = views[2].trade.steam_tradeid
        await place.sim.control("POST", f"/_sim/trades/{reversed_one}/reverse", {"by": place.seller_steamid})
        await place.reaches(views[2], "reversed")
    assert {(await place.read(view)).trade.state.value for view in views if view is not views[2]} == {
        "protected"
    }
