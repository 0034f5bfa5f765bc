"""What tests of the pages share: a site, whose pages are where its settings say."""

from collections.abc import AsyncIterator

import pytest

from dialects.web.counter import Counter, counter_on
from dialects.web.site import Site, site_on
from tradepost.db import Db


@pytest.fixture
async def site(db: Db) -> AsyncIterator[Site]:
    async with site_on(db) as made:
        yield made


@pytest.fixture
async def counter(db: Db) -> AsyncIterator[Counter]:
    async with counter_on(db) as made:
        yield made
