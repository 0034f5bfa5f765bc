"""Alerts, reviews and messages: what one is told, the newest first, until one has read it."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from starlette.responses import Response

from tradepost.app import App
from tradepost.dialects.fields import ID_MAX, Id, Offset
from tradepost.dialects.web.desk import Desk
from tradepost.dialects.web.visits import Page, Visit
from tradepost.market import alerts, messages

ALERTS = "/account/alerts"
ROWS = 30
What = Literal["alerts", "reviews", "messages"]
KINDS: Mapping[What, tuple[str, str]] = {
    "alerts": ("Alerts", "What came to an end: payouts, deposits, disputes, what your buy orders bought."),
    "reviews": ("Reviews", "Who looks at your money now, and how far that is."),
    "messages": ("Messages", "What operators of this market wrote to you."),
}


class Asked(msgspec.Struct):
    """Which of the three, and where the page begins."""

    what: What = "alerts"
    offset: Offset = Offset(0)
    before: Id | None = None


class Read(msgspec.Struct):
    """What one has read: an alert, or all of a kind up to the newest that the page showed."""

    what: What
    id: Id | None = None
    last: Id | None = None


async def show(visit: Visit) -> Response:
    """A page of one of the three, with how much is unread of each."""
    asked, account_id = visit.query(Asked), visit.signed_in().account_id
    counts = await alerts.counts(visit.app.db, account_id)
    unread = {
        "alerts": counts.alerts,
        "reviews": counts.reviews,
        "messages": await messages.unread(visit.app.db, account_id),
    }
    rows = await (_messages if asked.what == "messages" else _alerts)(visit, account_id, asked)
    return visit.page("account_alerts.html", part="list", what=asked.what, kinds=KINDS, unread=unread, **rows)


async def _alerts(visit: Visit, account_id: int, asked: Asked) -> dict[str, Any]:
    kind: alerts.Kind = "alert" if asked.what == "alerts" else "review"
    first = int(asked.offset)
    found, total = await alerts.page(visit.app.db, account_id, kind, first=first, count=ROWS)
    older = f"{ALERTS}?what={asked.what}&offset={first + ROWS}" if first + ROWS < total else None
    rows = [(one.id, one.text, one.at, one.closed_at is not None) for one in found]
    return {"rows_": rows, "older": older, "is_first": not first}


async def _messages(visit: Visit, account_id: int, asked: Asked) -> dict[str, Any]:
    before = None if asked.before is None else min(asked.before, ID_MAX)
    found = await messages.page(visit.app.db, account_id, before=before, limit=ROWS + 1)
    older = f"{ALERTS}?what=messages&before={found[ROWS - 1].id}" if len(found) > ROWS else None
    rows = [(one.id, one.text, one.at, one.read_at is not None) for one in found[:ROWS]]
    return {"rows_": rows, "older": older, "is_first": before is None}


async def read(visit: Visit) -> Response:
    """Note what one has read."""
    app, account_id = visit.app, visit.signed_in().account_id
    asked = await visit.form(Read)
    last = None if asked.last is None else min(asked.last, ID_MAX)
    async with app.db.transaction() as tx:
        if asked.what == "messages":
            await messages.read_up_to(tx, account_id, last, app.real_now())
        elif asked.what == "reviews":
            await alerts.close_reviews(tx, account_id, app.now())
        elif asked.id is not None:
            await alerts.close_alert(tx, account_id, min(asked.id, ID_MAX), app.now())
        else:
            await alerts.close_alerts(tx, account_id, last or ID_MAX, app.now())
    return visit.redirect(f"{ALERTS}?what={asked.what}")


def pages(app: App, desk: Desk) -> list[Page]:
    """The page of what one is told, and the form that says it is read."""
    return [
        Page(app, desk, ALERTS, get=show),
        Page(app, desk, f"{ALERTS}/read", post=read, home=ALERTS),
    ]
