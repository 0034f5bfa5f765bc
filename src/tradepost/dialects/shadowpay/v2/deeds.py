"""v2's calls that do something: buying, and putting offers on sale, repricing them, taking them off."""

from typing import Annotated, Any

import msgspec

from tradepost.dialects.fields import Currency, Id, Price, SteamId
from tradepost.dialects.shadowpay import buying, rows, selling
from tradepost.dialects.shadowpay.buying import BuyAsked
from tradepost.dialects.shadowpay.calls import Call, Content
from tradepost.dialects.shadowpay.selling import CANCEL_MAX, USD, NewOffer, RepriceOneAsked
from tradepost.dialects.shadowpay.words import refused
from tradepost.dialects.shapes import COMMAS, Rows, Unread
from tradepost.market import offers
from tradepost.market.offers import PriceAnswers, Reprice, Repriced
from tradepost.rules.refusals import Refusal

MAKE_MAX = 250


async def buy(call: Call, asked: BuyAsked) -> Content:
    """Buy an item for a user; the same request again gets the same answer."""
    bought = await buying.buy(call, asked)
    return {"id": str(bought.id), "trade_data": rows.bought(bought)}


class MakeAsked(msgspec.Struct):
    """Whose items are put on sale."""

    steamid: SteamId
    offers: Annotated[list[NewOffer], Rows(MAKE_MAX)]


async def make_offers(call: Call, asked: MakeAsked) -> Content:
    """Put items of a user on sale, all or none."""
    return await selling.make(call, asked.steamid, asked.offers, _made)


def _made(ids: list[int]) -> dict[str, Any]:
    return {"created_bid_ids": ids}


class CancelAsked(msgspec.Struct):
    """Which offers of a user are taken off sale."""

    steamid: SteamId
    item_ids: Annotated[list[Id], COMMAS, Rows(CANCEL_MAX)]


async def cancel_offers(call: Call, asked: CancelAsked) -> Content:
    """Take offers off sale."""
    return await selling.cancel(call, asked.steamid, asked.item_ids)


class NewPrice(msgspec.Struct):
    """An offer's new price."""

    id: Id
    price: Price
    currency: Currency = USD


class RepriceAsked(msgspec.Struct):
    """Which offers of a user get a new price."""

    steamid: SteamId
    offers: Annotated[list[NewPrice | Unread], Rows(MAKE_MAX)]


async def reprice_offers(call: Call, asked: RepriceAsked) -> Content:
    """Change prices, each row by itself; one that cannot be read is told so in its place."""
    prices = [
        Reprice(int(one.id), int(one.price), str(one.currency))
        for one in asked.offers
        if not isinstance(one, Unread)
    ]

    def bids(answers: PriceAnswers) -> dict[str, Any]:
        read = iter(answers)
        return {"bids": [_bid(one if isinstance(one, Unread) else next(read)) for one in asked.offers]}

    account_id, steamid = call.caller.account_id, str(asked.steamid)
    unread = [id_ for one in asked.offers if isinstance(one, Unread) and (id_ := _id(one))]
    claim = call.claim(bids)
    return bids(await offers.reprice(call.app, account_id, steamid, prices, claim, beside=unread))


def _id(one: Unread) -> int | None:
    """The offer that a row is about of which something else cannot be read."""
    try:
        return int(Id.read(one.id or ""))
    except ValueError:
        return None


def _bid(one: Unread | Repriced | tuple[int, Refusal]) -> dict[str, Any]:
    if isinstance(one, Repriced):
        return {"status": "success", **rows.repriced(one)}
    if isinstance(one, Unread):
        return {**refused(one.refusal), "id": one.id}
    id_, refusal = one
    return {**refused(refusal), "id": str(id_)}


async def reprice_offer(call: Call, asked: RepriceOneAsked) -> Content:
    """Change the price of one offer."""
    return await selling.reprice_one(call, asked)
