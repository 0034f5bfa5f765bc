"""The operator's overview: how the market does, what waits for whom and for how long, and the last thirty days as charts."""

from starlette.responses import Response

from tradepost.app import App
from tradepost.dialects.web.admin_desk import HOME, NOTHING, admin, look, page
from tradepost.dialects.web.desk import Desk, seconds_of
from tradepost.dialects.web.visits import Page, Visit
from tradepost.market import daily

# What waits for the worker, in words.
QUEUES = {
    "trades": "Trades that are due",
    "notices": "Notices to merchants",
    "buy_orders": "Offers to be matched with buy orders",
    "operator_alerts": "Alerts to operators",
    "mails": "Mails",
}
LATE_SECONDS = 60  # a queue that old is said in another colour


async def show(visit: Visit) -> Response:
    """The market in figures, some seconds old at most."""
    call = await admin(visit)
    seen = await look(call, "/operator/overview")
    days = await daily.days(call.app)
    x = [seconds_of(one.day) for one in days]
    charts = {
        "ended": [x, [one.finished for one in days], [one.failed for one in days]],
        "volume": [x, [one.volume_cents for one in days]],
        "fees": [x, [one.fees_cents for one in days]],
        "failures": [
            x,
            [one.failed_by_seller for one in days],
            [one.failed_by_buyer for one in days],
            [one.failed_by_nobody for one in days],
            [one.reversed for one in days],
        ],
    }
    return page(
        visit, "admin.html", NOTHING, seen=seen, charts=charts, queues=QUEUES, late_seconds=LATE_SECONDS
    )


def pages(app: App, desk: Desk) -> list[Page]:
    """The overview."""
    return [Page(app, desk, HOME, get=show)]
