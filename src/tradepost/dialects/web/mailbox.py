"""The demo's mailbox: all mails of its town, as none of them leaves the house; elsewhere there is no such page."""

import msgspec
from starlette.responses import Response

from tradepost.app import App
from tradepost.dialects.fields import Whole
from tradepost.dialects.web.desk import Desk
from tradepost.dialects.web.visits import Page, Visit
from tradepost.market import mails

MAILBOX = "/demo/mail"
MAILS_MAX = 50  # of a page


class MailboxAsked(msgspec.Struct):
    """Which page of the mails."""

    page: Whole = Whole(0)


async def show(visit: Visit) -> Response:
    """The mails of the town, the newest first."""
    page = visit.query(MailboxAsked).page
    found = await mails.latest(visit.app.db, limit=MAILS_MAX + 1, offset=page * MAILS_MAX)
    return visit.page("mailbox.html", mails=found[:MAILS_MAX], page=page, more=len(found) > MAILS_MAX)


def pages(app: App, desk: Desk) -> list[Page]:
    """The mailbox, in a demo."""
    return [Page(app, desk, MAILBOX, get=show)] if app.settings.mode == "demo" else []
