"""What an account has on sale and what it sold by the day: from the totals of days, whatever lies behind them."""

from datetime import UTC, date, datetime, timedelta

from past import trades
from stock import Stock
from tradepost.db import Db
from tradepost.market import stats
from tradepost.market.stats import OnSale, Sums
from tradepost.rules.chart import ONE, Day

TODAY = date(2026, 11, 21)
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SETTLES = timedelta(days=8)  # after the begin of a past


async def sold(db: Db, stock: Stock, seller: int, *days_ago: int, price_cents: int = 100) -> int:
    """A trade that settled on each of these days; their buyer."""
    buyer = await stock.person(deposit_cents=price_cents * len(days_ago))
    for ago in days_ago:
        begin = NOON - SETTLES - timedelta(days=ago)
        await trades(db, buyer, seller, 1, price_cents=price_cents, begin=begin, step=timedelta(0))
    return buyer


async def test_what_is_on_sale_is_counted_with_its_prices(db: Db) -> None:
    stock = Stock(db)
    ann, ben = await stock.person(), await stock.person()
    assert await stats.on_sale(db, ann) == OnSale(0, 0)
    for price in (100, 250):
        await stock.offer(ann, price)
    reserved = await stock.offer(ann, 999)
    await stock.offer(ben, 7, payee_id=ann)  # ben lets her sell it
    await stock.offer(ben, 5_000)
    await db.execute("UPDATE offer SET state = 'ended', ended_reason = 'Taken back.' WHERE id = $1", reserved)
    assert await stats.on_sale(db, ann) == OnSale(3, 357)


async def test_a_chart_has_every_day_and_what_was_bought_and_sold_on_it(db: Db) -> None:
    stock = Stock(db)
    ann = await stock.person()
    buyer = await sold(db, stock, ann, 0, 2, 2, 6, 7, 29, 30)
    week = await stats.days(db, ann, "1W", TODAY)
    assert [(TODAY - one.day).days for one in week] == [6, 5, 4, 3, 2, 1, 0]
    assert [one.sold_cents for one in week] == [100, 0, 0, 0, 200, 0, 100]
    assert {one.bought_cents for one in week} == {0}
    month = await stats.days(db, buyer, "1M", TODAY)
    assert [(TODAY - one.day).days for one in month if one.bought_cents] == [29, 7, 6, 2, 0]
    assert len(month) == 30
    assert len(await stats.days(db, ann, "1Y", TODAY)) == 365
    everything = await stats.days(db, ann, "All", TODAY)
    assert everything[0] == Day(TODAY - 30 * ONE, 0, 100)
    assert len(everything) == 31


async def test_sales_add_up_over_spans_that_touch(db: Db) -> None:
    stock = Stock(db)
    ann = await stock.person()
    assert await stats.sums(db, ann, TODAY) == Sums(0, 0, 0, 0, 0, 0)
    for ago, cents in ((0, 100), (6, 200), (7, 400), (13, 800), (14, 1_600), (29, 3_200), (30, 6_400), (59, 12_800), (60, 25_600), (324, 51_200), (325, 102_400)):  # fmt: skip
        await sold(db, stock, ann, ago, price_cents=cents)
    found = await stats.sums(db, ann, TODAY)
    assert found.week_cents == 100 + 200
    assert found.previous_week_cents == 400 + 800
    assert found.month_cents == 100 + 200 + 400 + 800 + 1_600 + 3_200
    assert found.previous_month_cents == 6_400 + 12_800
    assert found.all_cents == 204_700
    assert found.year_cents == found.all_cents - 102_400  # settled on the last day of the year before


async def test_another_s_sales_are_not_in_it(db: Db) -> None:
    stock = Stock(db)
    ann, ben = await stock.person(), await stock.person()
    await sold(db, stock, ann, 1)
    assert (await stats.sums(db, ben, TODAY)).all_cents == 0
    assert await stats.days(db, ben, "All", TODAY) == []
