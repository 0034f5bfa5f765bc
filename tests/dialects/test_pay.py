"""Links: who signs his order gets one, the same each time; whatever else comes is refused, and never a fault of ours."""

import asyncio
import json
import os
import re
import shutil
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import parse_qsl

import pytest
from starlette.routing import Route

from dialects.notations import state_of
from dialects.paying import ORDER, Site, php, sign, sign_v2, site_of
from dialects.shop import BUYER, Reply, Shop, shop_on
from tradepost.app import App
from tradepost.config import Settings
from tradepost.db import DatabaseBusy, DatabaseGone, Db
from tradepost.dialects import pay
from tradepost.market import gateways, payments
from tradepost.market.payments import Payment
from tradepost.market.seals import SealBroken
from tradepost.routes import routes
from tradepost.rules import notice
from tradepost.rules.payment import Ipn, ipn_hash, ipn_query, link_signature

HEX = "0123456789abcdef"
PHP = shutil.which("php")


@pytest.fixture
async def site(shop: Shop) -> Site:
    return await site_of(shop)


@pytest.fixture
def app_routes() -> list[str]:
    app = cast(App, SimpleNamespace(settings=Settings(mode="sandbox")))
    return [route.path for route in routes(app) if isinstance(route, Route)]


async def made(shop: Shop) -> list[Payment]:
    return await shop.db.rows(Payment, f"SELECT {payments.COLUMNS} FROM payment p ORDER BY p.id")


def token_of(reply: Reply) -> str:
    assert (reply.status, reply.body["status"]) == (200, "success"), reply.body
    return str(reply.body["token"])


def refusal_of(reply: Reply) -> str:
    """The word of a refusal, which has status 200 as in v1."""
    status, word = reply.refusal
    assert status == 200
    return str(word)


# Links that are good ------------------------------------------------------------------------------------------


async def test_a_signed_order_gets_a_link_in_the_language_of_its_address(shop: Shop, site: Site) -> None:
    reply = await site.link()
    token = token_of(reply)
    assert len(token) == 32 and set(token) <= set(HEX)
    url = f"{shop.app.settings.base_url}/en/pay?token={token}"
    assert reply.body == {"token": token, "url": url, "status": "success", "success": True}
    (payment,) = await made(shop)
    assert (payment.token, payment.order_id, payment.account, payment.amount) == (
        token,
        "order-1",
        "2048",
        "6.66",
    )
    assert (payment.account_id, payment.currency, payment.state) == (shop.merchant, "USD", "open")
    for language, shown in (
        ("de", "de"),
        ("ru", "ru"),
        ("FR", "fr"),
        ("pl", "pl"),
        ("xx", "en"),
        ("%00", "en"),
        ("a.b", "en"),
    ):
        path = site.path.replace("/en/", f"/{language}/")
        assert (await site.link(path=path)).body["url"] == url.replace("/en/", f"/{shown}/")
    assert len(await made(shop)) == 1


@pytest.mark.parametrize("how", ["query", "form", "json"])
async def test_parameters_come_from_query_form_and_json_alike(shop: Shop, site: Site, how: str) -> None:
    first = token_of(await site.link())
    assert token_of(await site.link(how=how)) == first
    assert len(await made(shop)) == 1


async def test_numbers_of_json_are_signed_as_they_are_written(shop: Shop, site: Site) -> None:
    for amount in ("6.60", "6.6", "7", "0.10"):
        order = f"json-{amount}"
        signature = sign({"order_id": order, "amount": amount, "currency": "USD"}, site.opened.secret)
        body = (
            f'{{"order_id": "{order}", "amount": {amount}, "currency": "USD", "account": 2048, "security_steam_id": {BUYER},'
            f' "signature": "{signature}"}}'
        )
        reply = await shop.call(
            "POST", site.path, token="", data=body, headers={"Content-Type": "application/json"}
        )
        token_of(reply)
        assert token_of(await site.link(order_id=order, amount=amount)) == reply.body["token"]
    assert [one.amount for one in await made(shop)] == ["6.60", "6.6", "7", "0.10"]


@pytest.mark.skipif(PHP is None, reason="there is no php here")
async def test_links_signed_by_the_formula_of_the_documentation_in_php_are_good(
    shop: Shop, site: Site
) -> None:
    orders = [
        {"order_id": "12345", "amount": "6.66", "account": "1"},
        {"order_id": "a-b_c.d:e", "amount": "0.01", "account": "18446744073709551615"},
        {"order_id": "7", "account": "0"},
        {"order_id": "x" * 64, "amount": "9999999.99", "account": "76561198064929874", "steam_trade_token": "zPvo-jv3"},
    ]  # fmt: skip
    program = f"""
        define('SECRET_HASH', '{site.opened.secret}');
        foreach (json_decode('{json.dumps(orders)}', true) as $params) {{
            $params['security_steam_id'] = '{BUYER}';
            $params['currency'] = 'USD';
            $params['signature'] = hash('sha256', $params['order_id'] . ($params['amount'] ?? '') . $params['currency'] . SECRET_HASH);
            echo http_build_query($params), "\\n";
        }}"""
    for line in (await php(program)).split():
        curl = await asyncio.create_subprocess_exec(
            "curl", "-s", "--data", line, shop.url + site.path, stdout=asyncio.subprocess.PIPE
        )
        out, _ = await curl.communicate()
        assert json.loads(out)["status"] == "success", out
    assert [one.order_id for one in await made(shop)] == [one["order_id"] for one in orders]
    assert [one.account for one in await made(shop)] == [one["account"] for one in orders]


async def test_a_signature_may_be_written_in_capitals(site: Site) -> None:
    token_of(await site.link(signature=sign(ORDER, site.opened.secret).upper()))


async def test_an_absent_amount_and_an_empty_one_are_alike(shop: Shop, site: Site) -> None:
    token = token_of(await site.link(amount=None))
    assert token_of(await site.link(amount="")) == token
    assert token_of(await site.link(amount="", how="json")) == token
    assert (await made(shop))[0].amount == ""


async def test_the_payer_is_known_from_then_on(shop: Shop, site: Site) -> None:
    steamid = "76561198000777777"
    token_of(await site.link(security_steam_id=steamid))
    known = await shop.db.value("SELECT known_by FROM account WHERE steamid = $1", steamid)
    assert known == "payment"


# The same order ----------------------------------------------------------------------------------------------


async def test_an_order_asked_for_again_is_the_same_payment_whatever_became_of_it(
    shop: Shop, site: Site
) -> None:
    token = token_of(await site.link(steam_trade_token="zPvo-jv3"))
    for _ in range(3):
        assert token_of(await site.link(steam_trade_token="zPvo-jv3")) == token
    await shop.db.execute("UPDATE payment SET state = 'closed', closed_at = created_at")
    assert token_of(await site.link(steam_trade_token="zPvo-jv3")) == token
    assert len(await made(shop)) == 1


async def test_links_asked_for_at_one_instant_are_one_payment(shop: Shop, site: Site) -> None:
    replies = await asyncio.gather(*(site.link(how=how) for how in ("form", "json", "query") * 8))
    assert len({token_of(reply) for reply in replies}) == 1
    assert len(await made(shop)) == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"account": "2049"}, {"account": "02048"}, {"amount": "6.67"}, {"amount": "6.6"}, {"amount": None},
        {"security_steam_id": "76561198000000009"}, {"steam_trade_token": "zPvo-jv4"},
    ],
)  # fmt: skip
async def test_an_order_with_other_parameters_is_refused(
    shop: Shop, site: Site, changed: dict[str, Any]
) -> None:
    token = token_of(await site.link())
    reply = await site.link(**changed)
    assert refusal_of(reply) in ("wrong_params", "validation_error")
    assert token_of(await site.link()) == token
    assert len(await made(shop)) == 1


async def test_an_order_that_would_sign_like_another_is_refused(shop: Shop, site: Site) -> None:
    token_of(await site.link(order_id="1", amount="23.00"))
    for order_id, amount in (("12", "3.00"), ("123.00", None), ("123.00", "")):
        reply = await site.link(order_id=order_id, amount=amount)
        assert sign({"order_id": "1", "amount": "23.00", "currency": "USD"}, site.opened.secret) == sign(
            {"order_id": order_id, "amount": amount, "currency": "USD"}, site.opened.secret
        )
        assert refusal_of(reply) == "wrong_params" and "one length" in reply.body["error_details"]
    other = await site_of(shop, shop.stranger)  # what one merchant's orders are called is nothing to another
    token_of(await other.link(order_id="12", amount="3.00"))
    assert [one.order_id for one in await made(shop)] == ["1", "12"]


async def test_orders_of_two_merchants_with_one_name_are_two_payments(shop: Shop, site: Site) -> None:
    other = await site_of(shop, shop.stranger)
    assert token_of(await site.link()) != token_of(await other.link())


# Forged and tampered -----------------------------------------------------------------------------------------


async def test_what_the_merchant_did_not_sign_is_refused_and_leaves_no_trace(shop: Shop, site: Site) -> None:
    other = await site_of(shop, shop.stranger)
    good = sign(ORDER, site.opened.secret)
    before = await state_of(shop.db)
    forged = [
        good[:-1] + HEX[HEX.index(good[-1]) - 1], "0" * 64, sign(ORDER, ""), sign(ORDER, other.opened.secret),
        sign(ORDER, site.opened.secret_v2), sign(ORDER, site.opened.gateway.public_hash), sign({**ORDER, "amount": ""}, site.opened.secret),
    ]  # fmt: skip
    for signature in forged:
        assert refusal_of(await site.link(signature=signature)) == "wrong_params"
    for name, value in {"order_id": "order-2", "amount": "66.6", "currency": "USD ", "amount ": "1"}.items():
        reply = await site.link(**{name: value}, signature=good if name != "amount " else "0" * 64)
        assert refusal_of(reply) in ("wrong_params", "validation_error")
    # The hash of an IPN is of the same texts with a trade_id behind them: it signs no link.
    reply = await site.link(currency="USD786f1d3cccb2828c", signature=good)
    assert refusal_of(reply) == "validation_error" and "currency" in reply.body["error_details"]
    assert await made(shop) == [] and await state_of(shop.db) == before


async def test_a_public_hash_that_is_nobodys_is_refused_whatever_it_looks_like(
    shop: Shop, site: Site
) -> None:
    own = site.opened.gateway.public_hash
    for public_hash in (
        "0" * 32,
        own.upper(),
        own[:-1],
        own + "0",
        "x",
        "%00",
        "%ff",
        "%ED%A0%80",
        "é",
        "'",
        "x" * 5000,
    ):
        reply = await site.link(path=f"/en/pay/{public_hash}")
        assert refusal_of(reply) == "no_item", public_hash[:40]
    assert await made(shop) == []


async def test_wrong_signatures_count_with_the_address_and_right_ones_are_let_in(db: Db) -> None:
    async with shop_on(db, wrong_tokens_per_minute=3) as shop:
        site = await site_of(shop)
        for number in range(6):
            wrong = await site.link(signature="0" * 64)
            assert wrong.refusal == ((200, "wrong_params") if number < 3 else (429, "disabled"))
        assert int(wrong.headers["Retry-After"]) > 0
        unknown = await site.link(path="/en/pay/" + "0" * 32)
        assert unknown.refusal == (429, "disabled")
        token_of(await site.link())


async def test_a_merchant_has_so_many_links_a_minute_and_tokens_have_their_own(db: Db) -> None:
    async with shop_on(db, sells_per_minute=2) as shop:
        site, other = await site_of(shop), await site_of(shop, shop.stranger)
        assert [(await site.link()).status for _ in range(4)] == [200, 200, 429, 429]
        reply = await other.link()
        assert (reply.headers["X-RateLimit-Limit"], reply.headers["X-RateLimit-Remaining"]) == ("2", "1")
        assert (await shop.call("POST", "webhook/test")).status == 404  # counted as sell, and let in
        assert len(await made(shop)) == 2


# Values ------------------------------------------------------------------------------------------------------

AMOUNTS = ["NaN", "nan", "1e9", "1E1", "-1", "+1", "6.6666", "6.666", "0", "0.0", "0.00", "1,5", "１", "１.５", "٣", " 1", "1 ", "1\n",
           "01", "1.", ".5", "0x1", "1_0", "10000000", "9" * 10_000, "Infinity", "1.00USD", "\x00", "6.66\x00", "true"]  # fmt: skip
ACCOUNTS = ["18446744073709551616", "99999999999999999999", "-1", "+1", "demo", "1.0", "1e3", " 1", "1 ", "１", "0x1", "1_0", "9" * 10_000,
            "NaN", "1\n", "\x00", "1\x00", "1;2"]  # fmt: skip
ORDERS = [
    "a b",
    "a/b",
    "a,b",
    "a=b",
    "a&b",
    "a%b",
    "é",
    "１",
    "x" * 65,
    "x" * 10_000,
    "\x00",
    "a\x00",
    "a\n",
    "a\u2028",
    "'",
    "$",
    "\ufeffa",
    "<b>",
]
SIGNATURES = [
    "0" * 63,
    "0" * 65,
    "g" * 64,
    "0" * 63 + "\n",
    "0x" + "0" * 62,
    "０" * 64,
    "x" * 10_000,
    "\x00" * 64,
    "whsec_",
]
STEAMIDS = [
    "1",
    "7656119806492987",
    "76561198064929874 ",
    "７6561198064929874",
    "STEAM_0:0:1",
    "\x00",
    "9" * 10_000,
]
TOKENS = ["short", "x" * 17, "a b c d", "zPvo+jv3", "\x00" * 8, "x" * 10_000]
CURRENCIES = ["usd", "EUR", "USD ", "USDT", "US", "\x00", "x" * 10_000, "USD1"]
WRONG = [
    (name, value)
    for name, values in {
        "amount": AMOUNTS, "account": ACCOUNTS, "order_id": ORDERS, "signature": SIGNATURES, "signature_v2": SIGNATURES,
        "security_steam_id": STEAMIDS, "steam_trade_token": TOKENS, "currency": CURRENCIES,
    }.items()
    for value in values
]  # fmt: skip


@pytest.mark.parametrize("how", ["query", "form", "json"])
async def test_what_is_malformed_is_refused_by_its_name(shop: Shop, site: Site, how: str) -> None:
    wrong = []
    for name, text in WRONG:
        value = text[:5000] if how == "query" else text  # the head of a request has bounds of its own
        reply = await site.link(how=how, **{name: value})
        details = reply.body.get("error_details", "")
        if (reply.status, reply.body.get("error_message")) != (
            200,
            "validation_error",
        ) or not details.startswith(f"{name}: "):
            wrong.append((name, value[:40], reply.status, reply.body))
    assert wrong == [] and await made(shop) == []


@pytest.mark.parametrize("name", ["account", "order_id", "security_steam_id", "currency", "signature"])
async def test_what_is_needed_is_missed_by_its_name(site: Site, name: str) -> None:
    for value in (None, ""):
        asked = {**ORDER, "signature": sign(ORDER, site.opened.secret), name: value}
        reply = await site.send({one: text for one, text in asked.items() if text is not None})
        assert refusal_of(reply) == "validation_error"
        assert reply.body["error_details"] == f"{name}: is missing."


@pytest.mark.parametrize("account", ["0", "007", "18446744073709551615", "76561198064929874"])
async def test_the_number_of_a_user_comes_back_as_it_was_sent(shop: Shop, site: Site, account: str) -> None:
    token_of(await site.link(account=account))
    assert (await made(shop))[0].account == account


@pytest.mark.parametrize(
    "body",
    [
        b'{"order_id": "\\ud800"}', b'{"order_id": "a", "order_id": "b"}', b'{"amount": NaN}', b'{"amount": Infinity}', b'{"amount": 1e999}',
        b'{"amount": [1]}', b'{"amount": {"a": 1}}', b'{"amount": true}', b'{"order_id": false}', b"{", b"[]", b"[1]", b"1", b'"x"', b"null", b"\xff\xfe",
        b'{"a":' * 6 + b"1" + b"}" * 6, b'{"x": ' + b"9" * 20_000 + b"}", b"order_id=%ff", b"order_id=a&order_id=b", b"order_id[]=a", b"order_id[0][x]=a",
        b"a[=1&order_id=1", b"%00=%00", b"&&&==&", b"\x00\x01\x02",
    ],
)  # fmt: skip
async def test_bytes_of_any_kind_are_refused_in_its_own_words(site: Site, body: bytes) -> None:
    for kind in (
        "application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain",
        "",
    ):
        reply = await site.shop.call("POST", site.path, token="", data=body, headers={"Content-Type": kind})
        assert refusal_of(reply) in ("validation_error", "wrong_params"), (kind, reply.body)


async def test_a_body_that_is_too_long_keeps_its_status(site: Site) -> None:
    reply = await site.shop.call("POST", site.path, token="", data=b"x=" + b"y" * 65_536)
    assert reply.refusal == (413, "validation_error")
    token_of(await site.link(more="y" * 60_000))


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE", "BREW"])
async def test_only_post_makes_links_and_no_other_site_is_let_in(shop: Shop, site: Site, method: str) -> None:
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    async with shop.http.request(method, shop.url + site.path, headers=headers) as reply:
        assert reply.status == 200 or method == "BREW"
        assert not [name for name in reply.headers if name.lower().startswith("access-control")]
        if method not in ("HEAD", "BREW"):
            assert (await reply.json())["error_message"] == "wrong_method"
    assert await made(shop) == []


async def test_every_host_is_served_and_the_link_leads_to_ours(shop: Shop, site: Site) -> None:
    asked = {**ORDER, "signature": sign(ORDER, site.opened.secret)}
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Origin": "https://evil.example"}
    reply = await shop.call("POST", site.path, token="", data=asked, headers=headers)
    assert reply.body["url"].startswith(f"{shop.app.settings.base_url}/en/pay?token=")
    assert "Access-Control-Allow-Origin" not in reply.headers and reply.headers["Cache-Control"] == "no-store"


async def test_links_are_off_where_the_operator_switches_the_api_off(shop: Shop, site: Site) -> None:
    await shop.turn("api", off=True)
    reply = await site.link()
    assert refusal_of(reply) == "disabled" and int(reply.headers["Retry-After"]) > 0


async def test_what_is_away_or_broken_on_our_side_is_said_with_status_200(
    shop: Shop, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults: list[tuple[Exception, str, str]] = [
        (DatabaseGone("away", maybe_committed=True), "disabled", "one order is one payment"),
        (DatabaseGone("away", maybe_committed=False), "disabled", "nothing was done"),
        (DatabaseBusy("busy"), "disabled", "nothing was done"),
        (ZeroDivisionError("a secret of ours"), "internal_error", "in our log"),
        (SealBroken("a secret of ours"), "disabled", "operator"),
    ]
    for fault, word, words in faults:

        async def fail(*_: Any, fault: Exception = fault) -> None:
            raise fault

        monkeypatch.setattr(gateways, "keys_of", fail)
        reply = await site.link()
        assert refusal_of(reply) == word and words in reply.body["error_details"], reply.body
        assert "secret of ours" not in str(reply.body)


def test_pages_below_the_same_path_go_before_it(app_routes: list[str]) -> None:
    below = [path for path in app_routes if path.startswith("/{lang}/pay/")]
    assert below[-1] == pay.ROUTE and below.count(pay.ROUTE) == 1


# Rotation ----------------------------------------------------------------------------------------------------


async def test_while_a_secret_is_changed_both_sign_and_afterwards_the_new_one_alone(
    shop: Shop, site: Site
) -> None:
    old, new = site.opened.secret, await gateways.rotate(shop.app, shop.merchant, "secret")
    token_of(await site.link(order_id="1", secret=old))
    token_of(await site.link(order_id="2", secret=new))
    token_of(await site.link(order_id="3", secret=old))
    await shop.db.execute(
        "UPDATE gateway SET old_secret_until = $1", shop.app.real_now() - timedelta(seconds=1)
    )
    assert refusal_of(await site.link(order_id="4", secret=old)) == "wrong_params"
    token_of(await site.link(order_id="4", secret=new))
    again = await site.link(order_id="1", secret=new)  # the same order, signed anew, is the same payment
    assert token_of(again) == (await made(shop))[0].token


async def test_while_the_second_secret_is_changed_both_sign_too(shop: Shop, site: Site) -> None:
    old, new = site.opened.secret_v2, await gateways.rotate(shop.app, shop.merchant, "signature_v2")
    for secret in (old, new):
        token_of(await site.link_v2(secret_v2=secret))
    await shop.db.execute(
        "UPDATE gateway SET old_secret_v2_until = $1", shop.app.real_now() - timedelta(seconds=1)
    )
    assert refusal_of(await site.link_v2(secret_v2=old)) == "wrong_params"
    token_of(await site.link_v2(secret_v2=new))


# The second signature ----------------------------------------------------------------------------------------


async def test_a_merchant_can_demand_the_second_signature(shop: Shop, site: Site) -> None:
    token_of(await site.link(order_id="before"))
    await gateways.change(shop.app, shop.merchant, requires_v2=True)
    for missing in ({}, {"signature_v2": ""}):
        reply = await site.link(**missing)
        assert refusal_of(reply) == "validation_error" and "signature_v2" in reply.body["error_details"]
    token_of(await site.link_v2())
    assert (
        refusal_of(await site.link_v2(signature="0" * 64)) == "wrong_params"
    )  # one does not replace the other
    assert refusal_of(await site.link_v2(secret_v2=site.opened.secret)) == "wrong_params"


@pytest.mark.parametrize("how", ["query", "form", "json"])
async def test_the_second_signature_covers_everything_that_was_sent(shop: Shop, site: Site, how: str) -> None:
    more = {"steam_trade_token": "zPvo-jv3", "unknown": "ä ö=&+%", "Zed": "", "a.b": "1"}
    token_of(await site.link_v2(how=how, **more))
    asked = {**ORDER, **more, "signature": sign(ORDER, site.opened.secret)}
    asked["signature_v2"] = sign_v2(asked, site.opened.secret_v2)
    assert token_of(await site.send({**asked, "signature_v2": asked["signature_v2"].upper()}, how=how))
    tampered: list[dict[str, Any]] = [
        {"account": "2049"}, {"account": "02048"}, {"security_steam_id": "76561198000000009"}, {"steam_trade_token": "zPvo-jv4"},
        {"unknown": "ä ö"}, {"Zed": "1"}, {"added": ""}, {"added": "1"}, {"signature": asked["signature"].upper()},
    ]  # fmt: skip
    for change in tampered:
        assert refusal_of(await site.send({**asked, **change}, how=how)) == "wrong_params", change
    for name in ("steam_trade_token", "unknown", "Zed"):
        reply = await site.send({one: text for one, text in asked.items() if one != name}, how=how)
        assert refusal_of(reply) == "wrong_params", name
    assert len(await made(shop)) == 1


async def test_numbers_and_null_of_json_are_covered_by_the_second_signature(shop: Shop, site: Site) -> None:
    texts = {**ORDER, "amount": "6.60", "extra": "1.50"}
    texts["signature"] = sign(texts, site.opened.secret)
    texts["signature_v2"] = sign_v2(texts, site.opened.secret_v2)
    body = (
        json.dumps({**texts, "none": None})
        .replace('"6.60"', "6.60")
        .replace('"1.50"', "1.50")
        .replace('"2048"', "2048")
    )
    reply = await shop.call(
        "POST", site.path, token="", data=body, headers={"Content-Type": "application/json"}
    )
    token_of(reply)


@pytest.mark.parametrize(
    "more",
    [
        {"x": ["a"]}, {"x": {"a": "b"}}, {"x": True}, {"x": "a\nb"}, {"x": "\x00"}, {"x": "a\x85"}, {"x\ny": "1"}, {"x=y": "1"}, {"x[]": "1"},
        {"x[a]": "1"}, {"x[": "1"},
    ],
)  # fmt: skip
async def test_what_has_no_line_of_its_own_is_refused_beside_the_second_signature(
    shop: Shop, site: Site, more: dict[str, Any]
) -> None:
    asked = {**ORDER, "signature": sign(ORDER, site.opened.secret), **more}
    token_of(await site.send(asked, how="json"))  # nobody asks for it, so it is ignored
    reply = await site.send({**asked, "signature_v2": sign_v2(asked, site.opened.secret_v2)}, how="json")
    assert refusal_of(reply) == "validation_error"
    assert len(await made(shop)) == 1


# The documentation -------------------------------------------------------------------------------------------

PAGE = Path(__file__).resolve().parents[2] / "docs/api/pay.md"


def block(language: str, containing: str) -> str:
    """The one block of the page that is in a language and has something in it."""
    found = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (code,) = [one for one in found if containing in one]
    return str(code).removeprefix("<?php\n")


@pytest.mark.skipif(PHP is None, reason="there is no php here")
async def test_the_program_in_php_on_the_page_gets_a_link(shop: Shop, site: Site) -> None:
    await gateways.change(shop.app, shop.merchant, requires_v2=True)
    before = f"""
        $market = '{shop.url}'; $public_hash = '{site.opened.gateway.public_hash}';
        define('SECRET_HASH', '{site.opened.secret}'); define('SECRET_V2', '{site.opened.secret_v2}');
        $order_id = 'php-1'; $user_id = 2048; $steamid = '{BUYER}';"""
    url = await php(f"{before}\n{block('php', 'signature_v2')}\necho $url;")
    assert url == f"{shop.app.settings.base_url}/en/pay?token={(await made(shop))[0].token}"


async def test_the_program_in_python_on_the_page_gets_a_link(shop: Shop, site: Site) -> None:
    await gateways.change(shop.app, shop.merchant, requires_v2=True)
    documented: dict[str, Any] = {}
    exec(block("python", "ask_link"), documented)  # noqa: S102 - our own page
    opened = site.opened
    asked = (shop.url, opened.gateway.public_hash, opened.secret, opened.secret_v2)
    order = {"account": "2048", "order_id": "py-1", "security_steam_id": BUYER}
    for more in ({"amount": "6.66"}, {"amount": "6.66"}):
        url = await asyncio.to_thread(documented["ask_link"], *asked, **order, **more)
        assert url == f"{shop.app.settings.base_url}/en/pay?token={(await made(shop))[0].token}"
    with pytest.raises(ValueError, match="other parameters"):
        await asyncio.to_thread(documented["ask_link"], *asked, **order)


async def test_the_lines_for_a_shell_on_the_page_get_a_link(shop: Shop, site: Site) -> None:
    known = {
        "MARKET": shop.url,
        "PUBLIC_HASH": site.opened.gateway.public_hash,
        "SECRET_HASH": site.opened.secret,
    }
    process = await asyncio.create_subprocess_exec(
        "sh", "-c", block("sh", "sha256sum"), env={**os.environ, **known}, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    answer = json.loads(out)
    assert answer["token"] == (await made(shop))[0].token
    assert answer.keys() == json.loads(block("json", "token")).keys()


def test_the_notice_on_the_page_has_the_hash_and_the_signature_that_it_says() -> None:
    first, *lines = block("http", "hash=").strip().split("\n")
    query = first.split(" ")[1].partition("?")[2]
    headers = dict(line.split(": ", 1) for line in lines)
    sent = dict(parse_qsl(query, keep_blank_values=True))
    ipn = Ipn(
        666, sent["token"], sent["account"], sent["order_id"], sent["trade_id"], sent["transaction_id"],
        datetime(2026, 11, 21, 12, tzinfo=UTC), sent["ip"],
    )  # fmt: skip
    assert query == f"shop=7&{ipn_query(ipn, '0123456789abcdef' * 4)}"
    secrets = [b"0123456789abcdef" * 2]
    assert notice.write_secret(secrets[0]) in PAGE.read_text(encoding="utf-8")
    signed = notice.signatures(
        secrets, headers["webhook-id"], int(headers["webhook-timestamp"]), query.encode()
    )
    assert headers["webhook-signature"] == signed


@pytest.mark.skipif(PHP is None, reason="there is no php here")
async def test_the_receiver_in_php_on_the_page_credits_what_is_good_alone() -> None:
    secret, whsec = "0123456789abcdef" * 4, b"0123456789abcdef" * 2
    ipn = Ipn(
        666,
        "a" * 32,
        "2048",
        "order-1",
        "786f1d3cccb2828c",
        "45f7fa62",
        datetime(2026, 11, 21, tzinfo=UTC),
        "::1",
    )
    good, test = ipn_query(ipn, secret), ipn_query(replace(ipn, amount_cents=0, is_test=True), secret)
    empty = good.replace("786f1d3cccb2828c", "").replace(
        ipn_hash("order-1", "6.66", "USD", ipn.trade_id, secret), link_signature("order-16.66USD", secret)
    )
    now = int(time.time())
    for query, signed, at, said in (
        (good, good, now, "credited 666 to 2048 ok"),
        (test, test, now, "ok"),
        (good.replace("6.66", "66.6"), good, now, "error"),
        (good.replace("2048", "2049"), good, now, "error"),
        (f"{good}&test=1", f"{good}&test=1", now, "error"),
        (f"test=0&{good}", f"test=0&{good}", now, "error"),
        (test.replace("&test=1", ""), test.replace("&test=1", ""), now, "error"),
        (f"order.id=order-2&{good}", f"order.id=order-2&{good}", now, "error"),
        (f"{good}&amount[]=1", f"{good}&amount[]=1", now, "error"),
        (good.replace("order-1", "order-2"), good.replace("order-1", "order-2"), now, "error"),
        (empty, empty, now, "error"),
        (good, good, now - 3600, "error"),
    ):
        program = f"""
            putenv('SECRET_HASH={secret}'); putenv('NOTICE_SECRET={notice.write_secret(whsec)}');
            function credit($order, $account, $trade, $cents) {{ echo "credited $cents to $account "; return true; }}
            $_SERVER['HTTP_WEBHOOK_ID'] = 'msg_1'; $_SERVER['HTTP_WEBHOOK_TIMESTAMP'] = '{at}';
            $_SERVER['HTTP_WEBHOOK_SIGNATURE'] = 'v1,x {notice.signatures([whsec], "msg_1", at, signed.encode())}';
            $_SERVER['QUERY_STRING'] = '{query}'; parse_str('{query}', $_GET);
            {block("php", "QUERY_STRING")}"""
        assert await php(program) == said, query
