"""v2's calls that do something: buying, and putting offers on sale, repricing them, taking them off."""

import re
from typing import Annotated, Any

import msgspec

from tradepost.dialects.fields import AssetId, Currency, Id, Price, Project, SteamId
from tradepost.dialects.shadowpay import buying, rows
from tradepost.dialects.shadowpay.buying import BuyAsked
from tradepost.dialects.shadowpay.calls import Call, Content
from tradepost.dialects.shadowpay.words import CANCEL_MAX, MAKE_MAX, refused, within_ids
from tradepost.dialects.shapes import COMMAS, Also, Rows
from tradepost.market import offers, rates
from tradepost.market.offers import Reprice, Repriced, Wanted
from tradepost.rules.refusals import Malformed, Refusal

USD = Currency(rates.USD)

_KEY = re.compile(r"[!-~]{1,255}", re.ASCII)


async def buy(call: Call, asked: BuyAsked) -> Content:
    """Buy an item for a user; the same request again gets the same answer."""
    key = call.header("Idempotency-Key")
    if key is not None and not _KEY.fullmatch(key):
        raise Malformed("Idempotency-Key", "must have 1 to 255 visible ASCII characters")
    view = await buying.buy(call.app, call.caller.account_id, asked, key)
    return {"id": str(view.trade.id), "trade_data": rows.bought(view)}


class NewOffer(msgspec.Struct):
    """An asset, and the price that it is offered at."""

    id: AssetId
    project: Annotated[Project, Also("game")]
    price: Price
    currency: Currency = USD


class MakeAsked(msgspec.Struct):
    """Whose items are put on sale."""

    steamid: SteamId
    offers: Annotated[list[NewOffer], Rows(MAKE_MAX)]


async def make_offers(call: Call, asked: MakeAsked) -> Content:
    """Put items of a user on sale, all or none."""
    wanted = [
        Wanted(str(one.id), str(one.project), int(one.price), str(one.currency)) for one in asked.offers
    ]
    ids = await offers.make(call.app, call.caller.account_id, str(asked.steamid), wanted)
    return {"created_bid_ids": ids}


class CancelAsked(msgspec.Struct):
    """Which offers of a user are taken off sale."""

    steamid: SteamId
    item_ids: Annotated[list[Id], COMMAS, Rows(CANCEL_MAX)]


async def cancel_offers(call: Call, asked: CancelAsked) -> Content:
    """Take offers off sale."""
    ids = [int(one) for one in asked.item_ids]
    done = await offers.cancel(call.app, call.caller.account_id, str(asked.steamid), ids)
    return rows.cancelled(*done)


class NewPrice(msgspec.Struct):
    """An offer's new price."""

    id: Id
    price: Price
    currency: Currency = USD


class RepriceAsked(msgspec.Struct):
    """Which offers of a user get a new price."""

    steamid: SteamId
    offers: Annotated[list[NewPrice], Rows(MAKE_MAX)]


async def reprice_offers(call: Call, asked: RepriceAsked) -> Content:
    """Change prices, each row by itself."""
    rows = [Reprice(int(one.id), int(one.price), str(one.currency)) for one in asked.offers]
    answers = await offers.reprice(call.app, call.caller.account_id, str(asked.steamid), rows)
    return {"bids": [_bid(one) for one in answers]}


def _bid(one: Repriced | tuple[int, Refusal]) -> dict[str, Any]:
    if isinstance(one, Repriced):
        return {"status": "success", **rows.repriced(one)}
    id_, refusal = one
    return {**refused(refusal), "id": str(id_)}


class RepriceOneAsked(msgspec.Struct):
    """The offer that the path names, and its new price."""

    id: Id
    steamid: SteamId
    price: Price
    currency: Currency = USD


async def reprice_offer(call: Call, asked: RepriceOneAsked) -> Content:
    """Change the price of one offer."""
    row = Reprice(within_ids(asked.id), int(asked.price), str(asked.currency))
    (answer,) = await offers.reprice(call.app, call.caller.account_id, str(asked.steamid), [row])
    if isinstance(answer, Repriced):
        return rows.repriced(answer)
    raise answer[1]
