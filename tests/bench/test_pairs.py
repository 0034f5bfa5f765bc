"""Two programs measured in turn: whose turn it is, and what is made of their rounds."""

import pytest

from bench.pairs import Run, alternate, compare
from bench.reads import growth
from bench.rows import Row


def runs(*values: float, busy: float | None = None, cpu_us: float | None = None) -> list[Run]:
    return [Run(value=value, requests=100, busy=busy, cpu_us=cpu_us) for value in values]


async def test_both_sides_are_warmed_up_and_then_have_their_turns() -> None:
    turns: list[tuple[str, float]] = []

    async def ours(seconds: float) -> Run:
        turns.append(("ours", seconds))
        return Run(value=2)

    async def theirs(seconds: float) -> Run:
        turns.append(("theirs", seconds))
        return Run(value=1)

    pair = await alternate(ours, theirs, 2, seconds=5, warm_up_seconds=1)
    assert turns == [("ours", 1), ("theirs", 1), ("ours", 5), ("theirs", 5), ("ours", 5), ("theirs", 5)]
    assert (pair.ratio, pair.spread) == (2, 1)


async def test_an_error_in_any_round_is_one_of_the_pair_also_while_it_warms_up() -> None:
    errors = iter([1, 0, 4])

    async def ours(seconds: float) -> Run:
        return Run(value=seconds, errors=next(errors))

    async def theirs(seconds: float) -> Run:
        return Run(value=seconds, errors=8 if seconds == 1 else 0)

    pair = await alternate(ours, theirs, 2, seconds=5, warm_up_seconds=1)
    assert pair.row(work="page", unit="requests/s").errors == 1 + 4 + 8


def test_the_ratio_is_the_median_of_the_rounds_and_the_spread_is_that_of_their_ratios() -> None:
    pair = compare(runs(10, 30, 22), runs(10, 10, 11))
    assert (pair.ours.value, pair.theirs.value) == (22, 10)
    assert (pair.ratio, pair.spread) == (2, 3)  # 1, 3, 2


def test_of_times_the_shorter_one_is_the_better_one() -> None:
    assert compare(runs(10), runs(30), less_is_better=True).ratio == 3


@pytest.mark.parametrize(
    ("ours_busy", "theirs_busy", "ratio"),
    [(1.0, 0.96, 0.5), (1.0, 0.60, 0.25), (0.60, 1.0, 0.25), (None, None, 0.5)],
)
def test_where_a_core_was_not_full_processor_time_is_compared(
    ours_busy: float | None, theirs_busy: float | None, ratio: float
) -> None:
    pair = compare(runs(50, busy=ours_busy, cpu_us=40), runs(100, busy=theirs_busy, cpu_us=10))
    assert pair.ratio == ratio
    assert ("by throughput 0.50" in pair.note) is (ratio != 0.5)


def test_growth_is_the_processor_time_at_the_greatest_size_by_that_at_the_least() -> None:
    rows = [
        Row(work="page of 20, any", unit="requests/s", ours=1, size=size, ours_cpu_us=us)
        for size, us in ((100_000, 30.0), (5_000_000, 45.0))
    ]
    (row,) = growth(rows)
    assert row.work == "cost of page of 20, any, 100,000 to 5,000,000 offers"
    assert (row.ours, row.theirs, row.goal) == (45, 30, 0.833)
    assert row.ratio == pytest.approx(1 / 1.5)
    assert growth(rows[:1]) == []
