"""Prices as people type them, and as our pages print them."""

import pytest

from tradepost.dialects.web.typed import Amount, TypedPrice
from tradepost.rules.money import CENTS_MAX


@pytest.mark.parametrize(
    ("text", "cents"),
    [("3", 300), ("3.1", 310), ("3,14", 314), (" $3.14 ", 314), ("1,500.00", 150_000), ("$9,999,999.99", CENTS_MAX)],
)  # fmt: skip
def test_what_a_page_prints_can_be_typed(text: str, cents: int) -> None:
    assert TypedPrice.read(text).cents == cents
    assert Amount.read(text) == cents


@pytest.mark.parametrize(
    "text",
    ["", "x", "1,50,0", "0,500.00", "1.500,00", "1,500", "10,000,000", "1,500.", "-1", "1e3", "9" * 99, "١"],
)
def test_what_is_no_price_is_none(text: str) -> None:
    assert TypedPrice.read(text).cents is None
    with pytest.raises(ValueError, match="must be"):
        Amount.read(text)
