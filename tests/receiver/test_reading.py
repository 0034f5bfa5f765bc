"""What a receiver believes: notices with the market's hash, whole, once each, and of a skin."""

import hashlib
import re
from collections.abc import Iterator

import pytest

from receiver.market import IPN, OLD_SECRET, SECRET, hashed, parameters
from tradepost.receiver.notice import QUERY_BYTES_MAX, Notice, Refused, read
from tradepost.rules import payment

GOOD = payment.ipn_query(IPN, SECRET)


def refusal(query: bytes | str, *secrets: str) -> Refused:
    with pytest.raises(Refused) as refused:
        read(query.encode() if isinstance(query, str) else query, secrets or [SECRET])
    return refused.value


def test_the_document_s_own_example_is_read() -> None:
    """Its hash is made here by the PHP formula that it prints, as its secret is not told."""
    told = {
        "amount": "6.66",
        "token": "6764d01a08bdfc50",
        "account": "76561198000000001",
        "order_id": "12345",
        "currency": "USD",
        "trade_id": "786f1d3cccb2828c",
        "create_date": "2017-06-08 21:48:02",
        "status": "complete",
        "transaction_id": "45f7fa62-622f-48bc-b606-dccd2c662bad",
        "ip": payment.NO_ADDRESS,
        "type": "payment",
    }
    text = told["order_id"] + told["amount"] + told["currency"] + told["trade_id"] + SECRET
    query = "&".join(f"{name}={value}" for name, value in told.items()).replace(" ", "+").replace(":", "%3A")
    query += "&hash=" + hashlib.sha256(text.encode()).hexdigest()
    assert read(query.encode(), [SECRET]) == Notice(
        order_id="12345",
        trade_id="786f1d3cccb2828c",
        amount_cents=666,
        account="76561198000000001",
        transaction_id="45f7fa62-622f-48bc-b606-dccd2c662bad",
        token="6764d01a08bdfc50",
        create_date="2017-06-08 21:48:02",
        is_test=False,
    )


def test_what_the_market_writes_is_read_as_it_was_meant() -> None:
    found = read(GOOD.encode(), [SECRET])
    assert (found.order_id, found.trade_id, found.amount_cents) == (IPN.order_id, IPN.trade_id, 666)
    assert (found.account, found.transaction_id, found.token) == (IPN.account, IPN.transaction_id, IPN.token)
    assert found.create_date == "2026-11-21 12:00:00" and not found.is_test


def test_either_secret_is_good_while_it_is_rotated_and_no_other() -> None:
    for secret in (SECRET, OLD_SECRET):
        assert read(payment.ipn_query(IPN, secret).encode(), [OLD_SECRET, SECRET]).amount_cents == 666
    assert refusal(payment.ipn_query(IPN, "f" * 64), OLD_SECRET, SECRET).status == 403


def test_a_callback_url_s_own_query_is_no_part_of_the_notice() -> None:
    for own in (b"key=a&debug&x=%20", b"?", b"empty=&trade=1"):
        assert read(own + b"&" + GOOD.encode(), [SECRET]).trade_id == IPN.trade_id


def test_a_link_s_signature_is_believed_by_no_spelling_of_an_empty_trade_id() -> None:
    """It is the hash of such a notice, and everybody saw it who saw the link's form."""
    link = payment.link_signature(payment.signed_text(IPN.order_id, "6.66", "USD"), SECRET)
    empty = parameters(trade_id="")
    assert hashed(empty).endswith(f"hash={link}")  # the formula's own fault
    for query in (
        hashed(empty),
        hashed(parameters(trade_id=None)),
        hashed(empty).replace("trade_id=", "trade_id"),
    ):
        assert refusal(query).status == 400
    # And with the currency's end moved into the trade_id, or the other way round.
    assert refusal(hashed(parameters(currency="US", trade_id="D" + IPN.trade_id))).status == 400
    assert refusal(hashed(parameters(currency="USD" + IPN.trade_id, trade_id=""))).status == 400


WRONG = {  # each with a good hash: what is refused is the value
    "type": ["", "Payment", "ping", "payment\n", "refund"],
    "status": ["", "Complete", "pending", "reversed", "complete\n", "complete "],
    "currency": ["", "usd", "EUR", "USD ", "USD\n"],
    "amount": [
        *("", "NaN", "nan", "inf", "Infinity", "-1.00", "-0.01", "+6.66", "1e9", "1e2.00", "6.6666", "6.6", "6", "6.", ".66"),
        *("06.66", "6,66", "6.66 ", " 6.66", "6.66\n", "6.6\n", "0x6.66", "6_6.66", "６.６６", "٦.٦٦", "6.66.66", "1" * 10 + ".00"),
        *("6.66\x00", "0.00", "6.66USD"),
    ],
    "trade_id": [
        *("", "0", "786f1d3cccb2828", "786F1D3CCCB2828C", "g" * 16, "a" * 33, "786f1d3cccb2828c\n", " 786f1d3cccb2828c"),
        *("７８６f1d3cccb2828c", "786f1d3cccb2828c'", "786f-1d3c-ccb2-828c"),
    ],
    "order_id": ["", "a" * 65, "a b", "a\n", "a'--", "ä", "a/b", "a\x00"],
    "account": ["", "-1", "1" * 21, "1 ", "1\n", "１", "0x1", "1.0", "demo"],
    "transaction_id": ["", "a" * 65, "a b", "ä"],
    "token": ["", "short", "g" * 32, "a" * 65],
    "create_date": ["", "2026-11-21", "2026-11-21T12:00:00", "yesterday", "2026-11-21 12:00:00\n"],
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_value_that_the_market_never_writes_is_refused_by_its_name(name: str) -> None:
    for value in WRONG[name]:
        refused = refusal(hashed(parameters(**{name: value})))
        assert refused.status == 400 and (name in refused.reason), value


@pytest.mark.parametrize("name", [*WRONG, "hash"])
def test_each_parameter_is_there_exactly_once(name: str) -> None:
    query = GOOD if name == "hash" else hashed(parameters())
    (pair,) = (pair for pair in query.split("&") if pair.startswith(f"{name}="))
    without = "&".join(one for one in query.split("&") if one != pair)
    assert f"no {name}" in refusal(without).reason
    twice = f"{query}&{pair}"
    assert "more than once" in refusal(twice).reason
    assert "more than once" in refusal(f"{name}=1&{query}").reason
    assert "more than once" in refusal(f"{query}&{name}=").reason
    assert "more than once" in refusal(f"{name[0]}%{ord(name[1]):02x}{name[2:]}=1&{query}").reason


def test_what_the_hash_covers_cannot_be_changed() -> None:
    for old, new in (
        ("amount=6.66", "amount=66.60"),
        ("order_id=order-7-o", "order_id=order-8-o"),
        (IPN.trade_id, IPN.trade_id[::-1]),
        ("hash=", "hash=0"),
        (GOOD[-64:], GOOD[-64:][::-1]),
        (GOOD[-64:], ""),
    ):
        assert old in GOOD
        assert refusal(GOOD.replace(old, new)).status in {400, 403}
    assert read(GOOD.replace(GOOD[-64:], GOOD[-64:].upper()).encode(), [SECRET]).amount_cents == 666


def garbage() -> Iterator[bytes]:
    yield from (b"", b"&", b"=", b"&&&&", b"\xff\xfe", b"\x00", b"%", b"%zz=%zz", b"hash", b"a=b;c=d", b"{}")
    yield "type=pаyment".encode()
    yield GOOD.encode() + b"&x=\xff"
    yield GOOD.encode() + b"&x=%ff"
    yield GOOD.encode() + b"&x=%ed%a0%80"
    yield GOOD.encode() + b"&" + b"&".join(b"x%d=1" % n for n in range(100))
    yield GOOD.encode() + b"&x=" + b"a" * QUERY_BYTES_MAX
    yield GOOD.encode()[:-1]
    yield GOOD.encode().replace(b"&", b";")
    yield GOOD.encode().replace(b"=", b"[]=")
    yield b"?" + GOOD.encode().replace(b"type", b"?type")


def test_garbage_is_refused_and_nothing_worse() -> None:
    for query in garbage():
        assert 400 <= refusal(query).status < 500, query


def test_no_reason_repeats_what_a_stranger_sent() -> None:
    """It goes into a log, which a terminal or a page may show."""
    evil = "<script>\x1b[2J"
    for name in WRONG:
        assert not re.search(r"script|\x1b", refusal(hashed(parameters(**{name: evil}))).reason)
