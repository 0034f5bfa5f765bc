"""Charts have all their days."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.rules import chart
from tradepost.rules.chart import DAYS, ONE, PERIODS, Day, Period

TODAY = date(2026, 11, 21)


@pytest.mark.parametrize(("period", "count"), DAYS.items())
def test_a_period_has_so_many_days_and_today_is_the_last(period: Period, count: int) -> None:
    found = list(chart.filled([], chart.first_day(period, TODAY), TODAY))
    assert len(found) == count
    assert found[-1] == Day(TODAY, 0, 0)


def test_all_begins_with_the_first_trade_and_is_empty_without_one() -> None:
    assert chart.first_day("All", TODAY) is None
    assert list(chart.filled([], None, TODAY)) == []
    traded = [Day(TODAY - 3 * ONE, 5, 0), Day(TODAY - ONE, 0, 7)]
    assert list(chart.filled(traded, None, TODAY)) == [
        traded[0],
        Day(TODAY - 2 * ONE, 0, 0),
        traded[1],
        Day(TODAY, 0, 0),
    ]


@given(st.sets(st.integers(0, 400)), st.sampled_from(list(PERIODS.values())))
def test_every_day_is_there_once_in_order_and_no_trade_is_lost(ago: set[int], period: Period) -> None:
    first = chart.first_day(period, TODAY)
    traded = [Day(TODAY - timedelta(days=n), n + 1, n + 2) for n in sorted(ago, reverse=True)]
    traded = [one for one in traded if first is None or one.day >= first]
    found = list(chart.filled(traded, first, TODAY))
    assert [one for one in found if one.bought_cents] == traded
    begin = first or (traded[0].day if traded else TODAY + ONE)
    assert [one.day for one in found] == [begin + n * ONE for n in range((TODAY - begin).days + 1)]


@pytest.mark.parametrize("today", [date(2026, 1, 1), date(2028, 2, 29), date(2026, 12, 31)])
def test_spans_touch_and_do_not_overlap(today: date) -> None:
    at = chart.spans(today)
    assert (today - at.week).days == 6
    assert (at.week - at.previous_week).days == 7
    assert (today - at.month).days == 29
    assert (at.month - at.previous_month).days == 30
    assert at.year == date(today.year, 1, 1)
