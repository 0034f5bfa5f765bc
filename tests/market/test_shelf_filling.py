"""Shelves filled by the thousand: they answer as those do which were told of each offer by itself."""

import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from market.shelf_model import FLOATS, PROJECTS, make_offer, random_offer, random_query
from tradepost.market.shelf import Filling, Item, ShelfOffer, Shelves, Stocked, filling
from tradepost.market.shelf.offer import ASSETID_MAX

PORTION = 7
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EDGES: tuple[dict[str, Any], ...] = (
    {"time_created": EPOCH},
    {"time_created": EPOCH + timedelta(seconds=2**32 - 1, milliseconds=999)},
    {"time_created": datetime(2026, 2, 28, 23, 59, 59, 999_999, tzinfo=UTC)},
    {"float_text": "1e39"},
    {"float_text": "-1e39"},
    {"float_text": "3.4028235677973366e+38"},
    {"float_text": "1_0"},
    {"float_text": "-inf"},
    {"float_text": '"'},
    {"paintseed": 2**63 - 1, "paintindex": 0},
    {"seller_steamid": "0", "assetid": "0"},
    {"seller_steamid": str(2**63 - 1), "assetid": str(ASSETID_MAX)},
    {"price_cents": 999_999_999, "account_id": 2**63 - 1},
)
ODD: tuple[dict[str, Any], ...] = (
    {"assetid": "007"},
    {"assetid": "1_000"},
    {"assetid": "wool"},
    {"assetid": str(ASSETID_MAX + 1)},
    {"assetid": "-1"},
    {"seller_steamid": "nobody"},
    {"seller_steamid": str(2**63)},
    {"paintindex": -1},
    {"paintseed": -(2**62)},
    {"price_cents": 1_000_000_000},
    {"time_created": None},
    {"time_created": EPOCH - timedelta(seconds=1)},
    {"time_created": EPOCH + timedelta(seconds=2**32)},
)


class Catalogue:
    """Numbers for the items of offers, each a row of its own in the database."""

    def __init__(self) -> None:
        self.numbers: dict[Item, int] = {}

    def stocked(self, offer: ShelfOffer) -> Stocked:
        """The offer as the database tells it."""
        item = Item(offer.market_hash_name, offer.exterior, offer.rarity, offer.type, offer.is_stattrak)
        number = self.numbers.setdefault(item, len(self.numbers) + 1)
        at = offer.time_created
        second = None if at is None else (at - EPOCH) // timedelta(seconds=1)
        return (offer.id, offer.version, offer.project, number, offer.price_cents, second, offer.float_text, offer.paintindex,
                offer.paintseed, offer.seller_steamid, offer.account_id, offer.assetid)  # fmt: skip


def filled(offers: Iterable[ShelfOffer]) -> tuple[Shelves, list[int]]:
    """Shelves filled with offers a few at a time, and the offers that were left."""
    made, catalogue, left = Filling(), Catalogue(), list[int]()
    rows = list(map(catalogue.stocked, offers))
    for start in range(0, len(rows), PORTION):
        portion = rows[start : start + PORTION]
        unknown = made.unknown(portion)
        made.learn({number: item for item, number in catalogue.numbers.items() if number in unknown})
        left += made.enter(portion)
    made.shelves.settle()
    return made.shelves, left


def applied(offers: Iterable[ShelfOffer]) -> Shelves:
    shelves = Shelves()
    shelves.apply(list(offers), [])
    shelves.settle()
    return shelves


def compare(dice: random.Random, one: Shelves, other: Shelves, offers: Iterable[ShelfOffer]) -> None:
    for offer in offers:
        assert one.row(offer.id) == other.row(offer.id)
        assert one.offer(offer.id) == other.offer(offer.id)
    for project in PROJECTS:
        assert one.count(project) == other.count(project)
        assert one.prices(project) == other.prices(project)
        assert b"".join(one.dump(project, 0, 1000)) == b"".join(other.dump(project, 0, 1000))
    for query in (random_query(dice) for _ in range(60)):
        assert one.page(query) == other.page(query)
        assert one.groups(query) == other.groups(query)
        assert one.facets(query) == other.facets(query)


@pytest.mark.parametrize("seed", range(4))
def test_filled_shelves_answer_as_those_that_were_told_of_each_offer(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filling, "ITEMS_MIN", 2)  # more items than there is room for at first
    dice = random.Random(seed)
    offers = [random_offer(dice, id_, dice.randrange(3)) for id_ in dice.sample(range(1, 400), 150)]
    one, left = filled(offers)
    assert left == []
    compare(dice, one, applied(offers), offers)


def test_filled_shelves_go_on_as_others_do() -> None:
    dice = random.Random(7)
    offers = [random_offer(dice, id_, 1) for id_ in range(1, 60)]
    (one, _), other = filled(offers), applied(offers)
    for _ in range(40):
        changed = [random_offer(dice, dice.randrange(1, 80), dice.randrange(4))]
        gone = [(dice.randrange(1, 80), dice.randrange(4))]
        for shelves in (one, other):
            shelves.apply(changed, gone)
    compare(dice, one, other, offers)


def test_the_edges_of_what_a_column_holds_are_held() -> None:
    offers = [replace(make_offer(id_), **fields) for id_, fields in enumerate(EDGES, 1)]
    offers += [make_offer(id_, float_text=text) for id_, text in enumerate(FLOATS, 100)]
    one, left = filled(offers)
    assert left == []
    compare(random.Random(1), one, applied(offers), offers)


def test_what_no_column_can_hold_is_left_and_hides_no_other() -> None:
    plain = [make_offer(id_) for id_ in range(1, 30)]
    odd = [replace(make_offer(id_), **fields) for id_, fields in enumerate(ODD, 100)]
    mixed = [*plain, *odd]
    random.Random(3).shuffle(mixed)
    one, left = filled(mixed)
    assert sorted(left) == [offer.id for offer in odd]
    compare(random.Random(1), one, applied(plain), plain)


def test_nothing_but_what_no_column_can_hold_is_an_empty_shelf() -> None:
    one, left = filled([make_offer(5, assetid="wool")])
    assert left == [5]
    assert one.count("csgo") == 0 and one.row(5) is None
