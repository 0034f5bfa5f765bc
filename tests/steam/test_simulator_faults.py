"""Bad days of the simulated Steam: each fault does what it says, as often and for whom it was told."""

import asyncio
import time
from typing import Any

import aiohttp
import pytest

from steam.sim import Sim, simulator
from steam.visitor import ALICE, BOB, Visitor, ask, people


async def fault(sim: Sim, **order: Any) -> Any:
    return await sim.control("POST", "/_sim/faults", order)


async def offer(alice: Visitor, bob: Visitor) -> Any:
    return await alice.send(bob, [(730, 2, (await alice.items())[0])])


async def test_a_fault_happens_so_often_and_then_no_more() -> None:
    async with simulator() as sim:
        await people(sim)
        await fault(sim, kind="inventory", mode="status", code=429, times=2)
        statuses = [(await ask(sim, "GET", f"/inventory/{ALICE}/730/2")).status for _ in range(3)]
        assert statuses == [429, 429, 200]
        assert (await sim.control("GET", "/_sim/faults"))["faults"] == []


async def test_a_fault_without_end_is_deleted() -> None:
    async with simulator() as sim:
        await people(sim)
        made = await fault(sim, path_prefix="/inventory/", mode="null", times=0)
        for _ in range(3):
            reply = await ask(sim, "GET", f"/inventory/{ALICE}/730/2")
            assert (reply.status, reply.body) == (200, None)
        (listed,) = (await sim.control("GET", "/_sim/faults"))["faults"]
        assert (listed["hits"], listed["left"]) == (3, 0)
        await sim.control("DELETE", f"/_sim/faults/{made['id']}")
        assert (await ask(sim, "GET", f"/inventory/{ALICE}/730/2")).body["success"] == 1


@pytest.mark.parametrize("code", [2, 11, 15, 16, 20, 25, 26, 28, 50])
async def test_a_strerror_carries_its_number_and_nothing_was_done(code: int) -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim)
        await fault(sim, kind="send", mode="strerror", code=code)
        reply = await offer(alice, bob)
        text = f"There was an error sending your trade offer.  Please try again later. ({code})"
        assert (reply.status, reply.body) == (500, {"strError": text})
        assert (await sim.control("GET", "/_sim/offers"))["offers"] == []


async def test_a_strerror_can_say_anything() -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim)
        text = "Steam was unable to contact the game's item server. <b>Try again</b> later."
        await fault(sim, kind="send", mode="strerror", text=text)
        assert (await offer(alice, bob)).body == {"strError": text}


async def test_an_offer_exists_although_the_answer_was_error_16() -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim)
        await fault(sim, kind="send", mode="created_but_16")
        reply = await offer(alice, bob)
        assert (reply.status, reply.body["strError"][-4:]) == (500, "(16)")
        (made,) = (await alice.api("GetTradeOffers", get_sent_offers=1)).body["response"]["trade_offers_sent"]
        assert (made["trade_offer_state"], made["accountid_other"]) == (9, bob.accountid)
        assert len(await alice.confirmations()) == 1


async def test_a_dropped_connection_before_the_deed_leaves_nothing_and_after_it_an_offer() -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim)
        for after in (False, True):
            await fault(sim, kind="send", mode="drop", after=after)
            with pytest.raises(aiohttp.ClientError):
                await offer(alice, bob)
            assert len((await sim.control("GET", "/_sim/offers"))["offers"]) == after


async def test_silence_lasts_and_ends_without_an_answer() -> None:
    async with simulator() as sim:
        await people(sim)
        await fault(
            sim, kind="inventory", mode="timeout", seconds=0.2, times=0
        )  # aiohttp asks again by itself
        began = time.monotonic()
        with pytest.raises(aiohttp.ClientError):
            await ask(sim, "GET", f"/inventory/{ALICE}/730/2")
        assert time.monotonic() - began >= 0.2


async def test_slowness_ends_with_the_answer() -> None:
    async with simulator() as sim:
        await people(sim)
        await fault(sim, kind="inventory", mode="slow", seconds=0.2)
        began = time.monotonic()
        assert (await ask(sim, "GET", f"/inventory/{ALICE}/730/2")).status == 200
        assert time.monotonic() - began >= 0.2


async def test_while_one_waits_the_others_are_served() -> None:
    async with simulator() as sim:
        await people(sim)
        await fault(sim, kind="inventory", mode="timeout", seconds=30, steamid=BOB)
        waiting = asyncio.ensure_future(ask(sim, "GET", f"/inventory/{BOB}/730/2"))
        assert (await ask(sim, "GET", f"/inventory/{ALICE}/730/2")).status == 200
        waiting.cancel()


@pytest.mark.parametrize(
    ("mode", "content_type", "start"),
    [("garbage", "application/json", '{"success":true'), ("html", "text/html", "<html>")],
)
async def test_an_answer_can_be_no_answer(mode: str, content_type: str, start: str) -> None:
    async with simulator() as sim:
        await people(sim)
        await fault(sim, kind="inventory", mode=mode)
        reply = await ask(sim, "GET", f"/inventory/{ALICE}/730/2")
        assert reply.status == 200
        assert reply.headers["content-type"].startswith(content_type)
        assert reply.body.startswith(start)


async def test_a_fault_can_be_for_one_account_signed_in_by_cookie_token_or_named() -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim)
        await fault(sim, mode="status", code=503, times=0, steamid=BOB)
        assert (await bob.get("/my")).status == 503
        assert (await bob.api("GetTradeOffers")).status == 503
        assert (await alice.get(f"/inventory/{BOB}/730/2")).status == 503
        assert (await alice.api("GetTradeOffers")).status == 200
        assert (await alice.get(f"/inventory/{ALICE}/730/2")).status == 200


@pytest.mark.parametrize(
    "order",
    [
        {"mode": "explode"},
        {"mode": "drop", "kind": "everything"},
        {"mode": "status"},
        {"mode": "status", "code": 99},
        {"mode": "drop", "times": -1},
        {"mode": "timeout", "seconds": 1e9},
        {"mode": "drop", "colour": "red"},
        {},
    ],
)
async def test_a_fault_that_makes_no_sense_is_refused(order: dict[str, Any]) -> None:
    async with simulator() as sim:
        reply = await ask(sim, "POST", "/_sim/faults", json=order)
        assert (reply.status, set(reply.body)) == (400, {"error"})


async def test_the_request_log_counts_by_path_and_keeps_no_credential() -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim)
        await offer(alice, bob)
        await fault(sim, kind="inventory", mode="status", code=429)
        await alice.get(f"/inventory/{BOB}/730/2")
        await alice.api("GetTradeOffers")
        log = await sim.control("GET", "/_sim/requests")
        assert log["counts"]["POST /tradeoffer/new/send"] == 1
        assert log["counts"]["GET /inventory/{n}/{n}/{n}"] == 2
        assert log["last"][0]["path"] == "/IEconService/GetTradeOffers/v1"
        assert (log["last"][1]["status"], log["last"][1]["fault"]) == (429, "status")
        assert "eyJ" not in str(log)
        assert (await sim.control("DELETE", "/_sim/requests"))["counts"] == {}
        assert (await sim.control("GET", "/_sim/requests"))["last"] == []
