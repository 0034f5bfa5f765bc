"""Agents on the market's side: pairing, presence, leases, answers, sightings, and all that is not believed."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from agent.selling import ALL, Selling, an_agent, device, items, saw, told
from tradepost.market import agents, merchants, presence, reports, sightings, watching
from tradepost.market.agents import Guesses
from tradepost.market.directives import TAKE_OVER_SECONDS, Directive
from tradepost.market.reports import InventorySeen
from tradepost.market.sightings import SeenItem, Verdict
from tradepost.rules.refusals import Conflicting, TooManyRequests, Unauthenticated
from tradepost.rules.trade import SendCause

pytestmark = pytest.mark.sql
TAKEN = Verdict(True)


async def pair(world: Selling, code: str, device_id: str = "new") -> tuple[str, agents.Agent]:
    app = world.app
    async with app.db.transaction() as tx:
        return await agents.pair(tx, code, device_id, "", "", now=app.now(), real_now=app.real_now())


async def make_code(world: Selling, minutes: int = 10, **more: Any) -> str:
    async with world.app.db.transaction() as tx:
        return await agents.make_code(tx, world.seller_id, world.app.real_now(), minutes, **more)


# Pairing ---------------------------------------------------------------------------------------------


async def test_a_code_pairs_once_however_it_is_typed(world: Selling) -> None:
    code = await make_code(world)
    assert len(code) == 9 and code[4] == "-"
    token, agent = await pair(world, f" {code.lower().replace('-', ' ')} ")
    assert token.startswith("agt_") and len(token) == 47
    assert (await agents.by_token(world.app.db, token)).id == agent.id
    with pytest.raises(Unauthenticated):
        await pair(world, code)


async def test_neither_code_nor_token_is_kept(world: Selling) -> None:
    code = await make_code(world)
    kept = await world.app.db.value("SELECT string_agg(p::text, '') FROM pairing_code p")
    assert code not in kept and code.replace("-", "") not in kept
    token, _ = await pair(world, code)
    assert token not in await world.app.db.value("SELECT string_agg(a::text, '') FROM agent a")


@pytest.mark.parametrize(
    "wrong", ["", "K7QF-2M9X", "K7QF2M9X0", "\x00", "É" * 8, "K7QF-2M9\ud800", "O0I1-LLUU"]
)
async def test_a_wrong_code_is_refused_and_changes_nothing(world: Selling, wrong: str) -> None:
    code = await make_code(world)
    with pytest.raises(Unauthenticated):
        await pair(world, wrong)
    await pair(world, code)


async def test_a_code_dies_with_its_minutes_and_with_the_next_one(world: Selling) -> None:
    old = await make_code(world, minutes=0)
    with pytest.raises(Unauthenticated):
        await pair(world, old)
    first, second = await make_code(world), await make_code(world)
    with pytest.raises(Unauthenticated):
        await pair(world, first)
    await pair(world, second)


async def test_a_code_that_two_use_at_once_pairs_one(world: Selling) -> None:
    code = await make_code(world)
    outcomes = await asyncio.gather(
        *(pair(world, code, f"device-{n}") for n in range(8)), return_exceptions=True
    )
    assert sum(not isinstance(outcome, BaseException) for outcome in outcomes) == 1


async def test_pairing_a_device_again_revokes_what_it_had(world: Selling) -> None:
    first, _ = await pair(world, await make_code(world), "phone")
    second, _ = await pair(world, await make_code(world), "phone")
    await agents.by_token(world.app.db, second)
    with pytest.raises(Unauthenticated):
        await agents.by_token(world.app.db, first)


async def test_an_account_has_a_bounded_number_of_devices(world: Selling) -> None:
    for number in range(agents.DEVICES_MAX - 1):
        await pair(world, await make_code(world), f"device-{number}")
    with pytest.raises(Conflicting):
        await pair(world, await make_code(world), "one too many")


async def test_pairing_through_a_merchant_gives_him_the_grant_with_its_floor(world: Selling) -> None:
    assert await agents.grants(world.app.db, world.seller_id) == []
    await pair(world, await make_code(world, merchant_id=world.merchant_id, floor_bps=8_000))
    (grant,) = await agents.grants(world.app.db, world.seller_id)
    assert (grant.merchant_steamid, grant.floor_bps) == (
        await world.stock.steamid_of(world.merchant_id),
        8_000,
    )
    (given,) = await merchants.grants_of_seller(world.app.db, world.seller_id)
    assert given.given_by == "pairing"


async def test_guessing_is_limited_for_each_address_and_in_all(world: Selling) -> None:
    now = world.app.real_now()
    guesses = Guesses()
    for _ in range(agents.GUESSES_MAX):
        guesses.refuse_if_many("1.2.3.4", now)
        guesses.wrong("1.2.3.4", now)
    with pytest.raises(TooManyRequests):
        guesses.refuse_if_many("1.2.3.4", now)
    guesses.refuse_if_many("5.6.7.8", now)
    for number in range(agents.GUESSES_ALL_MAX):
        guesses.wrong(str(number), now)
    with pytest.raises(TooManyRequests):
        guesses.refuse_if_many("5.6.7.8", now)
    guesses.refuse_if_many("1.2.3.4", now + timedelta(seconds=agents.GUESS_WINDOW_SECONDS))


@pytest.mark.parametrize("token", ["", "agt_", "agt_" + "a" * 43, "live_" + "a" * 43, "agt_" + "é" * 43])
async def test_an_unknown_token_is_nobodys(world: Selling, token: str) -> None:
    with pytest.raises(Unauthenticated):
        await agents.by_token(world.app.db, token)


# Presence --------------------------------------------------------------------------------------------


async def hear(world: Selling, agent: agents.Agent, **changes: Any) -> None:
    async with world.app.db.transaction() as tx:
        await agents.heard(tx, agent, device(agent, **changes), world.app.real_now(), 30)


async def row_of_presence(world: Selling) -> tuple[bool, str | None] | None:
    rows = await world.app.db.fetch("SELECT session_ok, blocking FROM presence")
    return (rows[0]["session_ok"], rows[0]["blocking"]) if rows else None


async def test_an_agent_without_a_session_is_signed_out(world: Selling) -> None:
    assert await presence.is_online(world.app, world.seller_id)
    await hear(world, world.agent, session_ok=False, blocking="no_steam_session")
    assert await row_of_presence(world) == (False, "no_steam_session")
    assert not await presence.is_online(world.app, world.seller_id)


async def test_another_accounts_session_counts_for_nothing(world: Selling) -> None:
    await hear(world, world.agent, steamid="76561198999999999")
    assert await row_of_presence(world) == (False, "account_mismatch")
    await world.buy()
    assert await world.lease(replace(world.agent, capabilities=())) == []


async def test_one_device_without_a_session_does_not_sign_out_another_that_has_one(world: Selling) -> None:
    other = await world.device("phone")
    await hear(world, other, session_ok=False, blocking="no_steam_session")
    assert await row_of_presence(world) == (True, None)
    await hear(world, world.agent, session_ok=False, blocking="needs_ack")
    assert await row_of_presence(world) == (False, "needs_ack")


async def test_goodbye_is_offline_unless_another_device_is_there(world: Selling) -> None:
    other = await world.device("phone")
    async with world.app.db.transaction() as tx:
        await agents.left(tx, world.agent, world.app.real_now(), 30)
    assert await presence.is_online(world.app, world.seller_id)
    async with world.app.db.transaction() as tx:
        await agents.revoke(tx, other, now=world.app.now(), real_now=world.app.real_now(), ttl_seconds=30)
    assert await row_of_presence(world) is None


async def test_who_waits_is_woken_and_nobody_else(world: Selling) -> None:
    with agents.waiting(1) as one, agents.waiting(1) as two, agents.waiting(2) as other:
        await agents.wake(world.app, [1, 3])
        assert (one.is_set(), two.is_set(), other.is_set()) == (True, True, False)
        assert not agents.is_full(1)
    assert not agents.is_full(1)


# Leases ----------------------------------------------------------------------------------------------


async def test_a_create_is_leased_once_and_the_trade_is_sending(world: Selling) -> None:
    view = await world.buy(price_cents=90)
    (directive,) = await world.lease()
    assert directive.action == "create_offer" and directive.trade_id == view.trade.id
    body = directive.body
    assert body["message"] == f"#{view.trade.id}" and body["partner_steamid"] == view.trade.buyer_steamid
    assert body["items"] == [{"appid": 730, "contextid": "2", "assetid": view.assetid, "amount": 1}]
    assert (body["price_cents"], body["steam_price_cents"]) == (90, 100)
    assert body["merchant_steamid"] == await world.stock.steamid_of(world.merchant_id)
    assert "maybe_sent" not in body
    after = (await world.read(view)).trade
    assert (after.state.value, after.offer_maybe_live) == ("sending", True)
    assert (await world.events(view))[-1] == ("leased", "seller_agent:home")
    (again,) = await world.lease()
    assert again.id == directive.id and again.body["maybe_sent"] is True


async def test_of_many_devices_that_ask_at_once_one_gets_the_create(world: Selling) -> None:
    others = [await world.device(f"device-{number}") for number in range(6)]
    await world.buy()
    leased = await asyncio.gather(*(world.lease(agent) for agent in (world.agent, *others)))
    assert sum(len(each) for each in leased) == 1


async def test_an_agent_that_cannot_send_is_given_nothing(world: Selling) -> None:
    await world.buy()
    assert await world.lease(replace(world.agent, capabilities=("watch", "cancel"))) == []


async def test_another_accounts_agent_is_given_nothing(world: Selling) -> None:
    await world.buy()
    stranger = await an_agent(world.app, await world.stock.person(), "stranger")
    assert await world.lease(stranger) == []


async def test_creates_are_bounded(world: Selling, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tradepost.market.directives.CREATES_MAX", 2)
    for _ in range(3):
        await world.buy()
    assert len(await world.lease()) == 2
    assert len(await world.lease()) == 2


async def test_an_item_without_a_certificate_waits_for_a_look_at_the_buyer(world: Selling) -> None:
    view = await world.buy()
    await world.app.db.execute("UPDATE offer SET certificate = NULL")
    assert await world.lease() == []
    await world.app.db.execute("UPDATE trade SET buyer_had = '{}' WHERE id = $1", view.trade.id)
    assert len(await world.lease()) == 1


async def test_a_create_is_taken_over_only_after_its_lease_and_a_margin(world: Selling) -> None:
    _, directive = await world.sold_and_leased()
    other = await world.device("phone")
    assert await world.lease(other) == []
    await lease_ended(world, directive, TAKE_OVER_SECONDS - 5)
    assert await world.lease(other) == []
    await lease_ended(world, directive, TAKE_OVER_SECONDS + 5)
    (taken,) = await world.lease(other)
    assert taken.id == directive.id and taken.body["maybe_sent"] is True
    assert await world.lease() == []


async def lease_ended(world: Selling, directive: Directive, seconds_ago: int) -> None:
    at = world.app.real_now() - timedelta(seconds=seconds_ago)
    await world.app.db.execute("UPDATE directive SET leased_until = $2 WHERE id = $1", directive.id, at)


async def test_an_overdue_create_becomes_a_search_for_what_was_sent(world: Selling) -> None:
    view, _ = await world.sold_and_leased()
    await world.overdue(view)
    (cancel,) = await world.lease()
    assert (cancel.action, cancel.body["steam_tradeofferid"]) == ("cancel_offer", None)
    assert await reports.answered(world.app, world.agent, told(cancel, view, "absent")) == TAKEN
    after = (await world.read(view)).trade
    assert (after.state.value, after.causer, after.offer_maybe_live) == ("cancelled", "seller", False)
    assert await world.lease() == []


async def test_that_search_waits_while_another_device_may_still_be_sending(world: Selling) -> None:
    view, create = await world.sold_and_leased()
    await world.overdue(view)
    other = await world.device("phone")
    assert await world.lease(other) == []
    await lease_ended(world, create, TAKE_OVER_SECONDS + 5)
    (cancel,) = await world.lease(other)
    assert cancel.action == "cancel_offer"


async def test_an_offer_found_by_that_search_is_cancelled_and_the_trade_with_it(world: Selling) -> None:
    view, _ = await world.sold_and_leased()
    await world.overdue(view)
    (cancel,) = await world.lease()
    found = told(cancel, view, "success", code=6, steam_tradeofferid="7001", partner_steamid=view.trade.buyer_steamid,
                 items=items(view))  # fmt: skip
    assert await reports.answered(world.app, world.agent, found) == TAKEN
    assert await world.state(view) == "cancelled"


async def test_a_failed_cancel_is_asked_again_later_but_not_at_once(world: Selling) -> None:
    view, _ = await world.sold_and_leased()
    await world.overdue(view)
    (cancel,) = await world.lease()
    failed = told(cancel, view, "failed", cause="service_down", retry_seconds=20)
    assert await reports.answered(world.app, world.agent, failed) == TAKEN
    assert await world.lease() == []
    await world.app.db.execute("UPDATE directive SET leased_until = leased_until - interval '30 seconds'")
    (again,) = await world.lease()
    assert again.id != cancel.id and await world.state(view) == "sending"


async def test_a_confirmation_is_asked_only_of_who_offers_it_and_only_of_a_known_offer(
    world: Selling,
) -> None:
    view, create = await world.sold_and_leased()
    assert [one.action for one in await world.lease()] == ["create_offer"]
    await reports.answered(world.app, world.agent, told(create, view, "needs_confirmation"))
    assert await world.lease(replace(world.agent, capabilities=("create",))) == []
    (confirm,) = await world.lease()
    assert confirm.action == "confirm_offer"
    assert confirm.body["steam_tradeofferid"] == (await world.read(view)).trade.steam_tradeofferid


async def test_an_inventory_is_asked_for_while_items_are_on_sale_and_not_too_often(world: Selling) -> None:
    from tradepost.market.directives import lease

    await world.app.db.execute("DELETE FROM inventory_scan")
    kept, gone = [await world.stock.offer(world.seller_id) for _ in range(2)]
    await long_on_sale(world)
    (asked,) = await lease(world.app, world.agent)
    assert asked.action == "report_inventory" and len(asked.body["assetids"]) == 2
    assert await lease(world.app, world.agent) == []
    present = await world.app.db.value("SELECT assetid FROM offer WHERE id = $1", kept)
    reading = InventorySeen(asked.id, 730, 2, {present}, True)
    assert not (await reports.inventory_seen(world.app, world.agent, replace(reading, appid=440))).accepted
    assert await reports.inventory_seen(world.app, world.agent, reading) == TAKEN
    rows = await world.app.db.fetch("SELECT id, state FROM offer")
    states = {row["id"]: row["state"] for row in rows}
    assert states == {kept: "on_sale", gone: "ended"}
    assert (await reports.inventory_seen(world.app, world.agent, reading)).reason == "known"
    assert await lease(world.app, world.agent) == []


async def long_on_sale(world: Selling) -> None:
    await world.app.db.execute("UPDATE offer SET created_at = $1", world.app.now() - timedelta(days=1))


async def test_a_partial_reading_ends_nothing(world: Selling) -> None:
    from tradepost.market.directives import lease

    await world.app.db.execute("DELETE FROM inventory_scan")
    offer = await world.stock.offer(world.seller_id)
    await long_on_sale(world)
    (asked,) = await lease(world.app, world.agent)
    assert (
        await reports.inventory_seen(world.app, world.agent, InventorySeen(asked.id, 730, 2, (), False))
        == TAKEN
    )
    row = (await world.app.db.fetch("SELECT state, missing_at FROM offer WHERE id = $1", offer))[0]
    assert row["state"] == "on_sale" and row["missing_at"] is not None


# Answers ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "state"), [("success", "sent"), ("needs_confirmation", "needs_confirmation")]
)
async def test_a_created_offer_moves_the_trade_on_and_told_twice_is_once(
    world: Selling, status: str, state: str
) -> None:
    view, create = await world.sold_and_leased()
    answer = told(create, view, status)
    assert await reports.answered(world.app, world.agent, answer) == TAKEN
    assert await world.state(view) == state
    count = len(await world.events(view))
    assert await reports.answered(world.app, world.agent, answer) == Verdict(True, "known")
    assert len(await world.events(view)) == count


@pytest.mark.parametrize(
    ("cause", "state", "causer"),
    [
        ("bad_token", "cancelled", "buyer"),
        ("trade_ban", "cancelled", "buyer"),
        ("partner_unavailable", "cancelled", "buyer"),
        ("hold", "cancelled", "buyer"),
        ("items_gone", "cancelled", "seller"),
        ("partner_limit", "created", None),
        ("account_limit", "created", None),
        ("not_logged_in", "created", None),
        ("floor", "created", None),
        ("a_word_nobody_knows", "created", None),
    ],
)
async def test_each_cause_has_its_consequence(
    world: Selling, cause: str, state: str, causer: str | None
) -> None:
    view, create = await world.sold_and_leased()
    assert await reports.answered(world.app, world.agent, told(create, view, "failed", cause=cause)) == TAKEN
    after = (await world.read(view)).trade
    assert (after.state.value, after.causer, after.offer_maybe_live) == (state, causer, False)
    assert await world.lease() == []  # cancelled, or not yet to be tried again


async def test_every_cause_of_the_machine_can_be_said(world: Selling) -> None:
    assert set(reports._CAUSES.values()) == set(SendCause)


async def test_a_deferred_create_is_given_again_when_its_time_has_come(world: Selling) -> None:
    view, create = await world.sold_and_leased()
    deferred = told(create, view, "deferred", cause="partner_limit", retry_seconds=20)
    assert await reports.answered(world.app, world.agent, deferred) == TAKEN
    assert await world.lease() == []
    await world.app.db.execute("UPDATE directive SET leased_until = leased_until - interval '30 seconds'")
    (again,) = await world.lease()
    assert again.id != create.id and await world.state(view) == "sending"


@pytest.mark.parametrize("cause", ["timeout_unknown", "service_down"])
async def test_an_unknown_outcome_leaves_the_order_open_until_it_is_known(world: Selling, cause: str) -> None:
    view, create = await world.sold_and_leased()
    assert await reports.answered(world.app, world.agent, told(create, view, "failed", cause=cause)) == TAKEN
    after = (await world.read(view)).trade
    assert (after.state.value, after.offer_maybe_live) == ("sending", True)
    (again,) = await world.lease()
    assert again.id == create.id
    assert await reports.answered(world.app, world.agent, told(create, view, "absent")) == TAKEN
    assert await world.state(view) == "created"
    (fresh,) = await world.lease()
    assert fresh.id != create.id


async def test_an_offer_found_after_it_was_called_absent_is_still_heard_of(world: Selling) -> None:
    view, create = await world.sold_and_leased()
    await reports.answered(world.app, world.agent, told(create, view, "absent"))
    assert await reports.answered(world.app, world.agent, told(create, view)) == TAKEN
    assert await world.state(view) == "sent"


@pytest.mark.parametrize("status", ["absent", "failed", "deferred"])
async def test_only_the_device_with_the_order_can_say_that_nothing_came_of_it(
    world: Selling, status: str
) -> None:
    view, create = await world.sold_and_leased()
    other = await world.device("phone")
    assert not (await reports.answered(world.app, other, told(create, view, status))).accepted
    assert await world.state(view) == "sending"
    assert await reports.answered(world.app, other, told(create, view)) == TAKEN


@pytest.mark.parametrize(
    "lie",
    [
        {"partner_steamid": "76561198999999999"},
        {"partner_steamid": None},
        {"items": ()},
        {"items": (SeenItem(730, 2, "999"),)},
        {"items": (SeenItem(570, 2, "40000000001"),)},
        {"directive_id": "dir_" + "0" * 24},
    ],
)
async def test_a_lying_answer_changes_nothing_and_hears_why(world: Selling, lie: dict[str, Any]) -> None:
    view, create = await world.sold_and_leased()
    before = await world.read(view), await world.events(view)
    verdict = await reports.answered(world.app, world.agent, replace(told(create, view), **lie))
    assert not verdict.accepted and verdict.reason
    assert (await world.read(view), await world.events(view)) == before


async def test_a_strangers_directive_is_nobodys(world: Selling) -> None:
    view, create = await world.sold_and_leased()
    stranger = await an_agent(world.app, await world.stock.person(), "home")
    assert not (await reports.answered(world.app, stranger, told(create, view))).accepted
    assert await world.state(view) == "sending"


async def test_one_steam_offer_cannot_be_told_for_two_trades(world: Selling) -> None:
    first, second = await world.buy(), await world.buy()
    one, two = await world.lease()
    assert (await reports.answered(world.app, world.agent, told(one, first))).accepted
    stolen = told(two, second, steam_tradeofferid=told(one, first).steam_tradeofferid)
    assert (await reports.answered(world.app, world.agent, stolen)).reason == sightings.ANOTHERS_OFFER
    assert await world.state(second) == "sending"


async def test_one_steam_offer_told_for_two_trades_at_once_is_one_trades(world: Selling) -> None:
    first, second = await world.buy(), await world.buy()
    one, two = await world.lease()
    answers = [told(one, first, steam_tradeofferid="7001"), told(two, second, steam_tradeofferid="7001")]
    verdicts = await asyncio.gather(*(reports.answered(world.app, world.agent, each) for each in answers))
    assert sorted(verdict.accepted for verdict in verdicts) == [False, True]


# Sightings -------------------------------------------------------------------------------------------


async def sent(world: Selling) -> Any:
    view, create = await world.sold_and_leased()
    assert (await reports.answered(world.app, world.agent, told(create, view))).accepted
    return await world.read(view)


async def test_the_sellers_word_on_an_acceptance_is_a_claim_and_no_more(world: Selling) -> None:
    view = await sent(world)
    assert await sightings.seen(world.app, world.agent, saw(world.app, view, 3)) == TAKEN
    after = (await world.read(view)).trade
    assert after.state.value == "sent" and after.claimed_at is not None and after.accepted_at is None


async def test_a_claim_keeps_the_new_assetid_for_the_witness(world: Selling) -> None:
    view = await sent(world)
    await sightings.seen(world.app, world.agent, saw(world.app, view, 3, items=items(view, "55")))
    found = await world.app.db.value(
        "SELECT detail->>'new_assetid' FROM trade_event ORDER BY no DESC LIMIT 1"
    )
    assert found == "55"


async def delivered(world: Selling) -> Any:
    view = await sent(world)
    await sightings.seen(world.app, world.agent, saw(world.app, view, 3))
    buyers = await an_agent(world.app, world.buyer_id, "buyers")
    seen = buyer_saw(world, view)
    assert await sightings.seen(world.app, buyers, seen) == TAKEN
    return await world.read(view)


def buyer_saw(world: Selling, view: Any, code: int = 3, **changes: Any) -> Any:
    honest = {"partner_steamid": view.seller_steamid, "items": items(view, "50000000001")}
    return saw(world.app, view, code, **(honest | changes))


async def test_the_buyers_agent_is_the_witness_of_a_delivery(world: Selling) -> None:
    view = await delivered(world)
    assert (view.trade.state.value, view.trade.new_assetid) == ("accepted", "50000000001")
    assert (await world.events(view))[-1] == ("delivered", "buyer_agent:buyers")


@pytest.mark.parametrize(
    "lie",
    [
        {"code": 7}, {"code": 6}, {"code": 2}, {"code": 12}, {"code": 12, "axis": "history"},
        {"rollback_trade": "4100000000000000001"},
        {"items": "none new"}, {"partner_steamid": "76561198999999999"}, {"steam_tradeofferid": "1"},
    ],
)  # fmt: skip
async def test_a_buyers_agent_is_believed_about_nothing_else(world: Selling, lie: dict[str, Any]) -> None:
    view = await sent(world)
    buyers = await an_agent(world.app, world.buyer_id, "buyers")
    if lie.get("items"):
        lie = {"items": items(view)}
    before = await world.read(view), await world.events(view)
    verdict = await sightings.seen(world.app, buyers, replace(buyer_saw(world, view), **lie))
    assert not verdict.accepted and verdict.reason
    assert (await world.read(view), await world.events(view)) == before


async def test_who_is_paid_is_no_witness_of_his_own_delivery(world: Selling) -> None:
    await world.app.db.execute("UPDATE account SET may_trade_with_self = true")
    view = await world.buy(receiver_id=world.merchant_id)
    (create,) = await world.lease()
    await reports.answered(world.app, world.agent, told(create, view))
    merchants_own = await an_agent(world.app, world.merchant_id, "merchant")
    verdict = await sightings.seen(world.app, merchants_own, buyer_saw(world, view))
    assert not verdict.accepted and await world.state(view) == "sent"


@pytest.mark.parametrize(
    "lie",
    [
        {"trade_id": 999_999},
        {"partner_steamid": "76561198999999999"},
        {"items": ()},
        {"items": (SeenItem(730, 2, "999"),)},
        {"items": "two"},
        {"steam_tradeofferid": "1"},
        {"steam_tradeofferid": None},
        {"message": "#1000"},
        {"message": ""},
        {"observed_at": timedelta(minutes=6)},
        {"observed_at": timedelta(days=-2)},
        {"axis": "history", "steam_tradeid": None},
    ],
)
async def test_a_lying_sighting_changes_nothing_and_hears_why(world: Selling, lie: dict[str, Any]) -> None:
    view = await sent(world)
    honest = saw(world.app, view, 3)
    if isinstance(lie.get("observed_at"), timedelta):
        lie = {"observed_at": honest.observed_at + lie["observed_at"]}
    if lie.get("items") == "two":
        lie = {"items": honest.items * 2}
    before = await world.read(view), await world.events(view)
    verdict = await sightings.seen(world.app, world.agent, replace(honest, **lie))
    assert not verdict.accepted and verdict.reason
    assert (await world.read(view), await world.events(view)) == before


async def test_anothers_trade_is_not_ones_own(world: Selling) -> None:
    view = await sent(world)
    stranger = await an_agent(world.app, await world.stock.person(), "stranger")
    verdict = await sightings.seen(world.app, stranger, saw(world.app, view, 6))
    assert not verdict.accepted and await world.state(view) == "sent"


async def test_a_clock_five_minutes_off_is_forgiven(world: Selling) -> None:
    view = await sent(world)
    seen = saw(world.app, view, 3, observed_at=world.app.now() + timedelta(seconds=290))
    assert (await sightings.seen(world.app, world.agent, seen)).accepted


async def test_a_settlement_is_taken_within_its_bounds_and_only_extended(world: Selling) -> None:
    view = await delivered(world)
    accepted_at = view.trade.accepted_at

    async def tell(days: float) -> Verdict:
        at = accepted_at + timedelta(days=days)
        seen = saw(world.app, view, 3, "history", time_settlement=at)
        return await sightings.seen(world.app, world.agent, seen)

    assert not (await tell(6.9)).accepted
    assert not (await tell(31)).accepted
    assert (await world.read(view)).trade.protected_until is None
    assert (await tell(7.5)).accepted
    assert (await world.read(view)).trade.protected_until == accepted_at + timedelta(days=7.5)
    await tell(7.1)
    assert (await world.read(view)).trade.protected_until == accepted_at + timedelta(days=7.5)
    assert (await tell(7.6)).accepted
    assert (await world.read(view)).trade.protected_until == accepted_at + timedelta(days=7.6)


async def test_a_settlement_before_the_delivery_is_told_to_wait_and_the_claim_stands(world: Selling) -> None:
    view = await sent(world)
    at = world.app.now() + timedelta(days=7.5)
    seen = saw(world.app, view, 3, "history", time_settlement=at)
    verdict = await sightings.seen(world.app, world.agent, seen)
    assert verdict.accepted and verdict.reason and "delivery" in verdict.reason
    assert (await world.read(view)).trade.claimed_at is not None


@pytest.mark.parametrize(
    "how",
    [
        {"code": 12},
        {"code": 3, "rollback_trade": "4100000000000000001", "steam_tradeid": "4100000000000000009"},
    ],
)
async def test_a_reversal_told_by_the_sellers_agent_gives_the_money_back(
    world: Selling, how: dict[str, Any]
) -> None:
    view = await delivered(world)
    seen = replace(saw(world.app, view, 12, "history"), **how)
    assert (await sightings.seen(world.app, world.agent, seen)).accepted
    after = (await world.read(view)).trade
    assert after.state.value == "reversed"
    assert (
        await world.app.db.value("SELECT held_cents FROM wallet WHERE account_id = $1", world.buyer_id) == 0
    )


async def test_a_reversed_offer_shows_its_raw_code(world: Selling) -> None:
    view = await delivered(world)
    assert (await sightings.seen(world.app, world.agent, saw(world.app, view, 12))).accepted
    after = (await world.read(view)).trade
    assert (after.state.value, after.steam_offer_state) == ("reversed", 12)


async def test_an_unknown_code_is_noted_once_and_changes_nothing(world: Selling) -> None:
    view = await sent(world)
    before = await world.read(view)
    for _ in range(3):
        assert await sightings.seen(world.app, world.agent, saw(world.app, view, 77, "history")) == TAKEN
    assert await world.read(view) == before
    assert [event for event, _ in await world.events(view)].count("code_seen") == 1


async def test_a_program_that_reports_without_end_is_not_heard_for_ever(
    world: Selling, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sightings, "EVENTS_MAX", 6)
    view = await sent(world)
    for code in range(20, 30):
        await sightings.seen(world.app, world.agent, saw(world.app, view, code, "history"))
    told = [witness for _, witness in await world.events(view)]
    assert told.count("seller_agent:home") == 6  # and the other side's words are counted apart


@pytest.mark.parametrize(
    ("code", "causer"),
    [(4, "buyer"), (5, "buyer"), (6, "seller"), (7, "buyer"), (8, "seller"), (10, "seller")],
)
async def test_a_dead_offer_gives_the_money_back(world: Selling, code: int, causer: str) -> None:
    view = await sent(world)
    assert await sightings.seen(world.app, world.agent, saw(world.app, view, code)) == TAKEN
    after = (await world.read(view)).trade
    assert (after.state.value, after.causer) == ("cancelled", causer)


# Watching --------------------------------------------------------------------------------------------


async def test_the_watch_says_what_the_market_knows(world: Selling) -> None:
    view = await sent(world)
    (row,) = await watching.watched(world.app, world.agent)
    assert (row.role, row.last_offer_code, row.steam_tradeofferid) == (
        "seller",
        2,
        view.trade.steam_tradeofferid,
    )
    assert row.poll_seconds(world.app.now()) == watching.POLL_FRESH_SECONDS
    assert row.poll_seconds(world.app.now() + timedelta(hours=1)) == watching.POLL_SECONDS
    buyers = await an_agent(world.app, world.buyer_id, "buyers", ALL)
    (other,) = await watching.watched(world.app, buyers)
    assert (other.role, other.partner_steamid) == ("buyer", view.seller_steamid)


async def test_a_protected_trade_is_watched_by_the_seller_and_an_ended_one_by_nobody(world: Selling) -> None:
    view = await delivered(world)
    until = view.trade.accepted_at + timedelta(days=7.5)
    await sightings.seen(world.app, world.agent, saw(world.app, view, 3, "history", time_settlement=until))
    (row,) = await watching.watched(world.app, world.agent)
    assert row.is_delivered and row.poll_seconds(world.app.now()) == watching.POLL_PROTECTED_SECONDS
    await sightings.seen(world.app, world.agent, saw(world.app, view, 12, "history"))
    assert await watching.watched(world.app, world.agent) == []
