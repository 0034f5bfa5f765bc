"""v1's calls that do something: buying, and putting items on sale, repricing them, taking them off."""

from typing import Annotated, Any

import msgspec

from tradepost.dialects.fields import Id, SteamId
from tradepost.dialects.shadowpay import buying, rows, selling
from tradepost.dialects.shadowpay.buying import BuyAsked
from tradepost.dialects.shadowpay.calls import Call, Content
from tradepost.dialects.shadowpay.selling import CANCEL_MAX, NewOffer, RepriceOneAsked
from tradepost.dialects.shapes import Rows

SELL_MAX = 100

# What v2 tells of a purchase and the seed's v1 does not.
_V2_TRADE = {"steam_tradeofferids", "steam_from_steamid", "seller_sold"}
_V2_ITEM = {"id", "type", "item_id"}


async def buy(call: Call, asked: BuyAsked) -> Content:
    """Buy an item for a user; the same request again, by its custom id, gets the same answer."""
    bought = await buying.buy(call, asked)
    trade = rows.bought(bought)
    shown = {key: value for key, value in trade.items() if key not in _V2_TRADE}
    shown["items"] = [
        {key: value for key, value in item.items() if key not in _V2_ITEM} for item in trade["items"]
    ]
    return {"id": str(bought.id), "trade_data": shown, "success": True}


class SellAsked(msgspec.Struct):
    """Whose items are put on sale."""

    steamid: SteamId
    offers: Annotated[list[NewOffer], Rows(SELL_MAX)]


async def sell(call: Call, asked: SellAsked) -> Content:
    """Put items of a user on sale, all or none; the ids are in the order asked."""
    return await selling.make(call, asked.steamid, asked.offers, _made)


def _made(ids: list[int]) -> dict[str, Any]:
    return {"created_bid_ids": [str(id_) for id_ in ids]}


class CancelledItem(msgspec.Struct):
    """An offer to be taken off sale."""

    id: Id


class CancelAsked(msgspec.Struct):
    """Which offers of a user are taken off sale."""

    steamid: SteamId
    items: Annotated[list[CancelledItem], Rows(CANCEL_MAX)]


async def cancel(call: Call, asked: CancelAsked) -> Content:
    """Take offers off sale; those in a trade stay, and the answer says so."""
    return await selling.cancel(call, asked.steamid, [one.id for one in asked.items])


async def reprice(call: Call, asked: RepriceOneAsked) -> Content:
    """Change the price of an offer."""
    return await selling.reprice_one(call, asked)
