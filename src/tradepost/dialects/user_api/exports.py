"""The user API's calls about exports: a token for them, and the rows as CSV."""

from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import StreamingResponse

from tradepost.dialects.user_api.answers import CSV, Shown
from tradepost.dialects.user_api.calls import Call, Calls, Content, Method, Nothing
from tradepost.dialects.user_api.sales_fields import ExportKind, ExportToken
from tradepost.market import exports

EXPORTS_PER_MINUTE = 30
HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",  # the token stands in the address
}


class ExportAsked(msgspec.Struct):
    """What is exported, and the token that lets it be."""

    token: ExportToken
    type: ExportKind


class TokenMade(Shown):
    """A token for exports."""

    token: Annotated[str, Meta(pattern="^[0-9a-f]{128}$", description="Good for 15 minutes.")]


async def make_token(call: Call, asked: Nothing) -> Content:
    """Make a token for exports, good for 15 minutes; the one that was made before is good no more."""
    async with call.app.db.transaction() as tx:
        token = await exports.make_token(tx, call.subject.account_id, call.me.account_id, call.app.real_now())
    return {"token": token}


async def export(call: Call, asked: ExportAsked) -> Content:
    """Export an account's sales, purchases or movements of money as CSV, the oldest first.

    Whoever has the token may do it. Amounts are in USD; no cell is a formula. One export at a time for each token.
    """
    download = await exports.begin(call.app, asked.token, asked.type.kind)
    headers = {**HEADERS, "Content-Disposition": f'attachment; filename="tradepost-{asked.type.kind}.csv"'}
    return StreamingResponse(
        exports.stream(call.app, download), media_type="text/csv; charset=utf-8", headers=headers
    )


CALLS: Calls = {
    "/user/generateCSVToken": {
        "GET": Method(make_token, others=True, changes=True, per_minute=EXPORTS_PER_MINUTE, answers=TokenMade)
    },
    "/user/exportCSV": {
        "GET": Method(export, who="anybody", changes=True, per_minute=EXPORTS_PER_MINUTE, answers=CSV)
    },
}
