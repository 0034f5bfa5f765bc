"""Merchants: tokens, by which an account calls the APIs, and grants, by which it acts for others' items."""

import hashlib
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Literal

from tradepost.app import App
from tradepost.db import Reader, Tx
from tradepost.market import endings, users
from tradepost.market.recent import Recent
from tradepost.market.users import Account
from tradepost.rules.refusals import Conflicting, Forbidden, Malformed, Unauthenticated

TOKEN_BYTES = 32  # 256 bits, so that no guess is worth a request
PREFIX_CHARS = 13  # "live_" and eight more: enough to tell tokens apart, far too little to use one
SCOPES = ("read", "sell", "buy")
LABEL_CHARS_MAX = 100
CALLER_SECONDS = 0.5  # how long a token may be believed after it was looked up
CALLERS_MAX = 10_000
FLOOR_BPS_MAX = 300_000  # thirty Steam prices: nothing may be listed for more

GivenBy = Literal["pairing", "page", "payment", "operator"]

_TOKEN = re.compile(r"(?:test|live)_[A-Za-z0-9_-]{43}", re.ASCII)


# Tokens -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls an API, and what his token lets him do."""

    token_id: int
    account_id: int
    steamid: str
    scopes: frozenset[str]


_callers: Recent[bytes, Caller] = Recent(CALLER_SECONDS, CALLERS_MAX)


async def caller(app: App, token: str) -> Caller:
    """Return who a token stands for; raises Unauthenticated for a malformed, unknown or revoked one.

    It is looked up by its hash, so no comparison's time depends on how much of a guess was right.
    """
    if not _TOKEN.fullmatch(token):
        raise Unauthenticated
    hash_ = _hash(token)
    return await _callers.get(app, hash_, lambda: _look_up(app, hash_))


async def _look_up(app: App, hash_: bytes) -> Caller:
    found = await app.db.fetch(
        "SELECT t.id, t.account_id, a.steamid, t.scopes FROM api_token t JOIN account a ON a.id = t.account_id"
        " WHERE t.hash = $1 AND t.revoked_at IS NULL",
        hash_,
    )
    if not found:
        raise Unauthenticated
    return Caller(found[0]["id"], found[0]["account_id"], found[0]["steamid"], frozenset(found[0]["scopes"]))


async def make_token(
    tx: Tx, account_id: int, now: datetime, *, test: bool, scopes: Iterable[str] = SCOPES, label: str = ""
) -> str:
    """Make an API token and return it, the only time that it can be seen: its hash alone is kept."""
    wanted = set(scopes)
    if not wanted or not wanted <= set(SCOPES):
        raise Malformed("scopes", f"must be one or more of {', '.join(SCOPES)}")
    if len(label) > LABEL_CHARS_MAX or not label.isprintable():
        raise Malformed("label", f"must be at most {LABEL_CHARS_MAX} printable characters")
    token = ("test_" if test else "live_") + secrets.token_urlsafe(TOKEN_BYTES)
    await tx.execute(
        "INSERT INTO api_token (account_id, hash, prefix, scopes, label, created_at)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        account_id, _hash(token), token[:PREFIX_CHARS], sorted(wanted), label, now,
    )  # fmt: skip
    return token


async def revoke_token(tx: Tx, token_or_prefix: str, now: datetime) -> int:
    """Revoke a token, named whole or by its prefix; return how many that were. It holds within a second."""
    if not token_or_prefix.isascii() or not token_or_prefix.isprintable():
        return 0
    return await tx.execute(
        "UPDATE api_token SET revoked_at = $3 WHERE (hash = $1 OR prefix = $2) AND revoked_at IS NULL",
        _hash(token_or_prefix), token_or_prefix, now,
    )  # fmt: skip


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("ascii")).digest()


# Grants (rules.md 1) ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Grant:
    """A user's word that a merchant may act for his items: the row of the table `seller_grant`."""

    merchant_id: int
    seller_id: int
    floor_bps: int
    given_by: GivenBy
    given_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Seller:
    """Whose items a caller may act for, and the least share of the Steam price that their owner asks."""

    account: Account
    floor_bps: int


_GRANT = ", ".join(field.name for field in fields(Grant))
# A grant that a payment gave covers the items of that payment, which are listed by a way of their own.
_STANDS = (
    "SELECT floor_bps FROM seller_grant WHERE merchant_id = $1 AND seller_id = $2 AND revoked_at IS NULL"
    " AND given_by <> 'payment'"
)
_STANDS_AND_STAYS = _STANDS + " FOR SHARE"


async def grant(
    tx: Tx, merchant_id: int, seller_id: int, given_by: GivenBy, now: datetime, *, floor_bps: int = 0
) -> None:
    """Let a merchant act for a user's items, until the user takes it back; given again, it has the new floor.

    A payment grants the items of that payment alone, so it never replaces a grant that stands for all items.
    """
    if merchant_id == seller_id:
        raise Conflicting("Nobody needs a grant for his own items.")
    if not 0 <= floor_bps <= FLOOR_BPS_MAX:
        raise Malformed("floor_bps", f"must be a whole number from 0 to {FLOOR_BPS_MAX}")
    await tx.execute(
        "INSERT INTO seller_grant AS g (merchant_id, seller_id, floor_bps, given_by, given_at)"
        " VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT (merchant_id, seller_id) DO UPDATE SET floor_bps = excluded.floor_bps,"
        " given_by = excluded.given_by, given_at = excluded.given_at, revoked_at = NULL"
        " WHERE g.revoked_at IS NOT NULL OR g.given_by = 'payment' OR excluded.given_by <> 'payment'",
        merchant_id, seller_id, floor_bps, given_by, now,
    )  # fmt: skip


async def revoke_grant(tx: Tx, merchant_id: int, seller_id: int, now: datetime) -> list[int]:
    """Take a grant back; return the offers that end with it, as nobody has the owner's word for them."""
    revoked = await tx.execute(
        "UPDATE seller_grant SET revoked_at = $3 WHERE merchant_id = $1 AND seller_id = $2 AND revoked_at IS NULL",
        merchant_id,
        seller_id,
        now,
    )
    if not revoked:
        return []
    # The grant's row is locked: an offer being made under it is committed by now, or will be refused.
    return await endings.end_all_of_grant(tx, merchant_id, seller_id)


async def grants_of_seller(tx: Reader, seller_id: int) -> list[Grant]:
    """Return the grants of a user that stand, the oldest first."""
    return await tx.rows(
        Grant,
        f"SELECT {_GRANT} FROM seller_grant WHERE seller_id = $1 AND revoked_at IS NULL"
        " ORDER BY given_at, merchant_id",
        seller_id,
    )


async def seller_for(tx: Reader, caller_account_id: int, steamid: str, *, hold: bool = False) -> Seller:
    """Return the user for whose items a caller may act; everybody may for his own.

    Raises Forbidden where no grant stands, and likewise for a steamid nobody knows: who asks learns nothing of
    strangers. With `hold` nobody can take the grant back before this transaction has ended.
    """
    account = await users.by_steamid(tx, steamid)
    if account is not None and account.id == caller_account_id:
        return Seller(account, 0)
    # Asked for a steamid that nobody knows, too: the time that the answer takes tells nothing either.
    sql = _STANDS_AND_STAYS if hold else _STANDS
    floor_bps = await tx.value(sql, caller_account_id, account.id if account else 0)
    if account is None or floor_bps is None:
        raise Forbidden("This user has not let you act for his items, or nobody knows this steamid.")
    return Seller(account, floor_bps)
