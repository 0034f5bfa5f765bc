"""Stripe's words: how its webhooks are signed, how it is asked, and what its answers mean for a deposit.

Pure, and strict about the three things that make money of an answer: whose it is, how much, and whether it was real.
Whatever else Stripe says is left unread, as it adds to its objects without asking.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlencode

CURRENCY = "usd"
TOLERANCE_SECONDS = 300  # Stripe's own
SIGNATURES_MAX = 16  # of one header: while a secret is changed there are two
HEADER_CHARS_MAX = 2_048
ID_CHARS_MAX = 255
URL_CHARS_MAX = 8_192  # its addresses carry a long fragment

State = Literal["open", "paid", "failed"]

_SESSION = re.compile(r"cs_[A-Za-z0-9_]{1,250}", re.ASCII)
_PAYMENT = re.compile(r"(?:pi|py|ch)_[A-Za-z0-9_]{1,250}", re.ASCII)
_NAME = re.compile(r"[0-9a-f]{32}", re.ASCII)
_SECONDS = re.compile(r"[1-9][0-9]{0,11}", re.ASCII)
_URL = re.compile(r"https?://[!-~]+", re.ASCII)


class Unreadable(ValueError):
    """What came is not what Stripe says; the text is a clause for a log."""


@dataclass(frozen=True, slots=True)
class Word:
    """What Stripe says of one checkout."""

    name: str  # ours
    session: str
    state: State
    cents: int
    currency: str
    is_live: bool
    payment: str | None = None
    url: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TakenBack:
    """Stripe gave a payment back, or has to: a refund, or a buyer's dispute at his bank."""

    payment: str
    cents: int
    currency: str
    is_live: bool
    reason: str
    name: str | None = None  # ours, where it says it


# Signatures --------------------------------------------------------------------------------------------------


def sign(secret: str, seconds: int, body: bytes) -> str:
    """Return the signature of a body as Stripe makes it."""
    return hmac.new(secret.encode(), b"%d." % seconds + body, hashlib.sha256).hexdigest()


def signature_fault(header: str, body: bytes, secret: str, now_seconds: int) -> str | None:
    """Say in a clause why a webhook's signature is not believed; None where it is."""
    if len(header) > HEADER_CHARS_MAX:
        return "the header is too long"
    pairs = [part.strip().partition("=")[::2] for part in header.split(",")]
    times = [value for name, value in pairs if name == "t"]
    given = [value for name, value in pairs if name == "v1"]
    if len(times) != 1 or not _SECONDS.fullmatch(times[0]) or not 1 <= len(given) <= SIGNATURES_MAX:
        return "the header is not one of Stripe's"
    seconds = int(times[0])
    expected = sign(secret, seconds, body).encode()
    # All of them, so that the time it takes tells nothing.
    good = [
        hmac.compare_digest(expected, one.encode("utf-8", "replace"))
        for one in given
        if len(one) <= ID_CHARS_MAX
    ]
    if not any(good):
        return "no signature is that of this body"
    if abs(now_seconds - seconds) > TOLERANCE_SECONDS:
        return "it was signed too long ago"
    return None


# Asking ------------------------------------------------------------------------------------------------------


def form(values: Mapping[str, Any]) -> bytes:
    """Return values as Stripe reads them: nested names in brackets, lists by their places."""
    return urlencode(list(_flat(values))).encode()


def _flat(values: Any, name: str = "") -> Iterable[tuple[str, str]]:
    if isinstance(values, Mapping):
        for key, value in values.items():
            yield from _flat(value, f"{name}[{key}]" if name else str(key))
    elif isinstance(values, list | tuple):
        for place, value in enumerate(values):
            yield from _flat(value, f"{name}[{place}]")
    else:
        yield name, str(values)


def checkout_form(name: str, cents: int, account: str, back_url: str) -> bytes:
    """Return what a checkout session of one deposit is asked for with."""
    return form(
        {
            "mode": "payment",
            "client_reference_id": name,
            "metadata": {"checkout": name, "account": account},
            "payment_intent_data": {"metadata": {"checkout": name}},
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {
                        "currency": CURRENCY,
                        "unit_amount": cents,
                        "product_data": {"name": "Deposit"},
                    },
                }
            ],
            "success_url": f"{back_url}?deposit=paid",
            "cancel_url": f"{back_url}?deposit=cancelled",
        }
    )


# What it says ------------------------------------------------------------------------------------------------


def read_session(found: Any) -> Word:
    """Return what a checkout session says; raises Unreadable for what is none of ours."""
    session = _text(found, "id", _SESSION)
    name = _text(found, "client_reference_id", _NAME)
    cents, is_live = _get(found, "amount_total"), _get(found, "livemode")
    if isinstance(cents, bool) or not isinstance(cents, int) or not 0 <= cents < 10**12:
        raise Unreadable("its amount is none")
    if not isinstance(is_live, bool):
        raise Unreadable("it does not say whether it is real")
    status, paid = _get(found, "status"), _get(found, "payment_status")
    if status not in ("open", "complete", "expired") or paid not in ("paid", "unpaid", "no_payment_required"):
        raise Unreadable("its status is none of those we know")
    state: State = "paid" if paid == "paid" else "failed" if status == "expired" else "open"
    payment, url, currency = _get(found, "payment_intent"), _get(found, "url"), _get(found, "currency")
    return Word(
        name=name,
        session=session,
        state=state,
        cents=cents,
        currency=currency if isinstance(currency, str) else "",
        is_live=is_live,
        payment=payment if isinstance(payment, str) and _PAYMENT.fullmatch(payment) else None,
        url=url if isinstance(url, str) and len(url) <= URL_CHARS_MAX and _URL.fullmatch(url) else None,
        reason="It was not paid in time." if state == "failed" else "",
    )


def read_event(found: Any) -> Word | TakenBack | None:
    """Return what an event says of a deposit; None for one that says nothing of any."""
    kind, data = _get(found, "type"), _get(_get(found, "data"), "object")
    match kind:
        case (
            "checkout.session.completed"
            | "checkout.session.async_payment_succeeded"
            | "checkout.session.expired"
        ):
            return read_session(data) if _is_ours(data) else None
        case "checkout.session.async_payment_failed":
            if not _is_ours(data):
                return None
            word = read_session(data)
            return Word(word.name, word.session, "failed", word.cents, word.currency, word.is_live, word.payment, None, "The payment failed at the bank.")  # fmt: skip
        case "charge.refunded":
            return _taken_back(found, data, "amount_refunded", "it was refunded at Stripe")
        case "charge.dispute.funds_withdrawn":
            return _taken_back(found, data, "amount", "its payer disputed it at his bank")
        case _:
            return None


def _is_ours(session: Any) -> bool:
    """Whether a session may be of this market: others may use the same account at Stripe."""
    name = _get(session, "client_reference_id")
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


def _taken_back(event: Any, charge: Any, field: str, reason: str) -> TakenBack | None:
    payment, cents = _get(charge, "payment_intent"), _get(charge, field)
    currency, is_live = _get(charge, "currency"), _get(event, "livemode")
    if not isinstance(payment, str) or not _PAYMENT.fullmatch(payment):
        return None
    if isinstance(cents, bool) or not isinstance(cents, int) or not isinstance(is_live, bool):
        raise Unreadable("its amount is none")
    name = _get(_get(charge, "metadata"), "checkout")
    return TakenBack(
        payment,
        cents,
        currency if isinstance(currency, str) else "",
        is_live,
        reason,
        name if isinstance(name, str) and _NAME.fullmatch(name) else None,
    )


def _get(found: Any, name: str) -> Any:
    return found.get(name) if isinstance(found, dict) else None


def _text(found: Any, name: str, form_: re.Pattern[str]) -> str:
    value = _get(found, name)
    if not isinstance(value, str) or not form_.fullmatch(value):
        raise Unreadable(f"its {name} is none")
    return value
