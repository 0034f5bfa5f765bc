"""Buying, the same in both versions: what a purchase is asked with, and the one way to the market."""

import hashlib

import msgspec

from tradepost.app import App
from tradepost.db import DatabaseBusy, DatabaseGone
from tradepost.dialects.fields import CustomId, Id, Price, SteamId, TradeToken
from tradepost.dialects.measures import BUYS
from tradepost.dialects.shadowpay.words import INTERNAL_ERROR, within_ids, word
from tradepost.market import switches, trades
from tradepost.market.trades import Buy, TradeView
from tradepost.rules.money import write_cents
from tradepost.rules.refusals import Refusal


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
