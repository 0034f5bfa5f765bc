"""The shelf against a list and a loop: random changes in any order, random questions, the same answers."""

import json
import random
from dataclasses import replace
from datetime import timedelta

import pytest
from msgspec import structs

from market.shelf_model import (
    IDS,
    NAMES,
    PROJECTS,
    START,
    Model,
    arrange,
    make_offer,
    random_offer,
    random_query,
    read,
    shown,
)
from tradepost.market.shelf import Page, Query, ShelfOffer, Shelves, game, selection, shelves, wanted
from tradepost.market.shelf.blocks import Blocks

ROUNDS = 20  # of changes, for each world
QUESTIONS = 25  # after each round


@pytest.fixture(params=["small blocks", "real blocks"])
def sizes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks so small that a hundred offers fill many of them, and blocks as they are."""
    if request.param == "small blocks":
        monkeypatch.setattr(Blocks.__init__, "__defaults__", (6,))
        monkeypatch.setattr(game, "SEGMENT_ROWS_MAX", 4)
        monkeypatch.setattr(selection, "WALK_RANKS_MIN", 3)
        monkeypatch.setattr(selection, "WALK_RANKS_MAX", 12)
        monkeypatch.setattr(wanted, "COMPARED_MAX", 1)


@pytest.fixture(params=["one by one", "sorted anew"])
def filling(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches entered in place, and batches after which everything is sorted anew."""
    monkeypatch.setattr(game, "REFILL_CHANGES_MIN", 10**9 if request.param == "one by one" else 3)
    monkeypatch.setattr(shelves, "REFILL_CHANGES_MIN", game.REFILL_CHANGES_MIN)
    monkeypatch.setattr(game, "REFILL_SHARE", 10**9)


@pytest.mark.usefixtures("sizes", "filling")
@pytest.mark.parametrize("seed", range(2))
def test_the_shelf_answers_as_a_list_and_a_loop_would(seed: int) -> None:
    dice, model, shelf = random.Random(seed), Model(), Shelves()
    for _ in range(ROUNDS):
        upserts, gone = random_changes(dice)
        generation = shelf.generation
        changed = [model.put(offer) for offer in upserts] + [model.remove(*each) for each in gone]
        shelf.apply(upserts, gone)
        assert shelf.generation == generation + any(changed)
        for _ in range(QUESTIONS):
            query = random_query(dice)
            end = query.offset + query.limit
            offers, groups = model.wanted(query), model.groups(query)
            page = offers[query.offset : end]
            got = shelf.page(query)
            assert (got.total, got.ids) == (len(offers), [offer.id for offer in page]), query
            assert read(got.rows) == [shown(offer) for offer in page]
            page = groups[query.offset : end]
            got = shelf.groups(query)
            assert (got.total, got.ids) == (len(groups), [offer.id for offer in page]), query
            assert list(got.names) == [offer.market_hash_name for offer in page]
            assert read(got.rows) == [shown(offer) for offer in page]
        for project in PROJECTS:
            compare_whole(dice, model, shelf, project)


def random_changes(dice: random.Random) -> tuple[list[ShelfOffer], list[tuple[int, int]]]:
    """Changes with versions that jump back and forth, so many are late and some come twice."""
    ids = dice.sample(IDS, dice.choice((1, 2, 40, 120)))
    upserts = [random_offer(dice, id_, dice.randrange(9)) for id_ in ids if dice.random() < 0.7]
    gone = [(id_, dice.randrange(8)) for id_ in dice.sample(IDS, dice.choice((0, 1, 20)))]
    return upserts + upserts[:2], gone + gone[:2]


def compare_whole(dice: random.Random, model: Model, shelf: Shelves, project: str) -> None:
    """Everything but pages, over one project."""
    offers = model.wanted(Query(project))
    offset, limit = dice.choice((0, 1, 7, 200)), dice.choice((0, 1, 11, 1000))
    rows = json.loads(b"[" + b"".join(shelf.dump(project, offset, limit)) + b"]")
    assert rows == [shown(offer) for offer in offers[offset : offset + limit]]
    by_name = {name: [o for o in offers if o.market_hash_name == name] for name in sorted(NAMES)}
    by_name = {name: named for name, named in by_name.items() if named}
    assert shelf.count(project) == len(offers)
    assert shelf.names(project) == list(by_name)
    assert shelf.names(project, "REDLINE") == [name for name in by_name if "Redline" in name]
    assert shelf.prices(project) == [
        (name, min(o.price_cents for o in named), len(named)) for name, named in by_name.items()
    ]
    for name in NAMES:
        prices = [offer.price_cents for offer in by_name.get(name, ())]
        assert shelf.lowest_cents(project, name) == min(prices, default=None)
    asked = dice.sample([*NAMES, "nobody's"], 4)
    moment = START + timedelta(seconds=1)
    listed = shelf.by_names(project, asked, 9, time_from=moment)
    newest = [o for o in offers if o.market_hash_name in asked and o.time_created >= moment][:9]
    assert list(listed) == asked
    for name in asked:
        assert listed[name] == [(o.id, o.price_cents) for o in newest if o.market_hash_name == name]
    for id_ in dice.sample(IDS, 5):
        known = model.offers.get(id_)
        assert shelf.offer(id_) == (known and as_kept(known))
        row = shelf.row(id_)
        assert (row and read([row])[0]) == (known and shown(known))


def as_kept(offer: ShelfOffer) -> ShelfOffer:
    """An offer with what a shelf does not keep taken off: parts of seconds, floats that are no numbers."""
    text = shown(offer)["floatvalue"]
    return replace(
        offer,
        time_created=offer.time_created.replace(microsecond=0),
        float_text=None if text is None else str(text),
    )


@pytest.mark.parametrize("sort", ["price", "floatvalue", "time_created"])
def test_equal_values_go_by_id_in_the_direction_of_the_sort_whatever_slots_they_have(sort: str) -> None:
    shelf = Shelves()
    shelf.apply([make_offer(id_, float_text="0.5") for id_ in (50, 10, 40)], ())
    shelf.apply((), [(10, 1)])
    shelf.apply(
        [make_offer(id_, float_text="0.5") for id_ in (30, 20, 2**63 - 1)], ()
    )  # 30 takes the slot of 10
    ids = [20, 30, 40, 50, 2**63 - 1]
    assert shelf.page(Query("csgo", sort=sort, descending=False)).ids == ids  # type: ignore[arg-type]  # drawn from the sorts
    assert shelf.page(Query("csgo", sort=sort, descending=True)).ids == ids[::-1]  # type: ignore[arg-type]  # drawn from the sorts


def test_offers_without_a_float_come_last_in_both_directions() -> None:
    shelf = Shelves()
    texts = {1: None, 2: "0.7", 3: None, 4: "0.1", 5: "1"}
    shelf.apply([make_offer(id_, float_text=text) for id_, text in texts.items()], ())
    assert shelf.page(Query("csgo", sort="floatvalue", descending=False)).ids == [4, 2, 5, 1, 3]
    assert shelf.page(Query("csgo", sort="floatvalue", descending=True)).ids == [5, 2, 4, 3, 1]
    assert shelf.page(Query("csgo", sort="floatvalue", descending=True, offset=2, limit=2)).ids == [4, 3]


def test_floats_are_compared_in_the_32_bits_that_steam_has() -> None:
    shelf = Shelves()
    shelf.apply([make_offer(1, float_text="0.1"), make_offer(2, float_text="0.1000001")], ())
    for text in ("0.1", "0.100000001", "0.10000000149011612"):
        assert shelf.page(Query("csgo", float_exact=text)).ids == [1]


@pytest.mark.parametrize(
    "query",
    [
        Query("csgo", price_from_cents=8, price_to_cents=6, sort="price"),
        Query("csgo", price_from_cents=2**40, price_to_cents=-1),
        Query("csgo", time_from=START + timedelta(seconds=2), time_to=START - timedelta(seconds=2)),
        Query("csgo", float_from="0.6", float_to="0.4", sort="floatvalue"),
        Query("csgo", float_exact="0.5", float_from="0.6", sort="floatvalue"),
    ],
)
def test_a_range_that_ends_before_it_begins_is_empty(query: Query) -> None:
    shelf = Shelves()
    shelf.apply([make_offer(id_, time_created=START, float_text="0.5") for id_ in range(1, 9)], ())
    assert shelf.page(query) == shelf.groups(query) == Page(0, [], [])


def test_a_change_that_comes_late_or_twice_changes_nothing() -> None:
    shelf = Shelves()
    shelf.apply([make_offer(1, version=5, price_cents=500)], ())
    generation = shelf.generation
    shelf.apply(
        [make_offer(1, version=4, price_cents=400), make_offer(1, version=5, price_cents=1)], [(1, 4)]
    )
    assert shelf.generation == generation
    assert shelf.lowest_cents("csgo", NAMES[0]) == 500


def test_what_is_gone_comes_back_only_in_a_newer_version() -> None:
    shelf = Shelves()
    shelf.apply([], [(1, 5)])  # gone before it was ever seen
    assert shelf.generation == 0
    shelf.apply([make_offer(1, version=4), make_offer(1, version=5)], ())
    assert shelf.offer(1) is None
    shelf.apply([make_offer(1, version=6)], ())
    assert shelf.page(Query("csgo")).ids == [1]
    shelf.apply((), [(1, 7), (1, 6)])
    shelf.apply([make_offer(1, version=7)], ())
    assert shelf.count("csgo") == 0


def test_tombstones_are_bounded_and_the_oldest_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelves, "TOMBSTONES_MAX", 3)
    shelf = Shelves()
    shelf.apply((), [(id_, 9) for id_ in (1, 2, 3)] + [(1, 9), (4, 9)])  # 1 is told again, so 2 is the oldest
    shelf.apply([make_offer(id_, version=2) for id_ in (1, 2, 3, 4)], ())
    assert shelf.page(Query("csgo")).ids == [2]


def test_an_offer_that_no_column_can_hold_is_left_out_and_hides_no_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    shelf, version = Shelves(), 0
    for fields in (
        {"price_cents": 10**9},
        {"price_cents": -1},
        {"seller_steamid": "wool"},
        {"seller_steamid": "١٢٣"},
        {"assetid": "007"},
        {"assetid": str(2**64)},
        {"paintseed": -1},
        {"account_id": 2**63},
        {"market_hash_name": "\ud800"},
        {"time_created": START.replace(tzinfo=None)},
    ):
        caplog.clear()
        version += 2
        shelf.apply([make_offer(2, version)], ())
        shelf.apply(
            [make_offer(1, version), make_offer(2, version + 1, **fields), make_offer(3, version)], ()
        )
        assert shelf.page(Query("csgo")).ids == [3, 1]
        assert [record.message for record in caplog.records] == ["offer_can_not_be_shown"]
        shelf.apply([make_offer(2, version)], ())  # an older version does not come back in its place
        assert shelf.offer(2) is None


def test_a_walk_along_an_order_gives_up_where_all_that_is_wanted_lies_at_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(selection, "WALK_RANKS_MIN", 8)
    looked_at = []
    span = Blocks.span

    def counted(self: Blocks, start: int, stop: int) -> object:
        looked_at.append(stop - start)
        return span(self, start, stop)

    monkeypatch.setattr(Blocks, "span", counted)
    shelf = Shelves()
    dear = [make_offer(id_, price_cents=9_999, is_stattrak=True) for id_ in range(1, 101)]
    shelf.apply([*dear, *(make_offer(id_, price_cents=1) for id_ in range(101, 2_001))], ())
    query = Query("csgo", is_stattrak=True, sort="price", limit=2)
    assert shelf.page(query) == shelf.page(structs.replace(query))
    assert (
        sum(looked_at) == 90
    )  # dear ones first: two looks, each as far as two of a hundred lie among two thousand
    looked_at.clear()
    assert shelf.page(structs.replace(query, descending=False)).ids == [1, 2]
    assert 200 <= sum(looked_at) < 500


def test_an_offer_can_move_to_another_game() -> None:
    shelf = Shelves()
    shelf.apply([make_offer(1, version=1)], ())
    shelf.apply([make_offer(1, version=2, project="dota2")], ())
    assert (shelf.count("csgo"), shelf.count("dota2")) == (0, 1)
    assert b'"project":"dota2"' in (shelf.row(1) or b"")


def test_a_game_that_nobody_sells_is_an_empty_shelf() -> None:
    shelf = Shelves()
    assert shelf.page(Query("rust")) == shelf.groups(Query("rust")) == Page(0, [], [])
    assert [*shelf.dump("rust", 0, 100), *shelf.names("rust"), *shelf.prices("rust")] == []
    assert shelf.by_names("rust", ["A"], 5) == {"A": []}
    assert shelf.by_names("rust", None, 5) == {}
    assert shelf.lowest_cents("rust", "A") is None


def test_a_remembered_search_knows_names_that_came_later() -> None:
    shelf = Shelves()
    shelf.apply([make_offer(1)], ())
    assert shelf.page(Query("csgo", search="redline")).total == 1
    shelf.apply([make_offer(2, market_hash_name="AWP | Redline")], ())
    assert shelf.page(Query("csgo", search="redline")).total == 2


def test_a_remembered_search_counts_what_came_and_what_went_since() -> None:
    shelf, asked = Shelves(), Query("csgo", search="redline", sort="price", descending=False)

    def found() -> tuple[int, list[int]]:
        page = shelf.page(asked)
        return page.total, page.ids

    named, other = "AK-47 | Redline (Field-Tested)", "AWP | Redline (Field-Tested)"
    shelf.apply([make_offer(1, market_hash_name=named), make_offer(3, market_hash_name=other)], ())
    assert found() == (2, [1, 3])
    shelf.apply([make_offer(2, market_hash_name=named, price_cents=5)], ())
    assert found() == (3, [2, 1, 3])
    shelf.apply((), [(1, 2)])
    assert found() == (2, [2, 3])
    shelf.apply((), [(2, 2)])
    assert found() == (1, [3])


def test_a_search_finds_what_holds_the_term_and_nothing_else() -> None:
    shelf = Shelves()
    shelf.apply(
        [make_offer(1, market_hash_name="AWP | Glass"), make_offer(2, market_hash_name="Sticker | Gruß")], ()
    )
    for term, found in {"ß": [2], "ẞ": [2], "GRUß": [2], "ss": [1], "SS": [1], "gruss": []}.items():
        assert shelf.page(Query("csgo", search=term)).ids == found, term
        assert len(shelf.names("csgo", term)) == len(found), term


def test_searches_remembered_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = game.Shelf()
    shelf.put(make_offer(1))
    monkeypatch.setattr("tradepost.market.shelf.names.TERMS_KEPT_MAX", 2)
    for term in ("red", "line", "red", "ak", "x" * 1000):
        shelf.names.wanted(None, term)
    assert list(shelf.names._found) == ["red", "ak"]


def test_a_page_cut_out_before_a_change_keeps_what_it_said() -> None:
    shelf = Shelves()
    shelf.apply([make_offer(id_) for id_ in range(1, 4)], ())
    page = shelf.page(Query("csgo"))
    rows = list(page.rows)
    shelf.apply([make_offer(2, version=2, price_cents=9)], [(3, 2)])
    assert (page.ids, page.rows) == ([3, 2, 1], rows)


def test_the_model_itself_sorts_as_the_contract_says() -> None:
    offers = [make_offer(1, float_text="0.5"), make_offer(2), make_offer(3, float_text="0.5"), make_offer(4)]
    descending = arrange(offers, Query("csgo", sort="floatvalue", descending=True))
    assert [offer.id for offer in descending] == [3, 1, 4, 2]


def test_a_word_too_many_is_none_and_its_offer_is_shown_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(game, "WORDS_MAX", 3)
    shelf = Shelves()
    shelf.apply([make_offer(id_, exterior=f"wear {id_}", rarity=None, type=None) for id_ in range(1, 6)], ())
    assert shelf.page(Query("csgo", sort="price")).total == 5
    assert [shelf.page(Query("csgo", exteriors=(f"wear {id_}",))).ids for id_ in (3, 4, 5)] == [[3], [], []]
    assert (offer := shelf.offer(5)) is not None and offer.exterior is None
