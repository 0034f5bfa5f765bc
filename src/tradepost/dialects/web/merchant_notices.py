"""A merchant's notices: what became of each, sent again by hand, and tests of where they go."""

from functools import partial
from typing import Annotated, Literal
from urllib.parse import urlencode

import msgspec
from starlette.responses import Response
from starlette.types import ASGIApp

from tradepost.app import App
from tradepost.dialects.fields import ID_MAX, Id, Offset
from tradepost.dialects.shapes import COMMAS, Rows
from tradepost.dialects.web.addresses import OwnPath
from tradepost.dialects.web.desk import Desk
from tradepost.dialects.web.live import Looking
from tradepost.dialects.web.merchant import HOME
from tradepost.dialects.web.merchant_payments import ROWS, paged
from tradepost.dialects.web.visits import Page, Visit
from tradepost.market import notices, receivers, subjects
from tradepost.market.notices import NoticesQuery
from tradepost.market.onlookers import Onlooker, Onlookers
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
        followed=_followed(visit.here, [row.id for row, _ in told]),
        subjects=await subjects.of(app.db, [row.id for row, _ in told]),
        asked=given,
        ipn=await receivers.read(app.db, account_id, "ipn"),
        webhook=await receivers.read(app.db, account_id, "webhook"),
        **paged(NOTICES, given, query.offset, total),
    )


# As it changes -----------------------------------------------------------------------------------------------


class Followed(msgspec.Struct):
    """Which notices the page shows, and its address."""

    ids: Annotated[list[Id], COMMAS, Rows(ROWS)] = []
    page: OwnPath = OwnPath(NOTICES)


def _followed(here: str, ids: list[int]) -> str:
    return f"{NOTICES}/live?{urlencode({'ids': ','.join(map(str, ids)), 'page': here})}"


async def follow(onlookers: Onlookers, visit: Visit) -> ASGIApp:
    """What becomes of each notice that the page shows, and that there are newer ones."""
    visitor, app, asked = visit.signed_in(), visit.app, visit.query(Followed)
    ids = tuple(int(one) for one in asked.ids if one <= ID_MAX)
    onlookers.refuse_too_many(visitor.session_id)

    async def parts(_: Onlooker) -> dict[str, object]:
        told, _total = await notices.page(app, visitor.account_id, NoticesQuery(ids=ids))
        about = await subjects.of(app.db, [row.id for row, _ in told])
        made: dict[str, object] = {}
        for row, attempts in told:
            part = visit.page(
                "merchant_notice.html",
                row=row,
                attempts=attempts,
                subject=about.get(row.id),
                back=str(asked.page),
            )
            made[f"notice-{row.id}"] = bytes(part.body).decode()
        _stamps, newest = await notices.stamps(app.db, (), [visitor.account_id])
        # A page that is filtered, or not the first, shows some of them anyway.
        is_behind = asked.page == NOTICES and newest.get(visitor.account_id, 0) > max(ids, default=0)
        fresh = visit.page("merchant_notices_fresh.html", is_behind=is_behind)
        return made | {"fresh": bytes(fresh.body).decode()}

    onlooker = Onlooker(visitor.session_id, visitor.account_id, notice_ids=frozenset(ids))
    return Looking(app, onlookers, onlooker, parts)


# Deeds -------------------------------------------------------------------------------------------------------


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


def pages(app: App, desk: Desk, onlookers: Onlookers) -> list[Page]:
    """The page of notices, its forms, and what keeps it up to date."""
    return [
        Page(app, desk, NOTICES, get=show),
        Page(app, desk, f"{NOTICES}/live", get=partial(follow, onlookers), home=NOTICES),
        Page(app, desk, f"{NOTICES}/resend", post=resend, home=NOTICES),
        Page(app, desk, f"{NOTICES}/test", post=test, home=NOTICES),
    ]
