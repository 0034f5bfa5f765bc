"""The user API's calls of who wants to see all that is kept of him, or to have it deleted."""

import msgspec
from starlette.responses import StreamingResponse

from tradepost.dialects.fields import SteamId
from tradepost.dialects.user_api import answers
from tradepost.dialects.user_api.calls import Call, Calls, Content, Method, Nothing
from tradepost.market import leaving, own_data, users
from tradepost.rules.refusals import Conflicting

PER_MINUTE = 5
OTHERS_ID = "Say your own SteamID64, so that nobody is deleted by mistake."


class LeaveAsked(msgspec.Struct):
    """Who is deleted: himself, said once more."""

    steamid: SteamId


async def export_data(call: Call, asked: Nothing) -> Content:
    """Export all that is kept of the user: JSON in a zip, one file for each kind."""
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": 'attachment; filename="tradepost-data.zip"',
    }
    return StreamingResponse(
        own_data.stream(call.app, call.me.account_id), media_type=answers.ZIP, headers=headers
    )


async def delete_account(call: Call, asked: LeaveAsked) -> Content:
    """Delete the user's data: what he said of himself, and whatever acts for him; money rows stay, without him.

    Nobody is deleted who has money, trades or payouts open: the answer says what it is, and nothing was done.
    """
    if asked.steamid != call.me.steamid:
        raise Conflicting(OTHERS_ID)
    account = await users.by_id(call.app.db, call.me.account_id)
    await leaving.leave(call.app, account, actor_id=account.id, reason="asked for by the user")
    return {"message": "Your data are deleted, and you are signed out everywhere."}


CALLS: Calls = {
    "/user/exportData": {
        "POST": Method(export_data, step_up="yes", per_minute=PER_MINUTE, answers=answers.ZIP)
    },
    "/user/deleteAccount": {
        "POST": Method(
            delete_account, scope="sell", step_up="yes", per_minute=PER_MINUTE, answers=answers.Done
        )
    },
}
