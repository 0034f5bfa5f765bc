"""Money is whole cents inside and text at the edge; every way between the two, and every rounding, is here.

Nothing in here is ever a float: a float cannot hold 0.29, and a cent lost in a ledger is lost for good.
"""

import re

CENTS_MAX = 999_999_999  # 9,999,999.99: the largest price the grammar can spell
MILLION = 1_000_000
BPS = 10_000

# The text as sent, never a number that was made of it. ASCII only: \d would take digits of other scripts.
_PRICE = re.compile(r"(0|[1-9][0-9]{0,6})(?:\.([0-9]{1,2}))?", re.ASCII)


def read_cents(text: str) -> int | None:
    """Return the cents that a decimal text says, or None when it is not a price (contract.md, `Price`).

    "3", "3.1" and "3.14" are prices; "03", "3.", "3.141", "1e3", " 3", "NaN" and full-width digits are not.
    """
    match = _PRICE.fullmatch(text)
    if match is None:
        return None
    whole, part = match.group(1), match.group(2) or ""
    return int(whole) * 100 + int(part.ljust(2, "0"))


def write_cents(cents: int) -> str:
    """Return cents as a text with two decimals: 1830 is "18.30"."""
    sign, cents = ("-", -cents) if cents < 0 else ("", cents)
    return f"{sign}{cents // 100}.{cents % 100:02d}"


def write_shortest(cents: int) -> str:
    """Return cents as the shortest decimal, as JSON numbers are spelled: 10000 is "100", 10050 is "100.5"."""
    text = write_cents(cents)
    return text.rstrip("0").rstrip(".")


def fee_cents(price_cents: int, fee_bps: int) -> int:
    """Return the market's fee on a price: the share in 1/10000, rounded up to a cent for the market."""
    return (price_cents * fee_bps + BPS - 1) // BPS


def least_price_cents(fee_bps: int) -> int:
    """Return the least price that leaves the seller a cent after the fee (rules.md 11): 2 at 5 %.

    What is left of a price is price x (1 - share), rounded down, so a fee of everything has no least price.
    """
    if not 0 <= fee_bps < BPS:
        raise ValueError("a fee lies between nothing and less than the whole price")
    return -(-BPS // (BPS - fee_bps))


def to_usd_cents(cents: int, rate_millionths: int) -> int:
    """Return what an amount is worth in USD cents, rounded down (rules.md 13).

    The rate is units of the currency for one USD, in whole millionths.
    """
    return cents * MILLION // rate_millionths


def from_usd_cents(usd_cents: int, rate_millionths: int) -> int:
    """Return USD cents in another currency, rounded down, so that a round trip never gains a cent."""
    return usd_cents * rate_millionths // MILLION


def write_rate(rate_millionths: int) -> str:
    """Return a rate as the shortest decimal: 92_150_000 is "92.15", 1_000_000 is "1"."""
    whole, part = divmod(rate_millionths, MILLION)
    return f"{whole}.{part:06d}".rstrip("0").rstrip(".")


def read_rate(text: str) -> int | None:
    """Return a rate's whole millionths from its decimal text, or None when it is not one above zero."""
    match = re.fullmatch(r"(0|[1-9][0-9]{0,8})(?:\.([0-9]{1,6}))?", text, re.ASCII)
    if match is None:
        return None
    return int(match.group(1)) * MILLION + int((match.group(2) or "").ljust(6, "0")) or None


def share_cents(cents: int, bps: int) -> int:
    """Return a share of an amount, rounded up: what a floor of so many 1/10000 of the Steam price demands."""
    return (cents * bps + BPS - 1) // BPS
