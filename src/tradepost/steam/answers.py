"""Steam's answers as values that a caller must `match`, so that a private inventory is never an empty one."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RateLimited:
    """Steam refuses to answer more for now, or our own share of questions is used up."""

    retry_after_seconds: int


@dataclass(frozen=True, slots=True)
class Unavailable:
    """Steam gave no answer that means anything; nothing may be concluded from it."""

    reason: str


@dataclass(frozen=True, slots=True)
class UnknownOwner(Unavailable):
    """Steam has nobody of this SteamID, so asking again will not help."""


NoAnswer = RateLimited | Unavailable


@dataclass(frozen=True, slots=True)
class Private:
    """The owner lets nobody see this inventory."""


@dataclass(frozen=True, slots=True)
class InventoryItem:
    """One asset in somebody's inventory, with what Steam says of it that the market shows or decides by."""

    project: str
    appid: int
    contextid: int
    assetid: str
    classid: str
    instanceid: str
    amount: int
    market_hash_name: str
    name: str
    type: str
    rarity: str | None
    exterior: str | None
    is_stattrak: bool
    tradable: bool
    marketable: bool
    commodity: bool
    sealed: bool  # trade-protected, or listed on Steam's own market: it cannot be sent
    protected_until: int | None  # Unix seconds until which Steam lets nobody trade it
    float_text: str | None
    paint_seed: int | None
    paint_index: int | None
    certificate: str | None
    inspect_link: str | None
    icon_url: str  # the part of the icon's address that Steam gives; "" when it gives none
    is_listed: bool = False  # sealed because it is on Steam's own market, and not protected


@dataclass(frozen=True, slots=True)
class Inventory:
    """What an inventory held when it was read; an empty one has no items and is complete."""

    items: tuple[InventoryItem, ...]
    complete: bool  # False: the scan was cut short, so what is missing here may still be there
    read_at: int  # Unix seconds
    unread_assetids: frozenset[str] = (
        frozenset()
    )  # seen to be there, but not described in a way we understand
    skipped: int = 0  # entries that were not understood, those above included

    @property
    def assetids(self) -> frozenset[str]:
        """Every asset that was seen; only of a complete scan does it follow that no other is there."""
        return self.unread_assetids.union(item.assetid for item in self.items)


@dataclass(frozen=True, slots=True)
class Profile:
    """Who a Steam user shows himself to be."""

    steamid: str
    name: str
    avatar_url: str
    profile_url: str
    created_at: int | None  # Unix seconds; None where he hides it


@dataclass(frozen=True, slots=True)
class Profiles:
    """The profiles asked for, by SteamID; those that Steam does not know are missing."""

    by_steamid: Mapping[str, Profile]


@dataclass(frozen=True, slots=True)
class Person:
    """What a Steam user's public page says of him."""

    steamid: str
    name: str
    avatar_url: str
    is_trade_banned: bool  # as who reversed a trade is, for thirty days


@dataclass(frozen=True, slots=True)
class NoPerson:
    """Steam has no profile of this SteamID."""


@dataclass(frozen=True, slots=True)
class PriceOverview:
    """What Steam's own market asks for an item, in hundredths of the currency asked in."""

    lowest_cents: int | None
    median_cents: int | None
    volume: int | None  # sold in the last day


@dataclass(frozen=True, slots=True)
class NoPrice:
    """Steam's market names no price: it does not know the item, or shows none today."""


@dataclass(frozen=True, slots=True)
class MarketItem:
    """One kind of item on Steam's own market, as its search shows it."""

    appid: int
    market_hash_name: str
    name: str
    type: str
    classid: str
    sell_price_cents: int  # USD; 0 when nobody sells it
    sell_listings: int
    tradable: bool
    commodity: bool
    icon_url: str


@dataclass(frozen=True, slots=True)
class MarketPage:
    """One page of Steam's market search, and how many kinds there are in all."""

    items: tuple[MarketItem, ...]
    start: int
    total: int
    skipped: int


@dataclass(frozen=True, slots=True)
class Hold:
    """The trade URL is good, and Steam would hold what is sent by it for so many days (mostly 0)."""

    days: int


@dataclass(frozen=True, slots=True)
class BadToken:
    """Steam does not take this token for this person, so no offer can be sent by it."""


@dataclass(frozen=True, slots=True)
class HoldUnknown:
    """Steam can not be asked, or did not say: the trade URL stays unverified."""

    reason: str


InventoryAnswer = Inventory | Private | NoAnswer
ProfilesAnswer = Profiles | NoAnswer
PersonAnswer = Person | NoPerson | NoAnswer
PriceAnswer = PriceOverview | NoPrice | NoAnswer
MarketAnswer = MarketPage | NoAnswer
HoldAnswer = Hold | BadToken | HoldUnknown | NoAnswer
