"""Disputes: what one disputed of what one bought, and what is disputed of what one is paid for, with how each stands."""

import msgspec
from starlette.responses import Response

from tradepost.app import App
from tradepost.dialects.fields import Offset
from tradepost.dialects.web.desk import Desk
from tradepost.dialects.web.visits import Page, Visit
from tradepost.market import disputes
from tradepost.market.disputes import DisputeShown
from tradepost.rules.trade import State

DISPUTES = "/account/disputes"
ROWS = 20


class Asked(msgspec.Struct):
    """Where the page begins."""

    offset: Offset = Offset(0)


def stands(one: DisputeShown) -> tuple[str, str]:
    """How a dispute stands, in words and in the colour of its tag."""
    if one.is_open:
        return "an operator looks at it", "wait"
    if one.state is State.FINISHED:
        return "decided: the seller is paid", "good" if not one.is_buyer else ""
    if one.state in (State.CANCELLED, State.REVERSED):
        return "decided: the buyer has his money back", "good" if one.is_buyer else ""
    return "decided: the trade goes on", "far"


async def show(visit: Visit) -> Response:
    """The disputes, the newest first."""
    account_id, first = visit.signed_in().account_id, int(visit.query(Asked).offset)
    found, total = await disputes.of_account(visit.app.db, account_id, first=first, count=ROWS)
    return visit.page(
        "account_disputes.html",
        disputes=[(one, stands(one)) for one in found],
        newer=f"{DISPUTES}?offset={max(0, first - ROWS)}" if first else None,
        older=f"{DISPUTES}?offset={first + ROWS}" if first + ROWS < total else None,
    )


def pages(app: App, desk: Desk) -> list[Page]:
    """The page of disputes."""
    return [Page(app, desk, DISPUTES, get=show)]
