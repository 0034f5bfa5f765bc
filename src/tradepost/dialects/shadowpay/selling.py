"""Selling, the same in both versions: what an offer is made and repriced with, and the one way to the market."""

from collections.abc import Callable
from typing import Annotated, Any

import msgspec

from tradepost.dialects.fields import AssetId, Currency, Id, Price, Project, SteamId
from tradepost.dialects.shadowpay import rows
from tradepost.dialects.shadowpay.calls import Call, Content
from tradepost.dialects.shadowpay.words import within_ids
from tradepost.dialects.shapes import Also
from tradepost.market import offers, rates
from tradepost.market.offers import Reprice, Wanted

CANCEL_MAX = 100
USD = Currency(rates.USD)


class NewOffer(msgspec.Struct):
    """An asset, and the price that it is offered at."""

    id: AssetId
    project: Annotated[Project, Also("game")]
    price: Price
    currency: Currency = USD


class RepriceOneAsked(msgspec.Struct):
    """An offer, and its new price."""

    steamid: SteamId
    id: Id
    price: Price
    currency: Currency = USD


async def make(
    call: Call, steamid: SteamId, asked: list[NewOffer], made: Callable[[list[int]], dict[str, Any]]
) -> Content:
    """Put items of a user on sale, all or none; `made` shows the ids of the offers, in the order asked."""
    wanted = [Wanted(str(one.id), str(one.project), int(one.price), str(one.currency)) for one in asked]
    claim = call.claim(made)
    return made(await offers.make(call.app, call.caller.account_id, str(steamid), wanted, claim))


async def cancel(call: Call, steamid: SteamId, asked: list[Id]) -> Content:
    """Take offers of a user off sale, and say of each whether it was."""
    ids, claim = [int(id_) for id_ in asked], call.claim(rows.cancelled)
    return rows.cancelled(await offers.cancel(call.app, call.caller.account_id, str(steamid), ids, claim))


async def reprice_one(call: Call, asked: RepriceOneAsked) -> Content:
    """Change the price of one offer."""
    row = Reprice(within_ids(asked.id), int(asked.price), str(asked.currency))
    claim = call.claim(rows.repriced_alone)
    return rows.repriced_alone(
        await offers.reprice(call.app, call.caller.account_id, str(asked.steamid), [row], claim)
    )
