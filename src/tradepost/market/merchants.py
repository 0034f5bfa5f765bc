"""Merchants: grants, by which an account acts for others' items; the tokens by which it calls are in `tokens`."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Literal

from tradepost.db import Reader, Tx
from tradepost.market import endings, users
from tradepost.market.tokens import PREFIX_CHARS, SCOPES, Caller, caller, make_token, revoke_token
from tradepost.market.users import Account
from tradepost.rules.refusals import Conflicting, Forbidden, Malformed

__all__ = [
    "PREFIX_CHARS",
    "SCOPES",
    "Caller",
    "GivenBy",
    "Grant",
    "GrantShown",
    "Seller",
    "caller",
    "change_floor",
    "grant",
    "grants_of_seller",
    "is_merchant",
    "make_token",
    "revoke_grant",
    "revoke_token",
    "seller_for",
    "shown_to_seller",
]

FLOOR_BPS_MAX = 300_000  # thirty Steam prices: nothing may be listed for more

GivenBy = Literal["pairing", "page", "payment", "operator"]

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


@dataclass(frozen=True, slots=True)
class GrantShown:
    """A grant that stands, as the user who gave it is shown it."""

    merchant_id: int
    steamid: str
    name: str
    floor_bps: int
    given_by: GivenBy
    given_at: datetime
    on_sale: int  # offers of his items that this merchant has on sale


async def shown_to_seller(tx: Reader, seller_id: int) -> list[GrantShown]:
    """Return the grants of a user that stand with what hangs on each, the newest first."""
    return await tx.rows(
        GrantShown,
        "SELECT g.merchant_id, m.steamid, m.name, g.floor_bps, g.given_by, g.given_at,"
        " (SELECT count(*) FROM offer o WHERE o.account_id = g.merchant_id AND o.seller_id = g.seller_id"
        " AND o.state = 'on_sale') AS on_sale FROM seller_grant g JOIN account m ON m.id = g.merchant_id"
        " WHERE g.seller_id = $1 AND g.revoked_at IS NULL ORDER BY g.given_at DESC, g.merchant_id LIMIT 1000",
        seller_id,
    )


async def change_floor(tx: Tx, merchant_id: int, seller_id: int, floor_bps: int) -> bool:
    """Change the least share of the Steam price that a user asks of a merchant; it holds for prices set from now on."""
    if not 0 <= floor_bps <= FLOOR_BPS_MAX:
        raise Malformed("floor", f"must be from 0 to {FLOOR_BPS_MAX // 100} percent")
    return bool(
        await tx.execute(
            "UPDATE seller_grant SET floor_bps = $3 WHERE merchant_id = $1 AND seller_id = $2 AND revoked_at IS NULL"
            " AND given_by <> 'payment'",
            merchant_id, seller_id, floor_bps,
        )
    )  # fmt: skip


async def is_merchant(tx: Reader, account_id: int) -> bool:
    """Whether an account has a gateway or an API token, so that a user's word to it can be of use."""
    return bool(
        await tx.value(
            "SELECT EXISTS (SELECT FROM gateway WHERE account_id = $1)"
            " OR EXISTS (SELECT FROM api_token WHERE account_id = $1 AND revoked_at IS NULL)",
            account_id,
        )
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
