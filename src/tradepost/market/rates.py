"""Rates: what a dollar costs in other currencies, in whole millionths with source and age (rules.md 13)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tradepost.db import Reader, Tx
from tradepost.rules.money import MILLION
from tradepost.rules.refusals import Conflicting, Malformed

USD = "USD"
QUOTED = ("EUR", "RUB", "PLN")
MILLIONTHS_MAX = 10**15
SOURCE_CHARS_MAX = 100


async def rate(tx: Reader, currency: str, now: datetime, max_age_hours: int) -> int:
    """Return how much of a currency one USD costs, in millionths; `now` is real time, as a rate's age is.

    Raises Malformed for a currency that is not quoted, Conflicting where the rate is absent or too old.
    """
    if currency == USD:
        return MILLION
    if currency not in QUOTED:
        raise Malformed("currency", f"must be one of {USD}, {', '.join(QUOTED)}")
    found = await tx.fetch("SELECT millionths, at FROM rate WHERE currency = $1", currency)
    if not found:
        raise Conflicting(f"There is no exchange rate for {currency} yet; name the price in {USD}.")
    millionths: int
    millionths, at = found[0]["millionths"], found[0]["at"]
    if _is_too_old(at, now, max_age_hours):
        raise Conflicting(
            f"The exchange rate for {currency} is of {at:%Y-%m-%d %H:%M} UTC and too old; name the price in {USD}."
        )
    return millionths


def _is_too_old(at: datetime, now: datetime, max_age_hours: int) -> bool:
    return at < now - timedelta(hours=max_age_hours)


@dataclass(frozen=True, slots=True)
class Rate:
    """What is known of one currency: how much of it one USD costs, who says so, and since when."""

    currency: str
    millionths: int
    source: str
    at: datetime
    is_usable: bool  # not too old


async def known(tx: Reader, now: datetime, max_age_hours: int) -> list[Rate]:
    """Return the rates that there are, in the order of the currencies; `now` is real time."""
    rows = await tx.fetch("SELECT currency, millionths, source, at FROM rate")
    found = {
        row["currency"]: Rate(**dict(row), is_usable=not _is_too_old(row["at"], now, max_age_hours))
        for row in rows
    }
    return [found[currency] for currency in QUOTED if currency in found]


async def set_rate(tx: Tx, currency: str, millionths: int, source: str, now: datetime) -> None:
    """Keep what a dollar costs in a currency; a rate older than the one kept changes nothing."""
    if currency not in QUOTED:
        raise Malformed("currency", f"must be one of {', '.join(QUOTED)}")
    if not 0 < millionths <= MILLIONTHS_MAX:
        raise Malformed("rate", "must be above zero, and below a thousand million for one USD")
    await tx.execute(
        "INSERT INTO rate (currency, millionths, source, at) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (currency) DO UPDATE SET millionths = excluded.millionths, source = excluded.source,"
        " at = excluded.at WHERE rate.at <= excluded.at",
        currency,
        millionths,
        source[:SOURCE_CHARS_MAX],
        now,
    )
