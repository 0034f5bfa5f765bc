"""Stocking: shelves are filled in portions with what is on sale at one moment, and others have their turn meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import aiohttp
import pytest

from box import Box, market
from dialects.shop import serving
from tradepost.db import Db
from tradepost.db.pool import Tx
from tradepost.market import feed, stocking
from tradepost.market.shelf import Query

NAMES = (
    "AK-47 | Redline (Field-Tested)",
    "P250 | Sand Dune (Battle-Scarred)",
    "★ Karambit | Doppler (Factory New)",
)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stocking, "PORTION_ROWS", 2)


async def stocked(box: Box, many: int) -> list[int]:
    """Put offers of several items on sale."""
    seller = await box.stock.person()
    return [await box.stock.offer(seller, 100 + n, name=NAMES[n % 3]) for n in range(many)]


async def test_everything_on_sale_is_on_the_shelves_and_nothing_else(db: Db) -> None:
    async with market(db) as box:
        made = await stocked(box, 7)
        other = await box.stock.offer(await box.stock.person(), 100, project="dota2")
        await db.execute(
            "UPDATE offer SET state = 'ended', ended_reason = 'test' WHERE id = ANY ($1)", made[2:4]
        )
        shelves = await stocking.stocked(box.app)
        live = made[:2] + made[4:]
        assert set(shelves.page(Query("csgo", limit=100)).ids) == set(live)
        assert shelves.page(Query("dota2", limit=100)).ids == [other]
        # Bytes and fields are those that a change of the offer brings.
        filled = {id_: (shelves.row(id_), shelves.offer(id_)) for id_ in live}
        await feed.put(box.app, live)
        assert filled == {id_: (box.app.shelves.row(id_), box.app.shelves.offer(id_)) for id_ in live}


async def test_an_empty_market_has_empty_shelves(db: Db) -> None:
    async with market(db) as box:
        assert (await stocking.stocked(box.app)).count("csgo") == 0


async def test_an_offer_that_no_column_can_hold_hides_no_other(db: Db) -> None:
    async with market(db) as box:
        made = await stocked(box, 5)
        await db.execute("UPDATE offer SET assetid = 'wool' WHERE id = $1", made[1])
        await db.execute("UPDATE offer SET created_at = '1969-12-31 23:59:59Z' WHERE id = $1", made[2])
        shelves = await stocking.stocked(box.app)
        assert set(shelves.page(Query("csgo", limit=100)).ids) == {*made[:1], *made[2:]}
        assert b'"1969-12-31 23:59:59"' in (shelves.row(made[2]) or b"")


async def test_a_change_between_two_portions_is_read_again(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Tx.portions
    async with market(db) as box:
        made = await stocked(box, 6)

        async def portions(
            self: Tx, sql: str, *, rows: int, seconds: float
        ) -> AsyncIterator[Sequence[object]]:
            first = True
            async for found in whole(self, sql, rows=rows, seconds=seconds):
                yield found
                if first:
                    first = False
                    await db.execute(
                        "UPDATE offer SET price_cents = 900 WHERE id = ANY ($1)", [made[0], made[5]]
                    )
                    await db.execute(
                        "UPDATE offer SET state = 'ended', ended_reason = 'test' WHERE id = $1", made[4]
                    )
                    made.append(
                        await box.stock.offer(await box.stock.person(), 950, name="A name never seen")
                    )

        monkeypatch.setattr(Tx, "portions", portions)
        cursor = await feed.load(box.app)
        assert set(box.app.shelves.page(Query("csgo", limit=100)).ids) == set(made[:6])
        await feed.catch_up(box.app, cursor)
        prices = {id_: offer.price_cents for id_ in made if (offer := box.app.shelves.offer(id_)) is not None}
        assert prices == {made[0]: 900, made[1]: 101, made[2]: 102, made[3]: 103, made[5]: 900, made[6]: 950}


async def test_a_server_says_that_it_lives_while_its_shelves_are_filled(
    db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, begun, go_on = Tx.portions, asyncio.Event(), asyncio.Event()

    async def portions(self: Tx, sql: str, *, rows: int, seconds: float) -> AsyncIterator[Sequence[object]]:
        async for found in whole(self, sql, rows=rows, seconds=seconds):
            yield found
            begun.set()
            await go_on.wait()

    monkeypatch.setattr(Tx, "portions", portions)
    async with market(db) as box:
        made = await stocked(box, 5)
        async with serving(box.app) as url, aiohttp.ClientSession(url) as http:
            await asyncio.wait_for(begun.wait(), 5)
            async with http.get("/healthz") as reply:
                assert reply.status == 200
            async with http.get("/readyz") as reply:
                assert reply.status == 503
                assert (await reply.json())["checks"]["shelves"] == "being filled"
            go_on.set()
            await asyncio.wait_for(box.app.shelves_ready.wait(), 5)
            async with http.get("/readyz") as reply:
                assert reply.status == 200
            assert box.app.shelves.count("csgo") == len(made)


async def test_shelves_that_take_the_place_of_others_are_of_a_later_generation(db: Db) -> None:
    async with market(db) as box:
        await stocked(box, 2)
        seen = [box.app.shelves.generation]
        for _ in range(3):
            await feed.load(box.app)
            seen.append(box.app.shelves.generation)
        assert seen == sorted(set(seen))
