"""A merchant's payments and notices on pages: all that became of them, for him alone, and sent again by hand."""

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from typing import Any

import aiohttp
import pytest

from dialects.web.site import OTHER, Browser, Seen, Site, site_on
from market.paying import NOWHERE, Till, open_till
from market.receiving import answers, put, receiving, turn
from stock import NAME
from tradepost.db import Db
from tradepost.market import gateways, payment_items
from tradepost.rules import notice
from tradepost.rules.trade import Settled, SettlementKnown, TakenBack


@dataclass
class Office:
    """A merchant who sits before his pages, and the market in which he is paid."""

    site: Site
    till: Till
    browser: Browser

    async def get(self, path: str = "") -> Seen:
        return await self.browser.get(f"/merchant/{path}")

    async def send_due(self) -> None:
        """What is due is sent, once."""
        await turn(self.site.app)

    async def notice_ids(self) -> list[int]:
        return [row["id"] for row in await self.site.db.fetch("SELECT id FROM notice ORDER BY id")]


@pytest.fixture
async def office(db: Db) -> AsyncIterator[Office]:
    async with site_on(db, callback_networks=("127.0.0.0/8",)) as site:
        till = await open_till(site.box, NOWHERE)
        steamid = await site.box.stock.steamid_of(till.merchant)
        await site.box.sim.control("POST", f"/_sim/users/{steamid}", {})
        yield Office(site, till, await site.signed_in(steamid))


async def sold(office: Office, *prices: int, order_id: str = "order-7", settled: bool = True) -> int:
    """An order whose skins are sold at these prices; its payment's id."""
    payment = await office.till.link(order_id=order_id, amount="6.66")
    offers = await office.till.on_sale(payment, *prices)
    views = [await office.till.sent(offer) for offer in offers]
    for view in views:
        await office.till.accept(view)
    if settled:
        for view in views:
            await office.till.happened(view, SettlementKnown(office.site.app.now() + timedelta(days=7)))
        office.site.app.clock.offset += timedelta(days=8)
        for view in views:
            await office.till.happened(view, Settled())
    return payment.id


# Payments --------------------------------------------------------------------------------------------------------


async def test_a_payment_is_shown_with_every_skin_and_what_came_of_it(office: Office) -> None:
    payment = await office.till.link(order_id="order-7", amount="6.66")
    sale, gone, bought, accepted = await office.till.on_sale(payment, 100, 200, 300, 421)
    await payment_items.withdraw(office.site.app, payment, [gone])
    await office.till.buy(bought)
    await office.till.accept(await office.till.sent(accepted))
    seen = await office.get(f"payments/{payment.id}")
    words = seen.words
    assert "Order order-7 on sale or under way" in words and payment.transaction_id in words
    for state in (
        "waits for a buyer",
        "withdrawn by the player",
        "bought, being sent",
        "accepted by the buyer",
    ):
        assert words.count(state) == 1, state
    # price, fee (5 %, up to a cent) and what the merchant gets
    for row in ("$1.00 $0.05 $0.95", "$3.00 $0.15 $2.85", "$4.21 $0.22 $3.99"):
        assert row in words, row
    assert (
        "Credited $0.00 Still expected $6.84 sold and under way On sale $0.95 bought by nobody yet" in words
        and "Asked for $6.66" in words
    )
    assert f"/en/pay?token={payment.token}" in seen.text and "There is nothing to tell yet" in words
    assert sale


async def test_a_settled_payment_shows_its_credit_and_its_notice(office: Office) -> None:
    async with receiving(answers(body=b"nope <b>&")) as receiver:
        await gateways.change(office.site.app, office.till.merchant, callback_url=f"{receiver.url}?shop=1")
        id_ = await sold(office, 666, 100)
        await office.send_due()
        page = await office.get(f"payments/{id_}")
    words = page.words
    assert "Credited $7.27" in words and words.count("IPN: a skin was sold waits") == 2
    assert words.count("settled") == 2 and words.count("credited 20") == 2
    assert words.count("The receiver answered something else than the word ok.") == 2
    assert "HTTP 200" in words and "nope &lt;b&gt;&amp;" in page.text and "<b>&" not in page.text
    assert words.count(f"GET {receiver.url}?shop=1&type=payment&amount=6.32&token=") == 1  # the whole of it
    assert "Next attempt" in words and "7 left" in words


async def test_what_was_credited_and_taken_back_is_struck_through(office: Office) -> None:
    await office.till.early(1_000)
    payment = await office.till.link(order_id="order-7")
    offers = await office.till.on_sale(payment, 359)
    view = await office.till.sent(offers[0])
    await office.till.accept(view)
    assert "You get" in (await office.get(f"payments/{payment.id}")).text.partition("<tbody>")[2]
    await office.till.happened(
        view, SettlementKnown(office.site.app.now() + timedelta(days=7)), TakenBack("buyer")
    )
    seen = await office.get(f"payments/{payment.id}")
    assert "taken back: $3.41 out of your reserve" in seen.words and "$3.41</s>" in seen.text
    assert "You get" not in seen.text


async def test_payments_are_found_by_order_state_and_time(office: Office) -> None:
    await office.till.link(order_id="first")
    second = await office.till.link(order_id="second:2")
    await office.till.on_sale(second, 100)
    other = await office.site.db.value(
        "UPDATE payment SET created_at = '2020-02-02' WHERE order_id = 'first' RETURNING id"
    )

    async def found(query: str) -> list[str]:
        seen = await office.get(f"payments?{query}")
        assert seen.status == 200, seen.words
        return re.findall(r'<th scope="row"><a href="/merchant/payments/\d+">([^<]*)', seen.text)

    assert await found("") == ["second:2", "first"]
    assert await found("order_id=second%3A2") == ["second:2"]
    assert await found("order_id=") == ["second:2", "first"]  # a field that nobody filled in
    assert await found("states=open") == ["first"]
    assert await found("states=active&date_from=2020-02-03") == ["second:2"]
    assert await found("date_from=2020-02-02&date_to=2020-02-02") == ["first"]
    assert await found("date_to=2020-02-01") == [] and await found("states=closed") == []
    assert await found("offset=1") == ["first"]
    seen = await office.get("payments?order_id=second%3A2&states=active")
    assert 'value="second:2"' in seen.text and '<option value="active" selected>' in seen.text
    assert other
    for wrong, field in (
        ("order_id=a%20b", "Order id "),
        ("states=x", "states: "),
        ("date_from=x", "From "),
    ):
        seen = await office.get(f"payments?{wrong}")
        assert (seen.status, f"done {field}" in seen.words) == (422, True), wrong


async def test_a_long_list_has_pages(office: Office) -> None:
    payer = await office.till.payer()
    for number in range(51):
        await office.till.link(payer, order_id=f"n-{number}")
    first = await office.get("payments?states=open")
    assert "1 to 50 of 51" in first.words and "Newer" not in first.words
    (older,) = re.findall(r'rel="next" href="([^"]*)"', first.text)
    last = await office.browser.get(older.replace("&amp;", "&"))
    assert "51 to 51 of 51" in last.words and "n-0" in last.words and "Older" not in last.words
    assert 'rel="prev" href="/merchant/payments?states=open"' in last.text


async def test_nobody_sees_anothers_payments_or_notices(office: Office) -> None:
    id_ = await sold(office, 100, order_id="secret-order")
    (notice_id,) = await office.notice_ids()
    stranger = await office.site.signed_in(OTHER)
    for path in ("/merchant/payments", "/merchant/notices"):
        seen = await stranger.get(path)
        assert seen.status == 200 and "secret-order" not in seen.text
    unknown = await stranger.get(f"/merchant/payments/{id_ + 1000}")
    his = await stranger.get(f"/merchant/payments/{id_}")
    assert (his.status, his.words) == (unknown.status, unknown.words) == (404, his.words)
    csrf = (await stranger.get("/sessions")).csrf
    seen = await stranger.post("/merchant/notices/resend", {"csrf": csrf, "id": notice_id})
    assert seen.status == 404
    for path in ("payments", f"payments/{id_}", "notices"):
        assert (await office.site.browser().get(f"/merchant/{path}")).status == 401


@pytest.mark.parametrize("id_", ["0", "x", "-1", "9" * 19, "9" * 40, "1e3", "%00", "1%20"])
async def test_a_payment_that_cannot_be_is_no_fault_of_ours(office: Office, id_: str) -> None:
    assert (await office.get(f"payments/{id_}")).status in (404, 422)


async def test_whatever_people_are_called_is_text(office: Office) -> None:
    hostile = '"><script>alert(1)</script>'
    payment = await office.till.link(order_id="order-7")
    await office.till.on_sale(payment, 100)
    await office.site.db.execute("UPDATE account SET name = $1", hostile)
    await office.site.db.execute("UPDATE steam_item SET market_hash_name = $1, icon = $1", hostile)
    for path in ("payments", f"payments/{payment.id}", "notices", ""):
        seen = await office.browser.get(f"/merchant/{path}".rstrip("/"))
        assert seen.status == 200 and "<script>alert" not in seen.text, path


# Notices ----------------------------------------------------------------------------------------------------------


async def test_notices_are_listed_with_their_attempts_and_filtered(office: Office) -> None:
    async with receiving(answers(body=b"ok")) as receiver:
        await gateways.change(office.site.app, office.till.merchant, callback_url=receiver.url)
        await put(office.site.app, office.till.merchant, NOWHERE, notice.PAYMENT_CREDITED)
        await sold(office, 666)
        await office.send_due()
    seen = await office.get("notices")
    assert "IPN: a skin was sold received" in seen.words and "payment.credited waits" in seen.words
    assert "HTTP 200" in seen.words and "Answer: ok" in seen.words
    # What it is about is read without unfolding anything.
    assert seen.words.count(f": {NAME}, $6.32") == 2 and "<details open" not in seen.text

    async def shown(query: str) -> list[bool]:
        words = (await office.get(f"notices?{query}")).words
        return ["IPN: a skin was sold" in words, "payment.credited waits" in words]

    assert await shown("kinds=ipn") == [True, False]
    assert await shown("kinds=webhook") == [False, True]
    assert await shown("states=waiting") == [False, True]
    assert await shown("states=delivered&kinds=") == [True, False]
    assert await shown("states=set_aside") == [False, False]
    for wrong, field in (("kinds=mail", "kinds"), ("states=lost", "states"), ("offset=-1", "offset")):
        seen = await office.get(f"notices?{wrong}")
        assert (seen.status, f"{field}: " in seen.words) == (422, True)


async def test_a_page_of_notices_follows_what_becomes_of_them_and_of_nobody_elses(office: Office) -> None:
    async with receiving(answers(body=b"ok")) as receiver:
        await gateways.change(office.site.app, office.till.merchant, callback_url=receiver.url)
        fields = {"csrf": (await office.get("notices")).csrf, "kind": "ipn"}
        seen = await office.browser.post("/merchant/notices/test", fields)
        assert "Test notice waits" in seen.words and "newer" not in seen.words
        found = re.search(r'data-follow="([^"]+)"', seen.text)
        assert found
        (notice_id,) = await office.notice_ids()
        async with office.browser.http.get(office.site.url + unescape(found[1])) as live:
            states = follow(live)
            first = await anext(states)
            assert "waits" in first[f"notice-{notice_id}"] and not first["fresh"].strip()
            await office.send_due()
            second = await anext(states)
            assert (
                "received" in second[f"notice-{notice_id}"]
                and "Answer: <code>ok" in second[f"notice-{notice_id}"]
            )
            assert (
                'name="back" value="/merchant/notices"' in second[f"notice-{notice_id}"]
                and not second["fresh"].strip()
            )
            await office.browser.post("/merchant/notices/test", fields)
            while "There are newer notices" not in (await anext(states))["fresh"]:
                pass
    stranger = await office.site.signed_in(OTHER)
    async with stranger.http.get(office.site.url + unescape(found[1])) as live:
        assert f"notice-{notice_id}" not in await anext(follow(live))
    for query in ("ids=x", f"ids={','.join(map(str, range(1, 99)))}", "page=//evil.example"):
        assert (await office.get(f"notices/live?{query}")).status == 422, query
    assert (await office.site.browser().get("/merchant/notices/live")).status == 401


async def follow(live: aiohttp.ClientResponse) -> AsyncIterator[dict[str, str]]:
    """The parts of a page, whenever one of them changed."""
    assert live.status == 200 and live.content_type == "text/event-stream"
    async for line in live.content:
        if line.startswith(b"data: "):
            yield json.loads(line[6:])


async def test_a_notice_is_sent_again_and_leads_back_to_where_its_button_was(office: Office) -> None:
    id_ = await sold(office, 100)
    (notice_id,) = await office.notice_ids()
    await office.site.db.execute(
        "UPDATE notice SET state = 'set_aside', due_at = NULL, ended_at = $1", office.site.app.now()
    )
    assert "1 notice was given up" in (await office.browser.get("/merchant")).words
    page = await office.get(f"payments/{id_}")
    assert "IPN: a skin was sold given up" in page.words
    form = page.text.partition('action="/merchant/notices/resend"')[2].partition("</form>")[0]
    fields: dict[str, Any] = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
    assert fields["id"] == str(notice_id)
    seen = await office.browser.post("/merchant/notices/resend", fields, follow=False)
    assert (seen.status, seen.location) == (303, f"/merchant/payments/{id_}")
    assert await office.site.db.value("SELECT state FROM notice") == "waiting"
    seen = await office.browser.post(
        "/merchant/notices/resend", fields | {"back": "//evil.example"}, follow=False
    )
    assert (seen.status, "back: " in seen.words) == (422, True)
    seen = await office.browser.post("/merchant/notices/resend", fields | {"id": "9" * 19})
    assert seen.status == 404


@pytest.mark.parametrize("kind", ["ipn", "webhook"])
async def test_a_test_notice_is_sent_to_where_notices_go(office: Office, kind: str) -> None:
    async with receiving(answers(body=b"ok")) as receiver:
        await gateways.change(office.site.app, office.till.merchant, callback_url=f"{receiver.url}/ipn")
        await put(office.site.app, office.till.merchant, f"{receiver.url}/webhook")
        csrf = (await office.get("notices")).csrf
        seen = await office.browser.post("/merchant/notices/test", {"csrf": csrf, "kind": kind})
        assert "Test notice waits" in seen.words
        await office.send_due()
        (got,) = receiver.received
        assert got.path.partition("?")[0].endswith(kind)
    assert "Test notice received" in (await office.get("notices")).words


async def test_tests_are_few_a_minute(office: Office) -> None:
    csrf = (await office.get("notices")).csrf
    seen = [
        (await office.browser.post("/merchant/notices/test", {"csrf": csrf, "kind": "ipn"})).status
        for _ in range(6)
    ]
    assert seen == [200] * 5 + [422]


async def test_there_is_nothing_to_test_without_an_address(office: Office) -> None:
    stranger = await office.site.signed_in(OTHER)
    seen = await stranger.get("/merchant/notices")
    assert "Send a test notice" not in seen.text
    for kind in ("ipn", "webhook"):
        answer = await stranger.post(
            "/merchant/notices/test", {"csrf": (await stranger.get("/sessions")).csrf, "kind": kind}
        )
        assert answer.status == 404
