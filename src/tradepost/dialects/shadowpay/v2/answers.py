"""What v2's calls answer, key for key; those about prices and notices stand beside their calls."""

from typing import Annotated, Literal

from msgspec import Meta

from tradepost.dialects.shadowpay.answers import (
    BoughtTrade,
    Count,
    HashName,
    IdText,
    InventoryRow,
    ItemRow,
    Metadata,
    Moment,
    Money,
    MoneyNumber,
    Operation,
    OwnRow,
    Shown,
    Success,
)


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


class Told(Shown):
    """Server-sent events, one after another."""
