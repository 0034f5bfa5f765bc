"""The user API's calls about messages: what operators wrote to a user, and that he has read it."""

import msgspec

from tradepost.dialects.fields import ID_MAX, Id, Limit
from tradepost.dialects.user_api import answers
from tradepost.dialects.user_api.calls import Call, Calls, Content, Method
from tradepost.market import messages

COUNT_MAX = 50


class MessagesAsked(msgspec.Struct):
    """Which messages: those before one, and how many at most."""

    before: Id | None = None
    count: Limit = Limit(COUNT_MAX)


async def list_messages(call: Call, asked: MessagesAsked) -> Content:
    """What operators wrote to the user, the newest first."""
    before = None if asked.before is None else min(asked.before, ID_MAX)
    found = await messages.page(
        call.app.db, call.me.account_id, before=before, limit=min(asked.count, COUNT_MAX)
    )
    rows = [
        {"id": one.id, "text": one.text, "timestamp": int(one.at.timestamp()), "read": one.read_at is not None}
        for one in found
    ]  # fmt: skip
    return {"messages": rows, "unread": await messages.unread(call.app.db, call.me.account_id)}


class ReadAsked(msgspec.Struct):
    """Up to which message the user has read; without it all."""

    id: Id | None = None


async def read_messages(call: Call, asked: ReadAsked) -> Content:
    """Note that the user has read his messages, up to one of them or all."""
    last = None if asked.id is None else min(asked.id, ID_MAX)
    async with call.app.db.transaction() as tx:
        await messages.read_up_to(tx, call.me.account_id, last, call.app.real_now())
        unread = await messages.unread(tx, call.me.account_id)
    return {"message": "They are read.", "unread": unread}


CALLS: Calls = {
    "/user/getMessages": {"GET": Method(list_messages, answers=answers.Messages)},
    "/user/readMessages": {"POST": Method(read_messages, scope="sell", answers=answers.MessagesRead)},
}
