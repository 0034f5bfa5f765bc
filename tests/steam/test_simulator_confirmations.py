"""Mobile confirmations on the simulated Steam: the signature, the list, and what a yes or a no does."""

import base64
import time
from typing import Any

import pytest

from steam.sim import simulator
from steam.visitor import ALICE, Visitor, people


async def asked(alice: Visitor, bob: Visitor, count: int = 1) -> list[dict[str, Any]]:
    """Alice sends offers and is asked about each."""
    for item in (await alice.items())[:count]:
        assert (await alice.send(bob, [(730, 2, item)])).body["needs_mobile_confirmation"]
    return await alice.confirmations()


async def test_the_list_shows_what_is_asked_in_steams_shape() -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim)
        (conf,) = await asked(alice, bob)
        assert {"type", "type_name", "id", "creator_id", "nonce", "creation_time", "cancel", "accept", "icon",
                "multi", "headline", "summary", "warn"} == set(conf)  # fmt: skip
        assert (conf["type"], conf["headline"]) == (2, "Bob")
        assert conf["creator_id"] == (await sim.control("GET", "/_sim/offers"))["offers"][0]["id"]
        assert await bob.confirmations() == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"k": "AAAA"},
        {"k": ""},
        {"k": "é"},
        {"t": "1"},
        {"t": "x"},
        {"t": "9" * 30},
        {"tag": "accept"},
        {"a": "76561198000000002"},
        {"a": ""},
        {"p": ""},
    ],
)
async def test_a_request_that_the_phone_did_not_sign_is_told_so(wrong: dict[str, str]) -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim)
        await asked(alice, bob)
        body = (await alice.get("/mobileconf/getlist", **(alice.signed("list") | wrong))).body
        assert (body["success"], body["needauth"]) == (False, True)


async def test_the_secret_and_the_moment_of_a_signature_count() -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim)
        other = alice.signed("list", secret=bob.login["identity_secret"])
        assert (await alice.get("/mobileconf/getlist", **other)).body["success"] is False
        old = alice.signed("list", at=int(time.time()) - 3600)
        assert (await alice.get("/mobileconf/getlist", **old)).body["success"] is False
        near = alice.signed("list", at=int(time.time()) - 60)
        assert (await alice.get("/mobileconf/getlist", **near)).body["success"] is True
        assert len(base64.b64decode(alice.login["identity_secret"])) == 20


async def test_phones_keep_real_time_when_steams_clock_is_moved() -> None:
    async with simulator() as sim:
        alice, _, _ = await people(sim)
        await sim.advance(30 * 86_400)
        assert (await alice.get("/mobileconf/getlist", **alice.signed("list"))).body["success"] is True
        reply = await alice.api("QueryTime", "ITwoFactorService")
        assert abs(int(reply.body["response"]["server_time"]) - time.time()) < 5
        assert (await alice.api("GetTradeOffers")).status == 200


@pytest.mark.parametrize(
    ("op", "tag", "state"),
    [("allow", "accept", 2), ("allow", "allow", 2), ("cancel", "cancel", 10), ("cancel", "reject", 10)],
)
async def test_a_yes_sends_the_offer_and_a_no_ends_it_for_both(op: str, tag: str, state: int) -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim)
        (conf,) = await asked(alice, bob)
        query = {"op": op, "cid": conf["id"], "ck": conf["nonce"]}
        assert (await alice.get("/mobileconf/ajaxop", **query, **alice.signed(tag))).body == {"success": True}
        assert (await bob.offer(conf["creator_id"]))["trade_offer_state"] == state
        assert await alice.confirmations() == []
        assert (await alice.get("/mobileconf/ajaxop", **query, **alice.signed(tag))).body == {
            "success": False
        }


async def test_the_signature_of_another_deed_does_not_confirm() -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim)
        (conf,) = await asked(alice, bob)
        query = {"op": "allow", "cid": conf["id"], "ck": conf["nonce"]}
        for tag in ("list", "cancel", "details"):
            assert not (await alice.get("/mobileconf/ajaxop", **query, **alice.signed(tag))).body["success"]
        wrong = query | {"ck": "1"}
        assert not (await alice.get("/mobileconf/ajaxop", **wrong, **alice.signed("allow"))).body["success"]
        query = {"op": "allow", "cid": conf["id"], "ck": conf["nonce"]}
        assert not (await bob.get("/mobileconf/ajaxop", **query, **bob.signed("allow"))).body["success"]
        assert (await alice.offer(conf["creator_id"]))["trade_offer_state"] == 9


@pytest.mark.parametrize("style", ["{}", "{}[]", "{}[{}]"])
async def test_many_are_confirmed_at_once_however_the_list_is_written(style: str) -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim)
        confs = await asked(alice, bob, count=3)
        form: dict[str, Any] = {"op": "allow"} | alice.signed("accept")
        for name, field in (("cid", "id"), ("ck", "nonce")):
            values = [conf[field] for conf in confs]
            if style == "{}[{}]":
                form |= {style.format(name, index): value for index, value in enumerate(values)}
            else:
                form[style.format(name)] = values
        pairs = [
            (key, each)
            for key, value in form.items()
            for each in (value if isinstance(value, list) else [value])
        ]
        async with sim.http.post(
            sim.base_url + "/mobileconf/multiajaxop", data=pairs, headers=alice.cookies
        ) as reply:
            assert await reply.json() == {"success": True}
        assert await alice.confirmations() == []


async def test_the_details_name_the_offer_in_both_their_forms() -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim)
        (conf,) = await asked(alice, bob)
        mark = f'id="tradeofferid_{conf["creator_id"]}"'
        tag = f"details{conf['id']}"
        body = (await alice.get(f"/mobileconf/details/{conf['id']}", **alice.signed(tag))).body
        assert body["success"] is True
        assert mark in body["html"]
        page = (await alice.get(f"/mobileconf/detailspage/{conf['id']}", **alice.signed("details"))).body
        assert 'class="tradeoffer"' in page
        assert (await bob.get(f"/mobileconf/details/{conf['id']}", **bob.signed("details"))).body[
            "success"
        ] is False


async def test_without_the_acknowledgement_of_trade_protection_confirming_fails() -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim, alice={"acknowledged": False})
        (conf,) = await asked(alice, bob)
        query = {"op": "allow", "cid": conf["id"], "ck": conf["nonce"]}
        assert (await alice.get("/mobileconf/ajaxop", **query, **alice.signed("accept"))).body == {
            "success": False
        }
        assert (await alice.post("/trade/new/acknowledge", message="1", sessionid="x")).status == 403
        assert (await alice.post("//trade/new/acknowledge", message="1")).status == 200
        assert (await alice.get("/mobileconf/ajaxop", **query, **alice.signed("accept"))).body == {
            "success": True
        }


async def test_an_account_without_a_phone_is_asked_by_mail_or_not_at_all() -> None:
    async with simulator() as sim:
        alice, bob, carol = await people(sim, alice={"confirmation": "email"}, carol={"confirmation": "none"})
        reply = await alice.send(bob, [(730, 2, (await alice.items())[0])])
        assert reply.body["needs_email_confirmation"] is True
        assert (await alice.offer(reply.body["tradeofferid"]))["confirmation_method"] == 1
        assert await alice.confirmations() == []
        done = await sim.control("POST", f"/_sim/users/{ALICE}/confirm")
        assert done["confirmed"] == [reply.body["tradeofferid"]]
        reply = await carol.send(bob, [(730, 2, (await carol.items())[0])])
        assert set(reply.body) == {"tradeofferid"}
