"""What other sites try on somebody who is signed in here, in a real browser: nothing of it does anything."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from playwright.async_api import Browser, Page, expect

from browsers import WAIT_SECONDS, visiting
from dialects.web.counter import SLATE, Counter, Payer
from tradepost.dialects.web.visits import FORM_BYTES_MAX

expect.set_options(timeout=WAIT_SECONDS * 1000)
REFUSALS = ("This form was sent by another site.", "This page was out of date", "Sign in through Steam")
HOSTS = ("127.0.0.1", "localhost")  # the same site at another port, and another site altogether


@asynccontextmanager
async def evil(pages: dict[str, str]) -> AsyncIterator[dict[str, str]]:
    """A site of somebody else, under each of two names: its origins by host."""

    async def page(request: web.Request) -> web.Response:
        return web.Response(text=pages.get(request.path, ""), content_type="text/html")

    app = web.Application()
    app.router.add_get("/{any:.*}", page)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        yield {host: f"http://{host}:{port}" for host in HOSTS}
    finally:
        await runner.cleanup()


@pytest.fixture
async def ann(counter: Counter) -> Payer:
    return await counter.payer(SLATE, signed_in=False)


async def sign_in(page: Page, counter: Counter, payer: Payer, next_path: str = "/sessions") -> None:
    await page.goto(f"{counter.site.url}/sign-in?next={next_path}")
    await page.locator(f"button[value='{payer.steamid}']").click()
    await page.wait_for_url(f"{counter.site.url}/**")


def posting(action: str, **fields: str) -> str:
    inputs = "".join(f'<input name="{name}" value="{value}">' for name, value in fields.items())
    return f'<form method="post" action="{action}">{inputs}</form><script>document.forms[0].submit()</script>'


@pytest.mark.parametrize("host", HOSTS)
async def test_a_form_of_another_site_does_nothing(
    chromium: Browser, counter: Counter, ann: Payer, host: str
) -> None:
    own = counter.site.url
    deeds = {
        "/sign-out": posting(f"{own}/sign-out"),
        "/end": posting(f"{own}/sessions/end"),
        "/guess": posting(f"{own}/sign-out", csrf="0" * 64),
        "/pay": posting(f"{own}{ann.path()}", do="sell"),
        "/merchant": posting(f"{own}/merchant/open", callback_url="https://evil.example/"),
    }
    async with evil(deeds) as origins, visiting(chromium) as (page, _):
        await sign_in(page, counter, ann)
        for path in deeds:
            await page.goto(origins[host] + path)
            await page.wait_for_url(f"{own}/**")
            # A cookie that the browser leaves away makes a stranger of her, and a form of a stranger's is none.
            text = await page.locator("main").inner_text()
            assert any(one in text for one in REFUSALS), text
        await page.goto(f"{own}/sessions")
        await expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    assert await counter.offers() == []
    assert not await counter.db.value("SELECT count(*) FROM gateway WHERE account_id = $1", ann.id)


async def test_no_page_can_be_framed_or_read_by_another_site(
    chromium: Browser, counter: Counter, ann: Payer
) -> None:
    own = counter.site.url
    paths = ("/", "/sessions", "/market", "/wallet", ann.path())
    frames = "".join(f'<iframe src="{own}{path}"></iframe>' for path in paths)
    read = f'<script>fetch("{own}/sessions", {{credentials: "include"}}).then(a => a.text()).then(t => document.title = t, () => document.title = "unread")</script>'
    async with evil({"/": frames + read}) as origins, visiting(chromium) as (page, _):
        await sign_in(page, counter, ann)
        await page.goto(origins["127.0.0.1"] + "/")
        await expect(page).to_have_title("unread")
        for frame in page.frames[1:]:
            assert "Tradepost" not in await frame.content()
        assert len(page.frames) == len(paths) + 1


@pytest.mark.parametrize(
    "next_path",
    [
        "https://evil.example/",
        "//evil.example/",
        "/%5Cevil.example",
        "/%09/evil.example",
        "javascript:alert(1)",
        "/sign-in/..//evil.example",
        "/@evil.example",
    ],
)
async def test_a_sign_in_leads_nowhere_but_back_here(
    chromium: Browser, counter: Counter, ann: Payer, next_path: str
) -> None:
    async with visiting(chromium) as (page, _):
        await page.goto(f"{counter.site.url}/sign-in?next={next_path}")
        choice = page.locator(f"button[value='{ann.steamid}']")
        if await choice.count():
            await choice.click()
            await page.wait_for_url(f"{counter.site.url}/**")
        assert page.url.startswith(f"{counter.site.url}/")
        await expect(page.locator("main")).to_be_visible()


async def test_a_form_that_is_far_too_long_is_refused_in_the_pages_own_look(
    chromium: Browser, counter: Counter, ann: Payer
) -> None:
    async with visiting(chromium) as (page, _):
        await sign_in(page, counter, ann)
        await page.evaluate(
            """length => {
                const form = document.querySelector("form[action='/sign-out']");
                const field = document.createElement("textarea");
                field.name = "more";
                field.value = "x".repeat(length);
                form.append(field);
                form.submit();
            }""",
            FORM_BYTES_MAX + 1,
        )
        await expect(page.locator("main")).to_contain_text("is longer than 262,144 bytes")
        await expect(page.locator("header .brand")).to_be_visible()
        await page.goto(f"{counter.site.url}/sessions")
        await expect(page.get_by_role("button", name="Sign out")).to_be_visible()
