"""What a shelf is told of an offer, and the bytes it shows for it: the one place that knows the row's shape."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import msgspec
import numpy as np
from numpy.typing import NDArray

from tradepost.market.shelf.values import EPOCH_DAY, PRICE_CENTS_MAX, WHOLE_MAX, whole

to_json = msgspec.json.Encoder().encode

ASSETID_MAX = 2**64 - 1  # Steam's asset ids are unsigned


@dataclass(frozen=True, slots=True)
class ShelfOffer:
    """An offer on sale, as far as lists, filters and groups need it."""

    id: int
    version: int  # grows with every change of the offer; decides which of two reports is the newer one
    project: str
    market_hash_name: str
    price_cents: int
    time_created: datetime  # with a time zone; shown, sorted and kept in whole seconds of UTC
    float_text: str | None
    paintindex: int | None
    paintseed: int | None
    exterior: str | None
    rarity: str | None
    type: str | None
    is_stattrak: bool
    seller_steamid: str
    account_id: int
    assetid: str


def check(offer: ShelfOffer) -> tuple[int, int]:
    """The seller and the asset as numbers; raises ValueError if the columns could not hold the offer."""
    seller, assetid = whole(offer.seller_steamid, WHOLE_MAX), whole(offer.assetid, ASSETID_MAX)
    if (
        seller is None
        or assetid is None
        or not 0 < offer.id <= WHOLE_MAX
        or not 0 <= offer.version <= WHOLE_MAX
        or not 0 <= offer.price_cents <= PRICE_CENTS_MAX
        or not 0 <= offer.account_id <= WHOLE_MAX
        or not 0 <= (offer.paintindex or 0) <= WHOLE_MAX
        or not 0 <= (offer.paintseed or 0) <= WHOLE_MAX
    ):
        raise ValueError(f"a field outside of the shelf's bounds: {offer!r}")
    return seller, assetid


# Up to the day: that is written at once or, where many rows are made of few days, looked up.
_LINE = (
    b'{"id":"%d","steam_market_hash_name":%b,"price":"%d.%b","project":%b,"floatvalue":%b,'
    b'"paintindex":%b,"paintseed":%b,"time_created":"'
)
_ONE = _LINE + b'%04d-%b-%b %b:%b:%b"}'
_OF_MANY = _LINE + b'%b%b:%b:%b"}'
_TWO = [b"%02d" % number for number in range(100)]  # sooner looked up than written, and each row has several


def render(offer: ShelfOffer, name_json: bytes, has_float: bool) -> bytes:
    """The offer as the JSON object of every public list; the name comes encoded, as many offers share it."""
    paintindex, paintseed = offer.paintindex, offer.paintseed
    at = offer.time_created.astimezone(UTC)
    units, cents = divmod(offer.price_cents, 100)
    # The moment's own formatting is the slowest thing here, and a merchant's list is made of these lines.
    return _ONE % (
        offer.id,
        name_json,
        units,
        _TWO[cents],
        to_json(offer.project),
        to_json(offer.float_text) if has_float else b"null",
        b"null" if paintindex is None else b"%d" % paintindex,
        b"null" if paintseed is None else b"%d" % paintseed,
        at.year,
        _TWO[at.month],
        _TWO[at.day],
        _TWO[at.hour],
        _TWO[at.minute],
        _TWO[at.second],
    )


class Lines:
    """Renders many offers of one game; numbers and days that many of them share are written once."""

    def __init__(self, project: str) -> None:
        self._project = to_json(project)
        self._written, self._days = _Written({None: b"null"}), _Days()

    def render(
        self,
        ids: Sequence[int],
        names_json: Iterable[bytes],
        prices_cents: NDArray[np.int64],
        floats: Iterable[str | None],
        paintindexes: Iterable[int | None],
        paintseeds: Iterable[int | None],
        seconds: NDArray[np.int64],
    ) -> list[bytes]:
        """The same as `render` of each; a float that is none comes as None, the moments as Unix seconds."""
        project, written, days = self._project, self._written, self._days
        units, cents = np.divmod(prices_cents, 100)
        day, second = np.divmod(seconds, 86_400)
        at = (numbers.tolist() for numbers in (day, second // 3600, second // 60 % 60, second % 60))
        told = zip(
            ids,
            names_json,
            units.tolist(),
            cents.tolist(),
            floats,
            paintindexes,
            paintseeds,
            *at,
            strict=True,
        )
        return [
            _OF_MANY % (id_, name, unit, _TWO[cent], project, b"null" if text is None else to_json(text), written[index], written[seed], days[on], _TWO[h], _TWO[m], _TWO[s])
            for id_, name, unit, cent, text, index, seed, on, h, m, s in told
        ]  # fmt: skip


class _Written(dict[int | None, bytes]):
    """Numbers as they are written: paint has few of them."""

    def __missing__(self, number: int) -> bytes:
        text = self[number] = b"%d" % number
        return text


class _Days(dict[int, bytes]):
    """Days since 1970 as they are written, with the blank that follows."""

    def __missing__(self, day: int) -> bytes:
        text = self[day] = b"%b " % date.fromordinal(EPOCH_DAY + day).isoformat().encode()
        return text


class _Shown(msgspec.Struct):
    """The one field that a row keeps and no column does: the float's own text."""

    floatvalue: str | None


_shown = msgspec.json.Decoder(_Shown)


def float_text(row: bytes) -> str | None:
    """The float's text as the row shows it, read back from the row so that it is not kept twice."""
    return _shown.decode(row).floatvalue
