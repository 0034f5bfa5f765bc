"""How often somebody may call: exact at odd limits, bounded in memory, the tighter limit first."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.config import Settings
from tradepost.dialects.pace import Allowance, Pace, Paces, limits
from tradepost.rules.client_address import neighbours
from tradepost.rules.refusals import TooManyRequests

START = datetime(2026, 1, 1, tzinfo=UTC)


def used(pace: Pace, now: datetime, most: int) -> int:
    """How many calls in a row are let through."""
    for number in range(most):
        try:
            pace.count(1, now)
        except TooManyRequests:
            return number
    return most


def test_a_pace_allows_a_burst_and_then_an_even_stream() -> None:
    pace, now = Pace(60), START
    assert used(pace, now, 100) == 60
    with pytest.raises(TooManyRequests) as caught:
        pace.count(1, now)
    assert caught.value.retry_after_seconds == 1
    pace.count(2, now)
    assert used(pace, now + timedelta(seconds=1), 100) == 1
    assert used(pace, now + timedelta(hours=1), 100) == 60


@given(st.integers(1, 1_000), st.integers(0, 600))
def test_whatever_the_limit_a_minute_lets_exactly_so_many_through(limit: int, seconds: int) -> None:
    pace = Pace(limit)
    assert used(pace, START, limit + 1) == limit
    later = START + timedelta(seconds=seconds)
    assert used(pace, later, limit + 1) == min(limit, limit * seconds // 60)


@given(st.integers(1, 50), st.lists(st.integers(0, 10_000_000), max_size=100))
def test_no_minute_has_more_than_twice_its_calls_and_a_wait_is_no_longer_than_needed(
    limit: int, pauses: list[int]
) -> None:
    pace, now, let = Pace(limit), START, []
    for pause in pauses:
        now += timedelta(microseconds=pause)
        left = pace.look(1, now)
        assert (left.remaining > 0) == (left.wait_seconds == 0)
        if left.wait_seconds:
            # After the wait there is room; a whole second before its end there was none.
            assert pace.look(1, now + timedelta(seconds=left.wait_seconds)).remaining > 0
            assert pace.look(1, now + timedelta(seconds=left.wait_seconds - 1)).remaining == 0
        else:
            after = pace.take(1, now)
            assert after.remaining == left.remaining - 1
            let.append(now)
        full = pace.look(1, now + timedelta(seconds=pace.look(1, now).full_seconds))
        assert full.remaining == limit
    for first in let:
        assert sum(first <= one < first + timedelta(minutes=1) for one in let) <= 2 * limit


def test_a_pace_forgets_who_has_not_called_for_longest() -> None:
    pace = Pace(1, callers_max=10)
    for caller in range(1_000):
        pace.count(caller, START)
    assert len(pace._used_until) == 10
    with pytest.raises(TooManyRequests):
        pace.count(995, START)
    pace.count(0, START)


def test_a_clock_that_was_set_back_locks_nobody_out_for_longer_than_a_minute() -> None:
    pace = Pace(60)
    assert used(pace, START + timedelta(days=1), 100) == 60
    assert pace.look(1, START).wait_seconds == 1
    assert pace.look(1, START).full_seconds == 60


def test_the_tighter_of_two_limits_is_told_and_what_is_too_many_is_not_counted() -> None:
    settings = Settings(requests_per_minute=10, buys_per_minute=3, reads_per_minute=100)
    paces = Paces(settings)
    told = [paces.count(1, "buy", START) for _ in range(5)]
    assert [(one.limit, one.remaining, refused) for one, refused in told] == [
        (3, 2, False),
        (3, 1, False),
        (3, 0, False),
        (3, 0, True),
        (3, 0, True),
    ]
    assert told[-1][0] == Allowance(3, 0, full_seconds=60, wait_seconds=20)
    read = [paces.count(1, "read", START) for _ in range(8)]
    assert [(one.limit, one.remaining, refused) for one, refused in read] == [
        *((10, left, False) for left in range(6, -1, -1)),
        (10, 0, True),
    ]
    assert paces.count(2, "buy", START)[0].remaining == 2
    assert set(limits(settings)) == {"all", "read", "sell", "buy", "steam", "stream"}


@pytest.mark.parametrize(
    ("address", "whom"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("unknown", ""),
        ("1.2.3.4.5", ""),
    ],
)
def test_a_household_of_ipv6_is_one_neighbourhood(address: str, whom: str) -> None:
    assert neighbours(address) == whom


def test_wrong_tokens_are_counted_by_neighbourhood() -> None:
    paces = Paces(Settings(wrong_tokens_per_minute=2))
    for last in ("1", "2"):
        paces.wrong(f"2001:db8::{last}", START)
    with pytest.raises(TooManyRequests) as caught:
        paces.wrong("2001:db8::3", START)
    assert caught.value.retry_after_seconds == 30
    paces.wrong("2001:db8:0:1::3", START)
