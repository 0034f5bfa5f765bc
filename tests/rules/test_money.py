"""Money: what is a price and what is not, and that no rounding ever makes a cent out of nothing."""

import sys
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tradepost.rules import money

CENTS = st.integers(0, money.CENTS_MAX)
BPS = st.integers(0, money.BPS - 1)
RATES = st.integers(1, 10**12)  # a millionth of a unit for a dollar, up to a million units

PRICES = [
    ("0", 0),
    ("0.0", 0),
    ("0.01", 1),
    ("0.1", 10),
    ("0.29", 29),  # 0.29 * 100 is 28.999999999999996 in floats
    ("1", 100),
    ("1.1", 110),
    ("3.14", 314),
    ("10", 1000),
    ("19.99", 1999),  # int(19.99 * 100) is 1998
    ("9999999", 999_999_900),
    ("9999999.99", 999_999_999),
]

# What a parser of numbers lets through, and a parser of prices must not.
_WORDS = r"""
    . .. - + 0. .5 1. 1..2 1.2.3 1,5 1'000 1;2 1/2 1:2 1=1 1-- [1] [] {} 'x' %31 &#49; \x31 $1 1$ €1 USD1 1%
    NaN nan sNaN Infinity -Infinity inf -inf ∞ null None true false 0x10 0b1 0o7 1_000 1_0 1f 1d 1L
    1e3 1E3 1e400 1E-400 1e-2 0e0 -0 -0.0 -1 -0.01 +1 +0.5 --1 (1) 1-
    0.001 0.005 1.000 3.141 9999999.999 0.00000000001 00 01 00.10 0001 007
    10000000 99999999 10000000.00 1000000000 9223372036854775807 9223372036854775808
"""
NOT_PRICES = [*_WORDS.split(), "", " ", "1" * 5000, "9" * 400 + ".99", "1 000", "1 or 1=1", "\ud800", "\x00"]
# Before, after and inside a price; among them what regular expressions and int() forgive.
STRAY = " \t\n\r\v\f\x00\x1c\x7f\x85\xa0\u2003\u2028\u200b\u202e\ufeff\ud800'\""


@pytest.mark.parametrize(("text", "cents"), PRICES)
def test_a_price_is_read_to_the_cent(text: str, cents: int) -> None:
    assert money.read_cents(text) == cents


@pytest.mark.parametrize("text", NOT_PRICES, ids=ascii)
def test_what_is_not_a_price_is_refused_and_never_rounded(text: str) -> None:
    assert money.read_cents(text) is None


@pytest.mark.parametrize("stray", STRAY, ids=ascii)
def test_nothing_stands_before_after_or_inside_a_price(stray: str) -> None:
    for text in (f"{stray}1.50", f"1.50{stray}", f"1{stray}.50", f"1.{stray}50", f"1.5{stray}"):
        assert money.read_cents(text) is None


def test_digits_of_other_scripts_are_no_digits() -> None:
    numeric = {"Nd", "Nl", "No"}
    foreign = [c for c in map(chr, range(128, sys.maxunicode + 1)) if unicodedata.category(c) in numeric]
    assert len(foreign) > 1000
    for digit in foreign:
        assert (
            money.read_cents(digit) is money.read_cents(f"1{digit}") is money.read_cents(f"0.{digit}") is None
        )


@given(st.text(max_size=12))
@example("1" * 8)
def test_whatever_is_read_as_a_price_spells_that_price(text: str) -> None:
    cents = money.read_cents(text)
    if cents is not None:
        assert 0 <= cents <= money.CENTS_MAX
        # Only zeros at the end may differ between what was sent and what we would write.
        sent = text.rstrip("0").rstrip(".") if "." in text else text
        assert sent == money.write_shortest(cents)


@given(CENTS)
def test_a_price_that_was_written_is_read_back(cents: int) -> None:
    assert money.read_cents(money.write_cents(cents)) == cents
    assert money.read_cents(money.write_shortest(cents)) == cents


@pytest.mark.parametrize(
    ("cents", "two_decimals", "shortest"),
    [
        (0, "0.00", "0"),
        (1, "0.01", "0.01"),
        (10, "0.10", "0.1"),
        (100, "1.00", "1"),
        (1000, "10.00", "10"),
        (1830, "18.30", "18.3"),
        (10000, "100.00", "100"),
        (10050, "100.50", "100.5"),
        (-5, "-0.05", "-0.05"),
        (-1000, "-10.00", "-10"),
    ],
)
def test_money_is_written_in_two_ways(cents: int, two_decimals: str, shortest: str) -> None:
    assert money.write_cents(cents) == two_decimals
    assert money.write_shortest(cents) == shortest


@pytest.mark.parametrize(
    ("price", "bps", "fee"),
    [
        (1, 500, 1),
        (2, 500, 1),
        (20, 500, 1),
        (21, 500, 2),
        (100, 500, 5),
        (666, 500, 34),
        (1, 0, 0),
        (100, 1, 1),
    ],
)
def test_the_fee_is_a_share_rounded_up(price: int, bps: int, fee: int) -> None:
    assert money.fee_cents(price, bps) == fee


@given(CENTS, BPS)
def test_a_fee_is_never_less_than_its_share_and_less_than_a_cent_more(price: int, bps: int) -> None:
    fee = money.fee_cents(price, bps)
    assert price * bps <= fee * money.BPS < price * bps + money.BPS
    assert 0 <= fee <= price


@given(BPS)
@example(0)
@example(500)
@example(9_999)
def test_the_least_price_leaves_a_cent_and_a_cent_less_leaves_none(bps: int) -> None:
    least = money.least_price_cents(bps)
    assert least - money.fee_cents(least, bps) == 1
    assert (least - 1) - money.fee_cents(least - 1, bps) < 1


def test_the_least_price_is_two_cents_at_five_percent() -> None:
    assert money.least_price_cents(500) == 2


@pytest.mark.parametrize("bps", [-1, 10_000, 20_000])
def test_a_fee_that_leaves_nothing_has_no_least_price(bps: int) -> None:
    with pytest.raises(ValueError, match="fee"):
        money.least_price_cents(bps)


@given(CENTS, RATES)
@example(1, 1)
@example(999_999_999, 92_150_000)
@example(1, 920_000)
def test_a_round_trip_between_currencies_never_gains(cents: int, rate: int) -> None:
    assert money.to_usd_cents(money.from_usd_cents(cents, rate), rate) <= cents
    assert money.from_usd_cents(money.to_usd_cents(cents, rate), rate) <= cents


@given(CENTS, RATES)
def test_an_exchange_loses_less_than_a_cent(cents: int, rate: int) -> None:
    usd = money.to_usd_cents(cents, rate)
    assert usd * rate <= cents * money.MILLION < (usd + 1) * rate


@given(CENTS)
def test_a_dollar_is_a_dollar(cents: int) -> None:
    assert money.to_usd_cents(cents, money.MILLION) == cents
    assert money.from_usd_cents(cents, money.MILLION) == cents


@given(CENTS, CENTS, RATES)
def test_more_money_is_never_worth_less(one: int, other: int, rate: int) -> None:
    less, more = sorted((one, other))
    assert money.to_usd_cents(less, rate) <= money.to_usd_cents(more, rate)


@given(RATES)
@example(10_000_000)
def test_a_rate_that_was_written_is_read_back(rate: int) -> None:
    assert money.read_rate(money.write_rate(rate)) == rate


@pytest.mark.parametrize(
    ("text", "millionths"),
    [
        ("1", 1_000_000),
        ("0.92", 920_000),
        ("92.15", 92_150_000),
        ("0.000001", 1),
        ("999999999.999999", 10**15 - 1),
        ("0", None),
        ("0.000000", None),
        ("0.0000001", None),
        ("1.1234567", None),
        ("-1", None),
        ("1e2", None),
        ("NaN", None),
        ("01", None),
        ("1\n", None),
        ("\uff11", None),
        ("1000000000", None),
        ("", None),
    ],
)
def test_a_rate_is_a_plain_decimal_above_zero(text: str, millionths: int | None) -> None:
    assert money.read_rate(text) == millionths


@given(CENTS, st.integers(0, 300_000))
def test_a_share_is_rounded_up_by_less_than_a_cent(cents: int, bps: int) -> None:
    share = money.share_cents(cents, bps)
    assert cents * bps <= share * money.BPS < cents * bps + money.BPS
