"""The catalogue: one row a market hash name of a game, with what Steam says of it and its Steam price."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cached_property
from typing import Literal

from tradepost.app import App
from tradepost.db import Reader, Tx
from tradepost.market.recent import Recent
from tradepost.rules.games import GAMES, Game
from tradepost.rules.letters import fold
from tradepost.rules.money import CENTS_MAX
from tradepost.rules.refusals import Malformed
from tradepost.steam.answers import InventoryItem
from tradepost.steam.wire import TEXT_CHARS_MAX, text
from tradepost.turns import in_turns

CATALOGUE_SECONDS = 10.0  # how old the lists of Steam items and prices may be
ID_MAX = 2**63 - 1  # there are no ids beyond
KEPT_SECONDS = 3600.0  # and how long a list is kept while nothing in it changes

Sort = Literal["market_hash_name", "price"]


@dataclass(frozen=True, slots=True)
class SteamItem:
    """What all assets of one name have in common: the row of the table `steam_item`, field for column."""

    id: int
    project: str
    market_hash_name: str
    type: str | None
    rarity: str | None
    exterior: str | None
    is_stattrak: bool
    icon: str
    price_cents: int | None
    priced_at: datetime | None


_COLUMNS = ", ".join(field.name for field in fields(SteamItem))
_LEARN = """
    INSERT INTO steam_item AS i (project, market_hash_name, type, rarity, exterior, is_stattrak, icon)
    SELECT $1, * FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::bool[], $7::text[])
        ON CONFLICT (project, market_hash_name) DO UPDATE
       SET type = coalesce(i.type, excluded.type), rarity = coalesce(i.rarity, excluded.rarity),
           exterior = coalesce(i.exterior, excluded.exterior), icon = coalesce(nullif(i.icon, ''), excluded.icon),
           is_stattrak = i.is_stattrak OR excluded.is_stattrak
    RETURNING id, market_hash_name
"""


def game_of(project: str) -> Game:
    """Return the game that a project's word means; raises Malformed for any other word."""
    if project not in GAMES:
        raise Malformed("project", f"must be one of {', '.join(GAMES)}")
    return GAMES[project]


async def by_name(tx: Reader, project: str, names: Collection[str]) -> dict[str, SteamItem]:
    """Return the items of a game by their names; names that the catalogue lacks, or cannot have, are left out."""
    rows = await tx.rows(
        SteamItem,
        f"SELECT {_COLUMNS} FROM steam_item WHERE project = $1 AND market_hash_name = ANY ($2)",
        project, [name for name in names if text(name)],
    )  # fmt: skip
    return {row.market_hash_name: row for row in rows}


async def by_id(tx: Reader, id_: int) -> SteamItem | None:
    """Return an item of the catalogue, or None where it has no such item."""
    return await tx.row(SteamItem, f"SELECT {_COLUMNS} FROM steam_item WHERE id = $1", min(id_, ID_MAX))


async def learn(tx: Tx, items: Iterable[InventoryItem]) -> dict[str, int]:
    """Take over what an inventory of one game shows of names that are new or not described yet; ids by name.

    What is known stays: two assets of one name may differ in their pictures, and each would undo the other's.
    """
    seen = {item.market_hash_name: item for item in items}
    if not seen:
        return {}
    (project,) = {item.project for item in seen.values()}
    known = await by_name(tx, project, seen)
    new = [item for name, item in sorted(seen.items()) if name not in known or _says_more(item, known[name])]
    ids = {name: item.id for name, item in known.items()}
    if new:
        rows = await tx.fetch(
            _LEARN,
            project,
            [item.market_hash_name for item in new],
            [item.type or None for item in new],
            [item.rarity for item in new],
            [item.exterior for item in new],
            [item.is_stattrak for item in new],
            [item.icon_url for item in new],
        )
        ids |= {row["market_hash_name"]: row["id"] for row in rows}
    return ids


def _says_more(item: InventoryItem, known: SteamItem) -> bool:
    return bool(
        (item.type and known.type is None)
        or (item.rarity and known.rarity is None)
        or (item.exterior and known.exterior is None)
        or (item.is_stattrak and not known.is_stattrak)
        or (item.icon_url and not known.icon)
    )


async def set_prices(tx: Tx, project: str, prices: Mapping[str, int], now: datetime) -> int:
    """Keep Steam prices in cents by name, new names included; return how many rows were written.

    `now` is real time: prices age with Steam's market. One older than the price that is kept changes nothing.
    """
    game_of(project)
    for name, cents in prices.items():
        if not text(name):
            raise Malformed("market_hash_name", f"must be 1 to {TEXT_CHARS_MAX} characters, none of control")
        if not 0 < cents <= CENTS_MAX:
            raise Malformed("price", f"of {name} must be above nothing and below ten million USD")
    ordered = sorted(prices.items())
    return await tx.execute(
        "INSERT INTO steam_item AS i (project, market_hash_name, price_cents, priced_at)"
        " SELECT $1, name, cents, $4 FROM unnest($2::text[], $3::bigint[]) AS p (name, cents)"
        " ON CONFLICT (project, market_hash_name) DO UPDATE SET price_cents = excluded.price_cents,"
        " priced_at = excluded.priced_at WHERE coalesce(i.priced_at <= excluded.priced_at, true)",
        project, [name for name, _ in ordered], [cents for _, cents in ordered], now,
    )  # fmt: skip


# Lists ------------------------------------------------------------------------------------------------------


class Catalogue:
    """The items of one game that have a Steam price, as they were a moment ago."""

    def __init__(self, items: list[SteamItem]) -> None:
        self.by_name = items  # in the order of the names

    @cached_property
    def folded(self) -> dict[int, str]:
        """Each name as it is searched in, by the item's id."""
        return {item.id: fold(item.market_hash_name) for item in self.by_name}

    @cached_property
    def cents(self) -> dict[str, int]:
        """The Steam price of each name."""
        return {item.market_hash_name: _cents(item) for item in self.by_name}

    @cached_property
    def cheapest_first(self) -> list[SteamItem]:
        """By price, and the equally cheap by name."""
        return sorted(self.by_name, key=_cents)

    @cached_property
    def dearest_first(self) -> list[SteamItem]:
        """By price downwards, and the equally dear by name."""
        return sorted(self.by_name, key=_cents, reverse=True)

    def page(
        self,
        *,
        names: Collection[str] | None = None,
        search: str | None = None,
        words: Collection[str] = (),
        sort: Sort = "market_hash_name",
        descending: bool = False,
        limit: int,
        offset: int = 0,
    ) -> tuple[list[SteamItem], int]:
        """A page of these items, and how many there are in all.

        `search` is a part of the name, in any case of letters, and so is each of `words`; `names` are whole names.
        """
        if sort == "price":
            items = self.dearest_first if descending else self.cheapest_first
        else:
            items = self.by_name[::-1] if descending else self.by_name
        if names is not None:
            wanted = set(names)
            items = [item for item in items if item.market_hash_name in wanted]
        parts = {fold(part) for part in (search or "", *words)} - {""}
        if parts:
            items = [item for item in items if all(part in self.folded[item.id] for part in parts)]
        return items[offset : offset + limit], len(items)


def _cents(item: SteamItem) -> int:
    return item.price_cents or 0


# Thousands of rows are read again only when something in them changed, which a sum over them tells.
_sums: Recent[str, str] = Recent(CATALOGUE_SECONDS, len(GAMES))
_catalogues: Recent[tuple[str, str], Catalogue] = Recent(KEPT_SECONDS, 2 * len(GAMES))


async def priced(app: App, project: str) -> Catalogue:
    """Return the items of a game that have a Steam price: the same object again until something in it changes.

    Raises Malformed for a project that is none.
    """
    game_of(project)
    sum_ = await _sums.get(app, project, lambda: _sum(app, project))
    found = await _catalogues.get(app, (project, sum_), lambda: _read(app, project))
    # A price changes every few seconds: what it replaces would take the memory, and the place of the other games'.
    _catalogues.forget(app, lambda key: key[0] == project and key[1] != sum_)
    return found


async def _sum(app: App, project: str) -> str:
    """A text that changes with anything that the catalogue of a game shows."""
    found: str = await app.db.value(
        "SELECT concat_ws(' ', count(*), max(priced_at), sum(price_cents::numeric * id), count(type), count(rarity),"
        " count(exterior), count(nullif(icon, ''))) FROM steam_item WHERE project = $1 AND price_cents IS NOT NULL",
        project,
    )
    return found


async def _read(app: App, project: str) -> Catalogue:
    rows = await app.db.fetch(
        f"SELECT {_COLUMNS} FROM steam_item WHERE project = $1 AND price_cents IS NOT NULL"
        ' ORDER BY market_hash_name COLLATE "C"',
        project,
    )
    return Catalogue(await in_turns(rows, lambda row: SteamItem(*row)))
