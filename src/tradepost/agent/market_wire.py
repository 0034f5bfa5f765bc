"""What the agent says to the market and hears from it: /agent/v1 as its own structs.

There is no field here in which a Steam credential could travel: a test reads that off this file, and another one
off every body of a whole run.
"""

from datetime import datetime
from typing import Literal

from msgspec import Struct

Status = Literal["success", "needs_confirmation", "failed", "deferred", "absent", "unsupported", "malformed"]


# Said ------------------------------------------------------------------------------------------------


class Pair(Struct, kw_only=True):
    """POST /agent/v1/pair."""

    code: str
    device_id: str
    platform: str
    version: str


class SessionState(Struct, kw_only=True):
    """Whether Steam lets this account work, and until when; never with what."""

    ok: bool
    expires_at: datetime | None = None
    blocking: str | None = None


class Heartbeat(Struct, kw_only=True):
    """POST /agent/v1/heartbeat."""

    device_id: str
    steamid: str
    session: SessionState
    capabilities: list[str]
    platform: str
    version: str


class Item(Struct, kw_only=True, omit_defaults=True):
    """An item that goes from seller to buyer."""

    appid: int
    contextid: str
    assetid: str
    amount: int = 1
    new_assetid: str | None = None
    new_contextid: str | None = None


class Fault(Struct, kw_only=True, omit_defaults=True):
    """Why a directive came to nothing."""

    cause: str
    http_status: int | None = None
    eresult: int | None = None
    text: str = ""


class Result(Struct, kw_only=True, omit_defaults=True):
    """What came of one directive."""

    directive_id: str
    status: Status
    steam_tradeofferid: str | None = None
    partner_steamid: str | None = None
    items: list[Item] = []
    code: int | None = None
    error: Fault | None = None
    retry_seconds: int | None = None


class Results(Struct):
    """POST /agent/v1/directives/results."""

    results: list[Result]


class Event(Struct, kw_only=True, omit_defaults=True):
    """What was seen of one trade on Steam."""

    trade_id: str
    axis: Literal["offer", "history"]
    code: int
    partner_steamid: str
    items: list[Item]
    observed_at: datetime
    steam_tradeofferid: str | None = None
    steam_tradeid: str | None = None
    time_settlement: datetime | None = None
    time_mod: datetime | None = None
    rollback_trade: str | None = None
    message: str | None = None


class Events(Struct):
    """POST /agent/v1/trade-events."""

    events: list[Event]


class InventorySeen(Struct, kw_only=True):
    """POST /agent/v1/inventory."""

    directive_id: str
    appid: int
    contextid: str
    scan_complete: bool
    present_assetids: list[str]


# Heard -----------------------------------------------------------------------------------------------


class Grant(Struct, kw_only=True):
    """A merchant for whom items of this account may be sent."""

    merchant_steamid: str
    merchant_name: str = ""
    floor_bps: int = 0
    given_at: str = ""


class Paired(Struct, kw_only=True):
    """The answer to a pairing."""

    agent_token: str
    steamid: str
    grants: list[Grant] = []


class Directive(Struct, kw_only=True):
    """What the market asks for; which fields there are depends on the action."""

    directive_id: str
    action: str
    lease_seconds: float = 60
    trade_id: str | None = None
    partner_steamid: str | None = None
    trade_token: str | None = None
    items: list[Item] = []
    message: str | None = None
    send_until: datetime | None = None
    bought_at: datetime | None = None
    price_cents: int | None = None
    steam_price_cents: int | None = None
    market_hash_name: str = ""
    merchant_steamid: str | None = None
    merchant_name: str = ""
    maybe_sent: bool = False
    steam_tradeofferid: str | None = None
    appid: int | None = None
    contextid: str | None = None


class Watched(Struct, kw_only=True):
    """A trade to look at, with what the market knows of it already."""

    trade_id: str
    role: Literal["seller", "buyer"]
    state: str
    partner_steamid: str
    items: list[Item]
    message: str
    steam_tradeofferid: str
    steam_tradeid: str | None = None
    last_offer_code: int | None = None
    new_assetid: str | None = None
    protected_until: datetime | None = None
    axes: list[str] = []
    poll_seconds: float = 60


class Orders(Struct, kw_only=True):
    """The answer to a heartbeat."""

    server_time: datetime
    ttl_seconds: float
    accepted: bool = True
    watch: list[Watched] = []
    directives: list[Directive] = []
    grants: list[Grant] = []


class Verdict(Struct, kw_only=True):
    """What the market makes of one result or event."""

    accepted: bool
    reason: str | None = None


class ResultVerdict(Verdict, kw_only=True):
    """Of one result."""

    directive_id: str


class ResultVerdicts(Struct):
    """Of all results, in their order."""

    results: list[ResultVerdict]


class EventVerdicts(Struct):
    """Of all events, in their order."""

    events: list[Verdict]


class Refusal(Struct):
    """Why the market refused a whole call."""

    code: str = ""
    message: str = ""


class Refused(Struct):
    """The body of such an answer."""

    error: Refusal
