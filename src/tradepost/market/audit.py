"""The audit: each look of an admin at another's data and each of his acts, written once and never changed.

A deed is a word or two: `look /user/infos`, `ban added`. What was done stands in `detail`, in words and numbers that
need no person's data beside the subject's id; why, in `reason`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from tradepost import log
from tradepost.db import Reader, Tx

REASON_CHARS_MAX = 500
PAGE_MAX = 500


@dataclass(frozen=True, slots=True)
class Note:
    """A line of the audit, with the steamids of who did it and to whom."""

    id: int
    at: datetime
    actor: str | None  # None: the command line
    subject: str | None
    deed: str
    detail: dict[str, Any]
    reason: str
    request_id: str


async def note(
    tx: Tx,
    *,
    actor_id: int | None,
    subject_id: int | None,
    deed: str,
    detail: Mapping[str, Any] | None = None,
    reason: str = "",
    now: datetime,
) -> None:
    """Write down, in the transaction that does it, what somebody did; `now` is real time."""
    await tx.execute(
        "INSERT INTO audit (at, actor_id, subject_id, deed, detail, reason, request_id) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        now, actor_id, subject_id, deed, _plain(detail or {}), reason[:REASON_CHARS_MAX], log.request_id.get(),
    )  # fmt: skip


def _plain(detail: Mapping[str, Any]) -> dict[str, Any]:
    """What was done, in what JSON has: parameters of the dialects are texts and numbers of kinds of their own."""
    plain: dict[str, Any] = msgspec.to_builtins(
        dict(detail), enc_hook=lambda value: int(value) if isinstance(value, int) else str(value)
    )
    return plain


async def page(
    tx: Reader,
    *,
    before: int | None = None,
    limit: int = 100,
    actor_id: int | None = None,
    subject_id: int | None = None,
    deed: str | None = None,
) -> list[Note]:
    """Return lines of the audit, the newest first; `before` is the id that the page before ended with."""
    return await tx.rows(
        Note,
        "SELECT n.id, n.at, a.steamid AS actor, s.steamid AS subject, n.deed, n.detail, n.reason, n.request_id"
        " FROM audit n LEFT JOIN account a ON a.id = n.actor_id LEFT JOIN account s ON s.id = n.subject_id"
        " WHERE ($1::bigint IS NULL OR n.id < $1) AND ($2::bigint IS NULL OR n.actor_id = $2)"
        " AND ($3::bigint IS NULL OR n.subject_id = $3) AND ($4::text IS NULL OR n.deed = $4)"
        " ORDER BY n.id DESC LIMIT $5",
        before, actor_id, subject_id, deed, max(1, min(limit, PAGE_MAX)),
    )  # fmt: skip
