"""v2's calls about notices: the webhook that they go to, what became of them, and sending one again."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from tradepost.dialects.fields import ID_MAX, Code, Flag, Id, Limit, Offset, Since, Until, Url
from tradepost.dialects.shadowpay.answers import Count, IdText, Metadata, Moment, Shown, Success
from tradepost.dialects.shadowpay.calls import Call, Content, Nothing
from tradepost.dialects.shadowpay.words import within_ids
from tradepost.dialects.shapes import COMMAS
from tradepost.market import idempotency, notices, receivers, second_factor
from tradepost.market.idempotency import Claim
from tradepost.market.notices import Attempt, NoticesQuery, Told
from tradepost.market.receivers import Put, Receiver
from tradepost.market.telling import moment
from tradepost.rules import notice

NOTICES_MAX = 500  # on a page: each comes with its attempts
NO = Flag(0)

TradeType = Literal[
    "trade.created",
    "trade.sent",
    "trade.accepted",
    "trade.protected",
    "trade.finished",
    "trade.cancelled",
    "trade.reversed",
]
AnyType = Literal[TradeType, "ping"]
NoticeState = Literal["waiting", "delivered", "set_aside"]

# What is answered --------------------------------------------------------------------------------------------


class WebhookRow(Shown):
    """Where notices go, and of what they tell."""

    url: str
    events: list[TradeType]
    time_set: Moment
    old_secret_until: Annotated[Moment | None, Meta(description="Until when the replaced secret signs, too.")]
    is_silent: Annotated[bool, Meta(description="Whether the last attempt ended without any answer.")]


class Webhook(Success):
    """The webhook; null where none is set."""

    data: WebhookRow | None


class WebhookSetRow(WebhookRow):
    """The webhook as it was set."""

    secret: Annotated[str | None, Meta(description="The secret, where it is new: it is shown this once.")]


class WebhookSet(Success):
    """The webhook as it was set."""

    data: WebhookSetRow


class WebhookRemovedRow(Shown):
    """What came of removing it."""

    set_aside: Annotated[Count, Meta(description="Notices that waited for it, and are sent no more.")]


class WebhookRemoved(Success):
    """The webhook was removed."""

    data: WebhookRemovedRow


class AttemptRow(Shown):
    """One attempt at a notice."""

    no: Annotated[int, Meta(ge=1)]
    time: Moment
    request: Annotated[str, Meta(description="Method and address; the body is the notice's payload.")]
    status: Annotated[int | None, Meta(description="The HTTP status of the answer; null where none came.")]
    answer: Annotated[str | None, Meta(description="The answer's first printable characters, 256 at most.")]
    milliseconds: Annotated[
        Count | None, Meta(description="How long it took; null while it is under way, or was cut off.")
    ]
    result: Literal["received", "failed", "unknown"]
    reason: Annotated[str | None, Meta(description="Why it did not count as received, in a sentence.")]


class NoticeRow(Shown):
    """A notice, and every attempt at it."""

    id: IdText
    webhook_id: Annotated[str, Meta(description="What a receiver tells repeats by.")]
    type: AnyType
    state: NoticeState
    time_created: Moment
    next_attempt: Moment | None
    attempts_left: Count
    payload: Annotated[
        dict[str, Any] | None, Meta(description="What is sent; null until the first attempt at a purchase.")
    ]
    attempts: list[AttemptRow]


class OneNotice(Success):
    """A notice."""

    data: NoticeRow


class Notices(Success):
    """A page of notices, newest first."""

    data: list[NoticeRow]
    metadata: Metadata


# The webhook -------------------------------------------------------------------------------------------------


async def webhook(call: Call, asked: Nothing) -> Content:
    """Where notices go, and of what they tell; never the secret."""
    found = await receivers.read(call.app.db, call.caller.account_id)
    return {"data": None if found is None else _webhook(found)}


class WebhookAsked(msgspec.Struct):
    """Where notices shall go, and of what they shall tell."""

    url: Url
    events: Annotated[list[TradeType], COMMAS] = []
    rotate_secret: Flag = NO
    code: Code | None = None


async def set_webhook(call: Call, asked: WebhookAsked) -> Content:
    """Set the webhook, for all events where none is named; the secret is shown when it is new, and never again."""
    claim = call.claim(_set_again)
    await _prove(call, claim, asked.code)
    done = await receivers.put(
        call.app,
        call.caller.account_id,
        str(asked.url),
        [type_ for type_ in notice.TYPES if not asked.events or type_ in asked.events],
        rotate=bool(asked.rotate_secret),
        claim=claim,
    )
    return _set(done)


def _set(done: Put) -> dict[str, Any]:
    return {"data": {**_webhook(done.receiver), "secret": done.secret}}


def _set_again(done: Put) -> dict[str, Any]:
    """What is kept for a repeated request: a secret is shown once."""
    return _set(Put(done.receiver, None))


class RemovalAsked(msgspec.Struct):
    """By what its owner proves that it is he who removes it."""

    code: Code | None = None


async def remove_webhook(call: Call, asked: RemovalAsked) -> Content:
    """Remove the webhook; what waits for it is set aside."""
    claim = call.claim(_removed)
    await _prove(call, claim, asked.code)
    return _removed(await receivers.remove(call.app, call.caller.account_id, claim))


async def _prove(call: Call, claim: Claim[Any] | None, code: str | None) -> None:
    """Ask for a code where the account has a second factor: a token that was stolen must not lead notices elsewhere.

    What was done already under this key is answered again before: its code is used up.
    """
    await idempotency.look(call.app.db, claim)
    await second_factor.demand(call.app, call.caller.account_id, code=code, is_fresh=True)


def _removed(aside: int) -> dict[str, Any]:
    return {"data": {"set_aside": aside}}


async def ping(call: Call, asked: Nothing) -> Content:
    """Send a test notice now, once; look at `/notices` for what became of it."""
    claim = call.claim(_one)
    return _one(await notices.ping(call.app, call.caller.account_id, claim))


def _webhook(found: Receiver) -> dict[str, Any]:
    return {
        "url": found.url,
        "events": found.types,
        "time_set": moment(found.set_at),
        "old_secret_until": _maybe(found.old_secret_until),
        "is_silent": found.silent_at is not None,
    }


# Notices -----------------------------------------------------------------------------------------------------


class NoticesAsked(msgspec.Struct):
    """Which notices, and which page of them."""

    ids: Annotated[list[Id], COMMAS] = []
    states: Annotated[list[NoticeState], COMMAS] = []
    types: Annotated[list[AnyType], COMMAS] = []
    date_from: Since | None = None
    date_to: Until | None = None
    limit: Limit = Limit(100)
    offset: Offset = Offset(0)


async def list_notices(call: Call, asked: NoticesAsked) -> Content:
    """The caller's notices, newest first, each with its payload and every attempt at it."""
    query = NoticesQuery(
        ids=tuple(int(one) for one in asked.ids if one <= ID_MAX) if asked.ids else None,
        states=tuple(asked.states) or None,
        types=tuple(asked.types) or None,
        time_from=asked.date_from,
        time_to=asked.date_to,
        limit=min(int(asked.limit), NOTICES_MAX),
        offset=int(asked.offset),
    )
    found, total = await notices.page(call.app, call.caller.account_id, query)
    metadata = {"limit": query.limit, "offset": query.offset, "total": total}
    return {"data": [_notice(one) for one in found], "metadata": metadata}


class NoticeAsked(msgspec.Struct):
    """Which notice."""

    id: Id


async def resend(call: Call, asked: NoticeAsked) -> Content:
    """Send a notice again, now: one that waits is hastened, one that ended goes up the whole ladder anew."""
    claim = call.claim(_one)
    return _one(await notices.resend(call.app, call.caller.account_id, within_ids(asked.id), claim))


def _one(told: Told) -> dict[str, Any]:
    return {"data": _notice(told)}


def _notice(told: Told) -> dict[str, Any]:
    one, attempts = told
    return {
        "id": str(one.id),
        "webhook_id": one.name,
        "type": one.type,
        "state": one.state,
        "time_created": moment(one.made_at),
        "next_attempt": _maybe(one.due_at),
        "attempts_left": one.attempts_most - one.attempts if one.state == "waiting" else 0,
        "payload": None if one.payload is None else msgspec.Raw(one.payload),
        "attempts": [_attempt(attempt) for attempt in attempts],
    }


def _attempt(one: Attempt) -> dict[str, Any]:
    ended = "received" if one.fault is None else "failed"
    return {
        "no": one.no,
        "time": moment(one.at),
        "request": one.request,
        "status": one.status,
        "answer": one.answer,
        "milliseconds": one.milliseconds,
        "result": "unknown" if one.milliseconds is None else ended,
        "reason": one.fault,
    }


def _maybe(at: datetime | None) -> str | None:
    return None if at is None else moment(at)
