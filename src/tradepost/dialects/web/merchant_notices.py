"""A merchant's notices: what became of each, sent again by hand, and tests of where they go."""

from typing import Annotated, Literal

import msgspec
from starlette.responses import Response

from tradepost.app import App
from tradepost.dialects.fields import ID_MAX, Id, Offset
from tradepost.dialects.shapes import COMMAS
from tradepost.dialects.web.addresses import OwnPath
from tradepost.dialects.web.desk import Desk
from tradepost.dialects.web.merchant import HOME
from tradepost.dialects.web.merchant_payments import ROWS, paged
from tradepost.dialects.web.visits import Page, Visit
from tradepost.market import notices, receivers, subjects
from tradepost.market.notices import NoticesQuery
from tradepost.rules.refusals import NotFound

NOTICES = f"{HOME}/notices"
Kind = Literal["ipn", "webhook"]
State = Literal["waiting", "delivered", "set_aside"]


class Asked(msgspec.Struct):
    """Which notices, and which page of them."""

    kinds: Annotated[list[Kind], COMMAS] = []
    states: Annotated[list[State], COMMAS] = []
    offset: Offset = Offset(0)


async def show(visit: Visit) -> Response:
    """The merchant's notices, newest first, each with every attempt."""
    app, account_id, asked = visit.app, visit.signed_in().account_id, visit.query(Asked)
    query = NoticesQuery(
        kinds=tuple(asked.kinds) or None,
        states=tuple(asked.states) or None,
        limit=ROWS,
        offset=int(asked.offset),
    )
    told, total = await notices.page(app, account_id, query)
    given = {"kinds": ",".join(asked.kinds), "states": ",".join(asked.states)}
    return visit.page(
        "merchant_notices.html",
        told=told,
        subjects=await subjects.of(app.db, [row.id for row, _ in told]),
        asked=given,
        ipn=await receivers.read(app.db, account_id, "ipn"),
        webhook=await receivers.read(app.db, account_id, "webhook"),
        **paged(NOTICES, given, query.offset, total),
    )


class Again(msgspec.Struct):
    """Which notice, and where its page is."""

    id: Id
    back: OwnPath = OwnPath(NOTICES)


async def resend(visit: Visit) -> Response:
    """Send a notice again, now."""
    visitor, asked = visit.signed_in(), await visit.form(Again)
    if asked.id > ID_MAX:
        raise NotFound("You have no such notice.")
    await notices.resend(visit.app, visitor.account_id, int(asked.id))
    return visit.redirect(str(asked.back))


class Testing(msgspec.Struct):
    """Which of the merchant's receivers is tried."""

    kind: Kind


async def test(visit: Visit) -> Response:
    """Send a test notice, once; it stands in the list at once."""
    visitor, asked = visit.signed_in(), await visit.form(Testing)
    await notices.ping(visit.app, visitor.account_id, kind=asked.kind)
    return visit.redirect(NOTICES)


def pages(app: App, desk: Desk) -> list[Page]:
    """The page of notices and its forms."""
    return [
        Page(app, desk, NOTICES, get=show),
        Page(app, desk, f"{NOTICES}/resend", post=resend, home=NOTICES),
        Page(app, desk, f"{NOTICES}/test", post=test, home=NOTICES),
    ]
