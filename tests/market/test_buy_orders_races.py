"""Buy orders under races: whoever comes at one moment, nothing is bought twice, too dear, out of turn, or forgotten."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import pytest

from agent.selling import an_app
from market.ordering import Book, a_book
from simulation.frailty import Died, FrailDb
from stock import wish
from tradepost.app import App
from tradepost.db import Db
from tradepost.market import buy_orders, buying, ledger, offers, trades
from tradepost.market.buy_orders.book import cheapest, lock_orders
from tradepost.market.offers import Reprice
from tradepost.rules.refusals import Conflicting, NotFound, Refusal, TooLittleMoney
from tradepost.rules.trade import Ruled

pytestmark = pytest.mark.sql
ROUNDS = 20


@pytest.fixture
async def book(db: Db) -> AsyncIterator[Book]:
    async with a_book(db) as found:
        yield found


async def workers(book: Book, stack: AsyncExitStack, count: int) -> list[App]:
    """Processes of the same market."""
    return [await stack.enter_async_context(an_app(book.db)) for _ in range(count)]


async def refused(deed: Awaitable[object]) -> Refusal | None:
    """The refusal of a deed, or None where it was done; all else is a bug."""
    try:
        await deed
    except Refusal as refusal:
        return refusal
    return None


async def waits(book: Book, task: "asyncio.Task[object]") -> None:
    """Until the task waits for a lock in the database; it does not end before."""
    while True:
        assert not task.done(), "it should have waited"
        blocked = await book.db.value(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        if blocked:
            return


async def test_of_two_orders_one_buys_an_offer_however_many_workers_there_are(book: Book) -> None:
    async with AsyncExitStack() as stack:
        apps = await workers(book, stack, 4)
        second, first = await book.buyer(), await book.buyer()
        await book.order(second, 100, ROUNDS)
        await book.order(first, 101, ROUNDS)
        for _ in range(ROUNDS):
            offer = await book.offer(100)
            await book.db.execute(
                "INSERT INTO buy_order_match (steam_item_id) SELECT $1 FROM generate_series(1, 4)", book.item
            )
            await asyncio.gather(*(book.fill(app) for app in apps))
            assert (await book.bought())[-1] == (first, offer, 100)
        assert Counter(buyer for buyer, _, _ in await book.bought()) == {first: ROUNDS}


async def test_who_is_first_in_line_is_first_under_many_workers(book: Book) -> None:
    """All wait already; the offers come at once, and the workers start at once."""
    draw = random.Random(5)
    async with AsyncExitStack() as stack:
        apps = await workers(book, stack, 3)
        line = []
        for number in range(24):
            buyer, price_cents = await book.buyer(), draw.choice([100, 101, 102])
            await book.order(buyer, price_cents)
            line.append((-price_cents, number, buyer))
        offers = await asyncio.gather(*(book.offer(100) for _ in range(24)))
        await asyncio.gather(*(book.fill(app) for app in apps))
    assert [buyer for buyer, _, _ in await book.bought()] == [buyer for _, _, buyer in sorted(line)]
    assert [offer for _, offer, _ in await book.bought()] == sorted(offers)


async def test_who_decides_has_the_name_s_turn(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else two would decide on what each of them is about to change."""
    free: list[bool] = []

    async def looking(*all_: Any) -> Any:
        turn = f"buy orders of {book.item}"
        free.append(await book.db.value("SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0))", turn))
        return await cheapest(*all_)

    monkeypatch.setattr("tradepost.market.buy_orders.filling.cheapest", looking)
    await book.order(await book.buyer(), 100)
    await book.offer(100)
    await book.fill()
    assert free == [False, False]


@pytest.mark.parametrize("way", ["listed", "repriced"])
async def test_who_orders_while_an_offer_comes_waits_for_it_and_is_told_to_buy_it(
    book: Book, way: str
) -> None:
    buyer, steamid = await book.buyer(), await book.stock.steamid_of(book.seller)
    offer = await book.offer(500)
    async with book.db.transaction() as tx:
        if way == "repriced":
            await tx.execute("UPDATE offer SET price_cents = 100 WHERE id = $1", offer)
        else:
            await tx.execute(
                "INSERT INTO offer (account_id, seller_id, seller_steamid, project, appid, contextid, assetid, classid, instanceid,"
                " steam_item_id, price_cents, state, created_at)"
                " VALUES ($1, $1, $2, 'csgo', 730, 2, '1', '1', '0', $3, 100, 'on_sale', $4)",
                book.seller, steamid, book.item, book.app.now(),
            )  # fmt: skip
        placing: asyncio.Task[object] = asyncio.create_task(book.order(buyer, 100))
        await waits(book, placing)
    with pytest.raises(Conflicting, match="buy that instead"):
        await placing


async def test_an_offer_that_comes_while_somebody_orders_finds_the_order(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    buyer, offer = await book.buyer(), await book.offer(500)
    listing: list[asyncio.Task[object]] = []
    look_again = buy_orders.placing._look_again

    async def meanwhile(*all_: object) -> bool:
        listing.append(asyncio.create_task(book.reprice(offer, 100)))
        await waits(book, listing[0])
        return await look_again(*all_)  # type: ignore[arg-type] # as they came

    monkeypatch.setattr("tradepost.market.buy_orders.placing._look_again", meanwhile)
    order = await book.order(buyer, 100)
    await listing[0]
    await book.fill()
    assert (await book.read(order)).state == "filled"


async def test_an_order_and_a_buyer_of_one_offer_are_one_trade(book: Book) -> None:
    ordering, buying = await book.buyer(), await book.buyer()
    receiver = await book.stock.steamid_of(buying)
    order = await book.order(ordering, 100, ROUNDS)
    for _ in range(ROUNDS):
        offer = await book.offer(100)
        refusal, _ = await asyncio.gather(
            refused(trades.buy(book.app, wish(buying, offer, receiver))), book.fill()
        )
        assert refusal is None or isinstance(refusal, NotFound)
    bought = await book.bought()
    assert len(bought) == len({offer for _, offer, _ in bought}) == ROUNDS
    found = await book.read(order)
    assert found.bought == sum(buyer == ordering for buyer, _, _ in bought)
    assert await book.due() == 0


async def test_once_a_removal_is_answered_the_order_buys_nothing_more(book: Book) -> None:
    for _ in range(ROUNDS):
        buyer = await book.buyer()
        order = await book.order(buyer, 100)
        offer = await book.offer(100)
        refusal, _ = await asyncio.gather(refused(buy_orders.remove(book.app, buyer, book.item)), book.fill())
        state = (await book.read(order)).state
        has_bought = (buyer, offer, 100) in await book.bought()
        assert (state, has_bought) in [("removed", False), ("filled", True)]
        assert isinstance(refusal, NotFound) == has_bought
        await book.db.execute(
            "UPDATE offer SET state = 'ended', ended_reason = 'test' WHERE id = $1 AND state = 'on_sale'",
            offer,
        )
        await book.fill()


async def test_an_order_that_is_removed_while_it_is_decided_on_buys_nothing(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    buyer = await book.buyer()

    async def meanwhile(*all_: Any) -> Any:
        await refused(buy_orders.remove(book.app, buyer, book.item))
        return await lock_orders(*all_)

    monkeypatch.setattr("tradepost.market.buy_orders.filling.lock_orders", meanwhile)
    order = await book.order(buyer, 100)
    await book.offer(100)
    await book.fill()
    assert ((await book.read(order)).state, await book.bought()) == ("removed", [])


async def test_who_removes_what_is_being_filled_waits_and_hears_that_it_is_gone(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the locks are taken in the order of the house: the offer, the order, and only then a wallet."""
    buyer = await book.buyer()
    removing: list[asyncio.Task[Any]] = []
    ask = buying.ask

    async def is_free(table: str, column: str, id_: int) -> bool:
        sql = f"SELECT count(*) FROM (SELECT 1 FROM {table} WHERE {column} = $1 FOR NO KEY UPDATE SKIP LOCKED) x"
        return bool(await book.db.value(sql, id_))

    async def meanwhile(*all_: Any) -> Any:
        assert not await is_free("offer", "id", offer)
        assert not await is_free("buy_order", "id", order)
        assert await is_free("wallet", "account_id", buyer)
        removing.append(asyncio.create_task(buy_orders.remove(book.app, buyer, book.item)))
        await waits(book, removing[0])
        return await ask(*all_)

    monkeypatch.setattr("tradepost.market.buying.ask", meanwhile)
    order = await book.order(buyer, 100)
    offer = await book.offer(100)
    await book.fill()
    with pytest.raises(NotFound):
        await removing[0]
    assert ((await book.read(order)).state, len(await book.bought())) == ("filled", 1)


async def test_a_change_and_a_fill_come_one_after_the_other(book: Book) -> None:
    for _ in range(ROUNDS):
        buyer = await book.buyer()
        order = await book.order(buyer, 100, 3)
        offer = await book.offer(100)
        refusal, _ = await asyncio.gather(
            refused(buy_orders.change(book.app, buyer, book.item, price_cents=60, amount=5)), book.fill()
        )
        found = await book.read(order)
        assert refusal is None
        # Five are wanted from the moment of the answer on: what was bought before does not count into them.
        assert (found.price_cents, found.amount, found.bought) in [(60, 5, 0), (60, 5, 1)]
        assert found.bought == ((buyer, offer, 100) in await book.bought())
        await buy_orders.remove(book.app, buyer, book.item)
        await book.db.execute(
            "UPDATE offer SET state = 'ended', ended_reason = 'test' WHERE id = $1 AND state = 'on_sale'",
            offer,
        )


async def test_a_repricing_and_a_fill_are_one_price(book: Book) -> None:
    buyer = await book.buyer()
    await book.order(buyer, 100, ROUNDS)
    for _ in range(ROUNDS):
        offer = await book.offer(100)
        refusal, _ = await asyncio.gather(_dearer(book, offer), book.fill())
        price_cents = await book.db.value("SELECT price_cents FROM offer WHERE id = $1", offer)
        is_sold = (buyer, offer, 100) in await book.bought()
        assert price_cents == (100 if is_sold else 150)
        assert (refusal is not None) == is_sold
    assert {cents for _, _, cents in await book.bought()} <= {100}


async def _dearer(book: Book, offer: int) -> Refusal | None:
    steamid = await book.stock.steamid_of(book.seller)
    (answer,) = await offers.reprice(book.app, book.seller, steamid, [Reprice(offer, 150)])
    return answer[1] if isinstance(answer, tuple) else None


async def test_a_wallet_that_is_emptied_meanwhile_pays_once(book: Book) -> None:
    for _ in range(ROUNDS):
        buyer = await book.buyer(cents=100)
        receiver = await book.stock.steamid_of(buyer)
        order = await book.order(buyer, 100)
        elsewhere = await book.stock.offer(book.seller, 60, name="Case")
        offer = await book.offer(100)
        refusal, _ = await asyncio.gather(
            refused(trades.buy(book.app, wish(buyer, elsewhere, receiver))), book.fill()
        )
        found = await book.read(order)
        if refusal is None:
            assert (found.asleep, found.bought) == ("money", 0)
        else:
            assert isinstance(refusal, TooLittleMoney)
            assert found.state == "filled"
        await book.db.execute(
            "UPDATE offer SET state = 'ended', ended_reason = 'test' WHERE id = $1 AND state = 'on_sale'",
            offer,
        )
        if found.state == "live":
            await buy_orders.remove(book.app, buyer, book.item)


async def test_money_that_comes_while_an_order_falls_asleep_wakes_it(book: Book) -> None:
    for _ in range(ROUNDS):
        buyer = await book.buyer(cents=1)
        order = await book.order(buyer, 100)
        offer = await book.offer(100)
        await asyncio.gather(book.pay_in(buyer, 99), book.fill())
        await book.fill()
        assert (await book.read(order)).state == "filled"
        assert (await book.bought())[-1] == (buyer, offer, 100)


async def test_two_who_place_the_same_order_have_one(book: Book) -> None:
    for _ in range(ROUNDS):
        buyer = await book.buyer()
        refusals = await asyncio.gather(
            *(refused(buy_orders.place(book.app, buyer, book.item, 100, 1)) for _ in range(4))
        )
        assert Counter(type(refusal) for refusal in refusals) == {type(None): 1, Conflicting: 3}


async def test_a_worker_that_dies_at_any_statement_leaves_the_work_and_no_trace(book: Book) -> None:
    buyer = await book.buyer()
    order = await book.order(buyer, 100, 100)
    frail = replace(book.app, db=FrailDb(book.db))
    assert isinstance(frail.db, FrailDb)
    for statement in range(60):
        offer = await book.offer(100)
        frail.db.life.left = statement
        died = False
        try:
            await buy_orders.fill_buy_orders(frail)
        except Died:
            died = True
        died = died or frail.db.life.left is None
        frail.db.life.left = None
        await book.pass_time(61)  # the claim of who died is over
        await book.stock.online(book.seller)
        await book.fill()
        assert [row[1] for row in await book.bought()].count(offer) == 1
        if not died:
            break
    assert not died, "it never came to the end"
    assert statement > 10
    found = await book.read(order)
    assert (found.bought, found.amount) == (statement + 1, 100 - statement - 1)
    assert await book.due() == 0


async def test_everybody_at_once_and_nobody_in_each_other_s_way(book: Book) -> None:
    """Orders, offers, money and ends of trades at the same moment, on many connections: nothing locks up, all adds up."""
    draw = random.Random(11)
    async with AsyncExitStack() as stack:
        apps = await workers(book, stack, 3)
        items = [book.item, await book.stock.item("Case"), await book.stock.item("Capsule")]
        buyers = [await book.buyer(cents=draw.choice([0, 300, 3_000])) for _ in range(8)]
        receivers = {buyer: await book.stock.steamid_of(buyer) for buyer in buyers}

        async def buy_something(app: App, buyer: int, item: int) -> None:
            cheapest = await book.db.value(
                "SELECT id FROM offer WHERE steam_item_id = $1 AND state = 'on_sale' ORDER BY price_cents LIMIT 1",
                item,
            )
            await trades.buy(app, wish(buyer, cheapest or 999_999, receivers[buyer]))

        def deeds() -> list[Callable[[], Awaitable[object]]]:
            app, buyer, item = draw.choice(apps), draw.choice(buyers), draw.choice(items)
            price_cents, amount = draw.choice([90, 100, 110, 120]), draw.randint(1, 3)
            offer, shift = draw.randint(1, 40), draw.choice([80, 100, 120])
            return [
                *[lambda: buy_orders.place(app, buyer, item, price_cents, amount)] * 3,
                lambda: buy_orders.change(app, buyer, item, price_cents=price_cents, amount=amount),
                lambda: buy_orders.remove(app, buyer, item),
                *[lambda: _sell(book, draw)] * 2,
                lambda: book.reprice(offer, shift),
                *[lambda: buy_something(app, buyer, item)] * 3,
                lambda: book.pay_in(buyer, shift),
                lambda: _end_some(book, draw),
                *[lambda: buy_orders.fill_buy_orders(app)] * 2,
            ]

        for _ in range(60):
            planned = [draw.choice(deeds()) for _ in range(8)]
            await asyncio.gather(*(refused(deed()) for deed in planned))
        await book.stock.online(book.seller)
        await book.pass_time(61)
        await book.fill()
    # Nobody who could pay waits beside an offer that he would take.
    left = await book.db.value(
        "SELECT count(*) FROM offer o JOIN buy_order b ON b.steam_item_id = o.steam_item_id JOIN wallet w ON w.account_id = b.account_id"
        " WHERE o.state = 'on_sale' AND b.state = 'live' AND b.price_cents >= o.price_cents AND w.deposit_cents + w.balance_cents >= o.price_cents"
        " AND NOT EXISTS (SELECT 1 FROM buy_order_fill f WHERE f.order_id = b.id AND f.offer_id = o.id)"
    )
    assert left == 0
    assert await book.db.value("SELECT count(*) FROM buy_order_fill") > 5
    assert await ledger.faults(book.db) == []


async def _sell(book: Book, draw: random.Random) -> None:
    name = draw.choice(["P250 | Valence (Field-Tested)", "Case", "Capsule"])
    await book.stock.offer(book.seller, draw.choice([80, 100, 120]), name=name)


async def _end_some(book: Book, draw: random.Random) -> None:
    rows = await book.db.fetch("SELECT id FROM trade WHERE state = 'created' ORDER BY id")
    if not rows:
        return
    trade = draw.choice(rows)["id"]
    event = Ruled("refund", draw.choice([None, "seller", "buyer"]))  # by an operator: it leads to no ban
    async with book.db.transaction() as tx:
        await trades.happened(
            tx, book.app.settings, trade, event, witness="operator:test", now=book.app.now()
        )
