"""Growth: a curve says by itself whether it grows faster than its work, and a past that is made has books that add up."""

from pathlib import Path

import pytest

from bench.growth import page, past
from bench.growth.points import Cost, Curve, Curves, cost
from bench.rows import Row
from stock import Stock
from tradepost.db import Db
from tradepost.market import trade_counts


def curve(work: float, *points: tuple[int, float]) -> Curve:
    return Curve("a page", "microseconds", work, points=[(size, Cost(at, at, at)) for size, at in points])


@pytest.mark.parametrize(
    ("work", "points", "exponent", "faster"),
    [
        (0.0, ((10, 5.0), (100, 5.0), (1_000, 5.0)), 0.0, False),
        (0.0, ((10, 5.0), (100, 5.0), (1_000, 50.0)), 1.0, True),  # the last step counts, not all of them
        (1.0, ((10, 5.0), (1_000, 500.0)), 1.0, False),
        (1.0, ((10, 5.0), (1_000, 50_000.0)), 2.0, True),
        (0.0, ((10, 50.0), (1_000, 5.0)), -0.5, False),
    ],
)
def test_a_curve_says_how_it_grows(
    work: float, points: tuple[tuple[int, float], ...], exponent: float, faster: bool
) -> None:
    made = curve(work, *points)
    assert made.exponent == pytest.approx(exponent)
    assert made.grows_faster is faster
    last = made.rows("python -m bench growth x")[-1]
    assert last.reached is not faster and f"exponent {exponent:.2f}" in last.note


def test_of_one_size_there_is_no_telling() -> None:
    made = curve(0.0, (10, 5.0))
    assert made.exponent is None and not made.grows_faster
    assert made.rows("x")[0].reached is None


def test_a_cost_is_the_middle_of_what_was_measured_and_four_fifths_of_it() -> None:
    found = cost([float(n) for n in range(1, 12)])
    assert (found.median, found.low, found.high) == (6.0, 2.0, 10.0)
    assert cost([3.0]) == Cost(3.0, 3.0, 3.0)


def test_a_table_takes_the_place_of_the_one_before_and_of_nothing_else(tmp_path: Path) -> None:
    where = tmp_path / "growth.md"
    where.write_text(
        "Before.\n<!-- growth: x -->\nold\n<!-- end -->\n<!-- growth: y -->\nother\n<!-- end -->\n"
    )
    curves = Curves("x", "rows")
    for size, at in ((10, 1.0), (1_000, 123_456.0)):
        curves.add("a page", size, Cost(at, at, at), "microseconds")
    page.write_page(
        curves, where, Row(work="", unit="", ours=0, command="COMMAND", date="D", commit="C", machine="M")
    )
    text = where.read_text()
    assert text.startswith("Before.\n<!-- growth: x -->\n| rows | 10 | 1 k | exponent | its work |\n")
    assert (
        "| a page, microseconds | 1 | 123,000 | **2.55** | 0 |" in text
        and "`COMMAND`, D UTC, commit C; M." in text
    )
    assert "old" not in text and "<!-- growth: y -->\nother\n<!-- end -->\n" in text


async def test_a_past_is_as_long_as_asked_for_and_its_books_add_up(
    db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past, "CHUNK", 150)
    monkeypatch.setattr(past, "STEADY", 20)
    monkeypatch.setattr(past, "REST_SECONDS", 0.0)
    stock = Stock(db)
    buyers = [await stock.person(deposit_cents=500) for _ in range(4)]
    sellers = [await stock.person(balance_cents=7) for _ in range(3)]
    items = [await stock.item(f"P250 | Past {n}") for n in range(5)]
    made = past.Past(db, buyers, sellers, items)
    for length in (100, 400):  # the second time upon what is there
        await made.grow(length)
        assert await db.value("SELECT count(*) FROM trade") == length
        assert await trade_counts.count(db, "t.buyer_id = $1", buyers[0]) == length // 2
        assert await trade_counts.count(db, "t.buyer_id = $1", buyers[1]) == 20
    assert await db.value("SELECT max(at) FROM sale") < made.now
    assert await db.value("SELECT count(*) FROM sale WHERE steam_item_id = $1", items[1]) == 20
