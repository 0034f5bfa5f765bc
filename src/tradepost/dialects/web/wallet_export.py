"""Exports: what one sold, bought, and what moved one's money, as CSV; how far each is stands on the page."""

from collections.abc import Mapping
from typing import Literal

import msgspec
from starlette.responses import Response, StreamingResponse

from tradepost.app import App
from tradepost.dialects.pace import Pace
from tradepost.dialects.web.desk import Desk
from tradepost.dialects.web.visits import Page, Visit
from tradepost.market import exports
from tradepost.market.export_rows import Kind

EXPORT, FILE = "/wallet/export", "/wallet/export/file"
PER_MINUTE = 10
SHOWN = 10
KINDS: Mapping[Kind, tuple[str, str]] = {
    "sales": (
        "Sales",
        "Each item that was sold for you: its price, the fee, what you got, and how it ended.",
    ),
    "purchases": ("Purchases", "Each item that you bought, and how it ended."),
    "balance": ("Movements of money", "Each movement of what you can spend, with what you had after it."),
}
STATES: Mapping[str, tuple[str, str]] = {
    "running": ("being written", "wait"),
    "done": ("done", "good"),
    "broken": ("broken off", "bad"),
}


class Asked(msgspec.Struct):
    """What is exported."""

    kind: Literal["sales", "purchases", "balance"]


class ExportPage:
    """The page of exports of one server."""

    def __init__(self) -> None:
        self._pace = Pace(PER_MINUTE)

    async def show(self, visit: Visit) -> Response:
        """What can be exported, and how far the newest exports are."""
        app, account_id = visit.app, visit.signed_in().account_id
        found = await exports.latest(app.db, account_id, app.real_now(), SHOWN)
        return visit.page(
            "wallet_export.html",
            part="list",
            kinds=KINDS,
            exports=found,
            states=STATES,
            is_running=any(one.state == "running" for one in found),
        )

    async def send(self, visit: Visit) -> Response:
        """An export as a file, written while it is sent."""
        app, account_id = visit.app, visit.signed_in().account_id
        asked = await visit.form(Asked)
        self._pace.count(account_id, app.real_now())
        async with app.db.transaction() as tx:
            token = await exports.make_token(tx, account_id, account_id, app.real_now())
        download = await exports.begin(app, token, asked.kind)
        headers = {
            "Cache-Control": "no-store",
            "Content-Disposition": f'attachment; filename="tradepost-{asked.kind}.csv"',
            "X-Accel-Buffering": "no",
        }
        return StreamingResponse(
            exports.stream(app, download), media_type="text/csv; charset=utf-8", headers=headers
        )


def pages(app: App, desk: Desk) -> list[Page]:
    """The page of exports, and their file."""
    page = ExportPage()
    return [
        Page(app, desk, EXPORT, get=page.show),
        Page(app, desk, FILE, post=page.send, home=EXPORT),
    ]
