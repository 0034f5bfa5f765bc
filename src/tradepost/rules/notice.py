"""Notices: what a receiver is told of, when it is tried again, what counts as received, and how it is signed.

Two forms share one ladder: the webhook (Standard Webhooks: a POST of JSON, any 2xx is a success) and the IPN of
payments (a GET whose success is a 2xx with the body `ok`). Every failure is treated alike: the next attempt comes when
the ladder says, and no answer of the receiver makes it come earlier or later, or never. So a 410 is a failure, too: a
receiver is turned off by its owner, not by a program of his that is broken for an hour.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import timedelta

from tradepost.rules.trade import State

# Between one attempt and the next: eight attempts within 33 hours and 57 minutes.
LADDER: tuple[timedelta, ...] = (
    timedelta(minutes=1),
    timedelta(minutes=4),
    timedelta(minutes=12),
    timedelta(minutes=40),
    timedelta(hours=2),
    timedelta(hours=7),
    timedelta(hours=24),
)
ATTEMPTS_MAX = len(LADDER) + 1

CREATED, PING = "trade.created", "ping"
# What a trade's new state is told as; it is in the hands of Steam and its agent before it is sent.
TOLD: dict[State, str] = {
    State.CREATED: CREATED,
    State.SENT: "trade.sent",
    State.ACCEPTED: "trade.accepted",
    State.PROTECTED: "trade.protected",
    State.FINISHED: "trade.finished",
    State.CANCELLED: "trade.cancelled",
    State.REVERSED: "trade.reversed",
}
TYPES = tuple(TOLD.values())
# A skin of a payment; told by webhook only to those who name these, beside the IPN that everybody gets.
PAYMENT = "payment"  # the type of an IPN
PAYMENT_ACCEPTED, PAYMENT_CREDITED = "payment.accepted", "payment.credited"
PAYMENT_CANCELLED, PAYMENT_REVERSED = "payment.cancelled", "payment.reversed"
PAYMENT_TYPES = (PAYMENT_ACCEPTED, PAYMENT_CREDITED, PAYMENT_CANCELLED, PAYMENT_REVERSED)

SECRET_PREFIX = "whsec_"  # noqa: S105 - what secrets begin with
SECRET_BYTES = 32
EXCERPT_CHARS_MAX = (
    256  # of an answer; more of it would make us a window into networks that are not the reader's
)
EXCERPT_BYTES_MAX = 4 * EXCERPT_CHARS_MAX
RECEIVED = b"ok"  # an IPN's receiver says so
NOT_DONE = b"error"  # or that it could not do what it was told


def told_as(before: State, after: State) -> str | None:
    """The type of notice that a change of state is told as; None where nobody is told."""
    return TOLD.get(after) if after is not before else None


# What an answer means ----------------------------------------------------------------------------------------


def webhook_fault(status: int) -> str | None:
    """Why an answer does not count as received, in a sentence; None for one that does."""
    if 200 <= status < 300:  # noqa: PLR2004 - HTTP's own numbers
        return None
    if 300 <= status < 400:  # noqa: PLR2004 - HTTP's own numbers
        return f"The receiver answered {status}; redirects are not followed, so set the address that it leads to."
    return f"The receiver answered {status}; a status from 200 to 299 says that a notice was received."


def ipn_fault(status: int, body: bytes, *, whole: bool) -> str | None:
    """Why an answer to an IPN does not count as received, in a sentence; None for one that does."""
    if fault := webhook_fault(status):
        return fault
    if not whole:
        return "The receiver's answer broke off or was too long; it should be the word ok."
    said = body.strip().lower()
    if said == NOT_DONE:
        return "The receiver answered error; its own log says why."
    if said != RECEIVED:
        return "The receiver answered something else than the word ok."
    return None


def ping_fault(status: int, body: bytes, *, whole: bool) -> str | None:
    """Why a test IPN was not answered as an IPN is, in a sentence; of `error` it says that the receiver was reached.

    It may have refused the order that there is not, or all that it gets, for a wrong secret: from here that looks alike.
    """
    if whole and body.strip().lower() == NOT_DONE and not 300 <= status < 400:  # noqa: PLR2004 - HTTP's own numbers
        return "The receiver was reached and answered error: it takes no test notices, or refused this one; its own log says why."
    return ipn_fault(status, body, whole=whole)


def excerpt(body: bytes) -> str:
    """The first printable characters of an answer, for the one who has to find out what his receiver said."""
    text = body[:EXCERPT_BYTES_MAX].decode("utf-8", "replace")
    return "".join(char if char.isprintable() else " " for char in text)[:EXCERPT_CHARS_MAX].strip()


# Standard Webhooks -------------------------------------------------------------------------------------------


def write_secret(secret: bytes) -> str:
    """A secret as its owner is shown it and as libraries take it."""
    return SECRET_PREFIX + base64.b64encode(secret).decode()


def signatures(secrets: Sequence[bytes], notice_id: str, timestamp: int, content: bytes) -> str:
    """The header `webhook-signature`: one signature a secret, so that either of two is good during a rotation."""
    signed = b"%b.%d.%b" % (notice_id.encode(), timestamp, content)
    digests = (hmac.new(secret, signed, hashlib.sha256).digest() for secret in secrets)
    return " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)
