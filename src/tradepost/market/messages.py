"""Messages: words of an operator to a user, counted until he has read them. All times here are real."""

from dataclasses import dataclass
from datetime import datetime

from tradepost.db import Reader, Tx
from tradepost.market import audit
from tradepost.rules.refusals import Malformed

TEXT_CHARS_MAX = 4_000
PAGE_MAX = 100


@dataclass(frozen=True, slots=True)
class Message:
    """What a user was told, and since when he has read it. By whom is not for him to know: the market speaks."""

    id: int
    text: str
    at: datetime
    read_at: datetime | None


async def send(tx: Tx, account_id: int, text: str, *, actor_id: int | None, now: datetime) -> int:
    """Tell a user something; return the message's id."""
    if not 1 <= len(text) <= TEXT_CHARS_MAX:
        raise Malformed("text", f"must have 1 to {TEXT_CHARS_MAX:,} characters")
    made: int = await tx.value(
        "INSERT INTO message (account_id, text, sent_by, at) VALUES ($1, $2, $3, $4) RETURNING id",
        account_id, text, actor_id, now,
    )  # fmt: skip
    await audit.note(
        tx, actor_id=actor_id, subject_id=account_id, deed="message sent", detail={"message": made}, now=now
    )
    return made


async def unread(tx: Reader, account_id: int) -> int:
    """Return how many messages a user has not read yet."""
    count: int = await tx.value(
        "SELECT count(*) FROM message WHERE account_id = $1 AND read_at IS NULL", account_id
    )
    return count


async def page(tx: Reader, account_id: int, *, before: int | None = None, limit: int = 50) -> list[Message]:
    """Return what a user was told, the newest first; `before` is the id that the page before ended with."""
    return await tx.rows(
        Message,
        "SELECT id, text, at, read_at FROM message WHERE account_id = $1 AND ($2::bigint IS NULL OR id < $2)"
        " ORDER BY id DESC LIMIT $3",
        account_id, before, max(1, min(limit, PAGE_MAX)),
    )  # fmt: skip


async def read_up_to(tx: Tx, account_id: int, message_id: int | None, now: datetime) -> int:
    """Let a user have read his messages up to one, or all; return how many were new to him."""
    return await tx.execute(
        "UPDATE message SET read_at = $3 WHERE account_id = $1 AND read_at IS NULL AND ($2::bigint IS NULL OR id <= $2)",
        account_id, message_id, now,
    )  # fmt: skip
