"""SteamClient against a server that sends what no Steam should: never an exception, never a false answer."""

import asyncio
import json
import zlib
from datetime import UTC, datetime
from typing import Any

import pytest

from steam.asking import (
    ALICE,
    CSGO,
    HASTY,
    read,
    steam_at,
)
from steam.raw_server import Answer, raw, raw_server, reply
from tradepost.steam.answers import (
    Inventory,
    InventoryItem,
    NoPrice,
    Private,
    Unavailable,
)
from tradepost.steam.inspect_link import encode_certificate

ASSET = {"appid": 730, "contextid": "2", "assetid": "5", "classid": "1", "instanceid": "0", "amount": "1"}
DESCRIPTION = {"appid": 730, "classid": "1", "instanceid": "0", "market_hash_name": "Thing", "tradable": 1}


def page(*assets: Any, descriptions: Any = (DESCRIPTION,), **more: Any) -> Answer:
    body = {
        "assets": list(assets),
        "descriptions": descriptions,
        "success": 1,
        "total_inventory_count": 1,
        **more,
    }
    return reply(json.dumps(body))


async def endless(_: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    while not writer.is_closing():
        writer.write(b" " * 65_536)
        await writer.drain()


async def drip(_: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while not writer.is_closing():
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.02)


async def silence(_: bytes, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(5)


def bomb() -> Answer:
    packer = zlib.compressobj(wbits=31)
    packed = packer.compress(b" " * 50_000_000) + packer.flush()
    return reply(packed, Content_Encoding="gzip")


NONSENSE: dict[str, Answer] = {
    "null": reply("null"),
    "nothing": reply(""),
    "no json": reply("<html>Sorry</html>"),
    "no object": reply('["success"]'),
    "no success": reply('{"total_inventory_count":0}'),
    "success denied": reply('{"success":0,"total_inventory_count":0}'),
    "success alone": reply('{"success":1}'),
    "half": reply('{"success":1,"total_inventory_count":0'),
    "not UTF-8": reply(b'{"success":1,"total_inventory_count":0,"error":"\xff"}'),
    "a lone surrogate": reply('{"success":1,"total_inventory_count":0,"error":"\\ud800"}'),
    "deep": reply('{"success":1,"total_inventory_count":0,"assets":' + "[" * 40_000 + "]" * 40_000 + "}"),
    "items that are no list": reply('{"success":1,"total_inventory_count":0,"assets":{}}'),
    "more items than a page can have": reply('{"success":1,"assets":[' + ",".join(["{}"] * 30_000) + "]}"),
    "a count that is none": reply('{"success":1,"total_inventory_count":-1}'),
    "a count of 400 digits": reply('{"success":1,"total_inventory_count":' + "9" * 400 + "}"),
    "a redirect to good news": reply(
        '{"success":1,"total_inventory_count":0}', 302, Location="http://127.0.0.1:1/"
    ),
    "forbidden by a proxy": reply("<h1>Access Denied</h1>", 403),
    "forbidden with good news": reply('{"success":1,"total_inventory_count":0}', 403),
    "an error with its number": reply('{"error":"EYldRefreshAppIfNecessary failed with EResult (15)"}', 500),
    "good news with a bad status": reply('{"success":1,"total_inventory_count":0}', 500),
    "unauthorized": reply("null", 401),
    "bad request": reply("null", 400),
    "bad gateway": reply("", 502),
    "too long": reply(b" " * 200_000),
    "endless": endless,
    "dripping": drip,
    "silent": silence,
    "a bomb": bomb(),
    "broken gzip": reply(b"\x1f\x8b\x08\x00nonsense", Content_Encoding="gzip"),
    "no HTTP": raw(b"SSH-2.0-OpenSSH_9.9\r\n"),
    "a closed door": raw(b""),
    "a status of letters": raw(b"HTTP/1.1 OK\r\n\r\n"),
    "a head without end": raw(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000),
    "a body cut short": raw(
        b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"success":1,"total_inventory_count":0}'
    ),
    "two lengths": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nnull"),
    "a chunk of no size": raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nnull\r\n"),
}


@pytest.mark.parametrize("name", NONSENSE)
async def test_nonsense_is_unavailable_for_every_question(name: str) -> None:
    async with (
        raw_server(NONSENSE[name]) as server,
        steam_at(server, HASTY, web_api_key="SECRET") as client,
    ):
        answers = await asyncio.gather(
            client.inventory(ALICE, CSGO),
            client.profiles([ALICE]),
            client.market_search(730, 0, 10),
            client.hold(ALICE, "abcdef12"),
        )
        for answer in answers:
            assert isinstance(answer, Unavailable), answer
            assert "SECRET" not in answer.reason
        price = await client.price_overview(730, "Thing")
        # An error with JSON is how Steam says that it knows no such item.
        assert isinstance(price, Unavailable | NoPrice), price


async def test_nobody_listening_is_unavailable() -> None:
    async with raw_server(reply("")) as server:
        pass
    async with steam_at(server, HASTY) as client:
        assert isinstance(await client.inventory(ALICE, CSGO), Unavailable)


BAD_ENTRIES: dict[str, Any] = {
    "no object": 5,
    "null": None,
    "no assetid": {**ASSET, "assetid": None},
    "assetid zero": {**ASSET, "assetid": "0"},
    "assetid of letters": {**ASSET, "assetid": "5; DROP TABLE offers"},
    "assetid too large": {**ASSET, "assetid": str(2**64)},
    "assetid with a fraction": {**ASSET, "assetid": 6.5},
}
UNREAD_ENTRIES: dict[str, Any] = {
    "no description": {**ASSET, "assetid": "6", "classid": "2"},
    "of another game": {**ASSET, "assetid": "6", "appid": 440},
    "of another context": {**ASSET, "assetid": "6", "contextid": "6"},
    "no amount": {**ASSET, "assetid": "6", "amount": "0"},
    "a negative amount": {**ASSET, "assetid": "6", "amount": -1},
    "an absurd amount": {**ASSET, "assetid": "6", "amount": "9" * 40},
}
EMPTY = reply('{"total_inventory_count":0,"success":1}')


@pytest.mark.parametrize("name", BAD_ENTRIES)
async def test_an_entry_without_an_id_costs_only_itself_and_the_claim_to_be_complete(name: str) -> None:
    async with raw_server(page(BAD_ENTRIES[name], ASSET), EMPTY) as server, steam_at(server) as client:
        inventory = await read(client, ALICE)
    assert (set(inventory.assetids), inventory.skipped, inventory.complete) == ({"5"}, 1, False)


@pytest.mark.parametrize("name", UNREAD_ENTRIES)
async def test_an_entry_that_is_not_understood_is_still_there(name: str) -> None:
    async with raw_server(page(UNREAD_ENTRIES[name], ASSET), EMPTY) as server, steam_at(server) as client:
        inventory = await read(client, ALICE)
    assert [item.assetid for item in inventory.items] == ["5"]
    assert inventory.unread_assetids == {"6"}
    assert (inventory.skipped, inventory.complete) == (1, True)


@pytest.mark.parametrize(
    "change",
    [
        {"market_hash_name": None},
        {"market_hash_name": ""},
        {"market_hash_name": "a\x00b"},
        {"market_hash_name": "n" * 600},
        {"market_hash_name": 5},
        {"classid": "one"},
        {"tradable": {}},
    ],
    ids=str,
)
async def test_a_description_that_is_not_understood_hides_no_asset(change: dict[str, Any]) -> None:
    answer = page(ASSET, descriptions=[{**DESCRIPTION, **change}, 5, None])
    async with raw_server(answer, EMPTY) as server, steam_at(server) as client:
        inventory = await read(client, ALICE)
    assert inventory.items == ()
    assert inventory.assetids == {"5"}


@pytest.mark.parametrize(
    "more",
    [
        {"asset_properties": None},
        {"asset_properties": "none"},
        {"asset_properties": {"5": []}},
        {"asset_properties": [None, 5, {"assetid": "5", "asset_properties": None}]},
        {
            "asset_properties": [
                {"assetid": "5", "asset_properties": [None, {"propertyid": "x"}, {"propertyid": 2}]}
            ]
        },
        {
            "asset_properties": [
                {"assetid": "5", "asset_properties": [{"propertyid": 2, "float_value": "NaN"}]}
            ]
        },
        {
            "asset_properties": [
                {"assetid": "5", "asset_properties": [{"propertyid": 6, "string_value": "<b>"}]}
            ]
        },
        {"asset_properties": [{"assetid": "5", "asset_properties": [{"propertyid": 1, "int_value": "-4"}]}]},
    ],
    ids=str,
)
async def test_odd_properties_leave_the_item_without_them(more: dict[str, Any]) -> None:
    async with raw_server(page(ASSET, **more), EMPTY) as server, steam_at(server) as client:
        [item] = (await read(client, ALICE)).items
    assert (item.float_text, item.paint_seed, item.certificate) == (None, None, None)


async def item_of(**change: Any) -> InventoryItem:
    properties = change.pop("asset_properties", None)
    answer = page(ASSET, descriptions=[{**DESCRIPTION, **change}], asset_properties=properties)
    async with raw_server(answer, EMPTY) as server, steam_at(server) as client:
        [item] = (await read(client, ALICE)).items
    return item


@pytest.mark.parametrize(
    ("change", "name", "value"),
    [
        ({"tradable": True}, "tradable", True),
        ({"tradable": "1"}, "tradable", True),
        ({"tradable": 0}, "tradable", False),
        ({"tradable": 2}, "tradable", False),
        ({"tradable": None}, "tradable", False),
        ({"tradable": 1, "sealed": 1}, "tradable", False),
        ({"tags": "odd"}, "rarity", None),
        ({"tags": [5, {"category": "Rarity", "localized_tag_name": "Mil-Spec Grade"}]}, "rarity", "Mil-Spec"),
        ({"tags": [{"category": "Rarity", "name": "Covert"}]}, "rarity", "Covert"),
        ({"tags": [{"category": "item_class", "localized_tag_name": "Card"}]}, "type", "Card"),
        ({"type": "Base Grade Container"}, "type", "Base Grade Container"),
        ({"name": "\x1b[2J"}, "name", "Thing"),
        ({"icon_url": "-9a81_/x"}, "icon_url", "-9a81_/x"),
        ({"icon_url": "javascript:alert(1)"}, "icon_url", ""),
        ({"icon_url": "x" * 5_000}, "icon_url", ""),
        ({"actions": [{"link": "javascript:csgo_econ_action_preview"}]}, "inspect_link", None),
        (
            {"actions": [{"link": "steam://run/730//+csgo_econ_action_preview%20%propid:6%"}]},
            "inspect_link",
            None,
        ),
        ({"actions": {"link": 5}}, "inspect_link", None),
        ({"owner_descriptions": [{"value": "until [date]1784188800[/date]"}]}, "protected_until", 1784188800),
        (
            {"owner_descriptions": [{"value": "Tradable After Jul 16, 2026 (8:00:00) GMT"}]},
            "protected_until",
            1784188800,
        ),
        (
            {"owner_descriptions": [{"value": "Tradable/Marketable After 16 Jul, 2026 @ 3:00am"}]},
            "protected_until",
            1784188800 + 3 * 3600,
        ),
        (
            {"owner_descriptions": [{"value": "Tradable After 2 Jan @ 12:30pm"}]},
            "protected_until",
            int(datetime(2027, 1, 2, 20, 30, tzinfo=UTC).timestamp()),
        ),
        (
            {"owner_descriptions": [{"value": "Tradable After Feb 31, 2026 (8:00:00) GMT"}]},
            "protected_until",
            None,
        ),
        (
            {"owner_descriptions": [{"value": "x" * 10_000 + "[date]1784188800[/date]"}]},
            "protected_until",
            None,
        ),
        ({"owner_descriptions": "soon"}, "protected_until", None),
    ],
    ids=lambda value: str(value)[:60],
)
async def test_a_field_is_read_in_all_its_forms_or_left_out(
    change: dict[str, Any], name: str, value: Any
) -> None:
    assert getattr(await item_of(**change), name) == value


async def test_what_a_certificate_says_fills_what_the_properties_leave_out() -> None:
    certificate = "7C6CF88390E2D17D64655C1C547D4C7844BE8B98897F3C8578145B0C64904061B1"
    item = await item_of(
        asset_properties=[
            {"assetid": 5, "asset_properties": [{"propertyid": 6, "string_value": certificate}]}
        ]
    )
    assert (item.float_text, item.paint_seed, item.paint_index) == ("0.36178404", 633, 96)
    assert item.certificate == certificate


@pytest.mark.parametrize(("wear", "paint"), [(None, None), (0.25, 0)], ids=["a case", "a plain knife"])
async def test_only_what_has_a_wear_can_have_the_paint_of_number_nothing(
    wear: float | None, paint: int | None
) -> None:
    certificate = encode_certificate(
        item_id=5, def_index=4669, paint_index=0, rarity=1, quality=4, float_value=wear, paint_seed=None
    )
    properties = [{"propertyid": 6, "string_value": certificate}]
    item = await item_of(asset_properties=[{"assetid": 5, "asset_properties": properties}])
    assert (item.certificate, item.paint_index) == (certificate, paint)


async def test_pages_that_lead_round_in_a_circle_end() -> None:
    round_and_round = page(ASSET, more_items=1, last_assetid="5")
    async with raw_server(round_and_round) as server, steam_at(server) as client:
        inventory = await read(client, ALICE)
        assert len(server.requests) <= 4
    assert (set(inventory.assetids), inventory.complete) == ({"5"}, False)


@pytest.mark.parametrize("last", [None, "", "next", -1, {}])
async def test_more_pages_without_a_way_to_them_are_an_incomplete_scan(last: Any) -> None:
    lost = page(ASSET, more_items=True, last_assetid=last)
    async with raw_server(lost, EMPTY) as server, steam_at(server) as client:
        answer = await client.inventory(ALICE, CSGO)
    assert isinstance(answer, Unavailable) or (isinstance(answer, Inventory) and not answer.complete)


async def test_fewer_items_than_steam_counts_are_an_incomplete_scan() -> None:
    asset = {**ASSET, "appid": 570}
    async with raw_server(page(asset, total_inventory_count=2)) as server, steam_at(server) as client:
        assert not (await read(client, ALICE, "dota2")).complete


async def test_all_items_in_the_protected_context_are_no_missing_ones() -> None:
    async with (
        raw_server(
            reply('{"total_inventory_count":1,"success":1}'), page({**ASSET, "contextid": "16"})
        ) as server,
        steam_at(server) as client,
    ):
        inventory = await read(client, ALICE)
    assert inventory.complete
    assert [(item.contextid, item.sealed) for item in inventory.items] == [(16, True)]


async def test_a_context_that_turns_private_makes_the_inventory_private() -> None:
    async with raw_server(page(ASSET), reply("null", 403)) as server, steam_at(server) as client:
        assert await client.inventory(ALICE, CSGO) == Private()
