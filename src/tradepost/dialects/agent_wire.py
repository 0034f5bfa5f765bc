"""The bodies of the agent API: what each may hold, bounded, and how it becomes the market's own words.

Unknown fields are refused: there is no place for a Steam credential in here, and a program that sends one by
mistake is told so instead of being listened to. Ids are texts, money is whole cents, times are RFC 3339.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from tradepost.market.agents import Device
from tradepost.market.reports import Answer, InventorySeen, Status
from tradepost.market.sightings import SeenItem, Sighting
from tradepost.rules.refusals import Malformed

DEPTH_MAX = 8
RESULTS_MAX = 50
EVENTS_MAX = 100
ASSETS_MAX = 20_000
RETRY_SECONDS_MAX = 1_800
SAID_CHARS_MAX = 200  # of what a caller sent, when it is said back to him

SteamId = Annotated[str, Meta(pattern=r"^7656119[0-9]{10}\Z")]
TradeId = Annotated[str, Meta(pattern=r"^[1-9][0-9]{0,17}\Z")]
BigId = Annotated[str, Meta(pattern=r"^[1-9][0-9]{0,19}\Z")]  # Steam's own: 64 bits, unsigned
ContextId = Annotated[str, Meta(pattern=r"^(0|[1-9][0-9]{0,8})\Z")]
AppId = Annotated[int, Meta(ge=1, le=2**31 - 1)]
DeviceId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.:-]{1,64}\Z")]
DirectiveId = Annotated[str, Meta(pattern=r"^dir_[0-9a-f]{24}\Z")]
Label = Annotated[str, Meta(pattern=r"^[ -~]{0,64}\Z")]
Word = Annotated[str, Meta(pattern=r"^[a-z_]{1,32}\Z")]
Code = Annotated[int, Meta(ge=0, le=99)]
Moment = Annotated[datetime, Meta(tz=True)]
Text = Annotated[str, Meta(pattern=r"^[^\x00-\x1f\x7f-\x9f\ud800-\udfff]{0,512}\Z")]
Capability = Literal["create", "cancel", "watch", "inventory", "confirm"]


class Body(Struct, kw_only=True, forbid_unknown_fields=True):
    """A body, or a part of one."""


class Pair(Body):
    """POST /agent/v1/pair."""

    code: Annotated[str, Meta(pattern=r"^[ -~]{1,32}\Z")]
    device_id: DeviceId
    platform: Label = ""
    version: Label = ""


class Session(Body):
    """What an agent says of its Steam session: whether it is good, never the session itself."""

    ok: bool
    expires_at: Moment | None = None
    blocking: Word | None = None


class Heartbeat(Body):
    """POST /agent/v1/heartbeat."""

    device_id: DeviceId
    steamid: SteamId
    session: Session
    capabilities: Annotated[list[Capability], Meta(max_length=8)]
    platform: Label = ""
    version: Label = ""

    def device(self) -> Device:
        """Return it as the market reads it."""
        return Device(
            steamid=self.steamid,
            version=self.version,
            platform=self.platform,
            session_ok=self.session.ok,
            blocking=self.session.blocking,
            capabilities=tuple(dict.fromkeys(self.capabilities)),
        )


class Item(Body):
    """An item that goes from seller to buyer, with its new id where it was seen to have one."""

    appid: AppId
    contextid: ContextId
    assetid: BigId
    amount: Literal[1] = 1
    new_assetid: BigId | None = None
    new_contextid: ContextId | None = None

    def seen(self) -> SeenItem:
        """Return it as the market reads it."""
        return SeenItem(self.appid, int(self.contextid), self.assetid, self.new_assetid)


Items = Annotated[list[Item], Meta(max_length=16)]


class Fault(Body):
    """Why a directive came to nothing."""

    cause: Word
    http_status: Annotated[int, Meta(ge=0, le=999)] | None = None
    eresult: Annotated[int, Meta(ge=0, le=999)] | None = None
    text: Text = ""


class Result(Body):
    """What came of one directive."""

    directive_id: DirectiveId
    status: Status
    steam_tradeofferid: BigId | None = None
    partner_steamid: SteamId | None = None
    items: Items = []
    code: Code | None = None
    error: Fault | None = None
    retry_seconds: Annotated[int, Meta(ge=0, le=RETRY_SECONDS_MAX)] | None = None

    def answer(self) -> Answer:
        """Return it as the market reads it."""
        return Answer(
            directive_id=self.directive_id,
            status=self.status,
            steam_tradeofferid=self.steam_tradeofferid,
            partner_steamid=self.partner_steamid,
            items=tuple(item.seen() for item in self.items),
            code=self.code,
            cause=self.error.cause if self.error else None,
            text=self.error.text or None if self.error else None,
            retry_seconds=self.retry_seconds,
        )


class Results(Body):
    """POST /agent/v1/directives/results."""

    results: Annotated[list[Result], Meta(max_length=RESULTS_MAX)]


class Event(Body):
    """What was seen of one trade on Steam: the raw code of its offer, or of its exchange."""

    trade_id: TradeId
    axis: Literal["offer", "history"]
    code: Code
    partner_steamid: SteamId
    items: Items
    observed_at: Moment
    steam_tradeofferid: BigId | None = None
    steam_tradeid: BigId | None = None
    time_settlement: Moment | None = None
    time_mod: Moment | None = None
    rollback_trade: BigId | None = None
    message: Text | None = None

    def sighting(self) -> Sighting:
        """Return it as the market reads it."""
        return Sighting(
            trade_id=int(self.trade_id),
            axis=self.axis,
            code=self.code,
            partner_steamid=self.partner_steamid,
            items=tuple(item.seen() for item in self.items),
            steam_tradeofferid=self.steam_tradeofferid,
            steam_tradeid=self.steam_tradeid,
            observed_at=self.observed_at,
            time_settlement=self.time_settlement,
            time_mod=self.time_mod,
            rollback_trade=self.rollback_trade,
            message=self.message,
        )


class Events(Body):
    """POST /agent/v1/trade-events."""

    events: Annotated[list[Event], Meta(max_length=EVENTS_MAX)]


class Inventory(Body):
    """POST /agent/v1/inventory."""

    directive_id: DirectiveId
    appid: AppId
    contextid: ContextId
    scan_complete: bool
    present_assetids: Annotated[list[BigId], Meta(max_length=ASSETS_MAX)]

    def seen(self) -> InventorySeen:
        """Return it as the market reads it."""
        present = frozenset(self.present_assetids)
        return InventorySeen(self.directive_id, self.appid, int(self.contextid), present, self.scan_complete)


class Nothing(Body):
    """A body that says nothing: POST /agent/v1/offline."""


# Reading ---------------------------------------------------------------------------------------------

_B = TypeVar("_B", bound=Body)
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_PLACE = re.compile(r"(.*) - at `\$\.?(.*)`", re.DOTALL)


def read(kind: type[_B], raw: bytes) -> _B:
    """Return a request's body as the struct that the call declares.

    Raises Malformed with the field. Python's decoder reads it, because it can be made to refuse what others
    take: the same key twice, NaN. Depth is looked at first, since that decoder recurses.
    """
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise Malformed("body", "is not valid UTF-8.") from None
    if _depth(text) > DEPTH_MAX:
        raise Malformed("body", f"is nested deeper than {DEPTH_MAX} levels.")
    try:
        value = json.loads(text or "{}", object_pairs_hook=_object, parse_constant=_constant)
    except ValueError as error:
        raise Malformed("body", f"is not JSON: {error}.") from None
    # JSON's escapes can spell half of a character, which no text of ours can hold.
    if "\\u" in text and not _is_unicode(value):
        raise Malformed("body", "is not valid Unicode.")
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        found = _PLACE.fullmatch(str(error))
        sentence, field = (found[1], found[2]) if found else (str(error), "")
        raise Malformed(field[:SAID_CHARS_MAX] or "body", f"{sentence[:SAID_CHARS_MAX]}.") from None


def _is_unicode(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _depth(text: str) -> int:
    deepest = depth = 0
    for char in re.findall(r"[\[\]{}]", _STRING.sub("", text)):
        depth += 1 if char in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _object(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object has the same key twice")
    return found


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
