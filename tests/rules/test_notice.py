"""Notices by rule: the ladder, what counts as received, the signature held against a stranger's verifier."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from tradepost.rules import notice
from tradepost.rules.trade import State

SECRET, OTHER = bytes(range(32)), b"\x07" * 32


def test_the_ladder_is_the_seeds_eight_attempts_in_33_hours_and_57_minutes() -> None:
    assert notice.ATTEMPTS_MAX == 8
    minutes = [wait // timedelta(minutes=1) for wait in notice.LADDER]
    assert minutes == [1, 4, 12, 40, 120, 420, 1440]
    assert sum(notice.LADDER, timedelta()) == timedelta(hours=33, minutes=57)


@pytest.mark.parametrize("state", State)
def test_a_state_that_is_not_new_is_not_told(state: State) -> None:
    assert notice.told_as(state, state) is None


def test_sending_and_waiting_for_the_phone_are_nobodys_news() -> None:
    told = {state for state in State if notice.told_as(State.PROTECTED, state)} | {State.PROTECTED}
    assert set(State) - told == {State.SENDING, State.NEEDS_CONFIRMATION}
    assert notice.told_as(State.CANCELLED, State.ACCEPTED) == "trade.accepted"  # a late acceptance


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_means_that_a_webhook_was_received(status: int) -> None:
    assert notice.webhook_fault(status) is None


@pytest.mark.parametrize(
    "status", [100, 101, 199, 300, 301, 302, 307, 308, 400, 401, 404, 410, 429, 500, 503, 999]
)
def test_any_other_status_is_a_fault_told_in_a_sentence(status: int) -> None:
    fault = notice.webhook_fault(status)
    assert fault is not None and str(status) in fault and fault.endswith(".")
    assert ("redirect" in fault) == (300 <= status < 400)


@pytest.mark.parametrize("body", [b"ok", b"OK", b" Ok\r\n", b"\tok\n"])
def test_an_ipn_is_received_with_a_2xx_and_the_word_ok(body: bytes) -> None:
    assert notice.ipn_fault(200, body, whole=True) is None
    assert notice.ipn_fault(500, body, whole=True) is not None
    assert notice.ipn_fault(302, body, whole=True) is not None
    assert notice.ipn_fault(200, body, whole=False) is not None


@pytest.mark.parametrize(
    "body",
    [b"", b"error", b"okay", b"ok ok", b'"ok"', b"\xef\xbb\xbfok", b"<html>ok</html>", "ｏｋ".encode()],
)
def test_every_other_answer_to_an_ipn_is_a_fault(body: bytes) -> None:
    assert notice.ipn_fault(200, body, whole=True) is not None


@pytest.mark.parametrize("status", [200, 204, 400, 403, 500])
def test_a_test_that_is_answered_error_was_not_received_but_reached_its_receiver(status: int) -> None:
    fault = notice.ping_fault(status, b" Error\n", whole=True)
    assert fault is not None and "was reached and answered error" in fault
    assert notice.ping_fault(302, b"error", whole=True) == notice.webhook_fault(302)
    assert notice.ping_fault(status, b"<p>error", whole=True) == notice.ipn_fault(
        status, b"<p>error", whole=True
    )
    assert notice.ping_fault(200, b"OK", whole=True) is None


def test_of_an_answer_only_the_first_printable_characters_are_kept() -> None:
    assert notice.excerpt(b"thanks\r\n\x1b[31m\x00!") == "thanks   [31m !"
    assert notice.excerpt(b"x" * 100_000) == "x" * 256
    assert notice.excerpt(b"\xff\xfe" + "ü€😀".encode()) == "\ufffd\ufffdü€😀"
    assert notice.excerpt("\u202eevil\u2028".encode()) == "evil"
    assert len(notice.excerpt(("😀" * 1000).encode())) == 256


# The signature, which a library that is not ours accepts -------------------------------------------------------


def headers(*secrets: bytes, body: bytes, at: datetime | None = None, name: str = "msg_1") -> dict[str, str]:
    timestamp = int((at or datetime.now(UTC)).timestamp())
    signed = notice.signatures(secrets, name, timestamp, body)
    return {"webhook-id": name, "webhook-timestamp": str(timestamp), "webhook-signature": signed}


def test_the_standards_own_library_verifies_what_we_sign() -> None:
    body = '{"type":"trade.finished","data":{"custom_id":"Zürich 😀"}}'.encode()
    verifier = Webhook(notice.write_secret(SECRET))
    assert verifier.verify(body, headers(SECRET, body=body)) == json.loads(body)


def test_during_a_rotation_either_secret_verifies() -> None:
    body = b'{"type":"ping"}'
    both = headers(SECRET, OTHER, body=body)
    assert len(both["webhook-signature"].split(" ")) == 2
    for secret in (SECRET, OTHER):
        Webhook(notice.write_secret(secret)).verify(body, both)
    with pytest.raises(WebhookVerificationError):
        Webhook(notice.write_secret(b"\x01" * 32)).verify(body, both)


@pytest.mark.parametrize("changed", ["body", "name", "timestamp", "old"])
def test_what_was_changed_on_the_way_does_not_verify(changed: str) -> None:
    body = b'{"type":"ping"}'
    at = datetime.now(UTC) - timedelta(minutes=6 if changed == "old" else 0)
    sent = headers(SECRET, body=body, at=at)
    if changed == "name":
        sent["webhook-id"] = "msg_2"
    if changed == "timestamp":
        sent["webhook-timestamp"] = str(int(sent["webhook-timestamp"]) + 1)
    with pytest.raises(WebhookVerificationError):
        Webhook(notice.write_secret(SECRET)).verify(b'{"type":"pong"}' if changed == "body" else body, sent)


def test_a_secret_is_written_as_the_standard_wants_it() -> None:
    text = notice.write_secret(SECRET)
    assert text.startswith("whsec_") and base64.b64decode(text.removeprefix("whsec_")) == SECRET
