"""v1's calls that do something: buying, and putting items on sale, repricing them, taking them off."""

from typing import Annotated, Any

import msgspec

from tradepost.dialects.fields import AssetId, Currency, Id, Price, Project, SteamId
from tradepost.dialects.shadowpay import buying, rows
from tradepost.dialects.shadowpay.buying import BuyAsked
from tradepost.dialects.shadowpay.calls import Call, Content
from tradepost.dialects.shadowpay.words import CANCEL_MAX, within_ids
from tradepost.dialects.shapes import Also, Rows
from tradepost.market import offers, rates
from tradepost.market.offers import Reprice, Wanted

SELL_MAX = 100
USD = Currency(rates.USD)

# What v2 tells of a purchase and the seed's v1 does not.
_V2_TRADE = {"steam_tradeofferids", "steam_from_steamid", "seller_sold"}
_V2_ITEM = {"id", "type", "item_id"}


async def buy(call: Call, asked: BuyAsked) -> Content:
    """Buy an item for a user; the same request again, by its custom id, gets the same answer."""
    view = await buying.buy(call, asked)
    trade = rows.bought(view)
    shown = {key: value for key, value in trade.items() if key not in _V2_TRADE}
    shown["items"] = [
        {key: value for key, value in item.items() if key not in _V2_ITEM} for item in trade["items"]
    ]
    return {"id": str(view.trade.id), "trade_data": shown, "success": True}


class SoldItem(msgspec.Struct):
    """An asset, and the price that it is offered at."""

    id: AssetId
    project: Annotated[Project, Also("game")]
    price: Price
    currency: Currency = USD


class SellAsked(msgspec.Struct):
    """Whose items are put on sale."""

    steamid: SteamId
    offers: Annotated[list[SoldItem], Rows(SELL_MAX)]


async def sell(call: Call, asked: SellAsked) -> Content:
    """Put items of a user on sale, all or none; the ids are in the order asked."""
    wanted = [
        Wanted(str(one.id), str(one.project), int(one.price), str(one.currency)) for one in asked.offers
    ]
    claim = call.claim(_made)
    return _made(await offers.make(call.app, call.caller.account_id, str(asked.steamid), wanted, claim))


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
    ids = [int(one.id) for one in asked.items]
    claim = call.claim(rows.cancelled)
    return rows.cancelled(
        await offers.cancel(call.app, call.caller.account_id, str(asked.steamid), ids, claim)
    )


class RepriceAsked(msgspec.Struct):
    """An offer, and its new price."""

    steamid: SteamId
    id: Id
    price: Price
    currency: Currency = USD


async def reprice(call: Call, asked: RepriceAsked) -> Content:
    """Change the price of an offer."""
    row = Reprice(within_ids(asked.id), int(asked.price), str(asked.currency))
    claim = call.claim(rows.repriced_alone)
    return rows.repriced_alone(
        await offers.reprice(call.app, call.caller.account_id, str(asked.steamid), [row], claim)
    )
