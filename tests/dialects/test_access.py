"""Access: what a token may do, from where and how it is sent, until when, and how often; and who guesses."""

import asyncio
import json
import time
from datetime import timedelta
from typing import Any
from urllib.parse import quote, quote_plus, unquote_to_bytes, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialects.shop import Reply, Shop, shop_on
from market.floor import HandClock
from tradepost.db import Db
from tradepost.dialects import reading
from tradepost.dialects.shadowpay import ways
from tradepost.market import tokens

HERE = "127.0.0.1"
WRONG = "test_" + "A" * 43
BRACKETS = str.maketrans("[]", "()")


async def made(shop: Shop, **how: Any) -> str:
    async with shop.db.transaction() as tx:
        return await tokens.make_token(tx, shop.merchant, shop.app.now(), test=True, **how)


async def change(shop: Shop, token: str, **how: Any) -> None:
    async with shop.db.transaction() as tx:
        assert await tokens.change_token(tx, token[: tokens.PREFIX_CHARS], **how) == 1
    await asyncio.sleep(tokens.CALLER_SECONDS)


async def balance(shop: Shop, token: str, **how: Any) -> Reply:
    return await shop.get("account/balance", token=token, **how)


# What a token is bound to ------------------------------------------------------------------------------------


async def test_a_token_is_taken_from_its_addresses_alone(shop: Shop) -> None:
    bound = await made(shop, allow_addresses=["203.0.113.0/24", "2001:db8::/32"])
    refused = await balance(shop, bound)
    assert refused.refusal == (403, "no_access")
    assert HERE in refused.body["error_details"]
    assert "X-RateLimit-Limit" not in refused.headers
    in_v1 = await shop.v1("get_balance", token=bound)
    assert in_v1.refusal == (200, "no_access")
    await change(shop, bound, allow_addresses=["127.0.0.0/8"])
    assert (await balance(shop, bound)).status == 200
    await change(shop, bound, allow_addresses=["203.0.113.7"])
    assert (await balance(shop, bound)).refusal == (403, "no_access")
    await change(shop, bound, allow_addresses=[])
    assert (await balance(shop, bound)).status == 200


async def test_an_address_is_believed_of_a_trusted_proxy_alone(db: Db) -> None:
    claims = {"X-Forwarded-For": "203.0.113.7"}
    async with shop_on(db) as shop:
        bound = await made(shop, allow_addresses=["203.0.113.7"])
        refused = await balance(shop, bound, headers=claims)
        assert refused.refusal == (403, "no_access") and HERE in refused.body["error_details"]
        shut = await made(shop, allow_addresses=[HERE])
        assert (await balance(shop, shut, headers=claims)).status == 200


async def test_behind_a_trusted_proxy_the_address_is_the_client_s(db: Db) -> None:
    async with shop_on(db, trusted_proxies=(HERE,)) as shop:
        bound = await made(shop, allow_addresses=["203.0.113.7", "2001:db8::/32"])
        for address, status in (
            ("203.0.113.7", 200),
            ("::ffff:203.0.113.7", 200),
            ("2001:db8:7::1", 200),
            ("203.0.113.8", 403),
            ("2001:db9::1", 403),
            ("nonsense", 403),
            ("203.0.113.7, 198.51.100.1", 403),  # what stands before the last was said by the client
        ):
            assert (await balance(shop, bound, headers={"X-Forwarded-For": address})).status == status, (
                address
            )


@pytest.mark.parametrize("setting", ["allowed", "forbidden"])
async def test_a_token_that_may_not_be_in_a_url_is_taken_elsewhere(db: Db, setting: str) -> None:
    async with shop_on(db, tokens_in_urls=setting) as shop:
        token = await made(shop, allow_url=setting == "forbidden")
        for path, status in (("/api/v2/account/balance", 403), ("/api/v1/get_balance", 200)):
            refused = await shop.call("GET", path, token="", params={"token": token})
            assert refused.refusal == (status, "no_access")
            assert "URL" in refused.body["error_details"]
            # Sent in both places it is in the URL all the same.
            assert (await shop.call("GET", path, token=token, params={"token": token})).refusal[
                1
            ] == "no_access"
        assert (await balance(shop, token)).status == 200
        assert (await balance(shop, "", headers={"Authorization": f"Bearer {token}"})).status == 200
        for body in ({"data": {"token": token}}, {"json": {"token": token}}):
            in_body = await shop.call("POST", "/api/v1/get_balance", token="", **body)
            assert in_body.body["status"] == "success"


async def test_a_token_in_a_url_is_taken_where_nobody_forbids_it(shop: Shop) -> None:
    token = await made(shop)
    for path in ("/api/v2/account/balance", "/api/v1/get_balance"):
        assert (await shop.call("GET", path, token="", params={"token": token})).body["status"] == "success"
    await change(shop, token, allow_url=False)
    assert (await shop.call("GET", "/api/v1/get_balance", token="", params={"token": token})).refusal[
        1
    ] == "no_access"


async def test_a_token_ends_with_its_time(shop: Shop) -> None:
    shop.app.clock = clock = HandClock(real=shop.app.real_now())
    now = shop.app.real_now()
    token = await made(shop, expires_at=now + timedelta(hours=1))
    clock.tick(3_599)
    assert (await balance(shop, token)).status == 200
    clock.tick(1)
    assert (await balance(shop, token)).refusal == (401, "wrong_token")
    assert (await balance(shop, await made(shop, expires_at=now - timedelta(1)))).refusal == (
        401,
        "wrong_token",
    )


async def test_scopes_that_are_taken_away_are_gone_within_a_second(shop: Shop) -> None:
    token = await made(shop)
    assert (await balance(shop, token)).status == 200
    await change(shop, token, scopes=["buy"])
    refused = await balance(shop, token)
    assert refused.refusal == (403, "no_access") and "read" in refused.body["error_details"]
    assert "X-RateLimit-Limit" in refused.headers


async def test_when_a_token_was_used_is_known_to_some_minutes_and_not_written_at_each_call(
    shop: Shop,
) -> None:
    sql = "SELECT last_used_at, xmin::text FROM api_token WHERE prefix = $1"
    prefix = shop.token[: tokens.PREFIX_CHARS]
    ((used_at, _),) = await shop.db.fetch(sql, prefix)
    assert used_at is None
    await balance(shop, shop.token)
    ((used_at, written),) = await shop.db.fetch(sql, prefix)
    assert timedelta(0) <= shop.app.real_now() - used_at < timedelta(minutes=1)
    await asyncio.sleep(tokens.CALLER_SECONDS)
    await balance(shop, shop.token)
    assert [tuple(row) for row in await shop.db.fetch(sql, prefix)] == [(used_at, written)]
    await shop.db.execute(
        "UPDATE api_token SET last_used_at = $1", used_at - timedelta(minutes=tokens.USED_MINUTES + 1)
    )
    await asyncio.sleep(tokens.CALLER_SECONDS)
    await balance(shop, shop.token)
    assert (await shop.db.fetch(sql, prefix))[0]["last_used_at"] >= used_at


async def test_a_token_can_be_asked_what_it_may_do(shop: Shop) -> None:
    expires_at = shop.app.real_now() + timedelta(days=30)
    token = await made(
        shop, scopes=["read", "buy"], label="tills", allow_addresses=[HERE, "10.0.0.0/8"], allow_url=False,
        expires_at=expires_at,
    )  # fmt: skip
    reply = await shop.get("token", token=token)
    assert reply.body["data"] == {
        "prefix": token[: tokens.PREFIX_CHARS],
        "label": "tills",
        "scopes": ["buy", "read"],
        "allow_addresses": [f"{HERE}/32", "10.0.0.0/8"],
        "allow_url": False,
        "expires": f"{expires_at:%Y-%m-%d %H:%M:%S}",
        "requests_per_minute": {
            "all": 6000,
            "read": 6000,
            "sell": 3000,
            "buy": 3000,
            "steam": 300,
            "stream": 60,
        },
    }
    assert token not in json.dumps(reply.body, default=str)
    plain = (await shop.get("token")).body["data"]
    assert (plain["expires"], plain["allow_addresses"], plain["allow_url"]) == (None, [], True)


# Who guesses -------------------------------------------------------------------------------------------------


async def test_wrong_tokens_are_limited_by_address_and_right_ones_are_not(db: Db) -> None:
    async with shop_on(db, wrong_tokens_per_minute=3, trusted_proxies=(HERE,)) as shop:
        near, far = {"X-Forwarded-For": "203.0.113.7"}, {"X-Forwarded-For": "203.0.113.8"}
        for _ in range(3):
            assert (await balance(shop, WRONG, headers=near)).refusal == (401, "wrong_token")
        refused = await balance(shop, WRONG, headers=near)
        assert refused.refusal == (429, "disabled")
        assert 1 <= int(refused.headers["Retry-After"]) <= 20
        in_v1 = await shop.v1("get_balance", token=WRONG, headers=near)
        assert in_v1.refusal == (429, "disabled") and "Retry-After" in in_v1.headers
        assert (await balance(shop, shop.token, headers=near)).status == 200
        assert (await balance(shop, WRONG, headers=far)).refusal == (401, "wrong_token")
        # Who sends no token at all guesses nothing.
        assert (await balance(shop, "", headers=near)).refusal == (401, "wrong_token")


async def test_a_token_used_from_elsewhere_costs_its_owner_nothing(db: Db) -> None:
    async with shop_on(db, requests_per_minute=2, wrong_tokens_per_minute=5, trusted_proxies=(HERE,)) as shop:
        bound = await made(shop, allow_addresses=["203.0.113.7"])
        thief = {"X-Forwarded-For": "198.51.100.1"}
        statuses = [(await balance(shop, bound, headers=thief)).status for _ in range(7)]
        assert statuses == [403] * 5 + [429] * 2
        assert (await balance(shop, bound, headers={"X-Forwarded-For": "203.0.113.7"})).status == 200


async def test_a_wrong_token_is_refused_before_the_body_is_read(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[bytes] = []
    whole = reading.read_body

    def noting(tree: Any, body: bytes, kind: str, keys: int) -> None:
        read.append(body)
        whole(tree, body, kind, keys)

    monkeypatch.setattr(ways, "read_body", noting)
    hostile = b"a=" + b"%41" * 300_000
    for how in ({"token": WRONG}, {"token": "", "params": {"token": WRONG}}):
        refused = await shop.call("POST", "buy", data=hostile, **how)
        assert refused.refusal == (401, "wrong_token")
    assert read == []
    assert (await shop.call("POST", "buy", token="", data=b"token=" + WRONG.encode())).refusal[0] == 401
    assert len(read) == 1


async def test_two_different_tokens_are_refused_wherever_they_stand(shop: Shop) -> None:
    other = await made(shop)
    for refused in (
        await shop.call("POST", "buy", json={"token": other}),
        await shop.call("POST", "buy", params={"token": other}),
        await shop.call("POST", "buy", token="", params={"token": other}, data={"token": shop.token}),
        await shop.call("POST", "buy", headers={"Authorization": f"Bearer {other}"}),
        await shop.call("POST", "buy", token="", data=[("token", other), ("token", shop.token)]),
    ):
        assert refused.refusal == (400, "wrong_params")


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked",
        b"Content-Length: 5\r\nContent-Length: 6",
        b"Content-Length: 5\r\nContent-Length: 5",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        b"Content-Length: +5",
        b"Content-Length: 5\nX-Other: 1",
        b"Content-Length : 5",
    ],
)
async def test_a_request_that_says_its_length_in_two_ways_reaches_no_call(shop: Shop, head: bytes) -> None:
    token = shop.token.encode()
    request = b"POST /api/v2/buy HTTP/1.1\r\nHost: x\r\nToken: %b\r\n%b\r\n\r\n0\r\n\r\n" % (token, head)
    answer = await asyncio.wait_for(shop.raw(request), 10)
    assert answer.startswith(b"HTTP/1.1 400 ") and answer.count(b"HTTP/1.1") == 1


# How often ---------------------------------------------------------------------------------------------------


async def test_every_answer_to_a_known_token_says_what_is_left(db: Db) -> None:
    async with shop_on(db, requests_per_minute=100, reads_per_minute=5, buys_per_minute=2) as shop:
        replies = [await balance(shop, shop.token) for _ in range(6)]
        left = [(one.headers["X-RateLimit-Limit"], one.headers["X-RateLimit-Remaining"]) for one in replies]
        assert left == [("5", str(count)) for count in (4, 3, 2, 1, 0, 0)]
        assert [one.status for one in replies] == [200] * 5 + [429]
        assert "Retry-After" not in replies[4].headers
        assert 1 <= int(replies[5].headers["Retry-After"]) <= 12
        assert 48 <= int(replies[5].headers["X-RateLimit-Reset"]) <= 60
        refused = await shop.buy(id=1)
        assert refused.refusal == (404, "no_item") and refused.headers["X-RateLimit-Limit"] == "2"
        unread = await shop.call("POST", "buy", json={"id": "x"})
        assert unread.refusal == (422, "validation_error") and unread.headers["X-RateLimit-Remaining"] == "0"
        unread = await shop.call("POST", "offers", data=b"{", headers={"Content-Type": "application/json"})
        assert unread.refusal == (422, "validation_error") and unread.headers["X-RateLimit-Remaining"] == "92"
        in_v1 = await shop.v1("buy_item", id=1)
        assert in_v1.refusal == (429, "disabled") and in_v1.headers["X-RateLimit-Remaining"] == "0"
        assert (await shop.get("nowhere")).headers.get("X-RateLimit-Limit") is None


async def test_one_token_s_calls_are_not_another_s(db: Db) -> None:
    async with shop_on(db, requests_per_minute=2) as shop:
        other = await made(shop)
        for _ in range(2):
            await balance(shop, shop.token)
        assert (await balance(shop, shop.token)).status == 429
        assert (await balance(shop, other)).status == 200


# What every answer carries -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v2/account/balance"),
        ("GET", "/api/v2/nowhere"),
        ("GET", "/api/v1/get_balance"),
        ("POST", "/api/v1/buy_item"),
        ("POST", "/agent/v1/pair"),
        ("GET", "/healthz"),
        ("GET", "/nowhere"),
    ],
)
async def test_every_answer_keeps_itself_to_its_asker(shop: Shop, method: str, path: str) -> None:
    for token in (shop.token, ""):
        reply = await shop.call(method, path, token=token)
        assert reply.headers["Cache-Control"] in ("no-store", "private, no-cache")
        assert reply.headers["Referrer-Policy"] == "no-referrer"
        assert reply.headers["X-Content-Type-Options"] == "nosniff"


# What anybody may send costs little --------------------------------------------------------------------------

MEGABYTE = (1 << 20) - 100
FORM, JSON, PARTS = "application/x-www-form-urlencoded", "application/json", "multipart/form-data; boundary=b"
COSTLY = [
    (b"a=" + b"%41" * (MEGABYTE // 3), FORM),
    (b"a=" + b"%4" * (MEGABYTE // 2), FORM),
    (b"&".join(b"k%d=%b" % (i, b"%C3%A9" * 80) for i in range(1_999)), FORM),
    (b"a" + b"[]" * (MEGABYTE // 2) + b"=1", FORM),
    (b"a" + b"[" * MEGABYTE + b"=1", FORM),
    (b"&".join(b"k[%d][a][%b]=1" % (i, b"x" * 480) for i in range(1_999)), FORM),
    (b'{"a":' + b'""' * (MEGABYTE // 2) + b"}", JSON),
    (b"{" + b'"":1 ' * (MEGABYTE // 5) + b"}", JSON),
    (b'{"a":"' + b"\\u0041" * (MEGABYTE // 6) + b'"}', JSON),
    (b'{"a":"' + b"\\\\" * (MEGABYTE // 2), JSON),
    (b'{"a":' + b"[]" * (MEGABYTE // 2) + b"}", JSON),
    (b'{"a":' + b"1" * MEGABYTE + b"}", JSON),
    (b"--b\r\nform-data;" + b" name" * (MEGABYTE // 5), PARTS),
    (b"".join(b"--b\r\nform-data;%b\r\n\r\n" % (b" name" * 100) for _ in range(1_990)), PARTS),
]


@pytest.mark.parametrize(("body", "kind"), COSTLY, ids=[str(number) for number in range(len(COSTLY))])
def test_a_hostile_megabyte_costs_a_blink(body: bytes, kind: str) -> None:
    def once() -> float:
        start = time.process_time()
        try:
            reading.read_all(b"", body, kind)
        except Exception as error:
            assert type(error).__name__ == "Malformed"
        return time.process_time() - start

    # Some 20 ms on one core, of which a busy machine may make more; read one by one, escapes took 600.
    assert min(once() for _ in range(3)) < 0.15


@given(st.lists(st.sampled_from([b"%", b"%4", b"%41", b"%fF", b"%25", b"%2", b"41", b"a", b"\xff", b"%%"])))
def test_escapes_read_all_at_once_are_what_they_are_one_by_one(pieces: list[bytes]) -> None:
    data = b"".join(pieces) + b"..."
    assert reading._unquote_all(data) == reading._unquote(data) == unquote_to_bytes(data)


@given(st.lists(st.tuples(st.text(), st.text()), max_size=5), st.booleans())
def test_a_long_form_says_what_its_short_one_does(pairs: list[tuple[str, str]], plus: bool) -> None:
    pairs = [(f"n{number}{name.translate(BRACKETS)}", value) for number, (name, value) in enumerate(pairs)]
    form = urlencode(pairs, quote_via=quote_plus if plus else quote).encode()
    filling = b"&z=" + b"%20" * (reading.ESCAPES_SINGLY_MAX + 1)
    for data in (form, form + filling):
        tree = reading.read_all(data, b"", "")
        assert {name: node.values for name, node in (tree.children or {}).items() if name != "z"} == {
            name: [value] for name, value in pairs
        }
