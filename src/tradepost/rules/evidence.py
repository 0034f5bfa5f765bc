"""What counts as seeing an item in somebody's hands: its fingerprint, or an asset id that was not there before.

Names prove nothing (everybody owns that case). Where Steam certifies an item, what stays the same in its certificate
from owner to owner (definition, paint, seed and wear: the fingerprint) is the item. Where there is none, the seller's program names the new asset id, and that asset must be in the buyer's inventory under
the right name, be younger than the asset that was sold, be no other trade's, and not have been there before the trade.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Asset:
    """One asset of an inventory, as far as it matters as evidence."""

    assetid: str
    market_hash_name: str
    fingerprint: str | None = None
    is_protected: bool = False  # Steam would let either side of the trade that brought it take it back


@dataclass(frozen=True, slots=True)
class Sold:
    """The item that was sold, as it was in the seller's inventory."""

    assetid: str
    market_hash_name: str
    fingerprint: str | None


def find_delivered(
    sold: Sold,
    seen: Iterable[Asset],
    *,
    new_assetid: str | None,
    had_before: Collection[str] | None,
    of_other_trades: Collection[str] = (),
) -> str | None:
    """Return the asset id under which the sold item lies in this inventory, or None when nothing proves it.

    `new_assetid` is what the seller's side calls it; `had_before` the buyer's assets of that name before the trade,
    None when they were not read, and then an item without a fingerprint proves nothing.
    """
    for asset in seen:
        if asset.market_hash_name != sold.market_hash_name or asset.assetid in of_other_trades:
            continue
        if sold.fingerprint is not None:
            if asset.fingerprint == sold.fingerprint:
                return asset.assetid
            continue
        if (
            asset.assetid == new_assetid
            and had_before is not None
            and asset.assetid not in had_before
            and _younger(asset.assetid, sold.assetid)
        ):
            return asset.assetid
    return None


def still_there(sold: Sold, seen: Iterable[Asset], new_assetid: str | None) -> bool:
    """Say whether an item that was seen delivered still lies in the buyer's inventory."""
    return any(_is_delivered(sold, asset, new_assetid) for asset in seen)


def still_protected(sold: Sold, seen: Iterable[Asset], new_assetid: str | None) -> bool:
    """Say whether Steam shows the delivered item as one that could still be taken back."""
    return any(asset.is_protected and _is_delivered(sold, asset, new_assetid) for asset in seen)


def _is_delivered(sold: Sold, asset: Asset, new_assetid: str | None) -> bool:
    if asset.market_hash_name != sold.market_hash_name:
        return False
    if sold.fingerprint is not None:
        return asset.fingerprint == sold.fingerprint
    return asset.assetid == new_assetid


def came_back(sold: Sold, seen: Iterable[Asset]) -> bool:
    """Say whether the item lies in the seller's inventory again, by its fingerprint or under its old id."""
    return any(
        asset.market_hash_name == sold.market_hash_name
        and (
            asset.assetid == sold.assetid
            or (sold.fingerprint is not None and asset.fingerprint == sold.fingerprint)
        )
        for asset in seen
    )


def _younger(assetid: str, than: str) -> bool:
    """Steam's asset ids only ever grow: an asset made by a trade has a greater id than the one it replaces."""
    return assetid.isascii() and assetid.isdigit() and than.isdigit() and int(assetid) > int(than)
