"""A merchant's payments: what each order brought, skin by skin, and every attempt at telling him of it."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

import msgspec
from starlette.responses import Response

from tradepost.app import App
from tradepost.dialects.fields import ID_MAX, Id, Offset, OrderId, Since, Until
from tradepost.dialects.shapes import COMMAS
from tradepost.dialects.web.desk import Desk
from tradepost.dialects.web.merchant import HOME
from tradepost.dialects.web.visits import Page, Visit
from tradepost.market import gateways, inspection, notices, subjects
from tradepost.market.inspection import PaymentShown, PaymentsQuery
from tradepost.market.notices import NoticesQuery
from tradepost.rules.refusals import NotFound

PAYMENTS, ONE = f"{HOME}/payments", f"{HOME}/payments/{{id}}"
ROWS = 50  # on a page
NOTICES_MAX = 200  # of one payment: the newest
NO_PAYMENT = "You have no such payment."
# How a skin stands, in words and in the colour of its tag.
SKINS: Mapping[str, tuple[str, str]] = {
    "on_sale": ("waits for a buyer", ""),
    "sold": ("bought, being sent", "far"),
    "sent": ("offered to the buyer on Steam", "far"),
    "accepted": ("accepted by the buyer", "far"),
    "protected": ("protected by Steam", "wait"),
    "credited": ("settled", "good"),
    "withdrawn": ("withdrawn by the player", ""),
    "ended": ("not on sale any more", ""),
    "reversed": ("taken back", "bad"),
}
STATES: Mapping[str, tuple[str, str]] = {
    "open": ("open", ""),
    "active": ("on sale or under way", "far"),
    "closed": ("closed", ""),
}


class Asked(msgspec.Struct):
    """Which payments, and which page of them."""

    order_id: OrderId | None = None
    states: Annotated[list[Literal["open", "active", "closed"]], COMMAS] = []
    date_from: Since | None = None
    date_to: Until | None = None
    offset: Offset = Offset(0)


async def show(visit: Visit) -> Response:
    """The merchant's payments, newest first."""
    app, account_id, asked = visit.app, visit.signed_in().account_id, visit.query(Asked)
    query = PaymentsQuery(
        order_ids=(str(asked.order_id),) if asked.order_id else None,
        states=tuple(asked.states) or None,
        time_from=asked.date_from,
        time_to=asked.date_to,
        limit=ROWS,
        offset=int(asked.offset),
    )
    found, total = await inspection.page(app, account_id, query)
    given = {
        "order_id": asked.order_id or "",
        "states": ",".join(asked.states),
        "date_from": f"{asked.date_from:%Y-%m-%d}" if asked.date_from else "",
        "date_to": f"{asked.date_to:%Y-%m-%d}" if asked.date_to else "",
    }
    return visit.page(
        "merchant_payments.html",
        payments=found,
        on_sale_cents=on_sale_cents,
        words=STATES,
        asked=given,
        has_gateway=await gateways.read(app.db, account_id) is not None,
        **paged(PAYMENTS, given, query.offset, total),
    )


class AskedOne(msgspec.Struct):
    """Which payment."""

    id: Id


async def show_one(visit: Visit) -> Response:
    """One payment, its skins, and every notice of it with every attempt."""
    app, account_id, asked = visit.app, visit.signed_in().account_id, visit.query(AskedOne)
    if asked.id > ID_MAX:
        raise NotFound(NO_PAYMENT)
    found, _ = await inspection.page(app, account_id, PaymentsQuery(ids=(int(asked.id),), limit=1))
    if not found:
        raise NotFound(NO_PAYMENT)
    query = NoticesQuery(payment_ids=(int(asked.id),), limit=NOTICES_MAX)
    told, total = await notices.page(app, account_id, query)
    return visit.page(
        "merchant_payment.html",
        one=found[0],
        on_sale_cents=on_sale_cents(found[0]),
        told=told,
        subjects=await subjects.of(app.db, [row.id for row, _ in told]),
        total=total,
        words=STATES,
        skin_words=SKINS,
        link=f"{app.settings.base_url}/en/pay?token={found[0].payment.token}",
    )


def on_sale_cents(one: PaymentShown) -> int:
    """What a payment would bring of what nobody has bought yet."""
    return sum(skin.net_cents for skin in one.skins if skin.state == "on_sale")


def paged(path: str, given: Mapping[str, str], offset: int, total: int) -> dict[str, Any]:
    """What a list's template needs to lead to the pages beside it."""

    def link(at: int) -> str:
        values = {name: value for name, value in given.items() if value} | ({"offset": str(at)} if at else {})
        return f"{path}?{urlencode(values)}" if values else path

    return {
        "first": offset + 1,
        "last": min(offset + ROWS, total),
        "total": total,
        "newer": link(max(0, offset - ROWS)) if offset else None,
        "older": link(offset + ROWS) if offset + ROWS < total else None,
    }


def pages(app: App, desk: Desk) -> list[Page]:
    """The pages of payments."""
    return [Page(app, desk, PAYMENTS, get=show), Page(app, desk, ONE, get=show_one)]
