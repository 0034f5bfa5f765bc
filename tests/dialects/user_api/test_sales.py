"""Sales as a user's page and program see them: figures and charts in cents, and another's only to admins."""

from datetime import date, timedelta

import pytest

from dialects.user_api.club import OTHER, USER, Club
from past import trades
from stock import Stock
from tradepost.market import ledger

SUMS = ["week", "month", "global", "previousWeek", "previousMonth", "currentYear"]
SETTLES = timedelta(days=8)  # after a past's begin


async def rich(club: Club, steamid: str = OTHER, cents: int = 1_000_000) -> int:
    """Somebody with a deposit."""
    account_id = await club.account_id(steamid)
    async with club.db.transaction() as tx:
        await ledger.deposit(tx, account_id, cents, f"test-{steamid}", club.app.now())
    return account_id


async def sell(club: Club, count: int = 3, price_cents: int = 431, days_ago: int = 3) -> None:
    """USER sold so many items to OTHER, one an hour, the last of them so many days ago."""
    begin = club.app.now() - SETTLES - timedelta(days=days_ago, hours=count)
    await trades(
        club.db,
        await rich(club),
        await club.account_id(USER),
        count,
        price_cents=price_cents,
        begin=begin,
    )


async def test_what_is_on_sale_has_the_document_s_names_and_types(club: Club) -> None:
    member = await club.program()
    nothing = (await member.get("/user/getSalesInfos")).content
    assert nothing == {"informations": {"nb": 0, "price": 0, "user": USER}}
    stock = Stock(club.db)
    for price in (100, 331):
        await stock.offer(await club.account_id(USER), price)
    found = (await member.get("/user/getSalesInfos")).content
    assert found == {"informations": {"nb": 2, "price": 431, "user": USER}}
    assert (await member.get(f"/user/getSalesInfos/{USER}")).content == found


async def test_a_chart_is_the_month_s_with_all_its_days_in_cents(club: Club) -> None:
    member, other = await club.browser(), await club.browser(OTHER)
    await sell(club, 1, 431)
    found = (await member.get("/user/getSalesChartInfos")).content["informations"]
    assert set(found) == {*SUMS, "graph"}
    assert [found[name] for name in SUMS[:5]] == [431, 431, 431, 0, 0]
    graph, today = found["graph"], club.app.now().date()
    assert [one["date"] for one in graph] == [str(today - timedelta(days=n)) for n in range(29, -1, -1)]
    assert [one for one in graph if one["sale"]] == [
        {"date": str(today - timedelta(days=3)), "buy": 0, "sale": 431}
    ]
    mirrored = (await other.get("/user/getSalesChartInfos", period="1W")).content["informations"]
    assert [one for one in mirrored["graph"] if one["buy"]] == [
        {"date": str(today - timedelta(days=3)), "buy": 431, "sale": 0}
    ]
    assert mirrored["global"] == 0


@pytest.mark.parametrize(
    ("period", "days"),
    [("1W", 7), ("1w", 7), ("1M", 30), ("1m", 30), ("1Y", 365), ("1y", 365), ("", 30), ("All", 13), ("all", 13), ("ALL", 13)],
)  # fmt: skip
async def test_a_period_may_be_written_in_any_case(club: Club, period: str, days: int) -> None:
    member = await club.program()
    await club.browser(OTHER)
    await sell(club, 1, days_ago=12)
    found = (await member.get("/user/getSalesChartInfos", period=period)).content["informations"]
    assert len(found["graph"]) == days
    assert found["global"] == 431


@pytest.mark.parametrize(
    "period", ["2W", "1D", "month", "1M;1W", " 1M", "1MM", "-1", "0", "９", "1W,1M", "x" * 5_000]
)
async def test_another_word_for_a_period_is_named(club: Club, period: str) -> None:
    member = await club.program()
    reply = await member.get("/user/getSalesChartInfos", period=period)
    assert reply.refusal == (300, "period: must be one of 1W, 1M, 1Y, All")
    assert reply.body["field"] == "period"


@pytest.mark.parametrize("mark", ["chart_only", "chart_only=", "chart_only=0", "chart_only=true", "chart", "chart=1"])  # fmt: skip
async def test_the_chart_comes_alone_where_that_is_asked_for_at_all(club: Club, mark: str) -> None:
    member = await club.program()
    found = (await member.get(f"/user/getSalesChartInfos?period=1W&{mark}")).content["informations"]
    assert list(found) == ["graph"]
    assert len(found["graph"]) == 7


async def test_who_never_traded_has_zeros_and_an_empty_all(club: Club) -> None:
    member = await club.program()
    found = (await member.get("/user/getSalesChartInfos", period="all")).content["informations"]
    assert found == {**dict.fromkeys(SUMS, 0), "graph": []}
    week = (await member.get("/user/getSalesChartInfos", period="1W")).content["informations"]["graph"]
    assert {(one["buy"], one["sale"]) for one in week} == {(0, 0)}
    assert date.fromisoformat(week[-1]["date"]) == club.app.now().date()


@pytest.mark.parametrize("path", ["/user/getSalesInfos", "/user/getSalesChartInfos"])
async def test_nobody_who_is_not_connected_sees_any(club: Club, path: str) -> None:
    await club.browser()
    for whose in ("", f"/{USER}", f"/{OTHER}"):
        assert (await club.nobody().get(path + whose)).refusal[0] == 401
