"""What a list call costs: a page as much among many offers as among few, a dump nothing but its sending."""

import asyncio
import gc
import random
import time
import tracemalloc
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from dialects.shop import Shop
from market.shelf_model import make_offer
from tradepost.dialects import representation
from tradepost.dialects.edge import LONG_PIECE_BYTES_MIN, Answer
from tradepost.dialects.fields import Limit, Search
from tradepost.dialects.pressing import Press
from tradepost.dialects.reading import read_all
from tradepost.dialects.representation import represent
from tradepost.dialects.shadowpay.calls import Call, Content
from tradepost.dialects.shadowpay.v2.lists import CatalogueAsked, ItemsAsked, catalogue, items
from tradepost.dialects.shadowpay.v2.prices import PricesAsked, prices
from tradepost.dialects.shapes import take
from tradepost.market import feed, steam_items
from tradepost.market.ring import Ring
from tradepost.market.shelf import Shelves
from tradepost.market.shelf.offer import ShelfOffer

FEW, MANY = 5_000, 100_000
GROWTH_MAX = 1.3
NAMES = 4_000  # as many among few offers as among many: it is the offers that grow
START = datetime(2026, 1, 1, tzinfo=UTC)
DUMP = "limit=15000"


def offer(dice: random.Random, id_: int) -> ShelfOffer:
    name = dice.randrange(NAMES)
    return make_offer(
        id_,
        market_hash_name=f"{'AK-47' if name % 7 else 'AWP'} | Redline {name} (Field-Tested)",
        price_cents=dice.randint(1, 100_000),
        time_created=START + timedelta(seconds=id_),
        float_text=f"0.{dice.randrange(10**9)}",
        paintseed=dice.randrange(1000),
    )


def shelves_of(count: int) -> Shelves:
    dice, shelves = random.Random(count), Shelves()
    shelves.apply([offer(dice, id_) for id_ in range(1, count + 1)], ())
    shelves.settle()
    return shelves


@pytest.fixture(scope="module")
def few() -> Shelves:
    return shelves_of(FEW)


@pytest.fixture(scope="module")
def many() -> Shelves:
    return shelves_of(MANY)


@pytest.fixture
def press(monkeypatch: pytest.MonkeyPatch) -> Press:
    """Nothing remembered of other tests."""
    made = Press()
    monkeypatch.setattr(representation, "_press", made)
    return made


def call(shelves: Shelves, query: str, **headers: bytes) -> Callable[[], Coroutine[Any, Any, Answer]]:
    """One call from its query to what is sent, without the socket."""
    scope: Any = {
        "type": "http",
        "method": "GET",
        "query_string": query.encode(),
        "headers": [(name.replace("_", "-").encode(), value) for name, value in headers.items()],
    }
    app = SimpleNamespace(shelves=shelves, ring=Ring())

    async def answer() -> Answer:
        asking = cast(Call, SimpleNamespace(app=app, scope=scope, headers=[]))
        asked = take(ItemsAsked, read_all(scope["query_string"], b"", ""))
        made = await items(asking, asked)
        assert isinstance(made, Answer)
        return await represent(scope, made)

    return answer


def run(answer: Callable[[], Coroutine[Any, Any, Answer]]) -> Answer:
    """An answer for which nobody has to be waited for."""
    coroutine = answer()
    try:
        coroutine.send(None)
    except StopIteration as done:
        return cast(Answer, done.value)
    coroutine.close()
    raise AssertionError("it waited")


# Pages -------------------------------------------------------------------------------------------------------

PAGES = [
    "limit=20",
    "limit=20&offset=2500",
    "limit=20&sort_column=price_market&sort_dir=asc",
    "limit=20&sort_column=price_market&price_from=10&price_to=500&offset=100",
    "limit=20&sort_column=floatvalue&float_from=0.1&float_to=0.9",
    "limit=20&steam_market_hash_name[]=AWP | Redline 7 (Field-Tested)",
    "limit=20&group_by=steam_market_hash_name&sort_column=price_market&sort_dir=asc",
]


def best_seconds(answers: list[Callable[[], Coroutine[Any, Any, Answer]]], rounds: int = 60) -> list[float]:
    """The least time of each, measured in turns, so that a busy moment of the machine meets all of them."""
    best = [float("inf")] * len(answers)
    for _ in range(rounds):
        for place, answer in enumerate(answers):
            start = time.perf_counter()
            for _ in range(10):
                run(answer)
            best[place] = min(best[place], time.perf_counter() - start)
    return best


@pytest.mark.parametrize("query", PAGES)
def test_a_page_costs_the_same_among_many_offers_as_among_few(
    few: Shelves, many: Shelves, query: str
) -> None:
    answers = [call(few, query), call(many, query)]
    assert b'"total":' in b"".join(run(answers[1]).pieces)
    growth = float("inf")
    gc.disable()  # what other tests left behind is no cost of a page
    try:
        for _ in range(5):
            small, large = best_seconds(answers)
            growth = min(growth, large / small)
            if growth <= GROWTH_MAX:
                return
    finally:
        gc.enable()
    raise AssertionError(f"a page among {MANY:,} offers takes {growth:.2f} times that among {FEW:,}")


# Dumps -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", [b"identity", b"gzip"])
async def test_a_dump_is_sent_again_without_being_made_again(
    many: Shelves, press: Press, encoding: bytes
) -> None:
    answer = call(many, DUMP, accept_encoding=encoding)
    first = await answer()
    length = sum(map(len, first.pieces))
    assert length > (2_000_000 if encoding == b"identity" else 200_000)
    again = run(answer)
    assert again.pieces == first.pieces
    same = [old is new for old, new in zip(first.pieces, again.pieces, strict=True)]
    assert same.count(False) <= (2 if encoding == b"identity" else 0)  # the brackets alone are written anew
    assert sum(len(piece) for piece, is_same in zip(again.pieces, same, strict=True) if not is_same) < 200


@pytest.mark.parametrize("headers", [{}, {"accept_encoding": b"gzip"}, {"if_none_match": b'"none of ours"'}])
async def test_a_dump_that_is_sent_again_takes_no_memory_of_its_size(
    many: Shelves, press: Press, headers: dict[str, bytes]
) -> None:
    answer = call(many, DUMP, **headers)
    await answer()
    run(answer)
    tracemalloc.start()
    try:
        made = run(answer)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sum(map(len, made.pieces)) > 200_000
    assert peak < 100_000


async def test_one_change_costs_a_dump_one_piece(press: Press) -> None:
    shelves = shelves_of(20_000)
    for version, encoding in ((2, b"identity"), (3, b"gzip")):
        answer = call(shelves, DUMP, accept_encoding=encoding)
        before = await answer()
        at = START + timedelta(seconds=12_345)
        changed = make_offer(12_345, version, price_cents=version, time_created=at)
        shelves.apply([changed], ())
        after = run(answer)
        different = [
            len(new)
            for old, new in zip(before.pieces, after.pieces, strict=True)
            if old is not new and old != new
        ]
        assert 1 <= len(different) <= 2  # the piece; of a gzip member its checksum, too
        assert max(different) < 60_000


async def test_who_has_the_dump_already_is_sent_nothing_and_nothing_is_compressed(
    many: Shelves, press: Press
) -> None:
    tag = dict((await call(many, DUMP, accept_encoding=b"gzip")()).headers)[b"etag"]
    fresh = call(many, DUMP, accept_encoding=b"gzip", if_none_match=tag)
    answer = run(fresh)
    assert (answer.status, answer.pieces) == (304, [])


async def test_a_dump_goes_out_in_its_pieces(many: Shelves, press: Press) -> None:
    """No long one of them is joined to another on the way to the server's socket."""
    sent: list[bytes] = []

    async def send(message: Any) -> None:
        sent.append(message.get("body", b""))

    made = await call(many, DUMP)()
    await made.send(send)
    assert b"".join(sent) == b"".join(made.pieces)
    long = [[one for one in several if len(one) >= LONG_PIECE_BYTES_MIN] for several in (sent, made.pieces)]
    assert len(long[0]) > 50
    assert all(one is other for one, other in zip(*long, strict=True))
    assert sum(map(len, sent)) - sum(map(len, long[0])) < 2 * LONG_PIECE_BYTES_MIN


async def test_a_first_dump_keeps_nobody_waiting(many: Shelves, press: Press) -> None:
    """What takes long about it is done beside the event loop."""
    turns, done = 0, False

    async def others() -> None:
        nonlocal turns
        while not done:
            turns += 1
            await asyncio.sleep(0)

    waiting = asyncio.create_task(others())
    await call(many, DUMP, accept_encoding=b"gzip")()
    done = True
    await waiting
    assert turns > 20


async def test_over_http_a_dump_is_the_rows_of_the_shelf_in_either_form(shop: Shop) -> None:
    made = [await shop.box.stock.offer(shop.stranger, 100 + number) for number in range(700)]
    await feed.put(shop.app, made)
    answers = [
        await shop.get(f"items?{DUMP}", headers={"Accept-Encoding": encoding})
        for encoding in ("identity", "gzip", "identity", "gzip;q=0.5, identity;q=0")
    ]
    assert [answer.headers.get("Content-Encoding") for answer in answers] == [None, "gzip", None, "gzip"]
    assert all(answer.body == answers[0].body for answer in answers)
    assert [row["id"] for row in answers[0].body["data"]] == [str(one) for one in reversed(made)]


async def test_the_catalogue_and_the_prices_of_all_names_are_written_once_for_everybody(shop: Shop) -> None:
    names = {f"★ Navaja Knife | Number {number}": 100 + number for number in range(600)}
    async with shop.db.transaction() as tx:
        await steam_items.set_prices(tx, "csgo", names, shop.app.real_now())
    for name in list(names)[:300]:
        await shop.box.stock.offer(shop.stranger, 77, name=name)
    await feed.load(shop.app)
    asking = cast(Call, SimpleNamespace(app=shop.app, headers=[]))
    answers: list[Callable[[], Coroutine[Any, Any, Content]]] = [
        lambda: catalogue(asking, CatalogueAsked(limit=Limit(15_000))),
        lambda: prices(asking, PricesAsked()),
    ]
    for answer in answers:
        first, again = await answer(), await answer()
        assert isinstance(first, Answer)
        assert isinstance(again, Answer)
        assert len(first.pieces) >= 3
        assert all(one is other for one, other in zip(first.pieces[1:-1], again.pieces[1:-1], strict=True))
    part = await catalogue(asking, CatalogueAsked(limit=Limit(15_000), search=Search("number 59")))
    assert isinstance(part, Answer)
    assert b'"total":11' in part.pieces[-1]
    for query in ("steam_items?limit=15000", "prices"):
        reply = await shop.get(query)
        assert [row["steam_market_hash_name"] for row in reply.body["data"]] == sorted(
            names if query[0] == "s" else list(names)[:300]
        )
