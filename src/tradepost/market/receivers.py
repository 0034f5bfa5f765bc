"""Receivers: where accounts want to be told, of what, and the secrets that their notices are signed with."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Literal

from tradepost import dial, log
from tradepost.app import App
from tradepost.config import Settings
from tradepost.db import Reader, Record, Tx
from tradepost.market import idempotency
from tradepost.market.idempotency import Claim
from tradepost.market.seals import Place, SealBroken, Seals, seals
from tradepost.rules import notice
from tradepost.rules.callback_address import AddressRefused
from tradepost.rules.refusals import Malformed, NotFound

Kind = Literal["webhook", "ipn"]

ROTATION_HOURS = 24  # for which the secret that was replaced signs as well
NO_RECEIVER = "No webhook is set; PUT one first."
NO_CALLBACK = "No callback URL is set; set one first."

logger = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Receiver:
    """Where an account wants to be told: what may be shown of a row of the table `receiver`."""

    account_id: int
    kind: Kind
    url: str
    types: tuple[str, ...]
    old_secret_until: datetime | None
    set_at: datetime
    silent_at: datetime | None


@dataclass(frozen=True, slots=True)
class Put:
    """What came of setting a receiver: the secret is there when it is new, this once."""

    receiver: Receiver
    secret: str | None


_COLUMNS = ", ".join(column.name for column in fields(Receiver))


async def read(tx: Reader, account_id: int, kind: Kind = "webhook") -> Receiver | None:
    """Return an account's receiver, or None."""
    return await tx.row(
        Receiver, f"SELECT {_COLUMNS} FROM receiver WHERE account_id = $1 AND kind = $2", account_id, kind
    )


async def put(
    app: App,
    account_id: int,
    url: str,
    types: Sequence[str],
    *,
    rotate: bool = False,
    claim: Claim[Put] | None = None,
) -> Put:
    """Set an account's webhook; its secret is made with it, and anew where it is to be rotated.

    What waits for an earlier address is sent to the new one. Raises Malformed for an address that is not called.
    """
    url = checked(app.settings, url)
    kind: Kind = "webhook"
    ours, secret, real_now = seals(app.settings), secrets.token_bytes(notice.SECRET_BYTES), app.real_now()
    sealed = ours.seal(place(account_id, kind, "secret"), secret)
    async with app.db.transaction() as tx:
        await idempotency.take(tx, claim)
        # In one statement: between two of them another call of the account may remove it.
        is_new: bool = await tx.value(
            "INSERT INTO receiver AS r (account_id, kind, url, types, secret, set_at) VALUES ($1, $2, $3, $4, $5, $6)"
            " ON CONFLICT (account_id, kind) DO UPDATE SET url = excluded.url, types = excluded.types,"
            " set_at = excluded.set_at, silent_at = CASE WHEN r.url = excluded.url THEN r.silent_at END"
            " RETURNING r.secret = $5",
            account_id, kind, url, list(types), sealed, app.now(),
        )  # fmt: skip
        if rotate and not is_new:
            await _rotate(tx, ours, account_id, kind, sealed, real_now)
        receiver = await read(tx, account_id, kind)
        if receiver is None:
            raise RuntimeError("a receiver that was written is not there")
        done = Put(receiver, notice.write_secret(secret) if is_new or rotate else None)
        await idempotency.keep(tx, claim, done, real_now)
    return done


def checked(settings: Settings, url: str, field: str = "url") -> str:
    """The address as it is kept; raises Malformed for one that is not called."""
    try:
        return dial.check(url, dial.policy_of(settings))
    except AddressRefused as refused:
        raise Malformed(field, str(refused)) from None


async def make(
    tx: Tx, settings: Settings, account_id: int, kind: Kind, url: str, types: Sequence[str], now: datetime
) -> str:
    """Make a receiver where there is none of its kind yet; return its secret, this once."""
    secret = secrets.token_bytes(notice.SECRET_BYTES)
    sealed = seals(settings).seal(place(account_id, kind, "secret"), secret)
    await tx.execute(
        "INSERT INTO receiver (account_id, kind, url, types, secret, set_at) VALUES ($1, $2, $3, $4, $5, $6)",
        account_id, kind, url, list(types), sealed, now,
    )  # fmt: skip
    return notice.write_secret(secret)


async def rotate(app: App, account_id: int, kind: Kind) -> str:
    """Let a new secret take the place of a receiver's, which signs as well for a while; return it, this once."""
    ours, secret = seals(app.settings), secrets.token_bytes(notice.SECRET_BYTES)
    sealed = ours.seal(place(account_id, kind, "secret"), secret)
    async with app.db.transaction() as tx:
        if await read(tx, account_id, kind) is None:
            raise NotFound(NO_CALLBACK if kind == "ipn" else NO_RECEIVER)
        await _rotate(tx, ours, account_id, kind, sealed, app.real_now())
    return notice.write_secret(secret)


async def _rotate(
    tx: Tx, ours: Seals, account_id: int, kind: Kind, sealed: bytes, real_now: datetime
) -> None:
    """Let a new secret take the place of the old one, which signs as well for a while."""
    current = await tx.value(
        "SELECT secret FROM receiver WHERE account_id = $1 AND kind = $2 FOR NO KEY UPDATE", account_id, kind
    )
    try:
        opened = ours.open(place(account_id, kind, "secret"), current)
    except SealBroken as broken:  # a new secret is the way out of that, too
        logger.error("seal_broken", reason=str(broken))
        old = None
    else:
        old = ours.seal(place(account_id, kind, "old_secret"), opened)
    await tx.execute(
        "UPDATE receiver SET secret = $3, old_secret = $4, old_secret_until = $5 WHERE account_id = $1 AND kind = $2",
        account_id, kind, sealed, old, None if old is None else real_now + timedelta(hours=ROTATION_HOURS),
    )  # fmt: skip


async def remove(app: App, account_id: int, claim: Claim[int] | None = None) -> int:
    """Remove an account's webhook and set aside what waits for it; return how many notices that were."""
    kind: Kind = "webhook"
    async with app.db.transaction() as tx:
        await idempotency.take(tx, claim)
        if not await tx.execute("DELETE FROM receiver WHERE account_id = $1 AND kind = $2", account_id, kind):
            raise NotFound(NO_RECEIVER)
        aside = await tx.execute(
            "UPDATE notice SET state = 'set_aside', due_at = NULL, in_hand_until = NULL, ended_at = $3"
            # In the order of their ids, as they are settled.
            " WHERE id = ANY (ARRAY(SELECT id FROM notice WHERE account_id = $1 AND kind = $2 AND state = 'waiting'"
            " ORDER BY id FOR NO KEY UPDATE))",
            account_id, kind, app.now(),
        )  # fmt: skip
        await idempotency.keep(tx, claim, aside, app.real_now())
    return aside


def place(account_id: int, kind: str, column: str) -> Place:
    """Where a receiver's secret lies."""
    return Place("receiver", (account_id, kind), column)


def signing_secrets(ours: Seals, row: Record, real_now: datetime) -> list[bytes]:
    """The secrets that a receiver's notices are signed with now, the newest first; raises SealBroken."""
    account_id, kind = row["account_id"], row["kind"]
    found = [ours.open(place(account_id, kind, "secret"), row["secret"])]
    if row["old_secret"] is not None and row["old_secret_until"] > real_now:
        found.append(ours.open(place(account_id, kind, "old_secret"), row["old_secret"]))
    return found
