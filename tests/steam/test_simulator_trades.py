"""Trades on the simulated Steam: new asset ids, protection, escrow, settlement, and the two-row reversal."""

from datetime import UTC, datetime
from typing import Any

import pytest

from steam.sim import Sim, simulator
from steam.visitor import ALICE, BOB, REDLINE, Visitor, ask, people, sent
from tradepost.rules.games import GAMES
from tradepost.steam.inspect_link import decode_certificate

DAY = 86_400
WEEK = 7 * DAY


async def traded(alice: Visitor, bob: Visitor, count: int = 1, appid: int = 730) -> tuple[str, list[str]]:
    """Alice gives Bob items: the trade's id and the asset ids they had."""
    items = (await alice.items(appid))[:count]
    offerid = await sent(alice, bob, [(appid, 2, item) for item in items])
    return (await bob.accept(offerid)).body["tradeid"], items


async def certificate(sim: Sim, steamid: str, contextid: int, assetid: str) -> Any:
    body = (await ask(sim, "GET", f"/inventory/{steamid}/730/{contextid}?count=2000")).body
    entry = next(each for each in body["asset_properties"] if each["assetid"] == assetid)
    text = next(each["string_value"] for each in entry["asset_properties"] if each["propertyid"] == 6)
    return decode_certificate(text)


async def test_an_item_received_has_a_new_id_and_lies_protected_in_the_other_context() -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim)
        before = await certificate(sim, ALICE, 2, (await alice.items())[0])
        tradeid, (old,) = await traded(alice, bob)
        row = await bob.trade(tradeid)
        asset = row["assets_received"][0]
        assert (asset["assetid"], asset["contextid"], asset["new_contextid"]) == (old, "2", "16")
        assert asset["new_assetid"] != old
        assert (row["status"], row["steamid_other"]) == (3, ALICE)
        assert "assets_given" not in row
        assert await bob.items(contextid=16) == [asset["new_assetid"]]
        assert old not in await alice.items()
        after = await certificate(sim, BOB, 16, asset["new_assetid"])
        assert after.fingerprint == before.fingerprint
        assert str(after.item_id) == asset["new_assetid"]


async def test_protection_lasts_the_games_days_and_until_valves_midnight() -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim)
        tradeid, _ = await traded(alice, bob)
        row = await alice.trade(tradeid)
        wait = row["time_settlement"] - row["time_init"] - GAMES["csgo"].protection_days * DAY
        assert 0 <= wait < DAY
        moment = datetime.fromtimestamp(row["time_settlement"], UTC)
        assert (moment.hour, moment.minute, moment.second) == (7, 0, 0)
        shown = await alice.offer((await sim.control("GET", "/_sim/offers"))["offers"][0]["id"])
        assert (shown["settlement_date"], shown["delay_settlement"]) == (row["time_settlement"], True)


@pytest.mark.parametrize(("settlement", "wait_max", "step"), [("hour", 3600, 3600), ("exact", 1, 1)])
async def test_when_protection_ends_is_a_setting_of_the_world(
    settlement: str, wait_max: int, step: int
) -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim)
        await sim.control("POST", "/_sim/settings", {"settlement": settlement})
        row = await alice.trade((await traded(alice, bob))[0])
        assert 0 <= row["time_settlement"] - row["time_init"] - WEEK < wait_max
        assert row["time_settlement"] % step == 0


async def test_a_protected_item_says_so_and_can_not_be_offered() -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim)
        tradeid, _ = await traded(alice, bob)
        settlement = (await bob.trade(tradeid))["time_settlement"]
        body = (await bob.get(f"/inventory/{BOB}/730/16", preserve_bbcode=1)).body
        about = body["descriptions"][0]
        assert (about["tradable"], about["marketable"], about["sealed"], about["sealed_type"]) == (0, 0, 1, 0)
        line = about["owner_descriptions"][1]
        assert (line["type"], line["value"].endswith(f"until [date]{settlement}[/date]")) == ("bbcode", True)
        plain = (await bob.get(f"/inventory/{BOB}/730/16")).body["descriptions"][0]["owner_descriptions"][1]
        assert (plain["type"], "(7:00:00) GMT" in plain["value"]) == ("html", True)
        reply = await bob.send(alice, [(730, 16, body["assets"][0]["assetid"])])
        assert reply.body["strError"].endswith("(26)")


async def test_settlement_brings_the_item_to_the_ordinary_context_with_the_id_it_got() -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim, bob={"items": []})
        tradeid, _ = await traded(alice, bob)
        row = await bob.trade(tradeid)
        new = row["assets_received"][0]["new_assetid"]
        left = row["time_settlement"] - (await sim.control("GET", "/_sim/clock"))["now"]
        await sim.advance(left - 30)
        assert (await bob.items(contextid=16), await bob.items()) == ([new], [])
        await sim.advance(30)
        assert (await bob.items(contextid=16), await bob.items()) == ([], [new])
        after = await bob.trade(tradeid)
        assert (after["status"], after["time_settlement"]) == (3, row["time_settlement"])
        assert (await bob.send(alice, [(730, 2, new)])).status == 200


async def test_a_game_without_a_second_context_protects_in_place_and_one_without_protection_not_at_all() -> (
    None
):
    async with simulator() as sim:
        alice, bob, _ = await people(sim)
        dota = {"appid": 570, "market_hash_name": "Inscribed Hook"}
        await sim.control("POST", f"/_sim/users/{ALICE}/items", dota)
        tradeid, _ = await traded(alice, bob, appid=440)
        asset = (await bob.trade(tradeid))["assets_received"][0]
        assert asset["new_contextid"] == "2"
        descriptions = (await bob.get(f"/inventory/{BOB}/440/2")).body["descriptions"]
        assert sorted(each["tradable"] for each in descriptions) == [0, 1]
        tradeid, _ = await traded(alice, bob, appid=570)
        row = await bob.trade(tradeid)
        assert "time_settlement" not in row
        assert (await bob.get(f"/inventory/{BOB}/570/2")).body["descriptions"][0]["tradable"] == 1
        await sim.advance(WEEK + DAY)
        descriptions = (await bob.get(f"/inventory/{BOB}/440/2")).body["descriptions"]
        assert [each["tradable"] for each in descriptions] == [1]


async def test_a_reversal_is_two_rows_and_the_items_go_home_under_fresh_ids() -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim)
        tradeid, (old,) = await traded(alice, bob)
        await sim.advance(DAY)
        await sim.control("POST", f"/_sim/trades/{tradeid}/reverse")
        row = await alice.trade(tradeid)
        assert row["status"] == 12
        assert "time_settlement" not in row
        assert row["time_mod"] - row["time_init"] >= DAY
        history = (await alice.api("GetTradeHistory", max_trades=10)).body["response"]["trades"]
        second = history[0]
        assert (second["rollback_trade"], second["status"]) == (tradeid, 3)
        assert second["tradeid"] != tradeid
        assert second["assets_given"][0]["assetid"] == row["assets_given"][0]["assetid"] == old
        assert "time_settlement" not in second
        assert [each["tradeid"] for each in history] == [second["tradeid"], tradeid]
        assert await bob.items(contextid=16) == []
        mine = await alice.items()
        assert len(mine) == 8
        assert old not in mine
        shown = await alice.offer((await sim.control("GET", "/_sim/offers"))["offers"][0]["id"])
        assert shown["trade_offer_state"] == 12
        assert await sim.control("GET", "/_sim/check") == []


async def test_a_reversal_can_give_the_old_ids_back() -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim)
        before = await alice.items()
        tradeid, _ = await traded(alice, bob)
        await sim.control("POST", f"/_sim/trades/{tradeid}/reverse", {"keep_assetids": True, "by": ALICE})
        assert await alice.items() == before


async def test_who_reverses_takes_all_back_and_may_not_trade_for_a_month() -> None:
    async with simulator() as sim:
        alice, bob, carol = await people(sim)
        first, _ = await traded(alice, bob)
        second, _ = await traded(carol, bob)
        third, _ = await traded(alice, carol)
        await sim.control("POST", f"/_sim/trades/{first}/reverse", {"by": BOB, "all": True})
        assert [(await bob.trade(each))["status"] for each in (first, second)] == [12, 12]
        assert (await carol.trade(third))["status"] == 3
        ban = (await sim.control("GET", f"/_sim/users/{BOB}"))["banned_until"]
        assert ban - (await sim.control("GET", "/_sim/clock"))["now"] in range(30 * DAY - 5, 30 * DAY + 1)
        reply = await alice.send(bob, [(730, 2, (await alice.items())[0])])
        assert reply.body["strError"].endswith("because they have a trade ban.")
        await sim.advance(30 * DAY + 1)
        assert (await alice.send(bob, [(730, 2, (await alice.items())[0])])).status == 200


async def test_what_is_settled_or_reversed_or_a_reversal_can_not_be_reversed() -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim)
        settled, _ = await traded(alice, bob)
        await sim.advance(WEEK + DAY)
        undone, _ = await traded(alice, bob)
        await sim.control("POST", f"/_sim/trades/{undone}/reverse")
        rollback = (await sim.control("GET", "/_sim/trades"))["trades"][0]["id"]
        for tradeid in (settled, undone, rollback):
            reply = await ask(sim, "POST", f"/_sim/trades/{tradeid}/reverse")
            assert (reply.status, reply.body) == (400, {"error": "the trade is not protected, or no longer"})


async def test_a_hold_puts_both_sides_into_escrow_until_its_end() -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim, bob={"hold_days": 15})
        given, taken = (await alice.items())[0], (await bob.items())[0]
        offerid = await sent(alice, bob, [(730, 2, given)], [(730, 2, taken)])
        await bob.accept(offerid)
        await sim.control("POST", f"/_sim/offers/{offerid}/confirm")
        shown = await alice.offer(offerid)
        assert shown["trade_offer_state"] == 11
        row = await alice.trade(shown["tradeid"])
        assert (row["status"], row["time_escrow_end"]) == (10, shown["escrow_end_date"])
        assert row["time_escrow_end"] - row["time_init"] == 15 * DAY
        assert "new_assetid" not in row["assets_given"][0]
        assert given not in await alice.items()
        assert taken not in await bob.items()
        assert await bob.items(contextid=16) == []
        assert await sim.control("GET", "/_sim/check") == []
        await sim.advance(15 * DAY)
        row = await alice.trade(shown["tradeid"])
        assert row["status"] == 3
        assert row["time_settlement"] - row["time_escrow_end"] >= WEEK
        assert (await alice.offer(offerid))["trade_offer_state"] == 3
        assert await bob.items(contextid=16) == [row["assets_given"][0]["new_assetid"]]
        assert await sim.control("GET", "/_sim/check") == []


@pytest.mark.parametrize(("deed", "state"), [("cancel", 6), ("decline", 7)])
async def test_either_side_can_end_an_escrow_and_the_items_go_back(deed: str, state: int) -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim, alice={"hold_days": 1})
        before = await alice.items()
        tradeid, _ = await traded(alice, bob, count=2)
        offerid = (await sim.control("GET", f"/_sim/trades/{tradeid}"))["offerid"]
        who = alice if deed == "cancel" else bob
        assert (await who.post(f"/tradeoffer/{offerid}/{deed}")).body == {"tradeofferid": offerid}
        assert (await alice.offer(offerid))["trade_offer_state"] == state
        assert (await alice.trade(tradeid))["status"] == 11
        assert await alice.items() == before
        await sim.advance(2 * DAY)
        assert await alice.items() == before
        assert await sim.control("GET", "/_sim/check") == []


async def test_the_history_pages_back_and_forth_and_counts() -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim)
        trades = []
        for _ in range(4):
            trades.append((await traded(alice, bob))[0])
            await sim.advance(10)
        newest = trades[::-1]

        async def page(**query: Any) -> tuple[list[str], bool]:
            body = (await alice.api("GetTradeHistory", **query)).body["response"]
            return [each["tradeid"] for each in body["trades"]], body["more"]

        assert await page(max_trades=100) == (newest, False)
        assert await page(max_trades=3) == (newest[:3], True)
        second = await alice.trade(newest[1])
        start = {"start_after_time": second["time_init"], "start_after_tradeid": second["tradeid"]}
        assert await page(max_trades=1, **start) == (newest[2:3], True)
        assert await page(max_trades=9, **start) == (newest[2:], False)
        assert await page(max_trades=9, navigating_back=1, **start) == (newest[:1], False)
        body = (await alice.api("GetTradeHistory", max_trades=1, include_total=1, get_descriptions=1)).body[
            "response"
        ]
        assert body["total_trades"] == 4
        assert body["descriptions"][0]["market_hash_name"] == REDLINE


async def test_failed_trades_are_in_the_history_only_when_asked_for() -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim, bob={"hold_days": 3})
        tradeid, _ = await traded(alice, bob)
        offerid = (await sim.control("GET", f"/_sim/trades/{tradeid}"))["offerid"]
        await sim.control("POST", f"/_sim/offers/{offerid}/cancel")
        assert (await alice.api("GetTradeHistory", max_trades=9)).body["response"]["trades"] == []
        body = (await alice.api("GetTradeHistory", max_trades=9, include_failed=1)).body["response"]
        assert [each["status"] for each in body["trades"]] == [11]


async def test_a_trade_is_shown_to_its_two_parties_only() -> None:
    async with simulator() as sim:
        alice, bob, carol = await people(sim)
        tradeid, _ = await traded(alice, bob)
        reply = await carol.api("GetTradeStatus", tradeid=tradeid)
        assert (reply.body, reply.headers["x-eresult"]) == ({"response": {}}, "42")
        assert (await alice.trade(tradeid))["assets_given"] == (await bob.trade(tradeid))["assets_received"]


async def test_a_jump_of_the_clock_does_everything_at_its_own_moment() -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim, bob={"hold_days": 15})
        tradeid, _ = await traded(alice, bob)
        await sim.advance(60 * DAY)
        row = await alice.trade(tradeid)
        assert row["status"] == 3
        assert WEEK <= row["time_settlement"] - row["time_escrow_end"] < WEEK + DAY
        assert row["assets_given"][0]["new_assetid"] in await bob.items()


async def test_the_clock_only_moves_forward() -> None:
    async with simulator() as sim:
        now = (await sim.control("GET", "/_sim/clock"))["now"]
        await sim.control("POST", "/_sim/clock", {"now": now + 1000})
        assert (await sim.control("GET", "/_sim/clock"))["now"] in range(now + 1000, now + 1005)
        await sim.control("POST", "/_sim/clock", {"now": now + 990})  # a little late is no move at all
        assert (await sim.control("GET", "/_sim/clock"))["now"] in range(now + 1000, now + 1010)
        for order in (
            {"now": now},
            {"advance_seconds": -1},
            {},
            {"now": 1, "advance_seconds": 1},
            {"now": 1 << 40},
        ):
            assert (await ask(sim, "POST", "/_sim/clock", json=order)).status == 400


async def test_many_trades_conserve_the_items() -> None:
    async with simulator() as sim:
        everybody = await people(sim)
        for turn in range(24):
            giver, taker = everybody[turn % 3], everybody[(turn + 1 + turn // 3 % 2) % 3]
            items = await giver.items()
            if giver is taker or not items:
                continue
            tradeid, _ = await traded(giver, taker)
            if turn % 4 == 1:
                await sim.control("POST", f"/_sim/trades/{tradeid}/reverse", {"ban": False})
            if turn % 5 == 4:
                await sim.advance(WEEK + DAY)
            assert await sim.control("GET", "/_sim/check") == []
        total = [len(await each.items()) + len(await each.items(contextid=16)) for each in everybody]
        assert sum(total) == 24
