"""The merchant's page: who may open and change a gateway, what is shown of its secrets and when, and the reserve."""

import asyncio
import json
import os
import re
import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from html import unescape
from typing import Any

import pytest

from dialects.web.site import OTHER, USER, Browser, Seen, Site, site_on
from tradepost.db import Db
from tradepost.market import gateways, ledger, users
from tradepost.market.gateways import Gateway

CALLBACK = "http://127.0.0.1:9/ipn"
SECRETS = re.compile(r'<code class="secret">([^<]+)</code>')


@pytest.fixture
async def site(db: Db) -> AsyncIterator[Site]:
    async with site_on(db, callback_networks=("127.0.0.0/8",)) as made:
        yield made


async def account_of(site: Site, steamid: str = USER) -> int:
    account = await users.by_steamid(site.db, steamid)
    assert account is not None
    return account.id


async def gateway_of(site: Site, steamid: str = USER) -> Gateway | None:
    return await gateways.read(site.db, await account_of(site, steamid))


async def opened(browser: Browser, url: str = CALLBACK) -> Seen:
    """A gateway is opened on the page."""
    csrf = (await browser.get("/merchant")).csrf
    return await browser.post("/merchant/open", {"csrf": csrf, "callback_url": url})


async def merchant(site: Site) -> tuple[Browser, list[str]]:
    """Somebody with a gateway, and its three secrets."""
    browser = await site.signed_in()
    seen = await opened(browser)
    assert seen.status == 200, seen.words
    return browser, SECRETS.findall(seen.text)


def fields_of(page: Seen, action: str, **chosen: Any) -> dict[str, Any]:
    """What a browser sends of a form: its hidden fields, and what somebody chose."""
    form = page.text.partition(f'action="{action}"')[2].partition("</form>")[0]
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form)
    return dict(hidden) | chosen


def rotation_of(page: Seen, which: str) -> dict[str, Any]:
    """The form that changes one of the secrets."""
    forms = page.text.split('action="/merchant/rotate"')[1:]
    (form,) = [one for one in forms if f'name="which" value="{which}"' in one.partition("</form>")[0]]
    return dict(
        re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form.partition("</form>")[0])
    )


# Opening ---------------------------------------------------------------------------------------------------------


async def test_whoever_is_not_signed_in_reads_what_it_is(site: Site) -> None:
    seen = await site.browser().get("/merchant")
    assert seen.status == 200 and "/sign-in?next=%2Fmerchant" in seen.text
    assert "less the fee" in seen.words and "callback_url" not in seen.text
    seen = await site.browser().post("/merchant/open", {"callback_url": CALLBACK})
    assert seen.status == 401


async def test_a_gateway_is_opened_and_its_secrets_are_shown_this_once(site: Site) -> None:
    browser = await site.signed_in()
    seen = await opened(browser)
    secret, secret_v2, notice_secret = SECRETS.findall(seen.text)
    assert re.fullmatch("[0-9a-f]{64}", secret) and re.fullmatch("[0-9a-f]{64}", secret_v2)
    assert notice_secret.startswith("whsec_") and seen.headers["Cache-Control"] == "no-store"
    gateway = await gateway_of(site)
    assert gateway is not None and gateway.callback_url == CALLBACK
    again = await browser.get("/merchant")
    assert gateway.public_hash in again.text and f"{site.url}/en/pay/{gateway.public_hash}" in again.text
    for one in (secret, secret_v2, notice_secret):
        assert one not in again.text
    keys = await gateways.keys_of(site.db, site.app.settings, gateway.public_hash, site.app.real_now())
    assert keys is not None and (list(keys.secrets), list(keys.secrets_v2)) == ([secret], [secret_v2])
    seen = await browser.post("/merchant/open", {"csrf": again.csrf, "callback_url": CALLBACK})  # reloaded
    assert seen.status == 422 and "accepts skins already" in seen.words and not SECRETS.findall(seen.text)


@pytest.mark.parametrize(
    "url",
    [
        "http://10.0.0.1/ipn",
        "https://user:pw@shop.example/",
        "ftp://shop.example",
        "https://[::1]/",
        "x",
        "javascript:1",
        "https://169.254.169.254/latest",
        'https://shop.example/"><script>',
    ],
)
async def test_a_callback_that_is_not_called_is_refused_beside_its_field(site: Site, url: str) -> None:
    browser = await site.signed_in()
    seen = await opened(browser, url)
    assert seen.status == 422 and "Callback URL " in seen.words and "<script>" not in seen.text
    assert f'value="{unescape(url)}"' in unescape(seen.text) and 'aria-invalid="true"' in seen.text
    assert await gateway_of(site) is None


# A sign-in of the last minutes --------------------------------------------------------------------------------------


async def test_what_decides_where_money_goes_wants_a_sign_in_of_the_last_minutes(site: Site) -> None:
    browser, _ = await merchant(site)
    page = await browser.get("/merchant")
    before = await gateway_of(site)
    await site.age_sign_ins(minutes=5)
    deeds = {
        "/merchant/open": {"callback_url": CALLBACK},
        "/merchant/settings": {"callback_url": "http://127.0.0.1:10/", "ipn_on": "accepted"},
        "/merchant/rotate": rotation_of(page, "secret"),
        "/merchant/reserve": {"deed": "fund", "amount": "0.01", "key": "k"},
    }
    for path, fields in deeds.items():
        seen = await browser.post(path, {"csrf": page.csrf, **fields})
        assert (seen.status, "sign in again" in seen.words) == (403, True), path
        assert "/sign-in?next=%2Fmerchant&#34;" not in seen.text and "/sign-in?next=%2Fmerchant" in seen.text
    assert await gateway_of(site) == before
    old = await browser.get("/merchant")
    assert "Sign in again" in old.words and old.text.count("<fieldset disabled") == 2
    await browser.sign_in(next_path="/merchant")  # and he comes back, and may
    seen = await browser.get("/merchant")
    assert "<fieldset disabled" not in seen.text
    seen = await browser.post("/merchant/settings", {"csrf": seen.csrf, **deeds["/merchant/settings"]})
    assert seen.status == 200 and "Your gateway is changed." in seen.words


async def test_a_sign_in_of_four_minutes_ago_will_do(site: Site) -> None:
    browser, _ = await merchant(site)
    await site.age_sign_ins(minutes=4)
    page = await browser.get("/merchant")
    assert SECRETS.findall((await browser.post("/merchant/rotate", rotation_of(page, "secret"))).text)


# Changing --------------------------------------------------------------------------------------------------------


async def test_settings_are_as_the_form_says(site: Site) -> None:
    browser, _ = await merchant(site)
    csrf = (await browser.get("/merchant")).csrf
    sent = {
        "csrf": csrf,
        "callback_url": "http://127.0.0.1:10/x?y=1",
        "ipn_on": "accepted",
        "requires_v2": "1",
    }
    await browser.post("/merchant/settings", sent)
    gateway = await gateway_of(site)
    assert gateway is not None
    assert (gateway.callback_url, gateway.ipn_on, gateway.requires_v2) == (
        sent["callback_url"],
        "accepted",
        True,
    )
    page = (await browser.get("/merchant")).text
    assert 'value="accepted" checked' in page and 'name="requires_v2" value="1" checked' in page
    del sent["requires_v2"]  # a box that is not ticked
    await browser.post("/merchant/settings", sent | {"ipn_on": "settled"})
    gateway = await gateway_of(site)
    assert gateway is not None and (gateway.ipn_on, gateway.requires_v2) == ("settled", False)
    for wrong, said in (
        ({"ipn_on": "never"}, "ipn_on: "),
        ({"requires_v2": "perhaps"}, "requires_v2: "),
        ({"callback_url": ""}, "Callback URL is missing."),
        ({"callback_url": "https://10.1.1.1"}, "Callback URL must name its host"),
    ):
        seen = await browser.post("/merchant/settings", sent | wrong)
        assert seen.status == 422 and said in seen.words, wrong
    assert await gateway_of(site) == gateway


async def test_nobody_changes_anothers_gateway(site: Site) -> None:
    _, secrets = await merchant(site)
    other = await site.signed_in(OTHER)
    csrf = (await other.get("/merchant")).csrf
    for path, fields in (
        ("/merchant/settings", {"callback_url": "http://127.0.0.1:66/", "ipn_on": "settled"}),
        ("/merchant/rotate", {"which": "secret", "seen": "never"}),
        ("/merchant/rotate", {"which": "notices", "seen": "never"}),
    ):
        seen = await other.post(path, {"csrf": csrf, **fields})
        assert seen.status == 404 and "open a gateway for it first" in seen.words, path
    gateway = await gateway_of(site)
    assert gateway is not None and gateway.callback_url == CALLBACK
    assert secrets[0] not in (await other.get("/merchant")).text


@pytest.mark.parametrize(("which", "place"), [("secret", 0), ("signature_v2", 1), ("notices", 2)])
async def test_a_secret_is_changed_once_and_both_hold_for_a_day(site: Site, which: str, place: int) -> None:
    browser, before = await merchant(site)
    page = await browser.get("/merchant")
    form = rotation_of(page, which)
    seen = await browser.post("/merchant/rotate", form)
    (new,) = SECRETS.findall(seen.text)
    assert new != before[place] and len(new) == len(before[place])
    assert seen.words.count("Old and new both hold until") == 1
    assert ("until your site signs a link with the new one" in seen.words) is (which == "secret")
    gateway = await gateway_of(site)
    assert gateway is not None
    until = {
        "secret": gateway.old_secret_until,
        "signature_v2": gateway.old_secret_v2_until,
        "notices": gateway.old_notice_secret_until,
    }[which]
    assert until is not None
    assert timedelta(hours=23, minutes=59) < until - site.app.real_now() <= timedelta(hours=24)
    again = await browser.post("/merchant/rotate", form)  # the answer is reloaded
    assert again.status == 422 and not SECRETS.findall(again.text)
    assert await gateway_of(site) == gateway
    form = rotation_of(await browser.get("/merchant"), which)
    assert SECRETS.findall((await browser.post("/merchant/rotate", form)).text) not in ([new], [])


async def test_an_old_secret_that_is_over_is_not_spoken_of(site: Site) -> None:
    browser, _ = await merchant(site)
    await browser.post("/merchant/rotate", rotation_of(await browser.get("/merchant"), "secret"))
    await site.db.execute("UPDATE gateway SET old_secret_until = $1", site.app.real_now())
    page = await browser.get("/merchant")
    assert "both hold" not in page.words
    assert SECRETS.findall((await browser.post("/merchant/rotate", rotation_of(page, "secret"))).text)


# The reserve -----------------------------------------------------------------------------------------------------


async def test_the_reserve_is_funded_and_released_once_a_form(site: Site) -> None:
    browser, _ = await merchant(site)
    account = await account_of(site)
    legs = (ledger.Posting(account, "balance", 5_000), ledger.Posting(None, "world", -5_000))
    async with site.db.transaction() as tx:
        await ledger.post(tx, "earned", "deposit", legs, site.app.now())
    page = await browser.get("/merchant")
    form = fields_of(page, "/merchant/reserve", deed="fund", amount="25.00")
    for _ in range(2):  # sent twice
        seen = await browser.post("/merchant/reserve", form)
        assert "The reserve is funded." in seen.words
    purse = await ledger.wallet(site.db, account)
    assert (purse.balance_cents, purse.reserve_cents) == (2_500, 2_500)
    page = await browser.get("/merchant")
    assert page.words.count("$25.00") == 2
    form = fields_of(page, "/merchant/reserve", deed="release", amount="5")
    assert "The reserve is released." in (await browser.post("/merchant/reserve", form)).words
    purse = await ledger.wallet(site.db, account)
    assert (purse.balance_cents, purse.reserve_cents) == (3_000, 2_000)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"deed": "fund", "amount": "0.01"}, "Amount is more than the 0.00 USD that are there"),
        ({"deed": "release", "amount": "0.01"}, "Amount is more than the 0.00 USD that are there"),
        ({"deed": "fund", "amount": "0"}, "Amount must be at least 0.01"),
        ({"deed": "fund", "amount": "-1"}, "Amount must be a price"),
        ({"deed": "fund", "amount": "NaN"}, "Amount must be a price"),
        ({"deed": "fund", "amount": "1e3"}, "Amount must be a price"),
        ({"deed": "fund", "amount": "1.001"}, "Amount must be a price"),
        ({"deed": "fund", "amount": "99999999999"}, "Amount must be at most"),
        ({"deed": "fund"}, "Amount is missing"),
        ({"deed": "steal", "amount": "1"}, "deed: must be one of fund, release"),
        ({"deed": "fund", "amount": "1", "key": "a b"}, "key: must have"),
        ({"deed": "fund", "amount": "1", "key": "k" * 65}, "key: must have"),
    ],
)
async def test_a_wrong_amount_moves_nothing_and_is_named(
    site: Site, fields: dict[str, str], said: str
) -> None:
    browser, _ = await merchant(site)
    page = await browser.get("/merchant")
    seen = await browser.post("/merchant/reserve", fields_of(page, "/merchant/reserve") | fields)
    assert seen.status == 422 and said in seen.words, seen.words
    assert await site.db.value("SELECT count(*) FROM transfer") == 0


# The samples ------------------------------------------------------------------------------------------------------


def sample_of(page: Seen, language: str) -> str:
    found = re.search(rf'aria-label="{language}"><code>(.*?)</code></pre>', page.text, re.DOTALL)
    assert found
    return unescape(found[1])


@pytest.mark.parametrize(
    ("language", "program"), [("PHP", "php"), ("Python", "python3"), ("curl", "bash")], ids=str.lower
)
async def test_a_sample_that_is_pasted_gets_a_link(site: Site, language: str, program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    browser, (secret, _, _) = await merchant(site)
    code = sample_of(await browser.get("/merchant"), language)
    assert secret not in code
    process = await asyncio.create_subprocess_exec(
        program,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "SECRET_HASH": secret},
    )
    out, _ = await process.communicate(code.encode())
    said = out.decode().strip()
    url = json.loads(said)["url"] if said.startswith("{") else said
    token = await site.db.value("SELECT token FROM payment WHERE order_id = 'order-1001'")
    assert url == f"{site.url}/en/pay?token={token}", said


async def test_an_error_names_the_field_as_the_page_does(site: Site) -> None:
    browser = await site.signed_in(USER)
    csrf = (await browser.get("/merchant")).csrf
    for url, words in (
        ("https://", "Callback URL must"),
        ("https://shop.example/#a", "Callback URL must have no fragment (#)."),
        ("", "Callback URL is missing."),
    ):
        seen = await browser.post("/merchant/open", {"csrf": csrf, "callback_url": url})
        assert seen.status == 422 and words in seen.words and "callback_url:" not in seen.words, url
    fields = {"csrf": csrf, "deed": "fund", "amount": "x", "key": "k" * 22}
    seen = await browser.post("/merchant/reserve", fields)
    assert seen.status == 422 and "Amount must be a price" in seen.words


async def test_early_credit_without_a_reserve_is_said_to_wait(site: Site) -> None:
    browser = await site.signed_in(USER)
    csrf = (await browser.get("/merchant")).csrf
    await browser.post("/merchant/open", {"csrf": csrf, "callback_url": "https://shop.example/ipn"})
    sentence = "nothing is free in your reserve"
    assert sentence not in (await browser.get("/merchant")).words
    settings = {"csrf": csrf, "callback_url": "https://shop.example/ipn", "ipn_on": "accepted"}
    assert sentence in (await browser.post("/merchant/settings", settings)).words
