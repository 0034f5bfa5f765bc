"""What tests around Steam share: one simulated Steam a module, whole again after each test."""

from collections.abc import AsyncIterator

import pytest

from steam.sim import Sim, simulator


@pytest.fixture(scope="module")
async def sim() -> AsyncIterator[Sim]:
    async with simulator() as running:
        yield running


@pytest.fixture(autouse=True)
async def _no_faults(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    yield
    if "sim" in request.fixturenames:
        await request.getfixturevalue("sim").control("DELETE", "/_sim/faults")
