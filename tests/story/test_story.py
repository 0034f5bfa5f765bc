"""One trade, from a listed item to settled money, and what becomes of it when somebody lies, sleeps or takes it back."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from story.stage import BUYER, CASE, MERCHANT, NAME, SELLER, WEEK_SECONDS, Stage, stage, until
from tradepost.db import Db


@pytest.fixture
async def on(db: Db, tmp_path: Path) -> AsyncIterator[Stage]:
    """A stage with everybody on it."""
    async with stage(db, tmp_path) as made:
        yield made


@pytest.fixture
async def quiet(db: Db, tmp_path: Path) -> AsyncIterator[Stage]:
    """A stage whose seller has no program running; the test speaks in its place."""
    async with stage(db, tmp_path, with_agent=False) as made:
        yield made


async def test_one_trade_from_a_listed_item_to_settled_money(on: Stage) -> None:
    offer = await on.list_item(price="1.00")
    bought = await on.buy(offer, "order-1", price="1.00")
    assert bought["http"] == 200, bought
    trade = bought["id"]
    assert bought["trade_data"]["items"][0]["state"] == "pending"
    assert await on.wallet(MERCHANT) == (99_900, 0, 100)
    await on.accept(trade)
    await on.reaches(trade, "protected")
    shown = await on.trade(trade)
    assert shown["state"] == "active"
    assert shown["steam_trade_offer_state"] == "3"
    assert shown["protected_until"] is not None
    await on.advance(WEEK_SECONDS)
    await on.reaches(trade, "finished")
    # The merchant sold to himself here (by flag): the proceeds are back in the bucket they came from, less the fee.
    assert await on.wallet(MERCHANT) == (99_995, 0, 0)
    assert [event for event, _ in await on.events(trade)][-1] == "settled"
    witnesses = dict(await on.events(trade))
    assert witnesses["delivered"] == witnesses["settled"] == "public_inventory"
    assert (await on.trade(trade))["state"] == "finished"
    # Asked again, the purchase answers as it did the first time.
    again = await on.buy(offer, "order-1", price="1.00")
    assert again == bought
    assert await on.sim.control("GET", "/_sim/check") == []


async def test_an_item_without_a_fingerprint_is_delivered_under_the_id_that_the_agent_names(
    on: Stage,
) -> None:
    """The buyer owns such a case already: the name proves nothing, the new asset does."""
    await on.give(BUYER, CASE, commodity=True)
    offer = await on.list_item(CASE, "0.40")
    trade = (await on.buy(offer))["id"]
    await on.accept(trade)
    await on.reaches(trade, "protected")
    await on.advance(WEEK_SECONDS)
    await on.reaches(trade, "finished")


async def test_a_declined_offer_gives_the_money_back_and_the_item_is_on_sale_again(on: Stage) -> None:
    offer = await on.list_item()
    trade = (await on.buy(offer))["id"]
    await on.sim.control("POST", f"/_sim/offers/{await on.steam_offer(trade)}/decline")
    await on.reaches(trade, "cancelled")
    shown = await on.trade(trade)
    assert (shown["state"], shown["causer"]) == ("cancelled", "buyer")
    assert await on.wallet(MERCHANT) == (100_000, 0, 0)
    again = await on.call("GET", f"/api/v2/items/{offer}")
    assert again["data"]["item"]["id"] == offer


@pytest.mark.parametrize("day", range(7))
async def test_a_reversal_on_any_day_gives_the_money_back_and_pays_nobody(on: Stage, day: int) -> None:
    trade = (await on.buy(await on.list_item()))["id"]
    await on.accept(trade)
    await on.reaches(trade, "protected")
    await on.advance(day * 86_400 + 3_600)
    steam_trade = await on.app.db.value("SELECT steam_tradeid FROM trade WHERE id = $1", int(trade))
    by = SELLER if day % 2 else BUYER
    await on.sim.control("POST", f"/_sim/trades/{steam_trade}/reverse", {"by": by})
    await on.reaches(trade, "reversed")
    assert await on.wallet(MERCHANT) == (100_000, 0, 0)
    shown = await on.trade(trade)
    assert shown["state"] == "cancelled"
    assert shown["reversed"] is True
    side = "seller" if by == SELLER else "buyer"
    assert shown["causer"] == side
    ban = await on.app.db.fetch("SELECT side, until_at - from_at AS length FROM ban WHERE steamid = $1", by)
    assert [tuple(row) for row in ban] == [(side, timedelta(days=30))]


async def test_a_reversal_that_no_agent_reports_is_seen_before_anybody_is_paid(quiet: Stage) -> None:
    """The seller's program is silent: the look at the end of protection finds the item back with the seller."""
    trade, _ = await _delivered_by_hand(quiet)
    steam_trade = await quiet.app.db.value("SELECT steam_tradeid FROM trade WHERE id = $1", int(trade))
    await quiet.sim.control("POST", f"/_sim/trades/{steam_trade}/reverse", {"by": SELLER})
    await quiet.advance(8 * 86_400 + 700)
    await quiet.reaches(trade, "reversed")
    assert await quiet.wallet(MERCHANT) == (100_000, 0, 0)


async def _leased(on: Stage) -> tuple[str, dict[str, Any], str]:
    """A trade that the test, as the seller's agent, was told to send; with the directive and the asset."""
    body = {
        "device_id": "desk", "steamid": SELLER, "session": {"ok": True},
        "capabilities": ["create", "cancel", "watch", "inventory"],
    }  # fmt: skip
    assert (await on.agent_says("/heartbeat", body))["http"] == 200
    offer = await on.list_item()
    bought = await on.buy(offer)
    assert bought["http"] == 200, bought
    found: list[dict[str, Any]] = []

    async def told() -> bool:
        heard = await on.agent_says("/heartbeat", body)
        found.extend(one for one in heard["directives"] if one["action"] == "create_offer")
        return bool(found)

    async def explain() -> str:
        return "no directive came"

    await until(told, explain)
    return bought["id"], found[0], found[0]["items"][0]["assetid"]


def _event(directive: dict[str, Any], assetid: str, code: int, offer: str, **more: Any) -> dict[str, Any]:
    return {
        "trade_id": directive["trade_id"], "axis": "offer", "code": code, "steam_tradeofferid": offer,
        "partner_steamid": BUYER, "observed_at": directive["now"],
        "items": [{"appid": 730, "contextid": directive["items"][0]["contextid"], "assetid": assetid}], **more,
    }  # fmt: skip


async def _send_by_hand(on: Stage, directive: dict[str, Any], assetid: str) -> str:
    sent = await on.sim.control(
        "POST",
        "/_sim/offers",
        {"from": SELLER, "to": BUYER, "give": [assetid], "message": directive["message"]},
    )
    offer = str(sent["id"])
    result = {
        "directive_id": directive["directive_id"], "status": "success", "steam_tradeofferid": offer, "partner_steamid": BUYER,
        "items": [{"appid": 730, "contextid": directive["items"][0]["contextid"], "assetid": assetid}], "code": 2,
    }  # fmt: skip
    answer = await on.agent_says("/directives/results", {"results": [result]})
    assert answer["results"][0]["accepted"] is True, answer
    return offer


async def _delivered_by_hand(on: Stage) -> tuple[str, str]:
    trade, directive, assetid = await _leased(on)
    directive["now"] = on.app.now().isoformat()
    offer = await _send_by_hand(on, directive, assetid)
    accepted = await on.sim.control("POST", f"/_sim/offers/{offer}/accept")
    tradeid = str(
        accepted.get("tradeid") or (await on.sim.control("GET", f"/_sim/offers/{offer}"))["tradeid"]
    )
    said = await on.agent_says(
        "/trade-events", {"events": [_event(directive, assetid, 3, offer, steam_tradeid=tradeid)]}
    )
    assert said["http"] == 200, said
    assert said["events"][0]["accepted"] is True, said
    await on.reaches(trade, "accepted", "protected")
    return trade, offer


async def test_a_seller_who_says_accepted_when_it_was_not_is_not_believed(quiet: Stage) -> None:
    trade, directive, assetid = await _leased(quiet)
    directive["now"] = quiet.app.now().isoformat()
    offer = await _send_by_hand(quiet, directive, assetid)
    said = await quiet.agent_says(
        "/trade-events", {"events": [_event(directive, assetid, 3, offer, steam_tradeid="777")]}
    )
    assert said["http"] == 200

    async def looked() -> bool:
        return bool(await quiet.app.db.value("SELECT tries FROM trade WHERE id = $1", int(trade)))

    async def explain() -> str:
        return "nobody looked"

    await until(looked, explain)
    assert await quiet.state(trade) == "sent"
    assert await quiet.wallet(MERCHANT) == (99_900, 0, 100)
    await quiet.advance(7_200)

    async def asked() -> bool:
        return bool(
            await quiet.app.db.value("SELECT count(*) FROM operator_case WHERE trade_id = $1", int(trade))
        )

    await until(asked, explain)
    assert await quiet.state(trade) == "sent"
    assert "witness" in (await quiet.trade(trade))["explanation"]


async def test_a_settlement_that_is_too_early_and_anothers_trade_are_refused(quiet: Stage) -> None:
    trade, offer = await _delivered_by_hand(quiet)
    directive = {"trade_id": trade, "now": quiet.app.now().isoformat(), "items": [{"contextid": "2"}]}
    assetid = await quiet.app.db.value(
        "SELECT o.assetid FROM offer o JOIN trade t ON t.offer_id = o.id WHERE t.id = $1", int(trade)
    )
    before = await quiet.app.db.value("SELECT protected_until FROM trade WHERE id = $1", int(trade))
    early = (quiet.app.now() + timedelta(days=1)).isoformat()
    said = await quiet.agent_says(
        "/trade-events",
        {"events": [{**_event(directive, assetid, 3, offer), "axis": "history", "time_settlement": early}]},
    )
    assert said["http"] == 200
    after = await quiet.app.db.value("SELECT protected_until FROM trade WHERE id = $1", int(trade))
    assert after is None or after == before or after >= quiet.app.now() + timedelta(days=6, hours=23)
    stranger = await quiet.agent_says(
        "/trade-events", {"events": [{**_event(directive, assetid, 7, offer), "trade_id": "999999"}]}
    )
    assert stranger["events"][0]["accepted"] is False
    await quiet.advance(2 * 86_400)
    assert await quiet.state(trade) in ("accepted", "protected")


async def test_an_acceptance_after_the_deadline_is_still_an_acceptance(on: Stage) -> None:
    """The deadline asks for a cancel; the buyer was faster; the trade goes on and nobody was refunded."""
    trade = (await on.buy(await on.list_item()))["id"]
    offer = await on.steam_offer(trade)
    await on.sim.control(
        "POST", "/_sim/faults", {"kind": "cancel", "mode": "status", "code": 500, "times": 0}
    )
    await on.advance(31 * 60)
    await on.sim.control("POST", f"/_sim/offers/{offer}/accept")
    await on.sim.control("DELETE", "/_sim/faults")
    await on.reaches(trade, "accepted", "protected")
    assert await on.wallet(MERCHANT) == (99_900, 0, 100)
    await on.advance(WEEK_SECONDS)
    await on.reaches(trade, "finished")


async def test_an_offer_nobody_accepts_is_cancelled_on_steam_before_the_money_goes_back(on: Stage) -> None:
    trade = (await on.buy(await on.list_item()))["id"]
    offer = await on.steam_offer(trade)
    await on.advance(31 * 60)
    await on.reaches(trade, "cancelled")
    assert (await on.sim.control("GET", f"/_sim/offers/{offer}"))["state"] == 6
    assert (await on.trade(trade))["causer"] == "buyer"
    assert await on.wallet(MERCHANT) == (100_000, 0, 0)


@pytest.mark.parametrize("fault", [
    {"kind": "send", "mode": "created_but_16"},
    {"kind": "send", "mode": "timeout", "seconds": 4, "after": True},
    {"kind": "send", "mode": "html"},
    {"kind": "all", "mode": "status", "code": 503, "times": 2},
], ids=lambda fault: fault["mode"])  # fmt: skip
async def test_whatever_steam_does_the_item_is_sent_once(on: Stage, fault: dict[str, Any]) -> None:
    offer = await on.list_item()
    await on.sim.control("POST", "/_sim/faults", fault)
    trade = (await on.buy(offer))["id"]
    await asyncio.wait_for(_accepted(on, trade), 60)
    offers = (await on.sim.control("GET", "/_sim/offers"))["offers"]
    assert len(offers) == 1
    await on.advance(WEEK_SECONDS)
    await on.reaches(trade, "finished")


async def _accepted(on: Stage, trade: str) -> None:
    await on.reaches(trade, "sent", seconds=50)
    await on.accept(trade)
    await on.reaches(trade, "protected")


async def test_a_merchant_without_a_grant_gets_nothing_of_a_strangers_items(on: Stage) -> None:
    from tradepost.market import merchants, users

    assetid = await on.give(SELLER)
    offer = await on.list_item()
    async with on.app.db.transaction() as tx:
        stranger = await users.know(tx, "76561198000000099", "operator", on.app.now(), name="Stranger")
        token = await merchants.make_token(tx, stranger.id, on.app.now(), test=True)
    calls = [
        ("GET", f"/api/v2/account/inventory?project=csgo&steamid={SELLER}", None),
        (
            "POST",
            "/api/v2/offers",
            {"steamid": SELLER, "offers": [{"id": assetid, "project": "csgo", "price": "1.00"}]},
        ),
        ("PATCH", "/api/v2/offers", {"steamid": SELLER, "offers": [{"id": offer, "price": "0.50"}]}),
        ("PATCH", f"/api/v2/offers/{offer}", {"steamid": SELLER, "price": "0.50"}),
        ("DELETE", "/api/v2/offers", {"steamid": SELLER, "item_ids": [offer]}),
    ]
    for method, path, body in calls:
        answer = await on.call(method, path, body, token=token)
        assert (answer["http"], answer["error_message"]) == (403, "no_access"), (method, path, answer)
    mine = await on.call("GET", "/api/v2/offers", token=token)
    assert mine["data"] == []
    item = await on.call("GET", f"/api/v2/items/{offer}", token=token)
    assert item["data"]["item"]["price"] == "1.00"
    assert "steamid" not in item["data"]["item"]
    assert NAME in item["data"]["item"]["steam_market_hash_name"]


async def test_a_private_inventory_waits_for_a_witness_and_then_for_an_operator(on: Stage) -> None:
    trade = (await on.buy(await on.list_item()))["id"]
    await on.sim.control("POST", f"/_sim/users/{BUYER}", {"private": True})
    await on.accept(trade)

    async def explained() -> bool:
        return "private" in (await on.trade(trade))["explanation"]

    async def explain() -> str:
        return str(await on.trade(trade))

    await until(explained, explain)
    assert await on.state(trade) == "sent"
    await on.advance(3_700)

    async def asked() -> bool:
        return bool(
            await on.app.db.value("SELECT count(*) FROM operator_case WHERE trade_id = $1", int(trade))
        )

    await until(asked, explain)
    await on.sim.control("POST", f"/_sim/users/{BUYER}", {"private": False})
    await on.advance(700)
    await on.reaches(trade, "accepted", "protected")
