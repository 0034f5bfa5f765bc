"""Buying, the same in both versions: what a purchase is asked with, and the one way to the market."""

import hashlib
from typing import Annotated

import msgspec

from tradepost.app import App
from tradepost.db import DatabaseBusy, DatabaseGone
from tradepost.dialects.fields import ID_MAX, CustomId, Id, Price, SteamId, TradeToken
from tradepost.dialects.measures import buys
from tradepost.dialects.shadowpay.calls import REPLAYED, Call
from tradepost.dialects.shadowpay.words import INTERNAL_ERROR, word
from tradepost.dialects.shapes import FILLED
from tradepost.market import idempotency, switches, trades
from tradepost.market.trade_view import Receipt
from tradepost.market.trades import Buy
from tradepost.rules.money import write_cents
from tradepost.rules.refusals import BuyingOff, Refusal


class BuyAsked(msgspec.Struct):
    """What a purchase is asked with."""

    id: Id
    steamid: SteamId
    trade_token: TradeToken
    price: Annotated[Price | None, FILLED] = None  # the most that the caller will pay; without it any price
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


async def buy(call: Call, asked: BuyAsked) -> Receipt:
    """Buy for the caller, once for his custom id and his key, and count what came of it."""
    result = INTERNAL_ERROR
    app, account_id, key = call.app, call.caller.account_id, call.key
    try:
        if key is not None and await idempotency.bought_before(app.db, account_id, key):
            call.headers.append(REPLAYED)
        else:
            await _refuse_if_off(app, account_id, asked.custom_id)
        bought = await trades.buy(
            app,
            Buy(
                buyer_id=account_id,
                # Nothing has an id above the most, the most included; but whether the key was used is asked all the same.
                offer_id=min(int(asked.id), ID_MAX),
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
        buys(result).inc()
    return bought


async def _refuse_if_off(app: App, account_id: int, custom_id: CustomId | None) -> None:
    """Raise BuyingOff while buying is off, but for a custom id that has bought: who repeats it hears what it bought."""
    try:
        await switches.refuse_if_off(app, "buying")
    except BuyingOff:
        if custom_id is None or not await trades.is_bought(app.db, account_id, str(custom_id)):
            raise
