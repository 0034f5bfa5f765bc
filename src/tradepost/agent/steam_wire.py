"""The shapes of Steam's JSON about offers and exchanges, read so that one odd entry spoils only itself.

Ids come as text here and as numbers there. What cannot be read as what it must be is an answer that means
nothing (SteamSilent), never an empty list.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

from tradepost.agent.errors import SteamSilent
from tradepost.agent.steam_answers import Asset, Exchange, SteamOffer

STEAMID_BASE = 76561197960265728
ACCOUNT_MAX = 2**32 - 1
ENTRIES_MAX = 20_000
MOMENT_MAX = 2**33  # the year 2242
NOTHING = msgspec.Raw(b"[]")
ABSENT = msgspec.Raw(b"")
Id = int | str
_S = TypeVar("_S")


class RawAsset(msgspec.Struct):
    """An entry of items_to_give, assets_given and their like; a currency has no asset id."""

    assetid: Id = "0"
    appid: Id = 0
    contextid: Id = "0"
    amount: Id = 1
    new_assetid: Id | None = None
    new_contextid: Id | None = None


class RawOffer(msgspec.Struct):
    """A trade offer."""

    tradeofferid: Id
    accountid_other: Id
    trade_offer_state: int
    is_our_offer: bool | int = False
    message: str | None = None
    tradeid: Id | None = None
    items_to_give: list[RawAsset] | None = None
    items_to_receive: list[RawAsset] | None = None


class RawExchange(msgspec.Struct):
    """A row of the trade history."""

    tradeid: Id
    steamid_other: Id
    status: int
    time_init: int | None = None
    time_settlement: int | None = None
    time_mod: int | None = None
    rollback_trade: Id | None = None
    assets_given: list[RawAsset] | None = None
    assets_received: list[RawAsset] | None = None


class Offers(msgspec.Struct):
    """GetTradeOffers: one page."""

    trade_offers_sent: msgspec.Raw = ABSENT  # as it is: msgspec takes nothing but null for a Raw or None
    next_cursor: int | None = None


class OneOffer(msgspec.Struct):
    """GetTradeOffer; empty for an offer that Steam does not know."""

    offer: RawOffer | None = None


class Exchanges(msgspec.Struct):
    """GetTradeStatus and GetTradeHistory."""

    more: bool = False
    trades: msgspec.Raw = NOTHING


class Hold(msgspec.Struct):
    """How long Steam holds what one side gives."""

    escrow_end_duration_seconds: int = 0


class Holds(msgspec.Struct):
    """GetTradeHoldDurations; empty where Steam does not take the token."""

    my_escrow: Hold | None = None
    their_escrow: Hold | None = None


class Inventory(msgspec.Struct):
    """GetInventoryItemsWithDescriptions: one page."""

    assets: msgspec.Raw = NOTHING
    total_inventory_count: int | None = None
    more_items: bool | int = False
    last_assetid: Id | None = None


class ServerTime(msgspec.Struct):
    """QueryTime."""

    server_time: Id


class Envelope(msgspec.Struct):
    """What every answer of the Web API is wrapped in."""

    response: msgspec.Raw


class Made(msgspec.Struct):
    """What /tradeoffer/new/send answers."""

    tradeofferid: Id
    needs_mobile_confirmation: bool = False
    needs_email_confirmation: bool = False


class Complaint(msgspec.Struct):
    """What it answers instead."""

    strError: str


class Done(msgspec.Struct):
    """What /cancel answers: the offer's id, or a `success` that is none."""

    tradeofferid: Id | None = None
    success: int | bool | None = None


class Confirmation(msgspec.Struct):
    """A question on the phone."""

    id: Id
    nonce: Id
    creator_id: Id
    type: int = 0


class Confirmations(msgspec.Struct):
    """/mobileconf/getlist."""

    success: bool = False
    needauth: bool = False
    conf: list[Confirmation] = []


def read(kind: type[_S], body: bytes | msgspec.Raw, what: str) -> _S:
    """Return a body as a struct; raises SteamSilent for anything else."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise SteamSilent(f"Steam's answer about {what} is not what it should be") from None


def response(kind: type[_S], body: bytes, what: str) -> _S:
    """Return what the Web API wrapped up."""
    return read(kind, read(Envelope, body, what).response, what)


def offers(raw: msgspec.Raw) -> Iterator[SteamOffer]:
    """Each offer of a list; one that cannot be read fails the list: it may be the one that is looked for."""
    for entry in _entries(raw, "offers"):
        yield offer(read(RawOffer, entry, "an offer"))


def offer(raw: RawOffer) -> SteamOffer:
    """An offer as a value."""
    account = digits(raw.accountid_other)
    if int(account) > ACCOUNT_MAX:
        raise SteamSilent("Steam's answer names a partner who cannot be")
    return SteamOffer(
        id=digits(raw.tradeofferid),
        partner_steamid=str(STEAMID_BASE + int(account)),
        is_ours=bool(raw.is_our_offer),
        message=raw.message or "",
        state=raw.trade_offer_state,
        tradeid=_digits_or_none(raw.tradeid),
        mine=_assets(raw.items_to_give),
        theirs=_assets(raw.items_to_receive),
    )


def exchanges(raw: msgspec.Raw) -> Iterator[Exchange]:
    """Each exchange of a list."""
    for entry in _entries(raw, "exchanges"):
        row = read(RawExchange, entry, "an exchange")
        yield Exchange(
            tradeid=digits(row.tradeid),
            partner_steamid=digits(row.steamid_other),
            status=row.status,
            mine=_assets(row.assets_given),
            theirs=_assets(row.assets_received),
            begun_at=_moment(row.time_init),
            time_settlement=_moment(row.time_settlement),
            time_mod=_moment(row.time_mod),
            rollback_trade=_digits_or_none(row.rollback_trade),
        )


def assetids(raw: msgspec.Raw) -> list[str]:
    """The ids in a page of an inventory."""
    return [digits(read(RawAsset, entry, "an inventory").assetid) for entry in _entries(raw, "an inventory")]


def _entries(raw: msgspec.Raw, what: str) -> list[msgspec.Raw]:
    found: list[msgspec.Raw] = read(list[msgspec.Raw], raw, what)
    if len(found) > ENTRIES_MAX:
        raise SteamSilent(f"Steam's answer about {what} is longer than it can be")
    return found


def _assets(raw: list[RawAsset] | None) -> tuple[Asset, ...]:
    return tuple(
        Asset(
            appid=int(digits(each.appid)),
            contextid=digits(each.contextid),
            assetid=digits(each.assetid),
            amount=int(digits(each.amount)),
            new_assetid=_digits_or_none(each.new_assetid),
            new_contextid=_digits_or_none(each.new_contextid),
        )
        for each in raw or ()
    )


def digits(value: Any) -> str:
    """An id as its digits; raises SteamSilent for what is none."""
    text = str(value)
    if not (text.isascii() and text.isdigit()) or len(text) > len(str(2**64)):
        raise SteamSilent("Steam's answer has an id that is none")
    return text


def _digits_or_none(value: Id | None) -> str | None:
    return None if value in (None, "", 0, "0") else digits(value)


def _moment(seconds: int | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds and 0 < seconds < MOMENT_MAX else None
