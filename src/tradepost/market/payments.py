"""Payments: an order of a merchant's site that a user pays with his skins, from the link to the last notice.

A link is signed by the site, and asked for once: the same order with the same parameters is the same payment, with
others it is refused; so is an order whose signed text is another order's, split elsewhere (`rules/payment.py`).
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from tradepost import log
from tradepost.app import App
from tradepost.db import Reader
from tradepost.market import freezing, gateways, users
from tradepost.market.gateways import Keys
from tradepost.market.seals import SealBroken
from tradepost.rules import payment
from tradepost.rules.refusals import Conflicting, Malformed, NotFound, SwitchedOff

NO_MERCHANT = "There is no merchant with this public hash."
QUIETED_MAX = 500  # payments looked at in one turn of a chore

logger = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a site asks a link for: each text exactly as it was sent."""

    order_id: str
    account: str
    steamid: str
    currency: str
    amount: str  # "" where none was sent
    trade_token: str | None
    signature: str
    signature_v2: str | None


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment: the row of the table `payment`, without what only tells repeats apart."""

    id: int
    account_id: int
    payer_id: int
    token: str
    transaction_id: str
    order_id: str
    account: str
    currency: str
    amount: str
    trade_token: str | None
    state: str
    quiet_from: datetime | None
    created_at: datetime
    closed_at: datetime | None


COLUMNS = ", ".join(f"p.{column.name}" for column in fields(Payment))


# Links -------------------------------------------------------------------------------------------------------


async def make(
    app: App,
    public_hash: str,
    asked: Asked,
    parameters: dict[str, str],
    digest: bytes,
    admit: Callable[[int], None] = lambda _: None,
) -> Payment:
    """Return the payment of an order, made now or before; `parameters` are all that were sent, for `signature_v2`.

    `admit` is told whose link it is as soon as his signature is found good, and may refuse it before anything is written.
    Raises NotFound for a public hash that is nobody's, Conflicting for a signature that does not fit, for an order that
    was asked for with other parameters, and for one whose signed text is another order's.
    """
    try:
        keys = await gateways.keys_of(app.db, app.settings, public_hash, app.real_now())
    except SealBroken as broken:
        logger.error("seal_broken", reason=str(broken))
        raise SwitchedOff(
            "The market cannot check signatures at the moment; its operator has to see to it."
        ) from None
    if keys is None:
        raise NotFound(NO_MERCHANT)
    signed = payment.signed_text(asked.order_id, asked.amount, asked.currency)
    used_newest = _check_signatures(keys, asked, signed, parameters)
    admit(keys.account_id)
    await freezing.refuse_if_frozen(app.db, keys.account_id)  # told to who has its secret alone
    now = app.now()
    async with app.db.transaction() as tx:
        if used_newest and keys.secret_used_at is None:
            await gateways.note_used(tx, keys.account_id, now)
        payer = await users.know(tx, asked.steamid, "payment", now)
        made = await tx.row(
            Payment,
            "INSERT INTO payment AS p (account_id, payer_id, token, order_id, account, currency, amount, trade_token,"
            " signed, digest, quiet_from, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)"
            f" ON CONFLICT DO NOTHING RETURNING {COLUMNS}",
            keys.account_id, payer.id, secrets.token_hex(payment.TOKEN_CHARS // 2), asked.order_id, asked.account,
            asked.currency, asked.amount, asked.trade_token, signed, digest, now,
        )  # fmt: skip
        if made is not None:
            return made
        found = await tx.fetch(
            f"SELECT {COLUMNS}, p.digest FROM payment p WHERE p.account_id = $1 AND p.order_id = $2",
            keys.account_id, asked.order_id,
        )  # fmt: skip
    if not found:
        raise Conflicting(
            "Another order of yours has the same order_id, amount and currency when they are run together, so one signature"
            " would fit both: give your orders ids of one length."
        )
    if found[0]["digest"] != digest:
        raise Conflicting("There is a link for this order_id already, asked for with other parameters.")
    return Payment(**{name: found[0][name] for name in (column.name for column in fields(Payment))})


def _check_signatures(keys: Keys, asked: Asked, signed: str, parameters: dict[str, str]) -> bool:
    """Refuse what the merchant did not sign; say whether he signed with his newest secret."""
    place = payment.which_fits(asked.signature, (payment.link_signature(signed, one) for one in keys.secrets))
    if place is None:
        raise Conflicting(
            "signature does not fit: it is the SHA-256, in hexadecimal, of order_id, amount, currency and the secret hash, run together as they are sent."
        )
    if asked.signature_v2 is not None:
        fitting = (payment.link_signature_v2(parameters, one) for one in keys.secrets_v2)
        if payment.which_fits(asked.signature_v2, fitting) is None:
            raise Conflicting(
                "signature_v2 does not fit: it is the HMAC-SHA256, in hexadecimal, of all other parameters as sorted key=value lines."
            )
    elif keys.requires_v2:
        raise Malformed("signature_v2", "is missing: this merchant takes no link without it")
    return place == 0


async def by_token(tx: Reader, token: str) -> Payment | None:
    """Return the payment of a link's token, or None."""
    if len(token) != payment.TOKEN_CHARS or not token.isascii() or not token.isalnum():
        return None
    return await tx.row(Payment, f"SELECT {COLUMNS} FROM payment p WHERE p.token = $1", token)


# A chore -----------------------------------------------------------------------------------------------------


_NOTHING_LIVE = (
    "NOT EXISTS (SELECT 1 FROM payment_item i JOIN offer o ON o.id = i.offer_id WHERE i.payment_id = p.id"
    " AND o.state IN ('on_sale', 'reserved'))"
)


async def close_quiet(app: App) -> int:
    """Note which payments have nothing on sale or under way any more, and close those that are quiet for long."""
    now = app.now()
    async with app.db.transaction() as tx:
        found = await tx.fetch(
            f"SELECT p.id FROM payment p WHERE p.state = 'active' AND {_NOTHING_LIVE}"
            " ORDER BY p.id LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED",
            QUIETED_MAX,
        )
        # Looked at once more under the lock: something may have been put on sale at that very moment.
        quieted = await tx.execute(
            f"UPDATE payment p SET state = 'open', quiet_from = $1 WHERE p.id = ANY ($2) AND {_NOTHING_LIVE}",
            now, [row["id"] for row in found],
        )  # fmt: skip
    closed = await app.db.execute(
        "UPDATE payment SET state = 'closed', closed_at = $1 WHERE id IN (SELECT id FROM payment WHERE state = 'open'"
        " AND quiet_from <= $2 ORDER BY quiet_from LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED)",
        now, now - timedelta(hours=app.settings.payment_link_hours), QUIETED_MAX,
    )  # fmt: skip
    return quieted + closed
