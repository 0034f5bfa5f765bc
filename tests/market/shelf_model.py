"""A shelf as a list and a loop: what the real one must answer, and the random worlds that both are asked about."""

import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import numpy as np

from tradepost.market.shelf import Query, ShelfOffer, Sort
from tradepost.rules.letters import fold

PROJECTS = ("csgo", "dota2")
NAMES = (
    "AK-47 | Redline (Field-Tested)",
    "AK-47 | Redline (Minimal Wear)",
    "StatTrak™ AK-47 | Redline (Field-Tested)",
    "★ Karambit | Doppler (Factory New)",
    "100% Wool_Hat",
    'The "Quoted" \\ Name\n',
    "Straße",
    "P250 | Sand Dune (Battle-Scarred)",
    "龍王 | 龙",
)
TERMS = ("redline", "REDLINE (f", "™", "%", "_", "0% w", '"', "STRASSE", "a", "龍", "no such thing", "")
PRICES = (0, 1, 3, 3, 3, 7, 100, 12_345, 999_999_999)
FLOATS = (None, None, "0", "-0.0", "0.1", "0.10000000149", "0.25", "0.999999", "1e300", "nan", "wool", "-0.5")
WORDS = (None, "Field-Tested", "Covert", "Rifle")
IDS = (*range(1, 160), 2**31, 2**32, 2**32 + 1, 2**63 - 1)
START = datetime(2038, 1, 19, 3, 14, 5, tzinfo=UTC)  # the seconds around the end of signed 32 bits
SORTS: tuple[Sort, ...] = ("price", "time_created", "floatvalue", "id")
SELLER = 76561197960265728


def make_offer(id_: int = 1, version: int = 1, **fields: Any) -> ShelfOffer:
    """An offer, plain but for what is asked."""
    offer = ShelfOffer(
        id=id_,
        version=version,
        project="csgo",
        market_hash_name=NAMES[0],
        price_cents=7,
        time_created=datetime(2020, 7, 1, 18, 41, 20, tzinfo=UTC),
        float_text=None,
        paintindex=None,
        paintseed=None,
        exterior=None,
        rarity=None,
        type=None,
        is_stattrak=False,
        seller_steamid=str(SELLER + 1),
        account_id=1,
        assetid="18446744073709551615",
    )
    return replace(offer, **fields)


def random_offer(dice: random.Random, id_: int, version: int) -> ShelfOffer:
    """An offer out of few values, so that everything collides with everything."""
    return make_offer(
        id_,
        version,
        project=PROJECTS[id_ % 7 == 0],
        market_hash_name=dice.choice(NAMES),
        price_cents=dice.choice(PRICES),
        time_created=START + timedelta(milliseconds=dice.randrange(6) * 400),
        float_text=dice.choice(FLOATS),
        paintindex=dice.choice((None, 0, 44, 2**32 - 1)),
        paintseed=dice.choice((None, 0, 661)),
        exterior=dice.choice(WORDS),
        rarity=dice.choice(WORDS),
        type=dice.choice(WORDS),
        is_stattrak=dice.random() < 0.5,
        seller_steamid=str(SELLER + dice.randrange(3)),
        account_id=dice.randrange(3),
        assetid=str(dice.randrange(2**64)),
    )


def random_query(dice: random.Random) -> Query:
    """A query with few filters mostly, with many sometimes."""
    chance = dice.choice((0.0, 0.05, 0.1, 0.3))
    moments = [START + timedelta(milliseconds=400 * step) for step in range(-1, 7)]
    some: dict[str, Sequence[Any]] = {
        "names": [(name,) for name in NAMES] + [dice.sample(NAMES, 3), (*NAMES, "nobody's"), ()],
        "search": TERMS,
        "words": [(term, other) for term in TERMS for other in TERMS],
        "price_from_cents": (*PRICES, 2, 2**40),
        "price_to_cents": (*PRICES, 2, 2**40, -1),
        "time_from": moments,
        "time_to": moments,
        "float_from": ("-1", "0", "0.1", "0.2", "1e300"),
        "float_to": ("-1", "0", "0.1", "0.25", "3e38"),
        "float_exact": ("0", "0.1", "0.25", "-0.5"),
        "paintseed": (0, 661, 2**70),
        "paintindex": (0, 44, 2**32 - 1),
        "exteriors": [(word,) for word in WORDS[1:]] + [WORDS[1:3], ("unheard of",), ()],
        "rarities": [(word,) for word in WORDS[1:]],
        "types": [tuple(str(n) for n in range(20)) + WORDS[2:]],
        "is_stattrak": (True, False),
        "account_id": (0, 1, 2, 9, 2**70),
        "seller_steamid": (str(SELLER), str(SELLER + 2), "wool", "", "9" * 40),
    }
    asked = {field: dice.choice(values) for field, values in some.items() if dice.random() < chance}
    if "names" in asked:
        asked["names"] = tuple(asked["names"])
    return Query(
        dice.choice(PROJECTS),
        sort=dice.choice(SORTS),
        descending=dice.random() < 0.5,
        limit=dice.choice((0, 1, 3, 20, 1000)),
        offset=dice.choice((0, 0, 1, 5, 50, 10**12)),
        **asked,
    )


class Model:
    """The offers on sale by id, and the last version told of each, gone ones included."""

    def __init__(self) -> None:
        self.offers: dict[int, ShelfOffer] = {}
        self.versions: dict[int, int] = {}

    def put(self, offer: ShelfOffer) -> bool:
        """Enter an offer unless it is old news."""
        new = offer.version > self.versions.get(offer.id, -1)
        if new:
            self.offers[offer.id] = offer
            self.versions[offer.id] = offer.version
        return new

    def remove(self, id_: int, version: int) -> bool:
        """Take an offer off unless that is old news."""
        if version < self.versions.get(id_, -1):
            return False
        self.versions[id_] = version
        return self.offers.pop(id_, None) is not None

    def wanted(self, query: Query) -> list[ShelfOffer]:
        """Every offer that the query means, sorted."""
        return arrange([offer for offer in self.offers.values() if passes(offer, query)], query)

    def groups(self, query: Query) -> list[ShelfOffer]:
        """The cheapest of each name, of those that the query means, sorted."""
        cheapest: dict[str, ShelfOffer] = {}
        for offer in sorted(self.wanted(query), key=lambda offer: (offer.price_cents, offer.id)):
            cheapest.setdefault(offer.market_hash_name, offer)
        return arrange(cheapest.values(), query)


@cache
def number(text: str | None) -> float | None:
    """A float's text in 32 bits; None if that is not a finite number."""
    try:
        value = float(text or "nan")
    except ValueError:
        return None
    with np.errstate(over="ignore"):
        return float(np.float32(value)) if np.isfinite(value) else None


def passes(offer: ShelfOffer, query: Query) -> bool:
    """Whether an offer passes every filter of a query."""
    floated, shown = number(offer.float_text), offer.time_created.replace(microsecond=0)

    def within(value: Any, least: Any, most: Any) -> bool:
        return (least is None or value >= least) and (most is None or value <= most)

    asks_float = (query.float_from, query.float_to, query.float_exact) != (None, None, None)
    return (
        offer.project == query.project
        and (query.names is None or offer.market_hash_name in query.names)
        and (query.search is None or fold(query.search) in fold(offer.market_hash_name))
        and all(fold(word) in fold(offer.market_hash_name) for word in query.words)
        and within(offer.price_cents, query.price_from_cents, query.price_to_cents)
        and within(shown, query.time_from, query.time_to)
        and not (asks_float and floated is None)
        and within(floated, number(query.float_from), number(query.float_to))
        and within(floated, number(query.float_exact), number(query.float_exact))
        and query.paintseed in (None, offer.paintseed)
        and query.paintindex in (None, offer.paintindex)
        and (query.exteriors is None or offer.exterior in query.exteriors)
        and (query.rarities is None or offer.rarity in query.rarities)
        and (query.types is None or offer.type in query.types)
        and query.is_stattrak in (None, offer.is_stattrak)
        and query.account_id in (None, offer.account_id)
        and query.seller_steamid in (None, offer.seller_steamid)
    )


def arrange(offers: Iterable[ShelfOffer], query: Query) -> list[ShelfOffer]:
    """Offers in the order of a query: by value, then by id in the same direction, without a value last."""

    def value(offer: ShelfOffer) -> Any:
        return {
            "price": offer.price_cents,
            "time_created": offer.time_created.replace(microsecond=0),
            "floatvalue": number(offer.float_text),
            "id": offer.id,
        }[query.sort]

    valued = [(value(offer), offer.id, offer) for offer in offers]
    has, lacks = (
        [each for each in valued if each[0] is not None],
        [each for each in valued if each[0] is None],
    )
    has.sort(key=lambda each: each[:2], reverse=query.descending)
    lacks.sort(key=lambda each: each[1], reverse=query.descending)
    return [offer for _, _, offer in has + lacks]


def shown(offer: ShelfOffer) -> dict[str, object]:
    """The row of an offer, as a client reads it."""
    return {
        "id": str(offer.id),
        "steam_market_hash_name": offer.market_hash_name,
        "price": f"{offer.price_cents / 100:.2f}",
        "project": offer.project,
        "floatvalue": None if number(offer.float_text) is None else offer.float_text,
        "paintindex": offer.paintindex,
        "paintseed": offer.paintseed,
        "time_created": offer.time_created.strftime("%Y-%m-%d %H:%M:%S"),
    }


def read(rows: Iterable[bytes]) -> list[dict[str, object]]:
    """Rows as a client reads them."""
    return [json.loads(row) for row in rows]
