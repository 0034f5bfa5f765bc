"""A real browser before the pages, and what it complained of: one way to open it for all tests that need one."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from playwright.async_api import Browser, Locator, Page, async_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
TABS_MAX = 80
WAIT_SECONDS = 20  # for what must come, on a machine that has other things to do


@asynccontextmanager
async def launched() -> AsyncIterator[Browser]:
    """Chromium itself, which several tests may share; without one on the machine they are skipped."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip("no Chromium is installed")
    async with async_playwright() as play:
        browser = await play.chromium.launch(executable_path=found, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def visiting(browser: Browser, **context: Any) -> AsyncIterator[tuple[Page, list[str]]]:
    """A page of a browser that was never here before, and its complaints: of a policy broken, of a script that failed."""
    opened = await browser.new_context(**{"locale": "en-US", "timezone_id": "UTC", **context})
    opened.set_default_timeout(WAIT_SECONDS * 1000)
    page, complaints = await opened.new_page(), list[str]()
    page.on(
        "console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    try:
        yield page, complaints
    finally:
        await opened.close()


@asynccontextmanager
async def browsing(**context: Any) -> AsyncIterator[tuple[Page, list[str]]]:
    """The same in a browser of one's own."""
    async with launched() as browser, visiting(browser, **context) as opened:
        yield opened


async def tab_to(page: Page, wanted: Locator) -> None:
    """Reach something by the keyboard alone."""
    for _ in range(TABS_MAX):
        await page.keyboard.press("Tab")
        if await wanted.evaluate("one => one === document.activeElement"):
            return
    raise AssertionError(f"the keyboard does not reach {wanted}")
