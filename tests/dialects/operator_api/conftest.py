"""What tests of the operator API share: an office."""

from collections.abc import AsyncIterator

import pytest

from dialects.operator_api.office import Office, office_on
from tradepost.db import Db


@pytest.fixture
async def office(db: Db) -> AsyncIterator[Office]:
    async with office_on(db) as made:
        yield made
