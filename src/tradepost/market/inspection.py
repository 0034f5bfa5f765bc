"""Inspection: a merchant's payments with all that became of them, and what a payer sees of his own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tradepost.app import App
from tradepost.db import Conditions, Reader
from tradepost.market.payment_items import Skin, skins_of
from tradepost.market.payments import COLUMNS, Payment


@dataclass(frozen=True, slots=True)
class PaymentShown:
    """A payment with its people and its skins, as the merchant and the payer are shown it."""

    payment: Payment
    merchant_name: str
    payer_steamid: str
    payer_name: str
    skins: tuple[Skin, ...]

    @property
    def credited_cents(self) -> int:
        """What the merchant was told of, less what was taken back: the sum of what his wallet got for it."""
        return sum(one.told_cents or 0 for one in self.skins if one.state != "reversed")

    @property
    def expected_cents(self) -> int:
        """What may still come of what is on sale or under way."""
        live = ("on_sale", "sold", "sent", "accepted", "protected")
        return sum(one.net_cents for one in self.skins if one.state in live and one.told_at is None)


@dataclass(frozen=True, slots=True)
class PaymentsQuery:
    """Which of a merchant's payments, newest first, and which page of them."""

    ids: tuple[int, ...] | None = None
    order_ids: tuple[str, ...] | None = None
    states: tuple[str, ...] | None = None
    steamid: str | None = None
    time_from: datetime | None = None
    time_to: datetime | None = None  # inclusive
    limit: int = 100
    offset: int = 0


async def shown(tx: Reader, rows: Sequence[Payment], fee_bps: int) -> list[PaymentShown]:
    """Return payments with their people and skins; `fee_bps` is the fee that a sale now would have."""
    skins = await skins_of(tx, [row.id for row in rows], fee_bps)
    ids = {row.payer_id for row in rows} | {row.account_id for row in rows}
    people = {
        row["id"]: row
        for row in await tx.fetch("SELECT id, steamid, name FROM account WHERE id = ANY ($1)", list(ids))
    }
    return [
        PaymentShown(
            row,
            people[row.account_id]["name"],
            people[row.payer_id]["steamid"],
            people[row.payer_id]["name"],
            tuple(skins[row.id]),
        )
        for row in rows
    ]


async def page(app: App, account_id: int, query: PaymentsQuery) -> tuple[list[PaymentShown], int]:
    """Return a page of a merchant's payments, newest first, and how many there are in all."""
    where = Conditions("p.account_id = $1", account_id)
    where.if_given("p.id = ANY ({})", query.ids)
    where.if_given("p.order_id = ANY ({})", query.order_ids)
    where.if_given("p.state = ANY ({})", query.states)
    where.if_given("p.payer_id = (SELECT id FROM account WHERE steamid = {})", query.steamid)
    where.if_given("p.created_at >= {}", query.time_from)
    where.if_given("p.created_at <= {}", query.time_to)
    found = f"FROM payment p WHERE {where.sql}"
    total = await app.db.value(f"SELECT count(*) {found}", *where.values)
    page_of, values = where.page(query.limit, query.offset)
    rows = await app.db.rows(
        Payment, f"SELECT {COLUMNS} {found} ORDER BY p.created_at DESC, p.id DESC {page_of}", *values
    )
    return await shown(app.db, rows, app.settings.fee_bps), total
