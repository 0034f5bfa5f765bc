"""What an order's owner hears of it: each purchase, that it sleeps and why, that it is awake, and nothing twice."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from market.ordering import Book, a_book
from tradepost.db import Db
from tradepost.market import alerts, bans, freezing, mails, profiles


@pytest.fixture
async def book(db: Db) -> AsyncIterator[Book]:
    async with a_book(db) as found:
        yield found


async def told(book: Book, account_id: int) -> list[str]:
    """What somebody was told, the oldest first."""
    rows, _ = await alerts.page(book.db, account_id, "alert", first=0, count=50)
    return [row.text for row in reversed(rows)]


async def wants_mails(book: Book, account_id: int) -> None:
    async with book.db.transaction() as tx:
        await profiles.set_mail(tx, account_id, "ann@example.com")
        await profiles.set_mail_notices(tx, account_id, True)


async def mailed(book: Book) -> list[str]:
    return [str(one.text).strip() for one in reversed(await mails.latest(book.db, limit=50))]


async def test_each_purchase_is_told_and_the_first_and_the_last_by_mail(book: Book) -> None:
    buyer, quiet = await book.buyer(), await book.buyer()
    await wants_mails(book, buyer)
    await book.order(buyer, 100, 3)
    for price in (50, 60, 70):
        await book.offer(price)
        await book.fill()
    first, second, third = await told(book, buyer)
    assert first.startswith("Your buy order for ") and first.endswith(
        "bought one for 0.50 USD; it waits for 2 more."
    )
    assert second.endswith("bought one for 0.60 USD; it waits for 1 more.")
    assert third.endswith("bought one for 0.70 USD; it has all that it was for.")
    assert await mailed(book) == [first, third]
    await book.order(quiet, 100)
    await book.offer(90)
    await book.fill()
    assert len(await told(book, quiet)) == 1
    assert len(await mailed(book)) == 2, "who has no address, or wants no mails, gets none"
    assert (await alerts.counts(book.db, quiet)).alerts == 1


async def test_an_order_that_falls_asleep_for_money_and_wakes_is_told_once_a_day(book: Book) -> None:
    buyer = await book.buyer(cents=90)
    await wants_mails(book, buyer)
    order = await book.order(buyer, 200)
    offer = await book.offer(100)
    await book.fill()
    (asleep,) = await told(book, buyer)
    assert asleep.endswith("at 2.00 USD sleeps. Your wallet could not pay an offer that this order was next in line for. It goes on by itself when the wallet can.")  # fmt: skip
    await book.db.execute("INSERT INTO buy_order_match (steam_item_id) VALUES ($1)", book.item)
    await book.fill()
    assert await told(book, buyer) == [asleep], "it sleeps on, and nothing is new"
    await book.reprice(offer, 300)
    await book.pay_in(buyer, 10)
    await book.fill()
    assert (await book.read(order)).asleep is None
    awake = (await told(book, buyer))[1]
    assert awake.endswith("at 2.00 USD is awake: it buys again.")
    await book.reprice(offer, 150)
    await book.fill()
    await book.reprice(offer, 300)
    await book.pay_in(buyer, 60)
    await book.fill()
    assert await told(book, buyer) == [asleep, awake], "the same again on one day is no news"
    assert await mailed(book) == [asleep, awake]
    await book.pass_time(86_400)
    await book.offer(180)
    await book.fill()
    assert await told(book, buyer) == [asleep, awake, asleep]


async def test_a_thousand_orders_that_fall_asleep_are_one_mail(book: Book) -> None:
    buyer = await book.buyer(cents=0)
    await wants_mails(book, buyer)
    await book.order(buyer, 200)
    await book.offer(100)
    for name in ("Case", "Capsule"):
        other = await book.stock.item(name)
        await book.db.execute(
            "INSERT INTO buy_order (account_id, steam_item_id, price_cents, amount, reach_cents, created_at, changed_at)"
            " VALUES ($1, $2, 200, 1, 200, $3, $3)", buyer, other, book.app.now(),
        )  # fmt: skip
        await book.stock.offer(book.seller, 100, name=name)
    await book.fill()
    assert len(await told(book, buyer)) == 3
    assert len(await mailed(book)) == 1


async def test_whose_hindrance_is_over_does_not_wait_until_it_is_time_to_try(book: Book) -> None:
    """A ban that is lifted, an account that is thawed, a trade URL that is there again."""
    banned, frozen, without = [await book.buyer() for _ in range(3)]
    steamid = await book.stock.steamid_of(banned)
    async with book.db.transaction() as tx:
        await bans.ban(tx, steamid, "buyer", "test", book.app.now(), timedelta(days=3))
    orders = [await book.order(who, price) for who, price in ((banned, 130), (frozen, 120), (without, 110))]
    await freezing.freeze(book.app, frozen, actor_id=None, reason="test")
    await book.db.execute("UPDATE account SET trade_token = NULL WHERE id = $1", without)
    for price in (50, 60, 70):
        await book.offer(price)
    await book.fill()
    assert [(await book.read(order)).asleep for order in orders] == ["banned", "refused", "trade_url"]
    assert await book.bought() == []
    async with book.db.transaction() as tx:
        await bans.lift(tx, steamid, "buyer", book.app.now())
    await book.fill()
    await freezing.thaw(book.app, frozen, actor_id=None, reason="test")
    await book.fill()
    await book.db.execute("UPDATE account SET trade_token = 'tokenabc' WHERE id = $1", without)
    await book.fill()
    assert [who for who, _, _ in await book.bought()] == [banned, frozen, without]


async def test_who_is_tried_again_every_five_minutes_is_told_once_until_it_is_over(book: Book) -> None:
    """As long as a ban lasts, and longer than a day: what he was told last still holds."""
    banned, held = await book.buyer(), await book.buyer()
    steamid, now = await book.stock.steamid_of(banned), book.app.now()
    await book.db.execute(
        "INSERT INTO ban (steamid, side, reason, from_at, until_at) VALUES ($1, 'buyer', 'test', $2, $3)",
        steamid, now - timedelta(hours=1), now + timedelta(hours=30),
    )  # fmt: skip
    await book.db.execute(
        "UPDATE account SET hold_until = $2 WHERE id = $1", held, datetime(2099, 1, 1, tzinfo=UTC)
    )
    order = await book.order(banned, 120)
    await book.order(held, 110)
    offer = await book.offer(100)
    for _ in range(6):
        await book.fill()
        await book.pass_time(5 * 3600)
    (asleep,) = await told(book, banned)
    assert asleep.endswith("at 1.20 USD sleeps. You are banned from buying for now.")
    assert len(await told(book, held)) == 1
    await book.reprice(offer, 500)
    await book.pass_time(3600)
    await book.db.execute("UPDATE account SET hold_until = NULL WHERE id = $1", held)
    await book.fill()
    assert (await book.read(order)).asleep is None
    assert [len(await told(book, who)) for who in (banned, held)] == [2, 2]
    assert (await told(book, banned))[1].endswith("is awake: it buys again.")
