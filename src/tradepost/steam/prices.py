"""Prices as Steam writes them for people, read as cents: `$1,234.56`, `0,56€`, `1.234,--€`, `2,24zł`."""

import re

TEXT_CHARS_MAX = 40
DIGITS_MAX = 12

_AMOUNT = re.compile(r"[0-9][0-9., \u00a0\u202f'\u2019]*(?:--)?", re.ASCII)
_GROUPED = re.compile(r"[0-9]{1,3}(?:([., \u00a0\u202f'\u2019])[0-9]{3}(?:\1[0-9]{3})*)?|[0-9]+", re.ASCII)
_FRACTION = re.compile(r"(.*)[.,]([0-9]{1,2}|--)", re.ASCII)


def price_cents(text: str) -> int | None:
    """Hundredths of the currency in a price, whatever its signs; None if it has no one reading.

    A point or comma before one or two digits begins the fraction; before three it separates thousands, for
    Steam writes no thousandths.
    """
    amounts = _AMOUNT.findall(text) if len(text) <= TEXT_CHARS_MAX else []
    if len(amounts) != 1:
        return None
    amount = amounts[0].strip(" \u00a0\u202f").rstrip(".,")  # the point of an abbreviated name
    whole, cents = amount, "00"
    if fraction := _FRACTION.fullmatch(amount):
        whole, cents = fraction[1], fraction[2].replace("--", "00").ljust(2, "0")
    if not _GROUPED.fullmatch(whole):
        return None
    digits = re.sub(r"[^0-9]", "", whole)
    return int(digits) * 100 + int(cents) if len(digits) <= DIGITS_MAX else None


def count(text: str | None) -> int | None:
    """A number of sales, such as `1,234`; None if it is none."""
    digits = re.sub(r"[,. \u00a0\u202f]", "", text or "")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= DIGITS_MAX else None
