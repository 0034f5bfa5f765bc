"""A trade as it is shown and told: with what is known of its item and its people; and how it is read from its row."""

from dataclasses import dataclass, fields

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


TRADE_FIELDS = tuple(column.name for column in fields(Trade))
FROM_VIEW = "FROM trade t JOIN offer o ON o.id = t.offer_id JOIN steam_item i ON i.id = o.steam_item_id"
_ITEM = "o.project, o.appid, o.contextid, o.assetid, i.market_hash_name, i.id AS item_row_id, o.certificate, o.seller_steamid"
# Word for word the condition of the indexes of what is under way: of a state that is a parameter no planner knows that.
LIVE = "t.state NOT IN ('finished', 'cancelled', 'reversed')"
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
