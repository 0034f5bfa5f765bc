"""What v1 and v2 both answer, key for key: the shapes that the API's documents are made from.

What one version alone answers is in its own `answers`. Nothing is written with these, since the lists go out as bytes
of the shelf; tests hold every answer against them. A number here is only a notation: no amount is ever reckoned with one.
"""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from tradepost.rules.games import GAMES
from tradepost.rules.offer import Skip

JSON = "application/json"

# Values ------------------------------------------------------------------------------------------------------

IdText = Annotated[str, Meta(pattern=r"^[1-9][0-9]{0,18}$")]
AssetIdText = Annotated[str, Meta(pattern=r"^[1-9][0-9]{0,19}$", description="The asset's number on Steam.")]
SteamIdText = Annotated[str, Meta(pattern=r"^7656119[0-9]{10}$", description="A SteamID64.")]
Money = Annotated[str, Meta(pattern=r"^(0|[1-9][0-9]*)\.[0-9]{2}$", description="USD, with two decimals.")]
Shortest = Annotated[
    str, Meta(pattern=r"^(0|[1-9][0-9]*)(\.[0-9]?[1-9])?$", description="USD, the shortest decimal.")
]
MoneyNumber = Annotated[float, Meta(ge=0, description="USD.")]
Count = Annotated[int, Meta(ge=0)]
CountText = Annotated[str, Meta(pattern=r"^(0|[1-9][0-9]*)$")]
Moment = Annotated[
    str,
    Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}$", description="A moment in UTC."),
]
FloatText = Annotated[
    str, Meta(pattern=r"^(0|[1-9][0-9]*)(\.[0-9]+)?$", description="The wear, as the shortest decimal.")
]
Game = Annotated[str, Meta(extra_json_schema={"enum": list(GAMES)}, description="The game's word.")]
HashName = Annotated[str, Meta(description="Steam's market hash name.")]
State = Annotated[
    Literal["active", "finished", "cancelled"],
    Meta(description="`active` until it is settled or called off; a reversed trade is `cancelled`."),
]
Causer = Annotated[
    Literal["seller", "buyer"] | None, Meta(description="Whose fault it was that a trade was cancelled.")
]
SkipReason = Annotated[
    bool | str,
    Meta(
        extra_json_schema={"enum": [False, *(word.value for word in Skip)]},
        description="Why it cannot be put on sale; false if it can.",
    ),
]


class Shown(Struct, kw_only=True, forbid_unknown_fields=True):
    """A part of an answer."""


class Success(Shown):
    """A success, which says so at its root."""

    status: Literal["success"]


def media_of(kind: type[Struct]) -> str:
    """As what an answer is sent."""
    return JSON if issubclass(kind, Success) else "text/event-stream"


class Metadata(Shown):
    """Which page of a list this is."""

    limit: Annotated[int, Meta(ge=1, description="The limit that was used.")]
    offset: Annotated[int, Meta(ge=0, description="How many rows lie before this page.")]
    total: Annotated[int, Meta(ge=0, description="How many rows there are in all.")]


# Rows that both versions share -------------------------------------------------------------------------------


class ItemRow(Shown):
    """An item on sale."""

    id: Annotated[IdText, Meta(description="The offer's id, which is what is bought.")]
    steam_market_hash_name: HashName
    price: Money
    project: Game
    floatvalue: FloatText | None
    paintindex: Count | None
    paintseed: Count | None
    time_created: Annotated[Moment, Meta(description="Since when it is on sale, in UTC.")]


class OwnRow(ItemRow):
    """An item that the caller has on sale."""

    steamid: Annotated[SteamIdText, Meta(description="The user whose item it is.")]


class InventoryRow(Shown):
    """An item of a user's inventory, and what the market would take for it."""

    price: Annotated[
        MoneyNumber, Meta(description="The suggested price: the Steam price, 0 if it is unknown.")
    ]
    lowest_price: Annotated[
        MoneyNumber | None, Meta(description="The cheapest of this name on this market, if there is one.")
    ]
    max_price: Annotated[MoneyNumber, Meta(description="The highest price that it can be offered at.")]
    fee: Annotated[float, Meta(ge=0, description="The market's share of the price, in percent.")]
    steam_market_hash_name: HashName
    assetid: AssetIdText
    project: Game
    steam_itemtype: str
    rarity: str | None
    exterior: str | None
    is_stattrak: bool
    tradable: bool
    link: Annotated[str | None, Meta(description="The link that inspects it in the game.")]
    skip_reason: SkipReason


class CancelledRow(Shown):
    """An offer that was taken off sale."""

    id: IdText
    assetid: AssetIdText
    project: Game
    state: Literal["cancelled"]


class NotCancelledRow(Shown):
    """An offer that was not taken off sale."""

    id: IdText
    reason: Annotated[str, Meta(description="Why it was not: `not found`, `in a trade`, `sold`, ...")]


class Cancelled(Success):
    """Which offers were taken off sale, and which were not."""

    cancelled_items: list[CancelledRow]
    not_cancelled_items: list[NotCancelledRow]


class Repriced(Success):
    """An offer's new price."""

    id: IdText
    new_price: Annotated[MoneyNumber, Meta(description="The new price in USD.")]
    price_rate: Annotated[
        float, Meta(gt=0, description="Units of the currency that was sent for one USD; 1 for USD.")
    ]


# Trades ------------------------------------------------------------------------------------------------------


class TradeItem(Shown):
    """What changes hands."""

    state: Annotated[
        Literal["pending", "active", "finished", "cancelled"],
        Meta(description="`pending` until the Steam offer exists, then the trade's own state."),
    ]
    project: Game
    steam_market_hash_name: HashName
    steam_asset_id: AssetIdText
    price: Money


class TradeHead(Shown):
    """What is told of every trade."""

    state: State
    price: Money
    steam_trade_token: str | None
    steam_trade_offer_state: Annotated[
        CountText | None, Meta(description="Steam's last raw code, null before there is an offer.")
    ]
    steam_tradeofferid: CountText | None
    steam_to_steamid: SteamIdText
    causer: Causer
    time_created: Moment
    custom_id: Annotated[str | None, Meta(description="The name that the buyer gave it.")]


class TradeStory(TradeHead):
    """What a trade waits for, and what became of it."""

    items: list[TradeItem]
    explanation: Annotated[str, Meta(description="What is awaited or what went wrong, in a sentence.")]
    protected_until: Annotated[Moment | None, Meta(description="Until when Steam can reverse it.")]
    reversed: Annotated[bool, Meta(description="Whether Steam reversed it after it was accepted.")]


class BoughtItem(TradeItem):
    """What was bought."""

    id: Annotated[IdText, Meta(description="The offer's id.")]
    type: Literal["bid"]
    item_id: Annotated[IdText, Meta(description="The id of the item's name in the catalogue.")]


class BoughtTrade(TradeHead):
    """A trade at the moment of its purchase."""

    id: IdText
    steam_tradeofferids: list[str] | None
    steam_from_steamid: SteamIdText
    seller_sold: Annotated[CountText, Meta(description="How many sales this seller has finished.")]
    items: list[BoughtItem]


class Operation(TradeStory):
    """A trade as it is now."""

    id: IdText
    type: Annotated[Literal["buy", "sell"], Meta(description="Which side of it the caller is.")]


# Refusals ----------------------------------------------------------------------------------------------------


class Refused(Shown):
    """A refusal: the code for a program, the details for a person."""

    status: Literal["error"]
    error_message: Annotated[str, Meta(description="The code.")]
    error_details: Annotated[str, Meta(min_length=1, description="A sentence; for a bad value, its field.")]
    ban_until: Annotated[
        Moment | UnsetType, Meta(description="Until when a banned buyer cannot buy, in UTC.")
    ] = UNSET
    ban_reason: Annotated[str | UnsetType, Meta(description="Why he was banned.")] = UNSET
