"""Which buy order an offer fills: the cheapest offer first, to the best price, of equals to the oldest.

An offer sells at its own price, not at the order's. An order that is asleep reaches less far than its price says, or
nowhere; who cannot pay the offer that he is next in line for is passed over, and named, so that he is put to sleep.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from tradepost.rules.trade import Side, State

AMOUNT_MAX = 1_000  # items that one order can want
AGAIN_FIRST = timedelta(seconds=5)
AGAIN_LAST = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Order:
    """What a matching has to know of an order; `place` says who was first at the same price."""

    id: int
    account_id: int
    price_cents: int
    reach_cents: int  # up to what it buys now
    place: int
    amount: int
    purse_cents: int  # what its owner could pay
    took: frozenset[int] = frozenset()  # offers that it bought from before


@dataclass(frozen=True, slots=True)
class Offer:
    """What a matching has to know of an offer that could be bought now."""

    id: int
    price_cents: int
    payee_id: int
    seller_id: int


@dataclass(frozen=True, slots=True)
class Fill:
    """An order that is to buy an offer, at the offer's price."""

    order_id: int
    offer_id: int
    price_cents: int


@dataclass(frozen=True, slots=True)
class Match:
    """The next fill, if there is one, and the orders that were next in line and could not pay, with what they could not pay."""

    fill: Fill | None
    poor: tuple[tuple[int, int], ...] = ()


def next_fill(orders: Iterable[Order], offers: Iterable[Offer]) -> Match:
    """Decide who buys what next."""
    line = sorted(orders, key=lambda order: (-order.price_cents, order.place))
    poor: dict[int, int] = {}
    for offer in sorted(offers, key=lambda offer: (offer.price_cents, offer.id)):
        for order in line:
            if order.id in poor or not meets(order, offer):
                continue
            if order.purse_cents >= offer.price_cents:
                return Match(Fill(order.id, offer.id, offer.price_cents), tuple(poor.items()))
            # Whatever comes after this offer costs as much or more.
            poor[order.id] = offer.price_cents
    return Match(None, tuple(poor.items()))


def meets(order: Order, offer: Offer) -> bool:
    """Say whether an order would buy an offer, money aside.

    Nobody buys from himself. And no order buys an offer twice: the first time its owner did not take the item, or
    an operator ended the trade, and the next time would be no other.
    """
    return (
        order.amount > 0
        and offer.price_cents <= order.reach_cents
        and order.account_id not in (offer.payee_id, offer.seller_id)
        and offer.id not in order.took
    )


def counts(state: State, causer: Side | None) -> bool:
    """Say whether a fill's trade counts as bought, or its item is still wanted.

    It is wanted again where it did not come by the seller's fault, or by nobody's. Who let it go himself has had his
    chance: else an order of a hundred would send a hundred sellers after somebody who is away.
    """
    if state is State.CANCELLED:
        return causer == "buyer"
    return not (state is State.REVERSED and causer == "seller")


def keeps_place(before: tuple[int, int], after: tuple[int, int]) -> bool:
    """Say whether a changed order stays where it was in line: not at another price, nor when it wants more than before.

    Both are a price and an amount.
    """
    return after[0] == before[0] and after[1] <= before[1]


def again_in(tries: int) -> timedelta:
    """Return how long an offer that meets an order, and cannot be bought now, is left alone."""
    return min(AGAIN_FIRST * (1 << min(tries, 10)), AGAIN_LAST)
