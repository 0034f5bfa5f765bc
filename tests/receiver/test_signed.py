"""The headers of a notice: whoever has their secret knows that every byte is the market's, and of now."""

import json
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook

from receiver.market import KEY, NOW, OLD_KEY, Call, signed, told
from tradepost.receiver import Refused, verified_webhook
from tradepost.receiver.signed import check, key_of
from tradepost.rules import notice

SECRETS = [notice.write_secret(KEY)]


def is_good(call: Call, *keys: bytes, now: float = NOW) -> bool:
    try:
        check(call.headers, call.query, keys or (KEY,), now)
    except Refused as refused:
        assert refused.status == 401
        return False
    return True


def test_what_the_market_signs_is_good_and_the_standard_s_own_library_agrees() -> None:
    call = told()
    assert is_good(call)
    ours = Webhook(SECRETS[0]).sign("msg_1", datetime.fromtimestamp(NOW, UTC), call.query.decode())
    assert call.headers["webhook-signature"] == ours


def test_the_callback_url_s_own_query_is_signed_with_it() -> None:
    assert is_good(told(own="?shop=7"))
    assert not is_good(told(own="?shop=7").but(told().query))


def test_one_byte_more_less_or_other_is_not_good() -> None:
    call = told()
    for query in (
        call.query + b"&",
        call.query[:-1],
        call.query.replace(b"1001", b"1002"),
        b"",
        call.query.upper(),
    ):
        assert not is_good(call.but(query))


def test_either_key_is_good_while_it_is_rotated_on_both_sides() -> None:
    query = told().query
    for ours in ((KEY,), (OLD_KEY,), (OLD_KEY, KEY)):
        assert is_good(signed(query, *ours), OLD_KEY, KEY)
    assert is_good(signed(query, OLD_KEY, KEY), KEY)
    assert not is_good(signed(query, OLD_KEY), KEY)


def test_a_timestamp_is_good_for_five_minutes_and_not_a_second_longer() -> None:
    for now, good in ((NOW + 300, True), (NOW + 301, False), (NOW - 300, True), (NOW - 301, False)):
        assert is_good(told(), now=now) is good


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("webhook-id", None), ("webhook-id", ""), ("webhook-id", "msg_2"), ("webhook-id", "msg_1.2"),
        ("webhook-id", "msg_1\n"), ("webhook-id", "m" * 129), ("webhook-id", "msg_1,msg_1"),
        ("webhook-timestamp", None), ("webhook-timestamp", ""), ("webhook-timestamp", f"{NOW}.0"),
        ("webhook-timestamp", f"+{NOW}"), ("webhook-timestamp", str(NOW + 1)), ("webhook-timestamp", "9" * 13),
        ("webhook-timestamp", "NaN"), ("webhook-timestamp", f"{NOW}\n"), ("webhook-timestamp", "１" * 10),
        ("webhook-signature", None), ("webhook-signature", ""), ("webhook-signature", "v1,"),
        ("webhook-signature", "v1,AAAA"), ("webhook-signature", "v1,ä"), ("webhook-signature", "v1a,AAAA"),
    ],
)  # fmt: skip
def test_a_header_that_is_missing_or_other_makes_a_notice_bad(name: str, value: str | None) -> None:
    call = told()
    headers = {key: text for key, text in call.headers.items() if key != name}
    assert not is_good(Call(call.query, headers | ({} if value is None else {name: value})))


def test_a_good_signature_may_stand_among_others_but_not_behind_a_heap_of_them() -> None:
    call = told()
    good = call.headers["webhook-signature"]
    for others, is_read in ((1, True), (7, True), (8, False), (1000, False)):
        heap = " ".join(["v1,AAAA"] * others + [good])
        assert is_good(Call(call.query, call.headers | {"webhook-signature": heap})) is is_read
    assert not is_good(Call(call.query, call.headers | {"webhook-signature": good.replace("v1", "v2")}))


@pytest.mark.parametrize("text", ["", "whsec_", "whsec_!", "a2V5", "whsec_a2V5=x", "WHSEC_a2V5"])
def test_a_secret_that_is_none_is_said_at_once(text: str) -> None:
    with pytest.raises(ValueError, match="whsec_"):
        key_of(text)


def test_a_webhook_s_body_is_read_once_it_is_believed() -> None:
    body = json.dumps({"type": "payment.reversed", "data": {"trade_id": "786f1d3cccb2828c"}}).encode()
    call = signed(body)
    headers = {name.title(): value for name, value in call.headers.items()}  # as servers may write them
    assert verified_webhook(SECRETS, headers, body, now=NOW)["type"] == "payment.reversed"
    with pytest.raises(Refused):
        verified_webhook(SECRETS, headers, body.replace(b"reversed", b"credited"), now=NOW)
    for nonsense in (b"", b"[]", b"\xff", b"{"):
        with pytest.raises(Refused) as refused:
            verified_webhook(SECRETS, signed(nonsense).headers, nonsense, now=NOW)
        assert refused.value.status == 400
