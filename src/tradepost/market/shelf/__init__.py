"""The shelf: all offers on sale, kept in memory by every web process, sorted and rendered before anybody asks.

Lists, filters, groups, totals and dumps are answered from here in microseconds, whatever their offset.
`Shelves` is the door; `blocks` is the structure underneath, `selection` the plans that queries are answered by.
"""

from tradepost.market.shelf.facets import Facets
from tradepost.market.shelf.filling import Filling, Item, Stocked
from tradepost.market.shelf.offer import ShelfOffer
from tradepost.market.shelf.query import NamePrice, Page, Query, Sort
from tradepost.market.shelf.shelves import Listed, Shelves

__all__ = [
    "Facets",
    "Filling",
    "Item",
    "Listed",
    "NamePrice",
    "Page",
    "Query",
    "ShelfOffer",
    "Shelves",
    "Sort",
    "Stocked",
]
