"""Filling: everything on sale put on new shelves, thousands of offers at a time.

What is cheap for one offer is not for a million: here every field is looked at once for all offers, and no object is
made of any. What is out of the ordinary is left to `Shelves.apply`, which knows what to say of it.
"""

from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from tradepost.market.shelf.game import Shelf
from tradepost.market.shelf.offer import ASSETID_MAX, Lines
from tradepost.market.shelf.shelves import Shelves
from tradepost.market.shelf.values import (
    FLOAT_NONE,
    NUMBER_NONE,
    PRICE_CENTS_MAX,
    SECONDS_MAX,
    WHOLE_MAX,
    float_values,
    time_values,
    whole,
    wholes,
)

_PROJECT, _ITEM_ID = itemgetter(2), itemgetter(3)  # of an offer
ITEMS_MIN = 1024  # room for so many items of a game; doubled as they come


class Stocked(Protocol):
    """An offer on sale as the database tells it: the fields of `Fields`, in their order."""

    def __getitem__(self, place: int, /) -> Any: ...

    def __iter__(self) -> Iterator[Any]: ...


class Fields(NamedTuple):
    """The fields of offers on sale, each as a column of many; an item stands there by its number."""

    id: Sequence[int]
    version: Sequence[int]
    project: Sequence[str]
    item_id: Sequence[int]
    price_cents: Sequence[int]
    made_seconds: Sequence[
        int | None
    ]  # Unix time, the begun second not counted; None for a moment that is none
    float_text: Sequence[str | None]
    paintindex: Sequence[int | None]
    paintseed: Sequence[int | None]
    seller_steamid: Sequence[str]
    account_id: Sequence[int]
    assetid: Sequence[str]


class Item(NamedTuple):
    """What all offers of an item share."""

    market_hash_name: str
    exterior: str | None
    rarity: str | None
    type: str | None
    is_stattrak: bool


class Filling:
    """New shelves, which nobody asks before they are full, and what is known of the items on them."""

    def __init__(self) -> None:
        self.shelves = Shelves()
        self._items: dict[int, Item] = {}
        self._games: dict[str, _Game] = {}

    def unknown(self, offers: Sequence[Stocked]) -> set[int]:
        """The numbers of the items among these offers that it has not heard of."""
        return set(map(_ITEM_ID, offers)) - self._items.keys()

    def learn(self, items: Mapping[int, Item]) -> None:
        """Remember items by their numbers."""
        self._items.update(items)

    def enter(self, offers: Sequence[Stocked]) -> list[int]:
        """Enter offers whose items are known, none of them twice; return the ids of those that are left to `apply`."""
        left: list[int] = []
        for project in set(map(_PROJECT, offers)):
            game = self._games.get(project)
            if game is None:
                game = self._games[project] = _Game(project, self.shelves.shelf(project), self._items)
            left += game.enter([offer for offer in offers if offer[2] == project])
        return left


class _Game:
    """One game's shelf while it is filled."""

    def __init__(self, project: str, shelf: Shelf, items: Mapping[int, Item]) -> None:
        self._shelf, self._items, self._lines = shelf, items, Lines(project)
        self._places: dict[int, int] = {}  # of an item's number in the table
        self._table = np.zeros(
            (ITEMS_MIN, 5), np.int32
        )  # its name, exterior, rarity, type, is_stattrak, as numbers
        self._sellers = _Sellers()

    def enter(self, offers: Sequence[Stocked]) -> list[int]:
        told, sellers = Fields(*zip(*offers, strict=True)), self._sellers
        number, price = np.array(told.id), np.array(told.price_cents)
        version, account = np.array(told.version), np.array(told.account_id)
        second = np.array([-1 if at is None else at for at in told.made_seconds])
        paintindex, paintseed = _with_none(told.paintindex), _with_none(told.paintseed)
        seller = np.array([sellers[steamid] for steamid in told.seller_steamid])
        assets = wholes(told.assetid, ASSETID_MAX)
        good = (number > 0) & (version >= 0) & (account >= 0) & (seller >= 0)
        good &= (price >= 0) & (price <= PRICE_CENTS_MAX) & (second >= 0) & (second <= SECONDS_MAX)
        for paint in (paintindex, paintseed):
            good &= (paint >= 0) | (paint == NUMBER_NONE)
        if None in assets:
            good &= np.array([asset is not None for asset in assets])
        if not good.all():
            fit = [offer for offer, is_good in zip(offers, good.tolist(), strict=True) if is_good]
            left: list[int] = number[~good].tolist()
            return left + (self.enter(fit) if fit else [])

        code, exterior, rarity, type_, is_stattrak = self._facts(told.item_id).T
        floated = float_values(told.float_text)
        shown = [
            text if has else None
            for text, has in zip(told.float_text, (floated != FLOAT_NONE).tolist(), strict=True)
        ]
        names = map(self._shelf.names.json.__getitem__, code.tolist())
        row = self._lines.render(told.id, names, price, shown, told.paintindex, told.paintseed, second)
        self._shelf.put_new(
            {
                "id": number,
                "version": version,
                "price": price,
                "time": time_values(second),
                "float": floated,
                "name": code,
                "exterior": exterior,
                "rarity": rarity,
                "type": type_,
                "is_stattrak": is_stattrak,
                "paintindex": paintindex,
                "paintseed": paintseed,
                "seller": seller,
                "account": account,
                "assetid": np.array(assets, np.uint64),
                "row": row,
            }
        )
        return []

    def _facts(self, item_ids: Sequence[int]) -> NDArray[np.int32]:
        """The rows of the table for these items."""
        places = self._places
        for item_id in set(item_ids).difference(places):
            item, place = self._items[item_id], len(places)
            if place == len(self._table):
                self._table = np.concatenate([self._table, np.zeros_like(self._table)])
            self._table[place] = self._shelf.numbers(*item)
            places[item_id] = place
        return self._table[[places[item_id] for item_id in item_ids]]


class _Sellers(dict[str, int]):
    """Steamids as numbers, below zero for what is none; sellers have many offers."""

    def __missing__(self, steamid: str) -> int:
        known = whole(steamid, WHOLE_MAX)
        number = self[steamid] = -1 if known is None else known
        return number


def _with_none(numbers: Sequence[int | None]) -> NDArray[np.int64]:
    return np.array([NUMBER_NONE if number is None else number for number in numbers])
