"""What people in the demo own: assets of the catalogue, each with an id, float and paint seed of its own."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tradepost.demo import catalogue
from tradepost.demo.catalogue import Item
from tradepost.demo.dice import Dice
from tradepost.rules.games import GAMES

PROJECT_WEIGHTS = {"csgo": 66, "dota2": 12, "tf2": 11, "games": 8, "rust": 3}  # of a hundred draws
POPULAR_ONE_IN, POPULAR_MIN = 40, 12  # names of a game that make up half of what is owned
STAPLES = (  # what a tour of the demo may count on
    "AK-47 | Redline (Field-Tested)",
    "AWP | Asiimov (Field-Tested)",
    "Desert Eagle | Light Rail (Field-Tested)",
    "Glock-18 | Candy Apple (Minimal Wear)",
    "P250 | Valence (Field-Tested)",
    "StatTrak™ MP9 | Deadly Poison (Well-Worn)",
    "Souvenir PP-Bizon | Night Ops (Battle-Scarred)",
    "★ Bayonet | Marble Fade (Minimal Wear)",
    "Fracture Case",
)
PAINT_SEED_MAX = 1000
_FIRST_ASSETID, _ASSETID_GAP_MAX = 38_000_000_000, 9_999


@dataclass(frozen=True, slots=True)
class Asset:
    """One item in one inventory."""

    assetid: str
    item: Item
    contextid: int
    float_value: float | None = None  # exactly a 32-bit float, as Steam keeps it
    paint_seed: int | None = None
    protected_until: datetime | None = None  # until then the trade that brought it here may be reversed
    is_tradable: bool = True  # some items never are


class Stock:
    """Draws assets of the catalogue, no two with one id."""

    def __init__(self, dice: Dice, *, first_assetid: int = _FIRST_ASSETID) -> None:
        """Chooses what is popular in this world."""
        self._dice = dice
        self._assetid = first_assetid
        self._items = {
            project: [item for item in catalogue.load() if item.project == project]
            for project in PROJECT_WEIGHTS
        }
        self._popular = {project: self._choose_popular(items) for project, items in self._items.items()}
        self._projects = [project for project, weight in PROJECT_WEIGHTS.items() for _ in range(weight)]

    def draw(self) -> Asset:
        """Returns a new asset: half the time of a popular name, else rather of a cheap than of a dear one."""
        project = self._dice.pick(self._projects)
        if self._dice.roll(2):
            return self.make(self._dice.pick(self._popular[project]))
        first, second = self._dice.pick(self._items[project]), self._dice.pick(self._items[project])
        return self.make(min(first, second, key=lambda item: item.price_cents))

    def make(self, item: Item, *, protected_until: datetime | None = None, is_tradable: bool = True) -> Asset:
        """Returns a new asset of the item, tradable, under Steam's trade protection, or never to be traded."""
        game = GAMES[item.project]
        self._assetid += 1 + self._dice.roll(_ASSETID_GAP_MAX)
        return Asset(
            assetid=str(self._assetid),
            item=item,
            contextid=game.contexts[-1] if protected_until else game.contextid,
            float_value=self._float(item.float_min, item.float_max),
            paint_seed=None if item.paint_index is None else self._dice.roll(PAINT_SEED_MAX + 1),
            protected_until=protected_until,
            is_tradable=is_tradable,
        )

    def _float(self, low: float | None, high: float | None) -> float | None:
        """Returns a float of the range as 32 bits keep it; one rounded out of the range is drawn again."""
        if low is None or high is None:
            return None
        while True:
            kept: float = struct.unpack("<f", struct.pack("<f", self._dice.between(low, high)))[0]
            if low <= kept < high:
                return kept

    def _choose_popular(self, items: Sequence[Item]) -> list[Item]:
        """Returns some names which change hands often: the cheaper of pairs, and the staples."""
        pairs = [
            (self._dice.pick(items), self._dice.pick(items))
            for _ in range(POPULAR_MIN + len(items) // POPULAR_ONE_IN)
        ]
        staples = [item for item in items if item.market_hash_name in STAPLES]
        return staples + [min(pair, key=lambda item: item.price_cents) for pair in pairs]
