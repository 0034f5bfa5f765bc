"""Facets: the words that offers can be filtered by, held against counting them one by one."""

import random
from collections import Counter

import pytest
from msgspec.structs import replace

from stock import MARKET_NOW as NOW
from tradepost.market.shelf import Facets, Query, ShelfOffer, Shelves

WEARS = ("Factory New", "Field-Tested", None)
RARITIES = ("Covert", "Mil-Spec", None)
TYPES = ("Rifle", "Pistol", "Sticker", None)


def offer(dice: random.Random, id_: int) -> ShelfOffer:
    return ShelfOffer(
        id=id_,
        version=1,
        project="csgo",
        market_hash_name=f"{dice.choice('abc')} | {dice.randrange(9)}",
        price_cents=dice.randrange(1, 500),
        time_created=NOW,
        float_text=None,
        paintindex=None,
        paintseed=dice.choice((None, 1, 2)),
        exterior=dice.choice(WEARS),
        rarity=dice.choice(RARITIES),
        type=dice.choice(TYPES),
        is_stattrak=dice.random() < 0.2,
        seller_steamid="76561198000000001",
        account_id=1,
        assetid=str(id_),
    )


def counted(shelves: Shelves, query: Query) -> Facets:
    """The same, one by one."""

    def of(field: str, **without: None) -> dict[str, int]:
        every = [shelves.offer(id_) for id_ in shelves.page(Query("csgo", limit=10_000)).ids]
        words = {getattr(one, field) for one in every} - {None}
        left = [shelves.offer(id_) for id_ in shelves.page(replace(query, limit=10_000, **without)).ids]
        counts = Counter(getattr(one, field) for one in left)
        return {word: counts[word] for word in words}

    return Facets(of("exterior", exteriors=None), of("rarity", rarities=None), of("type", types=None))


@pytest.mark.parametrize(
    "query",
    [
        Query("csgo"),
        Query("csgo", exteriors=("Field-Tested",)),
        Query("csgo", types=("Rifle", "Pistol"), rarities=("Covert",), price_to_cents=250),
        Query("csgo", search="a |", is_stattrak=False, exteriors=("Factory New", "Field-Tested")),
        Query("csgo", paintseed=1, types=("Nothing of the kind",)),
    ],
    ids=lambda query: f"{query.types}{query.exteriors}",
)
def test_each_word_is_counted_under_all_filters_but_that_of_its_kind(query: Query) -> None:
    dice, shelves = random.Random(11), Shelves()
    shelves.apply([offer(dice, id_) for id_ in range(1, 400)], [])
    shelves.apply([], [(id_, 2) for id_ in range(1, 400, 7)])  # whose slots are free, and count for nothing
    assert shelves.facets(query) == counted(shelves, query)


def test_a_game_of_which_nothing_was_ever_on_sale_has_no_words() -> None:
    assert Shelves().facets(Query("dota2")) == Facets()
