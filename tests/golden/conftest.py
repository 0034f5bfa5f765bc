"""What the tests against the seed share: the shop of the dialects, which is a market with a web server."""

from collections.abc import AsyncIterator

import pytest

from dialects.shop import Shop, shop_on
from tradepost.db import Db


@pytest.fixture
async def shop(db: Db) -> AsyncIterator[Shop]:
    async with shop_on(db) as made:
        yield made
