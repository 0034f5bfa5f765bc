"""IPNs: the document's bytes on the wire, the same at every attempt, under headers that cover all of them."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from market.paying import DAY, NOWHERE, Till, open_till, sha256, till
from market.receiving import OK, Receiver, answers, make, put, receiving, turn
from tradepost.db import Db
from tradepost.market import figures, gateways, housekeeping, notices, payment_items, sending
from tradepost.market.notices import Counts, NoticesQuery
from tradepost.rules import callback_address, notice, payment
from tradepost.rules.payment import Ipn
from tradepost.rules.trade import TakenBack

pytestmark = pytest.mark.sql
MINUTE = timedelta(minutes=1)
# The document's example in its spelling: the constant type first, then its parameters in their order.
SPELLED = re.compile(
    r"type=payment&amount=\d+\.\d\d&token=[0-9a-f]{32}&account=\d+&order_id=[A-Za-z0-9_.%-]+&currency=USD"
    r"&trade_id=[0-9a-f]{16}&create_date=\d{4}-\d\d-\d\d\+\d\d%3A\d\d%3A\d\d&status=complete"
    r"&transaction_id=[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}&ip=[0-9a-fA-F.%]+&hash=[0-9a-f]{64}"
)


@pytest.fixture
async def shop(db: Db) -> AsyncIterator[Till]:
    async with till(db) as found:
        yield found


async def sold(
    shop: Till, receiver: Receiver, *prices: int, query: str = "", **link: Any
) -> list[payment_items.Skin]:
    """Skins of one payment, sold and settled, whose notices are due at a receiver."""
    await gateways.change(shop.app, shop.merchant, callback_url=receiver.url + query)
    paid = await shop.link(**link)
    await shop.sell(*await shop.on_sale(paid, *(prices or (100,))))
    return await shop.skins(paid)


async def state_of(shop: Till) -> list[tuple[str, int]]:
    return [(row["state"], row["attempts"]) for row in await shop.told()]


# The bytes ---------------------------------------------------------------------------------------------------


async def test_a_notice_says_what_the_document_says_in_its_spelling(shop: Till) -> None:
    made_at = shop.app.now()
    async with receiving(OK) as receiver:
        (skin,) = await sold(shop, receiver, 701, order_id="12345", account="00712", amount="10.00")
        await turn(shop.app)
    (got,) = receiver.received
    assert (got.method, got.body, got.called) == ("GET", b"", "/notices")
    assert "content-type" not in got.headers and "content-length" not in got.headers
    assert SPELLED.fullmatch(got.query), got.query
    told = got.told
    payment_row = (await shop.db.fetch("SELECT * FROM payment"))[0]
    assert told == {
        "type": "payment", "amount": "6.65", "token": payment_row["token"], "account": "00712", "order_id": "12345",
        "currency": "USD", "trade_id": skin.ipn_trade_id, "create_date": f"{made_at:%Y-%m-%d %H:%M:%S}",
        "status": "complete", "transaction_id": payment_row["transaction_id"], "ip": "203.0.113.7",
        "hash": sha256("12345", "6.65", "USD", skin.ipn_trade_id, shop.opened.secret),
    }  # fmt: skip
    assert (await shop.purse()).balance_cents == 665


async def test_one_payment_has_one_transaction_and_each_skin_a_trade_of_its_own(shop: Till) -> None:
    async with receiving(OK) as receiver:
        await sold(shop, receiver, 100, 200, 300)
        await turn(shop.app)
    told = [one.told for one in receiver.received]
    assert len({one["transaction_id"] for one in told}) == 1 == len({one["token"] for one in told})
    assert len({one["trade_id"] for one in told}) == 3 and sorted(one["amount"] for one in told) == [
        "0.95",
        "1.90",
        "2.85",
    ]


CALLBACKS = [
    "", "?", "?shop=1", "?shop=1&", "?a=%2F%20b+c&x=?y", "?empty=&flag=", "?a=1&a=2&b[]".replace("[]", "%5B%5D"),
    "?kind=mine&amounts=0.00&my_hash=x", "?q=~'()*!$,;:@/",
]  # fmt: skip


@pytest.mark.parametrize("query", CALLBACKS)
async def test_the_headers_cover_the_exact_query_the_callback_s_own_included(shop: Till, query: str) -> None:
    async with receiving(OK) as receiver:
        await sold(shop, receiver, 100, query=query)
        ((claimed, _),) = await turn(shop.app)
    (got,) = receiver.received
    assert claimed.payload is not None
    ours = claimed.payload.decode()
    own = query.removeprefix("?")
    assert got.query == own + ("" if own == "" or own.endswith("&") else "&") + ours
    assert (
        SPELLED.fullmatch(ours)
        and f"http://127.0.0.1:{receiver.url.split(':')[2].split('/')[0]}{got.path}" == claimed.address
    )
    Webhook(shop.opened.notice_secret).verify(got.query, got.headers, json_parse=False)
    for tampered in (
        got.query + "&",
        got.query.replace("amount", "amounT"),
        ours if own else f"?{ours}",
        got.query.replace("+", "%20"),
    ):
        with pytest.raises(Exception, match="No matching signature"):
            Webhook(shop.opened.notice_secret).verify(tampered, got.headers, json_parse=False)
    assert await state_of(shop) == [("delivered", 1)]


async def test_the_longest_notice_goes_to_the_longest_callback(shop: Till) -> None:
    async with receiving(OK) as receiver:
        await gateways.change(
            shop.app, shop.merchant, callback_url=receiver.url + "?x=" + "x" * (1021 - len(receiver.url))
        )
        paid = await shop.link(order_id=":" * 64, account=str(2**64 - 1), amount="9999999.99")
        await shop.sell(*await shop.on_sale(paid, 1_000_000, ip="2001:db8:1111:2222:3333:4444:5555:6666"))
        await turn(shop.app)
    (got,) = receiver.received
    assert got.told["order_id"] == ":" * 64 and got.told["ip"].endswith(":6666")
    assert len(got.path) > callback_address.URL_CHARS_MAX and await state_of(shop) == [("delivered", 1)]
    assert got.verified(shop.opened.notice_secret)["amount"] == "9500.00"


_TEXT = st.text(st.sampled_from("abcXYZ0189_.:-"), min_size=1, max_size=64)


@given(
    st.integers(1, 10**9),
    _TEXT,
    st.integers(0, 2**64 - 1).map(str),
    st.ip_addresses().map(str),
    st.datetimes(),
)
def test_any_notice_is_read_back_as_it_was_told_and_hashed_by_the_document(
    cents: int, order_id: str, account: str, ip: str, at: datetime
) -> None:
    ipn = Ipn(cents, "a" * 32, account, order_id, "b" * 16, "c" * 36, at.replace(tzinfo=UTC), ip)
    query = payment.ipn_query(ipn, "s" * 64)
    assert query.isascii() and " " not in query
    told = dict(parse_qsl(query, strict_parsing=True))
    assert told["amount"] == f"{cents // 100}.{cents % 100:02}" and (told["order_id"], told["ip"]) == (
        order_id,
        ip,
    )
    assert told["hash"] == sha256(order_id, told["amount"], "USD", "b" * 16, "s" * 64)
    assert callback_address.read(f"https://shop.example/?{query}", (), callback_address.CALLED_CHARS_MAX)


async def test_the_bytes_are_made_at_the_first_attempt_and_stay_through_all_eight(shop: Till) -> None:
    async with receiving(answers(200, b"error")) as receiver:
        await sold(shop, receiver)
        assert [row["payload"] for row in await shop.told()] == [None]
        for wait in (timedelta(0), *notice.LADDER):
            shop.clock.offset += wait
            await turn(shop.app)
            if len(receiver.received) == 3:  # neither a rotation nor another fee changes what was told once
                fresh = await gateways.rotate(shop.app, shop.merchant, "secret")
                await shop.link(secret=fresh)
                shop.app.settings = (await shop.process(fee_bps=2_000)).settings
        (row,) = await shop.told()
    assert await state_of(shop) == [("set_aside", 8)] and len(receiver.received) == 8
    assert {one.content for one in receiver.received} == {bytes(row["payload"])}
    assert len(set(receiver.names)) == 1
    ((_, attempts),), _ = await notices.page(shop.app, shop.merchant, NoticesQuery())
    assert [one.request for one in attempts] == [f"GET {receiver.url}?{bytes(row['payload']).decode()}"] * 8
    assert {one.fault for one in attempts} == {"The receiver answered error; its own log says why."}


async def test_a_callback_that_is_changed_meanwhile_is_told_the_same(shop: Till) -> None:
    async with receiving(answers(500)) as old, receiving(OK) as new:
        await sold(shop, old, query="?old=1")
        await turn(shop.app)
        await gateways.change(shop.app, shop.merchant, callback_url=f"{new.url}?new=1")
        shop.clock.offset += MINUTE
        await turn(shop.app)
    assert new.received[0].query == old.received[0].query.replace("old=1", "new=1")
    assert new.received[0].verified(shop.opened.notice_secret)["new"] == "1"


# What counts as received -------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [b"ok", b"OK", b" Ok\r\n", b"\tok"])
async def test_ok_is_ok_in_any_case_and_with_blanks_around(shop: Till, body: bytes) -> None:
    async with receiving(answers(201, body)) as receiver:
        await sold(shop, receiver)
        await turn(shop.app)
    assert await state_of(shop) == [("delivered", 1)]


@pytest.mark.parametrize(
    "body", [b"", b"okay", b"ok!", b'"ok"', b"o k", b"\xef\xbb\xbfok", b"true", "ок".encode(), b"ok\x00"]
)
async def test_nothing_else_is_ok(shop: Till, body: bytes) -> None:
    async with receiving(answers(200, body)) as receiver:
        await sold(shop, receiver)
        ((_, outcome),) = await turn(shop.app)
    assert await state_of(shop) == [("waiting", 1)]
    assert outcome.fault == "The receiver answered something else than the word ok."


async def test_a_test_notice_is_tried_once_and_received_with_ok_alone(shop: Till) -> None:
    async with receiving(answers(403, b"error")) as receiver:
        await gateways.change(shop.app, shop.merchant, callback_url=receiver.url)
        made, _ = await notices.ping(shop.app, shop.merchant, kind="ipn")
        ((_, outcome),) = await turn(shop.app)
        assert outcome.fault is not None and "reached and answered error" in outcome.fault
        assert await state_of(shop) == [("set_aside", 1)]
        receiver.behaviour = OK
        await notices.resend(shop.app, shop.merchant, made.id)
        await turn(shop.app)
    assert await state_of(shop) == [("delivered", 2)]
    for one in receiver.received:
        assert one.verified(shop.opened.notice_secret)["amount"] == "0.00" and one.told["test"] == "1"


async def test_a_test_notice_that_was_given_up_is_missed_by_nobody(shop: Till) -> None:
    async with receiving(answers(200, b"error")) as receiver:
        await gateways.change(shop.app, shop.merchant, callback_url=receiver.url)
        await notices.ping(shop.app, shop.merchant, kind="ipn")
        assert await notices.counts(shop.db, shop.merchant) == Counts(0, 0)
        await turn(shop.app)
        assert await state_of(shop) == [("set_aside", 1)]
        assert await notices.counts(shop.db, shop.merchant) == Counts(0, 0)
        assert (await figures._read(shop.app)).notices_set_aside == 0
        await sold(shop, receiver, 100)
        assert await notices.counts(shop.db, shop.merchant, "ipn") == Counts(1, 0)
        await shop.db.execute("UPDATE notice SET attempts = attempts_most - 1 WHERE state = 'waiting'")
        await turn(shop.app)
    for kinds, aside in (((), 1), (("ipn",), 1), (("webhook",), 0), (("webhook", "ipn"), 1)):
        assert await notices.counts(shop.db, shop.merchant, *kinds) == Counts(0, aside)
    assert (await figures._read(shop.app)).notices_set_aside == 1


async def test_what_was_set_aside_goes_up_the_whole_ladder_anew(shop: Till) -> None:
    async with receiving(answers(200, b"error")) as receiver:
        await sold(shop, receiver)
        for climb in (8, 16):
            for wait in (timedelta(0), *notice.LADDER):
                shop.clock.offset += wait - timedelta(seconds=1)
                assert await turn(shop.app) == [] or not wait
                shop.clock.offset += timedelta(seconds=1)
                await turn(shop.app)
            assert await state_of(shop) == [("set_aside", climb)] and len(receiver.received) == climb
            await notices.resend(shop.app, shop.merchant, (await shop.told())[0]["id"])
    assert len({one.query for one in receiver.received}) == 1 == len(set(receiver.names))


# What goes wrong on our side ---------------------------------------------------------------------------------


@pytest.mark.parametrize("table", ["gateway", "receiver"])
async def test_a_secret_that_does_not_open_costs_its_own_merchant_an_attempt_and_nobody_else(
    shop: Till, table: str
) -> None:
    other = await open_till(shop.box)
    async with receiving(OK) as receiver:
        await sold(shop, receiver)
        await sold(other, receiver)
        await shop.db.execute(
            f"UPDATE {table} SET secret = 'lost:'::bytea || substring(secret from 6) WHERE account_id = $1",
            shop.merchant,
        )
        outcomes = {claimed.account_id: outcome.fault for claimed, outcome in await turn(shop.app)}
        assert outcomes == {shop.merchant: sending.NO_SECRET, other.merchant: None}
        ((shown, attempts),), _ = await notices.page(shop.app, shop.merchant, NoticesQuery())
        assert (shown.state, attempts[0].fault) == ("waiting", sending.NO_SECRET)
        await gateways.rotate(shop.app, shop.merchant, "secret" if table == "gateway" else "notices")
        shop.clock.offset += MINUTE
        await turn(shop.app)
    assert await state_of(shop) == [("delivered", 2), ("delivered", 1)] and len(receiver.received) == 2


async def test_a_gateway_whose_callback_is_gone_keeps_its_notices(shop: Till) -> None:
    async with receiving(OK) as receiver:
        await sold(shop, receiver)
        await shop.db.execute("DELETE FROM receiver")
        assert await turn(shop.app) == [] and await sending.set_aside_left(shop.app) == 1
        ((shown, attempts),), total = await notices.page(shop.app, shop.merchant, NoticesQuery())
        assert (shown.state, shown.type, attempts, total) == ("set_aside", "payment", [], 1)
        shop.clock.offset += 400 * DAY
        assert await housekeeping.forget_notices(shop.app) == 0  # nobody was told of that money
        await gateways.change(shop.app, shop.merchant, callback_url=receiver.url)
        await notices.resend(shop.app, shop.merchant, shown.id)
        await turn(shop.app)
        assert await state_of(shop) == [("delivered", 1)] and receiver.received[0].told["amount"] == "0.95"
        shop.clock.offset += 400 * DAY
        assert await housekeeping.forget_notices(shop.app) == 1


async def test_a_skin_that_was_told_of_is_told_again_by_hand_as_often_as_one_likes(shop: Till) -> None:
    async with receiving(OK) as receiver:
        await sold(shop, receiver)
        for _ in range(4):
            await turn(shop.app)
            await notices.resend(shop.app, shop.merchant, (await shop.told())[0]["id"])
    assert (
        len({one.query for one in receiver.received}) == 1 == len(set(receiver.names))
        and len(receiver.received) == 4
    )


async def test_webhook_and_ipn_of_one_account_have_places_of_their_own(shop: Till) -> None:
    await put(shop.app, shop.merchant, NOWHERE)
    await make(shop.db, shop.merchant, shop.app.now(), 9)
    await make(shop.db, shop.merchant, shop.app.now(), 9, kind="ipn")
    claimed = await sending.claim(shop.app)
    assert (
        sorted(one.kind for one in claimed)
        == ["ipn"] * sending.EACH_AT_ONCE + ["webhook"] * sending.EACH_AT_ONCE
    )


# Webhooks of payments ----------------------------------------------------------------------------------------


async def test_a_webhook_that_asked_hears_of_each_step_and_others_of_none(shop: Till) -> None:
    async with receiving() as hook:
        secret = (await put(shop.app, shop.merchant, hook.url, *notice.PAYMENT_TYPES)).secret
        paid = await shop.link(order_id="77")
        first, second, third = await shop.on_sale(paid, 100, 200, 300)
        await shop.sell(first)
        view = await shop.sent(second)
        await shop.accept(view)
        await shop.happened(view, TakenBack("seller"))
        await payment_items.withdraw(shop.app, paid, [third])
        while await turn(shop.app):
            pass
    assert secret is not None
    told = [one.verified(secret) for one in hook.received if one.method == "POST"]
    steps = [(one["type"], one["data"]["amount"], one["data"]["credited"]) for one in told]
    assert steps == [
        ("payment.accepted", "0.95", False), ("payment.credited", "0.95", True),
        ("payment.accepted", "1.90", False), ("payment.reversed", "1.90", False),
    ]  # fmt: skip
    skins = await shop.skins(paid)
    assert [one["data"]["trade_id"] for one in told] == [skins[0].ipn_trade_id] * 2 + [
        skins[1].ipn_trade_id
    ] * 2
    assert {one["data"]["order_id"] for one in told} == {"77"} and told[1]["data"]["price"] == "1.00"


async def test_who_has_a_webhook_for_trades_hears_nothing_of_payments_unasked(shop: Till) -> None:
    await put(shop.app, shop.merchant, NOWHERE, *notice.TYPES)
    await shop.sell(*await shop.on_sale(await shop.link(), 100))
    kinds = await shop.db.fetch("SELECT DISTINCT type FROM notice WHERE kind = 'webhook'")
    assert {row["type"] for row in kinds} <= set(notice.TYPES) and kinds
