"""What v1's calls answer, key for key, where v2's differ."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from tradepost.dialects.shadowpay.answers import (
    AssetIdText,
    Count,
    CountText,
    FloatText,
    Game,
    HashName,
    IdText,
    InventoryRow,
    ItemRow,
    Metadata,
    Moment,
    Money,
    MoneyNumber,
    OwnRow,
    Shortest,
    Shown,
    SteamIdText,
    Success,
    TradeHead,
    TradeItem,
    TradeStory,
)


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
