"""Which skins are proposed for an amount: few, enough, and not much more than that."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.rules.preselection import preselect

CENTS = st.lists(st.integers(1, 5000), max_size=40)


@pytest.mark.parametrize(
    ("net_cents", "target_cents", "taken"),
    [
        ([], 100, []),
        ([100], 0, []),
        ([50, 40], 100, []),  # all are too little: nothing is proposed rather than everything
        ([50, 50], 100, [50, 50]),
        ([5000, 120, 80, 30], 100, [80, 30]),  # not the one that is worth fifty times as much
        ([5000, 101, 80, 30], 100, [101]),
        ([90, 10], 100, [90, 10]),
        ([90, 90, 5], 100, [90, 90]),  # the one that was taken is not taken again
        ([33, 33, 33, 33], 100, [33, 33, 33, 33]),
    ],
)
def test_few_skins_reach_the_amount(net_cents: list[int], target_cents: int, taken: list[int]) -> None:
    assert [net_cents[place] for place in preselect(net_cents, target_cents, 250)] == taken


@given(CENTS, st.integers(1, 20_000))
def test_what_is_proposed_is_enough_and_none_of_it_could_be_left_away(
    net_cents: list[int], target_cents: int
) -> None:
    places = preselect(net_cents, target_cents, 250)
    assert len(set(places)) == len(places)
    together = sum(net_cents[place] for place in places)
    if sum(net_cents) < target_cents:
        assert places == []
    else:
        assert together >= target_cents
        # Without the last one, which completes the sum, it is too little.
        assert together - net_cents[places[-1]] < target_cents


@given(CENTS, st.integers(1, 20_000), st.integers(1, 5))
def test_no_more_are_proposed_than_can_be_put_on_sale_at_once(
    net_cents: list[int], target_cents: int, most: int
) -> None:
    places = preselect(net_cents, target_cents, most)
    assert len(places) <= most
    assert not places or sum(net_cents[place] for place in places) >= target_cents


def test_a_big_inventory_is_looked_through_at_once() -> None:
    places = preselect([number % 997 + 1 for number in range(20_000)], 150_000, 250)
    assert 0 < len(places) <= 250
