"""How items, offers and trades are shown, in v1 and v2 alike.

Money is rendered here as each call wants it, from whole cents: as text with two decimals, or as a JSON number
that never was a float.
"""

from datetime import datetime
from typing import Any

import msgspec

from tradepost.dialects.shadowpay.words import number
from tradepost.market import telling
from tradepost.market.inventories import InventoryRow
from tradepost.market.offers import CancelAnswers, PriceAnswers, Repriced
from tradepost.market.operations import Operation
from tradepost.market.telling import moment
from tradepost.market.trade_view import Receipt
from tradepost.rules.money import write_cents, write_rate

# Inventories and offers --------------------------------------------------------------------------------------


def inventory_row(row: InventoryRow, fee_bps: int) -> dict[str, Any]:
    """An item of an inventory, with what the market would take for it."""
    item = row.item
    return {
        "price": number(row.price_cents or 0),
        "lowest_price": None if row.lowest_cents is None else number(row.lowest_cents),
        "max_price": number(row.max_price_cents),
        "fee": number(fee_bps),
        "steam_market_hash_name": item.market_hash_name,
        "assetid": item.assetid,
        "project": item.project,
        "steam_itemtype": item.type,
        "rarity": item.rarity,
        "exterior": item.exterior,
        "is_stattrak": item.is_stattrak,
        "tradable": item.tradable,
        "link": item.inspect_link,
        "skip_reason": False if row.skip_reason is None else row.skip_reason,
    }


def own_row(row: bytes, seller_steamid: str) -> bytes:
    """A shelf's row as its owner sees it: with whose item it is."""
    return b'{"steamid":"%b",%b' % (seller_steamid.encode(), row[1:])


def cancelled(answers: CancelAnswers) -> dict[str, Any]:
    """What came of taking offers off sale."""
    ended, others = answers
    return {
        "cancelled_items": [
            {"id": str(offer.id), "assetid": offer.assetid, "project": offer.project, "state": "cancelled"}
            for offer in ended
        ],
        "not_cancelled_items": [{"id": str(id_), "reason": reason} for id_, reason in others],
    }


def repriced(row: Repriced) -> dict[str, Any]:
    """A changed price in USD, and the units of the caller's currency for one USD."""
    rate = msgspec.Raw(write_rate(row.rate_millionths).encode())
    return {"id": str(row.id), "new_price": number(row.new_price_cents), "price_rate": rate}


def repriced_alone(answers: PriceAnswers) -> dict[str, Any]:
    """The one changed price of a call that changes one; raises why it was not."""
    (answer,) = answers
    if isinstance(answer, Repriced):
        return repriced(answer)
    raise answer[1]


# Trades ------------------------------------------------------------------------------------------------------


def bought(trade: Receipt) -> dict[str, Any]:
    """A trade as it was when it was bought, which is also what a repeated request is told."""
    price = write_cents(trade.price_cents)
    return {
        "id": str(trade.id),
        "state": "active",
        "price": price,
        "steam_trade_token": trade.trade_token,
        "steam_trade_offer_state": None,
        "steam_tradeofferid": None,
        "steam_tradeofferids": None,
        "steam_to_steamid": trade.buyer_steamid,
        "steam_from_steamid": trade.seller_steamid,
        "seller_sold": str(trade.seller_sold_count),
        "causer": None,
        "time_created": moment(trade.created_at),
        "custom_id": trade.custom_id,
        "items": [
            {
                "id": str(trade.offer_id),
                "state": "pending",
                "type": "bid",
                "project": trade.project,
                "item_id": str(trade.steam_item_id),
                "steam_market_hash_name": trade.market_hash_name,
                "steam_asset_id": trade.assetid,
                "price": price,
            }
        ],
    }


def operation(one: Operation, now: datetime) -> dict[str, Any]:
    """A trade as it is now, as the side sees it that asks; notices show it alike."""
    return telling.row(one.kind, one.view, now)
