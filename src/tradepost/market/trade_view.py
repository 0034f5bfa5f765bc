"""A trade as it is shown and told: with what is known of its item and its people; and how it is read from its row."""

from dataclasses import dataclass, fields
from datetime import datetime

from tradepost.db import Record
from tradepost.rules.trade import State, Trade


@dataclass(frozen=True, slots=True)
class TradeView:
    """A trade with what is shown of its item and its people."""

    trade: Trade
    project: str
    appid: int
    contextid: int
    assetid: str
    market_hash_name: str
    steam_item_id: int
    certificate: str | None
    seller_steamid: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What whoever bought is told of his trade: how it was then, which nothing that happens to it changes.

    It is made of each purchase, and has a third of the fields that a `TradeView` has.
    """

    id: int
    offer_id: int
    buyer_steamid: str
    trade_token: str
    price_cents: int
    seller_sold_count: int
    custom_id: str | None
    created_at: datetime
    project: str
    assetid: str
    market_hash_name: str
    steam_item_id: int
    seller_steamid: str


TRADE_FIELDS = tuple(column.name for column in fields(Trade))
FROM_VIEW = "FROM trade t JOIN offer o ON o.id = t.offer_id JOIN steam_item i ON i.id = o.steam_item_id"
_ITEM = "o.project, o.appid, o.contextid, o.assetid, i.market_hash_name, i.id AS item_row_id, o.certificate, o.seller_steamid"
# Word for word the condition of the indexes of what is under way: of a state that is a parameter no planner knows that.
LIVE = "t.state NOT IN ('finished', 'cancelled', 'reversed')"
_OWNERS = {
    "market_hash_name": "i",
    **dict.fromkeys(("project", "assetid", "steam_item_id", "seller_steamid"), "o"),
}
RECEIPT_COLUMNS = ", ".join(f"{_OWNERS.get(column.name, 't')}.{column.name}" for column in fields(Receipt))
VIEW_COLUMNS = ", ".join(f"t.{name}" for name in TRADE_FIELDS) + f", {_ITEM}"


def as_view(row: Record) -> TradeView:
    """Return the view that a row of VIEW_COLUMNS stands for."""
    values = {name: row[name] for name in TRADE_FIELDS}
    values["state"] = State(values["state"])
    if values["buyer_had"] is not None:
        values["buyer_had"] = tuple(values["buyer_had"])
    return TradeView(
        Trade(**values),
        row["project"],
        row["appid"],
        row["contextid"],
        row["assetid"],
        row["market_hash_name"],
        row["item_row_id"],
        row["certificate"],
        row["seller_steamid"],
    )
