"""Which skins are proposed for an amount: few, enough, and not much more than that."""

from itertools import combinations

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
        ([5000, 120, 80, 30], 100, [120]),  # one, although two would exceed it by less
        ([5000, 80, 30], 100, [80, 30]),  # not the one that is worth fifty times as much
        ([5000, 4000], 100, [4000]),  # unless there is nothing else
        ([500, 200, 200, 200, 200, 200], 1000, [500, 200, 200, 200]),
        ([950, 400, 300, 200, 100, 60, 50], 1000, [950, 50]),
        ([600, 450, 200, 200, 200, 200, 200], 1000, [600, 450]),  # two, and never five to the cent
        ([700, 500, 450, 300], 1000, [700, 300]),
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


@given(CENTS, st.integers(1, 20_000))
def test_no_smaller_number_reaches_it_but_by_far_too_much(net_cents: list[int], target_cents: int) -> None:
    places = preselect(net_cents, target_cents, 250)
    dearest = sorted(net_cents, reverse=True)
    for many in range(1, len(places)):
        # As many of the dearest are too little; or any that are enough are half as much again.
        enough = [sum(some) for some in combinations(dearest[:8], many) if sum(some) >= target_cents]
        assert all(2 * together > 3 * target_cents for together in enough)


@pytest.mark.parametrize("target_cents", [150_000, 99_700, 240_000, 1])
def test_a_big_inventory_is_looked_through_at_once(target_cents: int) -> None:
    places = preselect([number % 997 + 1 for number in range(20_000)], target_cents, 250)
    assert 0 < len(places) <= 250


def test_two_hundred_cheap_skins_are_taken_where_it_needs_them() -> None:
    places = preselect([5, 4, 3] * 300, 1_200, 250)
    assert len(places) == 240
    assert preselect([5, 4, 3] * 300, 1_300, 250) == []
