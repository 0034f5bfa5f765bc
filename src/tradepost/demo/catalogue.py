"""The catalogue: every market hash name that the demo knows, with the facts of its game and a Steam price.

The facts lie in `items.csv.gz`, one line a skin; what a skin is called in each exterior, as StatTrak™ and as
Souvenir follows Steam's rules here, so the table stays small and the rules are tested.
"""

import base64
import csv
import gzip
import hashlib
import pkgutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from tradepost.demo.prices import base_millicents, form_permille, price_cents

EXTERIORS = (  # Steam's words for wear, each with the hundredths of float at which it begins and ends
    ("Factory New", 0, 7),
    ("Minimal Wear", 7, 15),
    ("Field-Tested", 15, 38),
    ("Well-Worn", 38, 45),
    ("Battle-Scarred", 45, 100),
)
_STAR = "★ "  # of knives and gloves; StatTrak™ comes after it


@dataclass(frozen=True, slots=True)
class Item:
    """One market hash name; `None` where an item has no such thing."""

    project: str
    market_hash_name: str
    type: str  # as Steam's type tag says it: "Sniper Rifle", "Knife", "Sticker"
    rarity: str  # as Steam's rarity tag, "Mil-Spec" without its "Grade"; TF2's quality; empty for Rust
    exterior: str | None
    is_stattrak: bool
    is_souvenir: bool
    def_index: int | None
    paint_index: int | None
    float_min: float | None
    float_max: float | None
    commodity: bool
    price_cents: int

    @property
    def icon(self) -> str:
        """A string of the form of Steam's icon paths, which names no picture that Steam has."""
        digest = hashlib.blake2b(f"{self.project}/{self.market_hash_name}".encode(), digest_size=60).digest()
        return base64.urlsafe_b64encode(digest).decode()


@cache
def load() -> tuple[Item, ...]:
    """Returns the whole catalogue, in the order of its table; read once a process."""
    table = gzip.decompress(pkgutil.get_data("tradepost.demo", "items.csv.gz") or b"")
    rows = csv.reader(table.decode().splitlines())
    next(rows)
    return tuple(item for row in rows for item in _items(row))


@cache
def by_name() -> dict[tuple[str, str], Item]:
    """Returns the catalogue by project and market hash name."""
    return {(item.project, item.market_hash_name): item for item in load()}


def in_variant(name: str, variant: str) -> str:
    """Returns what Steam's market calls a skin that is plain (""), "StatTrak™" or "Souvenir"."""
    if variant and name.startswith(_STAR):
        return f"{_STAR}{variant} {name.removeprefix(_STAR)}"
    return f"{variant} {name}".lstrip()


@cache
def exteriors_of(float_min: str, float_max: str) -> tuple[tuple[str | None, int, int], ...]:
    """Returns the exteriors in which a skin with these floats exists, each with its part of them."""
    if not float_max:
        return ((None, 0, 0),)
    low, high = int(float_min), int(float_max)
    parts = [(word, max(low, begin), min(high, end)) for word, begin, end in EXTERIORS]
    return tuple(part for part in parts if part[1] < part[2])


def _items(row: Sequence[str]) -> Iterator[Item]:
    """Yields the items of one line of the table: one, or a skin in all its exteriors and variants."""
    (
        project,
        name,
        type_,
        rarity,
        def_index,
        paint_index,
        float_min,
        float_max,
        stattrak,
        souvenir,
        commodity,
    ) = row
    base = base_millicents(project, type_, rarity, name)
    for variant, exists in (("", "1"), ("StatTrak™", stattrak), ("Souvenir", souvenir)):
        if exists == "0":
            continue
        variant_name = in_variant(name, variant)
        for exterior, low, high in exteriors_of(float_min, float_max):
            market_hash_name = f"{variant_name} ({exterior})" if exterior else variant_name
            permille = form_permille(exterior, high - low, variant, knife=type_ == "Knife")
            yield Item(
                project=project,
                market_hash_name=market_hash_name,
                type=type_,
                rarity=rarity,
                exterior=exterior,
                is_stattrak=variant == "StatTrak™",
                is_souvenir=variant == "Souvenir",
                def_index=int(def_index) if def_index else None,
                paint_index=int(paint_index) if paint_index else None,
                float_min=low / 100 if exterior else None,
                float_max=high / 100 if exterior else None,
                commodity=commodity == "1",
                price_cents=price_cents(base, permille, market_hash_name),
            )
