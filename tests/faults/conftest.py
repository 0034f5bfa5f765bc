"""What the tests of faults share: a Postgres that may be killed."""

import shutil
from collections.abc import AsyncIterator

import pytest

from faults.mortal import Mortal
from tradepost import embedded
from world import MEMORY, in_memory, open_directory


@pytest.fixture(scope="module")
async def mortal() -> AsyncIterator[Mortal]:
    """A Postgres of this module's own, on a disk that is not slow."""
    home = open_directory(MEMORY if in_memory() else None)
    try:
        async with embedded.server(home / "data") as server:
            yield Mortal(server)
    finally:
        shutil.rmtree(home, ignore_errors=True)
