"""Telling: a trade as one of its sides is told of it, in the lists of the APIs and in notices alike.

The row is the market's own, and not a dialect's, because a notice is written in the transaction that it tells of,
where no dialect is at hand; and a receiver shall find in it what the list of operations would show.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from tradepost.market.trade_view import TradeView
from tradepost.rules.money import write_cents
from tradepost.rules.outlook import explained
from tradepost.rules.trade import PUBLIC, State

Kind = Literal["buy", "sell"]

BOUGHT = "Waiting for the seller's program to send the Steam offer."  # what buy_batch writes


def row(kind: Kind, view: TradeView, now: datetime) -> dict[str, Any]:
    """A trade as it is now, as the side sees it that asks.

    The buyer's trade token and custom id are the buyer's own: the row of a sale has neither.
    """
    trade = view.trade
    is_buy = kind == "buy"
    state = PUBLIC[trade.state]
    price = write_cents(trade.price_cents)
    offered = trade.steam_tradeofferid is not None
    return {
        "id": str(trade.id),
        "state": state,
        "price": price,
        "steam_trade_token": trade.trade_token if is_buy else None,
        "steam_trade_offer_state": None if trade.steam_offer_state is None else str(trade.steam_offer_state),
        "steam_tradeofferid": trade.steam_tradeofferid,
        "steam_to_steamid": trade.buyer_steamid,
        "causer": trade.causer,
        "time_created": moment(trade.created_at),
        "custom_id": trade.custom_id if is_buy else None,
        "type": kind,
        "items": [
            {
                "state": state if offered or state != "active" else "pending",
                "project": view.project,
                "steam_market_hash_name": view.market_hash_name,
                "steam_asset_id": view.assetid,
                "price": price,
            }
        ],
        "explanation": explained(trade, now),
        "protected_until": None if trade.protected_until is None else moment(trade.protected_until),
        "reversed": trade.state is State.REVERSED,
    }


def as_bought(view: TradeView, send: timedelta) -> TradeView:
    """A trade as it was when it was bought and there was so much time to send it, whatever has become of it."""
    trade = replace(
        view.trade,
        state=State.CREATED,
        causer=None,
        steam_offer_state=None,
        steam_tradeofferid=None,
        protected_until=None,
        explanation=BOUGHT,
        cancel_reason=None,
        claimed_at=None,
        disputed_at=None,
        due_at=view.trade.created_at + send,
    )
    return replace(view, trade=trade)


def moment(at: datetime) -> str:
    """A moment as the APIs write it, in UTC."""
    return at.astimezone(UTC).isoformat(" ", "seconds")[:19]
