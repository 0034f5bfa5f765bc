"""The doctor's page: verdicts as they come, for the merchant's own receiver alone, and nobody waits for a slow one."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import parse_qsl

import pytest

from dialects.web.site import OTHER, Browser, Seen, Site, site_on
from market.paying import NOWHERE, Till, open_till, sha256
from market.receiving import Behaviour, Received, answers, hangs, receiving
from tradepost.db import Db
from tradepost.dialects.web import merchant_doctor
from tradepost.market import gateways, ipn_doctor, seals

ASKED = {"order_id": "order-7", "account": "7"}


class Ward:
    """A merchant before the doctor's page."""

    def __init__(self, site: Site, till: Till, browser: Browser) -> None:
        self.site, self.till, self.browser = site, till, browser

    async def callback(self, url: str) -> None:
        await gateways.change(self.site.app, self.till.merchant, callback_url=url)

    async def examine(self, **more: Any) -> Seen:
        csrf = (await self.browser.get("/merchant/doctor")).csrf
        return await self.browser.post("/merchant/doctor", {"csrf": csrf, **ASKED, **more})


@pytest.fixture
async def ward(db: Db) -> AsyncIterator[Ward]:
    async with site_on(db, callback_networks=("127.0.0.0/8",)) as site:
        till = await open_till(site.box, NOWHERE)
        steamid = await site.box.stock.steamid_of(till.merchant)
        await site.box.sim.control("POST", f"/_sim/users/{steamid}", {})
        yield Ward(site, till, await site.signed_in(steamid))


def shop(secret: str, *, dedupes: bool = True) -> Behaviour:
    """A receiver that checks what the document says, credits, and tells balances; with a fault where it is told to."""
    seen: set[str] = set()
    balances: dict[str, int] = {"7": 0, "8": 0}
    reply: Callable[[bytes], Behaviour] = lambda body: answers(body=body)  # noqa: E731 - a name for one call

    async def behave(request: Received, writer: asyncio.StreamWriter) -> None:
        told = dict(parse_qsl(request.query, keep_blank_values=True))
        if "/balance" in request.path:
            cents = balances[told["of"]]
            body = json.dumps({"balance": f"{cents // 100}.{cents % 100:02}"}).encode()
            return await reply(body)(request, writer)
        expected = sha256(
            told["order_id"], told["amount"], told["currency"], told.get("trade_id", ""), secret
        )
        is_ours = told["status"] == "complete" and told["account"] == "7"  # the order's own account
        if not told.get("trade_id") or told["hash"] != expected or not is_ours:
            return await reply(b"error")(request, writer)
        if not dedupes or told["trade_id"] not in seen:
            seen.add(told["trade_id"])
            balances["7"] += round(float(told["amount"]) * 100)
        return await reply(b"ok")(request, writer)

    return behave


async def test_a_good_receiver_is_found_well(ward: Ward) -> None:
    async with receiving(shop(ward.till.opened.secret)) as receiver:
        await ward.callback(receiver.url)
        seen = await ward.examine(balance_url=receiver.url.replace("/notices", "/balance?of={account}"))
    assert seen.status == 200 and seen.headers["X-Accel-Buffering"] == "no"
    assert re.search(r"Done: \d\d handled rightly, 0 wrongly, 0 to look at\.", seen.words), seen.words
    assert seen.text.rstrip().endswith("</html>") and "<!-- pieces -->" not in seen.text
    assert seen.text.count('<section class="card verdict">') > 10 and "To mend it" not in seen.words
    # Another's money is nowhere near: all that was called is his own receiver.
    assert {one.path.partition("?")[0] for one in receiver.received} == {"/notices", "/balance"}


async def test_a_fault_is_named_with_what_mends_it(ward: Ward) -> None:
    async with receiving(shop(ward.till.opened.secret, dedupes=False)) as receiver:
        await ward.callback(receiver.url)
        seen = await ward.examine(balance_url=receiver.url.replace("/notices", "/balance?of={account}"))
    assert "The same notice again, byte for byte wrong" in seen.words
    assert "Keep the trade_id under a unique key" in seen.words and "PHP" in seen.words
    assert not re.search("Done: .* 0 wrongly", seen.words)


async def test_without_a_balance_it_says_where_to_look(ward: Ward) -> None:
    async with receiving(shop(ward.till.opened.secret)) as receiver:
        await ward.callback(receiver.url)
        seen = await ward.examine()
    assert "Look in your books" in seen.words and "with a balance URL it is judged" in seen.words


async def test_what_a_receiver_answers_is_text(ward: Ward) -> None:
    async with receiving(answers(body=b"<script>alert(1)</script>")) as receiver:
        await ward.callback(receiver.url)
        seen = await ward.examine()
    assert "<script>alert" not in seen.text and "&lt;script&gt;alert(1)" in seen.text
    assert "first a good notice has to be taken in" in seen.words


async def test_verdicts_come_while_it_is_still_examining(ward: Ward) -> None:
    """The receiver answers the first notice and then hangs; the first verdict is there all the same, and goes on."""
    behave, calls = answers(body=b"ok"), 0

    async def hangs_later(request: Received, writer: asyncio.StreamWriter) -> None:
        nonlocal calls
        calls += 1
        await (behave if calls == 1 else hangs)(request, writer)

    async with receiving(hangs_later) as receiver:
        await ward.callback(receiver.url)
        csrf = (await ward.browser.get("/merchant/doctor")).csrf
        url, sent = f"{ward.site.url}/merchant/doctor", {"csrf": csrf, **ASKED}
        async with ward.browser.http.post(url, data=sent) as answer:
            text = b""
            while b"</section>" not in text.partition(b'card verdict">')[2]:
                text += await answer.content.readany()
            assert b"A good notice" in text and b'id="done"' not in text
            assert b"<!-- -->" in await answer.content.readany()  # it is alive, though nothing is new
            again = await ward.browser.post("/merchant/doctor", {"csrf": csrf, **ASKED})
            assert (again.status, "being examined already" in again.words) == (422, True)
            answer.close()  # he goes away: it ends, and he may call the doctor anew
        receiver.behaviour = answers(body=b"nope")
        while (seen := await ward.browser.post("/merchant/doctor", {"csrf": csrf, **ASKED})).status == 422:
            assert "being examined already" in seen.words
        assert seen.status == 200 and "Done:" in seen.words


async def test_a_session_that_ends_ends_its_examination(ward: Ward) -> None:
    async with receiving(hangs) as receiver:
        await ward.callback(receiver.url)
        csrf = (await ward.browser.get("/merchant/doctor")).csrf
        task = asyncio.create_task(ward.browser.post("/merchant/doctor", {"csrf": csrf, **ASKED}))
        await receiver.one_came.wait()
        await ward.site.db.execute("DELETE FROM session")
        seen = await asyncio.wait_for(task, 10)
    assert "You are not signed in any more" in seen.words and seen.text.rstrip().endswith("</html>")


async def test_a_server_that_stops_does_not_wait_for_an_examination(ward: Ward) -> None:
    async with receiving(hangs) as receiver:
        await ward.callback(receiver.url)
        csrf = (await ward.browser.get("/merchant/doctor")).csrf
        task = asyncio.create_task(ward.browser.post("/merchant/doctor", {"csrf": csrf, **ASKED}))
        await receiver.one_came.wait()
        ward.site.app.ring.close("The server stops.")
        seen = await asyncio.wait_for(task, 4)
    assert "The server stops, so it was broken off" in seen.words and seen.text.rstrip().endswith("</html>")


async def test_an_examination_wants_a_sign_in_of_the_last_minutes(ward: Ward) -> None:
    async with receiving(answers(body=b"ok")) as receiver:
        await ward.callback(receiver.url)
        csrf = (await ward.browser.get("/merchant/doctor")).csrf
        await ward.site.age_sign_ins(minutes=5)
        seen = await ward.browser.post("/merchant/doctor", {"csrf": csrf, **ASKED})
        assert (seen.status, "sign in again" in seen.words) == (403, True)
        assert "<fieldset disabled" in (await ward.browser.get("/merchant/doctor")).text
        assert receiver.received == []


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"order_id": ""}, "Order id is missing"),
        ({"order_id": "a b"}, "Order id must have"),
        ({"account": "demo"}, "Account must be a whole number"),
        ({"account": "18446744073709551616"}, "Account must be a whole number"),
        ({"balance_url": "http://10.0.0.1/{account}"}, "Balance URL "),
        ({"balance_url": "http://169.254.169.254/latest"}, "Balance URL "),
        ({"balance_url": "file:///etc/passwd"}, "Balance URL "),
        ({"balance_url": "x" * 1025}, "Balance URL must have 1 to 1024"),
    ],
)
async def test_wrong_input_calls_nobody_and_is_named(ward: Ward, fields: dict[str, str], said: str) -> None:
    async with receiving(answers(body=b"ok")) as receiver:
        await ward.callback(receiver.url)
        seen = await ward.examine(**fields)
        assert (seen.status, said in seen.words) == (422, True), seen.words
        assert receiver.received == []


async def test_a_balance_that_is_none_is_said_and_nothing_is_played(ward: Ward) -> None:
    async with receiving(answers(body=b"nothing here")) as receiver:
        await ward.callback(receiver.url)
        seen = await ward.examine(balance_url=receiver.url.replace("/notices", "/balance"))
        assert "should be answered as" in seen.words and "nothing here" in seen.words
        assert {one.path.partition("?")[0] for one in receiver.received} == {"/balance"}


async def test_the_doctor_is_called_a_few_times_a_minute(ward: Ward) -> None:
    statuses = [(await ward.examine()).status for _ in range(merchant_doctor.RUNS_PER_MINUTE + 1)]
    assert statuses == [200] * merchant_doctor.RUNS_PER_MINUTE + [429]


async def test_who_has_no_gateway_or_no_callback_has_nothing_to_examine(ward: Ward) -> None:
    stranger = await ward.site.signed_in(OTHER)
    page = await stranger.get("/merchant/doctor")
    assert "There is no callback URL to call" in page.words
    csrf = (await stranger.get("/sessions")).csrf
    assert (await stranger.post("/merchant/doctor", {"csrf": csrf, **ASKED})).status == 404
    await ward.site.db.execute("DELETE FROM receiver WHERE kind = 'ipn'")
    csrf = (await ward.browser.get("/sessions")).csrf
    seen = await ward.browser.post("/merchant/doctor", {"csrf": csrf, **ASKED})
    assert (seen.status, "No callback URL is set" in seen.words) == (404, True)


async def test_orders_are_offered_to_choose_from(ward: Ward) -> None:
    await ward.till.link(order_id="order-99")
    assert '<option value="order-99">account 7</option>' in (await ward.browser.get("/merchant/doctor")).text


async def test_a_secret_that_does_not_open_is_the_operators_business(ward: Ward) -> None:
    await ward.site.db.execute("UPDATE gateway SET secret = $1", b"other:" + bytes(40))
    seen = await ward.examine()
    assert (seen.status, "its operator has to see to it" in seen.words) == (503, True)
    assert seals.UNSET not in seen.words


async def test_a_bug_of_ours_is_said_at_the_end_of_the_page(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> AsyncIterator[Any]:
        raise ZeroDivisionError
        yield

    monkeypatch.setattr(ipn_doctor, "examine", broken)
    seen = await ward.examine()
    assert seen.status == 200 and "Something went wrong on our side" in seen.words
    assert "Zero" not in seen.text and seen.text.rstrip().endswith("</html>")
    monkeypatch.setattr(merchant_doctor, "SECONDS_MAX", 0.2)

    async def endless(*_: Any) -> AsyncIterator[Any]:
        await asyncio.sleep(60)
        yield

    monkeypatch.setattr(ipn_doctor, "examine", endless)
    assert "was broken off" in (await ward.examine()).words
