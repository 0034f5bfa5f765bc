"""The simulated Steam's inventories, as its wire shows them."""

from typing import Any

from steam.sim import simulator
from steam.visitor import ALICE, BOB, CASE, KEY, REDLINE, ask, people, sent
from tradepost.steam.inspect_link import decode_certificate, decode_link, fill_link


def described(body: Any, assetid: str) -> Any:
    asset = next(asset for asset in body["assets"] if asset["assetid"] == assetid)
    return next(
        each
        for each in body["descriptions"]
        if (each["classid"], each["instanceid"]) == (asset["classid"], asset["instanceid"])
    )


async def test_an_inventory_lists_its_assets_newest_first_with_each_class_described_once() -> None:
    async with simulator() as sim:
        await people(sim)
        reply = await ask(sim, "GET", f"/inventory/{ALICE}/730/2?l=english&count=1000")
        body = reply.body
        assert reply.status == 200
        assert (body["total_inventory_count"], body["success"], body["rwgrsn"]) == (8, 1, -2)
        ids = [int(asset["assetid"]) for asset in body["assets"]]
        assert ids == sorted(ids, reverse=True)
        assert {each["market_hash_name"] for each in body["descriptions"]} == {REDLINE, CASE}
        assert len(body["descriptions"]) == 2
        assert set(body["assets"][0]) == {"appid", "contextid", "assetid", "classid", "instanceid", "amount"}
        assert body["assets"][0]["amount"] == "1"
        assert "more_items" not in body
        assert "last_assetid" not in body
        assert int(reply.headers["content-length"]) > 0


async def test_pages_meet_without_gap_or_overlap() -> None:
    async with simulator() as sim:
        await people(sim)
        seen: list[str] = []
        start = ""
        for _ in range(3):
            query = f"count=3&start_assetid={start}" if start else "count=3"
            body = (await ask(sim, "GET", f"/inventory/{ALICE}/730/2?{query}")).body
            seen += [asset["assetid"] for asset in body["assets"]]
            start = body.get("last_assetid", "")
        assert not start
        assert len(seen) == len(set(seen)) == 8


async def test_more_than_two_thousand_at_once_is_a_bad_request() -> None:
    async with simulator() as sim:
        await people(sim)
        for count, status in (("2000", 200), ("2001", 400), ("-1", 400), ("x", 400), ("٣", 400)):
            assert (await ask(sim, "GET", f"/inventory/{ALICE}/730/2?count={count}")).status == status


async def test_a_private_inventory_is_403_null_for_others_and_open_to_its_owner() -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim, alice={"private": True})
        reply = await bob.get(f"/inventory/{ALICE}/730/2")
        assert (reply.status, reply.body) == (403, None)
        assert (await alice.get(f"/inventory/{ALICE}/730/2")).status == 200


async def test_an_empty_inventory_has_no_assets_at_all() -> None:
    async with simulator() as sim:
        await people(sim)
        body = (await ask(sim, "GET", f"/inventory/{ALICE}/570/2")).body
        assert body == {"total_inventory_count": 0, "success": 1, "rwgrsn": -2}


async def test_when_all_cs2_items_are_protected_the_total_counts_what_the_first_context_does_not_show() -> (
    None
):
    async with simulator() as sim:
        alice, bob, _ = await people(sim, bob={"items": []})
        offer = await sent(alice, bob, [(730, 2, (await alice.items())[0])])
        await bob.accept(offer)
        body = (await ask(sim, "GET", f"/inventory/{BOB}/730/2")).body
        assert body == {"total_inventory_count": 1, "success": 1, "rwgrsn": -2}
        assert len((await ask(sim, "GET", f"/inventory/{BOB}/730/16")).body["assets"]) == 1


async def test_a_weapon_is_described_with_its_tags_and_an_inspect_link() -> None:
    async with simulator() as sim:
        name = "★ StatTrak™ Karambit | Doppler (Factory New)"
        item = {"appid": 730, "market_hash_name": name, "rarity": "Covert", "float": 0.031, "paintseed": 387}
        await people(sim, alice={"items": [item | {"paintindex": 418}]})
        body = (await ask(sim, "GET", f"/inventory/{ALICE}/730/2")).body
        about = body["descriptions"][0]
        tags = {tag["category"]: tag["localized_tag_name"] for tag in about["tags"]}
        assert tags == {
            "Type": "Knife",
            "Weapon": "Karambit",
            "Quality": "★ StatTrak™",
            "Rarity": "Covert",
            "Exterior": "Factory New",
        }
        assert (about["type"], about["name_color"]) == ("★ StatTrak™ Covert Knife", "8650AC")
        assert about["actions"][0]["link"] == "steam://run/730//+csgo_econ_action_preview%20%propid:6%"
        properties = {each["propertyid"]: each for each in body["asset_properties"][0]["asset_properties"]}
        assert set(properties) == {1, 2, 6, 7}
        assert (properties[1]["int_value"], properties[7]["int_value"]) == ("387", "418")
        assert properties[2]["float_value"].startswith("0.03099999949")
        assert not properties[6]["string_value"].startswith("00")  # masked, as Steam's are
        link = fill_link(about["actions"][0]["link"], ALICE, "1", {6: properties[6]["string_value"]})
        found = decode_link(link or "")
        assert found is not None
        assert decode_certificate(properties[6]["string_value"]) == found
        assert (found.def_index, found.paint_index, found.float_text, found.paint_seed) == (
            507,
            418,
            "0.031",
            387,
        )
        assert str(found.item_id) == body["assets"][0]["assetid"]
        assert (found.rarity, found.quality) == (6, 3)


async def test_the_old_inspect_links_are_a_setting_of_the_account() -> None:
    async with simulator() as sim:
        await people(sim, alice={"old_inspect_links": True})
        body = (await ask(sim, "GET", f"/inventory/{ALICE}/730/2")).body
        rifle = described(
            body, next(a["assetid"] for a in body["assets"] if described(body, a["assetid"]).get("actions"))
        )
        assert rifle["actions"][0]["link"].startswith(
            "steam://rungame/730/76561202255233023/+csgo_econ_action_preview%20S%owner_steamid%A%assetid%D"
        )


async def test_what_is_no_weapon_has_no_float_and_other_games_have_no_properties() -> None:
    async with simulator() as sim:
        await people(sim)
        body = (await ask(sim, "GET", f"/inventory/{ALICE}/730/2")).body
        case = next(
            a["assetid"] for a in body["assets"] if described(body, a["assetid"])["market_hash_name"] == CASE
        )
        properties = next(each for each in body["asset_properties"] if each["assetid"] == case)
        assert properties["asset_properties"] == []
        key = (await ask(sim, "GET", f"/inventory/{ALICE}/440/2")).body
        assert "asset_properties" not in key
        assert key["descriptions"][0]["market_hash_name"] == KEY


async def test_facts_that_the_world_leaves_out_are_the_same_every_time() -> None:
    seen = []
    for _ in range(2):
        async with simulator() as sim:
            await people(sim)
            body = (await ask(sim, "GET", f"/inventory/{ALICE}/730/2")).body
            seen.append(
                (body["assets"], body["asset_properties"], [d["icon_url"] for d in body["descriptions"]])
            )
    assert seen[0] == seen[1]
    for entry in seen[0][1]:
        for each in entry["asset_properties"]:
            if each["propertyid"] == 2:
                assert 0.15 <= float(each["float_value"]) <= 0.38


async def test_a_cooling_item_says_until_when_and_becomes_tradable_then() -> None:
    async with simulator() as sim:
        await people(sim)
        now = (await sim.control("GET", "/_sim/clock"))["now"]
        item = {"appid": 730, "market_hash_name": REDLINE, "tradable_after": now + 86_400}
        made = (await sim.control("POST", f"/_sim/users/{ALICE}/items", item))["items"][0]["assetid"]
        body = (await ask(sim, "GET", f"/inventory/{ALICE}/730/2")).body
        about = described(body, made)
        assert (about["tradable"], about["marketable"]) == (0, 0)
        assert about["owner_descriptions"][1]["value"].startswith("Tradable/Marketable After ")
        await sim.advance(86_400)
        body = (await ask(sim, "GET", f"/inventory/{ALICE}/730/2")).body
        assert described(body, made)["tradable"] == 1


async def test_an_item_listed_on_steams_market_lies_sealed_in_the_other_context() -> None:
    async with simulator() as sim:
        alice, _, _ = await people(sim)
        item = (await alice.items())[0]
        await sim.control("POST", f"/_sim/users/{ALICE}/items/{item}", {"listed": True})
        assert item not in await alice.items()
        body = (await ask(sim, "GET", f"/inventory/{ALICE}/730/16")).body
        about = described(body, item)
        assert (about["sealed"], about["sealed_type"], about["tradable"]) == (1, 1, 0)
        await sim.control("POST", f"/_sim/users/{ALICE}/items/{item}", {"listed": False})
        assert item in await alice.items()


async def test_the_own_inventory_by_token_has_real_truth_values_and_is_the_callers_alone() -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim)
        query: dict[str, Any] = {
            "appid": 730,
            "contextid": 2,
            "get_descriptions": 1,
            "get_asset_properties": 1,
            "count": 3,
        }
        body = (await alice.api("GetInventoryItemsWithDescriptions", steamid=ALICE, **query)).body["response"]
        assert body["total_inventory_count"] == 8
        assert body["more_items"] is True
        assert len(body["assets"]) == 3
        assert all(each["tradable"] is True for each in body["descriptions"])
        reply = await bob.api("GetInventoryItemsWithDescriptions", steamid=ALICE, **query)
        assert (reply.body, reply.headers["x-eresult"]) == ({"response": {}}, "15")


async def test_a_partners_inventory_needs_a_cookie_and_the_referer_of_an_offer_to_him() -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim)
        path = "/tradeoffer/new/partnerinventory/"
        query = {"sessionid": "x", "partner": BOB, "appid": 730, "contextid": 2}
        assert (await alice.get(path, **query)).status == 403
        headers = alice.cookies | {
            "Referer": f"https://steamcommunity.com/tradeoffer/new/?partner={bob.accountid}"
        }
        body = (await ask(sim, "GET", path, params=query, headers=headers)).body
        assert body["success"] is True
        assert len(body["rgInventory"]) == 8
        assert set(body["rgAssetProperties"]) == set(body["rgInventory"])
        entry = next(iter(body["rgInventory"].values()))
        assert f"{entry['classid']}_{entry['instanceid']}" in body["rgDescriptions"]
        assert (body["more"], body["more_start"]) == (False, False)


async def test_the_legacy_inventory_still_answers_and_says_private_in_words() -> None:
    async with simulator() as sim:
        _, bob, _ = await people(sim, alice={"private": True})
        path = "/profiles/{}/inventory/json/730/2/"
        body = (await bob.get(path.format(BOB), trading=1)).body
        assert len(body["rgInventory"]) == 8
        assert body["rgCurrency"] == []
        assert (await bob.get(path.format(ALICE))).body == {
            "success": False,
            "Error": "This profile is private.",
        }


async def test_class_info_comes_in_its_old_form() -> None:
    async with simulator() as sim:
        alice, _, _ = await people(sim)
        asset = (await alice.get(f"/inventory/{ALICE}/730/2")).body["assets"][0]
        query = {
            "appid": 730,
            "class_count": 2,
            "classid0": asset["classid"],
            "instanceid0": "0",
            "classid1": "1",
        }
        result = (await alice.api("GetAssetClassInfo", "ISteamEconomy", language="en", **query)).body[
            "result"
        ]
        assert result["success"] is True
        info = result[asset["classid"]]
        assert (info["tradable"], info["tags"]["0"]["category"]) == ("1", "Type")
        assert set(result) == {"success", asset["classid"]}
