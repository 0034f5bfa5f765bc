"""The simulated Steam as public Steam clients see it, unmodified: what they understand, Steam would say too."""

import shutil
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from steam.sim import Sim, simulator
from steam.witness import Witness, WitnessError, witness

SELLER, BUYER, THIRD = "76561198000000101", "76561198000000102", "76561198000000103"
ACTIVE, ACCEPTED, COUNTERED, CANCELED, DECLINED, NEEDS_CONFIRMATION = 2, 3, 4, 6, 7, 9
CANCELED_BY_SECOND_FACTOR, IN_ESCROW, REVERTED = 10, 11, 12
COMPLETE, PROTECTION_ROLLBACK = 3, 12
DAY_SECONDS = 86_400

Clients = tuple[Sim, Witness]


@pytest.fixture(scope="module")
async def clients() -> AsyncIterator[Clients]:
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed, so the simulated Steam has no certificate to show")
    async with simulator(tls=True) as sim, witness(sim) as running:
        for steamid, name in ((SELLER, "Seller"), (BUYER, "Buyer"), (THIRD, "Third")):
            await sim.control("POST", f"/_sim/users/{steamid}", {"name": name})
            await running.login(sim, steamid)
        yield sim, running


async def give(sim: Sim, steamid: str, **more: Any) -> dict[str, Any]:
    """A new item for an account, as an offer names it."""
    item = {"appid": 730, "market_hash_name": "AK-47 | Slate (Field-Tested)", **more}
    [made] = (await sim.control("POST", f"/_sim/users/{steamid}/items", [item]))["items"]
    return {key: made[key] for key in ("appid", "contextid", "assetid")}


async def trade_url(sim: Sim, steamid: str) -> str:
    url: str = (await sim.control("GET", f"/_sim/users/{steamid}"))["trade_url"]
    return url


async def send(clients: Clients, item: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The seller offers an item to the buyer; not yet confirmed."""
    sim, node = clients
    order = {"tradeUrl": await trade_url(sim, BUYER), "give": [item], **more}
    sent: dict[str, Any] = await node.ask("send", SELLER, **order)
    return sent


async def confirm(clients: Clients, offerid: str, account: str = SELLER) -> None:
    sim, node = clients
    secret = (await sim.login(account))["identity_secret"]
    await node.ask("confirm", account, secret=secret, id=offerid)


async def sold(clients: Clients) -> tuple[str, dict[str, Any]]:
    """An offer that was sent, confirmed and accepted, and the item it gave."""
    item = await give(clients[0], SELLER)
    offer = await send(clients, item)
    await confirm(clients, offer["id"])
    assert await clients[1].ask("accept", BUYER, id=offer["id"]) == "accepted"
    return offer["id"], item


# --- sessions and inventories ---------------------------------------------------------------------------


async def test_its_cookies_sign_a_client_in(clients: Clients) -> None:
    sim, node = clients
    assert await node.ask("loggedIn", SELLER) is True
    signed_in = await sim.login(SELLER)
    assert await node.ask("tradeToken", SELLER) == signed_in["trade_token"]


async def test_an_ended_session_signs_nobody_in(clients: Clients) -> None:
    sim, node = clients
    steamid = "76561198000000104"
    await sim.control("POST", f"/_sim/users/{steamid}", {})
    await node.login(sim, steamid)
    await sim.control("POST", f"/_sim/users/{steamid}/logout")
    assert await node.ask("loggedIn", steamid) is False
    with pytest.raises(WitnessError):
        await node.ask("offers", steamid, filter="All")


async def test_an_inventory_comes_with_the_properties_of_its_items(clients: Clients) -> None:
    sim, node = clients
    item = await give(sim, SELLER, float=0.25, paintseed=661)
    inventory = await node.ask("inventory", SELLER, appid=730, contextid=2)
    [found] = [each for each in inventory["items"] if each["assetid"] == item["assetid"]]
    assert found["name"] == "AK-47 | Slate (Field-Tested)"
    properties = {each["propertyid"]: each for each in found["properties"]}
    assert properties[1]["int_value"] == "661"
    assert float(properties[2]["float_value"]) == 0.25
    assert properties[6]["string_value"]
    assert found["actions"]


async def test_a_partners_inventory_shows_what_he_can_give(clients: Clients) -> None:
    sim, node = clients
    item = await give(sim, BUYER)
    locked = await give(sim, BUYER, tradable_after=2_000_000_000)
    url = await trade_url(sim, BUYER)
    found = await node.ask("partnerInventory", SELLER, tradeUrl=url, appid=730, contextid=2)
    assert item["assetid"] in [each["assetid"] for each in found]
    assert locked["assetid"] not in [each["assetid"] for each in found]
    assert all(each["properties"] for each in found)


async def test_many_pages_are_one_inventory(clients: Clients) -> None:
    sim, node = clients
    hats = [{"appid": 440, "market_hash_name": f"Hat {number}"} for number in range(2_300)]
    await sim.control("POST", f"/_sim/users/{THIRD}/items", hats)
    inventory = await node.ask("inventory", SELLER, steamid=THIRD, appid=440, contextid=2)
    assert inventory["total"] == 2_300
    assert len({item["assetid"] for item in inventory["items"]}) == 2_300


async def test_private_and_empty_are_told_apart(clients: Clients) -> None:
    sim, node = clients
    steamid = "76561198000000105"
    await sim.control("POST", f"/_sim/users/{steamid}", {})
    assert (await node.ask("inventory", SELLER, steamid=steamid, appid=730, contextid=2))["items"] == []
    await sim.control("POST", f"/_sim/users/{steamid}", {"private": True})
    with pytest.raises(WitnessError, match=r"This profile is private\."):
        await node.ask("inventory", SELLER, steamid=steamid, appid=730, contextid=2)


# --- an offer's life ------------------------------------------------------------------------------------


async def test_an_offer_goes_from_confirmation_to_exchange(clients: Clients) -> None:
    sim, node = clients
    item = await give(sim, SELLER)
    await node.ask("poll", BUYER)
    await node.ask("poll", SELLER)

    offer = await send(clients, item, message="#17")
    assert (offer["status"], offer["state"]) == ("pending", NEEDS_CONFIRMATION)
    assert offer["id"] not in [
        each["id"] for each in (await node.ask("offers", BUYER, filter="All"))["received"]
    ]

    await confirm(clients, offer["id"])
    seen = await node.ask("offer", BUYER, id=offer["id"])
    assert (seen["state"], seen["message"], seen["partner"]) == (ACTIVE, "#17", SELLER)
    assert [each["assetid"] for each in seen["receive"]] == [item["assetid"]]
    assert {"event": "newOffer", "id": offer["id"], "state": ACTIVE} in await node.ask("poll", BUYER)
    assert {"event": "sentOfferChanged", "id": offer["id"], "state": ACTIVE} in await node.ask("poll", SELLER)

    assert await node.ask("accept", BUYER, id=offer["id"]) == "accepted"
    assert {"event": "sentOfferChanged", "id": offer["id"], "state": ACCEPTED} in await node.ask(
        "poll", SELLER
    )
    assert {"event": "receivedOfferChanged", "id": offer["id"], "state": ACCEPTED} in await node.ask(
        "poll", BUYER
    )

    exchange = await node.ask("exchange", BUYER, id=offer["id"])
    assert exchange["status"] == COMPLETE
    [received] = exchange["received"]
    assert (received["assetid"], received["new_contextid"]) == (item["assetid"], "16")
    assert received["new_assetid"] != item["assetid"]
    there = await node.ask("inventory", SELLER, steamid=BUYER, appid=730, contextid=16)
    assert received["new_assetid"] in [each["assetid"] for each in there["items"]]
    gone = await node.ask("inventory", SELLER, appid=730, contextid=2)
    assert item["assetid"] not in [each["assetid"] for each in gone["items"]]
    given = await node.ask("exchange", SELLER, id=offer["id"])
    assert [each["assetid"] for each in given["given"]] == [item["assetid"]]


async def test_the_receipt_shows_the_item_under_its_new_id(clients: Clients) -> None:
    offerid, _ = await sold(clients)
    [received] = await clients[1].ask("receivedItems", BUYER, id=offerid)
    exchange = await clients[1].ask("exchange", BUYER, id=offerid)
    assert received["assetid"] == exchange["received"][0]["new_assetid"]


async def test_a_sender_who_speaks_a_language_gets_descriptions_with_his_offers(clients: Clients) -> None:
    sim, node = clients
    item = await give(sim, SELLER)
    await node.login(sim, SELLER, language="en")
    try:
        offer = await send(clients, item)
        seen = await node.ask("offer", SELLER, id=offer["id"])
        assert [each["name"] for each in seen["give"]] == ["AK-47 | Slate (Field-Tested)"]
        assert await node.ask("cancel", SELLER, id=offer["id"]) == CANCELED
    finally:
        await node.login(sim, SELLER)


async def test_a_declined_offer_is_seen_by_both(clients: Clients) -> None:
    sim, node = clients
    offer = await send(clients, await give(sim, SELLER))
    await confirm(clients, offer["id"])
    assert await node.ask("decline", BUYER, id=offer["id"]) == DECLINED
    for account in (SELLER, BUYER):
        assert (await node.ask("offer", account, id=offer["id"]))["state"] == DECLINED
    with pytest.raises(WitnessError, match="not active"):
        await node.ask("accept", BUYER, id=offer["id"])


@pytest.mark.parametrize("confirmed", [True, False])
async def test_a_sender_cancels_before_and_after_his_confirmation(clients: Clients, confirmed: bool) -> None:
    sim, node = clients
    offer = await send(clients, await give(sim, SELLER))
    if confirmed:
        await confirm(clients, offer["id"])
    assert await node.ask("cancel", SELLER, id=offer["id"]) == CANCELED
    assert (await node.ask("offer", SELLER, id=offer["id"]))["state"] in {CANCELED, CANCELED_BY_SECOND_FACTOR}


async def test_a_counter_offer_ends_the_first(clients: Clients) -> None:
    sim, node = clients
    offer = await send(clients, await give(sim, SELLER))
    await confirm(clients, offer["id"])
    counter = await node.ask("send", BUYER, countering=offer["id"], message="rather so")
    assert (await node.ask("offer", SELLER, id=offer["id"]))["state"] == COUNTERED
    assert (await node.ask("offer", SELLER, id=counter["id"]))["is_ours"] is False
    await node.ask("cancel", BUYER, id=counter["id"])


async def test_a_confirmation_needs_the_accounts_own_secret(clients: Clients) -> None:
    sim, node = clients
    offer = await send(clients, await give(sim, SELLER))
    others = (await sim.login(BUYER))["identity_secret"]
    with pytest.raises(WitnessError):
        await node.ask("confirm", SELLER, secret=others, id=offer["id"])
    assert (await node.ask("offer", SELLER, id=offer["id"]))["state"] == NEEDS_CONFIRMATION
    await node.ask("cancel", SELLER, id=offer["id"])


async def test_protection_must_be_acknowledged_once_before_anything_is_confirmed(clients: Clients) -> None:
    sim, node = clients
    await sim.control("POST", f"/_sim/users/{SELLER}", {"acknowledged": False})
    offer = await send(clients, await give(sim, SELLER))
    with pytest.raises(WitnessError):
        await confirm(clients, offer["id"])
    await node.ask("acknowledge", SELLER)
    await confirm(clients, offer["id"])
    assert (await node.ask("offer", SELLER, id=offer["id"]))["state"] == ACTIVE
    await node.ask("cancel", SELLER, id=offer["id"])


async def test_giving_what_is_asked_of_one_needs_ones_own_confirmation(clients: Clients) -> None:
    sim, node = clients
    item = await give(sim, BUYER)
    offer = await node.ask("send", SELLER, tradeUrl=await trade_url(sim, BUYER), receive=[item])
    assert offer["status"] == "sent"
    assert await node.ask("accept", BUYER, id=offer["id"]) == "pending"
    await confirm(clients, offer["id"], BUYER)
    assert (await node.ask("offer", SELLER, id=offer["id"]))["state"] == ACCEPTED


# --- what Steam refuses ---------------------------------------------------------------------------------


async def test_a_wrong_token_is_refused_with_fifteen(clients: Clients) -> None:
    sim, node = clients
    url = (await trade_url(sim, BUYER)).rpartition("=")[0] + "=Wrong_15"
    with pytest.raises(WitnessError) as refused:
        await node.ask("send", SELLER, tradeUrl=url, give=[await give(sim, SELLER)])
    assert refused.value.eresult == 15


async def test_an_item_that_is_gone_is_refused_with_twenty_six(clients: Clients) -> None:
    sim, _ = clients
    item = await give(sim, SELLER)
    await sim.control("DELETE", f"/_sim/users/{SELLER}/items/{item['assetid']}")
    with pytest.raises(WitnessError) as refused:
        await send(clients, item)
    assert refused.value.eresult == 26


@pytest.mark.parametrize(
    ("who", "settings", "cause"),
    [
        (BUYER, {"trade_banned": True}, "TradeBan"),
        (SELLER, {"new_device": True}, "NewDevice"),
        (BUYER, {"available": False}, "TargetCannotTrade"),
    ],
)
async def test_a_client_reads_the_cause_from_the_sentence(
    clients: Clients, who: str, settings: dict[str, bool], cause: str
) -> None:
    sim, _ = clients
    item = await give(sim, SELLER)
    await sim.control("POST", f"/_sim/users/{who}", settings)
    try:
        with pytest.raises(WitnessError) as refused:
            await send(clients, item)
    finally:
        await sim.control("POST", f"/_sim/users/{who}", {name: not value for name, value in settings.items()})
    assert refused.value.cause == cause


async def test_a_sixth_open_offer_to_one_partner_is_too_many(clients: Clients) -> None:
    sim, node = clients
    url = await trade_url(sim, THIRD)
    open_ids = []
    with pytest.raises(WitnessError) as refused:
        for _ in range(6):
            offer = await node.ask("send", SELLER, tradeUrl=url, give=[await give(sim, SELLER)])
            open_ids.append(offer["id"])
    for offerid in open_ids:
        await node.ask("cancel", SELLER, id=offerid)
    assert len(open_ids) == 5
    assert refused.value.eresult == 25


async def test_an_offer_may_exist_although_the_answer_was_sixteen(clients: Clients) -> None:
    sim, node = clients
    item = await give(sim, SELLER)
    await sim.control("POST", "/_sim/faults", {"mode": "created_but_16", "kind": "send"})
    with pytest.raises(WitnessError) as refused:
        await send(clients, item)
    assert refused.value.eresult == 16
    sent = (await node.ask("offers", SELLER, filter="ActiveOnly"))["sent"]
    [hidden] = [offer for offer in sent if [each["assetid"] for each in offer["give"]] == [item["assetid"]]]
    assert hidden["state"] == NEEDS_CONFIRMATION
    assert {"event": "unknownOfferSent", "id": hidden["id"], "state": NEEDS_CONFIRMATION} in (
        await node.ask("poll", SELLER)
    )
    await node.ask("cancel", SELLER, id=hidden["id"])


# --- holds, protection, reversal ------------------------------------------------------------------------


async def test_the_page_tells_each_sides_hold(clients: Clients) -> None:
    sim, node = clients
    await sim.control("POST", f"/_sim/users/{BUYER}", {"hold_days": 15})
    try:
        details = await node.ask("userDetails", SELLER, tradeUrl=await trade_url(sim, BUYER))
    finally:
        await sim.control("POST", f"/_sim/users/{BUYER}", {"hold_days": 0})
    assert (details["me"]["name"], details["them"]["name"]) == ("Seller", "Buyer")
    assert (details["me"]["days"], details["them"]["days"]) == (0, 15)
    assert "730" in details["me"]["apps"]


async def test_the_page_of_a_received_offer_tells_the_holds_too(clients: Clients) -> None:
    sim, node = clients
    offer = await send(clients, await give(sim, SELLER))
    await confirm(clients, offer["id"])
    details = await node.ask("userDetails", BUYER, id=offer["id"])
    assert (details["me"]["name"], details["them"]["name"]) == ("Buyer", "Seller")
    assert (details["me"]["days"], details["them"]["days"]) == (0, 0)
    await node.ask("cancel", SELLER, id=offer["id"])


async def test_a_page_for_a_wrong_token_says_so(clients: Clients) -> None:
    sim, node = clients
    url = (await trade_url(sim, BUYER)).rpartition("=")[0] + "=Wrong_15"
    with pytest.raises(WitnessError, match="Trade URL is no longer valid"):
        await node.ask("userDetails", SELLER, tradeUrl=url)


async def test_a_hold_puts_the_trade_into_escrow(clients: Clients) -> None:
    sim, node = clients
    await sim.control("POST", f"/_sim/users/{SELLER}", {"hold_days": 15})
    try:
        offer = await send(clients, await give(sim, SELLER))
        await confirm(clients, offer["id"])
        assert await node.ask("accept", BUYER, id=offer["id"]) == "escrow"
    finally:
        await sim.control("POST", f"/_sim/users/{SELLER}", {"hold_days": 0})
    seen = await node.ask("offer", SELLER, id=offer["id"])
    assert seen["state"] == IN_ESCROW
    now = (await sim.control("GET", "/_sim/clock"))["now"]
    assert 14 * DAY_SECONDS < seen["escrow_ends"] - now <= 16 * DAY_SECONDS


async def test_a_reversed_trade_is_a_state_that_the_client_has_no_word_for(clients: Clients) -> None:
    sim, node = clients
    offerid, item = await sold(clients)
    tradeid = (await node.ask("offer", BUYER, id=offerid))["tradeid"]
    await sim.control("POST", f"/_sim/trades/{tradeid}/reverse", {"ban": False})
    assert (await node.ask("offer", BUYER, id=offerid))["state"] == REVERTED
    with pytest.raises(WitnessError, match="Trade status is 12"):
        await node.ask("exchange", BUYER, id=offerid)
    exchange = await node.ask("exchange", BUYER, id=offerid, evenIfFailed=True)
    assert exchange["status"] == PROTECTION_ROLLBACK
    assert [each["assetid"] for each in exchange["received"]] == [item["assetid"]]


async def test_after_its_protection_the_item_can_be_traded_on(clients: Clients) -> None:
    sim, node = clients
    offerid, _ = await sold(clients)
    [received] = (await node.ask("exchange", BUYER, id=offerid))["received"]
    await sim.advance(9 * DAY_SECONDS)
    inventory = await node.ask("inventory", BUYER, appid=730, contextid=2, tradableOnly=True)
    ids = [each["assetid"] for each in inventory["items"]]
    assert received["new_assetid"] in ids


# --- signing in -----------------------------------------------------------------------------------------


async def test_a_sign_in_is_verified_by_a_public_library(clients: Clients) -> None:
    sim, node = clients
    realm, back = "https://market.example", "https://market.example/user/login/return?state=1"
    page = await node.ask("signInUrl", realm=realm, returnUrl=back)
    address = urlsplit(page)
    assert address.netloc == "steamcommunity.com"
    chosen = f"{sim.base_url}{address.path}?{address.query}&steamid={SELLER}"
    async with sim.http.get(chosen, allow_redirects=False) as response:
        returned = response.headers["Location"]
    assert await node.ask("verifySignIn", realm=realm, url=returned) == SELLER
    with pytest.raises(WitnessError, match="not validated by Steam"):
        await node.ask("verifySignIn", realm=realm, url=returned)


async def test_a_forged_sign_in_is_not_verified(clients: Clients) -> None:
    sim, node = clients
    realm, back = "https://market.example", "https://market.example/user/login/return"
    address = urlsplit(await node.ask("signInUrl", realm=realm, returnUrl=back))
    chosen = f"{sim.base_url}{address.path}?{address.query}&steamid={SELLER}"
    async with sim.http.get(chosen, allow_redirects=False) as response:
        returned = response.headers["Location"].replace(SELLER, BUYER)
    with pytest.raises(WitnessError, match="not validated by Steam"):
        await node.ask("verifySignIn", realm=realm, url=returned)
