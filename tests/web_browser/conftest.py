"""What the tests in a real browser share: one Chromium for a module, and a game site whose players pay with skins."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser

from browsers import launched
from dialects.web.counter import Counter, counter_on
from tradepost.db import Db
from web_browser.arcade import Arcade, arcade_on


@pytest.fixture(scope="module")
async def chromium() -> AsyncIterator[Browser]:
    async with launched() as browser:
        yield browser


@pytest.fixture
async def counter(db: Db) -> AsyncIterator[Counter]:
    """A game site and its players, without anything that happens by itself."""
    async with counter_on(db) as made:
        yield made


@pytest.fixture
async def arcade(db: Db, tmp_path: Path) -> AsyncIterator[Arcade]:
    """The same with a worker, a player whose program can run, and a buyer."""
    async with arcade_on(db, tmp_path) as made:
        yield made
