"""The user API's calls about sales: what is on sale, and what was sold and bought by the day."""

from typing import Any

import msgspec

from tradepost.dialects.user_api.calls import Call, Calls, Content, Method, Nothing
from tradepost.dialects.user_api.sales_answers import SalesChart, SalesInfos
from tradepost.dialects.user_api.sales_fields import Mark, PeriodWord
from tradepost.market import stats

CHART_MARKS = (
    "chart_only",
    "chart",
)  # there at all, whatever they say: `?chart_only` and `?chart_only=`, too


class ChartAsked(msgspec.Struct):
    """Which chart, and whether the sums beside it are not wanted."""

    period: PeriodWord = PeriodWord("1M")
    chart_only: Mark | None = None
    chart: Mark | None = None


async def infos(call: Call, asked: Nothing) -> Content:
    """How many items an account has on sale, and for how much."""
    found = await stats.on_sale(call.app.db, call.subject.account_id)
    return {"informations": {"nb": found.count, "price": found.cents, "user": call.subject.steamid}}


async def chart(call: Call, asked: ChartAsked) -> Content:
    """What an account bought and sold on each day of a period, and for how much it sold in some spans of time.

    A sale counts on the day on which it settled, with its whole price.
    """
    tx, account_id, today = call.app.db, call.subject.account_id, stats.today(call.app)
    days = await stats.days(tx, account_id, asked.period.period, today)
    graph = [{"date": str(one.day), "buy": one.bought_cents, "sale": one.sold_cents} for one in days]
    informations: dict[str, Any] = {"graph": graph}
    if not any(mark in call.query for mark in CHART_MARKS):
        sums = await stats.sums(tx, account_id, today)
        informations = {
            "week": sums.week_cents,
            "month": sums.month_cents,
            "global": sums.all_cents,
            "previousWeek": sums.previous_week_cents,
            "previousMonth": sums.previous_month_cents,
            "currentYear": sums.year_cents,
            **informations,
        }
    return {"informations": informations}


CALLS: Calls = {
    "/user/getSalesInfos": {"GET": Method(infos, others=True, answers=SalesInfos)},
    "/user/getSalesChartInfos": {"GET": Method(chart, others=True, answers=SalesChart)},
}
