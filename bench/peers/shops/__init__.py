"""The shops: ours and its peers, each with how it is run, what a shop front asks it, and how one buys from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import aiohttp

from bench.peers.ground import Door
from bench.wrk import Request
from tradepost.db import Db

PAGES = 20  # of a list, that its readers turn
PAGE = 20
TERM = "karambit"  # what is searched for: a tenth of the items have it in their names
SHOWN = range(1_001, 2_001)  # items that are looked at, and not bought
LAST_UNIT = 2_500  # the item that many want at once


class SoldOut(Exception):
    """The shop said that the item cannot be had any more: an answer, no error."""


class Failed(Exception):
    """The shop did something that it should not have done."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Requests of one kind of work, and a text that each good answer to them has."""

    requests: Sequence[Request]
    expected: str


class Shop(Protocol):
    """A shop as the benchmark sees it."""

    name: str  # of its folder and its database
    title: str  # with its version
    purchase_requests: int  # that one purchase takes
    note: str  # what to know of its figures

    def listing(self) -> Wish:
        """Pages of twenty items by price, the cheapest first."""
        ...

    def prices(self, page: str) -> list[int]:
        """The prices in cents that a page of the list shows, in its order."""
        ...

    def search(self) -> Wish:
        """Pages of twenty items whose names have the term."""
        ...

    def item(self) -> Wish:
        """Single items, each with its price."""
        ...

    def visitor(self, buyer: int) -> Mapping[str, str]:
        """The headers of a buyer's requests."""
        ...

    async def buy(self, http: aiohttp.ClientSession, url: str, item: int, buyer: int) -> None:
        """Buy an item until its stock is taken; raises SoldOut or Failed."""
        ...

    async def sold(self, db: Db, item: int) -> int:
        """How many purchases of an item the shop's own database has."""
        ...

    async def purchases(self, db: Db) -> int:
        """How many purchases there are in all."""
        ...


class Peer(Shop, Protocol):
    """A shop of others: it is also installed, filled and started by its own programs."""

    programs: Sequence[str]  # that this machine must have for it

    def install(self, home: Path) -> Sequence[Sequence[str | Path]]:
        """What fetches it into its home, where its project's files are already."""
        ...

    def fill(self, home: Path, items: Path) -> Sequence[Sequence[str | Path]]:
        """What makes its tables in an empty database, and fills them."""
        ...

    def indexes(self) -> Sequence[str]:
        """SQL for what such a shop's operator would add for these items."""
        ...

    def environ(self, home: Path, door: Door, port: int) -> Mapping[str, str]:
        """The environment of all its programs."""
        ...

    def serve(self, home: Path, port: int) -> Sequence[str | Path]:
        """What runs its one server."""
        ...

    async def know(self, db: Db) -> None:
        """Read what a shop front has to know of this shop."""
        ...
