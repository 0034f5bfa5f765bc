"""Cases: trades that nobody but a person can decide, disputes among them, with all there is to decide each by."""

from collections.abc import Mapping
from typing import Literal

from starlette.responses import Response

from tradepost.app import App
from tradepost.dialects.fields import Id
from tradepost.dialects.operator_api import running
from tradepost.dialects.web.admin_desk import (
    HOME,
    NOTHING,
    Act,
    Done,
    Failed,
    admin,
    asked_of,
    look,
    names,
    page,
)
from tradepost.dialects.web.desk import Desk
from tradepost.dialects.web.visits import Page, Visit
from tradepost.market import disputes, trades
from tradepost.rules import timeline
from tradepost.rules.machine import decide
from tradepost.rules.trade import PUBLIC, Ruled

CASES, ONE = f"{HOME}/disputes", f"{HOME}/disputes/{{id}}"
STATES: Mapping[str, tuple[str, str]] = {
    "created": ("bought", "far"),
    "sending": ("being sent", "far"),
    "needs_confirmation": ("waits for the seller's phone", "wait"),
    "sent": ("offered to the buyer on Steam", "far"),
    "accepted": ("accepted", "far"),
    "protected": ("protected by Steam", "wait"),
    "finished": ("finished", "good"),
    "cancelled": ("cancelled", ""),
    "reversed": ("taken back", "bad"),
}
VERDICTS: Mapping[Literal["refund", "deliver", "settle", "reverse"], tuple[str, str]] = {
    "refund": ("Refund the buyer", "The buyer has his money back, and the trade ends as cancelled."),
    "deliver": ("Say that it was delivered", "The item arrived: the trade goes on to Steam's protection."),
    "settle": (
        "The item is the buyer's",
        "The seller is paid, less the fee; where Steam still protects the trade, a dispute is dismissed and it goes on.",
    ),
    "reverse": (
        "Say that it was taken back",
        "The trade was reversed on Steam: the buyer has his money back.",
    ),
}
DONE = {"ruled": "The trade is decided, and its case is closed.", "closed": "The case is closed."}


async def show(visit: Visit) -> Response:
    """What waits for an operator, the oldest first, each with what its trade is about."""
    call, asked = await admin(visit), asked_of(visit, Done)
    found = await look(call, "/operator/cases")
    views = await trades.read_many(call.app.db, [one.trade_id for one in found])
    said = {one.trade_id: one for one in await disputes.open_disputes(call.app.db)}
    return page(
        visit,
        "admin_cases.html",
        found=found,
        views=views,
        said=said,
        words=STATES,
        done=DONE.get(asked.done or "", ""),
    )


class AskedOne(Done):
    """Which trade."""

    id: Id


async def find(visit: Visit) -> Response:
    """Lead to a trade by its number, whether it waits for anybody or not."""
    await admin(visit)
    return visit.redirect(ONE.format(id=asked_of(visit, AskedOne).id))


async def show_one(visit: Visit, failed: Failed = NOTHING) -> Response:
    """A trade with its evidence, and how it can be decided."""
    call, asked = await admin(visit), asked_of(visit, AskedOne)
    trade = await look(call, "/operator/trades/{id}", running.OfTrade(asked.id))
    view = await trades.read(call.app.db, trade.id)
    terms = trades.terms(call.app.settings, trade.item.project)
    # What is offered is what the machine itself would not refuse.
    verdicts = {
        name: words
        for name, words in VERDICTS.items()
        if view and not decide(view.trade, Ruled(name), call.app.now(), terms).refused
    }
    is_open = any(case.closed_at is None for case in trade.evidence.cases)
    return page(
        visit,
        "admin_case.html",
        failed,
        trade=trade,
        names=await names(call, (trade.seller_steamid, trade.buyer_steamid)),
        is_open=is_open,
        is_over=PUBLIC[trade.state] != "active",
        words=STATES,
        verdicts=verdicts,
        root=ONE.format(id=trade.id),
        what=timeline.what,
        whose=timeline.whose,
        done=DONE.get(asked.done or "", ""),
    )


ACTS = (
    Act(f"{ONE}/rule", "/operator/cases/{id}/rule", show_one, ONE, "ruled"),
    Act(f"{ONE}/close", "/operator/cases/{id}/close", show_one, ONE, "closed"),
)


def pages(app: App, desk: Desk) -> list[Page]:
    """The pages of cases and their forms."""
    return [
        Page(app, desk, CASES, get=show),
        Page(app, desk, f"{HOME}/cases", get=find),
        Page(app, desk, ONE, get=show_one),
        *(act.page(app, desk) for act in ACTS),
    ]
