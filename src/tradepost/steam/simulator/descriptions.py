"""What Steam tells about an item: its description, shared by all of a class, and its own asset properties."""

import struct
from datetime import UTC, datetime
from typing import Any

from tradepost.rules.games import BY_APPID
from tradepost.steam.simulator import cs2_facts
from tradepost.steam.simulator.cs2_facts import Tag
from tradepost.steam.simulator.entities import Asset, Item, Lock
from tradepost.steam.simulator.items import CS2, certificate_of, complete_item

Json = dict[str, Any]

# An instance id is the day of the lock with the lock's kind behind it, so that a description can be made from
# the class and the instance alone, long after the item has moved on. "0" is an item that nothing locks.
_LOCKS = {Lock.PROTECTED: 1, Lock.LISTED: 2, Lock.COOLDOWN: 3}
_LOCK_BY_NUMBER = {number: lock for lock, number in _LOCKS.items()}

NEW_INSPECT = "steam://run/730//+csgo_econ_action_preview%20%propid:6%"
OLD_INSPECT = (
    "steam://rungame/730/76561202255233023/+csgo_econ_action_preview%20S%owner_steamid%A%assetid%D{d}"
)
D_VALUES = 2**63
SEALED_PROTECTED, SEALED_LISTED = 0, 1
_OTHER_COLORS = {440: "7D6D00", 570: "D2D2D2", 252490: "D2D2D2", 753: ""}


def instanceid_of(item: Item, now: int) -> int:
    """The instance id that goes with an item's lock at this moment."""
    if item.lock == Lock.NONE or (item.lock == Lock.COOLDOWN and now >= item.locked_until):
        return 0
    return item.locked_until * 10 + _LOCKS[item.lock]


def sample_of(asset: Asset, known: Item | None) -> Item:
    """An item to describe an asset by, also when every item of its class is gone."""
    if known is not None:
        return known
    item = Item(0, "", asset.appid, asset.contextid, asset.market_hash_name)
    complete_item(item)
    item.classid = asset.classid
    return item


def describe(item: Item, instanceid: int, *, bbcode: bool = False, old_links: bool = False) -> Json:
    """A CEconItem_Description as the community pages write it: numbers for truth values."""
    locked_until, number = divmod(instanceid, 10)
    lock = _LOCK_BY_NUMBER.get(number, Lock.NONE)
    name_color, kind, tags = _nature(item)
    description: Json = {
        "appid": item.appid,
        "classid": str(item.classid),
        "instanceid": str(instanceid),
        "currency": 0,
        "background_color": "",
        "icon_url": item.icon,
        "icon_url_large": item.icon,
        "descriptions": _lines(item),
        "tradable": int(item.tradable and lock == Lock.NONE),
        "name": item.market_hash_name.rsplit(" (", 1)[0] if item.exterior else item.market_hash_name,
        "name_color": name_color,
        "type": kind,
        "market_name": item.market_hash_name,
        "market_hash_name": item.market_hash_name,
        "commodity": int(item.commodity),
        "market_tradable_restriction": 7,
        "market_marketable_restriction": 7 if item.appid == CS2 else 0,
        "marketable": int(item.marketable and lock == Lock.NONE),
        "tags": [_tag(tag) for tag in tags],
        "sealed": int(lock in {Lock.PROTECTED, Lock.LISTED}),
    }
    if description["sealed"]:
        description["sealed_type"] = SEALED_PROTECTED if lock == Lock.PROTECTED else SEALED_LISTED
    if item.appid == CS2 and item.def_index is not None:
        link = OLD_INSPECT.format(d=item.classid**2 % D_VALUES) if old_links else NEW_INSPECT
        description["actions"] = [{"link": link, "name": "Inspect in Game..."}]
        description["market_actions"] = [{"link": link, "name": "Inspect in Game..."}]
    if lock in {Lock.PROTECTED, Lock.COOLDOWN}:
        description["owner_descriptions"] = _lock_lines(lock, locked_until, bbcode=bbcode)
        description["item_expiration"] = _utc(locked_until).strftime("%Y-%m-%dT%H:%M:%SZ")
    return description


def properties_of(item: Item) -> list[Json]:
    """The asset properties of a CS2 item: seed, wear, certificate and finish."""
    properties: list[Json] = []
    if item.paint_seed is not None:
        properties.append({"propertyid": 1, "int_value": str(item.paint_seed), "name": "Pattern Template"})
    if item.wear is not None:
        wear = struct.unpack("<f", struct.pack("<f", item.wear))[0]
        properties.append({"propertyid": 2, "float_value": f"{wear:.18f}", "name": "Wear Rating"})
    if (certificate := certificate_of(item)) is not None:
        properties.append({"propertyid": 6, "string_value": certificate, "name": "Item Certificate"})
    if item.paint_index is not None:
        properties.append({"propertyid": 7, "int_value": str(item.paint_index), "name": "Finish Catalog"})
    return properties


def asset_properties(item: Item) -> Json:
    """One entry of an inventory's `asset_properties`."""
    return {
        "appid": item.appid,
        "contextid": str(item.contextid),
        "assetid": str(item.assetid),
        "asset_properties": properties_of(item),
        "asset_accessories": [],
    }


def _nature(item: Item) -> tuple[str, str, list[Tag]]:
    """The colour of an item's name, its `type` line and its tags."""
    if item.appid != CS2:
        return _other_nature(item)
    name = item.market_hash_name
    kind = cs2_facts.kind_of(name, item.type)
    type_internal, type_name = cs2_facts.TYPES.get(kind, (f"CSGO_Type_{kind}", item.type or kind))
    rarity_name, rarity = cs2_facts.rarity_of(kind, item.rarity)
    _, quality, name_color = cs2_facts.quality_of(name)
    weapon = cs2_facts.weapon_of(name)
    tags = [Tag("Type", type_internal, "Type", type_name)]
    if weapon in cs2_facts.WEAPONS:
        tags.append(Tag("Weapon", cs2_facts.WEAPONS[weapon][1], "Weapon", weapon))
    tags += [quality, Tag("Rarity", rarity.internal_name, "Quality", rarity_name, rarity.color)]
    if exterior := cs2_facts.EXTERIORS.get(item.exterior):
        tags.append(Tag("Exterior", f"WearCategory{exterior.number}", "Exterior", item.exterior))
    marks = "★ " if name.startswith("★") else ""
    marks += "StatTrak™ " if item.stattrak else "Souvenir " if name.startswith("Souvenir ") else ""
    return name_color, f"{marks}{rarity_name} {type_name}", tags


def _other_nature(item: Item) -> tuple[str, str, list[Tag]]:
    kind = item.type or "Item"
    tags = [Tag("Type", kind.lower().replace(" ", "_"), "Type", kind)]
    if item.rarity:
        tags.append(Tag("Rarity", f"Rarity_{item.rarity.replace(' ', '_')}", "Rarity", item.rarity, "b0c3d9"))
    if item.appid == 753:  # noqa: PLR2004 - Steam's own items, whose hash names begin with a game's number
        game = item.market_hash_name.split("-", 1)[0]
        tags.append(Tag("Game", f"app_{game}", "Game", BY_APPID[753].name))
    words = f"{item.rarity} {kind}".strip()
    return _OTHER_COLORS.get(item.appid, "D2D2D2"), words, tags


def _tag(tag: Tag) -> Json:
    shown: Json = {
        "category": tag.category,
        "internal_name": tag.internal_name,
        "localized_category_name": tag.category_name,
        "localized_tag_name": tag.name,
    }
    if tag.color:
        shown["color"] = tag.color
    return shown


def _lines(item: Item) -> list[Json]:
    lines: list[Json] = []
    if item.exterior:
        lines.append({"type": "html", "value": f"Exterior: {item.exterior}", "name": "exterior_wear"})
        lines.append({"type": "html", "value": " ", "name": "blank"})
    if item.stattrak:
        value = "This item tracks Confirmed Kills."
        lines.append({"type": "html", "value": value, "color": "99ccff", "name": "stattrak_type"})
        lines.append({"type": "html", "value": " ", "name": "blank"})
    lines.append({"type": "html", "value": "An item of the simulated Steam.", "name": "description"})
    return lines


def _lock_lines(lock: str, until: int, *, bbcode: bool) -> list[Json]:
    moment = f"{_utc(until):%b %d, %Y} ({_utc(until).hour}:{_utc(until):%M:%S}) GMT"
    if lock == Lock.COOLDOWN:
        return [
            {"type": "html", "value": " "},
            {"type": "html", "value": f"Tradable/Marketable After {moment}", "color": "ff4040"},
        ]
    sentence = "⇆ This item is trade-protected and cannot be consumed, modified, or transferred until "
    value = f"{sentence}[date]{until}[/date]" if bbcode else f"{sentence}{moment}"
    return [
        {"type": "bbcode" if bbcode else "html", "value": " "},
        {"type": "bbcode" if bbcode else "html", "value": value, "color": "ff4040"},
    ]


def _utc(moment: int) -> datetime:
    return datetime.fromtimestamp(moment, UTC)
