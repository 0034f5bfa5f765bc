"""Subjects: what a payment's notices are about, so that a list of them can be read without their payloads."""

from collections.abc import Sequence
from dataclasses import dataclass

from tradepost.db import Reader


@dataclass(frozen=True, slots=True)
class Subject:
    """The order, the skin and the sum that a notice tells of."""

    notice_id: int
    order_id: str
    market_hash_name: str | None
    net_cents: int | None  # what the merchant gets of it, or was credited with


async def of(tx: Reader, notice_ids: Sequence[int]) -> dict[int, Subject]:
    """Return what each of these notices is about; of one that tells of no payment there is nothing."""
    rows = await tx.rows(
        Subject,
        "SELECT n.id AS notice_id, p.order_id, s.market_hash_name,"
        " coalesce(i.told_cents, t.price_cents - t.fee_cents)::bigint AS net_cents"
        " FROM notice n JOIN payment p ON p.id = n.payment_id LEFT JOIN trade t ON t.id = n.trade_id"
        " LEFT JOIN offer o ON o.id = t.offer_id LEFT JOIN steam_item s ON s.id = o.steam_item_id"
        " LEFT JOIN payment_item i ON i.offer_id = t.offer_id WHERE n.id = ANY ($1)",
        list(notice_ids),
    )
    return {row.notice_id: row for row in rows}
