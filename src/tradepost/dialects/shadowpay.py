"""What v1 and v2 of the ShadowPay API share: the words for refusals, and how items, offers and trades are shown.

Money is rendered here as each call wants it, from whole cents: as text with two decimals, or as a JSON number
that never was a float.
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from tradepost.app import App
from tradepost.db import DatabaseBusy, DatabaseGone
from tradepost.dialects.fields import ID_MAX, CustomId, Id, Price, SteamId, TradeToken
from tradepost.dialects.measures import BUYS
from tradepost.market import switches, trades
from tradepost.market.inventories import InventoryRow
from tradepost.market.offers import Offer, Repriced
from tradepost.market.operations import Operation
from tradepost.market.trades import Buy, TradeView
from tradepost.rules import refusals
from tradepost.rules.money import write_cents, write_rate, write_shortest
from tradepost.rules.refusals import BuyerBanned, Malformed, NotFound, Refusal
from tradepost.rules.trade import PUBLIC, State

# Each refusal's word is that of the nearest class it descends from.
CODES: dict[type[Refusal], str] = {
    Refusal: "wrong_params",
    refusals.Malformed: "validation_error",
    refusals.Conflicting: "wrong_params",
    refusals.KeyUsed: "custom_id_exist",
    refusals.NotFound: "no_item",
    refusals.Unauthenticated: "wrong_token",
    refusals.Forbidden: "no_access",
    refusals.BuyerBanned: "buyer_has_buy_items_ban",
    refusals.UnknownUser: "empty_user_data",
    refusals.TooLittleMoney: "need_sum",
    refusals.OwnItem: "trade_yourself",
    refusals.SellerOffline: "seller_offline_error",
    refusals.SellerSignedOut: "need_apikey",
    refusals.SellerTradeUrl: "invalid_trade_seller_link",
    refusals.NotInInventory: "no_item_in_inventory",
    refusals.BuyerTradeUrl: "invalid_tradelink",
    refusals.SteamUnavailable: "error_steam_or_bot",
    refusals.SwitchedOff: "disabled",
    refusals.BuyingOff: "buy_items_disabled",
    refusals.TooManyRequests: "disabled",
    refusals.UnknownRoute: "wrong_method",
}
INTERNAL_ERROR = "internal_error"

ITEMS_MAX = 15_000
OPERATIONS_MAX = 4_000
MAKE_MAX = 250
CANCEL_MAX = 100


def word(refusal: Refusal) -> str:
    """The API's word for a refusal."""
    return next(CODES[kind] for kind in type(refusal).__mro__ if kind in CODES)


def refused(refusal: Refusal) -> dict[str, Any]:
    """A refusal in the API's words: the code for a program, the details for a person."""
    content = {"status": "error", "error_message": word(refusal)}
    content["error_details"] = str(refusal) if isinstance(refusal, Malformed) else refusal.sentence
    if isinstance(refusal, BuyerBanned):
        content |= {"ban_until": moment(refusal.until_at), "ban_reason": refusal.reason}
    return content


def moment(at: datetime) -> str:
    """A moment as the API writes it, in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def number(cents: int) -> msgspec.Raw:
    """Cents as a JSON number in its shortest form: 16.8, 2."""
    return msgspec.Raw(write_shortest(cents).encode())


def within_ids(id_: Id) -> int:
    """An id as the database can hold it; of one above there is nothing."""
    if id_ > ID_MAX:
        raise NotFound
    return int(id_)


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


def cancelled(ended: Sequence[Offer], others: Sequence[tuple[int, str]]) -> dict[str, Any]:
    """What came of taking offers off sale."""
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


# Buying ------------------------------------------------------------------------------------------------------


class BuyAsked(msgspec.Struct):
    """What a purchase is asked with."""

    id: Id
    steamid: SteamId
    trade_token: TradeToken
    price: Price | None = None  # the most that the caller will pay
    custom_id: CustomId | None = None

    @property
    def digest(self) -> bytes:
        """What tells this request from any other: the same request again is not a second purchase."""
        price = None if self.price is None else write_cents(self.price)
        parts = [
            str(int(self.id)),
            str(self.steamid),
            str(self.trade_token),
            price,
            self.custom_id and str(self.custom_id),
        ]
        return hashlib.sha256(msgspec.json.encode(parts)).digest()


async def buy(app: App, account_id: int, asked: BuyAsked, key: str | None) -> TradeView:
    """Buy for an account, and count what came of it."""
    result = INTERNAL_ERROR
    try:
        await switches.refuse_if_off(app, "buying")
        view = await trades.buy(
            app,
            Buy(
                buyer_id=account_id,
                offer_id=within_ids(asked.id),
                steamid=str(asked.steamid),
                trade_token=str(asked.trade_token),
                ceiling_cents=None if asked.price is None else int(asked.price),
                custom_id=None if asked.custom_id is None else str(asked.custom_id),
                idempotency_key=key,
                digest=asked.digest,
            ),
        )
        result = "bought"
    except Refusal as refusal:
        result = word(refusal)
        raise
    except (DatabaseGone, DatabaseBusy):
        result = "disabled"
        raise
    finally:
        BUYS.labels(result).inc()
    return view


def bought(view: TradeView) -> dict[str, Any]:
    """A trade as it was when it was bought, which is also what a repeated request is told."""
    trade = view.trade
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
        "steam_from_steamid": view.seller_steamid,
        "seller_sold": str(trade.seller_sold_count),
        "causer": None,
        "time_created": moment(trade.created_at),
        "custom_id": trade.custom_id,
        "items": [
            {
                "id": str(trade.offer_id),
                "state": "pending",
                "type": "bid",
                "project": view.project,
                "item_id": str(view.steam_item_id),
                "steam_market_hash_name": view.market_hash_name,
                "steam_asset_id": view.assetid,
                "price": price,
            }
        ],
    }


def operation(one: Operation) -> dict[str, Any]:
    """A trade as it is now, as the side sees it that asks.

    The buyer's trade token and custom id are the buyer's own: the row of a sale has neither.
    """
    trade = one.view.trade
    is_buy = one.kind == "buy"
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
        "type": one.kind,
        "items": [
            {
                "state": state if offered or state != "active" else "pending",
                "project": one.view.project,
                "steam_market_hash_name": one.view.market_hash_name,
                "steam_asset_id": one.view.assetid,
                "price": price,
            }
        ],
        "explanation": trade.explanation,
        "protected_until": None if trade.protected_until is None else moment(trade.protected_until),
        "reversed": trade.state is State.REVERSED,
    }
