"""From Steam's inventory pages to items: assets joined with their descriptions and properties, one by one."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

from tradepost.rules.games import Game
from tradepost.steam import wire
from tradepost.steam.answers import InventoryItem
from tradepost.steam.ids import is_assetid
from tradepost.steam.inspect_link import (
    CERTIFICATE_PROPERTY,
    decode_certificate,
    fill_link,
    float32_text_of,
)
from tradepost.steam.locks import protected_until

AMOUNT_MAX = 2**31 - 1

_SEED_PROPERTY, _WEAR_PROPERTY, _PAINT_PROPERTY = 1, 2, 7
_PREVIEW = "csgo_econ_action_preview"
_STATTRAK = "StatTrak™"
_ICON = re.compile(r"[A-Za-z0-9_./-]+", re.ASCII)
# Steam's tags differ from game to game; the first category that an item has tells.
_TYPE_CATEGORIES = ("type", "itemclass")
_RARITY_CATEGORIES = ("rarity", "droprate", "quality")
_RARITY_WORDS = {"Mil-Spec Grade": "Mil-Spec"}  # the APIs' word where Steam's page has a longer one


@dataclass(slots=True)
class Reading:
    """What a scan of one inventory has gathered so far."""

    items: dict[str, InventoryItem] = field(default_factory=dict)
    unread_assetids: set[str] = field(default_factory=set)
    skipped: int = 0
    entries: int = 0
    pages: int = 0
    nameless: bool = False  # an asset went by whose id could not be read: nobody knows which


@dataclass(frozen=True, slots=True)
class Scan:
    """What stays the same from page to page of one context."""

    game: Game
    contextid: int
    owner_steamid: str
    read_at: int


def add_page(reading: Reading, scan: Scan, page: wire.InventoryPage) -> None:
    """Add the items of one page to what was read; an entry that is not understood is counted and left out."""
    reading.pages += 1
    kinds: dict[tuple[str, str], _Kind] = {}
    for description in wire.entries(wire.Description, page.descriptions):
        kind = _kind(description, scan) if description else None
        if description and kind:
            kinds[str(description.classid), str(description.instanceid)] = kind
    properties = _properties(page.asset_properties)
    for asset in wire.entries(wire.Asset, page.assets):
        reading.entries += 1
        assetid = "" if asset is None else str(asset.assetid)
        if asset is None or not is_assetid(assetid):
            reading.skipped += 1
            reading.nameless = True
            continue
        kind = kinds.get((str(asset.classid), str(asset.instanceid)))
        item = _item(scan, asset, kind, properties.get(assetid, {})) if kind else None
        if item is None:
            reading.skipped += 1
            reading.unread_assetids.add(assetid)
        else:
            # An item that moves between two contexts during a scan is seen twice; the later look holds.
            reading.items[assetid] = item


def icon(part: str | None) -> str:
    """The part of an icon's address that Steam gives, or "" if it could not stand in an address."""
    return part if part and len(part) <= wire.TEXT_CHARS_MAX and _ICON.fullmatch(part) else ""


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a description says, read once for all the assets that share it."""

    classid: str
    instanceid: str
    market_hash_name: str
    name: str
    type: str
    rarity: str | None
    exterior: str | None
    tradable: bool
    marketable: bool
    commodity: bool
    sealed: bool
    listed: bool
    protected_until: int | None
    inspect_template: str | None
    icon_url: str


def _kind(described: wire.Description, scan: Scan) -> _Kind | None:
    name = wire.text(described.market_hash_name)
    classid, instanceid = wire.whole(described.classid), wire.whole(described.instanceid)
    if name is None or classid is None or instanceid is None:
        return None
    tags = _tags(described.tags)
    sealed = wire.flag(described.sealed) or scan.contextid == scan.game.protected_contextid
    return _Kind(
        classid=str(classid),
        instanceid=str(instanceid),
        market_hash_name=name,
        name=wire.text(described.name) or name,
        type=_first(tags, _TYPE_CATEGORIES) or wire.text(described.type) or "",
        rarity=_rarity(tags),
        exterior=tags.get("exterior"),
        tradable=wire.flag(described.tradable) and not sealed,
        marketable=wire.flag(described.marketable),
        commodity=wire.flag(described.commodity),
        sealed=sealed,
        listed=sealed and wire.flag(described.sealed_type),
        protected_until=_protected_until(described.owner_descriptions, scan.read_at),
        inspect_template=_inspect_template(described.actions),
        icon_url=icon(described.icon_url),
    )


def _item(scan: Scan, asset: wire.Asset, kind: _Kind, properties: Mapping[int, str]) -> InventoryItem | None:
    game, assetid = scan.game, str(asset.assetid)
    amount = wire.whole(asset.amount, AMOUNT_MAX)
    if not amount or (str(asset.appid), str(asset.contextid)) != (str(game.appid), str(scan.contextid)):
        return None  # nothing of it, or an item of another game under a good name
    certificate = properties.get(CERTIFICATE_PROPERTY, "")
    inspected = decode_certificate(certificate)
    wear_text, seed, paint = (
        (inspected.float_text, inspected.paint_seed, inspected.paint_index)
        if inspected
        else (None, None, None)
    )
    float_text = float32_text_of(properties.get(_WEAR_PROPERTY, "")) or wear_text
    paint = _number(properties, _PAINT_PROPERTY, paint)
    if not paint and float_text is None:
        paint = None  # a case: its certificate says 0 where there is no paint; a plain knife has 0 and a wear
    template = kind.inspect_template
    return InventoryItem(
        project=game.project,
        appid=game.appid,
        contextid=scan.contextid,
        assetid=assetid,
        classid=kind.classid,
        instanceid=kind.instanceid,
        amount=amount,
        market_hash_name=kind.market_hash_name,
        name=kind.name,
        type=kind.type,
        rarity=kind.rarity,
        exterior=kind.exterior,
        is_stattrak=_STATTRAK in kind.market_hash_name,
        tradable=kind.tradable,
        marketable=kind.marketable,
        commodity=kind.commodity,
        sealed=kind.sealed,
        protected_until=kind.protected_until,
        float_text=float_text,
        paint_seed=_number(properties, _SEED_PROPERTY, seed),
        paint_index=paint,
        certificate=certificate if inspected else None,
        inspect_link=fill_link(template, scan.owner_steamid, assetid, properties) if template else None,
        icon_url=kind.icon_url,
        is_listed=kind.listed,
    )


def _properties(raw: msgspec.Raw) -> dict[str, dict[int, str]]:
    found: dict[str, dict[int, str]] = {}
    for entry in wire.entries(wire.AssetProperties, raw):
        if entry is None:
            continue
        values = found.setdefault(str(entry.assetid), {})
        for prop in wire.entries(wire.Property, entry.asset_properties):
            number = wire.whole(prop.propertyid) if prop else None
            if prop is None or number is None:
                continue
            for value in (prop.int_value, prop.float_value, prop.string_value):
                if value is not None:
                    values[number] = str(value)
    return found


def _number(properties: Mapping[int, str], number: int, otherwise: int | None) -> int | None:
    value = wire.whole(properties.get(number), 2**32 - 1)
    return otherwise if value is None else value


def _tags(raw: msgspec.Raw) -> dict[str, str]:
    tags: dict[str, str] = {}
    for tag in wire.entries(wire.Tag, raw):
        word = tag and (wire.text(tag.localized_tag_name) or wire.text(tag.name))
        if tag and word:
            tags.setdefault(tag.category.lower().replace("_", ""), word)
    return tags


def _first(tags: Mapping[str, str], categories: Iterable[str]) -> str | None:
    return next((tags[category] for category in categories if category in tags), None)


def _rarity(tags: Mapping[str, str]) -> str | None:
    word = _first(tags, _RARITY_CATEGORIES)
    return word and _RARITY_WORDS.get(word, word)


def _protected_until(raw: msgspec.Raw, read_at: int) -> int | None:
    untils = (protected_until(line.value, read_at) for line in wire.entries(wire.Line, raw) if line)
    return max((until for until in untils if until is not None), default=None)


def _inspect_template(raw: msgspec.Raw) -> str | None:
    actions = wire.entries(wire.Action, raw)
    return next((action.link for action in actions if action and _PREVIEW in action.link), None)
