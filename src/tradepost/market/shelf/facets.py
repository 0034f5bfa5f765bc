"""Facets: which exteriors, rarities and types a game's offers have, and how many a filter would leave of each."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from msgspec.structs import replace

from tradepost.market.shelf.columns import Column
from tradepost.market.shelf.game import Shelf
from tradepost.market.shelf.query import Query
from tradepost.market.shelf.values import PRICE_NONE
from tradepost.market.shelf.wanted import Wanted


@dataclass(frozen=True, slots=True)
class Facets:
    """The words that a game's offers have, each with how many offers have it and pass all filters but that of its kind."""

    exteriors: Mapping[str, int] = field(default_factory=dict)
    rarities: Mapping[str, int] = field(default_factory=dict)
    types: Mapping[str, int] = field(default_factory=dict)


def count_facets(shelf: Shelf, query: Query) -> Facets:
    """The words of a shelf, and their numbers under a query."""
    columns = shelf.columns
    on_sale = columns.price[: columns.used] != PRICE_NONE
    found = list[dict[str, int]]()
    kinds: list[tuple[Column, Query]] = [
        (columns.exterior, replace(query, exteriors=None)),
        (columns.rarity, replace(query, rarities=None)),
        (columns.type, replace(query, types=None)),
    ]
    for values, others in kinds:
        known = np.bincount(values[: columns.used][on_sale], minlength=len(shelf.words))
        wanted, counts = Wanted(shelf, others), known
        if not wanted.only():  # without any filter the words are counted already
            counts = np.bincount(values.take(wanted.slots()), minlength=len(shelf.words))
        found.append(
            {
                word: counts.item(number)
                for word, number in shelf.words.items()
                if word is not None and known[number]
            }
        )
    exteriors, rarities, types = found
    return Facets(exteriors, rarities, types)
