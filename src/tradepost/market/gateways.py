"""Gateways: what makes an account a merchant that accepts skins: its hashes, its callback, and when it is told.

Its two secrets lie sealed and are shown once. While one is changed both sign for a day; a notice has but one hash, and
that is made with the old secret until the site is seen to use the new one: so nothing fails between the moment in which
a secret is made and the one in which it is deployed.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from tradepost.app import App
from tradepost.config import Settings
from tradepost.db import Reader, Record, Tx
from tradepost.market import advances, freezing, ledger, receivers
from tradepost.market.ledger import Posting
from tradepost.market.seals import Place, SealBroken, Seals, seals
from tradepost.rules import notice, payment
from tradepost.rules.refusals import Conflicting, Malformed, NotFound, TooLittleMoney

IpnOn = Literal["settled", "accepted"]
Which = Literal["secret", "signature_v2", "notices"]
NO_GATEWAY = "This account does not accept skins yet: open a gateway for it first."
ROTATION = timedelta(hours=receivers.ROTATION_HOURS)
_TOO_LITTLE: dict[int, str] = {
    1: "The balance is less than that: only what was earned can be locked.",
    -1: "The reserve is less than that.",
}
_COLUMN: dict[Which, str] = {"secret": "secret", "signature_v2": "secret_v2"}


@dataclass(frozen=True, slots=True)
class Gateway:
    """What may be shown of a merchant's gateway, his callback with it."""

    account_id: int
    public_hash: str
    requires_v2: bool
    ipn_on: IpnOn
    old_secret_until: datetime | None
    secret_used_at: datetime | None
    old_secret_v2_until: datetime | None
    made_at: datetime
    callback_url: str | None
    old_notice_secret_until: datetime | None
    silent_at: datetime | None  # its last notice got no answer at all


@dataclass(frozen=True, slots=True)
class Opened:
    """A new gateway and its secrets, this once."""

    gateway: Gateway
    secret: str = field(repr=False)
    secret_v2: str = field(repr=False)
    notice_secret: str = field(repr=False)


_SELECT = (
    "SELECT g.account_id, g.public_hash, g.requires_v2, g.ipn_on, g.old_secret_until, g.secret_used_at,"
    " g.old_secret_v2_until, g.made_at, r.url AS callback_url, r.old_secret_until AS old_notice_secret_until, r.silent_at"
    " FROM gateway g LEFT JOIN receiver r ON r.account_id = g.account_id AND r.kind = 'ipn'"
)


async def read(tx: Reader, account_id: int) -> Gateway | None:
    """Return an account's gateway, or None for an account that does not accept skins."""
    return await tx.row(Gateway, f"{_SELECT} WHERE g.account_id = $1", account_id)


async def open_gateway(app: App, account_id: int, callback_url: str) -> Opened:
    """Make an account one that accepts skins; raises Conflicting where it does, Malformed for a callback not called."""
    url = _checked(app.settings, callback_url)
    ours, now = seals(app.settings), app.now()
    secret, secret_v2 = _new_secret(), _new_secret()
    async with app.db.transaction() as tx:
        made = await tx.execute(
            "INSERT INTO gateway (account_id, public_hash, secret, secret_v2, secret_used_at, made_at)"
            " VALUES ($1, $2, $3, $4, $5, $5) ON CONFLICT (account_id) DO NOTHING",
            account_id,
            secrets.token_hex(payment.TOKEN_CHARS // 2),
            ours.seal(place(account_id, "secret"), secret.encode()),
            ours.seal(place(account_id, "secret_v2"), secret_v2.encode()),
            now,
        )
        if not made:
            raise Conflicting(
                "This account accepts skins already; its secrets can be changed, one at a time."
            )
        notice_secret = await receivers.make(tx, app.settings, account_id, "ipn", url, (notice.PAYMENT,), now)
        gateway = await _known(tx, account_id)
    return Opened(gateway, secret, secret_v2, notice_secret)


def _checked(settings: Settings, callback_url: str) -> str:
    """The callback URL as it is kept; raises Malformed for one that is not called, or that a notice cannot be put behind."""
    url = receivers.checked(settings, callback_url, "callback_url")
    if name := payment.doubled_name(url):
        raise Malformed(
            "callback_url",
            f"must not have a parameter {name} of its own: each notice has one, and your program might read the one for the other",
        )
    return url


async def change(
    app: App,
    account_id: int,
    *,
    callback_url: str | None = None,
    ipn_on: IpnOn | None = None,
    requires_v2: bool | None = None,
) -> Gateway:
    """Change what is given of a gateway; what waits for an earlier callback goes to the new one."""
    url = None if callback_url is None else _checked(app.settings, callback_url)
    if ipn_on not in (None, "settled", "accepted"):
        raise Malformed("ipn_on", "must be one of settled, accepted")
    async with app.db.transaction() as tx:
        await tx.execute(
            "UPDATE gateway SET ipn_on = coalesce($2, ipn_on), requires_v2 = coalesce($3, requires_v2)"
            " WHERE account_id = $1",
            account_id, ipn_on, requires_v2,
        )  # fmt: skip
        gateway = await _known(tx, account_id)
        if url is not None:
            there = await tx.execute(
                "UPDATE receiver SET url = $2, set_at = $3, silent_at = CASE WHEN url = $2 THEN silent_at END"
                " WHERE account_id = $1 AND kind = 'ipn'",
                account_id, url, app.now(),
            )  # fmt: skip
            if not there:  # it was gone: its new secret is shown when it is rotated
                await receivers.make(tx, app.settings, account_id, "ipn", url, (notice.PAYMENT,), app.now())
            gateway = await _known(tx, account_id)
    return gateway


async def rotate(app: App, account_id: int, which: Which) -> str:
    """Let a new secret take the place of one, which holds as well for a day; return the new one, this once."""
    if which == "notices":
        await _known(app.db, account_id)
        return await receivers.rotate(app, account_id, "ipn")
    column, ours, fresh = _COLUMN[which], seals(app.settings), _new_secret()
    real_now = app.real_now()
    async with app.db.transaction() as tx:
        found = await tx.fetch(
            f"SELECT {SECRETS} FROM gateway WHERE account_id = $1 FOR NO KEY UPDATE", account_id
        )
        if not found:
            raise NotFound(NO_GATEWAY)
        row, never_used = found[0], which == "secret" and found[0]["secret_used_at"] is None
        old = _resealed(ours, account_id, column, row[column])
        if never_used and row["old_secret"] is not None and row["old_secret_until"] > real_now:
            old = row["old_secret"]  # the site still has that one: what is replaced was never deployed
        await tx.execute(
            f"UPDATE gateway SET {column} = $2, old_{column} = $3, old_{column}_until = $4,"
            " secret_used_at = CASE WHEN $5 THEN NULL ELSE secret_used_at END WHERE account_id = $1",
            account_id,
            ours.seal(place(account_id, column), fresh.encode()),
            old,
            None if old is None else real_now + ROTATION,
            which == "secret" and old is not None,
        )
    return fresh


def _resealed(ours: Seals, account_id: int, column: str, current: bytes) -> bytes | None:
    """A secret as it is kept where the old ones are; one that does not open is lost, and a new one is the way out."""
    try:
        opened = ours.open(place(account_id, column), current)
    except SealBroken:
        return None
    return ours.seal(place(account_id, f"old_{column}"), opened)


# The reserve that `ipn_on=accepted` needs ---------------------------------------------------------------------


async def fund_reserve(app: App, account_id: int, cents: int, key: str) -> bool:
    """Lock earned money against reversals, once for its key; raises TooLittleMoney. True if it was moved now."""
    return await _move(app, account_id, cents, key, 1)


async def release_reserve(app: App, account_id: int, cents: int, key: str) -> bool:
    """Make locked money spendable again, but for what outstanding advances need. True if it was moved now."""
    return await _move(app, account_id, cents, key, -1)


async def _move(app: App, account_id: int, cents: int, key: str, sign: Literal[1, -1]) -> bool:
    if cents <= 0:
        raise Malformed("amount", "must be at least 0.01")
    async with app.db.transaction() as tx:
        await _known(tx, account_id)
        purse = (await ledger.lock_wallets(tx, [account_id]))[account_id]
        await freezing.refuse_if_frozen(tx, account_id)
        name = f"reserve:{account_id}:{key}"
        done = await tx.value("SELECT count(*) > 0 FROM transfer WHERE key = $1", name)
        left = purse.reserve_cents + sign * cents
        if not done and (left < 0 or purse.balance_cents - sign * cents < 0):
            raise TooLittleMoney(_TOO_LITTLE[sign])
        if sign < 0 and not done and left < await advances.outstanding_cents(tx, account_id):
            raise Conflicting(
                "So much of the reserve is needed: skins that were credited early may still be reversed."
            )
        legs = (
            Posting(account_id, "balance", -sign * cents),
            Posting(account_id, "reserve", sign * cents),
        )
        return await ledger.post(tx, name, "reserve", legs, app.now())


# Secrets in use ----------------------------------------------------------------------------------------------


def place(account_id: int, column: str) -> Place:
    """Where a gateway's secret lies."""
    return Place("gateway", (account_id,), column)


@dataclass(frozen=True, slots=True)
class Keys:
    """A gateway as links are checked with it: the secrets that are good now, the newest first."""

    account_id: int
    requires_v2: bool
    secret_used_at: datetime | None
    secrets: Sequence[str] = field(repr=False)
    secrets_v2: Sequence[str] = field(repr=False)


SECRETS = (
    "account_id, requires_v2, secret_used_at, secret, old_secret, old_secret_until,"
    " secret_v2, old_secret_v2, old_secret_v2_until"
)


async def keys_of(tx: Reader, settings: Settings, public_hash: str, real_now: datetime) -> Keys | None:
    """Return what links to a public hash are checked with; raises SealBroken where our keys do not open it."""
    found = await tx.fetch(f"SELECT {SECRETS} FROM gateway WHERE public_hash = $1", public_hash)
    if not found:
        return None
    row, ours = found[0], seals(settings)
    return Keys(
        row["account_id"],
        row["requires_v2"],
        row["secret_used_at"],
        _good(ours, row, "secret", real_now),
        _good(ours, row, "secret_v2", real_now),
    )


def _good(ours: Seals, row: Record, column: str, real_now: datetime) -> list[str]:
    found = [ours.open(place(row["account_id"], column), row[column]).decode()]
    if row[f"old_{column}"] is not None and row[f"old_{column}_until"] > real_now:
        found.append(ours.open(place(row["account_id"], f"old_{column}"), row[f"old_{column}"]).decode())
    return found


async def note_used(tx: Tx, account_id: int, now: datetime) -> None:
    """Note that the site signs with the newest secret: from now on notices are hashed with it."""
    await tx.execute(
        "UPDATE gateway SET secret_used_at = $2 WHERE account_id = $1 AND secret_used_at IS NULL",
        account_id,
        now,
    )


def hashing_secret(settings: Settings, row: Record, real_now: datetime) -> str:
    """Return the secret that a notice's hash is made with now, of a row with the columns SECRETS; raises SealBroken."""
    good = _good(seals(settings), row, "secret", real_now)
    return good[-1] if row["secret_used_at"] is None else good[0]


def _new_secret() -> str:
    return secrets.token_hex(payment.SECRET_CHARS // 2)


async def _known(tx: Reader, account_id: int) -> Gateway:
    found = await read(tx, account_id)
    if found is None:
        raise NotFound(NO_GATEWAY)
    return found
