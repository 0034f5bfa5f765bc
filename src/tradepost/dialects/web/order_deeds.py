"""Placing, changing and removing a buy order from a page: what a form says, and what is wrong with it beside its field."""

import hashlib
import re
from typing import Literal

import msgspec

from tradepost.app import App
from tradepost.dialects.fields import Id
from tradepost.dialects.web.desk import usd
from tradepost.dialects.web.labels import say
from tradepost.dialects.web.market_query import TypedNumber
from tradepost.dialects.web.marks import Mark
from tradepost.dialects.web.typed import TypedPrice
from tradepost.market import buy_orders
from tradepost.market.buy_orders import BuyOrderView
from tradepost.market.idempotency import Claim, Replay
from tradepost.rules.matching import AMOUNT_MAX
from tradepost.rules.refusals import Malformed, Refusal

ADDED = "Play money was added to what you can spend."  # for an order, or for an offer that one came from
Done = Literal["placed", "changed", "removed"]
Noted = Literal["placed", "changed", "removed", "played"]
DONE: dict[Noted, str] = {
    "placed": "Your buy order is placed. It buys by itself as soon as somebody sells at your price or less, and your wallet can pay.",
    "changed": "Your buy order is changed.",
    "removed": "Your buy order is removed. What it bought stays yours.",
    "played": ADDED,
}
FILLED = "Your buy order has bought what it was for."
_AMOUNT = re.compile(r"[1-9][0-9]{0,5}", re.ASCII)
_DEEDS: dict[str, Done] = {"place": "placed", "change": "changed", "remove": "removed"}


class OrderSent(msgspec.Struct):
    """An order's form: for which item, and what is to become of it."""

    id: Id
    do: Literal["place", "change", "remove"]
    mark: Mark
    price: TypedPrice | None = None
    amount: TypedNumber | None = None


class Faults(Exception):
    """What keeps an order from being what its form says: by field, or under "" what is about no field of it."""

    def __init__(self, faults: dict[str, str]) -> None:
        super().__init__(str(faults))
        self.faults = faults


async def do(app: App, account_id: int, sent: OrderSent) -> Done:
    """Do what a form says, once; raises Faults for what is wrong with it."""
    done, faults = _DEEDS[sent.do], dict[str, str]()
    cents, amount = _price(app, sent, faults), _amount(sent, faults)
    digest = hashlib.sha256(msgspec.json.encode([int(sent.id), sent.do, cents, amount])).digest()
    # A space: no header of a program can carry this key. What is answered is a page, and nothing of it is kept.
    key = f"page {sent.mark}"
    try:
        if sent.do == "remove":
            await buy_orders.remove(
                app, account_id, sent.id, Claim(account_id, key, digest, lambda _: (200, b""))
            )
        elif faults or cents is None or amount is None:
            raise Faults(faults)
        else:
            claim: Claim[BuyOrderView] = Claim(account_id, key, digest, lambda _: (200, b""))
            if sent.do == "place":
                await buy_orders.place(app, account_id, sent.id, cents, amount, claim)
            else:
                await buy_orders.change(app, account_id, sent.id, claim, price_cents=cents, amount=amount)
    except Replay:
        pass  # it was done when this came for the first time
    except Malformed as refusal:
        raise Faults({"price" if refusal.field == "value" else "amount": say(refusal)}) from None
    except Refusal as refusal:
        raise Faults({"": say(refusal)}) from None
    return done


def _price(app: App, sent: OrderSent, faults: dict[str, str]) -> int | None:
    if sent.do == "remove":
        return None
    least, most = app.settings.price_least_cents, app.settings.price_max_cents
    cents = sent.price.cents if sent.price else None
    if (sent.price and sent.price.is_huge) or (cents is not None and not least <= cents <= most):
        faults["price"] = f"The price has to be from {usd(least)} to {usd(most)}."
        return None
    if cents is None:
        faults["price"] = "Write the most that you would pay for one, such as 3.14."
    return cents


def _amount(sent: OrderSent, faults: dict[str, str]) -> int | None:
    if sent.do == "remove":
        return None
    text = sent.amount.strip() if sent.amount else ""
    if not _AMOUNT.fullmatch(text) or int(text) > AMOUNT_MAX:
        faults["amount"] = f"Write how many you want, from 1 to {AMOUNT_MAX:,}."
        return None
    return int(text)
