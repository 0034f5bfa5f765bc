"""v2's calls about the webhook: where it is, of what it tells, and whether it answers."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from tradepost.dialects.fields import Code, Flag, Url
from tradepost.dialects.shadowpay.answers import Count, Moment, Shown, Success
from tradepost.dialects.shadowpay.calls import Call, Content, Nothing
from tradepost.dialects.shadowpay.v2.notices import EventType, one_notice
from tradepost.dialects.shadowpay.words import maybe
from tradepost.dialects.shapes import COMMAS
from tradepost.market import idempotency, notices, receivers, second_factor
from tradepost.market.idempotency import Claim
from tradepost.market.receivers import Put, Receiver
from tradepost.market.telling import moment
from tradepost.rules import notice

NO = Flag(0)
EVERY = (*notice.TYPES, *notice.PAYMENT_TYPES)

# What is answered --------------------------------------------------------------------------------------------


class WebhookRow(Shown):
    """Where notices go, and of what they tell."""

    url: str
    events: list[EventType]
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


# The webhook -------------------------------------------------------------------------------------------------


async def webhook(call: Call, asked: Nothing) -> Content:
    """Where notices go, and of what they tell; never the secret."""
    found = await receivers.read(call.app.db, call.caller.account_id)
    return {"data": None if found is None else _webhook(found)}


class WebhookAsked(msgspec.Struct):
    """Where notices shall go, and of what they shall tell."""

    url: Url
    events: Annotated[list[EventType], COMMAS] = []
    rotate_secret: Flag = NO
    code: Code | None = None


async def set_webhook(call: Call, asked: WebhookAsked) -> Content:
    """Set the webhook, for all events of trades where none is named; the secret is shown when it is new, and never again.

    Events of payments with skins are told where they are named, beside the IPN that goes to your callback.
    """
    claim = call.claim(_set_again)
    await _prove(call, claim, asked.code)
    done = await receivers.put(
        call.app,
        call.caller.account_id,
        str(asked.url),
        [type_ for type_ in EVERY if type_ in (asked.events or notice.TYPES)],
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
    claim = call.claim(one_notice)
    return one_notice(await notices.ping(call.app, call.caller.account_id, claim))


def _webhook(found: Receiver) -> dict[str, Any]:
    return {
        "url": found.url,
        "events": found.types,
        "time_set": moment(found.set_at),
        "old_secret_until": maybe(found.old_secret_until),
        "is_silent": found.silent_at is not None,
    }
