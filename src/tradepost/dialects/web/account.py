"""The sessions of whoever is signed in: where he is signed in, and how to end that."""

import msgspec
from starlette.responses import Response

from tradepost.app import App
from tradepost.dialects.fields import Id
from tradepost.dialects.web.desk import Desk
from tradepost.dialects.web.visits import Page, Visit
from tradepost.market import sessions

SESSIONS, END = "/sessions", "/sessions/end"


class Ended(msgspec.Struct):
    """Which session is to end: one, or all but the one that asks."""

    id: Id | None = None


async def show(visit: Visit) -> Response:
    """Where the visitor is signed in."""
    app, visitor = visit.app, visit.signed_in()
    found = await sessions.of_account(app.db, app.settings, visitor.account_id, app.real_now())
    return visit.page("sessions.html", sessions=found)


async def end(visit: Visit) -> Response:
    """End one of the visitor's sessions, or all others."""
    visitor = visit.signed_in()
    asked = await visit.form(Ended)
    async with visit.app.db.transaction() as tx:
        if asked.id is None:
            await sessions.end_others(tx, visitor.account_id, visitor.session_id)
        else:
            await sessions.end_of_account(tx, visitor.account_id, asked.id)
    return visit.redirect(SESSIONS)


def pages(app: App, desk: Desk) -> list[Page]:
    """The pages of an account's sessions."""
    return [
        Page(app, desk, SESSIONS, get=show),
        Page(app, desk, END, post=end, home=SESSIONS),
    ]
