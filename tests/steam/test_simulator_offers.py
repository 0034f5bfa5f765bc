"""Trade offers on the simulated Steam: who may send what, in which state an offer is, and who sees it."""

import json
from typing import Any

import pytest

from steam.sim import simulator
from steam.visitor import ALICE, BOB, CAROL, KEY, REDLINE, Reply, Visitor, people, sent

WEEK = 7 * 86_400


def complaint(reply: Reply) -> str:
    assert reply.status == 500, reply
    text: str = reply.body["strError"]
    return text


def numbered(number: int, deed: str = "sending your trade offer") -> str:
    return f"There was an error {deed}.  Please try again later. ({number})"


async def rifles(visitor: Visitor) -> list[tuple[int, int, str]]:
    return [(730, 2, assetid) for assetid in await visitor.items()]


async def test_an_offer_that_gives_items_waits_for_its_senders_phone_and_nobody_else_sees_it() -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim)
        reply = await alice.send(bob, (await rifles(alice))[:1], tradeoffermessage="#7")
        assert reply.status == 200
        offerid = reply.body["tradeofferid"]
        assert reply.body["needs_mobile_confirmation"] is True
        assert len(offerid) == 10
        shown = await alice.offer(offerid)
        assert (shown["trade_offer_state"], shown["confirmation_method"], shown["message"]) == (9, 2, "#7")
        assert (shown["is_our_offer"], shown["accountid_other"]) == (True, bob.accountid)
        assert shown["expiration_time"] - shown["time_created"] == 2 * WEEK
        assert await bob.offer(offerid) is None
        assert (
            "trade_offers_received"
            not in (await bob.api("GetTradeOffers", get_received_offers=1)).body["response"]
        )
        await sim.control("POST", f"/_sim/offers/{offerid}/confirm")
        seen = await bob.offer(offerid)
        assert (seen["trade_offer_state"], seen["confirmation_method"], seen["is_our_offer"]) == (2, 0, False)
        assert "items_to_give" not in seen
        assert seen["items_to_receive"][0]["missing"] is False


async def test_an_offer_that_only_asks_is_active_at_once() -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim)
        reply = await alice.send(bob, [], (await rifles(bob))[:1])
        assert set(reply.body) == {"tradeofferid"}
        assert (await bob.offer(reply.body["tradeofferid"]))["trade_offer_state"] == 2


async def test_the_referer_must_be_the_page_of_an_offer_to_the_same_partner() -> None:
    async with simulator() as sim:
        alice, bob, carol = await people(sim)
        item = (await rifles(alice))[:1]
        good = f"https://steamcommunity.com/tradeoffer/new/?partner={bob.accountid}"
        for referer in (
            "",
            "https://steamcommunity.com/my",
            f"https://steamcommunity.com/tradeoffer/new/?partner={carol.accountid}",
            "https://steamcommunity.com/tradeoffer/new/",
            f"https://steamcommunity.com/profiles/{BOB}/?partner={bob.accountid}",
            "http://[bad",
        ):
            reply = await alice.send(bob, item, referer=referer)
            assert (reply.status, reply.body) == (403, None), referer
        assert (await alice.send(bob, item, referer=good)).status == 200


async def test_the_form_must_repeat_the_sessionid_cookie() -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim)
        for sessionid in ("", "another"):
            reply = await alice.send(bob, (await rifles(alice))[:1], sessionid=sessionid)
            assert (reply.status, reply.body) == (403, None)


async def test_who_is_not_signed_in_is_told_401() -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim)
        await sim.control("POST", f"/_sim/users/{ALICE}/logout")
        assert (await alice.send(bob, (await rifles(bob))[:1])).status == 401


@pytest.mark.parametrize("token", ["", "wrongone"])
async def test_a_missing_or_wrong_trade_token_is_error_15(token: str) -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim)
        assert complaint(await alice.send(bob, (await rifles(alice))[:1], token=token)) == numbered(15)


async def test_items_that_are_not_there_not_ones_own_or_not_tradable_are_error_26() -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim)
        mine, theirs = (await alice.items())[0], (await bob.items())[0]
        made = await sim.control(
            "POST",
            f"/_sim/users/{ALICE}/items",
            {"appid": 730, "market_hash_name": REDLINE, "tradable": False},
        )
        stuck = made["items"][0]["assetid"]
        for give in (
            [(730, 2, "1")],
            [(730, 2, theirs)],
            [(730, 16, mine)],
            [(440, 2, mine)],
            [(730, 2, stuck)],
        ):
            assert complaint(await alice.send(bob, give)) == numbered(26)
        assert complaint(await alice.send(bob, [], [(730, 2, mine)])) == numbered(26)


@pytest.mark.parametrize(
    "order", ["", "[]", "{", '{"me":1,"them":2}', '{"me":{"assets":[{}]},"them":{}}', "\ud800"]
)
async def test_a_malformed_offer_is_error_2_and_makes_none(order: str) -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim)
        body = order.encode("utf-8", "surrogatepass")
        reply = await alice.send(bob, [], json_tradeoffer=body.decode("utf-8", "replace"))
        assert complaint(reply) == numbered(2)
        assert (await sim.control("GET", "/_sim/offers"))["offers"] == []


async def test_an_empty_offer_and_one_that_names_an_item_twice_are_error_2() -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim)
        item = (await rifles(alice))[0]
        assert complaint(await alice.send(bob, [])) == numbered(2)
        assert complaint(await alice.send(bob, [item, item])) == numbered(2)


async def test_items_of_different_protection_do_not_go_into_one_offer() -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim)
        key = (440, 2, (await alice.items(440))[0])
        assert complaint(await alice.send(bob, [key, (await rifles(alice))[0]])) == numbered(11)
        assert complaint(await alice.send(bob, [key], (await rifles(bob))[:1])) == numbered(11)


async def test_five_open_offers_to_a_partner_and_thirty_in_all_are_the_most() -> None:
    async with simulator() as sim:
        others: list[dict[str, Any]] = [
            {"steamid": f"765611981000000{n:02}", "name": f"other {n}"} for n in range(6)
        ]
        await sim.control("POST", "/_sim/world", {"users": others})
        alice, bob, _ = await people(sim)
        item = (await rifles(alice))[0]
        partners = [Visitor(sim, await sim.login(other["steamid"])) for other in others]
        made = [await sent(alice, partner, [item]) for partner in partners for _ in range(5)]
        assert complaint(await alice.send(partners[0], [item])).startswith(
            "You have sent too many trade offers, or have too many outstanding trade offers with other 0. "
        )
        assert complaint(await alice.send(bob, [item])) == numbered(25)
        await sim.control("POST", f"/_sim/offers/{made[0]}/cancel")
        assert (await alice.send(partners[0], [item])).status == 200


@pytest.mark.parametrize(
    ("setting", "text"),
    [
        ({"trade_banned": True}, "You cannot trade with Bob because they have a trade ban."),
        ({"available": False}, "Bob is not available to trade. More information will be shown to Bob"),
        ({"inventory_full": True}, numbered(15)),
    ],
)
async def test_a_partner_who_cannot_trade_is_named_in_the_complaint(
    setting: dict[str, bool], text: str
) -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim, bob=setting)
        assert complaint(await alice.send(bob, (await rifles(alice))[:1])).startswith(text)


async def test_a_banned_sender_and_one_from_a_new_device_cannot_send() -> None:
    async with simulator() as sim:
        alice, bob, carol = await people(sim, alice={"trade_banned": True}, carol={"new_device": True})
        assert complaint(await alice.send(bob, (await rifles(alice))[:1])) == numbered(15)
        assert complaint(await carol.send(bob, (await rifles(carol))[:1])).startswith(
            "You have logged in from a new device"
        )


async def test_accepting_without_giving_anything_trades_at_once() -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim)
        offerid = await sent(alice, bob, (await rifles(alice))[:1])
        reply = await bob.accept(offerid, partner=ALICE)
        assert len(reply.body["tradeid"]) == 19
        shown = await alice.offer(offerid)
        assert (shown["trade_offer_state"], shown["tradeid"]) == (3, reply.body["tradeid"])
        assert shown["items_to_give"][0]["missing"] is True
        assert complaint(await bob.accept(offerid)) == numbered(28, "accepting this trade offer")


async def test_accepting_an_offer_that_takes_items_needs_the_recipients_phone() -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim)
        offerid = await sent(alice, bob, (await rifles(alice))[:1], (await rifles(bob))[:2])
        assert (await bob.accept(offerid)).body["needs_mobile_confirmation"] is True
        assert (await bob.accept(offerid)).body["needs_mobile_confirmation"] is True
        assert [conf["creator_id"] for conf in await bob.confirmations()] == [offerid]
        assert (await bob.offer(offerid))["confirmation_method"] == 2
        assert (await alice.offer(offerid))["confirmation_method"] == 0
        await sim.control("POST", f"/_sim/offers/{offerid}/confirm")
        assert (await bob.offer(offerid))["trade_offer_state"] == 3
        assert len(await alice.items(contextid=16)) == 2
        assert len(await bob.items(contextid=16)) == 1


async def test_accepting_needs_the_referer_of_the_offer_and_only_its_recipient_can() -> None:
    async with simulator() as sim:
        alice, bob, carol = await people(sim)
        offerid = await sent(alice, bob, (await rifles(alice))[:1])
        assert (await bob.accept(offerid, referer="https://steamcommunity.com/my")).status == 403
        assert (await bob.accept(offerid, partner=CAROL)).status == 404
        for other in (alice, carol):
            assert (await other.accept(offerid)).status == 404
        assert (await bob.accept("9999999999")).status == 404
        assert (await bob.accept(offerid)).status == 200


async def test_an_offer_still_unconfirmed_cannot_be_accepted_or_declined_by_guessing_its_id() -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim)
        offerid = (await alice.send(bob, (await rifles(alice))[:1])).body["tradeofferid"]
        assert (await bob.accept(offerid)).status == 404
        assert (await bob.post(f"/tradeoffer/{offerid}/decline")).body == {"success": 11}
        assert (await alice.offer(offerid))["trade_offer_state"] == 9


@pytest.mark.parametrize(("deed", "who", "state"), [("decline", "bob", 7), ("cancel", "alice", 6)])
async def test_declining_and_canceling_end_an_offer_once(deed: str, who: str, state: int) -> None:
    async with simulator() as sim:
        alice, bob, carol = await people(sim)
        offerid = await sent(alice, bob, (await rifles(alice))[:1])
        right, wrong = (alice, bob) if who == "alice" else (bob, alice)
        for other in (wrong, carol):
            assert (await other.post(f"/tradeoffer/{offerid}/{deed}")).body == {"success": 42}
        assert (await right.post(f"/tradeoffer/{offerid}/{deed}", sessionid="x")).status == 403
        assert (await right.post(f"/tradeoffer/{offerid}/{deed}")).body == {"tradeofferid": offerid}
        assert (await right.post(f"/tradeoffer/{offerid}/{deed}")).body == {"success": 11}
        assert (await alice.offer(offerid))["trade_offer_state"] == state
        assert complaint(await bob.accept(offerid)) == numbered(11, "accepting this trade offer")


async def test_an_unconfirmed_offer_can_be_canceled_and_its_question_goes_away() -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim)
        offerid = (await alice.send(bob, (await rifles(alice))[:1])).body["tradeofferid"]
        assert len(await alice.confirmations()) == 1
        assert (await alice.post(f"/tradeoffer/{offerid}/cancel")).body == {"tradeofferid": offerid}
        assert await alice.confirmations() == []


async def test_a_counter_offer_ends_the_one_it_answers() -> None:
    async with simulator() as sim:
        alice, bob, carol = await people(sim)
        offerid = await sent(alice, bob, (await rifles(alice))[:1])
        referer = f"https://steamcommunity.com/tradeoffer/{offerid}/"
        form: dict[str, Any] = {"tradeofferid_countered": offerid, "token": "", "referer": referer}
        assert complaint(await carol.send(alice, (await rifles(carol))[:1], **form)) == numbered(11)
        reply = await bob.send(alice, [], (await rifles(alice))[:2], **form)
        assert reply.status == 200
        assert (await alice.offer(offerid))["trade_offer_state"] == 4
        assert (await alice.offer(reply.body["tradeofferid"]))["trade_offer_state"] == 2
        assert complaint(await bob.send(alice, [], (await rifles(alice))[:2], **form)) == numbered(11)


async def test_an_offer_expires_after_fourteen_days_at_its_own_moment() -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim)
        active = await sent(alice, bob, (await rifles(alice))[:1])
        pending = (await alice.send(bob, (await rifles(alice))[:1])).body["tradeofferid"]
        await sim.advance(2 * WEEK - 60)
        assert (await alice.offer(active))["trade_offer_state"] == 2
        await sim.advance(WEEK)
        for offerid in (active, pending):
            shown = await alice.offer(offerid)
            assert shown["trade_offer_state"] == 5
            assert shown["time_updated"] == shown["expiration_time"]


async def test_an_item_that_leaves_makes_every_other_offer_with_it_invalid() -> None:
    async with simulator() as sim:
        alice, bob, carol = await people(sim)
        first, second = (await rifles(alice))[:2]
        to_bob, to_carol = await sent(alice, bob, [first]), await sent(alice, carol, [first, second])
        pending = (await alice.send(carol, [first])).body["tradeofferid"]
        other = await sent(alice, carol, [second])
        await bob.accept(to_bob)
        states = [
            (await alice.offer(each))["trade_offer_state"] for each in (to_bob, to_carol, pending, other)
        ]
        assert states == [3, 8, 8, 2]
        assert await sim.control("GET", "/_sim/check") == []


async def test_an_item_that_locks_makes_the_offer_invalid_when_it_is_accepted() -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim)
        item = (await rifles(alice))[0]
        offerid = await sent(alice, bob, [item])
        await sim.control("POST", f"/_sim/users/{ALICE}/items/{item[2]}", {"listed": True})
        assert (await alice.offer(offerid))["trade_offer_state"] == 8
        assert complaint(await bob.accept(offerid)) == numbered(11, "accepting this trade offer")


async def test_a_web_api_key_sees_no_offers_but_does_see_the_history() -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim)
        offerid = await sent(alice, bob, (await rifles(alice))[:1])
        key = {"access_token": "", "key": alice.login["api_key"]}
        query = {"get_sent_offers": 1, "active_only": 1} | key
        assert (await alice.api("GetTradeOffers", **query)).body == {"response": {"next_cursor": 0}}
        reply = await alice.api("GetTradeOffer", tradeofferid=offerid, **key)
        assert (reply.body, reply.headers["x-eresult"]) == ({"response": {}}, "42")
        await bob.accept(offerid)
        assert len((await alice.api("GetTradeHistory", max_trades=10, **key)).body["response"]["trades"]) == 1


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({}, 401),
        ({"access_token": "eyJ.x.y"}, 401),
        ({"access_token": "x" * 9999}, 401),
        ({"key": "A" * 32}, 403),
    ],
)
async def test_without_a_live_token_or_key_access_is_denied(query: dict[str, str], status: int) -> None:
    async with simulator() as sim:
        alice, _, _ = await people(sim)
        reply = await alice.api("GetTradeOffers", **({"access_token": ""} | query))
        assert reply.status == status
        assert "Access is denied" in reply.body


async def test_a_token_dies_with_its_time_and_with_its_session() -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim)
        login = await sim.control("POST", "/_sim/login", {"steamid": ALICE, "ttl_seconds": 0})
        assert (await Visitor(sim, login).api("GetTradeOffers")).status == 401
        assert (await alice.api("GetTradeOffers")).status == 200
        await sim.control("POST", f"/_sim/users/{ALICE}/logout")
        assert (await alice.api("GetTradeOffers")).status == 401
        assert (await bob.api("GetTradeOffers")).status == 200
        assert (await Visitor(sim, await sim.login(ALICE)).api("GetTradeOffers")).status == 200


async def test_get_trade_offers_filters_by_side_and_by_life() -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim)
        items = await rifles(alice)
        live, dead = await sent(alice, bob, items[:1]), await sent(alice, bob, items[1:2])
        back = await sent(bob, alice, (await rifles(bob))[:1])
        await bob.post(f"/tradeoffer/{dead}/decline")

        async def ids(side: str, **query: Any) -> list[str]:
            reply = await alice.api("GetTradeOffers", get_sent_offers=1, get_received_offers=1, **query)
            return [each["tradeofferid"] for each in reply.body["response"].get(f"trade_offers_{side}", [])]

        assert await ids("sent") == [dead, live]
        assert await ids("received") == [back]
        assert await ids("sent", active_only=1) == [live]
        assert await ids("sent", historical_only=1) == [dead]
        assert await ids("sent", active_only=1, time_historical_cutoff=1) == [dead, live]
        reply = await alice.api("GetTradeOffers", get_sent_offers=1, get_descriptions=1)
        assert {each["market_hash_name"] for each in reply.body["response"]["descriptions"]} == {REDLINE}
        assert "trade_offers_received" not in reply.body["response"]
        assert reply.body["response"]["next_cursor"] == 0
        await sim.control("POST", f"/_sim/offers/{live}/hide")
        assert await ids("sent", active_only=1) == []
        assert (await alice.offer(live))["trade_offer_state"] == 2


async def test_long_lists_of_offers_come_in_pages_by_cursor() -> None:
    async with simulator() as sim:
        alice, _, _ = await people(sim)
        item = (await alice.items())[0]
        for _ in range(501):
            made = await sim.control("POST", "/_sim/offers", {"from": ALICE, "to": BOB, "give": [item]})
            await sim.control("POST", f"/_sim/offers/{made['id']}/cancel")
        first = (await alice.api("GetTradeOffers", get_sent_offers=1)).body["response"]
        rest = (await alice.api("GetTradeOffers", get_sent_offers=1, cursor=first["next_cursor"])).body[
            "response"
        ]
        assert (len(first["trade_offers_sent"]), len(rest["trade_offers_sent"])) == (500, 1)
        assert rest["next_cursor"] == 0


async def test_the_summary_counts_what_the_lists_show() -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim)
        items = await rifles(alice)
        await sent(alice, bob, items[:1])
        accepted = await sent(alice, bob, items[1:2])
        await bob.accept(accepted)
        mine = (await alice.api("GetTradeOffersSummary", time_last_visit=1)).body["response"]
        theirs = (await bob.api("GetTradeOffersSummary", time_last_visit=1)).body["response"]
        assert (mine["pending_sent_count"], mine["newly_accepted_sent_count"]) == (1, 1)
        assert (mine["historical_sent_count"], mine["pending_received_count"]) == (1, 0)
        assert (theirs["pending_received_count"], theirs["new_received_count"]) == (1, 1)


async def test_holds_are_told_with_the_right_trade_token_only() -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim, bob={"hold_days": 15})
        ask = {"steamid_target": BOB}
        for token in ("", "wrongone"):
            reply = await alice.api("GetTradeHoldDurations", trade_offer_access_token=token, **ask)
            assert reply.body == {"response": {}}
        reply = await alice.api(
            "GetTradeHoldDurations", trade_offer_access_token=bob.login["trade_token"], **ask
        )
        seconds = {name: each["escrow_end_duration_seconds"] for name, each in reply.body["response"].items()}
        assert seconds == {"my_escrow": 0, "their_escrow": 15 * 86_400, "both_escrow": 15 * 86_400}


async def test_items_of_one_offer_carry_their_price_where_steam_knows_it() -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim)
        price = {"appid": 440, "market_hash_name": KEY, "price_cents": 231}
        await sim.control("POST", "/_sim/prices", {"prices": [price]})
        offerid = await sent(alice, bob, [(440, 2, (await alice.items(440))[0])])
        assert (await alice.offer(offerid))["items_to_give"][0]["est_usd"] == "231"


async def test_the_thief_cancels_an_offer_and_sends_its_items_to_himself() -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim)
        offerid = await sent(alice, bob, (await rifles(alice))[:1])
        clone = await sim.control("POST", f"/_sim/offers/{offerid}/steal", {"to": CAROL})
        assert (await alice.offer(offerid))["trade_offer_state"] == 6
        shown = await alice.offer(clone["id"])
        assert (shown["trade_offer_state"], shown["accountid_other"]) == (9, int(CAROL) & 0xFFFFFFFF)


async def test_what_json_says_about_amounts_is_not_taken_on_trust() -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim)
        item = (await alice.items())[0]
        for amount in (0, 2, -1):
            asset = {"appid": 730, "contextid": "2", "amount": amount, "assetid": item}
            order = json.dumps({"me": {"assets": [asset]}, "them": {"assets": []}})
            assert complaint(await alice.send(bob, [], json_tradeoffer=order)) == numbered(26)
