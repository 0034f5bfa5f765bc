"""The control API's trades: the history as it is, and the reversal of what is protected."""

import msgspec
from starlette.responses import Response
from starlette.routing import Route

from tradepost.steam.simulator.calls import Call, answer, page_limit, route, whole_number
from tradepost.steam.simulator.control import read
from tradepost.steam.simulator.control_orders import Refused
from tradepost.steam.simulator.descriptions import Json
from tradepost.steam.simulator.entities import Asset, Trade
from tradepost.steam.simulator.exchange import ban_reverser, can_reverse, reverse, reverse_all


class ReversalOrder(msgspec.Struct, forbid_unknown_fields=True):
    """Who reverses, and how far it goes."""

    by: str = ""  # a steamid; the recipient when not given
    all: bool = False  # all his protected trades, as on Steam
    keep_assetids: bool = False
    ban: bool = True


def list_trades(call: Call) -> Response:
    """GET /_sim/trades?steamid=: newest first."""
    steamid = call.argument("steamid")
    found = [
        trade
        for trade in reversed(call.world.trades.values())
        if not steamid or steamid in {trade.sender, trade.recipient}
    ]
    return answer({"trades": [_shown_trade(trade) for trade in found[: page_limit(call)]]}, eresult=None)


def show_trade(call: Call) -> Response:
    """GET /_sim/trades/{id}."""
    return answer(_shown_trade(_trade_at(call)), eresult=None)


def reverse_trade(call: Call) -> Response:
    """POST /_sim/trades/{id}/reverse: a party takes a protected trade back, or all of his."""
    trade, order, world = _trade_at(call), read(call, ReversalOrder), call.world
    reverser = world.users[order.by or trade.recipient] if order.by in world.users or not order.by else None
    if reverser is None or reverser.steamid not in {trade.sender, trade.recipient}:
        raise Refused("by is one of the trade's two parties")
    if not can_reverse(world, trade):
        raise Refused("the trade is not protected, or no longer")
    if order.all:
        reversed_trades = reverse_all(world, reverser, keep_assetids=order.keep_assetids)
    else:
        reverse(world, trade, keep_assetids=order.keep_assetids)
        reversed_trades = [trade]
        if order.ban:
            ban_reverser(world, reverser)
    return answer({"reversed": [_shown_trade(each) for each in reversed_trades]}, eresult=None)


def _trade_at(call: Call) -> Trade:
    trade = call.world.trades.get(whole_number(call.path["tradeid"]) or 0)
    if trade is None:
        raise Refused("no such trade")
    return trade


def _shown_trade(trade: Trade) -> Json:
    return {
        "id": str(trade.id),
        "offerid": str(trade.offerid),
        "from": trade.sender,
        "to": trade.recipient,
        "status": trade.status,
        "give": [shown_asset(asset) for asset in trade.give],
        "receive": [shown_asset(asset) for asset in trade.receive],
        "time_init": trade.time_init,
        "time_settlement": trade.settlement or None,
        "settled": trade.settled,
        "time_mod": trade.time_mod or None,
        "rollback_trade": str(trade.rollback_of) if trade.rollback_of else None,
    }


def shown_asset(asset: Asset) -> Json:
    shown: Json = {
        "appid": asset.appid,
        "contextid": str(asset.contextid),
        "assetid": str(asset.assetid),
        "market_hash_name": asset.market_hash_name,
    }
    if asset.new_assetid:
        shown |= {"new_assetid": str(asset.new_assetid), "new_contextid": str(asset.new_contextid)}
    return shown


ROUTES: list[Route] = [
    route("/_sim/trades", list_trades),
    route("/_sim/trades/{tradeid}", show_trade),
    route("/_sim/trades/{tradeid}/reverse", reverse_trade, "POST"),
]
