"""What an offer is, what may be asked of offers, and what all that is done to them has in common."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields
from datetime import datetime

from tradepost.app import App
from tradepost.config import Settings
from tradepost.db import Reader
from tradepost.market import rates
from tradepost.rules.offer import CLAUSES, PriceTerms, Skip, bounds
from tradepost.rules.offer import price_fault as fault_within
from tradepost.rules.refusals import Conflicting, Malformed, Refusal

OFFERS_MAX = 250  # in one call


@dataclass(frozen=True, slots=True)
class Offer:
    """An item on sale, or one that was: the row of the table `offer`, but for what the stream of changes notes there."""

    id: int
    account_id: int
    seller_id: int
    seller_steamid: str
    project: str
    appid: int
    contextid: int
    assetid: str
    classid: str
    instanceid: str
    steam_item_id: int
    price_cents: int
    state: str
    ended_reason: str | None
    float_text: str | None
    paintseed: int | None
    paintindex: int | None
    certificate: str | None
    link: str | None
    version: int
    missing_at: datetime | None
    created_at: datetime


COLUMNS = ", ".join(field.name for field in fields(Offer))


@dataclass(frozen=True, slots=True)
class Wanted:
    """An item to be put on sale, at a price in cents of a currency."""

    assetid: str
    project: str
    price_cents: int
    currency: str = rates.USD

    def __str__(self) -> str:
        return f"item {self.assetid} ({self.project})"


@dataclass(frozen=True, slots=True)
class Reprice:
    """A new price for an offer, in cents of a currency."""

    id: int
    price_cents: int
    currency: str = rates.USD


@dataclass(frozen=True, slots=True)
class Repriced:
    """An offer's price in USD after a change, and the rate by which it was converted."""

    id: int
    new_price_cents: int
    rate_millionths: int


def price_terms(settings: Settings) -> PriceTerms:
    """Return what the operator has settled about prices."""
    return PriceTerms(
        fee_bps=settings.fee_bps,
        steam_prices_max=settings.max_price_factor,
        least_cents=settings.price_least_cents,
        most_cents=settings.price_max_cents,
    )


def price_fault(
    price_cents: int, steam_price_cents: int | None, terms: PriceTerms, floor_bps: int
) -> str | None:
    """Say in a clause what is wrong with a price in USD for an item of this Steam price; None if nothing is."""
    if steam_price_cents is None:
        return f"the item {CLAUSES[Skip.NO_PRICE]}"
    return fault_within(price_cents, bounds(steam_price_cents, terms, floor_bps))


def check(things: Collection[object], *, least: int = 1) -> None:
    """Refuse none, too many, or the same thing twice, before anything is asked of anybody."""
    if not least <= len(things) <= OFFERS_MAX:
        raise Malformed("offers", f"must be {least} to {OFFERS_MAX}")
    seen = set[object]()
    for thing in things:
        if thing in seen:
            raise Conflicting(f"offers: the id {thing} is named twice in this request.")
        seen.add(thing)


async def quote(app: App, currencies: Iterable[str]) -> dict[str, int | Refusal]:
    """Return the rate of each currency, or why it has none."""
    found: dict[str, int | Refusal] = {}
    for currency in currencies:
        try:
            # Rates come from the real world and age in real time, however far the sandbox moved its own.
            max_age_hours = app.settings.rate_max_age_hours
            found[currency] = await rates.rate(app.db, currency, app.real_now(), max_age_hours)
        except Refusal as refusal:
            found[currency] = refusal
    return found


def known(rate: int | Refusal) -> int:
    """Return a rate that was quoted, or raise why there is none."""
    if isinstance(rate, Refusal):
        raise rate
    return rate


async def by_id(tx: Reader, id_: int) -> Offer | None:
    """Return an offer, on sale or not any more, or None where there was never one of this id."""
    return await tx.row(Offer, f"SELECT {COLUMNS} FROM offer WHERE id = $1", id_)


async def live_assetids(tx: Reader, seller_id: int, project: str) -> set[str]:
    """Return the assets of a user's game that are in a live offer: on sale, or in a trade."""
    rows = await tx.fetch(
        "SELECT assetid FROM offer WHERE seller_id = $1 AND project = $2"
        " AND state IN ('on_sale', 'reserved')",
        seller_id,
        project,
    )
    return {row["assetid"] for row in rows}
