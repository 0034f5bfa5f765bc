"""Mails: written in the transaction that they tell of, and due until a mail server took them; `posting` sends them."""

from dataclasses import dataclass, fields
from datetime import datetime

from tradepost.db import Reader, Tx
from tradepost.market import profiles
from tradepost.rules import contact, mail
from tradepost.rules.refusals import Malformed


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail and what became of it: a row of the table `mail`."""

    id: int
    name: str
    account_id: int | None
    recipient: str
    subject: str
    text: str | None  # None once it was sent, except in a demo
    state: str
    made_at: datetime
    due_at: datetime | None
    attempts: int
    fault: str | None
    ended_at: datetime | None


COLUMNS = ", ".join(column.name for column in fields(Mail))


async def queue(
    tx: Tx, *, to: str, subject: str, text: str, now: datetime, account_id: int | None = None
) -> int:
    """Write a mail that is sent once the transaction has committed; return its id. `now` is real time.

    Whatever stands in `subject` and `text`, no header and no further mail comes of it. Raises Malformed for a
    recipient that is no mail address.
    """
    if not contact.is_mail(to):
        raise Malformed("mail", "must be a mail address")
    made: int = await tx.value(
        "INSERT INTO mail (account_id, recipient, subject, text, made_at, due_at) VALUES ($1, $2, $3, $4, $5, $5)"
        " RETURNING id",
        account_id, to, mail.one_line(subject), mail.body(text), now,
    )  # fmt: skip
    return made


async def tell(tx: Tx, account_id: int, *, subject: str, text: str, now: datetime) -> bool:
    """Write a mail to a user, if his address is known and he wants to be told by mail; say whether one was written."""
    profile = await profiles.read(tx, account_id)
    if not profile.mail or not profile.mail_notices:
        return False
    await queue(tx, to=profile.mail, subject=subject, text=text, now=now, account_id=account_id)
    return True


async def latest(tx: Reader, *, limit: int, offset: int = 0, state: str | None = None) -> list[Mail]:
    """Return mails, the newest first."""
    return await tx.rows(
        Mail,
        f"SELECT {COLUMNS} FROM mail WHERE $3::text IS NULL OR state = $3 ORDER BY id DESC LIMIT $1 OFFSET $2",
        limit, offset, state,
    )  # fmt: skip
