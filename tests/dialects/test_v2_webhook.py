"""The webhook of v2, over HTTP: set, tested, removed; its notices listed and sent again; whose they are."""

import asyncio
import re
import shutil
import socket
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import WebhookVerificationError

from dialects.shop import Reply, Shop, shop_on
from factors import turn_on
from market.receiving import Receiver, answers, delivering, make, receiving, turn
from tradepost.db import Db
from tradepost.market import notices, receivers, seals, sending
from tradepost.rules import notice

pytestmark = pytest.mark.sql


@pytest.fixture
async def shop(db: Db) -> AsyncIterator[Shop]:
    async with shop_on(db, callback_networks=("127.0.0.0/8",)) as found:
        yield found


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as found:
        yield found


async def put(shop: Shop, url: str, **more: Any) -> Reply:
    reply = await shop.call("PUT", "webhook", json={"url": url, **more})
    assert reply.status == 200, reply.body
    return reply


async def test_a_webhook_is_set_looked_at_and_removed(shop: Shop) -> None:
    nothing = await shop.get("webhook")
    assert (nothing.status, nothing.body) == (200, {"status": "success", "data": None})
    made = (await put(shop, "https://shop.example/notices")).body["data"]
    assert made["secret"].startswith("whsec_") and made["events"] == list(notice.TYPES)
    looked = (await shop.get("webhook")).body["data"]
    assert looked["url"] == "https://shop.example/notices" and "secret" not in looked
    again = (await put(shop, "https://shop.example/2", events=["trade.reversed", "trade.finished"])).body[
        "data"
    ]
    assert again["secret"] is None and again["events"] == ["trade.finished", "trade.reversed"]
    assert (await shop.call("DELETE", "webhook")).body == {"status": "success", "data": {"set_aside": 0}}
    assert (await shop.call("DELETE", "webhook")).refusal == (404, "no_item")
    assert (await shop.get("webhook")).body["data"] is None


@pytest.mark.parametrize(
    "form",
    [
        {"url": "https://shop.example/", "events": "trade.sent,trade.finished", "rotate_secret": "0"},
        [("url", "https://shop.example/"), ("events[]", "trade.finished"), ("events[]", "trade.sent")],
        [("url", "https://shop.example/"), ("events[0]", "trade.sent"), ("events[7]", "trade.finished")],
    ],
)
async def test_a_webhook_may_be_set_by_a_form_too(shop: Shop, form: Any) -> None:
    reply = await shop.call("PUT", "webhook", data=form)
    assert reply.body["data"]["events"] == ["trade.sent", "trade.finished"]


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({}, "url"),
        ({"url": ""}, "url"),
        ({"url": 7}, "url"),
        ({"url": ["https://a.example/", "https://b.example/"]}, "url"),
        ({"url": "ftp://shop.example/"}, "url"),
        ({"url": "https://user:pass@shop.example/"}, "url"),
        ({"url": "https://169.254.169.254/latest/meta-data/"}, "url"),
        ({"url": "https://[::ffff:127.0.0.1]/"}, "url"),
        ({"url": "https://2130706433/"}, "url"),
        ({"url": "https://shop.example/\n"}, "url"),
        ({"url": "https://shop.example/" + "a" * 2000}, "url"),
        ({"url": "https://shop.example/", "events": ["trade.finished", "trade.lost"]}, "events"),
        ({"url": "https://shop.example/", "events": ["ping"]}, "events"),
        ({"url": "https://shop.example/", "rotate_secret": "maybe"}, "rotate_secret"),
    ],
)
async def test_what_cannot_be_a_webhook_is_refused_and_the_field_is_named(
    shop: Shop, asked: dict[str, Any], field: str
) -> None:
    reply = await shop.call("PUT", "webhook", json=asked)
    assert reply.status in (400, 422) and reply.body["error_message"] in ("validation_error", "wrong_params")
    assert field in reply.body["error_details"]
    assert (await shop.get("webhook")).body["data"] is None


async def test_without_networks_of_the_operators_local_addresses_are_refused(db: Db) -> None:
    async with shop_on(db) as shop:
        for url in (
            "http://shop.example/",
            "http://127.0.0.1:9/",
            "https://shop.example:22/",
            "https://localhost/",
        ):
            reply = await shop.call("PUT", "webhook", json={"url": url})
            assert reply.refusal == (422, "validation_error"), url
        await put(shop, "https://shop.example/")


async def test_a_secret_is_shown_once_and_not_kept_for_a_repeated_request(shop: Shop, db: Db) -> None:
    key = {"Idempotency-Key": "set-1"}
    first = await shop.call("PUT", "webhook", json={"url": "https://shop.example/"}, headers=key)
    again = await shop.call("PUT", "webhook", json={"url": "https://shop.example/"}, headers=key)
    assert first.body["data"].pop("secret").startswith("whsec_")
    assert again.body["data"].pop("secret") is None and again.body == first.body
    other = await shop.call("PUT", "webhook", json={"url": "https://other.example/"}, headers=key)
    assert other.refusal == (409, "custom_id_exist")
    kept = await db.value("SELECT body FROM request_key")
    assert b"whsec_" not in kept


async def test_a_rotation_with_a_key_rotates_once(shop: Shop, receiver: Receiver) -> None:
    old = (await put(shop, receiver.url)).body["data"]["secret"]
    key = {"Idempotency-Key": "rotate-1"}
    asked = {"url": receiver.url, "rotate_secret": True}
    new = (await shop.call("PUT", "webhook", json=asked, headers=key)).body["data"]
    for _ in range(2):
        again = (await shop.call("PUT", "webhook", json=asked, headers=key)).body["data"]
        assert again["old_secret_until"] == new["old_secret_until"] is not None
    await make(shop.db, shop.merchant, shop.app.now())
    await turn(shop.app)
    for secret in (old, new["secret"]):
        receiver.received[0].verified(secret)


async def test_a_test_notice_arrives_signed_and_is_listed(shop: Shop, receiver: Receiver) -> None:
    assert (await shop.call("POST", "webhook/test")).refusal == (404, "no_item")
    secret = (await put(shop, receiver.url)).body["data"]["secret"]
    async with delivering(shop.app):
        made = (await shop.call("POST", "webhook/test")).body["data"]
        assert (made["type"], made["state"], made["attempts_left"]) == ("ping", "waiting", 1)
        await receiver.one_came.wait()
    told = receiver.received[0].verified(secret)
    assert told["type"] == "ping" and told["data"] == {}
    assert receiver.received[0].headers["content-type"] == "application/json"
    (listed,) = (await shop.get(f"notices?ids={made['id']}")).body["data"]
    assert (listed["state"], listed["webhook_id"]) == ("delivered", receiver.names[0])
    assert listed["payload"] == told and listed["next_attempt"] is None
    (attempt,) = listed["attempts"]
    assert (attempt["no"], attempt["status"], attempt["answer"], attempt["result"]) == (
        1,
        200,
        "ok",
        "received",
    )
    assert attempt["request"] == f"POST {receiver.url}" and attempt["reason"] is None


async def test_a_purchase_by_the_api_is_told_as_the_operations_show_it(
    shop: Shop, receiver: Receiver
) -> None:
    secret = (await put(shop, receiver.url)).body["data"]["secret"]
    reply = await shop.buy(id=await shop.foreign(), custom_id="order 7")
    (listed,) = (await shop.get("notices")).body["data"]
    assert (listed["type"], listed["payload"], listed["attempts_left"]) == ("trade.created", None, 8)
    await turn(shop.app)
    told = receiver.received[0].verified(secret)
    (row,) = (await shop.get("operations")).body["data"]
    assert told["type"] == "trade.created" and told["data"] == row
    assert row["id"] == reply.body["id"] and row["custom_id"] == "order 7"


async def test_a_failed_notice_tells_why_and_is_sent_again_by_hand(shop: Shop, receiver: Receiver) -> None:
    receiver.behaviour = answers(500, b"\x1b[31mno\x00 database" + b"!" * 5000)
    await put(shop, receiver.url)
    (id_,) = await make(shop.db, shop.merchant, shop.app.now())
    await turn(shop.app)
    (row,) = (await shop.get("notices?states=waiting&types=trade.finished")).body["data"]
    (attempt,) = row["attempts"]
    assert attempt["result"] == "failed" and "500" in attempt["reason"]
    assert attempt["answer"].startswith("[31mno  database!!!") and len(attempt["answer"]) <= 256
    assert row["attempts_left"] == 7 and row["next_attempt"] is not None
    receiver.behaviour = answers()
    key = {"Idempotency-Key": "again-1"}
    for _ in range(2):
        reply = await shop.call("POST", f"notices/{id_}/resend", headers=key)
        assert reply.body["data"]["state"] == "waiting" and len(reply.body["data"]["attempts"]) == 1
    await turn(shop.app)
    assert (await shop.get(f"notices?ids={id_}")).body["data"][0]["state"] == "delivered"
    assert len(receiver.received) == 2


async def test_an_attempt_that_nobody_finished_is_shown_as_unknown(shop: Shop, receiver: Receiver) -> None:
    await put(shop, receiver.url)
    await make(shop.db, shop.merchant, shop.app.now())
    assert len(await sending.claim(shop.app)) == 1
    (row,) = (await shop.get("notices")).body["data"]
    assert [one["result"] for one in row["attempts"]] == ["unknown"]


async def test_pages_of_notices_have_metadata_and_bounds(shop: Shop) -> None:
    await put(shop, "http://127.0.0.1:9/")
    await make(shop.db, shop.merchant, shop.app.now(), 7)
    page = (await shop.get("notices?limit=2&offset=1")).body
    assert page["metadata"] == {"limit": 2, "offset": 1, "total": 7} and len(page["data"]) == 2
    assert (await shop.get("notices?limit=100000")).body["metadata"]["limit"] == 500
    tomorrow = (shop.app.now() + timedelta(days=1)).strftime("%Y-%m-%d")
    assert (await shop.get(f"notices?date_from={tomorrow}")).body["data"] == []
    for wrong in ("states=lost", "types=trade.lost", "limit=0", "offset=-1", "ids=x", "date_from=yesterday"):
        assert (await shop.get(f"notices?{wrong}")).refusal == (422, "validation_error"), wrong
    assert (await shop.get("notices?ids=9999999999999999999")).body["data"] == []


async def test_notices_are_the_callers_own(shop: Shop) -> None:
    await put(shop, "http://127.0.0.1:9/")
    (id_,) = await make(shop.db, shop.merchant, shop.app.now())
    stranger = await shop.make_token(shop.stranger)
    assert (await shop.get("webhook", token=stranger)).body["data"] is None
    assert (await shop.get(f"notices?ids={id_}", token=stranger)).body["metadata"]["total"] == 0
    for unknown in (id_, id_ + 1, 10**18, 10**19 - 1):
        reply = await shop.call("POST", f"notices/{unknown}/resend", token=stranger)
        assert reply.refusal == (404, "no_item")
    assert (await shop.call("POST", "notices/x/resend")).refusal == (422, "validation_error")


async def test_to_look_takes_the_scope_read_and_to_change_the_scope_sell(shop: Shop) -> None:
    reading, buying = (
        await shop.make_token(shop.merchant, "read"),
        await shop.make_token(shop.merchant, "buy"),
    )
    selling = await shop.make_token(shop.merchant, "sell")
    for method, path in (
        ("PUT", "webhook"),
        ("DELETE", "webhook"),
        ("POST", "webhook/test"),
        ("POST", "notices/1/resend"),
    ):
        for token in (reading, buying):
            assert (await shop.call(method, path, token=token)).refusal == (403, "no_access")
        assert (await shop.call(method, path, token=selling)).status != 403
    for path in ("webhook", "notices"):
        assert (await shop.get(path, token=reading)).status == 200
        assert (await shop.get(path, token=selling)).refusal == (403, "no_access")
    for method, path in (
        ("POST", "webhook"),
        ("GET", "webhook/test"),
        ("DELETE", "notices"),
        ("GET", "notices/1/resend"),
    ):
        assert (await shop.call(method, path)).refusal == (404, "wrong_method")


async def test_the_figures_tell_of_notices_that_wait(shop: Shop, receiver: Receiver) -> None:
    receiver.behaviour = answers(503)
    await put(shop, receiver.url)
    await make(shop.db, shop.merchant, shop.app.now() - timedelta(seconds=90), 3)
    await turn(shop.app)
    await make(shop.db, shop.merchant, shop.app.now() - timedelta(seconds=90))
    text = (await shop.call("GET", "/metrics", token="")).body
    figures = dict(line.rsplit(" ", 1) for line in text.splitlines() if line.startswith("tradepost_notice"))
    assert figures["tradepost_notices_waiting"] == "4.0"
    assert 89 < float(figures["tradepost_notices_overdue_seconds"]) < 200
    assert figures['tradepost_notice_attempts_lately{result="failed"}'] == "3.0"
    assert figures['tradepost_notice_attempts_lately{result="received"}'] == "0.0"


async def test_the_receiver_in_the_docs_takes_a_notice_once(
    shop: Shop, receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs/api/notices.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    documented: dict[str, Any] = {}
    exec(code, documented)  # noqa: S102 - our own page
    secret = (await put(shop, receiver.url, rotate_secret=1)).body["data"]["secret"]
    body = b'{"type":"trade.finished","data":{"id":"2235"}}'
    await make(shop.db, shop.merchant, shop.app.now(), body=body)
    await turn(shop.app)
    (sent,), seen = receiver.received, set[str]()
    for _ in range(2):
        assert documented["received"](sent.body, sent.headers, secret, seen) == 204
    assert capsys.readouterr().out == "paid for 2235\n" and seen == {sent.name}
    with pytest.raises(WebhookVerificationError):
        documented["received"](sent.body + b" ", sent.headers, secret, seen)


@pytest.mark.skipif(shutil.which("php") is None, reason="there is no php here")
async def test_the_receiver_in_the_docs_for_php_takes_a_notice_too(shop: Shop, tmp_path: Path) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs/api/notices.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```php\n<\?php\n(.*?)```", page, re.DOTALL)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    secret = (await put(shop, f"http://127.0.0.1:{port}/")).body["data"]["secret"]
    (tmp_path / "index.php").write_text(f"<?php\n$secret = '{secret}';\n{code}", encoding="utf-8")
    php = await asyncio.create_subprocess_exec(
        "php", "-S", f"127.0.0.1:{port}", "-t", str(tmp_path), stderr=asyncio.subprocess.PIPE
    )
    try:
        assert php.stderr is not None
        await asyncio.wait_for(php.stderr.readuntil(b"started"), 10)
        (id_,) = await make(shop.db, shop.merchant, shop.app.now(), body='{"a":"Zürich"}'.encode())
        ((_, outcome),) = await turn(shop.app)
        assert (outcome.status, outcome.fault) == (204, None)
        await shop.db.execute(
            "UPDATE receiver SET url = url || 'x', secret = $1", await _another_secret(shop)
        )
        await notices.resend(shop.app, shop.merchant, id_)
        ((_, outcome),) = await turn(shop.app)
        assert outcome.status == 401
    finally:
        php.terminate()
        await php.wait()


async def _another_secret(shop: Shop) -> bytes:
    """A secret that the receiver does not know, sealed for its place."""
    where = receivers.place(shop.merchant, "webhook", "secret")
    return seals.seals(shop.app.settings).seal(where, b"another")


async def test_an_account_with_a_second_factor_gives_a_code_to_change_where_notices_go(shop: Shop) -> None:
    await put(shop, "https://shop.example/")
    codes = await turn_on(shop.app, shop.merchant)
    elsewhere = {"url": "https://thief.example/"}
    for asked in (elsewhere, {**elsewhere, "code": "123456"}):
        assert (await shop.call("PUT", "webhook", json=asked)).refusal == (403, "no_access")
        assert (await shop.call("DELETE", "webhook", json=asked)).refusal == (403, "no_access")
    assert (await shop.get("webhook")).body["data"]["url"] == "https://shop.example/"
    await put(shop, "https://shop.example/2", code=codes[0])
    assert (await shop.call("PUT", "webhook", json={**elsewhere, "code": codes[0]})).status == 403
    assert (await shop.call("DELETE", "webhook", params={"code": codes[1]})).status == 200


async def test_a_repeat_with_its_key_hears_its_answer_though_the_code_is_used_up(shop: Shop) -> None:
    codes, key = await turn_on(shop.app, shop.merchant), {"Idempotency-Key": "one"}
    asked = {"url": "https://shop.example/", "code": codes[0]}
    first = await shop.call("PUT", "webhook", json=asked, headers=key)
    again = await shop.call("PUT", "webhook", json=asked, headers=key)
    other_code = await shop.call("PUT", "webhook", json={**asked, "code": codes[1]}, headers=key)
    assert first.status == again.status == other_code.status == 200
    assert again.headers["idempotency-replayed"] == other_code.headers["idempotency-replayed"] == "true"
    other = await shop.call("PUT", "webhook", json={**asked, "url": "https://other.example/"}, headers=key)
    assert other.refusal == (409, "custom_id_exist")
    kept = await shop.db.value("SELECT count(*) FROM recovery_code")
    assert kept == 9, "a repeat uses up no code"
