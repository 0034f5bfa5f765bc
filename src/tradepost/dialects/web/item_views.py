"""What is shown of a Steam item, apart from its offers: its name in parts, what its certificate says, and what is like it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from tradepost.app import App
from tradepost.dialects.web.tiles import Tile, Title, of_offers, step, title
from tradepost.market.shelf import Query, ShelfOffer
from tradepost.market.steam_items import SteamItem
from tradepost.steam.inspect_link import decode_certificate

LIKE_IT = 6
NEAR = 4  # an item of so many times the price, or a part of it, is like another


@dataclass(frozen=True, slots=True)
class Shown:
    """An item of the catalogue as it is shown."""

    item: SteamItem
    title: Title

    @classmethod
    def of(cls, item: SteamItem) -> Self:
        """The item with its name in parts."""
        return cls(item, title(item.market_hash_name, item.exterior))

    @property
    def step(self) -> int:
        """How rare it is, from 0 on."""
        return step(self.item.rarity)


def certificate_facts(certificate: str | None) -> list[tuple[str, str]]:
    """What an item's certificate says of it, in pairs of a label and a text; none where it has none."""
    said = decode_certificate(certificate) if certificate else None
    if said is None:
        return []
    facts = [
        ("Float", said.float_text),
        ("Paint seed", said.paint_seed),
        ("Finish", said.paint_index or None),
        ("Weapon", said.def_index),
        ("StatTrak™ kills", said.stattrak_count),
        ("Name tag", said.custom_name),
    ]
    pairs = [(label, str(value)) for label, value in facts if value is not None]
    for one in said.stickers:
        worn = f", {one.wear_text[:6]} worn" if one.wear_text else ""
        pairs.append((f"Sticker in place {one.slot + 1}", f"No. {one.sticker_id}{worn}"))
    for one in said.charms:
        seed = f", pattern {one.pattern}" if one.pattern is not None else ""
        pairs.append(("Charm", f"No. {one.sticker_id}{seed}"))
    return pairs


async def similar(app: App, item: SteamItem, *, own_name: bool = False, without: int = 0) -> list[Tile]:
    """Offers of what is like an item, the cheapest of each name: its own name first, where it is wanted, then its variants
    in other exteriors, then what has its type and rarity and costs about as much."""
    shelves, project = app.shelves, item.project
    found = dict[int, ShelfOffer]()

    def take(ids: Sequence[int], most: int) -> None:
        for id_ in ids:
            offer = shelves.offer(id_)
            if offer is not None and id_ != without and len(found) < most:
                found[id_] = offer

    own = item.market_hash_name
    if own_name:
        take(shelves.page(Query(project, names=(own,), sort="price", descending=False, limit=4)).ids, 3)
    known = title(own, item.exterior)
    search = f"{known.kind} | {known.finish}" if known.kind else known.finish
    others = shelves.groups(Query(project, search=search, sort="price", descending=False, limit=12))
    take([id_ for id_, name in zip(others.ids, others.names, strict=True) if name != own], LIKE_IT)
    if len(found) < LIKE_IT and item.type:
        cents = item.price_cents or shelves.lowest_cents(project, own) or 100
        query = Query(
            project,
            types=(item.type,),
            rarities=(item.rarity,) if item.rarity else None,
            price_from_cents=cents // NEAR,
            price_to_cents=cents * NEAR,
            sort="price",
            descending=True,
            limit=12,
        )
        near = shelves.groups(query)
        names = {offer.market_hash_name for offer in found.values()} | {own}
        take([id_ for id_, name in zip(near.ids, near.names, strict=True) if name not in names], LIKE_IT)
    return await of_offers(app, project, list(found.values()))
