"""What the market's page is asked for: its filters as they stand in the address, and the address of any other view of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self
from urllib.parse import urlencode

import msgspec

from tradepost.dialects.fields import Flag, Float, Limit, Name, Project, Search, Whole
from tradepost.dialects.web.typed import TypedPrice
from tradepost.market.shelf import Query
from tradepost.market.shelf import Sort as Column

MARKET = "/market"
TILES = 48  # on a page
PAGES_MAX = 10_000
USUAL = Project("csgo")  # the game that is shown where nothing says otherwise
SEARCHED_MAX = 8  # words of a search; what is behind them is one word more with its spaces
WORDS_MAX = 60  # of one kind that are filtered by: more than any game has

Sort = Literal["newest", "cheapest", "dearest", "float_low", "float_high"]
View = Literal["grid", "list"]
SORTS: dict[Sort, tuple[str, Column, bool]] = {  # its words, the shelf's column, and whether that descends
    "newest": ("Newest first", "time_created", True),
    "cheapest": ("Cheapest first", "price", False),
    "dearest": ("Dearest first", "price", True),
    "float_low": ("Lowest float", "floatvalue", False),
    "float_high": ("Highest float", "floatvalue", True),
}


class TypedNumber(str):
    """A number as a person typed it, perhaps with a comma; whether it is one is said beside it."""

    __slots__ = ()

    @classmethod
    def read(cls, text: str) -> Self:
        """The text; of one that is absurdly long the beginning, which is then no number either."""
        return cls(TypedPrice.read(text))

    @property
    def bare(self) -> str:
        """What is meant to be read."""
        return self.strip().replace(",", ".")


class MarketAsked(msgspec.Struct):
    """Which offers, in what order, shown how, and which page of them."""

    game: Project | None = None  # where none is named, the one that has what is searched for
    search: Search | None = None
    price_from: TypedPrice | None = None
    price_to: TypedPrice | None = None
    exterior: list[Name] = []
    float_from: TypedNumber | None = None
    float_to: TypedNumber | None = None
    rarity: list[Name] = []
    type: list[Name] = []
    stattrak: Flag | None = None
    seed: TypedNumber | None = None
    sort: Sort = "newest"
    names: Flag = Flag(0)  # grouped: of each name the cheapest
    view: View = "grid"
    page: Limit = Limit(1)


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter in force, and the address of the page without it."""

    text: str
    without: str


class Wish:
    """What is asked for, as far as it can be read; of what cannot, `faults` says why, by field."""

    def __init__(self, asked: MarketAsked) -> None:
        self.asked = asked
        self.faults: dict[str, str] = {}
        self.page = min(int(asked.page), PAGES_MAX)
        self.search = str(asked.search or "").strip()
        self.sorted_by, column, descending = SORTS[asked.sort]
        self.query = Query(
            str(asked.game or USUAL),
            words=words_of(asked.search),
            price_from_cents=self._price("price_from"),
            price_to_cents=self._price("price_to"),
            float_from=self._number("float_from", Float.read),
            float_to=self._number("float_to", Float.read),
            paintseed=self._number("seed", Whole.read),
            exteriors=_words(asked.exterior),
            rarities=_words(asked.rarity),
            types=_words(asked.type),
            is_stattrak=None if asked.stattrak is None else bool(asked.stattrak),
            sort=column,
            descending=descending,
            limit=TILES,
            offset=(self.page - 1) * TILES,
        )

    def _price(self, field: str) -> int | None:
        typed: TypedPrice | None = getattr(self.asked, field)
        if typed is None or not typed.strip():
            return None
        if typed.is_huge:
            self.faults[field] = "No price is that high."
        elif typed.cents is None:
            self.faults[field] = "Write a price such as 3.14."
        return typed.cents

    def _number(self, field: str, read: Callable[[str], Any]) -> Any:
        typed: TypedNumber | None = getattr(self.asked, field)
        if typed is None or not typed.bare:
            return None
        try:
            return read(typed.bare)
        except ValueError as fault:
            self.faults[field] = f"This {fault}."
            return None

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """What is asked for as the parameters of an address, without what goes without saying."""
        asked = self.asked
        every: list[tuple[str, Any, Any]] = [
            ("game", asked.game, None),
            ("search", asked.search, None),
            ("price_from", asked.price_from, None),
            ("price_to", asked.price_to, None),
            *(("exterior", word, None) for word in asked.exterior),
            ("float_from", asked.float_from, None),
            ("float_to", asked.float_to, None),
            *(("rarity", word, None) for word in asked.rarity),
            *(("type", word, None) for word in asked.type),
            ("stattrak", None if asked.stattrak is None else int(asked.stattrak), None),
            ("seed", asked.seed, None),
            ("sort", asked.sort, "newest"),
            ("names", int(asked.names), 0),
            ("view", asked.view, "grid"),
            ("page", self.page, 1),
        ]
        return [(name, str(value)) for name, value, usual in every if value is not None and value != usual]

    def address(self, path: str = MARKET, **changes: str | None) -> str:
        """The address of this view with some parameters other than they are; any change leads back to the first page."""
        pairs = [(name, value) for name, value in self.pairs if name not in changes and name != "page"]
        pairs += [(name, value) for name, value in changes.items() if value is not None]
        return f"{path}?{urlencode(pairs)}" if pairs else path

    @property
    def here(self) -> str:
        """The one address of what is shown."""
        return self.address(page=str(self.page) if self.page > 1 else None)

    def without(self, name: str, value: str) -> str:
        """The address without one word of a list of them."""
        pairs = [pair for pair in self.pairs if pair != (name, value) and pair[0] != "page"]
        return f"{MARKET}?{urlencode(pairs)}"

    @property
    def chips(self) -> Sequence[Chip]:
        """The filters in force, each to be taken away by itself."""
        asked, query, chips = self.asked, self.query, list[Chip]()
        if self.search:
            chips.append(Chip(f"“{self.search}”", self.address(search=None)))
        for name, words in (("price_from", "from ${}"), ("price_to", "up to ${}"), ("float_from", "float from {}"),
                            ("float_to", "float up to {}"), ("seed", "seed {}")):  # fmt: skip
            typed = getattr(asked, name)
            if typed and name not in self.faults:
                chips.append(Chip(words.format(typed.strip().lstrip("$")), self.without(name, str(typed))))
        for name in ("type", "exterior", "rarity"):
            chips += [Chip(str(word), self.without(name, str(word))) for word in getattr(asked, name)]
        if query.is_stattrak is not None:
            text = "StatTrak™" if query.is_stattrak else "without StatTrak™"
            chips.append(Chip(text, self.address(stattrak=None)))
        return chips


def words_of(search: str | None) -> tuple[str, ...]:
    """The words of what somebody typed, each to be found in a name; nobody types "AK-47 | Redline" with its bar."""
    return tuple((search or "").split(maxsplit=SEARCHED_MAX - 1))


def _words(words: Sequence[Name]) -> tuple[str, ...] | None:
    return tuple(str(word) for word in words[:WORDS_MAX]) or None
