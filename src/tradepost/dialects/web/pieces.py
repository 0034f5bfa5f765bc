"""Pieces: what somebody can choose from to sell, with prices, what each item brings, and why one cannot be chosen.

And what he chose: the prices that he typed, each with what is wrong with it, so that the page can say it beside it.
"""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from markupsafe import Markup

from tradepost.dialects.web.desk import moment, usd
from tradepost.dialects.web.pay_texts import Texts
from tradepost.dialects.web.typed import TypedPrice
from tradepost.market.inventories import InventoryRow
from tradepost.rules.money import write_cents
from tradepost.rules.offer import (
    Bounds,
    PriceTerms,
    Skip,
    bounds,
    part_cents,
    suggested_cents,
    undercut_cents,
)
from tradepost.rules.payment import net_cents

FLOAT_CHARS = 8  # of a wear as it is shown

Use = Literal["suggested", "undercut"]


@dataclass(frozen=True, slots=True)
class Piece:
    """An item of the seller's inventory, as the page shows it; prices are 0 where it has none."""

    assetid: str
    project: str
    name: str
    exterior: str
    float_text: str
    icon: str
    suggested_cents: int
    lowest_cents: int | None
    undercut_cents: int
    least_cents: int
    max_cents: int
    fee_bps: int
    skip: Skip | None
    is_listed: bool  # on Steam's own market
    tradable_at: datetime | None  # again, where Steam names a time

    @property
    def net_cents(self) -> int:
        """What it brings at the suggested price, after the fee."""
        return net_cents(self.suggested_cents, self.fee_bps)

    @property
    def wear(self) -> str:
        """Its float, short enough to be read."""
        return self.float_text[:FLOAT_CHARS]

    def price_cents(self, use: Use) -> int:
        """Its price by one of the two buttons."""
        return self.suggested_cents if use == "suggested" else self.undercut_cents

    def part_cents(self, percent: int) -> int:
        """So many percent of its suggested price, as far as a price may be that."""
        return part_cents(self.suggested_cents, percent, Bounds(self.least_cents, self.max_cents))


def pieces(rows: Iterable[InventoryRow], terms: PriceTerms) -> list[Piece]:
    """An inventory as the page shows it: what can be sold first, the dearest before the others."""
    made = [_piece(row, terms) for row in rows]
    return sorted(made, key=lambda one: (one.skip is not None, -one.suggested_cents, one.name))


def _piece(row: InventoryRow, terms: PriceTerms) -> Piece:
    item, steam_cents = row.item, row.price_cents
    allowed = bounds(steam_cents, terms) if steam_cents is not None else None
    suggested = undercut = 0
    if allowed is not None and steam_cents is not None:
        suggested = suggested_cents(steam_cents, allowed)
        undercut = undercut_cents(steam_cents, row.lowest_cents, allowed)
    exterior = item.exterior or ""
    return Piece(
        item.assetid,
        item.project,
        item.market_hash_name.removesuffix(f" ({exterior})"),
        exterior,
        item.float_text or "",
        item.icon_url,
        suggested,
        row.lowest_cents,
        undercut,
        allowed.least_cents if allowed else 0,
        allowed.max_cents if allowed else 0,
        terms.fee_bps,
        row.skip_reason or (None if suggested else Skip.NO_PRICE),
        item.is_listed,
        datetime.fromtimestamp(item.protected_until, UTC) if item.protected_until is not None else None,
    )


def why_not(t: Texts, piece: Piece) -> str | Markup:
    """Why an item cannot be chosen, in words; nothing for one that can."""
    if piece.skip is None:
        return ""
    if piece.skip is Skip.TRADE_PROTECTED and piece.is_listed:
        return t("skip_listed")
    if piece.skip in (Skip.TRADE_PROTECTED, Skip.NOT_TRADABLE) and piece.tradable_at is not None:
        return t.markup("skip_until", time=moment(piece.tradable_at))
    return t(f"skip_{piece.skip}")


@dataclass(frozen=True, slots=True)
class Pick:
    """An item that was chosen, its price as it was typed, and what is wrong with either."""

    piece: Piece
    typed: str
    cents: int | None
    fault: str | Markup = ""

    @property
    def good_cents(self) -> int:
        """Its price, if it can be put on sale at it."""
        return 0 if self.fault or self.cents is None else self.cents

    @property
    def net_cents(self) -> int:
        """What it brings after the fee; nothing where something is wrong with it."""
        return net_cents(self.good_cents, self.piece.fee_bps)


@dataclass(frozen=True, slots=True)
class Picked:
    """All that was chosen."""

    picks: Sequence[Pick] = ()
    gone: Sequence[str] = field(default_factory=list)  # asset ids that are in the inventory no more

    @property
    def is_good(self) -> bool:
        """Whether all of it can be put on sale, as far as it can be told here."""
        return bool(self.picks) and not self.gone and not any(one.fault for one in self.picks)

    @property
    def price_cents(self) -> int:
        """The sum of the prices that are good."""
        return sum(one.good_cents for one in self.picks)

    @property
    def net_cents(self) -> int:
        """The sum of what remains after the fee."""
        return sum(one.net_cents for one in self.picks)


def pick(
    t: Texts,
    pieces_by_id: Mapping[str, Piece],
    chosen: Mapping[str, TypedPrice | None],
    by: Callable[[Piece], int] | None,
    twice: Container[str] = (),
) -> Picked:
    """What was chosen, by asset id, with the price that was typed for it, or the one that a button says.

    What was sent `twice` with two prices has none until somebody says which.
    """
    picks, gone = [], []
    for assetid, typed in chosen.items():
        piece = pieces_by_id.get(assetid)
        if piece is None:
            gone.append(assetid)
        elif by is not None or typed is None:
            cents = by(piece) if by is not None else piece.suggested_cents
            picks.append(Pick(piece, write_cents(cents), cents, why_not(t, piece)))
        else:
            fault = why_not(t, piece) or (
                t("err_twice") if assetid in twice else _price_fault(t, piece, typed)
            )
            picks.append(Pick(piece, typed, typed.cents, fault))
    return Picked(picks, gone)


def _price_fault(t: Texts, piece: Piece, typed: TypedPrice) -> str:
    cents = typed.cents
    if typed.is_huge:
        return t("err_over", price=usd(piece.max_cents))
    if cents is None:
        return t("err_price")
    if cents < piece.least_cents:
        is_nothing = net_cents(cents, piece.fee_bps) < 1
        return t("err_nothing" if is_nothing else "err_under", price=usd(piece.least_cents))
    return t("err_over", price=usd(piece.max_cents)) if cents > piece.max_cents else ""
