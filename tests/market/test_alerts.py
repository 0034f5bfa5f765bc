"""Alerts and reviews: told once, counted until they are read, and nobody else's."""

from datetime import timedelta

import pytest

from stock import MARKET_NOW, Stock
from tradepost.db import Db
from tradepost.market import alerts, mails, profiles
from tradepost.market.alerts import Counts, Kind
from tradepost.rules.refusals import NotFound


async def tell(db: Db, account_id: int, kind: Kind, text: str, ref: str | None = None) -> None:
    async with db.transaction() as tx:
        await alerts.tell(tx, account_id, kind, text, MARKET_NOW, ref=ref)


async def test_what_is_unread_is_counted_by_its_kind(db: Db) -> None:
    stock = Stock(db)
    mine, other = await stock.person(), await stock.person()
    await tell(db, mine, "alert", "paid")
    await tell(db, mine, "alert", "paid")  # without a ref it is another one
    await tell(db, mine, "review", "looked at")
    assert await alerts.counts(db, mine) == Counts(2, 1)
    assert await alerts.counts(db, other) == Counts(0, 0)


async def test_the_same_is_told_once(db: Db) -> None:
    account = await Stock(db).person()
    await tell(db, account, "alert", "paid", "payout:1:2")
    await tell(db, account, "alert", "paid once more", "payout:1:2")
    found, total = await alerts.page(db, account, "alert", first=0, count=50)
    assert ([one.text for one in found], total) == (["paid"], 1)


async def test_an_alert_is_closed_by_its_owner_alone_and_twice_is_once(db: Db) -> None:
    stock = Stock(db)
    mine, other = await stock.person(), await stock.person()
    await tell(db, mine, "alert", "paid")
    await tell(db, mine, "review", "looked at")
    (alert,), _ = await alerts.page(db, mine, "alert", first=0, count=50)
    (review,), _ = await alerts.page(db, mine, "review", first=0, count=50)
    async with db.transaction() as tx:
        for account_id, alert_id in ((other, alert.id), (mine, review.id), (mine, 999_999)):
            with pytest.raises(NotFound):
                await alerts.close_alert(tx, account_id, alert_id, MARKET_NOW)
        await alerts.close_alert(tx, mine, alert.id, MARKET_NOW)
        await alerts.close_alert(tx, mine, alert.id, MARKET_NOW.replace(year=2027))
    assert await alerts.counts(db, mine) == Counts(0, 1)
    (closed,), _ = await alerts.page(db, mine, "alert", first=0, count=50)
    assert closed.closed_at == MARKET_NOW


async def test_reviews_are_closed_all_at_once_and_alerts_stay(db: Db) -> None:
    account = await Stock(db).person()
    for number in range(3):
        await tell(db, account, "review", f"step {number}")
    await tell(db, account, "alert", "paid")
    async with db.transaction() as tx:
        assert await alerts.close_reviews(tx, account, MARKET_NOW) == 3
        assert await alerts.close_reviews(tx, account, MARKET_NOW) == 0
    assert await alerts.counts(db, account) == Counts(1, 0)


async def test_pages_are_of_the_newest_first(db: Db) -> None:
    account = await Stock(db).person()
    for number in range(5):
        await tell(db, account, "alert", f"alert {number}")
    found, total = await alerts.page(db, account, "alert", first=2, count=2)
    assert ([one.text for one in found], total) == (["alert 2", "alert 1"], 5)


async def test_an_alert_goes_out_by_mail_to_who_wants_it_and_a_review_does_not(db: Db) -> None:
    stock = Stock(db)
    wants, quiet, unknown = [await stock.person() for _ in range(3)]
    async with db.transaction() as tx:
        for account in (wants, quiet):
            await profiles.set_mail(tx, account, f"somebody{account}@example.com")
        await profiles.set_mail_notices(tx, quiet, False)
        await tx.execute("UPDATE market_clock SET offset_seconds = 86400")
    for account in (wants, quiet, unknown):
        await tell(db, account, "review", "looked at")
        for _ in range(2):
            await tell(db, account, "alert", "10.00 USD were paid", "payout:1:2")
    (mail,) = await mails.latest(db, limit=9)
    assert (mail.account_id, mail.recipient, mail.subject) == (
        wants,
        f"somebody{wants}@example.com",
        "Tradepost: about your money",
    )
    assert mail.text is not None and "10.00 USD were paid" in mail.text
    assert mail.due_at == MARKET_NOW - timedelta(days=1)  # real time
