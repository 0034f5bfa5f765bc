"""Stripe's words: signatures as openssl makes them, forms as Stripe reads them, and nothing believed that is not whole."""

from typing import Any

import pytest

from tradepost.rules import stripe
from tradepost.rules.stripe import TakenBack, Unreadable, Word

SECRET, AT = "whsec_test_secret", 1_492_774_577
BODY = b'{"id": "evt_test_webhook", "object": "event"}'
SIGNATURE = "c137b1b62277d523cf8fed4dfbd0170a9a5b8a380e00cc3711d4bf0652f2ce7a"  # printf '%s' "$t.$body" | openssl dgst -sha256 -hmac whsec_test_secret
NAME = "0123456789abcdef" * 2
SESSION: dict[str, Any] = {
    "id": "cs_test_a1B2", "object": "checkout.session", "client_reference_id": NAME, "amount_total": 5_000, "currency": "usd",
    "livemode": False, "status": "complete", "payment_status": "paid", "payment_intent": "pi_3", "url": None,
}  # fmt: skip
PAID = Word(NAME, "cs_test_a1B2", "paid", 5_000, "usd", False, "pi_3")


def test_a_signature_is_the_one_that_openssl_makes() -> None:
    assert stripe.sign(SECRET, AT, BODY) == SIGNATURE


@pytest.mark.parametrize(
    "header",
    [
        f"t={AT},v1={SIGNATURE}",
        f"t={AT}, v1={SIGNATURE}",
        f"v1={'0' * 64},v1={SIGNATURE},t={AT},v0=whatever",  # two secrets, while one is changed
    ],
)
def test_a_body_that_stripe_signed_is_believed(header: str) -> None:
    for later in (-300, 0, 300):
        assert stripe.signature_fault(header, BODY, SECRET, AT + later) is None


@pytest.mark.parametrize(
    ("header", "clause"),
    [
        ("", "not one of Stripe's"),
        (f"v1={SIGNATURE}", "not one of Stripe's"),
        (f"t={AT}", "not one of Stripe's"),
        (f"t={AT},t={AT},v1={SIGNATURE}", "not one of Stripe's"),
        (f"t=0{AT},v1={SIGNATURE}", "not one of Stripe's"),
        (f"t=-{AT},v1={SIGNATURE}", "not one of Stripe's"),
        (f"t=１４９２７７４５７７,v1={SIGNATURE}", "not one of Stripe's"),
        (f"t={AT}," + f"v1={SIGNATURE}," * 17, "not one of Stripe's"),
        (f"t={AT},v1={SIGNATURE}" + " " * 3_000, "too long"),
        (f"t={AT},v0={SIGNATURE}", "not one of Stripe's"),
        (f"t={AT},v1={SIGNATURE[:-1]}", "no signature"),
        (f"t={AT},v1={SIGNATURE}0", "no signature"),
        (f"t={AT},v1={SIGNATURE.upper()}", "no signature"),
        (f"t={AT + 1},v1={SIGNATURE}", "no signature"),
        (f"t={AT},v1=é", "no signature"),
        (f"t={AT},v1=", "no signature"),
    ],
)  # fmt: skip
def test_any_other_is_not(header: str, clause: str) -> None:
    assert clause in str(stripe.signature_fault(header, BODY, SECRET, AT))


def test_an_old_signature_and_another_body_or_secret_are_not_believed() -> None:
    header = f"t={AT},v1={SIGNATURE}"
    assert stripe.signature_fault(header, BODY, SECRET, AT + 301) == "it was signed too long ago"
    assert stripe.signature_fault(header, BODY, SECRET, AT - 301) == "it was signed too long ago"
    assert stripe.signature_fault(header, BODY + b" ", SECRET, AT) is not None
    assert stripe.signature_fault(header, BODY, "whsec_other", AT) is not None


def test_a_form_has_its_names_in_brackets() -> None:
    values = {"mode": "payment", "line_items": [{"quantity": 1, "price_data": {"currency": "usd"}}]}
    assert stripe.form(values) == (
        b"mode=payment&line_items%5B0%5D%5Bquantity%5D=1&line_items%5B0%5D%5Bprice_data%5D%5Bcurrency%5D=usd"
    )


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "paid"),
        ({"payment_status": "unpaid"}, "open"),  # a bank takes its days
        ({"status": "open", "payment_status": "unpaid"}, "open"),
        ({"status": "expired", "payment_status": "unpaid"}, "failed"),
        ({"payment_status": "no_payment_required"}, "open"),  # nothing came
    ],
)
def test_only_what_was_paid_is_paid(changes: dict[str, Any], state: str) -> None:
    assert stripe.read_session({**SESSION, **changes}).state == state


@pytest.mark.parametrize(
    "changes",
    [
        {"id": None}, {"id": "pi_1"}, {"id": "cs_" + "x" * 300}, {"id": "cs_a b"}, {"client_reference_id": None},
        {"client_reference_id": "42"}, {"amount_total": None}, {"amount_total": "5000"}, {"amount_total": 50.0},
        {"amount_total": True}, {"amount_total": -1}, {"amount_total": 10**12}, {"livemode": None}, {"livemode": 1},
        {"status": "paid"}, {"status": None}, {"payment_status": "PAID"}, {"payment_status": None},
    ],
)  # fmt: skip
def test_a_session_that_is_not_whole_is_none(changes: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        stripe.read_session({**SESSION, **changes})


@pytest.mark.parametrize("found", [None, [], "x", 1, {}])
def test_what_is_no_object_says_nothing(found: Any) -> None:
    with pytest.raises(Unreadable):
        stripe.read_session(found)
    assert stripe.read_event(found) is None
    assert stripe.read_event({"type": "checkout.session.completed", "data": found}) is None


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "//evil.example", "http://a b", "https://" + "x" * 9_000, 7]
)
def test_an_address_that_is_none_is_left_out(url: Any) -> None:
    assert stripe.read_session({**SESSION, "url": url}).url is None


def event(kind: str, found: dict[str, Any]) -> dict[str, Any]:
    return {"id": "evt_1", "object": "event", "type": kind, "livemode": False, "data": {"object": found}}


def test_an_event_says_what_became_of_a_deposit() -> None:
    for kind in ("completed", "async_payment_succeeded"):
        assert stripe.read_event(event(f"checkout.session.{kind}", SESSION)) == PAID
    failed = stripe.read_event(
        event("checkout.session.async_payment_failed", {**SESSION, "payment_status": "unpaid"})
    )
    assert isinstance(failed, Word) and (failed.state, failed.reason) == (
        "failed",
        "The payment failed at the bank.",
    )
    assert (
        stripe.read_event(event("checkout.session.completed", {**SESSION, "client_reference_id": "a shop's"}))
        is None
    )
    assert stripe.read_event(event("invoice.paid", SESSION)) is None


def test_an_event_says_what_was_taken_back() -> None:
    charge = {"payment_intent": "pi_3", "amount": 5_000, "amount_refunded": 700, "currency": "usd", "metadata": {"checkout": NAME}}  # fmt: skip
    assert stripe.read_event(event("charge.refunded", charge)) == TakenBack(
        "pi_3", 700, "usd", False, "it was refunded at Stripe", NAME
    )
    disputed = stripe.read_event(event("charge.dispute.funds_withdrawn", {**charge, "metadata": {}}))
    assert isinstance(disputed, TakenBack) and (disputed.cents, disputed.name) == (5_000, None)
    assert stripe.read_event(event("charge.refunded", {**charge, "payment_intent": None})) is None
    with pytest.raises(Unreadable):
        stripe.read_event(event("charge.refunded", {**charge, "amount_refunded": "700"}))
