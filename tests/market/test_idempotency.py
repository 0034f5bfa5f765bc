"""Keys: what was done under one is done once, its first answer stands, and a refusal leaves it free."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from market.floor import HandClock
from stock import Stock
from tradepost.app import App
from tradepost.config import Settings
from tradepost.db import Db
from tradepost.market import idempotency, offers
from tradepost.market.idempotency import Claim, Replay
from tradepost.market.offers import Reprice, Repriced
from tradepost.rules.refusals import Conflicting, KeyUsed
from tradepost.steam.client import SteamClient

SENDS = 20


@pytest.fixture
async def app(db: Db) -> AsyncIterator[App]:
    clock = HandClock()
    async with SteamClient(now=clock.now) as steam:
        yield App(Settings(), db, steam, clock)


def claim(account_id: int, key: str = "k", content: object = "same") -> Claim[Any]:
    """A claim whose answer tells how often it was asked for, so that a second deed would show."""
    answers = iter(range(100))

    def answer(result: object) -> tuple[int, bytes]:
        return 200, f"{content} {type(result).__name__} {next(answers)}".encode()

    return Claim(account_id, key, hashlib.sha256(repr(content).encode()).digest(), answer)


async def kept(db: Db) -> int:
    """How many keys stand for something."""
    found: int = await db.value("SELECT count(*) FROM request_key")
    return found


async def versions(db: Db) -> list[int]:
    """How often each offer was written."""
    return [row["version"] for row in await db.fetch("SELECT version FROM offer ORDER BY id")]


async def reprice(
    app: App, seller: int, offer: int, cents: int, its: Claim[Any] | None
) -> offers.PriceAnswers:
    steamid = await Stock(app.db).steamid_of(seller)
    return await offers.reprice(app, seller, steamid, [Reprice(offer, cents)], its)


async def cancel(app: App, seller: int, offer: int, its: Claim[Any] | None) -> offers.CancelAnswers:
    return await offers.cancel(app, seller, await Stock(app.db).steamid_of(seller), [offer], its)


async def test_the_first_answer_stands_whatever_has_changed_since(app: App) -> None:
    seller = await Stock(app.db).person()
    offer = await Stock(app.db).offer(seller)
    (answer,) = await reprice(app, seller, offer, 150, claim(seller))
    assert isinstance(answer, Repriced)
    await reprice(app, seller, offer, 170, None)
    await cancel(app, seller, offer, None)
    written = await versions(app.db)
    with pytest.raises(Replay) as replay:
        await reprice(app, seller, offer, 150, claim(seller))
    assert (replay.value.status, replay.value.body) == (200, b"same list 0")
    assert await versions(app.db) == written


async def test_a_key_stands_for_one_request_of_one_account(app: App) -> None:
    stock = Stock(app.db)
    alice, bob = await stock.person(), await stock.person()
    hers, his = await stock.offer(alice), await stock.offer(bob)
    await cancel(app, alice, hers, claim(alice))
    await cancel(app, bob, his, claim(bob))
    with pytest.raises(KeyUsed):
        await cancel(app, alice, hers, claim(alice, content="other"))
    with pytest.raises(Replay):
        await cancel(app, alice, hers, claim(alice))
    assert await kept(app.db) == 2


async def test_what_did_nothing_leaves_its_key_free(app: App) -> None:
    stock = Stock(app.db)
    seller = await stock.person()
    offer = await stock.offer(seller)
    await app.db.execute("UPDATE offer SET state = 'reserved' WHERE id = $1", offer)
    (answer,) = await reprice(app, seller, offer, 150, claim(seller))
    assert isinstance(answer, tuple) and isinstance(answer[1], Conflicting)
    assert await cancel(app, seller, offer, claim(seller)) == ([], [(offer, "in a trade")])
    assert await kept(app.db) == 0
    await app.db.execute("UPDATE offer SET state = 'on_sale' WHERE id = $1", offer)
    (now,) = await reprice(app, seller, offer, 150, claim(seller))
    assert isinstance(now, Repriced)
    assert await kept(app.db) == 1


async def test_a_batch_of_which_a_part_was_refused_is_kept_with_its_refusals(app: App) -> None:
    stock = Stock(app.db)
    seller = await stock.person()
    offer, steamid = await stock.offer(seller), await stock.steamid_of(seller)
    rows = [Reprice(offer, 150), Reprice(offer + 1, 150)]
    await offers.reprice(app, seller, steamid, rows, claim(seller))
    await stock.offer(seller)  # that is there now, and was not then
    with pytest.raises(Replay):
        await offers.reprice(app, seller, steamid, rows, claim(seller))
    assert await versions(app.db) == [2, 1]


@pytest.mark.parametrize("deed", [reprice, cancel])
async def test_of_many_sent_at_once_one_does_it_and_all_hear_the_same(app: App, deed: Any) -> None:
    stock = Stock(app.db)
    seller = await stock.person()
    offer = await stock.offer(seller)
    how = (150,) if deed is reprice else ()
    done = await asyncio.gather(
        *(deed(app, seller, offer, *how, claim(seller)) for _ in range(SENDS)), return_exceptions=True
    )
    replays = [one.body for one in done if isinstance(one, Replay)]
    assert len(replays) == SENDS - 1
    assert len(set(replays)) == 1
    assert await versions(app.db) == [2]


async def test_of_two_requests_with_one_key_sent_at_once_one_is_refused(app: App) -> None:
    stock = Stock(app.db)
    seller = await stock.person()
    first, second = await stock.offer(seller), await stock.offer(seller)
    done = await asyncio.gather(
        cancel(app, seller, first, claim(seller, content="first")),
        cancel(app, seller, second, claim(seller, content="second")),
        return_exceptions=True,
    )
    assert {type(one) for one in done} == {tuple, KeyUsed}
    assert sorted(await versions(app.db)) == [1, 2]


async def test_no_crash_leaves_a_deed_without_its_key_or_a_key_without_its_deed(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    stock = Stock(app.db)
    seller = await stock.person()
    offer = await stock.offer(seller)
    whole = idempotency.keep

    async def dies(*args: Any) -> None:
        await whole(*args)
        raise ConnectionResetError

    monkeypatch.setattr(idempotency, "keep", dies)
    with pytest.raises(ConnectionResetError):
        await cancel(app, seller, offer, claim(seller))
    assert (await versions(app.db), await kept(app.db)) == ([1], 0)
    monkeypatch.setattr(idempotency, "keep", whole)
    ended, _ = await cancel(app, seller, offer, claim(seller))
    assert [one.id for one in ended] == [offer]


async def test_keys_are_kept_for_their_days_and_then_forgotten(app: App) -> None:
    assert isinstance(app.clock, HandClock)
    stock = Stock(app.db)
    seller = await stock.person()
    for number in range(3):
        await cancel(app, seller, await stock.offer(seller), claim(seller, f"k{number}"))
        app.clock.tick(timedelta(days=1).total_seconds())
    app.clock.tick(timedelta(days=app.settings.idempotency_days - 2).total_seconds())
    assert await idempotency.forget_keys(app) == 1
    assert [row["key"] for row in await app.db.fetch("SELECT key FROM request_key ORDER BY key")] == [
        "k1",
        "k2",
    ]
    assert await idempotency.forget_keys(app) == 0
