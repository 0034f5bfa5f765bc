"""Tiles: what a person sees of an offer wherever offers are shown, put together from the shelf and the catalogue."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tradepost.app import App
from tradepost.market import presence, steam_items
from tradepost.market.shelf import Page, ShelfOffer

# Steam's words of rarity, from common to rare; each game has some of them, and a colour of the pages each step.
_STEPS: tuple[tuple[str, ...], ...] = (
    ("Default", "Base Grade", "Consumer Grade", "Common", "Normal", "Unique"),
    ("Industrial Grade", "Uncommon", "Genuine", "Vintage"),
    ("Mil-Spec", "High Grade", "Distinguished", "Rare"),
    ("Restricted", "Remarkable", "Exceptional", "Mythical"),
    ("Classified", "Exotic", "Superior", "Legendary"),
    ("Covert", "Extraordinary", "Master", "Strange", "Haunted"),
    ("Contraband", "Immortal", "Unusual", "Arcana", "Ancient"),
)
_STEP = {word: step for step, words in enumerate(_STEPS) for word in words}
EXTERIORS = ("Factory New", "Minimal Wear", "Field-Tested", "Well-Worn", "Battle-Scarred")
_BEFORE = re.compile(r"(★ )?(StatTrak™ |Souvenir )?")


@dataclass(frozen=True, slots=True)
class Title:
    """A name in the parts that are shown one below another."""

    kind: str  # "AK-47", or nothing
    finish: str  # "Redline", or the whole name where it has no parts
    is_souvenir: bool


@dataclass(frozen=True, slots=True)
class Tile:
    """An offer as it is shown."""

    offer: ShelfOffer
    title: Title
    item_id: int | None
    icon: str
    steam_cents: int | None
    is_online: bool  # its seller's program; without it nobody can buy the offer now
    count: int = 0  # of a group: how many offers have the name

    @property
    def step(self) -> int:
        """How rare it is, from 0 on."""
        return step(self.offer.rarity)

    @property
    def about(self) -> str:
        """What stands below its name: its exterior, or what else the name does not say yet."""
        kind, rarity = self.offer.type or "", self.offer.rarity or ""
        return self.offer.exterior or (kind if kind not in self.title.kind else rarity)


def title(name: str, exterior: str | None) -> Title:
    """A market hash name in its parts."""
    bare = name.removesuffix(f" ({exterior})") if exterior else name
    found = _BEFORE.match(bare)
    star, variant = (found[1] or "", found[2] or "") if found else ("", "")
    kind, bar, finish = bare[len(star) + len(variant) :].partition(" | ")
    if not bar:
        kind, finish = "", kind
    return Title(
        star + kind if kind else "", finish if kind else star + finish, variant.startswith("Souvenir")
    )


def step(rarity: str | None) -> int:
    """How rare something of this rarity is, from 0 on; what has none is common."""
    return _STEP.get(rarity or "", 0)


def in_order(words: Iterable[str]) -> list[str]:
    """Words of exterior or rarity from the best or rarest on, unknown ones last."""
    places = {word: place for place, word in enumerate(EXTERIORS)} | {
        word: len(EXTERIORS) + len(_STEPS) - at for word, at in _STEP.items()
    }
    return sorted(words, key=lambda word: (places.get(word, 99), word))


async def tiles(app: App, project: str, page: Page) -> list[Tile]:
    """The offers of a page of the shelf."""
    counts: dict[str, int] = {}
    if page.names:
        names, _, numbers = app.shelves.price_columns(project, page.names)
        counts = dict(zip(names, numbers, strict=True))
    # The shelf is read before anything is waited for: an offer on its page is on it still.
    offers = [offer for id_ in page.ids if (offer := app.shelves.offer(id_)) is not None]
    return await of_offers(app, project, offers, counts)


async def of_offers(
    app: App, project: str, offers: Sequence[ShelfOffer], counts: dict[str, int] | None = None
) -> list[Tile]:
    """The same of offers of one game that are at hand."""
    if not offers:
        return []
    items = await steam_items.by_name(app.db, project, {offer.market_hash_name for offer in offers})
    online = await presence.online_people(app, {offer.seller_steamid for offer in offers})
    made = []
    for offer in offers:
        item = items.get(offer.market_hash_name)
        made.append(
            Tile(
                offer,
                title(offer.market_hash_name, offer.exterior),
                item.id if item else None,
                item.icon if item else "",
                item.price_cents if item else None,
                offer.seller_steamid in online,
                (counts or {}).get(offer.market_hash_name, 0),
            )
        )
    return made
