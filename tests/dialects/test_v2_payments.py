"""The inspector's calls of v2: payments, their skins and notices, the gateway; whose they are, and what never shows."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest
from standardwebhooks import Webhook

from dialects.shop import Shop, shop_on
from market.floor import HandClock
from market.paying import OWN, Till, open_till
from market.receiving import Receiver, answers, receiving, turn
from tradepost.db import Db
from tradepost.market import gateways, inspection, payment_items
from tradepost.market.notices import PINGS_MAX
from tradepost.rules import notice
from tradepost.rules.payment import ipn_hash
from tradepost.rules.trade import SettlementKnown, Side, TakenBack

pytestmark = pytest.mark.sql
Row = dict[str, Any]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving(answers(200, b"ok")) as found:
        yield found


@pytest.fixture
async def shop(db: Db) -> AsyncIterator[Shop]:
    async with shop_on(db, callback_networks=OWN) as found:
        found.app.clock = HandClock(real=datetime.now(UTC).replace(microsecond=0))
        yield found


@pytest.fixture
async def till(shop: Shop, receiver: Receiver) -> Till:
    """The gateway of a merchant, whose token is now the shop's."""
    made = await open_till(shop.box, receiver.url + "?shop=7")
    shop.merchant, shop.token = made.merchant, await shop.make_token(made.merchant)
    return made


async def one(shop: Shop, id_: int) -> Row:
    found: Row = (await shop.get(f"payments/{id_}")).body["data"]
    return found


async def listed(shop: Shop, query: str = "") -> list[str]:
    """The orders of the payments that a query finds."""
    reply = await shop.get(f"payments?{query}")
    assert reply.status == 200, reply.body
    assert reply.body["metadata"]["total"] >= len(reply.body["data"])
    return [row["order_id"] for row in reply.body["data"]]


# Payments ----------------------------------------------------------------------------------------------------


async def test_a_payment_is_shown_from_the_link_to_the_money(
    shop: Shop, till: Till, receiver: Receiver
) -> None:
    link = await till.link(order_id="order-1", amount="6.66")
    row = await one(shop, link.id)
    assert row == {
        "id": str(link.id), "order_id": "order-1", "account": "7", "amount": "6.66", "token": link.token,
        "url": f"{shop.app.settings.base_url}/en/pay?token={link.token}", "transaction_id": link.transaction_id,
        "steamid": till.payers[link.payer_id], "state": "open", "time_created": f"{link.created_at:%Y-%m-%d %H:%M:%S}",
        "credited": "0.00", "expected": "0.00", "items": [], "notices": [],
    }  # fmt: skip
    first, second = await till.on_sale(link, 701, 150)
    row = await one(shop, link.id)
    assert (row["state"], row["expected"], row["credited"]) == ("active", "8.07", "0.00")
    assert [(skin["state"], skin["price"], skin["fee"], skin["amount"]) for skin in row["items"]] == [
        ("on_sale", "7.01", "0.36", "6.65"), ("on_sale", "1.50", "0.08", "1.42"),
    ]  # fmt: skip
    assert [skin["offer_id"] for skin in row["items"]] == [str(first), str(second)]
    assert all(skin["operation_id"] is skin["time_credited"] is None for skin in row["items"])
    view = await till.sent(first)
    assert (await one(shop, link.id))["items"][0]["state"] == "sent"
    await till.accept(view)
    until = shop.app.now() + timedelta(days=7)
    await till.happened(view, SettlementKnown(until))
    (skin, _) = (await one(shop, link.id))["items"]
    assert (skin["state"], skin["operation_id"]) == ("protected", str(view.trade.id))
    assert skin["protected_until"] == f"{until:%Y-%m-%d %H:%M:%S}" and skin["explanation"]
    await till.settle(view)
    assert await payment_items.withdraw(shop.app, link, [second]) == ([second], [])
    row = await one(shop, link.id)
    assert [skin["state"] for skin in row["items"]] == ["credited", "withdrawn"]
    assert (row["credited"], row["expected"]) == ("6.65", "0.00")
    assert row["items"][0]["time_credited"] == f"{shop.app.now():%Y-%m-%d %H:%M:%S}"
    (told,) = row["notices"]
    assert (told["kind"], told["type"], told["payload"], told["attempts_left"]) == ("ipn", "payment", None, 8)
    await turn(shop.app)
    (told,) = (await one(shop, link.id))["notices"]
    (attempt,), (received,) = told["attempts"], receiver.received
    assert (told["state"], told["payment_id"], told["webhook_id"]) == (
        "delivered",
        str(link.id),
        received.name,
    )
    assert (attempt["status"], attempt["answer"], attempt["result"]) == (200, "ok", "received")
    assert attempt["request"] == f"GET {receiver.url}?shop=7&{received.path.partition('shop=7&')[2]}"
    sent = dict(parse_qsl(received.path.partition("?")[2]))
    assert told["payload"] == {name: value for name, value in sent.items() if name != "shop"}
    assert (sent["trade_id"], sent["amount"]) == (row["items"][0]["trade_id"], row["items"][0]["amount"])
    assert (sent["token"], sent["transaction_id"], sent["order_id"]) == (
        row["token"],
        row["transaction_id"],
        "order-1",
    )
    (operation,) = (await shop.get("operations?states=finished")).body["data"]
    assert operation["id"] == row["items"][0]["operation_id"]


@pytest.mark.parametrize("causer", ["seller", "buyer", None])
async def test_what_was_taken_back_is_neither_credited_nor_expected(
    shop: Shop, till: Till, causer: Side | None
) -> None:
    await till.early(10_000)
    link = await till.link()
    first, _ = await till.on_sale(link, 1000, 200)
    view = await till.sent(first)
    await till.accept(view)
    row = await one(shop, link.id)
    assert (row["credited"], row["expected"]) == ("9.50", "1.90")
    assert (row["items"][0]["state"], row["items"][0]["time_credited"] is None) == ("accepted", False)
    await till.happened(view, TakenBack(causer))
    row = await one(shop, link.id)
    assert (row["credited"], row["expected"], row["items"][0]["state"]) == ("0.00", "1.90", "reversed")


async def test_payments_are_found_by_order_state_payer_and_time(shop: Shop, till: Till) -> None:
    payer = await till.payer()
    first = await till.link(payer, "a.b:c")
    till.clock.offset += timedelta(days=2)
    second = await till.link(payer, "b")
    third = await till.link(order_id="c")
    await till.on_sale(second, 100)
    await shop.db.execute(
        "UPDATE payment SET state = 'closed', closed_at = created_at WHERE id = $1", third.id
    )
    assert await listed(shop) == ["c", "b", "a.b:c"]
    for query, orders in {
        "order_ids=a.b:c,b": ["b", "a.b:c"], "order_ids[]=c&order_ids[]=x": ["c"], "order_id=b": ["b"], "order_ids=x": [],
        "states=open": ["a.b:c"], "states=active,closed": ["c", "b"], f"steamid={till.payers[payer]}": ["b", "a.b:c"],
        "steamid=76561198000999999": [], f"ids={first.id},{third.id}": ["c", "a.b:c"], "ids=9999999999999999999": [],
        f"date_to={first.created_at:%Y-%m-%d}": ["a.b:c"], f"date_from={second.created_at:%Y-%m-%d}": ["c", "b"],
        f"date_from={second.created_at:%Y-%m-%d}&date_to={first.created_at:%Y-%m-%d}": [],
        "states=open&order_ids=b": [], "limit=1": ["c"], "limit=1&offset=2": ["a.b:c"], "offset=9": [],
    }.items():  # fmt: skip
        assert await listed(shop, query) == orders, query
    metadata = (await shop.get("payments?limit=1&offset=1")).body["metadata"]
    assert metadata == {"limit": 1, "offset": 1, "total": 3}
    assert (await shop.get("payments?limit=100000")).body["metadata"]["limit"] == 100
    for wrong in ("states=lost", "order_ids=a b", "steamid=1", "date_from=yesterday", "limit=0", "ids=x"):
        assert (await shop.get(f"payments?{wrong}")).refusal == (422, "validation_error"), wrong


async def test_a_page_of_payments_costs_a_few_questions_however_long_it_is(
    shop: Shop, till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, fetch = [], type(shop.db).fetch

    async def counting(self: Any, *arguments: Any) -> Any:
        asked.append("payment p" in arguments[0] or "payment_item" in arguments[0])
        return await fetch(self, *arguments)

    monkeypatch.setattr(type(shop.db), "fetch", counting)
    counts = []
    for _ in range(2):
        for _ in range(3):
            link = await till.link()
            await till.on_sale(link, 100, 100)
        asked.clear()
        found, total = await inspection.page(shop.app, till.merchant, inspection.PaymentsQuery())
        counts.append(sum(asked))
        assert len(found) == total
    assert counts[0] == counts[1] > 0


async def test_payments_are_the_merchants_own(shop: Shop, till: Till) -> None:
    link = await till.link()
    for token in (await shop.make_token(shop.stranger), await shop.make_token(link.payer_id)):
        assert (await shop.get("payments", token=token)).body["metadata"]["total"] == 0
        assert (await shop.get(f"payments?ids={link.id}", token=token)).body["data"] == []
        for id_ in (link.id, link.id + 1, 10**18, 10**19 - 1):
            assert (await shop.get(f"payments/{id_}", token=token)).refusal == (404, "no_item")
    for wrong in ("x", "0", "-1", "1.0", "%00"):
        assert (await shop.get(f"payments/{wrong}")).refusal == (422, "validation_error")
    assert (await shop.get("payments/test")).refusal == (404, "wrong_method")


# Notices -----------------------------------------------------------------------------------------------------


async def ids(shop: Shop, query: str) -> list[str]:
    """The notices that a query finds, each by its kind and type."""
    reply = await shop.get(f"notices?{query}")
    assert reply.status == 200, reply.body
    return sorted(f"{row['kind']} {row['type']}" for row in reply.body["data"])


async def test_notices_are_found_by_kind_order_and_payment(
    shop: Shop, till: Till, receiver: Receiver
) -> None:
    await shop.call(
        "PUT", "webhook", json={"url": receiver.url, "events": ["payment.credited", "trade.finished"]}
    )
    links = [await till.link(order_id=name) for name in ("a", "b")]
    for link in links:
        await till.sell(*await till.on_sale(link, 100))
    every = ["ipn payment", "webhook payment.credited", "webhook trade.finished"]
    assert await ids(shop, "") == sorted([*every, *every])
    for query, found in {
        "kinds=ipn": ["ipn payment"] * 2, "kinds=webhook&types=payment.credited": ["webhook payment.credited"] * 2,
        "kinds=ipn,webhook": sorted([*every, *every]), "types=payment": ["ipn payment"] * 2,
        "order_ids=a": ["ipn payment", "webhook payment.credited"], "order_id=b&kinds=ipn": ["ipn payment"],
        f"payment_ids={links[0].id}": ["ipn payment", "webhook payment.credited"], "order_ids=x": [],
        f"payment_ids={links[0].id}&order_ids=b": [], "payment_ids=9999999999999999999": [],
    }.items():  # fmt: skip
        assert await ids(shop, query) == found, query
    for wrong in ("kinds=mail", "types=payment.lost", "order_ids=a/b", "payment_ids=x"):
        assert (await shop.get(f"notices?{wrong}")).refusal == (422, "validation_error"), wrong
    stranger = await shop.make_token(shop.stranger)
    for query in ("", f"payment_ids={links[0].id}", "order_ids=a"):
        assert (await shop.get(f"notices?{query}", token=stranger)).body["metadata"]["total"] == 0


async def test_an_ipn_that_is_sent_again_is_made_anew_with_the_secret_of_then(
    shop: Shop, till: Till, receiver: Receiver
) -> None:
    receiver.behaviour = answers(200, b"error")
    link = await till.link(order_id="order-1")
    await till.sell(*await till.on_sale(link, 100))
    await turn(shop.app)
    (told,) = (await shop.get("notices?kinds=ipn")).body["data"]
    assert told["attempts"][0]["reason"] == "The receiver answered error; its own log says why."
    old = told["payload"]["hash"]
    new = await gateways.rotate(shop.app, till.merchant, "secret")
    await till.link(order_id="order-2", secret=new)  # the site has it by now
    again = await shop.call("POST", f"notices/{told['id']}/resend")
    assert (again.body["data"]["payload"], again.body["data"]["state"]) == (None, "waiting")
    receiver.behaviour = answers(200, b" OK\n")
    await turn(shop.app)
    (told,) = (await shop.get("notices?kinds=ipn")).body["data"]
    assert told["state"] == "delivered" and len(told["attempts"]) == 2
    sent = told["payload"]
    assert sent["hash"] == ipn_hash("order-1", sent["amount"], "USD", sent["trade_id"], new) != old
    assert [one.name for one in receiver.received] == [told["webhook_id"]] * 2


@pytest.mark.parametrize("body", [b"ok", b"error"])
async def test_a_test_ipn_is_a_real_one_of_no_money(
    shop: Shop, till: Till, receiver: Receiver, body: bytes
) -> None:
    receiver.behaviour = answers(200, body)
    key = {"Idempotency-Key": "try-1"}
    first, second = [await shop.call("POST", "payments/test", headers=key) for _ in range(2)]
    assert first.body == second.body and "idempotency-replayed" in second.headers
    made = first.body["data"]
    assert (made["kind"], made["type"], made["attempts_left"], made["payment_id"]) == ("ipn", "ping", 1, None)
    sent = made["payload"]
    assert (sent["amount"], sent["account"], sent["test"], sent["type"]) == ("0.00", "0", "1", "payment")
    assert (
        sent["order_id"].startswith("test-") and len(sent["order_id"]) == 13 and len(sent["trade_id"]) == 16
    )
    assert sent["hash"] == ipn_hash(sent["order_id"], "0.00", "USD", sent["trade_id"], till.opened.secret)
    await turn(shop.app)
    (received,) = receiver.received
    query = received.path.partition("?")[2]
    Webhook(till.opened.notice_secret).verify(query, received.headers, json_parse=False)
    assert dict(parse_qsl(query)) == {"shop": "7", **sent}
    (listed,) = (await shop.get("notices?types=ping&kinds=ipn")).body["data"]
    state = "delivered" if body == b"ok" else "set_aside"  # `error` says only that the receiver was reached
    assert (listed["state"], listed["attempts"][0]["answer"]) == (state, body.decode())
    assert body == b"ok" or "reached and answered error" in listed["attempts"][0]["reason"]
    again = (await shop.call("POST", f"notices/{made['id']}/resend")).body["data"]
    assert again["payload"]["hash"] != sent["hash"] and again["attempts_left"] == 1
    await turn(shop.app)
    assert len(receiver.received) == 2


async def test_test_ipns_are_few_a_minute_and_need_a_gateway(shop: Shop, till: Till) -> None:
    stranger = await shop.make_token(shop.stranger)
    assert (await shop.call("POST", "payments/test", token=stranger)).refusal == (404, "no_item")
    replies = [await shop.call("POST", "payments/test") for _ in range(PINGS_MAX + 1)]
    assert [reply.status for reply in replies] == [*[200] * PINGS_MAX, 400]
    assert replies[-1].refusal == (400, "wrong_params")


# The webhook -------------------------------------------------------------------------------------------------


async def test_events_of_payments_are_told_where_they_are_named(
    shop: Shop, till: Till, receiver: Receiver
) -> None:
    asked = {"url": "https://shop.example/", "events": ["payment.reversed", "trade.sent", "payment.accepted"]}
    events = (await shop.call("PUT", "webhook", json=asked)).body["data"]["events"]
    assert events == ["trade.sent", "payment.accepted", "payment.reversed"]
    every = (await shop.call("PUT", "webhook", json={"url": "https://shop.example/"})).body["data"]["events"]
    assert every == list(notice.TYPES) and not set(every) & set(notice.PAYMENT_TYPES)
    await shop.call("PUT", "webhook", json={"url": receiver.url, "events": list(notice.PAYMENT_TYPES)})
    link = await till.link(order_id="order-1")
    view = await till.sent(*await till.on_sale(link, 200))
    await till.accept(view)
    (told,) = (await shop.get("notices")).body["data"]
    assert (told["type"], told["kind"], told["payment_id"]) == ("payment.accepted", "webhook", str(link.id))
    data, (skin,) = told["payload"]["data"], (await one(shop, link.id))["items"]
    assert (data["order_id"], data["trade_id"], data["amount"]) == (
        "order-1",
        skin["trade_id"],
        skin["amount"],
    )
    assert (data["operation_id"], data["credited"]) == (skin["operation_id"], False)


async def test_a_skin_that_was_reversed_tells_what_it_took_out_of_the_reserve(shop: Shop, till: Till) -> None:
    await till.early(5_000)
    link = await till.link()
    view = await till.sent(*await till.on_sale(link, 1000))
    await till.accept(view)
    await till.happened(view, TakenBack("buyer"))
    found = await one(shop, link.id)
    (skin,) = found["items"]
    assert (skin["state"], skin["taken_back"], found["credited"]) == ("reversed", "9.50", "0.00")
    assert "9.50 USD" in skin["explanation"] and skin["time_credited"] is not None


# The gateway -------------------------------------------------------------------------------------------------


async def test_a_gateway_is_shown_without_its_secrets_and_no_call_changes_it(
    shop: Shop, till: Till, receiver: Receiver
) -> None:
    stranger = await shop.make_token(shop.stranger)
    assert (await shop.get("gateway", token=stranger)).body == {"status": "success", "data": None}
    shown = (await shop.get("gateway")).body["data"]
    assert shown == {
        "public_hash": till.opened.gateway.public_hash, "callback_url": f"{receiver.url}?shop=7", "ipn_on": "settled",
        "requires_v2": False, "time_created": shown["time_created"], "old_secret_until": None, "old_secret_v2_until": None,
        "old_notice_secret_until": None, "is_silent": False, "reserve": "0.00", "outstanding": "0.00",
    }  # fmt: skip
    await till.early(5_000)
    link = await till.link()
    view = await till.sent(*await till.on_sale(link, 1000))
    await till.accept(view)
    (skin,) = (await one(shop, link.id))["items"]
    assert (skin["state"], skin["taken_back"]) == ("accepted", "0.00") and "reserve" in skin["explanation"]
    secrets = [
        await gateways.rotate(shop.app, till.merchant, which)
        for which in ("secret", "signature_v2", "notices")
    ]
    shown = (await shop.get("gateway")).body["data"]
    assert (shown["ipn_on"], shown["reserve"], shown["outstanding"]) == ("accepted", "50.00", "9.50")
    assert all(shown[f"old_{name}_until"] for name in ("secret", "secret_v2", "notice_secret"))
    secrets += [till.opened.secret, till.opened.secret_v2, till.opened.notice_secret]
    await shop.call("POST", "payments/test")
    for path in (
        "gateway",
        "payments",
        "payments/1",
        "notices",
        "webhook",
        "webhook/test",
        "token",
        "operations",
    ):
        text = str((await shop.get(path)).body)
        assert not [secret for secret in secrets if secret in text or secret.removeprefix("whsec_") in text]
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        for path in ("gateway", "payments", "payments/1"):
            assert (await shop.call(method, path)).refusal == (404, "wrong_method")
