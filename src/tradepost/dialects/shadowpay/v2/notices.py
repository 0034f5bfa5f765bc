"""v2's calls about what was told: notices of both kinds, every attempt at them, and sending one again."""

from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl

import msgspec
from msgspec import Meta

from tradepost.dialects.fields import ID_MAX, Id, Limit, Offset, OrderId, Since, Until
from tradepost.dialects.shadowpay.answers import Count, IdText, Metadata, Moment, Shown, Success
from tradepost.dialects.shadowpay.calls import Call, Content
from tradepost.dialects.shadowpay.words import maybe, within_ids
from tradepost.dialects.shapes import COMMAS, Also
from tradepost.market import notices
from tradepost.market.notices import Attempt, NoticesQuery, Told
from tradepost.market.telling import moment

NOTICES_MAX = 500  # on a page: each comes with its attempts

TradeType = Literal[
    "trade.created",
    "trade.sent",
    "trade.accepted",
    "trade.protected",
    "trade.finished",
    "trade.cancelled",
    "trade.reversed",
]
PaymentType = Literal["payment.accepted", "payment.credited", "payment.cancelled", "payment.reversed"]
EventType = Literal[TradeType, PaymentType]
AnyType = Literal[EventType, "payment", "ping"]
NoticeKind = Literal["webhook", "ipn"]
NoticeState = Literal["waiting", "delivered", "set_aside"]

# What is answered --------------------------------------------------------------------------------------------


class AttemptRow(Shown):
    """One attempt at a notice."""

    no: Annotated[int, Meta(ge=1)]
    time: Moment
    request: Annotated[
        str,
        Meta(description="Method and address: an IPN's whole address; the body of a webhook is the payload."),
    ]
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
    kind: Annotated[NoticeKind, Meta(description="`ipn` for those that go to the callback of a gateway.")]
    type: Annotated[AnyType, Meta(description="What it tells of; of an IPN `payment`, or `ping` for a test.")]
    payment_id: Annotated[IdText | None, Meta(description="The payment that it tells of, if it is one.")]
    state: NoticeState
    time_created: Moment
    next_attempt: Moment | None
    attempts_left: Count
    payload: Annotated[
        dict[str, Any] | None,
        Meta(description="What is sent, an IPN's parameters as an object; null where it is made at the first attempt."),
    ]  # fmt: skip
    attempts: list[AttemptRow]


class OneNotice(Success):
    """A notice."""

    data: NoticeRow


class Notices(Success):
    """A page of notices, newest first."""

    data: list[NoticeRow]
    metadata: Metadata


# The calls ---------------------------------------------------------------------------------------------------


class NoticesAsked(msgspec.Struct):
    """Which notices, and which page of them."""

    ids: Annotated[list[Id], COMMAS] = []
    kinds: Annotated[list[NoticeKind], COMMAS] = []
    order_ids: Annotated[list[OrderId], COMMAS, Also("order_id")] = []
    payment_ids: Annotated[list[Id], COMMAS] = []
    states: Annotated[list[NoticeState], COMMAS] = []
    types: Annotated[list[AnyType], COMMAS] = []
    date_from: Since | None = None
    date_to: Until | None = None
    limit: Limit = Limit(100)
    offset: Offset = Offset(0)


async def list_notices(call: Call, asked: NoticesAsked) -> Content:
    """The caller's notices, newest first, each with its payload and every attempt at it."""
    query = NoticesQuery(
        ids=known_ids(asked.ids),
        kinds=tuple(asked.kinds) or None,
        order_ids=tuple(map(str, asked.order_ids)) or None,
        payment_ids=known_ids(asked.payment_ids),
        states=tuple(asked.states) or None,
        types=tuple(asked.types) or None,
        time_from=asked.date_from,
        time_to=asked.date_to,
        limit=min(int(asked.limit), NOTICES_MAX),
        offset=int(asked.offset),
    )
    found, total = await notices.page(call.app, call.caller.account_id, query)
    metadata = {"limit": query.limit, "offset": query.offset, "total": total}
    return {"data": [notice_row(one) for one in found], "metadata": metadata}


class NoticeAsked(msgspec.Struct):
    """Which notice."""

    id: Id


async def resend(call: Call, asked: NoticeAsked) -> Content:
    """Send a notice again, now: one that waits is hastened, one that ended goes up the whole ladder anew.

    An IPN is made anew for that: its hash is made with the secret that your site has by now.
    """
    claim = call.claim(one_notice)
    return one_notice(await notices.resend(call.app, call.caller.account_id, within_ids(asked.id), claim))


# Rows --------------------------------------------------------------------------------------------------------


def known_ids(ids: list[Id]) -> tuple[int, ...] | None:
    """Ids as the database can hold them, without those that nothing has; None where none was asked for."""
    return tuple(int(one) for one in ids if one <= ID_MAX) if ids else None


def one_notice(told: Told) -> dict[str, Any]:
    """The answer of a call about one notice."""
    return {"data": notice_row(told)}


def notice_row(told: Told) -> dict[str, Any]:
    """A notice with what is sent and every attempt at it."""
    one, attempts = told
    return {
        "id": str(one.id),
        "webhook_id": one.name,
        "kind": one.kind,
        "type": one.type,
        "payment_id": None if one.payment_id is None else str(one.payment_id),
        "state": one.state,
        "time_created": moment(one.made_at),
        "next_attempt": maybe(one.due_at),
        "attempts_left": one.attempts_most - one.attempts if one.state == "waiting" else 0,
        "payload": _payload(one),
        "attempts": [_attempt(attempt) for attempt in attempts],
    }


def _payload(one: notices.Notice) -> object:
    if one.payload is None:
        return None
    if one.kind == "ipn":
        return dict(parse_qsl(one.payload.decode(), keep_blank_values=True))
    return msgspec.Raw(one.payload)


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
