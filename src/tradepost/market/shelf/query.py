"""What a list is asked for and what it answers: the shelf's side of every list call of every dialect."""

from datetime import datetime
from typing import Literal, NamedTuple

import msgspec

Sort = Literal["price", "time_created", "floatvalue", "id"]


class Query(msgspec.Struct, frozen=True):
    """Which offers of one game are wanted, in what order, and which page of them.

    Every filter that is not None must hold; bounds are inclusive. `search` is a substring of the name in any case,
    nothing in it is a wildcard; so is each of `words`, in whatever order the name has them. Floats are texts of finite numbers and compare as 32-bit floats. Moments carry a
    time zone and compare with the whole seconds that rows show.

    The order is total: equal prices, times or floats go by id, ascending when ascending, descending when
    descending. Offers without a float come last in both directions.

    A struct, as one is made for each list that is asked for: a frozen dataclass takes ten times as long.
    """

    project: str
    names: tuple[str, ...] | None = None
    search: str | None = None
    words: tuple[str, ...] = ()
    price_from_cents: int | None = None
    price_to_cents: int | None = None
    time_from: datetime | None = None
    time_to: datetime | None = None
    float_from: str | None = None
    float_to: str | None = None
    float_exact: str | None = None
    paintseed: int | None = None
    paintindex: int | None = None
    exteriors: tuple[str, ...] | None = None
    rarities: tuple[str, ...] | None = None
    types: tuple[str, ...] | None = None
    is_stattrak: bool | None = None
    account_id: int | None = None
    seller_steamid: str | None = None
    sort: Sort = "time_created"
    descending: bool = True
    limit: int = 100
    offset: int = 0

    @property
    def is_plain(self) -> bool:
        """Whether it filters nothing: all offers of the game are meant."""
        return self == Query(
            self.project, sort=self.sort, descending=self.descending, limit=self.limit, offset=self.offset
        )


class Page(NamedTuple):
    """One page of an answer: how many there are in all, and the rows of this page as JSON objects."""

    total: int
    rows: list[bytes]
    ids: list[int]
    # Of groups only: the name that each row is the cheapest of.
    names: tuple[str, ...] = ()


class NamePrice(NamedTuple):
    """What the market has of one name."""

    name: str
    cheapest_cents: int
    offers: int
