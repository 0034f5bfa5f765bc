"""The sandbox's console and the pages of subsellers: what a merchant lets happen on Steam, and who lets him sell."""

import asyncio
import re
import shutil
import sys
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from dialects.web.hostile import TEXTS, faults, shows
from dialects.web.playing import ITEM, SELLER, account_of, bought
from dialects.web.site import OTHER, USER, Browser, Seen, Site, site_on
from stock import Stock
from tradepost.db import Db
from tradepost.market import feed, merchants, simulated, trades, users
from tradepost.rules.refusals import Conflicting, UnknownRoute
from tradepost.rules.trade import Delivered, OfferSeen

SANDBOX, SUBSELLERS = "/merchant/sandbox", "/merchant/subsellers"


async def do(browser: Browser, path: str, page: str = SANDBOX, **fields: str) -> Seen:
    return await browser.post(path, {"csrf": (await browser.get(page)).csrf, **fields})


async def test_the_console_is_for_who_is_signed_in_and_teaches_who_has_no_trade(site: Site) -> None:
    assert (await site.browser().get(SANDBOX)).status == 401
    browser = await site.signed_in()
    seen = await browser.get(SANDBOX)
    assert "No trade yet" in seen.words and "Nothing: Steam works." in seen.words and faults(seen.text) == []
    assert "It is real time still." in seen.words and len(seen.text.encode()) < 100_000
    for language, said in (("curl", "curl -G"), ("php", "file_get_contents("), ("python", "import requests")):
        seen = await browser.get(f"{SANDBOX}?code={language}")
        assert said in seen.words and "YOUR_TOKEN" in seen.text and f"{site.url}/api/v2/buy" in seen.text
        assert f"{site.app.settings.steam_control_url}/_sim/faults" in seen.text
        assert 'name="token"' not in seen.text  # what is typed there is in no form
    assert (await browser.get(f"{SANDBOX}?code=perl")).status == 422
    for path in ("clock", "faults", "mend", "trades"):
        for fields, headers in (({}, {}), ({"csrf": seen.csrf}, {"Sec-Fetch-Site": "cross-site"})):
            assert (await browser.post(f"{SANDBOX}/{path}", fields, headers=headers)).status == 403, path


async def test_a_production_server_has_no_console(db: Db) -> None:
    async with site_on(
        db, mode="production", base_url="http://127.0.0.1:1", allowed_hosts=("127.0.0.1",)
    ) as site:
        for path in ("", "/live", "/clock"):
            assert (await site.browser().get(f"{SANDBOX}{path}")).status == 404
        with pytest.raises(UnknownRoute):
            await simulated.faults(site.app)


async def test_time_passes_as_far_as_it_is_told(site: Site) -> None:
    browser = await site.signed_in()
    seen = await do(browser, f"{SANDBOX}/clock", amount="7", unit="days")
    assert "The clock is moved" in seen.words and "7 d 0 h 0 min ahead of real time" in seen.words
    seen = await do(browser, f"{SANDBOX}/clock", amount="90", unit="minutes")
    assert "7 d 1 h 30 min" in seen.words
    for amount, unit in (
        ("0", "hours"),
        ("-1", "hours"),
        ("1e3", "days"),
        ("367", "days"),
        ("999999999", "days"),
        ("", "days"),
    ):
        seen = await do(browser, f"{SANDBOX}/clock", amount=amount, unit=unit)
        assert seen.status == 422 and "amount" in seen.words and 'aria-invalid="true"' in seen.text, amount
    seen = await do(browser, f"{SANDBOX}/clock", amount="1", unit="years")
    assert seen.status == 422 and "unit" in seen.words


async def test_steam_fails_as_it_is_told_for_all_or_for_one_and_works_again(site: Site) -> None:
    browser = await site.signed_in()
    sim = site.app.settings.steam_community_url
    for name in simulated.FAULTS:
        seen = await do(browser, f"{SANDBOX}/faults", fault=name)
        assert seen.status == 200 and "It is broken." in seen.words, name
    seen = await do(browser, f"{SANDBOX}/faults", fault="down", steamid=OTHER)
    waiting = await simulated.faults(site.app)
    assert len(waiting) == len(simulated.FAULTS) + 1 and f"for {OTHER}" in seen.words
    await do(browser, f"{SANDBOX}/faults", fault="down")
    assert len(await simulated.faults(site.app)) == len(waiting)  # the same twice is once
    assert "End all" in (await do(browser, f"{SANDBOX}/mend", id=str(waiting[0].id))).words
    seen = await do(browser, f"{SANDBOX}/mend")
    assert "Nothing: Steam works." in seen.words and await simulated.faults(site.app) == []
    await do(browser, f"{SANDBOX}/faults", fault="busy")
    async with aiohttp.ClientSession() as http, http.get(f"{sim}/inventory/{USER}/730/2") as answer:
        assert answer.status == 429
    assert "met 1 request, 4 left" in (await browser.get(SANDBOX)).words
    for fields, said in (
        ({"fault": "other"}, "fault"),
        ({"fault": "down", "steamid": "1"}, "steamid"),
        ({}, "fault"),
    ):
        seen = await do(browser, f"{SANDBOX}/faults", **fields)
        assert seen.status == 422 and said in seen.words and 'id="steam-wrong"' in seen.text
    assert (await do(browser, f"{SANDBOX}/mend", id="x")).status == 422


async def test_each_deed_is_done_on_steam_to_ones_own_trade_alone(site: Site) -> None:
    browser, (view, offer) = await site.signed_in(), await bought(site)
    sim, trade = site.box.sim, str(view.trade.id)

    async def state() -> int:
        return int((await sim.control("GET", f"/_sim/offers/{offer}"))["state"])

    seen = await browser.get(SANDBOX)
    assert f"Steam offer {offer}" in seen.words and "offered on Steam" in seen.words
    for deed in ("reverse_by_buyer", "confirm"):
        seen = await do(browser, f"{SANDBOX}/trades", trade=trade, deed=deed)
        assert seen.status == 422 and 'role="alert"' in seen.text, deed
    await do(browser, f"{SANDBOX}/trades", trade=trade, deed="escrow")
    assert (await sim.control("GET", f"/_sim/users/{USER}"))["hold_days"] == simulated.HOLD_DAYS
    await do(browser, f"{SANDBOX}/trades", trade=trade, deed="no_escrow")
    assert (await sim.control("GET", f"/_sim/users/{USER}"))["hold_days"] == 0
    seen = await do(browser, f"{SANDBOX}/trades", trade=trade, deed="offline")
    assert f"for {SELLER}" in seen.words
    seen = await do(browser, f"{SANDBOX}/trades", trade=trade, deed="online")
    assert "Nothing: Steam works." in seen.words
    seen = await do(browser, f"{SANDBOX}/trades", trade=trade, deed="accept")
    assert "Done on Steam." in seen.words and await state() == 3
    async with site.db.transaction() as tx:
        event = Delivered("50000000001")
        await trades.happened(
            tx, site.app.settings, view.trade.id, event, witness="public_inventory", now=site.app.now()
        )
    seen = await do(browser, f"{SANDBOX}/trades", trade=trade, deed="decline")
    assert seen.status == 422 and "The simulated Steam says: the offer is over already" in seen.words
    await do(browser, f"{SANDBOX}/trades", trade=trade, deed="reverse_by_seller")
    (row, *_) = (await sim.control("GET", f"/_sim/trades?steamid={USER}"))["trades"]
    assert row["rollback_trade"] or row["status"] == 12
    stranger = await site.signed_in(OTHER)
    for number in (trade, "999", "9999999999999999999"):
        seen = await do(stranger, f"{SANDBOX}/trades", trade=number, deed="decline")
        assert seen.status == 404 and "You have no such trade." in seen.words, number
    assert offer not in (await stranger.get(SANDBOX)).text
    for fields, said in (
        ({"trade": "x", "deed": "accept"}, "trade"),
        ({"trade": trade, "deed": "steal"}, "deed"),
    ):
        seen = await do(browser, f"{SANDBOX}/trades", **fields)
        assert seen.status == 422 and said in seen.words


PROGRAMS = {
    "curl": ("bash",),
    "php": ("php",),
    # One interpreter for all of them: each is run as a file of its own.
    "python": (sys.executable, "-c", "import runpy, sys; [runpy.run_path(path) for path in sys.argv[1:]]"),
}


async def run(language: str, folder: Path, codes: list[str]) -> str:
    """What programs print that stand in files as they are on the page, one after another."""
    files = [folder / f"{number}.txt" for number in range(len(codes))]
    for file, code in zip(files, codes, strict=True):
        file.write_text(code + "\n", encoding="utf-8")
    said = ""
    for call in [files] if language == "python" else [[file] for file in files]:
        process = await asyncio.create_subprocess_exec(
            *PROGRAMS[language],
            *map(str, call),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        assert process.returncode == 0 and out and b"arning" not in out + err, (out, err)
        said += out.decode() + "\n"
    return said


def codes_of(seen: Seen, token: str) -> dict[str, str]:
    """The samples of a page, with a token put in as its script does."""
    found = re.findall(
        r"<summary>(.*?)</summary><pre[^>]*><code data-code>(.*?)</code>", seen.text, re.DOTALL
    )
    return {unescape(about): unescape(code).replace("YOUR_TOKEN", token) for about, code in found}


@pytest.mark.parametrize("language", PROGRAMS)
async def test_the_samples_run_as_they_stand_on_the_page(site: Site, language: str, tmp_path: Path) -> None:
    program = PROGRAMS[language][0]
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    browser, (view, offer) = await site.signed_in(), await bought(site)
    me, app, sim = await account_of(site), site.app, site.box.sim
    page = await browser.get(f"{SANDBOX}?code={language}")
    assert "ITEM_ID is the id of one on sale; TRADE_TOKEN is the end of" in page.words  # neither is there yet
    await site.db.execute("UPDATE account SET trade_token = 'tokenabc' WHERE id = $1", me)
    async with site.db.transaction() as tx:
        token = await merchants.make_token(tx, me, app.now(), test=True)
    stock = Stock(site.db, assets=41_000_000_000)
    other = await stock.offer(await account_of(site, SELLER), 300, name=ITEM)
    await feed.put(app, [other, await stock.offer(me, 100)])  # his own, which is cheaper, he cannot buy
    codes = codes_of(await browser.get(f"{SANDBOX}?code={language}"), token)
    *first, reverse, escrow = codes.values()
    assert len(codes) == 22 and "STEAM_TRADE_ID" in reverse
    said = await run(language, tmp_path, [*first, escrow])
    assert said.count(ITEM) >= 3 and f"order-{other}" in said and "over already" in said
    buys = await site.db.fetch(
        "SELECT offer_id, buyer_steamid, trade_token FROM trade WHERE offer_id = $1", other
    )
    assert [tuple(row) for row in buys] == [(other, USER, "tokenabc")]
    assert app.now() - app.real_now() > timedelta(days=7) and await simulated.faults(app) == []
    assert SELLER in codes["A seller's program cannot reach Steam"]
    assert (await sim.control("GET", f"/_sim/users/{USER}"))["hold_days"] == simulated.HOLD_DAYS
    shown = await sim.control("GET", f"/_sim/offers/{offer}")
    assert shown["state"] == 3
    async with site.db.transaction() as tx:
        event = OfferSeen(3, offer, str(shown["tradeid"]))
        await trades.happened(tx, app.settings, view.trade.id, event, witness="agent", now=app.now())
    codes = codes_of(await browser.get(f"{SANDBOX}?code={language}"), token)
    await run(language, tmp_path, [codes[f"Trade {shown['tradeid']} of Steam is taken back"]])
    (row, *_) = (await sim.control("GET", f"/_sim/trades?steamid={USER}"))["trades"]
    assert row["rollback_trade"] or row["status"] == 12


async def test_the_page_follows_its_trades_and_no_others(site: Site) -> None:
    browser, (view, offer) = await site.signed_in(), await bought(site)
    page = await browser.get(SANDBOX)
    address = re.search(r'data-follow="([^"]+)"', page.text)
    assert address and address[1].endswith(f"trades={view.trade.id}")

    async def first(who: Browser) -> str:
        async with who.http.get(site.url + address[1]) as answer:
            assert answer.status == 200 and answer.content_type == "text/event-stream"
            async for line in answer.content:
                if line.startswith(b"data: "):
                    return line.decode()
        raise AssertionError("nothing came")

    said = await first(browser)
    assert f'"trade-{view.trade.id}":' in said and offer in said and '"clock":' in said
    said = await first(await site.signed_in(OTHER))
    assert offer not in said and '"faults":' in said
    assert (await site.browser().get(f"{SANDBOX}/live")).status == 401
    assert (await browser.get(f"{SANDBOX}/live?trades=x")).status == 422
    assert (await browser.get(f"{SANDBOX}/live?trades={','.join(map(str, range(1, 99)))}")).status == 422
    with pytest.raises(Conflicting):
        await simulated.play(site.app, await account_of(site), view.trade.id, "reject")


# Subsellers ------------------------------------------------------------------------------------------------------


async def merchant(site: Site) -> Browser:
    """Somebody who has an API token."""
    browser = await site.signed_in()
    async with site.db.transaction() as tx:
        await merchants.make_token(tx, (await users.know(tx, USER, "sign_in", site.app.now())).id, site.app.now(), test=True)  # fmt: skip
    return browser


async def test_who_is_invited_reads_what_it_means_and_sets_the_least_price(site: Site) -> None:
    boss, seller = await site.signed_in(), await site.signed_in(OTHER)
    invitation = f"/merchant/invitation/{USER}"
    seen = await boss.get(SUBSELLERS)
    assert (
        "Nobody lets you sell for him yet" in seen.words
        and "You need an API token or a gateway" in seen.words
    )
    for path in (invitation, "/merchant/invitation/76561198000000999"):  # none of them is a merchant's
        seen = await seller.get(path)
        assert seen.status == 404 and "leads to no merchant" in seen.words
    await merchant(site)
    assert f"{site.url}{invitation}" in (await boss.get(SUBSELLERS)).text
    assert "This is your own invitation" in (await boss.get(invitation)).words
    assert (await site.browser().get(invitation)).status == 401
    seen = await seller.get(invitation)
    assert "he is paid, and not you" in seen.words and faults(seen.text) == []
    for floor in ("", "x", "-1", "3001", "1e2", "80%%", "8" * 9, "NaN"):
        seen = await do(seller, invitation, invitation, floor=floor)
        assert seen.status == 422 and 'aria-invalid="true"' in seen.text, floor
    assert (await seller.post(invitation, {"floor": "80"})).status == 403
    seen = await do(seller, invitation, invitation, floor="82,5")
    assert "It holds" in seen.words and "connect the program" in seen.words
    seen = await boss.get(SUBSELLERS)
    assert "Ben" in seen.words and "82.5 % of Steam" in seen.words and "none paired" in seen.words
    assert (await do(boss, invitation, SUBSELLERS, floor="1")).status == 422
    await site.age_sign_ins(6)
    seen = await seller.get(invitation)
    assert "<fieldset disabled>" in seen.text and "Sign in again" in seen.words
    assert (await do(seller, invitation, invitation, floor="1")).status == 403


async def test_a_subseller_is_shown_with_what_is_on_sale_of_his_and_can_be_let_go(site: Site) -> None:
    boss = await merchant(site)
    me, other, app = await account_of(site), await account_of(site, OTHER), site.app
    stock = Stock(site.db)
    async with site.db.transaction() as tx:
        await merchants.grant(tx, me, other, "page", app.now(), floor_bps=8_000)
        await merchants.grant(tx, other, me, "page", app.now())
        await merchants.grant(tx, me, await account_id(tx, SELLER, app), "payment", app.now())
    offer = await stock.offer(other, 450, payee_id=me)
    await stock.offer(other, 333)  # his own
    await stock.online(other)
    seen = await boss.get(SUBSELLERS)
    assert "online" in seen.words and "$4.50" in seen.words and SELLER not in seen.text
    one = f"{SUBSELLERS}/{OTHER}"
    seen = await boss.get(one)
    assert (
        f'href="/market/offer/{offer}"' in seen.text and "$4.50" in seen.words and "$3.33" not in seen.words
    )
    for path, status in (
        (f"{SUBSELLERS}/{SELLER}", 404),
        (f"{SUBSELLERS}/1", 422),
        (f"{SUBSELLERS}?page=x", 422),
        (f"{SUBSELLERS}?page=9", 200),
    ):
        assert (await boss.get(path)).status == status, path
    await site.box.world({"steamid": SELLER, "name": "Sel"})
    stranger = await site.signed_in(SELLER)
    assert (await stranger.get(one)).status == 404
    assert (await do(stranger, f"{one}/end", SUBSELLERS)).status in (403, 404)
    seen = await do(boss, f"{one}/end", one)
    assert "You do not act for him any more" in seen.words and "Ben" not in seen.words
    assert await site.db.value("SELECT state FROM offer WHERE id = $1", offer) != "on_sale"
    assert (await boss.get(one)).status == 404


async def account_id(tx: Any, steamid: str, app: Any) -> int:
    return (await users.know(tx, steamid, "sign_in", app.now())).id


async def test_hostile_names_stay_names(site: Site) -> None:
    boss = await merchant(site)
    me, other, app = await account_of(site), await account_of(site, OTHER), site.app
    seller = await site.signed_in(OTHER)
    async with site.db.transaction() as tx:
        await merchants.grant(tx, me, other, "page", app.now())
    for text in TEXTS:
        await site.db.execute("UPDATE account SET name = $1", text[:64])
        for browser, path in (
            (boss, SUBSELLERS),
            (boss, f"{SUBSELLERS}/{OTHER}"),
            (seller, f"/merchant/invitation/{USER}"),
        ):
            seen = await browser.get(path)
            assert seen.status == 200 and faults(seen.text) == [] and shows(seen.text, text[:64]), (
                path,
                text,
            )
