"""Charts: which days a period has, and every one of them there, with zeros where nothing was traded."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

Period = Literal["1W", "1M", "1Y", "All"]
PERIODS: dict[str, Period] = {"1W": "1W", "1M": "1M", "1Y": "1Y", "ALL": "All"}
DAYS: dict[Period, int] = {"1W": 7, "1M": 30, "1Y": 365}
ONE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Day:
    """What an account bought and sold on a day, in cents."""

    day: date
    bought_cents: int
    sold_cents: int


def first_day(period: Period, today: date) -> date | None:
    """The first day of a period that ends today; None where it begins with whatever came first."""
    return None if period == "All" else today - ONE * (DAYS[period] - 1)


def filled(days: Iterable[Day], first: date | None, today: date) -> Iterator[Day]:
    """Every day from the first to today, in order; `days` are those on which something was traded, in order too."""
    for found in days:
        while first is not None and first < found.day:
            yield Day(first, 0, 0)
            first += ONE
        yield found
        first = found.day + ONE
    while first is not None and first <= today:
        yield Day(first, 0, 0)
        first += ONE


@dataclass(frozen=True, slots=True)
class Spans:
    """The first days of the spans of time that sales are added up over, each up to and with today."""

    week: date
    previous_week: date  # up to the day before `week`
    month: date
    previous_month: date
    year: date  # the calendar's


def spans(today: date) -> Spans:
    """The spans as seen from a day: weeks of seven days and months of thirty, as the charts show them."""
    week, month = ONE * DAYS["1W"], ONE * DAYS["1M"]
    return Spans(
        today + ONE - week,
        today + ONE - 2 * week,
        today + ONE - month,
        today + ONE - 2 * month,
        today.replace(month=1, day=1),
    )
