"""Changing what is on sale: its price, or taking it off; the offer's row says who came first, we or a buyer."""

from collections.abc import Collection, Sequence

from tradepost.app import App
from tradepost.db import Tx
from tradepost.market import feed, idempotency, merchants
from tradepost.market.idempotency import Claim
from tradepost.market.merchants import Seller
from tradepost.market.offers.rows import (
    COLUMNS,
    Offer,
    Reprice,
    Repriced,
    check,
    known,
    price_fault,
    price_terms,
    quote,
)
from tradepost.rules.money import to_usd_cents
from tradepost.rules.refusals import Conflicting, NotFound, Refusal

ID_MAX = 2**63 - 1  # there are no ids beyond

CANCELLED = "cancelled by the seller"
NOT_FOUND = "not found"
NOT_CANCELLED = {"reserved": "in a trade", "sold": "sold", "ended": "not on sale any more"}

PriceAnswers = list[Repriced | tuple[int, Refusal]]
CancelAnswers = tuple[list[Offer], list[tuple[int, str]]]

_LOCK_OWN = (
    f"SELECT {COLUMNS} FROM offer WHERE id = ANY ($1) AND account_id = $2 AND seller_id = $3"
    " ORDER BY id FOR NO KEY UPDATE"
)
_CANCEL = (
    "UPDATE offer SET state = 'ended', ended_reason = $2"
    f" WHERE id = ANY ($1) AND state = 'on_sale' RETURNING {COLUMNS}"
)


async def reprice(
    app: App,
    caller_account_id: int,
    steamid: str,
    rows: Sequence[Reprice],
    claim: Claim[PriceAnswers] | None = None,
    *,
    beside: Sequence[int] | None = None,
) -> PriceAnswers:
    """Change prices of what the caller has on sale for a user, each row by itself: the refused leave the others be.

    `beside` are offers that rows name which could not be read: none may be named twice. With it there may be no row.
    Raises Forbidden where the caller may not act for this user, and with a claim what `idempotency` raises. The key is
    kept for a request of which at least one row was done.
    """
    check([*(row.id for row in rows), *(beside or ())], least=1 if beside is None else 0)
    rate = await quote(app, {row.currency for row in rows})
    terms = price_terms(app.settings)
    answers: PriceAnswers = []
    changed: list[Repriced] = []
    async with app.db.transaction() as tx:
        await idempotency.take(tx, claim)
        seller = await merchants.seller_for(tx, caller_account_id, steamid, hold=True)
        own = await _lock_own(tx, caller_account_id, seller, [row.id for row in rows])
        steam_prices = await _steam_prices(tx, own)
        for row in rows:
            try:
                offer = _on_sale(own.get(row.id))
                millionths = known(rate[row.currency])
                cents = to_usd_cents(row.price_cents, millionths)
                if fault := price_fault(cents, steam_prices[offer.id], terms, seller.floor_bps):
                    raise Conflicting(f"The price of offer {offer.id}: {fault}.")
            except Refusal as refusal:
                answers.append((row.id, refusal))
                continue
            answers.append(repriced := Repriced(row.id, cents, millionths))
            if cents != offer.price_cents:
                changed.append(repriced)
        await _set_prices(tx, changed)
        if any(isinstance(answer, Repriced) for answer in answers):
            await idempotency.keep(tx, claim, answers, app.real_now())
    if changed:
        await feed.tell(app, [each.id for each in changed])
    return answers


async def cancel(
    app: App,
    caller_account_id: int,
    steamid: str,
    ids: Sequence[int],
    claim: Claim[CancelAnswers] | None = None,
) -> CancelAnswers:
    """Take offers off sale; return those taken off, and each other id with the reason why it was not.

    Raises Forbidden where the caller may not act for this user, and with a claim what `idempotency` raises. The key is
    kept for a request that took at least one offer off.
    """
    ids = list(dict.fromkeys(ids))  # to cancel twice is to cancel once
    check(ids)
    async with app.db.transaction() as tx:
        await idempotency.take(tx, claim)
        seller = await merchants.seller_for(tx, caller_account_id, steamid, hold=True)
        own = await _lock_own(tx, caller_account_id, seller, ids)
        ended = {offer.id: offer for offer in await tx.rows(Offer, _CANCEL, list(own), CANCELLED)}
        others = [
            (id_, NOT_CANCELLED[own[id_].state] if id_ in own else NOT_FOUND)
            for id_ in ids
            if id_ not in ended
        ]
        answer = [ended[id_] for id_ in ids if id_ in ended], others
        if ended:
            await idempotency.keep(tx, claim, answer, app.real_now())
    if ended:
        await feed.tell(app, list(ended))
    return answer


async def _lock_own(tx: Tx, caller_account_id: int, seller: Seller, ids: Sequence[int]) -> dict[int, Offer]:
    """Those of the offers that the caller made for this user; as they are now they stay until we are done."""
    possible = [id_ for id_ in ids if 0 < id_ <= ID_MAX]
    rows = await tx.rows(Offer, _LOCK_OWN, possible, caller_account_id, seller.account.id)
    return {row.id: row for row in rows}


async def _steam_prices(tx: Tx, offer_ids: Collection[int]) -> dict[int, int | None]:
    rows = await tx.fetch(
        "SELECT o.id, i.price_cents FROM offer o JOIN steam_item i ON i.id = o.steam_item_id"
        " WHERE o.id = ANY ($1)",
        list(offer_ids),
    )
    return {row["id"]: row["price_cents"] for row in rows}


async def _set_prices(tx: Tx, changed: Sequence[Repriced]) -> None:
    if changed:
        await tx.execute(
            "UPDATE offer SET price_cents = n.cents FROM unnest($1::bigint[], $2::bigint[]) AS n (id, cents)"
            " WHERE offer.id = n.id",
            [each.id for each in changed],
            [each.new_price_cents for each in changed],
        )


def _on_sale(offer: Offer | None) -> Offer:
    if offer is not None and offer.state == "reserved":
        raise Conflicting(f"Offer {offer.id} is in a trade, so its price stands.")
    if offer is None or offer.state != "on_sale":
        raise NotFound
    return offer
