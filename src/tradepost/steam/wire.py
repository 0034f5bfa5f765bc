"""The shapes of Steam's JSON, read so that one odd entry costs only itself.

Steam writes ids as text here and as numbers there, flags as 0 and 1 or as true and false, and leaves keys out
at will. Lists stay raw until each of their entries is read by itself; unknown fields are ignored.
"""

import unicodedata
from collections.abc import Iterator
from typing import Any, TypeVar

import msgspec

TEXT_CHARS_MAX = 512
ENTRIES_MAX = 20_000  # of one list; the longest that Steam sends are ten times shorter

NOTHING = msgspec.Raw(b"null")

Id = int | str
Flag = bool | int | str | None
_T = TypeVar("_T")


class Asset(msgspec.Struct):
    """One entry of an inventory's `assets`."""

    appid: Id
    contextid: Id
    assetid: Id
    classid: Id
    instanceid: Id = "0"
    amount: Id = 1


class Tag(msgspec.Struct):
    """One tag of a description, in its newer or older form."""

    category: str
    internal_name: str = ""
    localized_tag_name: str | None = None
    name: str | None = None


class Action(msgspec.Struct):
    """A link that Steam's page offers beside an item."""

    link: str


class Line(msgspec.Struct):
    """A line of text beneath an item."""

    value: str


class Description(msgspec.Struct):
    """What assets of one class and instance have in common."""

    classid: Id
    market_hash_name: str
    instanceid: Id = "0"
    name: str = ""
    type: str = ""
    icon_url: str | None = None
    tradable: Flag = None
    marketable: Flag = None
    commodity: Flag = None
    sealed: Flag = None
    sealed_type: Flag = None  # 0: trade-protected; 1: listed on Steam's own market
    tags: msgspec.Raw = NOTHING
    actions: msgspec.Raw = NOTHING
    owner_descriptions: msgspec.Raw = NOTHING


class Property(msgspec.Struct):
    """One property of one asset: its seed, its wear, its certificate."""

    propertyid: Id
    int_value: Id | None = None
    float_value: float | str | None = None
    string_value: str | None = None


class AssetProperties(msgspec.Struct):
    """The properties of one asset."""

    assetid: Id
    asset_properties: msgspec.Raw = NOTHING


class InventoryPage(msgspec.Struct):
    """One page of an inventory."""

    success: Flag = None
    error: Any = None
    total_inventory_count: Id | None = None
    more_items: Flag = None
    last_assetid: Id | None = None
    assets: msgspec.Raw = NOTHING
    descriptions: msgspec.Raw = NOTHING
    asset_properties: msgspec.Raw = NOTHING


class PriceShown(msgspec.Struct):
    """The answer of /market/priceoverview/."""

    success: Flag = None
    lowest_price: str | None = None
    median_price: str | None = None
    volume: str | None = None


class SearchAsset(msgspec.Struct):
    """The item of a search result."""

    appid: Id | None = None
    classid: Id = "0"
    type: str = ""
    tradable: Flag = None
    commodity: Flag = None
    icon_url: str | None = None


class SearchResult(msgspec.Struct):
    """One result of /market/search/render/."""

    hash_name: str
    name: str = ""
    sell_price: Id = 0
    sell_listings: Id = 0
    asset_description: SearchAsset = msgspec.field(default_factory=SearchAsset)


class SearchPage(msgspec.Struct):
    """A page of /market/search/render/?norender=1."""

    success: Flag = None
    start: Id = 0
    total_count: Id = 0
    results: msgspec.Raw = NOTHING


class Player(msgspec.Struct):
    """One player of GetPlayerSummaries."""

    steamid: Id
    personaname: str = ""
    avatarfull: str = ""
    profileurl: str = ""
    timecreated: Id | None = None


class Players(msgspec.Struct):
    """The body of GetPlayerSummaries' answer."""

    players: msgspec.Raw


class PlayersAnswer(msgspec.Struct):
    """The answer of ISteamUser/GetPlayerSummaries/v2."""

    response: Players


class Escrow(msgspec.Struct):
    """How long Steam holds what one side gives."""

    escrow_end_duration_seconds: Id


class Escrows(msgspec.Struct):
    """The body of GetTradeHoldDurations' answer: empty when Steam does not take the token."""

    their_escrow: Escrow | None = None


class EscrowsAnswer(msgspec.Struct):
    """The answer of IEconService/GetTradeHoldDurations/v1."""

    response: Escrows


def read(kind: type[_T], body: bytes | msgspec.Raw) -> _T | None:
    """A body as a struct, or None if it is something else, however odd."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def entries(kind: type[_T], raw: msgspec.Raw) -> Iterator[_T | None]:
    """Each entry of a raw list, None for one that is not of this kind; nothing if it is no list at all."""
    for entry in rows(raw) or ():
        yield read(kind, entry)


def rows(raw: msgspec.Raw) -> list[msgspec.Raw] | None:
    """The entries of a raw list as they are; None if it is not a list, or longer than Steam's are."""
    found = read(list[msgspec.Raw], raw)
    return found if found is not None and len(found) <= ENTRIES_MAX else None


def is_absent(raw: msgspec.Raw) -> bool:
    """Whether Steam left this out, or wrote null for it."""
    return bytes(raw) == bytes(NOTHING)


def whole(value: Id | None, most: int = 2**63 - 1) -> int | None:
    """A whole number from 0 to `most` that Steam wrote as a number or as its digits."""
    if isinstance(value, str):
        value = (
            int(value) if value.isascii() and value.isdigit() and len(value) < len(str(2**64)) + 1 else None
        )
    return value if value is not None and 0 <= value <= most else None


def flag(value: Flag) -> bool:
    """Whether Steam says yes, as true, 1 or "1"."""
    return value in {1, "1", "true"}


def text(value: str | None, most: int = TEXT_CHARS_MAX) -> str | None:
    """A text that may be stored and shown: not empty, not too long, without control characters."""
    if (
        not value
        or len(value) > most
        or (not value.isprintable() and any(unicodedata.category(char) in {"Cc", "Cs"} for char in value))
    ):
        return None
    return value
