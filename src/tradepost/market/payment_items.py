"""A payment's skins: put on sale by the payer himself, withdrawn by him, and shown with what has become of each.

The merchant is paid for them, so the offers are his; whose items they are has said so by signing in and choosing them.
That word is a grant for these items alone (rules.md 1): the merchant can read, list and change nothing else by it.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from tradepost.app import App
from tradepost.db import Reader, Record, Tx
from tradepost.market import endings, feed, inventories, merchants, offers, users
from tradepost.market.inventories import InventoryRow
from tradepost.market.merchants import Seller
from tradepost.market.offers import Wanted
from tradepost.market.payments import Payment
from tradepost.rules import payment as rule
from tradepost.rules.refusals import Conflicting
from tradepost.rules.trade import State

WITHDRAWN = "withdrawn by its owner"
NOT_WITHDRAWN = {"reserved": "in a trade", "sold": "sold", "ended": "not on sale any more"}
CLOSED = "This link is not used any more: ask the shop for a new one."
SKINS_MAX = 500  # that one payment may ever have had on sale

SkinState = Literal[
    "on_sale", "sold", "sent", "accepted", "protected", "credited", "withdrawn", "ended", "reversed"
]
_UNDER_WAY: dict[State, SkinState] = {
    State.CREATED: "sold",
    State.SENDING: "sold",
    State.NEEDS_CONFIRMATION: "sold",
    State.SENT: "sent",
    State.ACCEPTED: "accepted",
    State.PROTECTED: "protected",
    State.FINISHED: "credited",
    State.REVERSED: "reversed",
}


@dataclass(frozen=True, slots=True)
class Skin:
    """A skin that was put on sale for a payment, and where it stands."""

    offer_id: int
    project: str
    market_hash_name: str
    icon: str
    assetid: str
    float_text: str | None
    price_cents: int
    fee_cents: int
    net_cents: int  # what the merchant gets of it
    state: SkinState
    ipn_trade_id: str
    trade_id: int | None  # the trade under way, or the one that delivered it
    accepted_at: datetime | None
    protected_until: datetime | None
    explanation: str | None
    listed_at: datetime
    told_at: datetime | None  # credited to the merchant, who is told of it, from then on
    told_cents: int | None
    to_confirm: bool = False  # the payer has to confirm the Steam offer on his phone
    taken_back_cents: int = 0  # of what was credited at the acceptance, out of the merchant's reserve


async def inventory(app: App, payment: Payment, project: str) -> list[InventoryRow]:
    """Return what the payer has of a game, with what the market would take of it; for him alone."""
    payer = await users.by_id(app.db, payment.payer_id)
    return await inventories.of(app, payer.id, payer.steamid, project)


async def put_on_sale(app: App, payment: Payment, wanted: Sequence[Wanted], ip: str) -> list[int]:
    """Put skins of the payer on sale for the merchant, all or none; return the offers' ids in order.

    He is asked for nobody else's consent but his own, which the caller has: he is signed in. Raises what
    `offers.make` raises, and Conflicting for a payment that is closed.
    """

    async def may_sell(tx: Reader, *, hold: bool) -> Seller:
        if isinstance(tx, Tx) and hold:
            await _take(tx, app, payment)
        return Seller(await users.by_id(tx, payment.payer_id), 0)

    async def written(tx: Tx, ids: list[int]) -> None:
        now = app.now()
        await tx.executemany(
            "INSERT INTO payment_item (offer_id, payment_id, ipn_trade_id, ip, listed_at) VALUES ($1, $2, $3, $4, $5)",
            [(id_, payment.id, secrets.token_hex(rule.TRADE_ID_CHARS // 2), ip, now) for id_ in ids],
        )
        count = await tx.value("SELECT count(*) FROM payment_item WHERE payment_id = $1", payment.id)
        if count > SKINS_MAX:
            raise Conflicting(f"One payment can have {SKINS_MAX} skins: ask the shop for a new link.")
        await _keep_trade_token(tx, payment)  # accounts are locked after offers (rules.md 15)

    return await offers.make_by(app, payment.account_id, may_sell, wanted, written=written)


async def _take(tx: Tx, app: App, payment: Payment) -> None:
    """Lock the payment, and give the merchant the grant for its items."""
    state = await tx.value("SELECT state FROM payment WHERE id = $1 FOR NO KEY UPDATE", payment.id)
    if state == "closed":
        raise Conflicting(CLOSED)
    if state == "open":
        await tx.execute("UPDATE payment SET state = 'active', quiet_from = NULL WHERE id = $1", payment.id)
    if payment.account_id != payment.payer_id:
        await merchants.grant(tx, payment.account_id, payment.payer_id, "payment", app.now())


async def _keep_trade_token(tx: Tx, payment: Payment) -> None:
    """Keep the token that the site named, where the payer has none: it is his, and the site's word does not replace it."""
    if payment.trade_token is not None:
        await tx.execute(
            "UPDATE account SET trade_token = $2, trade_token_refused_at = NULL WHERE id = $1 AND trade_token IS NULL",
            payment.payer_id, payment.trade_token,
        )  # fmt: skip


async def withdraw(
    app: App, payment: Payment, offer_ids: Sequence[int]
) -> tuple[list[int], list[tuple[int, str]]]:
    """Take the payer's skins off sale; return those taken off, and each other id with the reason why it was not."""
    ids = list(dict.fromkeys(offer_ids))
    async with app.db.transaction() as tx:
        rows = await tx.fetch(
            "SELECT o.id, o.state FROM payment_item i JOIN offer o ON o.id = i.offer_id"
            " WHERE i.payment_id = $1 AND o.id = ANY ($2)",
            payment.id, ids,
        )  # fmt: skip
        ended = set(await endings.end(tx, [row["id"] for row in rows], WITHDRAWN))
        rows = await tx.fetch("SELECT id, state FROM offer WHERE id = ANY ($1)", [row["id"] for row in rows])
    states = {row["id"]: row["state"] for row in rows}
    if ended:
        await feed.tell(app, sorted(ended))
    others = [
        (id_, NOT_WITHDRAWN[states[id_]] if id_ in states else "not found") for id_ in ids if id_ not in ended
    ]
    return [id_ for id_ in ids if id_ in ended], others


# Shown -------------------------------------------------------------------------------------------------------

# The trade is the one under way (one live trade an offer), or the one that delivered it, however that ended.
_SKINS = """
    SELECT i.payment_id, i.offer_id, o.project, s.market_hash_name, s.icon, o.assetid, o.float_text, o.price_cents,
           o.state AS offer_state, o.ended_reason, i.ipn_trade_id, i.listed_at, i.told_at, i.told_cents,
           t.id AS trade_id, t.state AS trade_state, t.price_cents AS sold_cents, t.fee_cents, t.accepted_at,
           t.protected_until, t.explanation, a.cents AS advanced_cents, a.outcome AS advance_outcome
      FROM payment_item i JOIN offer o ON o.id = i.offer_id JOIN steam_item s ON s.id = o.steam_item_id
      LEFT JOIN LATERAL (SELECT id FROM trade WHERE offer_id = i.offer_id AND state NOT IN ('cancelled', 'reversed')) live ON true
      LEFT JOIN trade t ON t.id = coalesce(live.id, i.trade_id)
      LEFT JOIN advance a ON a.trade_id = t.id
     WHERE i.payment_id = ANY ($1) ORDER BY i.payment_id, i.offer_id
"""


async def skins(tx: Reader, payment_id: int, fee_bps: int) -> list[Skin]:
    """Return a payment's skins in the order in which they were put on sale."""
    return (await skins_of(tx, [payment_id], fee_bps))[payment_id]


async def skins_of(tx: Reader, payment_ids: Sequence[int], fee_bps: int) -> dict[int, list[Skin]]:
    """Return the skins of several payments; `fee_bps` is the fee that a sale now would have."""
    found: dict[int, list[Skin]] = {id_: [] for id_ in payment_ids}
    for row in await tx.fetch(_SKINS, list(payment_ids)):
        found[row["payment_id"]].append(_skin(row, fee_bps))
    return found


def _skin(row: Record, fee_bps: int) -> Skin:
    is_traded = row["trade_id"] is not None and row["offer_state"] != "on_sale"
    price_cents = row["sold_cents"] if is_traded else row["price_cents"]
    net_cents = price_cents - row["fee_cents"] if is_traded else rule.net_cents(price_cents, fee_bps)
    return Skin(
        row["offer_id"],
        row["project"],
        row["market_hash_name"],
        row["icon"],
        row["assetid"],
        row["float_text"],
        price_cents,
        price_cents - net_cents,
        net_cents,
        _state(row),
        row["ipn_trade_id"],
        row["trade_id"] if is_traded else None,
        row["accepted_at"] if is_traded else None,
        row["protected_until"] if is_traded else None,
        _explanation(row) if is_traded else row["ended_reason"],
        row["listed_at"],
        row["told_at"],
        row["told_cents"],
        is_traded and row["trade_state"] == State.NEEDS_CONFIRMATION,
        row["advanced_cents"] if is_traded and row["advance_outcome"] == "reversed" else 0,
    )


def _explanation(row: Record) -> str | None:
    """What became of a trade, in a sentence; of one that was credited early also what became of that money."""
    said: str | None = row["explanation"]
    if row["advanced_cents"] is None:
        return said
    if row["advance_outcome"] is None:
        return rule.told_early(row["protected_until"])
    if row["advance_outcome"] == "settled":
        return rule.told_final(said)
    return rule.told_taken_back(said, row["advanced_cents"])


def _state(row: Record) -> SkinState:
    if row["offer_state"] == "on_sale":
        return "on_sale"
    trade_state = State(row["trade_state"]) if row["trade_state"] is not None else None
    if trade_state is not None and trade_state in _UNDER_WAY:
        return _UNDER_WAY[trade_state]
    return "withdrawn" if row["ended_reason"] == WITHDRAWN else "ended"
