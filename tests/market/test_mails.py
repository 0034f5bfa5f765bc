"""Mails as they are written: in the transaction that they tell of, to an address, and never with a second header."""

from datetime import UTC, datetime

import pytest

from stock import Stock
from tradepost.db import Db
from tradepost.market import mails, profiles
from tradepost.rules.refusals import Malformed

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


async def test_a_mail_is_due_at_once_and_only_if_its_transaction_commits(db: Db) -> None:
    async with db.transaction() as tx:
        made = await mails.queue(tx, to="ann@example.org", subject="Hello", text="You have mail.", now=NOW)
    with pytest.raises(KeyError):
        async with db.transaction() as tx:
            await mails.queue(tx, to="ann@example.org", subject="Never", text="-", now=NOW)
            raise KeyError
    (found,) = await mails.latest(db, limit=10)
    assert (found.id, found.recipient, found.subject, found.text) == (
        made,
        "ann@example.org",
        "Hello",
        "You have mail.\n",
    )
    assert (found.state, found.due_at, found.attempts) == ("waiting", NOW, 0)


@pytest.mark.parametrize(
    "to",
    [
        "",
        "ann",
        "ann@example.org\r\nBcc: all@example.org",
        "a b@example.org",
        "<ann@example.org>",
        "a@b@c.org",
    ],
)
async def test_nothing_is_written_to_what_is_no_address(db: Db, to: str) -> None:
    with pytest.raises(Malformed):
        async with db.transaction() as tx:
            await mails.queue(tx, to=to, subject="Hello", text="-", now=NOW)
    assert await mails.latest(db, limit=10) == []


async def test_hostile_words_become_harmless_ones(db: Db) -> None:
    async with db.transaction() as tx:
        await mails.queue(
            tx, to="ann@example.org", subject="Hi\r\nBcc: all@example.org\x00", text="a\x00\ud800b", now=NOW
        )
    (found,) = await mails.latest(db, limit=10)
    assert found.subject == "Hi Bcc: all@example.org"
    assert found.text == "a  b\n"


async def test_a_user_is_told_by_mail_only_where_he_has_one_and_wants_it(db: Db) -> None:
    ann = await Stock(db).person()
    async with db.transaction() as tx:
        assert not await mails.tell(tx, ann, subject="s", text="t", now=NOW)
        await profiles.set_mail(tx, ann, "ann@example.org")
        assert await mails.tell(tx, ann, subject="s", text="t", now=NOW)
        await profiles.set_mail_notices(tx, ann, False)
        assert not await mails.tell(tx, ann, subject="s", text="t", now=NOW)
    (found,) = await mails.latest(db, limit=10)
    assert (found.account_id, found.recipient) == (ann, "ann@example.org")
