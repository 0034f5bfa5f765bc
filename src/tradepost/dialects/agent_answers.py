"""What the agent API answers, key for key: the shapes that its document is made from, as `agent_wire` has what it reads."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from tradepost.dialects.agent_wire import AppId, BigId, Code, ContextId, DirectiveId, SteamId, TradeId
from tradepost.rules.trade import State

Seconds = Annotated[int, Meta(ge=0)]
Cents = Annotated[int, Meta(ge=0)]


class Answered(Struct, kw_only=True, forbid_unknown_fields=True):
    """A part of an answer."""


class Grant(Answered):
    """A merchant for whom the user lets items be sent."""

    merchant_steamid: SteamId
    merchant_name: str
    floor_bps: Annotated[int, Meta(ge=0, description="The least price, in 1/10000 of the Steam price.")]
    given_at: datetime


class Paired(Answered):
    """A device that is paired."""

    agent_token: Annotated[str, Meta(description="The token of this device; it is shown this once.")]
    steamid: SteamId
    grants: list[Grant]


class SentItem(Answered):
    """An item of a trade."""

    appid: AppId
    contextid: ContextId
    assetid: BigId
    amount: Literal[1]


class Watched(Answered):
    """A trade whose Steam side is to be looked at; what differs from this is told as an event."""

    trade_id: TradeId
    role: Annotated[Literal["seller", "buyer"], Meta(description="Which side of the trade this account is.")]
    state: State
    partner_steamid: SteamId
    items: list[SentItem]
    message: Annotated[str, Meta(description="The text of the Steam offer, by which it is found.")]
    steam_tradeofferid: BigId | None
    steam_tradeid: BigId | None
    last_offer_code: Code | None
    new_assetid: BigId | None
    protected_until: datetime | None
    axes: Annotated[list[Literal["offer", "history"]], Meta(description="What is to be read.")]
    poll_seconds: Annotated[int, Meta(ge=1, description="How often it is worth looking.")]


class _Directed(Answered, tag_field="action"):
    directive_id: DirectiveId
    lease_seconds: Annotated[int, Meta(ge=1, description="How long this device has for it.")]


class _Offered(_Directed, kw_only=True):
    trade_id: TradeId
    partner_steamid: SteamId
    items: list[SentItem]
    message: str
    bought_at: datetime
    maybe_sent: Annotated[
        bool | UnsetType, Meta(description="It was given before: look for the offer first.")
    ] = UNSET


class CreateOffer(_Offered, tag="create_offer", kw_only=True):
    """Send the item of a trade to its buyer."""

    trade_token: str
    send_until: datetime | None
    market_hash_name: str
    price_cents: Cents
    steam_price_cents: Cents | None
    merchant_steamid: SteamId
    merchant_name: str


class CancelOffer(_Offered, tag="cancel_offer", kw_only=True):
    """Cancel the Steam offer of a trade."""

    steam_tradeofferid: Annotated[
        BigId | None,
        Meta(description="Null: read all sent offers, cancel what is this trade's, else say `absent`."),
    ]


class ConfirmOffer(_Offered, tag="confirm_offer", kw_only=True):
    """Confirm the Steam offer of a trade."""

    steam_tradeofferid: BigId | None


class ReportInventory(_Directed, tag="report_inventory"):
    """Tell which of the items on sale are in the inventory."""

    trade_id: None
    project: str
    appid: AppId
    contextid: ContextId
    assetids: list[BigId]


class Beaten(Answered):
    """What a program is to do and to look at."""

    server_time: datetime
    ttl_seconds: Seconds
    accepted: bool
    steamid: SteamId
    watch: list[Watched]
    directives: list[CreateOffer | CancelOffer | ConfirmOffer | ReportInventory]
    grants: list[Grant]


class ResultVerdict(Answered):
    """What became of one result."""

    directive_id: DirectiveId
    accepted: bool
    reason: str | None


class ResultVerdicts(Answered):
    """What became of each result."""

    results: list[ResultVerdict]


class EventVerdict(Answered):
    """What became of one event."""

    trade_id: TradeId
    axis: Literal["offer", "history"]
    code: Code
    accepted: bool
    reason: str | None


class EventVerdicts(Answered):
    """What became of each event."""

    events: list[EventVerdict]


class InventoryVerdict(ResultVerdict):
    """What became of a reading of the inventory."""


class Done(Answered):
    """It was done."""

    accepted: Literal[True]


class Refusal(Answered):
    """Why it was refused."""

    code: Annotated[str, Meta(description="The code, for a program.")]
    message: Annotated[str, Meta(min_length=1, description="A sentence, for a person.")]
    field: Annotated[str | UnsetType, Meta(description="The field that cannot be read.")] = UNSET


class Refused(Answered):
    """A refusal."""

    error: Refusal
