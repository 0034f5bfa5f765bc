"""What the control API can be asked to make, checked before anything is changed."""

import re
from typing import TypeVar

import msgspec

from tradepost.rules.games import BY_APPID
from tradepost.steam.simulator.calls import NUMBER_DIGITS_MAX, is_steamid, whole_number
from tradepost.steam.simulator.entities import Item, Lock, Price, User
from tradepost.steam.simulator.exchange import DAY_SECONDS, NEVER
from tradepost.steam.simulator.items import complete_item
from tradepost.steam.simulator.sessions import TOKEN_SECONDS, first_trade_token
from tradepost.steam.simulator.world import STEAMID_BASE, World

CLOCK_MAX = 4_102_444_800  # the year 2100
NAME_CHARS_MAX = 255
TRADE_TOKEN = re.compile(r"[A-Za-z0-9_-]{6,16}", re.ASCII)
HOLD_DAYS_MAX = 365
ACCOUNTID_MAX = 0xFFFFFFFF
PASSWORD_CHARS_MAX = 64  # more than Steam's own; it must fit into one RSA message
ICON = re.compile(r"[A-Za-z0-9_=-]{1,512}", re.ASCII)
CONFIRMATIONS = frozenset({"mobile", "email", "none"})
SETTLEMENTS = frozenset({"midnight", "hour", "exact"})


Order = TypeVar("Order", bound=msgspec.Struct)


class Refused(Exception):
    """A request to the control API that makes no sense; its text says why."""


class ItemOrder(msgspec.Struct, forbid_unknown_fields=True, rename={"wear": "float"}):
    """An item as a world file writes it."""

    appid: int
    market_hash_name: str
    contextid: int | str | None = None
    assetid: int | str | None = None
    wear: float | None = None
    paintseed: int | None = None
    paintindex: int | None = None
    def_index: int | None = None
    type: str | None = None
    rarity: str | None = None
    exterior: str | None = None
    stattrak: bool | None = None
    icon: str | None = None
    tradable: bool | None = None
    marketable: bool | None = None
    commodity: bool | None = None
    tradable_after: int | None = None


class UserOrder(msgspec.Struct, forbid_unknown_fields=True):
    """An account's settings; those left out stay as they are."""

    steamid: str = ""
    name: str | None = None
    trade_token: str | None = None
    private: bool | None = None
    hold_days: int | None = None
    trade_banned: bool | None = None
    ban_days: int | None = None
    available: bool | None = None
    new_device: bool | None = None
    inventory_full: bool | None = None
    confirmation: str | None = None
    acknowledged: bool | None = None
    old_inspect_links: bool | None = None
    password: str | None = None
    items: list[ItemOrder] = []


class PriceOrder(msgspec.Struct, forbid_unknown_fields=True):
    """What Steam's market asks for a kind of item."""

    appid: int
    market_hash_name: str
    price_cents: int
    volume: int = 0
    median_cents: int | None = None


class WorldOrder(msgspec.Struct, forbid_unknown_fields=True):
    """A whole world, or a part of one."""

    users: list[UserOrder] = []
    prices: list[PriceOrder] = []
    settlement: str | None = None


class ClockOrder(msgspec.Struct, forbid_unknown_fields=True):
    """Where to move the clock."""

    now: int | None = None
    advance_seconds: int | None = None


class LoginOrder(msgspec.Struct, forbid_unknown_fields=True):
    """Who signs in, and for how long."""

    steamid: str = ""
    ttl_seconds: int = TOKEN_SECONDS


class ItemChange(msgspec.Struct, forbid_unknown_fields=True):
    """What to change about an item."""

    listed: bool | None = None
    tradable_after: int | None = None


def check_user(order: UserOrder) -> None:
    """Refuses settings that no account can have."""
    if not is_steamid(order.steamid) or not 0 < int(order.steamid) - STEAMID_BASE <= ACCOUNTID_MAX:
        raise Refused(f"steamid is an individual account's SteamID64, not {order.steamid[:40]!r}")
    bounded((order.ban_days or 0) * DAY_SECONDS)
    if order.password is not None and not 0 < len(order.password) <= PASSWORD_CHARS_MAX:
        raise Refused(f"a password has 1 to {PASSWORD_CHARS_MAX} characters")
    if order.name is not None and not 0 < len(order.name) <= NAME_CHARS_MAX:
        raise Refused(f"a name has 1 to {NAME_CHARS_MAX} characters")
    if order.trade_token is not None and not TRADE_TOKEN.fullmatch(order.trade_token):
        raise Refused("a trade token is 6 to 16 of A-Z a-z 0-9 _ -")
    if order.hold_days is not None and not 0 <= order.hold_days <= HOLD_DAYS_MAX:
        raise Refused(f"hold_days is 0 to {HOLD_DAYS_MAX}")
    if order.confirmation is not None and order.confirmation not in CONFIRMATIONS:
        raise Refused(f"confirmation is one of {', '.join(sorted(CONFIRMATIONS))}")


def check_settlement(settlement: str | None) -> None:
    """Refuses a way to end protection that there is not."""
    if settlement is not None and settlement not in SETTLEMENTS:
        raise Refused(f"settlement is one of {', '.join(sorted(SETTLEMENTS))}")


def check_assetids(world: World, items: list[Item]) -> None:
    """Refuses asset ids that are taken, in the world or among these."""
    given = [item.assetid for item in items if item.assetid]
    taken = next((assetid for assetid in given if assetid in world.items), None)
    if taken is not None:
        raise Refused(f"asset {taken} exists already")
    if len(set(given)) != len(given):
        raise Refused("the same assetid twice")


def change_user(world: World, order: UserOrder) -> User:
    """The account with these settings, made if it is new."""
    user = world.users.get(order.steamid)
    if user is None:
        token = first_trade_token(order.steamid)
        user = User(order.steamid, f"player {order.steamid[-5:]}", token, world.now())
        world.add_user(user)
    for name in msgspec.structs.fields(User):
        given = getattr(order, name.name, None)
        if given is not None and name.name != "steamid":
            setattr(user, name.name, given)
    if order.trade_banned is not None:
        user.banned_until = NEVER if order.trade_banned else 0
    if order.ban_days is not None:
        user.banned_until = world.now() + bounded(order.ban_days * DAY_SECONDS)
    world.touch(user)
    return user


def make_item(owner: str, order: ItemOrder) -> Item:
    """The item that an order describes, not yet in the world."""
    contextid, assetid = _number(order.contextid, "contextid"), _number(order.assetid, "assetid")
    game = BY_APPID.get(order.appid)
    if not 0 < len(order.market_hash_name) <= NAME_CHARS_MAX:
        raise Refused(f"a market_hash_name has 1 to {NAME_CHARS_MAX} characters")
    if max(len(text or "") for text in (order.type, order.rarity, order.exterior)) > NAME_CHARS_MAX:
        raise Refused(f"type, rarity and exterior have at most {NAME_CHARS_MAX} characters")
    if order.icon is not None and not ICON.fullmatch(order.icon):
        raise Refused("an icon is 1 to 512 of A-Z a-z 0-9 _ - =")
    if order.wear is not None and not 0.0 <= order.wear <= 1.0:
        raise Refused("a float lies between 0 and 1")
    for number in (order.appid, order.paintseed, order.paintindex, order.def_index):
        if number is not None and not 0 <= number < 1 << 32:
            raise Refused("appid, paintseed, paintindex and def_index are 32-bit numbers")
    cools = order.tradable_after is not None
    return Item(
        assetid=assetid or 0,
        owner=owner,
        appid=order.appid,
        contextid=contextid or (game.contextid if game else 2),
        market_hash_name=order.market_hash_name,
        type=order.type or "",
        rarity=order.rarity or "",
        exterior=order.exterior or "",
        stattrak=bool(order.stattrak),
        wear=order.wear,
        paint_seed=order.paintseed,
        paint_index=order.paintindex,
        def_index=order.def_index,
        icon=order.icon or "",
        tradable=order.tradable is not False,
        marketable=order.marketable is not False,
        commodity=bool(order.commodity),
        lock=Lock.COOLDOWN if cools else Lock.NONE,
        locked_until=bounded(order.tradable_after or 0),
    )


def add_items(world: World, items: list[Item]) -> None:
    """Puts items into the world, with an id and all that follows from their names."""
    for item in items:
        item.assetid = item.assetid or world.new_assetid()
        complete_item(item)
        world.add_item(item)


def make_price(order: PriceOrder) -> Price:
    """The price that an order describes."""
    if not 0 <= order.price_cents < 1 << 53 or not 0 <= order.volume < 1 << 53:
        raise Refused("price_cents and volume are not negative")
    median = order.price_cents if order.median_cents is None else order.median_cents
    return Price(order.appid, order.market_hash_name, order.price_cents, order.volume, median)


def _number(given: int | str | None, name: str) -> int | None:
    if given is None:
        return None
    number = whole_number(str(given))
    if number is None or not 0 < number < 1 << 63:
        raise Refused(f"{name} is a whole number of at most {NUMBER_DIGITS_MAX} digits")
    return number


def set_prices(world: World, prices: list[Price]) -> None:
    """Tells Steam's market these prices."""
    for price in prices:
        world.prices[price.appid, price.market_hash_name] = price
        world.touch(price)


def set_settlement(world: World, settlement: str | None) -> None:
    """Decides when protection ends, for the trades to come."""
    if settlement is not None:
        world.meta.settlement = settlement
        world.touch(world.meta)


def bounded(seconds: int) -> int:
    """The seconds, if they are a length or a moment that makes sense here."""
    if not 0 <= seconds <= CLOCK_MAX:
        raise Refused(f"a time lies between 0 and {CLOCK_MAX}")
    return seconds
