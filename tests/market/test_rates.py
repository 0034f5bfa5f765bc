"""What a dollar costs elsewhere, and when nobody may rely on it."""

from datetime import timedelta

import pytest

from stock import MARKET_NOW as NOW
from tradepost.db import Db
from tradepost.market import rates
from tradepost.rules.refusals import Conflicting, Malformed

HOURS = 48


async def set_rate(db: Db, currency: str, millionths: int, age_hours: float = 0, source: str = "ecb") -> None:
    async with db.transaction() as tx:
        await rates.set_rate(tx, currency, millionths, source, NOW - timedelta(hours=age_hours))


async def test_a_dollar_is_a_dollar_without_asking(db: Db) -> None:
    assert await rates.rate(db, "USD", NOW, HOURS) == 1_000_000


@pytest.mark.parametrize(
    ("currency", "millionths"), [("EUR", 920_000), ("RUB", 92_150_000), ("PLN", 3_980_000)]
)
async def test_a_rate_is_what_was_set(db: Db, currency: str, millionths: int) -> None:
    await set_rate(db, currency, millionths, age_hours=1)
    assert await rates.rate(db, currency, NOW, HOURS) == millionths
    await set_rate(db, currency, millionths + 1)
    assert await rates.rate(db, currency, NOW, HOURS) == millionths + 1


@pytest.mark.parametrize(
    "currency", ["", "usd", "GBP", "EURO", "EUR ", "EUR\n", "EUR\x00", "\ud800", "€", "x" * 9999], ids=ascii
)
async def test_a_currency_that_is_not_quoted_is_malformed(db: Db, currency: str) -> None:
    with pytest.raises(Malformed) as refused:
        await rates.rate(db, currency, NOW, HOURS)
    assert refused.value.field == "currency"
    assert "USD, EUR, RUB, PLN" in refused.value.sentence


async def test_a_rate_that_nobody_set_is_a_conflict_with_a_way_out(db: Db) -> None:
    with pytest.raises(Conflicting, match="no exchange rate for EUR yet; name the price in USD"):
        await rates.rate(db, "EUR", NOW, HOURS)


async def test_a_rate_is_used_to_its_last_hour_and_not_longer(db: Db) -> None:
    await set_rate(db, "EUR", 920_000, age_hours=HOURS)
    assert await rates.rate(db, "EUR", NOW, HOURS) == 920_000
    with pytest.raises(Conflicting, match="of 2026-11-19 12:00 UTC and too old"):
        await rates.rate(db, "EUR", NOW + timedelta(seconds=1), HOURS)


async def test_an_old_rate_that_arrives_late_replaces_no_newer_one(db: Db) -> None:
    await set_rate(db, "PLN", 4_000_000, age_hours=1)
    await set_rate(db, "PLN", 9_000_000, age_hours=2)
    assert await rates.rate(db, "PLN", NOW, HOURS) == 4_000_000


@pytest.mark.parametrize(
    ("currency", "millionths", "field"),
    [
        ("USD", 1_000_000, "currency"),
        ("GBP", 800_000, "currency"),
        ("EUR", 0, "rate"),
        ("EUR", -1, "rate"),
        ("EUR", 10**16, "rate"),
    ],
)
async def test_an_impossible_rate_is_not_kept(db: Db, currency: str, millionths: int, field: str) -> None:
    with pytest.raises(Malformed) as refused:
        await set_rate(db, currency, millionths)
    assert refused.value.field == field
    assert await db.value("SELECT count(*) FROM rate") == 0


async def test_where_a_rate_came_from_is_kept(db: Db) -> None:
    await set_rate(db, "RUB", 90_000_000, source="x" * 500)
    assert await db.value("SELECT source FROM rate") == "x" * rates.SOURCE_CHARS_MAX
