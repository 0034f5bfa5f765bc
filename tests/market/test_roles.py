"""Admins and the audit: who may act is looked up each time, and what was done is written once."""

from datetime import timedelta

import pytest

from stock import MARKET_NOW, Stock
from tradepost.db import Db
from tradepost.market import audit, operator_alerts, roles
from tradepost.rules.refusals import Conflicting

HOUR = timedelta(hours=1)


async def admin(db: Db, stock: Stock, by: int | None = None) -> int:
    account_id = await stock.person()
    async with db.transaction() as tx:
        assert await roles.grant(tx, account_id, MARKET_NOW, by=by)
    return account_id


async def test_nobody_is_an_admin_until_he_is_made_one(db: Db) -> None:
    stock = Stock(db)
    person = await stock.person()
    assert not await roles.is_admin(db, person)
    async with db.transaction() as tx:
        assert await roles.grant(tx, person, MARKET_NOW)
        assert not await roles.grant(tx, person, MARKET_NOW + HOUR)
    assert await roles.is_admin(db, person)
    (one,) = await roles.admins(db)
    assert (one.account_id, one.granted_at, one.granted_by) == (person, MARKET_NOW, None)


async def test_a_revoked_admin_is_none_at_once(db: Db) -> None:
    stock = Stock(db)
    first = await admin(db, stock)
    second = await admin(db, stock, by=first)
    async with db.transaction() as tx:
        assert await roles.revoke(tx, second, MARKET_NOW, by=first)
        assert not await roles.revoke(tx, second, MARKET_NOW, by=first)
    assert not await roles.is_admin(db, second)
    assert await roles.is_admin(db, first)


async def test_the_last_admin_goes_by_the_command_line_alone(db: Db) -> None:
    only = await admin(db, Stock(db))
    with pytest.raises(Conflicting):
        async with db.transaction() as tx:
            await roles.revoke(tx, only, MARKET_NOW, by=only)
    assert await roles.is_admin(db, only)
    async with db.transaction() as tx:
        assert await roles.revoke(tx, only, MARKET_NOW)


async def test_who_is_made_or_ended_as_an_admin_is_in_the_audit(db: Db) -> None:
    stock = Stock(db)
    first = await admin(db, stock)
    second = await admin(db, stock, by=first)
    async with db.transaction() as tx:
        await roles.revoke(tx, second, MARKET_NOW + HOUR, by=first, reason="he left")
    told = [alert.text for alert in await operator_alerts.page(db)]
    lines = [(n.deed, n.actor, n.subject, n.reason) for n in await audit.page(db)]
    one, two = await stock.steamid_of(first), await stock.steamid_of(second)
    assert lines == [
        ("role revoked", one, two, "he left"),
        ("role granted", one, two, ""),
        ("role granted", None, one, ""),
    ]
    assert told == [
        f"User {two} is no admin any more, by {one}.",
        f"User {two} is an admin now, by {one}.",
        f"User {one} is an admin now, by the command line.",
    ]


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit SET reason = 'another'", "DELETE FROM audit", "TRUNCATE audit"],
)
async def test_nobody_edits_the_audit(db: Db, statement: str) -> None:
    await admin(db, Stock(db))
    with pytest.raises(Exception, match="audit is written once"):
        await db.execute(statement)
    assert len(await audit.page(db)) == 1


async def test_the_audit_is_read_by_page_person_and_deed(db: Db) -> None:
    stock = Stock(db)
    one, two = await stock.person(), await stock.person()
    async with db.transaction() as tx:
        for number in range(5):
            await audit.note(
                tx, actor_id=one, subject_id=two if number % 2 else None, deed=f"deed {number}", now=MARKET_NOW
            )  # fmt: skip
    newest = await audit.page(db, limit=2)
    assert [note.deed for note in newest] == ["deed 4", "deed 3"]
    assert [note.deed for note in await audit.page(db, before=newest[-1].id)] == [
        "deed 2",
        "deed 1",
        "deed 0",
    ]
    assert [note.deed for note in await audit.page(db, subject_id=two)] == ["deed 3", "deed 1"]
    assert [note.deed for note in await audit.page(db, actor_id=one, deed="deed 0")] == ["deed 0"]
    assert await audit.page(db, actor_id=two) == []
