"""The control API of the simulated Steam: worlds are loaded whole or not at all, and what is asked is checked."""

import time
from typing import Any

import pytest

from steam.sim import simulator
from steam.visitor import ALICE, BOB, CAROL, CASE, REDLINE, ask, people, sent


def big_world() -> dict[str, Any]:
    """Sixty users with eight thousand items."""
    return {
        "users": [
            {
                "steamid": f"765611981{number:08}",
                "name": f"user {number}",
                "items": [
                    {"appid": 730, "market_hash_name": REDLINE, "rarity": "Classified"} for _ in range(134)
                ],
            }
            for number in range(60)
        ]
    }


async def test_a_big_world_loads_fast_and_loading_it_again_changes_nothing() -> None:
    async with simulator() as sim:
        began = time.process_time()
        counts = await sim.control("POST", "/_sim/world", big_world())
        assert time.process_time() - began < 3
        assert (counts["users"], counts["items"], counts["users_kept"]) == (60, 8040, 0)
        counts = await sim.control("POST", "/_sim/world", big_world())
        assert (counts["items"], counts["users_kept"]) == (0, 60)
        assert (await sim.control("GET", "/_sim"))["items"] == 8040
        assert await sim.control("GET", "/_sim/check") == []


async def test_loading_again_keeps_what_was_traded_meanwhile_but_takes_new_settings() -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim)
        offer = await sent(alice, bob, [(730, 2, (await alice.items())[0])])
        await bob.accept(offer)
        await people(sim, alice={"private": True})
        assert (await sim.control("GET", f"/_sim/users/{ALICE}"))["item_counts"] == {"440/2": 1, "730/2": 7}
        assert (await sim.control("GET", f"/_sim/users/{BOB}"))["item_counts"]["730/16"] == 1
        assert (await ask(sim, "GET", f"/inventory/{ALICE}/730/2")).status == 403


GOOD: dict[str, Any] = {
    "steamid": ALICE,
    "items": [{"appid": 730, "market_hash_name": REDLINE, "assetid": 7}],
}


@pytest.mark.parametrize(
    "bad",
    [
        {"steamid": "1"},
        {"steamid": "7656119800000000x"},
        {"steamid": "76561190000000001"},
        {"steamid": "76561202255233024"},
        {"steamid": BOB, "ban_days": -1},
        {"steamid": BOB, "password": ""},
        {"steamid": BOB, "items": [{"appid": 730, "market_hash_name": CASE, "icon": "../<svg>"}]},
        {"steamid": BOB, "items": [{"appid": 730, "market_hash_name": CASE, "type": "x" * 300}]},
        {"steamid": BOB, "name": ""},
        {"steamid": BOB, "name": "x" * 300},
        {"steamid": BOB, "trade_token": "a b"},
        {"steamid": BOB, "trade_token": "<script>"},
        {"steamid": BOB, "hold_days": -1},
        {"steamid": BOB, "confirmation": "pigeon"},
        {"steamid": BOB, "colour": "red"},
        {"steamid": BOB, "items": [{"appid": 730}]},
        {"steamid": BOB, "items": [{"appid": 730, "market_hash_name": ""}]},
        {"steamid": BOB, "items": [{"appid": 730, "market_hash_name": CASE, "assetid": "7"}]},
        {"steamid": BOB, "items": [{"appid": 730, "market_hash_name": CASE, "assetid": "0"}]},
        {"steamid": BOB, "items": [{"appid": 730, "market_hash_name": CASE, "assetid": "x"}]},
        {"steamid": BOB, "items": [{"appid": 730, "market_hash_name": CASE, "assetid": 1 << 63}]},
        {"steamid": BOB, "items": [{"appid": 730, "market_hash_name": CASE, "float": 1.5}]},
        {"steamid": BOB, "items": [{"appid": 730, "market_hash_name": CASE, "paintseed": -1}]},
        {"steamid": BOB, "items": [{"appid": -1, "market_hash_name": CASE}]},
        {"steamid": BOB, "items": [{"appid": 730, "market_hash_name": CASE, "tradable_after": -5}]},
    ],
)
async def test_a_world_with_one_flaw_is_refused_whole(bad: dict[str, Any]) -> None:
    async with simulator() as sim:
        reply = await ask(sim, "POST", "/_sim/world", json={"users": [GOOD, bad]})
        assert reply.status == 400
        assert reply.body["error"]
        assert (await sim.control("GET", "/_sim/users"))["users"] == []
        assert (await sim.control("GET", "/_sim"))["items"] == 0


@pytest.mark.parametrize(
    "body", ["{", "[]", '{"users": 1}', '{"users": [1]}', "\x00", '{"settlement": "noon"}']
)
async def test_a_body_that_is_no_world_is_refused(body: str) -> None:
    async with simulator() as sim:
        reply = await ask(sim, "POST", "/_sim/world", data=body)
        assert (reply.status, set(reply.body)) == (400, {"error"})


async def test_an_asset_id_that_exists_is_not_given_twice() -> None:
    async with simulator() as sim:
        alice, _, _ = await people(sim)
        taken = {"appid": 730, "market_hash_name": CASE, "assetid": (await alice.items())[0]}
        for path, order in ((f"/_sim/users/{BOB}/items", taken), (f"/_sim/users/{BOB}", {"items": [taken]})):
            reply = await ask(sim, "POST", path, json=order)
            assert (reply.status, reply.body["error"].endswith("exists already")) == (400, True)
        assert await sim.control("GET", "/_sim/check") == []


async def test_given_asset_ids_are_kept_and_fresh_ones_avoid_them() -> None:
    async with simulator() as sim:
        first = 40_000_000_001
        item = {"appid": 730, "market_hash_name": REDLINE}
        user = {"steamid": ALICE, "items": [item | {"assetid": str(first)}, item, item]}
        await sim.control("POST", "/_sim/world", {"users": [user]})
        shown = (await sim.control("GET", f"/_sim/users/{ALICE}"))["items"]["730/2"]
        assert sorted(int(each["assetid"]) for each in shown) == [first, first + 1, first + 2]


async def test_an_account_shows_its_settings_its_trade_url_and_its_items_by_context() -> None:
    async with simulator() as sim:
        alice, _, _ = await people(sim, alice={"trade_token": "abc_-123", "hold_days": 2})
        shown = await sim.control("GET", f"/_sim/users/{ALICE}")
        assert shown["trade_url"].endswith(f"/tradeoffer/new/?partner={alice.accountid}&token=abc_-123")
        assert (shown["hold_days"], shown["trade_banned"], shown["private"]) == (2, False, False)
        assert set(shown["items"]) == {"730/2", "440/2"}
        assert shown["items"]["730/2"][0]["market_hash_name"] == REDLINE
        listed = (await sim.control("GET", "/_sim/users"))["users"]
        assert [each["steamid"] for each in listed] == [ALICE, BOB, CAROL]


async def test_settings_change_one_by_one() -> None:
    async with simulator() as sim:
        await people(sim)
        for setting, value in (("private", True), ("hold_days", 7), ("available", False), ("name", "Al")):
            changed = await sim.control("POST", f"/_sim/users/{ALICE}", {setting: value})
            assert changed[setting] == value
        assert (await sim.control("POST", f"/_sim/users/{ALICE}", {"trade_banned": True}))[
            "trade_banned"
        ] is True
        assert (await sim.control("POST", f"/_sim/users/{ALICE}", {"trade_banned": False}))[
            "trade_banned"
        ] is False
        assert (await sim.control("GET", f"/_sim/users/{ALICE}"))["name"] == "Al"


async def test_items_come_and_go_and_offers_with_them_end() -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim)
        made = await sim.control(
            "POST", f"/_sim/users/{ALICE}/items", [{"appid": 730, "market_hash_name": CASE}]
        )
        assetid = made["items"][0]["assetid"]
        offer = await sent(alice, bob, [(730, 2, assetid)])
        assert (await ask(sim, "DELETE", f"/_sim/users/{BOB}/items/{assetid}")).status == 400
        await sim.control("DELETE", f"/_sim/users/{ALICE}/items/{assetid}")
        assert (await alice.offer(offer))["trade_offer_state"] == 8
        assert assetid not in await alice.items()
        assert await sim.control("GET", "/_sim/check") == []


async def test_an_item_in_escrow_can_not_be_touched() -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim, bob={"hold_days": 1})
        item = (await alice.items())[0]
        await bob.accept(await sent(alice, bob, [(730, 2, item)]))
        for method, json in (("DELETE", None), ("POST", {"listed": True})):
            assert (await ask(sim, method, f"/_sim/users/{ALICE}/items/{item}", json=json)).status == 400


async def test_the_other_side_can_be_played_without_a_client() -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim)
        mine, theirs = (await alice.items())[0], (await bob.items())[0]
        order: dict[str, Any] = {
            "from": ALICE,
            "to": BOB,
            "give": [mine],
            "receive": [theirs],
            "message": "hi",
        }
        made = await sim.control("POST", "/_sim/offers", order | {"confirmed": False})
        assert made["state"] == 9
        assert (await sim.control("POST", f"/_sim/offers/{made['id']}/confirm"))["state"] == 2
        waiting = await sim.control("POST", f"/_sim/offers/{made['id']}/accept", {"confirm": False})
        assert (waiting["state"], waiting["awaiting"]) == (2, BOB)
        assert (await sim.control("POST", f"/_sim/offers/{made['id']}/accept"))["state"] == 3
        again = await ask(sim, "POST", f"/_sim/offers/{made['id']}/accept")
        assert again.body == {"error": "Steam would refuse: 28"}
        order["give"], order["receive"] = [(await alice.items())[0]], []
        second = await sim.control("POST", "/_sim/offers", order)
        answer = await sim.control(
            "POST", f"/_sim/offers/{second['id']}/counter", {"give": [(await bob.items())[0]]}
        )
        assert (answer["from"], answer["state"], answer["countered"]) == (BOB, 2, second["id"])
        assert (await sim.control("GET", f"/_sim/offers/{second['id']}"))["state"] == 4
        for deed, state in (("decline", 7), ("cancel", 6), ("expire", 5), ("invalidate", 1)):
            made = await sim.control("POST", "/_sim/offers", order)
            assert (await sim.control("POST", f"/_sim/offers/{made['id']}/{deed}"))["state"] == state
        made = await sim.control("POST", "/_sim/offers", order | {"confirmed": False})
        assert (await sim.control("POST", f"/_sim/offers/{made['id']}/reject"))["state"] == 10


@pytest.mark.parametrize(
    ("path", "order"),
    [
        ("/_sim/offers", {"from": ALICE, "to": ALICE, "give": []}),
        ("/_sim/offers", {"from": ALICE, "to": BOB}),
        ("/_sim/offers", {"from": ALICE, "to": BOB, "give": ["1"]}),
        ("/_sim/offers/1/accept", {}),
        ("/_sim/trades/1/reverse", {}),
        ("/_sim/users/x/items", {"appid": 730, "market_hash_name": "x"}),
        ("/_sim/login", {"steamid": "76561198999999999"}),
        ("/_sim/login", {"steamid": ALICE, "ttl_seconds": -1}),
        (f"/_sim/users/{ALICE}/items/1", {"listed": True}),
        ("/_sim/prices", {"prices": [{"appid": 730, "market_hash_name": "x", "price_cents": -1}]}),
        ("/_sim/settings", {"settlement": "noon"}),
    ],
)
async def test_an_order_that_makes_no_sense_is_refused_in_a_sentence(
    path: str, order: dict[str, Any]
) -> None:
    async with simulator() as sim:
        await people(sim)
        reply = await ask(sim, "POST", path, json=order)
        assert (reply.status, set(reply.body)) == (400, {"error"})
        assert await sim.control("GET", "/_sim/check") == []
