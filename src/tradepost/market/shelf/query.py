"""What a list is asked for and what it answers: the shelf's side of every list call of every dialect."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

Sort = Literal["price", "time_created", "floatvalue", "id"]


@dataclass(frozen=True, slots=True)
class Query:
    """Which offers of one game are wanted, in what order, and which page of them.

    Every filter that is not None must hold; bounds are inclusive. `search` is a substring of the name in any case,
    nothing in it is a wildcard; so is each of `words`, in whatever order the name has them. Floats are texts of finite numbers and compare as 32-bit floats. Moments carry a
    time zone and compare with the whole seconds that rows show.

    The order is total: equal prices, times or floats go by id, ascending when ascending, descending when
    descending. Offers without a float come last in both directions.
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


@dataclass(frozen=True, slots=True)
class Page:
    """One page of an answer: how many there are in all, and the rows of this page as JSON objects."""

    total: int
    rows: list[bytes]
    ids: list[int]
    # Of groups only: the name that each row is the cheapest of.
    names: list[str] = field(default_factory=list)


class NamePrice(NamedTuple):
    """What the market has of one name."""

    name: str
    cheapest_cents: int
    offers: int
