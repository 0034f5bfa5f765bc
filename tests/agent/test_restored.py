"""A market that goes on from a backup, and a real agent that has done more since: Steam is looked at, nothing is sent again."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.town import Town, town
from tradepost.agent.home import Place
from tradepost.cli import _parser
from tradepost.config import Settings
from tradepost.db import Db, create_database, drop_database
from tradepost.market import ledger
from world import Databases, faults_of_the_books

pytestmark = pytest.mark.sql


@dataclass
class Lost:
    """A town whose market will be lost, and the database in which it goes on."""

    place: Town
    dsn: str
    file: Path
    seller: Place
    buyer: Place

    async def run(self, dsn: str, verb: str) -> None:
        options = _parser().parse_args([verb, str(self.file)])
        assert await options.verb(Settings(mode="sandbox", database_url=dsn), options) == 0

    async def save(self) -> None:
        await self.run(self.place.app.db.dsn, "backup")

    async def go_on(self) -> Db:
        """The same market at the same address, from the backup."""
        await self.run(self.dsn, "restore")
        self.place.app.db = await Db.open(self.dsn, min_size=1, max_size=5)
        return self.place.app.db


@pytest.fixture
async def lost(db: Db, server: Databases, tmp_path: Path) -> AsyncIterator[Lost]:
    dsn = await create_database(server.server.dsn, name := f"lost_{next(server.numbers)}")
    try:
        async with town(db, tmp_path / "home") as place:
            seller, buyer = await place.pair(place.seller_id), await place.pair(place.buyer_id)
            yield Lost(place, dsn, tmp_path / "backup", seller, buyer)
            after = place.app.db
            assert after is not db
            assert await faults_of_the_books(after) == []
            await after.close()
    finally:
        await drop_database(server.server.dsn, name)


@pytest.mark.parametrize(
    ("saved", "since", "state"),
    [
        # What the backup knows of is watched as ever.
        ("sent", "sent", "sent"),
        ("sent", "accept", "protected"),
        ("sent", "decline", "cancelled"),
        # What it does not know of is looked for when its time is over: taken by the buyer, or cancelled.
        ("created", "sent", "cancelled"),
        ("created", "accept", "protected"),
        ("created", "decline", "cancelled"),
    ],
)
async def test_what_the_agent_sent_since_is_found_and_not_sent_again(
    lost: Lost, saved: str, since: str, state: str
) -> None:
    place = lost.place
    view = await place.sell()
    if saved == "created":
        await lost.save()
    async with place.agent(lost.seller):
        await place.reaches(view, "sent")
        if saved == "sent":
            await lost.save()
    (offer,) = await place.offers()
    if since != "sent":
        await place.sim.control("POST", f"/_sim/offers/{offer['id']}/{since}")
    await lost.go_on()
    if saved == "created":
        await place.overdue(view)
    async with place.agent(lost.seller), place.agent(lost.buyer):
        after = await place.reaches(view, state)
    assert after.trade.steam_tradeofferid == offer["id"]
    (there,) = await place.offers()
    assert there["state"] == {"sent": 2, "protected": 3}.get(state, 6 if since == "sent" else 7)
    assert await place.sends() == 1


async def test_what_was_never_sent_is_refunded_when_the_agent_has_looked(lost: Lost) -> None:
    place = lost.place
    view = await place.sell()
    await lost.save()
    await lost.go_on()
    paid = await ledger.wallet(place.app.db, place.buyer_id)
    assert paid.held_cents == view.trade.price_cents
    await place.overdue(view)  # before the agent has come back a deadline refunds nothing
    assert (await ledger.wallet(place.app.db, place.buyer_id)).held_cents == view.trade.price_cents
    async with place.agent(lost.seller):
        await place.reaches(view, "cancelled")
    assert (await ledger.wallet(place.app.db, place.buyer_id)).held_cents == 0
    assert await place.sends() == 0
