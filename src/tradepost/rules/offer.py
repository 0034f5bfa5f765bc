"""What may be listed and at what price: decided here alone, for showing an inventory and for listing."""

from dataclasses import dataclass
from enum import StrEnum

from tradepost.rules.money import CENTS_MAX, least_price_cents, share_cents, write_cents


class Skip(StrEnum):
    """Why an item cannot be listed; the words are those of the APIs' `skip_reason`."""

    ALREADY_ON_SALE = "already_on_sale"
    UNSUPPORTED = "unsupported"  # several in one stack: who buys one would get all of them
    TRADE_PROTECTED = "trade_protected"  # Steam keeps it for a while, or has it on its own market
    NOT_TRADABLE = "not_tradable"
    NO_PRICE = "no_price"  # without a Steam price there is no greatest price


CLAUSES: dict[Skip, str] = {
    Skip.ALREADY_ON_SALE: "is already on sale",
    Skip.UNSUPPORTED: "is a stack of several, which cannot be sold one by one",
    Skip.TRADE_PROTECTED: "is trade-protected, or listed on Steam's own market",
    Skip.NOT_TRADABLE: "cannot be traded on Steam at the moment",
    Skip.NO_PRICE: "has no known Steam price, so its greatest price cannot be told",
}


@dataclass(frozen=True, slots=True)
class Item:
    """What a rule has to know of an item in an inventory."""

    amount: int
    tradable: bool
    sealed: bool
    steam_price_cents: int | None
    on_sale: bool  # this very asset is in a live offer


@dataclass(frozen=True, slots=True)
class PriceTerms:
    """What the operator has settled about prices."""

    fee_bps: int
    steam_prices_max: int = 30  # an offer costs at most so many times its Steam price
    least_cents: int = 1
    most_cents: int = CENTS_MAX


@dataclass(frozen=True, slots=True)
class Bounds:
    """The least and the greatest price of an offer, both allowed."""

    least_cents: int
    max_cents: int


def skip_reason(item: Item) -> Skip | None:
    """Say why an item cannot be listed, the first reason in the order above; None if it can be."""
    if item.on_sale:
        return Skip.ALREADY_ON_SALE
    if item.amount != 1:
        return Skip.UNSUPPORTED
    if item.sealed:
        return Skip.TRADE_PROTECTED
    if not item.tradable:
        return Skip.NOT_TRADABLE
    return Skip.NO_PRICE if item.steam_price_cents is None else None


def max_price_cents(steam_price_cents: int | None, terms: PriceTerms) -> int:
    """Return the greatest price as it is shown: thirty Steam prices exactly, 0 where there is none."""
    return terms.steam_prices_max * (steam_price_cents or 0)


def bounds(steam_price_cents: int, terms: PriceTerms, floor_bps: int = 0) -> Bounds:
    """Return what an offer may cost: from the least price or the seller's floor to thirty Steam prices.

    His floor is a share of the Steam price (rules.md 1), the least price leaves him a cent (rules.md 11).
    """
    return Bounds(
        max(terms.least_cents, least_price_cents(terms.fee_bps), share_cents(steam_price_cents, floor_bps)),
        min(terms.most_cents, max_price_cents(steam_price_cents, terms)),
    )


def suggested_cents(steam_price_cents: int, allowed: Bounds) -> int:
    """Return what an offer may well cost: its Steam price, as far as it is allowed; 0 where no price is."""
    if allowed.least_cents > allowed.max_cents:
        return 0
    return min(max(steam_price_cents, allowed.least_cents), allowed.max_cents)


def undercut_cents(steam_price_cents: int, lowest_cents: int | None, allowed: Bounds) -> int:
    """Return a cent less than the lowest price of others; 0 where no price is allowed.

    To be cheaper than others is a reason to ask for less than the Steam price, and never for more.
    """
    suggested = suggested_cents(steam_price_cents, allowed)
    under = suggested if lowest_cents is None else lowest_cents - 1
    return max(min(under, suggested), allowed.least_cents) if suggested else 0


def part_cents(steam_price_cents: int, percent: int, allowed: Bounds) -> int:
    """Return so many percent of the Steam price, rounded to the nearest cent, as far as it is allowed."""
    return suggested_cents((steam_price_cents * percent + 50) // 100, allowed)


def price_fault(price_cents: int, allowed: Bounds) -> str | None:
    """Say in a clause what is wrong with a price in USD; None if nothing is."""
    if price_cents < allowed.least_cents:
        return (
            f"{write_cents(price_cents)} USD is under the least price, {write_cents(allowed.least_cents)} USD"
        )
    if price_cents > allowed.max_cents:
        return (
            f"{write_cents(price_cents)} USD is over the greatest price, {write_cents(allowed.max_cents)} USD"
        )
    return None
