"""What may be listed and at what price."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.rules.money import CENTS_MAX, fee_cents
from tradepost.rules.offer import (
    CLAUSES,
    Bounds,
    Item,
    PriceTerms,
    Skip,
    bounds,
    max_price_cents,
    part_cents,
    price_fault,
    skip_reason,
    suggested_cents,
    undercut_cents,
)

TERMS = PriceTerms(fee_bps=500)
GOOD = Item(amount=1, tradable=True, sealed=False, steam_price_cents=56, on_sale=False)


@pytest.mark.parametrize(("steam", "most"), [(56, 1680), (52, 1560), (14, 420), (1, 30), (None, 0)])
def test_the_greatest_price_is_thirty_steam_prices_exactly(steam: int | None, most: int) -> None:
    assert max_price_cents(steam, TERMS) == most


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (GOOD, None),
        (replace(GOOD, on_sale=True), Skip.ALREADY_ON_SALE),
        (replace(GOOD, amount=2), Skip.UNSUPPORTED),
        (replace(GOOD, sealed=True, tradable=False), Skip.TRADE_PROTECTED),
        (replace(GOOD, tradable=False), Skip.NOT_TRADABLE),
        (replace(GOOD, steam_price_cents=None), Skip.NO_PRICE),
        # What was said of an item first stays said: each reason hides those after it.
        (Item(7, False, True, None, True), Skip.ALREADY_ON_SALE),
        (Item(7, False, True, None, False), Skip.UNSUPPORTED),
        (Item(1, False, True, None, False), Skip.TRADE_PROTECTED),
        (Item(1, False, False, None, False), Skip.NOT_TRADABLE),
    ],
)
def test_an_item_that_cannot_be_listed_has_its_reason(item: Item, reason: Skip | None) -> None:
    assert skip_reason(item) is reason


def test_every_reason_has_a_clause() -> None:
    assert set(CLAUSES) == set(Skip)


@pytest.mark.parametrize(
    ("steam", "terms", "floor", "least", "most"),
    [
        (100, TERMS, 0, 2, 3000),
        (100, PriceTerms(0), 0, 1, 3000),
        (1, TERMS, 0, 2, 30),
        (100, TERMS, 8000, 80, 3000),
        (101, TERMS, 8000, 81, 3030),  # 80.8: a floor is rounded up, for the one who set it
        (1, TERMS, 8000, 2, 30),  # the fee's least price is above the floor
        (100, TERMS, 300_000, 3000, 3000),
        (999_999_999, TERMS, 0, 2, CENTS_MAX),  # beyond that no price can be spelled
        (100, PriceTerms(500, least_cents=50), 0, 50, 3000),
        (100, PriceTerms(500, least_cents=1), 0, 2, 3000),  # an operator cannot go under what leaves a cent
        (100, PriceTerms(500, most_cents=2000), 0, 2, 2000),
        (100, PriceTerms(500, steam_prices_max=2), 0, 2, 200),
    ],
)
def test_a_price_has_a_least_and_a_greatest(
    steam: int, terms: PriceTerms, floor: int, least: int, most: int
) -> None:
    assert bounds(steam, terms, floor) == Bounds(least, most)


@given(st.integers(1, 10_000_000), st.integers(0, 2000), st.integers(0, 300_000))
def test_both_bounds_are_prices_and_a_cent_beyond_is_none(steam: int, fee: int, floor: int) -> None:
    allowed = bounds(steam, PriceTerms(fee), floor)
    assert allowed.least_cents - fee_cents(allowed.least_cents, fee) >= 1
    assert allowed.least_cents * 10_000 >= steam * floor
    for cents in (allowed.least_cents, allowed.max_cents):
        assert price_fault(cents, allowed) is None
    assert "under the least price" in str(price_fault(allowed.least_cents - 1, allowed))
    assert "over the greatest price" in str(price_fault(allowed.max_cents + 1, allowed))


def test_a_wrong_price_is_told_with_the_right_one() -> None:
    allowed = bounds(100, TERMS, 8000)
    assert price_fault(79, allowed) == "0.79 USD is under the least price, 0.80 USD"
    assert price_fault(3001, allowed) == "30.01 USD is over the greatest price, 30.00 USD"


@pytest.mark.parametrize(
    ("steam", "lowest", "suggested", "undercut", "half"),
    [
        (412, 400, 412, 399, 206),
        (412, 500, 412, 412, 206),  # dearer than Steam is no reason to be dearer, too
        (412, None, 412, 412, 206),
        (412, 2, 412, 2, 206),  # what leaves a cent is the least
        (1, None, 2, 2, 2),
        (3, 3, 3, 2, 2),  # one and a half cents
        (CENTS_MAX, None, CENTS_MAX, CENTS_MAX, (CENTS_MAX + 1) // 2),
    ],
)
def test_prices_that_are_proposed_are_allowed_ones(
    steam: int, lowest: int | None, suggested: int, undercut: int, half: int
) -> None:
    allowed = bounds(steam, TERMS)
    assert suggested_cents(steam, allowed) == suggested
    assert undercut_cents(steam, lowest, allowed) == undercut
    assert part_cents(steam, 50, allowed) == half
    nothing = Bounds(10, 9)
    assert suggested_cents(steam, nothing) == undercut_cents(steam, lowest, nothing) == 0
    assert part_cents(steam, 50, nothing) == 0
