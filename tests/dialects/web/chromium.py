"""A real browser before the pages, and what it complained of."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from playwright.async_api import Locator, Page, async_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
TABS_MAX = 80


@asynccontextmanager
async def browsing(**context: Any) -> AsyncIterator[tuple[Page, list[str]]]:
    """A page of a browser, and its complaints: of a policy that was broken, of a script that failed."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip("no Chromium is installed")
    async with async_playwright() as play:
        browser = await play.chromium.launch(executable_path=found, args=["--no-sandbox"])
        try:
            page = await browser.new_page(**context)
            complaints: list[str] = []
            page.on(
                "console",
                lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None,
            )
            page.on("pageerror", lambda error: complaints.append(str(error)))
            yield page, complaints
        finally:
            await browser.close()


async def tab_to(page: Page, wanted: Locator) -> None:
    """Reach something by the keyboard alone."""
    for _ in range(TABS_MAX):
        await page.keyboard.press("Tab")
        if await wanted.evaluate("one => one === document.activeElement"):
            return
    raise AssertionError(f"the keyboard does not reach {wanted}")
