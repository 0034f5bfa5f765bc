"""Shelves: everything on sale, one shelf a game, fed with changes and asked for pages, groups, dumps and prices."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import numpy as np

from tradepost import log
from tradepost.market.shelf.dump import Dump
from tradepost.market.shelf.facets import Facets, count_facets
from tradepost.market.shelf.game import REFILL_CHANGES_MIN, Shelf
from tradepost.market.shelf.offer import ShelfOffer
from tradepost.market.shelf.query import NamePrice, Page, Query
from tradepost.market.shelf.selection import select_groups, select_page, select_rows, select_slots
from tradepost.rules.letters import fold

logger = log.get(__name__)

TOMBSTONES_MAX = 100_000  # offers gone that are remembered, so that a late report does not bring them back

Listed = tuple[int, int]  # an offer's id and its price in cents


class Shelves:
    """What one process knows to be on sale: a copy for reading, Postgres stays the only truth for buying.

    One event loop calls it, and no method waits: whatever is answered is true of one moment.
    """

    def __init__(self, generation: int = 0) -> None:
        # It grows with each batch that changed anything, so it can name an answer's state. Shelves that take the place
        # of others go on from theirs: what was made of those must not be taken for what these would say.
        self.generation = generation
        self._shelves: dict[str, Shelf] = {}
        self._dumps: dict[str, Dump] = {}
        self._tombstones: dict[int, int] = {}  # id to version, the longest gone first
        self._journal: list[tuple[Sequence[ShelfOffer], Sequence[tuple[int, int]]]] | None = None

    def apply(self, upserts: Sequence[ShelfOffer], gone: Sequence[tuple[int, int]]) -> None:
        """Enter offers that are on sale and (id, version) of those that are not, in any order, any number of times.

        Of what is known and what is told, the higher version counts; of an offer told to be on sale and to be gone
        in the same version, that it is gone. An offer that the columns can not hold counts as gone, and the log
        says so: one broken row of the database must not keep all others from being seen.
        """
        if self._journal is not None:
            self._journal.append((upserts, gone))
        changes = len(upserts) + len(gone)
        if changes >= REFILL_CHANGES_MIN:
            for project, count in Counter(offer.project for offer in upserts).items():
                self.shelf(project).expect(count + len(gone))
        changed = False
        for offer in upserts:
            changed |= self._put(offer)
        for id_, version in gone:
            changed |= self._remove(id_, version)
        self.generation += changed

    def keep_journal(self) -> None:
        """Remember what is entered from now on, for shelves that are filled meanwhile to take these ones' place."""
        self._journal = []

    def hand_over(self, successor: "Shelves | None") -> None:
        """Enter it there as well: what is shown here must not be missing there; to nobody, and it is forgotten."""
        journal, self._journal = self._journal or [], None
        if successor is not None:
            for upserts, gone in journal:
                successor.apply(upserts, gone)
            successor.generation = self.generation + 1

    def settle(self) -> None:
        """Sort what large batches left unsorted; done by the next reader otherwise, who then waits for it."""
        for shelf in self._shelves.values():
            shelf.settle()

    def count(self, project: str) -> int:
        """How many offers of a game are on sale."""
        shelf = self._shelves.get(project)
        return 0 if shelf is None else len(shelf)

    def offer(self, id_: int) -> ShelfOffer | None:
        """An offer on sale, by its id."""
        for project, shelf in self._shelves.items():
            slot = shelf.slot.get(id_)
            if slot is not None:
                return shelf.offer(slot, project)
        return None

    def is_gone(self, id_: int) -> bool:
        """Say whether an offer is known to have gone off sale, as far as that is remembered."""
        return id_ in self._tombstones

    def row(self, id_: int) -> bytes | None:
        """An offer on sale as the JSON object of the lists, by its id."""
        found = self.shown(id_)
        return None if found is None else found[0]

    def shown(self, id_: int) -> tuple[bytes, int] | None:
        """The same row, and the steamid of whose item it is."""
        for shelf in self._shelves.values():
            slot = shelf.slot.get(id_)
            if slot is not None:
                return shelf.columns.row[slot], shelf.columns.seller.item(slot)
        return None

    def assetids(self, project: str, ids: Sequence[int]) -> list[int]:
        """The assets of offers that a page of a game has just shown."""
        shelf = self._shelves.get(project)
        return [] if shelf is None else shelf.columns.assetid.take([shelf.slot[id_] for id_ in ids]).tolist()

    def page(self, query: Query) -> Page:
        """The page of offers that a query asks for, with the exact total."""
        shelf = self._settled(query.project)
        return Page(0, [], []) if shelf is None else select_page(shelf, query)

    def rows(self, query: Query) -> tuple[int, list[bytes]]:
        """The rows of the same page, after the exact total."""
        shelf = self._settled(query.project)
        return (0, []) if shelf is None else select_rows(shelf, query)

    def groups(self, query: Query) -> Page:
        """The page of names that a query asks for, each shown by the cheapest of its offers that the query means.

        Sort, limit, offset and total are of the groups; of equally cheap offers the lowest id is shown.
        """
        shelf = self._settled(query.project)
        return Page(0, [], []) if shelf is None else select_groups(shelf, query)

    def facets(self, query: Query) -> Facets:
        """The words that offers of a game can be filtered by, and how many offers each would leave."""
        shelf = self._settled(query.project)
        return Facets() if shelf is None else count_facets(shelf, query)

    def dump(self, project: str, offset: int, limit: int) -> list[bytes]:
        """Rows on sale, newest first, in pieces which one after another are the rows with commas between them.

        Every piece is the same object again until an offer in it changes.
        """
        shelf = self._settled(project)
        return [] if shelf is None else self._dumps[project].pieces(offset, limit)

    def lowest_cents(self, project: str, name: str) -> int | None:
        """The price of the cheapest offer of a name, if it has one."""
        shelf = self._settled(project)
        return None if shelf is None else shelf.names.floor_cents(name)

    def names(self, project: str, search: str | None = None) -> list[str]:
        """The names on sale that hold a term in any case, in the order of the names."""
        shelf = self._settled(project)
        term = fold(search or "")
        names = [] if shelf is None else [shelf.names.text[code] for code in shelf.names.by_name().tolist()]
        return [name for name in names if term in fold(name)] if term else names

    def by_names(
        self,
        project: str,
        names: Sequence[str] | None,
        cap: int,
        *,
        time_from: datetime | None = None,
        time_to: datetime | None = None,
    ) -> dict[str, list[Listed]]:
        """The newest offers of these names, at most `cap` in all, newest first within each name.

        Every name asked for is there, in the order asked. None asks for all names: those are there that have one
        of the newest offers.
        """
        listed: dict[str, list[Listed]] = {name: [] for name in names or ()}
        shelf = self._settled(project)
        if shelf is None:
            return listed
        asked = None if names is None else tuple(names)
        _, slots = select_slots(shelf, Query(project, asked, time_from=time_from, time_to=time_to, limit=cap))
        columns, text = shelf.columns, shelf.names.text
        fields = [column.take(slots).tolist() for column in (columns.name, columns.id, columns.price)]
        for code, id_, price_cents in zip(*fields, strict=True):
            listed.setdefault(text[code], []).append((id_, price_cents))
        return listed

    def prices(self, project: str) -> list[NamePrice]:
        """The cheapest price and the number of offers of each name on sale, in the order of the names."""
        return list(map(NamePrice._make, zip(*self.price_columns(project), strict=True)))

    def price_columns(
        self, project: str, names: Sequence[str] | None = None, search: str | None = None
    ) -> tuple[list[str], list[int], list[int]]:
        """The same as `prices` in three lists, which takes a fifth of the time; of these names, with this in them."""
        shelf = self._settled(project)
        if shelf is None:
            return [], [], []
        known, codes = shelf.names, shelf.names.by_name()
        wanted = known.wanted(names, search)
        if wanted is not None:
            codes = codes[np.isin(codes, wanted)]
        texts = [known.text[code] for code in codes.tolist()]
        return texts, (known.floor[codes] >> 32).tolist(), known.count[codes].tolist()

    def shelf(self, project: str) -> Shelf:
        """The shelf of a game, made now if it has had no offer yet; for `filling`, others ask the methods above."""
        shelf = self._shelves.get(project)
        if shelf is None:
            shelf = self._shelves[project] = Shelf()
            self._dumps[project] = Dump(shelf)
        return shelf

    def _settled(self, project: str) -> Shelf | None:
        shelf = self._shelves.get(project)
        if shelf is not None:
            shelf.settle()
        return shelf

    def _where(self, id_: int) -> Shelf | None:
        for shelf in self._shelves.values():
            if id_ in shelf.slot:
                return shelf
        return None

    def _put(self, offer: ShelfOffer) -> bool:
        known = self._where(offer.id)
        version = self._tombstones.get(offer.id) if known is None else known.version(offer.id)
        if version is not None and offer.version <= version:
            return False
        shelf = self.shelf(offer.project)
        try:
            shelf.put(offer)
        except ValueError as error:
            logger.error("offer_can_not_be_shown", offer_id=offer.id, version=offer.version, why=str(error))
            return self._remove(offer.id, offer.version)
        self._tombstones.pop(offer.id, None)
        if known is not None and known is not shelf:
            known.remove(offer.id)
        return True

    def _remove(self, id_: int, version: int) -> bool:
        known = self._where(id_)
        if known is not None:
            if version < (known.version(id_) or 0):
                return False
            known.remove(id_)
        self._tombstones[id_] = max(version, self._tombstones.pop(id_, version))
        if len(self._tombstones) > TOMBSTONES_MAX:
            del self._tombstones[next(iter(self._tombstones))]
        return known is not None
