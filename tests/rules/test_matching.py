"""Who buys what next: by hand, and held against a slow model that looks at every pair there is."""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradepost.rules.matching import (
    AGAIN_LAST,
    Fill,
    Match,
    Offer,
    Order,
    again_in,
    counts,
    keeps_place,
    meets,
    next_fill,
)
from tradepost.rules.trade import State

RICH = 10**9


def an_order(number: int, price_cents: int, **changes: object) -> Order:
    """An order of the person of its number, placed in the order of these numbers."""
    values: dict[str, object] = {
        "id": number, "account_id": 100 + number, "price_cents": price_cents, "reach_cents": price_cents,
        "place": number, "amount": 1, "purse_cents": RICH, **changes,
    }  # fmt: skip
    return Order(**values)  # type: ignore[arg-type] # each of its field's kind


def an_offer(number: int, price_cents: int, payee_id: int = 1, seller_id: int = 1) -> Offer:
    return Offer(number, price_cents, payee_id, seller_id)


def test_an_offer_sells_to_the_best_price_and_at_its_own() -> None:
    match = next_fill([an_order(1, 90), an_order(2, 100), an_order(3, 95)], [an_offer(7, 80)])
    assert match == Match(Fill(2, 7, 80))


def test_of_equal_prices_the_oldest_is_first_whatever_its_id() -> None:
    orders = [an_order(1, 100, place=9), an_order(2, 100, place=4), an_order(3, 100, place=6)]
    assert next_fill(orders, [an_offer(7, 100)]).fill == Fill(2, 7, 100)


def test_the_cheapest_offer_is_sold_first_and_of_equal_ones_the_older() -> None:
    offers = [an_offer(9, 50), an_offer(8, 40), an_offer(7, 40)]
    assert next_fill([an_order(1, 60)], offers).fill == Fill(1, 7, 40)


@pytest.mark.parametrize(
    ("order", "offer"),
    [
        (an_order(1, 99), an_offer(7, 100)),
        (an_order(1, 100, amount=0), an_offer(7, 100)),
        (an_order(1, 100, reach_cents=99), an_offer(7, 100)),
        (an_order(1, 100), an_offer(7, 100, payee_id=101)),
        (an_order(1, 100), an_offer(7, 100, seller_id=101)),
        (an_order(1, 100, took=frozenset({7})), an_offer(7, 100)),
    ],
    ids=[
        "too dear",
        "nothing wanted",
        "asleep for it",
        "listed by oneself",
        "one's own item",
        "taken before",
    ],
)
def test_an_order_does_not_buy(order: Order, offer: Offer) -> None:
    assert not meets(order, offer)
    assert next_fill([order], [offer]) == Match(None)
    # And it keeps nobody from it.
    assert next_fill([order, an_order(2, 100)], [offer]).fill == Fill(2, 7, offer.price_cents)


def test_who_cannot_pay_is_named_once_with_the_least_he_could_not_pay_and_the_next_buys() -> None:
    orders = [an_order(1, 100, purse_cents=79), an_order(2, 99, purse_cents=0), an_order(3, 90)]
    match = next_fill(orders, [an_offer(8, 85), an_offer(7, 80)])
    assert match == Match(Fill(3, 7, 80), ((1, 80), (2, 80)))
    assert next_fill(orders[:2], [an_offer(8, 85), an_offer(7, 80)]) == Match(None, ((1, 80), (2, 80)))


def test_who_was_not_next_in_line_stays_awake() -> None:
    """His wallet is nobody's concern while another buys."""
    assert next_fill([an_order(1, 100), an_order(2, 90, purse_cents=0)], [an_offer(7, 80)]).poor == ()


# The slow model ----------------------------------------------------------------------------------------------

PRICES = st.integers(1, 6)
PEOPLE = st.integers(1, 5)


@st.composite
def books(draw: st.DrawFn) -> tuple[list[Order], list[Offer]]:
    offers = [
        Offer(number, draw(PRICES), draw(PEOPLE), draw(PEOPLE)) for number in range(1, draw(st.integers(0, 5)) + 1)
    ]  # fmt: skip
    places = draw(st.permutations(range(1, 6)))
    orders = []
    for number in range(1, draw(st.integers(0, 5)) + 1):
        price = draw(PRICES)
        took = frozenset(draw(st.sets(st.integers(1, 5), max_size=1)))
        orders.append(
            Order(number, number, price, draw(st.integers(0, price)) if draw(st.booleans()) else price, places[number - 1],
                  draw(st.integers(1, 3)), draw(st.integers(0, 8)), took)
        )  # fmt: skip
    return orders, offers


def slowly(orders: list[Order], offers: list[Offer]) -> Match:
    """Every pair there is, by the words of the rule: none but the best may buy, and none before the cheapest is sold."""
    pairs = [(offer, order) for offer in offers for order in orders if meets(order, offer)]
    payable = [(offer, order) for offer, order in pairs if order.purse_cents >= offer.price_cents]

    def comes_first(pair: tuple[Offer, Order], other: tuple[Offer, Order]) -> bool:
        (offer, order), (offer2, order2) = pair, other
        if offer.id != offer2.id:
            return (offer.price_cents, offer.id) < (offer2.price_cents, offer2.id)
        return (-order.price_cents, order.place) < (-order2.price_cents, order2.place)

    best = [pair for pair in payable if not any(comes_first(other, pair) for other in payable)]
    assert len(best) <= 1
    fill = Fill(best[0][1].id, best[0][0].id, best[0][0].price_cents) if best else None
    passed_over = [pair for pair in pairs if pair not in payable and (not best or comes_first(pair, best[0]))]
    poor = {order.id: min(o.price_cents for o, b in passed_over if b is order) for _, order in passed_over}
    return Match(fill, tuple(sorted(poor.items())))


@given(books())
def test_the_rule_decides_as_the_slow_model(book: tuple[list[Order], list[Offer]]) -> None:
    match = next_fill(*book)
    assert Match(match.fill, tuple(sorted(match.poor))) == slowly(*book)


@given(books())
@settings(max_examples=200)
def test_filled_to_the_end_nobody_was_passed_over_and_no_offer_sold_twice(
    book: tuple[list[Order], list[Offer]],
) -> None:
    orders, offers = {order.id: order for order in book[0]}, {offer.id: offer for offer in book[1]}
    wanted = {order.id: order.amount for order in book[0]}
    paid: list[int] = []
    while True:
        match = next_fill(orders.values(), offers.values())
        for id_, cents in match.poor:
            assert orders[id_].purse_cents < cents <= orders[id_].reach_cents
            orders[id_] = _changed(orders[id_], reach_cents=cents - 1)
        if match.fill is None:
            break
        order, offer = orders[match.fill.order_id], offers.pop(match.fill.offer_id)
        paid.append(offer.price_cents)
        assert match.fill.price_cents == offer.price_cents <= order.price_cents
        for other in orders.values():
            better = (-other.price_cents, other.place) < (-order.price_cents, order.place)
            assert not (better and meets(other, offer) and other.purse_cents >= offer.price_cents)
        left = order.purse_cents - offer.price_cents
        assert left >= 0
        orders[order.id] = _changed(order, amount=order.amount - 1, purse_cents=left)
    assert all(0 <= order.amount <= wanted[order.id] for order in orders.values())
    assert all(a <= b for a, b in pairwise(paid))
    # What is left on sale, nobody who wants it can pay: or he would have bought it.
    assert not [1 for order in orders.values() for offer in offers.values()
                if meets(order, offer) and order.purse_cents >= offer.price_cents]  # fmt: skip


def _changed(order: Order, **changes: int) -> Order:
    values = {name: getattr(order, name) for name in Order.__slots__}
    return Order(**(values | changes))


# What became of it -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "causer", "is_bought"),
    [
        *((state, None, True) for state in State if state not in (State.CANCELLED, State.REVERSED)),
        (State.CANCELLED, "seller", False),
        (State.CANCELLED, None, False),
        (State.CANCELLED, "buyer", True),
        (State.REVERSED, "seller", False),
        (State.REVERSED, None, True),
        (State.REVERSED, "buyer", True),
    ],
)  # fmt: skip
def test_what_did_not_come_by_the_seller_s_fault_is_wanted_again(
    state: State, causer: str | None, is_bought: bool
) -> None:
    assert counts(state, causer) is is_bought  # type: ignore[arg-type] # one of the two, or none


@pytest.mark.parametrize(
    ("before", "after", "keeps"),
    [
        ((100, 5), (100, 5), True),
        ((100, 5), (100, 1), True),
        ((100, 5), (100, 6), False),
        ((100, 5), (99, 5), False),
        ((100, 5), (101, 1), False),
    ],
)
def test_who_wants_more_or_pays_otherwise_goes_to_the_end_of_the_line(
    before: tuple[int, int], after: tuple[int, int], keeps: bool
) -> None:
    assert keeps_place(before, after) is keeps


def test_what_cannot_be_bought_yet_is_looked_at_less_and_less_often_but_never_forgotten() -> None:
    waits = [again_in(tries) for tries in range(1_000)]
    assert waits == sorted(waits)
    assert waits[0] == timedelta(seconds=5)
    assert waits[-1] == AGAIN_LAST
