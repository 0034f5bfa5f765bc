"""What the tests of the market share: a floor where people trade beside a simulated Steam, and a market with a seller's agent."""

from collections.abc import AsyncIterator

import pytest

from agent.selling import Selling, selling
from market.floor import Floor, floor
from steam.sim import Sim, simulator
from tradepost.db import Db


@pytest.fixture(scope="module")
async def sim() -> AsyncIterator[Sim]:
    async with simulator() as running:
        yield running


@pytest.fixture
async def market(db: Db, sim: Sim) -> AsyncIterator[Floor]:
    async with floor(db, sim) as found:
        yield found


@pytest.fixture
async def world(db: Db) -> AsyncIterator[Selling]:
    async with selling(db) as found:
        yield found
