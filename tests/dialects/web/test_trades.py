"""The pages of trades: the list, and each trade for each of its sides, in every state; disputes and receipts."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import aiohttp
import pytest

from dialects.sse import Listener
from dialects.web.deals import ACCEPTED, SENT, STRANGER, Deals, deals_on
from dialects.web.hostile import TEXTS, faults
from dialects.web.site import USER, Browser
from stock import NAME
from tradepost.db import Db
from tradepost.dialects.web.desk import told
from tradepost.market import operations, telling
from tradepost.market.operations import OperationsQuery
from tradepost.rules.machine import ACCEPTED as SAYS_ACCEPTED
from tradepost.rules.machine import NEEDS_CONFIRMATION
from tradepost.rules.trade import Deadline, Delivered, Leased, OfferSeen, Ruled, TakenBack


@pytest.fixture
async def deals(db: Db) -> AsyncIterator[Deals]:
    async with deals_on(db) as made:
        yield made


async def test_each_side_reads_what_happened_whose_word_it_is_and_what_comes_next(deals: Deals) -> None:
    trade = await deals.buy()
    path = f"/trades/{trade}"
    for browser, whose, todo in (
        (deals.seller, "Your program", "See that your program is running"),
        (deals.buyer, "The seller's program", "Nothing yet. The price is held"),
    ):
        seen = await browser.get(path)
        assert seen.status == 200 and NAME in seen.words
        assert re.search(f"{whose} has 1[45] minutes left to send it\\.", seen.words), seen.words
        assert f"{whose} has" in (await browser.get("/trades")).words
        assert todo in seen.words and "Bought; the price is held in the buyer's wallet." in seen.words
        assert "says the buyer" in seen.words
    assert "−$10.00" in (await deals.buyer.get(path)).words
    assert "You get $9.50" in (await deals.seller.get(path)).words

    # The API says the same sentences.
    found, _ = await operations.operations(deals.site.app, deals.buyer_id, OperationsQuery())
    said = telling.row("buy", found[0].view, deals.site.app.now())["explanation"]
    assert said.rpartition("has")[0] in (await deals.buyer.get(path)).words

    await deals.happen(trade, Leased(), OfferSeen(NEEDS_CONFIRMATION, "1"))
    assert "Open the Steam app on your phone" in (await deals.seller.get(path)).words
    offer = f"{deals.site.app.settings.steam_community_url}/tradeoffer/{9_000 + trade}/"
    assert offer in (await deals.seller.get(path)).text and offer not in (await deals.buyer.get(path)).text
    await deals.happen(trade, *SENT[1:])
    seen = await deals.buyer.get(path)
    assert "Accept the trade offer on Steam." in seen.words and offer in seen.text
    assert "You have 30 minutes left" in seen.words
    assert "The buyer has 30 minutes left" in (await deals.seller.get(path)).words
    # Where nothing is real one says so, and where what others would do is done for them.
    assert f'<a href="/merchant/sandbox#trade-{trade}">accepted or declined in its console</a>' in seen.text
    assert f'id="trade-{trade}"' in (await deals.buyer.get("/merchant/sandbox")).text
    await deals.happen(trade, Delivered("1"))
    assert "The item was seen with the buyer." in (await deals.seller.get(path)).words
    await deals.happen(trade, Ruled("reverse", "seller"))
    seen = await deals.buyer.get(path)
    assert "The trade was reversed by the seller" in seen.words and "+$10.00" in seen.words
    assert "says the seller's program" in seen.words and "desk" not in seen.words


async def test_a_moment_in_a_sentence_is_told_as_every_other_on_the_page_and_the_api_keeps_it_as_text(
    deals: Deals,
) -> None:
    trade = await deals.protected()
    found, _ = await operations.operations(deals.site.app, deals.buyer_id, OperationsQuery())
    until = found[0].view.trade.protected_until
    assert until is not None
    text = f"{until:%Y-%m-%d %H:%M:%S} UTC"
    assert f"reverse the trade until {text}" in found[0].view.trade.explanation
    said = f'reverse the trade until <time datetime="{until:%Y-%m-%dT%H:%M:%SZ}">{text}</time>; then'
    for path in (f"/trades/{trade}", "/merchant/sandbox"):
        assert said in (await deals.buyer.get(path)).text, path
    seen = await deals.buyer.get(f"/trades/{trade}")
    assert '<a href="/merchant/sandbox#clock">let the days of protection pass</a>' in seen.text
    for sentence, words in {
        "<b> 2026-02-30 10:00 UTC": "&lt;b&gt; 2026-02-30 10:00 UTC",  # no day that there is
        "From 1.00 to 10000.00 USD at once, not 0.5 USD.": "From $1.00 to $10,000.00 at once, not 0.5 USD.",
        "It is 1,000.00 USD or 4.30 USDT; -4.30 USD": "It is 1,000.00 USD or 4.30 USDT; -$4.30",
    }.items():
        assert told(sentence) == words


async def test_a_trade_is_nobody_elses_and_nobodys_who_is_not_signed_in(deals: Deals) -> None:
    trade = await deals.protected()
    stranger = await deals.site.signed_in(STRANGER)
    nobody = deals.site.browser()
    for path in (f"/trades/{trade}", f"/trades/{trade}/live", f"/trades/{10**18}", f"/trades/{2**63}"):
        assert (await stranger.get(path)).status == 404, path
        assert (await nobody.get(path)).status == 401, path
    for deed in ("dispute", "receive"):
        form = {"csrf": (await stranger.get("/sessions")).csrf, "text": "mine"}
        assert (await stranger.post(f"/trades/{trade}/{deed}", form)).status == 404
        assert (await nobody.post(f"/trades/{trade}/{deed}", form)).status == 401
        # A form that another site made somebody send does nothing, nor does one without the session's token.
        own = {"csrf": (await deals.buyer.get("/sessions")).csrf, "text": "mine"}
        foreign = {"Sec-Fetch-Site": "cross-site"}
        assert (await deals.buyer.post(f"/trades/{trade}/{deed}", own, headers=foreign)).status == 403
        assert (await deals.buyer.post(f"/trades/{trade}/{deed}", {"text": "mine"})).status == 403
    assert await deals.db.value("SELECT count(*) FROM dispute") == 0
    for bad in ("x", "-1", "0", "1.5", "%00"):
        seen = await deals.buyer.get(f"/trades/{bad}")
        assert seen.status in (404, 422) and seen.status < 500, bad


async def test_the_list_is_searched_filtered_and_paged_and_teaches_while_it_is_empty(deals: Deals) -> None:
    assert "No trades yet" in (await deals.seller.get("/trades")).words
    first = await deals.buy(custom_id="order 7", name="AWP | Asiimov (Battle-Scarred)")
    second = await deals.buy(*ACCEPTED)
    third = await deals.buy()
    await deals.happen(third, Deadline())

    async def listed(query: str, browser: Browser | None = None) -> list[int]:
        seen = await (browser or deals.buyer).get(f"/trades{query}")
        assert seen.status == 200
        return [int(id_) for id_ in re.findall(r'class="cover" href="/trades/(\d+)"', seen.text)]

    assert await listed("") == [third, second, first]
    assert await listed("?side=sold") == [] == await listed("?side=bought", deals.seller)
    assert await listed("?side=sold", deals.seller) == [third, second, first]
    assert await listed("?state=active") == [second, first]
    assert await listed("?state=cancelled") == [third]
    assert await listed("?search=asiimov") == [first] == await listed("?search=order%207")
    assert await listed(f"?search={first}") == [first]
    assert await listed("?search=order%207", deals.seller) == []  # it is the buyer's own word
    assert "order 7" not in (await deals.seller.get("/trades")).words
    assert await listed("?search=%25") == [] and await listed("?search=_") == []
    assert "No trade is like that" in (await deals.buyer.get("/trades?search=nothing")).words
    part = await deals.buyer.get(
        "/trades?state=active", headers={"HX-Request": "true", "HX-Request-Type": "partial"}
    )
    assert part.text.lstrip().startswith('<div id="list"') and "<html" not in part.text
    for bad, field in (
        ("side=up", "side"),
        ("state=odd", "state"),
        ("page=x", "page"),
        ("search=" + "a" * 201, "search"),
    ):
        seen = await deals.buyer.get(f"/trades?{bad}")
        assert seen.status == 422 and field in seen.words.lower(), bad
    assert (await deals.buyer.get("/trades?page=999999999")).status == 200


async def test_a_buyer_disputes_a_trade_once_while_it_is_protected(deals: Deals) -> None:
    trade = await deals.protected()
    path, csrf = f"/trades/{trade}", (await deals.buyer.get("/sessions")).csrf
    assert "Something is wrong with it" in (await deals.buyer.get(path)).words
    assert "Something is wrong with it" not in (await deals.seller.get(path)).words
    for text, said in (("  ", "Say in a few words"), ("a" * 2_001, "too long")):
        seen = await deals.buyer.post(f"{path}/dispute", {"csrf": csrf, "text": text})
        assert seen.status == 422 and said in seen.words and 'aria-describedby="text-fault"' in seen.text
        assert text.strip() in seen.text
    assert (await deals.buyer.post(f"{path}/dispute", {"csrf": csrf, "text": "a\0b"})).status == 422
    seen = await deals.buyer.post(f"{path}/dispute", {"csrf": csrf, "text": "It is another one.\r\nLook."})
    assert seen.url.endswith("?said=disputed") and "with the operators" in seen.words
    assert "It is another one. Look." in seen.words and "disputed" in seen.words
    seen = await deals.buyer.post(f"{path}/dispute", {"csrf": csrf, "text": "Again"})
    assert seen.status == 409 and "disputed already" in seen.words
    other = await deals.seller.get(path)
    assert "It is another one" not in other.words and "The buyer disputes the trade" in other.words
    assert (await deals.seller.get(f"{path}?said=odd")).status == 422


async def test_who_pays_confirms_that_the_item_has_arrived_and_nobody_who_is_paid_does(deals: Deals) -> None:
    trade = await deals.buy(*SENT)
    path, csrf = f"/trades/{trade}", (await deals.buyer.get("/sessions")).csrf
    assert "The item has arrived" not in (await deals.buyer.get(path)).words
    await deals.happen(trade, OfferSeen(SAYS_ACCEPTED, "1"))
    assert "The item has arrived" in (await deals.buyer.get(path)).words
    assert "The item has arrived" not in (await deals.seller.get(path)).words
    theirs = {"csrf": (await deals.seller.get("/sessions")).csrf}
    assert (await deals.seller.post(f"{path}/receive", theirs)).status == 409
    seen = await deals.buyer.post(f"{path}/receive", {"csrf": csrf})
    assert "delivered by your word" in seen.words and "says the buyer" in seen.words
    assert (await deals.buyer.post(f"{path}/receive", {"csrf": csrf})).status == 409
    assert await deals.db.value("SELECT state FROM trade WHERE id = $1", trade) == "accepted"


async def test_a_merchant_sees_what_he_buys_for_customers_and_who_sends_for_one_what_he_has_to_do(
    deals: Deals,
) -> None:
    customer = await deals.site.box.stock.person()
    steamid = await deals.site.box.stock.steamid_of(customer)
    trade = await deals.buy(*SENT, receiver=steamid)
    seen = await deals.buyer.get(f"/trades/{trade}")
    assert "bought for your customer" in seen.words and "Your customer has to accept" in seen.words
    assert "Bought for Person" in (await deals.buyer.get("/trades")).words
    # The seller's item was listed by a merchant: he is paid, and the seller sends.
    merchant = await deals.site.box.stock.person()
    await deals.db.execute("UPDATE trade SET payee_id = $2 WHERE id = $1", trade, merchant)
    await deals.db.execute("UPDATE account SET name = 'Lantern' WHERE id = $1", merchant)
    assert "for Lantern" in (await deals.seller.get("/trades?side=sold")).words
    seen = await deals.seller.get(f"/trades/{trade}")
    assert "the merchant's for whom you send" in seen.words and "Is paid Lantern" in seen.words
    await deals.db.execute("UPDATE trade SET payee_id = seller_id WHERE id = $1", trade)


async def test_what_others_wrote_is_text_and_nothing_else(deals: Deals) -> None:
    trade = await deals.protected(custom_id="x")
    csrf = (await deals.buyer.get("/sessions")).csrf
    await deals.buyer.post(f"/trades/{trade}/dispute", {"csrf": csrf, "text": "\n".join(TEXTS)})
    for text in TEXTS:
        await deals.db.execute("UPDATE account SET name = $1", text)
        await deals.db.execute("UPDATE steam_item SET market_hash_name = $1, icon = $1", text)
        await deals.db.execute(
            "UPDATE trade SET custom_id = left($1, 64), explanation = $1 WHERE id = $2", text, trade
        )
        for browser in (deals.buyer, deals.seller):
            for path in ("/trades", f"/trades/{trade}"):
                seen = await browser.get(path)
                assert seen.status == 200 and faults(seen.text) == [], (path, text)


@asynccontextmanager
async def following(browser: Browser, path: str) -> AsyncIterator[Listener]:
    """The stream of a page, as a browser opens it."""
    async with browser.http.get(
        browser.site.url + path, timeout=aiohttp.ClientTimeout(total=None)
    ) as response:
        assert response.status == 200, await response.text()
        yield Listener(response)


async def until_says(listener: Listener, part: str, text: str) -> dict[str, str]:
    """What a page is sent, as soon as a part of it says something."""
    while True:
        state: dict[str, str] = (await listener.until("state")).data
        if text in state[part]:
            return state


async def test_the_pages_follow_their_trades_and_end_with_the_session(deals: Deals) -> None:
    trade = await deals.buy()
    buyer = deals.buyer
    async with (
        following(buyer, f"/trades/{trade}/live") as page,
        following(buyer, "/trades/live?side=bought") as rows,
    ):
        state = await until_says(page, "stand", "to be sent")
        assert {"stand", "dispute", "line", "money", "now", "ahead_seconds"} == state.keys()
        await until_says(rows, "list", "to be sent")
        await deals.happen(trade, *SENT)
        await until_says(page, "stand", "offered on Steam")
        await until_says(rows, "list", "offered on Steam")
        await buyer.post("/sign-out", {"csrf": (await buyer.get("/sessions")).csrf})
        await page.until("end")
        await rows.until("end")


async def test_a_trade_that_is_over_says_how_it_ended(deals: Deals) -> None:
    trade = await deals.buy()
    await deals.happen(trade, Deadline())
    assert "Others sell the same item" in (await deals.buyer.get(f"/trades/{trade}")).words
    assert "off sale" in (await deals.seller.get(f"/trades/{trade}")).words
    done = await deals.protected()
    await deals.db.execute("UPDATE trade SET protected_until = $2, accepted_at = $2 WHERE id = $1", done, deals.site.app.now() - timedelta(days=1))  # fmt: skip
    seen = await deals.seller.get(f"/trades/{done}")
    assert "looked at once more" in seen.words and "as soon as the market has seen the item" in seen.words
    await deals.happen(done, Ruled("settle"))
    seen = await deals.seller.get(f"/trades/{done}")
    assert "You were paid: $10.00 less the fee of $0.50." in seen.words and "+$9.50" in seen.words
    bought = (await deals.buyer.get(f"/trades/{done}")).words
    assert "What was set aside was paid to the seller." in bought and bought.count("−$10.00") == 1
    assert USER in (await deals.buyer.get(f"/trades/{done}")).words
    back = await deals.protected()
    await deals.happen(back, TakenBack("seller"))
    assert "reversed" in (await deals.buyer.get(f"/trades/{back}")).words
