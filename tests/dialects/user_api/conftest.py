"""What tests of the user API share: a club, which is a market whose users are connected to it."""

from collections.abc import AsyncIterator

import pytest

from dialects.user_api.club import Club, club_on
from tradepost.db import Db


@pytest.fixture
async def club(db: Db) -> AsyncIterator[Club]:
    async with club_on(db) as made:
        yield made
