"""The live view of a payment: what has become of its skins, on the page and as it changes, for its payer alone."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import aiohttp
import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from dialects.sse import Listener
from dialects.web.counter import ASIIMOV, SHOP, SLATE, VALENCE, Counter, Payer, counter_on, fates
from dialects.web.site import OTHER, Seen
from tradepost.db import Db
from tradepost.market import clock, sessions
from tradepost.market.trade_view import TradeView
from tradepost.rules.trade import Leased, OfferSeen, Settled, SettlementKnown, TakenBack

NEEDS_CONFIRMATION = 9


@asynccontextmanager
async def following(payer: Payer, lang: str = "en") -> AsyncIterator[Listener]:
    """The stream of a payer's page, as his browser opens it."""
    path = payer.path(lang).replace("/pay?", "/pay/live?")
    timeout = aiohttp.ClientTimeout(total=None)
    async with payer.browser.http.get(payer.browser.site.url + path, timeout=timeout) as response:
        assert response.status == 200, await response.text()
        assert response.headers["Content-Type"].startswith("text/event-stream")
        yield Listener(response)


def shown(html: str) -> list[str]:
    return fates(Seen(200, html, "", CIMultiDictProxy(CIMultiDict())))


async def until_shows(listener: Listener, text: str) -> str:
    """The page's part with the skins, as soon as it says something."""
    while True:
        state = await listener.until("state")
        if any(text in fate for fate in shown(state.data["live"])):
            return str(state.data["live"])


async def two_on_sale(counter: Counter) -> tuple[Payer, list[int]]:
    payer = await counter.payer(SLATE, VALENCE)
    return payer, await counter.till.on_sale(payer.payment, 412, 37, assets=list(payer.assets.values()))


# On the page -------------------------------------------------------------------------------------------------------


async def test_every_way_that_a_skin_can_go_is_told_in_words(counter: Counter) -> None:
    payer, till, now = await counter.payer(SLATE), counter.till, counter.app.now()
    offers = await till.on_sale(payer.payment, *[100 + number for number in range(9)])
    confirm = await till.buy(offers[1])
    await till.happened(confirm, Leased(), OfferSeen(NEEDS_CONFIRMATION, "7111111111"))
    await till.buy(offers[2])
    await till.sent(offers[3])
    await till.accept(await till.sent(offers[4]))
    protected, reversed_, finished = [await till.sent(offers[number]) for number in (5, 6, 7)]
    for view in (protected, reversed_, finished):
        await till.accept(view)
        await till.happened(view, SettlementKnown(now + timedelta(days=7)))
    await till.happened(reversed_, TakenBack("buyer"))
    await counter.db.execute(
        "UPDATE offer SET state = 'ended', ended_reason = $2 WHERE id = $1",
        offers[8], "The seller's program did not send the offer in time. The buyer has his money back.",
    )  # fmt: skip
    seen = await payer.look()
    told = "\n".join(fates(seen))
    for words in (
        "$1.00 · brings $0.95 Waiting for a buyer Nobody has bought it yet. Withdraw",
        "Confirm on your phone Confirm the trade offer in Steam's app on your phone",
        "Sold Your program is sending it to the buyer.",
        "Sent Now the buyer has to accept it on Steam.",
        "Accepted The buyer has it. We are looking on Steam whether it has arrived.",
        f"Protected The money comes when Steam's protection is over: {now + timedelta(days=7):%Y-%m-%d %H:%M}",
        "6 d 23 h left",
        "Taken back The buyer took the trade back while Steam's protection was running.",
        "Ended Your program did not send it in time. The buyer has his money back.",
    ):
        assert words in told, words
    for lang, words in (
        ("de", "noch 6 T 23 Std."),
        ("fr", "encore 6 j 23 h"),
        ("ru", "ещё 6 д 23 ч"),
        ("pl", "jeszcze 6 d 23 godz."),
    ):
        assert words in (await payer.look(lang)).words
    assert 'lang="en">' not in seen.text.partition('class="list"')[2].partition("</ul>")[0]


async def test_a_reason_that_has_no_translation_is_shown_as_it_is(counter: Counter) -> None:
    payer, offers = await two_on_sale(counter)
    await counter.db.execute(
        "UPDATE offer SET state = 'ended', ended_reason = 'An operator <did> it.' WHERE id = $1", offers[0]
    )
    seen = await payer.look("ru")
    assert '<p lang="en">An operator &lt;did&gt; it.' in seen.text and "Завершён" in seen.words


async def test_what_is_credited_is_summed_up_to_the_cent_of_the_notices(db: Db) -> None:
    async with counter_on(db) as counter:
        payer, offers = await two_on_sale(counter)
        views = [await counter.till.sent(offer) for offer in offers]
        until = counter.app.now() + timedelta(days=7)
        for view in views:
            await counter.till.accept(view)
            await counter.till.happened(view, SettlementKnown(until))
        assert "Credited $0.00 Still expected $4.26" in (await payer.look()).words
        await settle(counter, views[0])
        seen = await payer.look()
        told = await db.value("SELECT sum(told_cents) FROM payment_item")
        assert told == 391
        assert "Credited $3.91 Still expected $0.35" in seen.words
        assert f"Credited {SHOP} has got $3.91 for it." in seen.words


async def settle(counter: Counter, view: TradeView) -> None:
    counter.app.clock.offset += timedelta(days=8)
    await counter.till.happened(view, Settled())


async def test_what_is_credited_early_says_so(counter: Counter) -> None:
    await counter.till.early(10_000)
    payer, offers = await two_on_sale(counter)
    view = await counter.till.sent(offers[0])
    await counter.till.accept(view)
    assert (
        "Credited Credited; it can be taken back until Steam's protection is over."
        in (await payer.look()).words
    )
    until = counter.app.now() + timedelta(days=7)
    await counter.till.happened(view, SettlementKnown(until))
    seen = await payer.look()
    # Who hears the page is told what stands on the badge.
    assert f'data-said="{SLATE}: Credited"' in seen.text and "Protected" not in seen.words
    assert f"Credited Credited; it can be taken back until {until:%Y-%m-%d %H:%M}" in seen.words
    assert "Credited $3.91 Still expected $0.00 On sale $0.35" in seen.words
    await counter.till.happened(view, TakenBack("buyer"))
    seen = await payer.look()
    assert f"while Steam's protection was running. {SHOP} was credited for it already" in seen.words
    assert "Credited $0.00 Still expected $0.00 On sale $0.35" in seen.words


# As it changes -----------------------------------------------------------------------------------------------------


async def test_what_changes_is_sent_as_it_changes(counter: Counter) -> None:
    payer, offers = await two_on_sale(counter)
    async with following(payer) as listener:
        first = await listener.until("state")
        assert listener.retry
        assert [fate.count("Waiting for a buyer") for fate in shown(first.data["live"])] == [1, 1]
        assert "Withdraw" in first.data["live"] and payer.payment.token not in first.data["live"]
        view = await counter.till.buy(offers[0])
        await until_shows(listener, "Your program is sending it")
        await counter.till.happened(view, Leased(), OfferSeen(2, "7222222222"))
        await until_shows(listener, "Now the buyer has to accept it")
        await counter.till.accept(view)
        await until_shows(listener, "The buyer has it")
        await counter.till.happened(view, SettlementKnown(counter.app.now() + timedelta(days=7)))
        html = await until_shows(listener, "protection is over")
        assert 'data-until="' in html and "left</span>" not in html  # which the page's script fills in
        await settle(counter, view)
        assert "$3.91" in await until_shows(listener, "has got $3.91")


async def test_what_was_withdrawn_in_another_window_is_seen_in_this_one(counter: Counter) -> None:
    payer, offers = await two_on_sale(counter)
    async with following(payer, "de") as listener:
        await listener.until("state")
        await payer.do("withdraw", offers=offers[0])
        await until_shows(listener, "Du hast ihn zurückgezogen")


async def test_the_page_notices_by_itself_that_the_program_runs(counter: Counter) -> None:
    payer = await counter.payer(SLATE, is_online=False)
    async with following(payer) as listener:
        first = await listener.until("state")
        assert "Connect a program" in first.data["program"]
        await counter.site.box.stock.online(payer.id)
        assert "It is running and signed in to Steam." in (await listener.until("state")).data["program"]
        await counter.db.execute("DELETE FROM presence")
        assert "Connect a program" in (await listener.until("state")).data["program"]


async def test_what_becomes_of_others_skins_is_not_sent(counter: Counter) -> None:
    payer, _ = await two_on_sale(counter)
    other = await counter.payer(ASIIMOV)
    theirs = await counter.till.on_sale(other.payment, 8_900, assets=list(other.assets.values()))
    async with following(payer) as listener, following(other) as others:
        await listener.until("state")
        await others.until("state")
        await counter.till.buy(theirs[0])
        await until_shows(others, "Your program is sending it")
        await listener.silence(1.0)


async def test_a_clock_that_is_moved_is_told(counter: Counter) -> None:
    payer, _ = await two_on_sale(counter)
    async with following(payer) as listener:
        before = await listener.until("state")
        await clock.advance(counter.app, 86_400)
        after = await listener.until("state")
        assert after.data["ahead_seconds"] - before.data["ahead_seconds"] == pytest.approx(86_400, abs=5)
        assert after.data["now"][:10] > before.data["now"][:10]


async def test_the_stream_is_the_payers_alone(counter: Counter) -> None:
    payer, _ = await two_on_sale(counter)
    path = payer.path().replace("/pay?", "/pay/live?")
    assert (await counter.site.browser().get(path)).status == 401
    thief = counter.site.browser()
    await thief.sign_in(OTHER)
    seen = await thief.get(path)
    assert seen.status == 403 and SLATE not in seen.text
    assert (await payer.browser.get("/en/pay/live?token=" + "0" * 32)).status == 404
    assert (await payer.browser.get("/en/pay/live")).status == 404


async def test_a_session_that_is_ended_ends_its_streams_within_a_second(counter: Counter) -> None:
    payer, _ = await two_on_sale(counter)
    async with following(payer) as listener:
        await listener.until("state")
        loop = asyncio.get_running_loop()
        async with counter.db.transaction() as tx:
            await sessions.end_others(tx, payer.id, 0)
        start = loop.time()
        assert (await listener.until("end")).data == {"reason": "signed_out"}
        assert await listener.next() is None
        assert loop.time() - start < 1.0


async def test_one_session_has_four_streams_and_a_fifth_when_one_is_closed(counter: Counter) -> None:
    payer, _ = await two_on_sale(counter)
    path = payer.path().replace("/pay?", "/pay/live?")
    async with following(payer), following(payer), following(payer):
        async with following(payer) as fourth:
            await fourth.until("state")
            async with payer.browser.http.get(counter.site.url + path) as full:
                assert full.status == 429 and full.headers["Retry-After"]
        async with asyncio.timeout(5):
            while True:
                async with payer.browser.http.get(counter.site.url + path) as again:
                    if again.status == 200:
                        break


async def test_a_server_that_stops_lets_its_listeners_go(db: Db) -> None:
    async with counter_on(db) as counter:
        payer, _ = await two_on_sale(counter)
        async with following(payer) as listener:
            await listener.until("state")
            counter.app.ring.close("The server stops.")
            assert await listener.next() is None  # without `end`: whoever is interrupted comes back
            counter.app.ring.open()


async def test_the_words_of_the_stream_are_those_of_the_page(counter: Counter) -> None:
    payer, offers = await two_on_sale(counter)
    await counter.till.buy(offers[0])
    page = await payer.look("pl")
    async with following(payer, "pl") as listener:
        state = await listener.until("state")
        assert shown(state.data["live"]) == fates(page)
        # The forms in it are the visitor's own: a program that is away is connected by one.
        await counter.db.execute("DELETE FROM presence")
        form = re.search(
            r'name="csrf" value="([0-9a-f]{64})"', (await listener.until("state")).data["program"]
        )
        assert form and form[1] == page.csrf
