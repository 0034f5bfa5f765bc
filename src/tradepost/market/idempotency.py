"""Idempotency: an Idempotency-Key stands for what was done under it, and its first answer is the answer ever after.

The row is written in the transaction that does what was asked, so no crash leaves a deed without its key or a key
without its deed; a refusal rolls both back and leaves the key free (rules.md 14). Buys keep their keys in `trade`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from tradepost.app import App
from tradepost.db import Reader, Tx
from tradepost.rules.refusals import KeyUsed

KEYS_FORGOTTEN_MAX = 5_000  # in one turn

R = TypeVar("R")


class Replay(Exception):
    """The request was answered before; nothing is done, and the same answer goes back."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__("this request was answered before")
        self.status = status
        self.body = body


@dataclass(frozen=True, slots=True)
class Claim(Generic[R]):
    """A request's key, what it stands for, and how its result is answered: the status and the body.

    The body is kept as it is, so what may be shown only once has no place in it.
    """

    account_id: int
    key: str
    digest: bytes
    answer: Callable[[R], tuple[int, bytes]]


async def look(tx: Reader, claim: Claim[Any] | None) -> None:
    """Raise Replay where the request was answered before, KeyUsed where its key stands for another one.

    Asked before anything else, so that a repeated request hears its answer however much has changed since.
    """
    if claim is None:
        return
    found = await tx.fetch(
        "SELECT digest, status, body FROM request_key WHERE account_id = $1 AND key = $2",
        claim.account_id,
        claim.key,
    )
    if found and found[0]["digest"] == claim.digest:
        raise Replay(found[0]["status"], found[0]["body"])
    if found or await bought_before(tx, claim.account_id, claim.key):
        raise KeyUsed


async def take(tx: Tx, claim: Claim[Any] | None) -> None:
    """Have the key alone until the transaction ends, and look: of requests sent at once, one finds it free.

    The first thing in its transaction: who waits here has locked nothing that another may wait for.
    """
    if claim is not None:
        await tx.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"key {claim.account_id} {claim.key}"
        )
        await look(tx, claim)


async def keep(tx: Tx, claim: Claim[R] | None, result: R, real_now: datetime) -> None:
    """Keep the answer to what was done in this transaction; the key stands for it from now on."""
    if claim is None:
        return
    status, body = claim.answer(result)
    await tx.execute(
        "INSERT INTO request_key (account_id, key, digest, status, body, at) VALUES ($1, $2, $3, $4, $5, $6)",
        claim.account_id, claim.key, claim.digest, status, body, real_now,
    )  # fmt: skip


async def kept(tx: Reader, account_id: int, key: str) -> bytes | None:
    """Return what was answered under a key, or None where nothing was done under it."""
    body: bytes | None = await tx.value(
        "SELECT body FROM request_key WHERE account_id = $1 AND key = $2", account_id, key
    )
    return body


async def bought_before(tx: Reader, account_id: int, key: str) -> bool:
    """Whether an account has bought under a key already; raises KeyUsed where it did something else under it."""
    (found,) = await tx.fetch(
        "SELECT EXISTS (SELECT FROM request_key WHERE account_id = $1 AND key = $2) AS is_other,"
        " EXISTS (SELECT FROM trade WHERE buyer_id = $1 AND idempotency_key = $2) AS is_bought",
        account_id,
        key,
    )
    if found["is_other"]:
        raise KeyUsed
    return bool(found["is_bought"])


async def forget_keys(app: App) -> int:
    """Remove keys that are older than they are promised to be kept; return how many there were."""
    return await app.db.execute(
        "DELETE FROM request_key WHERE (account_id, key) IN"
        " (SELECT account_id, key FROM request_key WHERE at < $1 ORDER BY at LIMIT $2)",
        app.real_now() - timedelta(days=app.settings.idempotency_days),
        KEYS_FORGOTTEN_MAX,
    )
