"""What the ShadowPay calls answer, key for key: the shapes that the API's documents are made from.

Nothing is written with these, since the lists go out as bytes of the shelf; tests hold every answer against them. A number here
is only a notation: no amount is ever reckoned with one.
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


# v2 ----------------------------------------------------------------------------------------------------------


class BalanceRow(Shown):
    """What an account has."""

    currency: Literal["USD"]
    deposit_balance: Annotated[Money, Meta(description="Topped up, for buying; USD with two decimals.")]
    balance: Annotated[Money, Meta(description="Earned by selling; USD with two decimals.")]


class Balance(Success):
    """What the account has."""

    data: BalanceRow


class PerMinute(Shown):
    """How many calls of each kind the token may make a minute, and how many in all."""

    all: Count
    read: Count
    sell: Count
    buy: Count
    steam: Annotated[Count, Meta(description="Calls for which Steam is asked.")]
    stream: Annotated[Count, Meta(description="Calls that open a stream.")]


class TokenRow(Shown):
    """What the token that is used may do."""

    prefix: Annotated[str, Meta(description="Its first characters, which tell it apart and open nothing.")]
    label: Annotated[str, Meta(description="What it is for.")]
    scopes: list[Literal["read", "sell", "buy"]]
    allow_addresses: Annotated[
        list[str], Meta(description="The networks from which alone it may be used; none: from anywhere.")
    ]
    allow_url: Annotated[bool, Meta(description="Whether it may be sent in a query string.")]
    expires: Moment | None
    requests_per_minute: PerMinute


class Token(Success):
    """What the token that is used may do."""

    data: TokenRow


class Total(Shown):
    """How many rows there are."""

    total: Count


class Inventory(Success):
    """A user's inventory."""

    data: list[InventoryRow]
    metadata: Total


class Items(Success):
    """A page of items on sale; grouped by name, an object with the cheapest of each name."""

    data: list[ItemRow] | dict[str, ItemRow]
    metadata: Metadata


class OneItem(Shown):
    """An item on sale and its seller."""

    item: ItemRow
    is_seller_online: Annotated[bool, Meta(description="Whether the seller's program can send it now.")]


class Item(Success):
    """One item on sale."""

    data: OneItem


class SteamItemRow(Shown):
    """A name of the catalogue."""

    steam_market_hash_name: HashName
    icon: Annotated[str | None, Meta(description="The part of the icon's address that Steam gives.")]
    price: Annotated[
        Money, Meta(description="The Steam price in USD with two decimals, 0.00 if it is unknown.")
    ]


class SteamItems(Success):
    """A page of the catalogue."""

    data: list[SteamItemRow]
    metadata: Metadata


class Bought(Success):
    """What was bought."""

    id: Annotated[IdText, Meta(description="The trade's id.")]
    trade_data: BoughtTrade


class Offers(Success):
    """A page of what the caller has on sale."""

    data: list[OwnRow]
    metadata: Metadata


class Made(Success):
    """The new offers."""

    created_bid_ids: Annotated[list[int], Meta(description="The ids of the offers, in the order asked.")]


class RepricedRow(Shown, tag_field="status", tag="success"):
    """A row whose price was changed."""

    id: IdText
    new_price: MoneyNumber
    price_rate: Annotated[float, Meta(gt=0)]


class NotRepricedRow(Shown, tag_field="status", tag="error"):
    """A row whose price was not changed."""

    id: Annotated[str | None, Meta(description="The offer's id as it was sent; null if none was.")]
    error_message: Annotated[str, Meta(description="The code of the refusal.")]
    error_details: Annotated[str, Meta(description="Why not, in a sentence.")]


class RepricedMany(Success):
    """Each row's new price, or why it has none."""

    bids: list[RepricedRow | NotRepricedRow]


class Operations(Success):
    """A page of the caller's trades; grouped, an object with the newest of each custom id."""

    data: list[Operation] | dict[str, Operation]
    metadata: Metadata


# v1 ----------------------------------------------------------------------------------------------------------


class BalanceV1(Success):
    """What the account has."""

    currency: Literal["USD"]
    balance: Annotated[Shortest, Meta(description="Earned by selling; USD, the shortest decimal.")]
    deposit_balance: Annotated[
        Shortest, Meta(description="Topped up, for buying; USD, the shortest decimal.")
    ]


class InventoryV1(Success):
    """A user's inventory, without what is on sale already."""

    total: CountText
    inv: list[InventoryRow]


class FoundRow(Shown):
    """An item of the name that was searched."""

    id: IdText
    steam_market_hash_name: HashName
    price: Money


class Found(Success):
    """The items of a name."""

    data: list[FoundRow]


class NamedRow(Shown):
    """An item of the name that it stands under."""

    id: IdText
    price: Money


class FoundByNames(Success):
    """The items of each name."""

    data: dict[str, list[NamedRow]]


class SimilarRow(FoundRow):
    """An item of a range of prices."""

    steam_asset_id: AssetIdText
    time_created: Moment


class Similar(Success):
    """The items of a range of prices."""

    data: list[SimilarRow]
    metadata: Metadata


class ItemsV1(Success):
    """Items on sale."""

    data: list[ItemRow]
    metadata: Metadata


class OwnItemsV1(Success):
    """What the caller has on sale."""

    data: list[OwnRow]
    metadata: Metadata


class PerhapsOwnRow(ItemRow):
    """An item on sale; of the caller's own it is said whose it is."""

    steamid: SteamIdText | UnsetType = UNSET


class FilteredV1(Success):
    """Items on sale; the caller's own carry the `steamid` of their owner."""

    data: list[PerhapsOwnRow]
    metadata: Metadata


class SteamPriceRow(Shown):
    """A name and its Steam price."""

    steam_market_hash_name: HashName
    price: MoneyNumber


class SteamPrices(Success):
    """Steam prices by name."""

    data: list[SteamPriceRow]
    metadata: Metadata


class ItemWithNumber(Shown):
    """An item on sale, its price as a number."""

    id: IdText
    steam_market_hash_name: HashName
    price: MoneyNumber
    project: Game
    floatvalue: FloatText | None
    paintindex: Count | None
    paintseed: Count | None
    time_created: Moment


class ItemV1(Success):
    """One item on sale."""

    item: ItemWithNumber
    is_seller_online: bool


class BoughtTradeV1(TradeHead):
    """A trade at the moment of its purchase."""

    id: IdText
    items: list[TradeItem]


class BoughtV1(Success):
    """What was bought."""

    success: Literal[True]
    id: Annotated[IdText, Meta(description="The trade's id.")]
    trade_data: BoughtTradeV1


class MadeV1(Success):
    """The new offers."""

    created_bid_ids: Annotated[list[IdText], Meta(description="The ids of the offers, in the order asked.")]


class BuyInfo(TradeStory):
    """A purchase, found by its custom id."""

    steam_from_steamid: SteamIdText


class BuyInfos(Success):
    """Purchases by their custom ids."""

    data: dict[str, BuyInfo]


class Purchase(TradeStory):
    """A purchase as it is now."""

    id: IdText


class OperationsV1(Success):
    """A page of the caller's purchases."""

    data: list[Purchase]
    metadata: Metadata


# Refusals ----------------------------------------------------------------------------------------------------


class Told(Shown):
    """Server-sent events, one after another."""


class Refused(Shown):
    """A refusal: the code for a program, the details for a person."""

    status: Literal["error"]
    error_message: Annotated[str, Meta(description="The code.")]
    error_details: Annotated[str, Meta(min_length=1, description="A sentence; for a bad value, its field.")]
    ban_until: Annotated[
        Moment | UnsetType, Meta(description="Until when a banned buyer cannot buy, in UTC.")
    ] = UNSET
    ban_reason: Annotated[str | UnsetType, Meta(description="Why he was banned.")] = UNSET
