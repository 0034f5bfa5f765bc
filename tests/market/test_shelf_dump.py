"""Rows and dumps: the bytes that merchants read, and which of them are kept between two requests."""

import json
import random
from datetime import UTC, datetime, timedelta, timezone

import pytest

from market.shelf_model import NAMES, make_offer, random_offer, read, shown
from tradepost.market.shelf import Shelves, dump, game


def dumped(shelves: Shelves, offset: int = 0, limit: int = 15_000) -> list[dict[str, object]]:
    """A dump, as a client reads it."""
    rows: list[dict[str, object]] = json.loads(b"[" + b"".join(shelves.dump("csgo", offset, limit)) + b"]")
    return rows


def test_a_row_is_the_seeds_row_byte_for_byte() -> None:
    shelves = Shelves()
    offer = make_offer(
        294645, market_hash_name="P2000 | Ivory (Well-Worn)", float_text="0.1", paintindex=5, paintseed=0
    )
    shelves.apply([offer], ())
    assert shelves.row(294645) == (
        b'{"id":"294645","steam_market_hash_name":"P2000 | Ivory (Well-Worn)","price":"0.07","project":"csgo",'
        b'"floatvalue":"0.1","paintindex":5,"paintseed":0,"time_created":"2020-07-01 18:41:20"}'
    )
    shelves.apply([make_offer(1)], ())
    assert (shelves.row(1) or b"").endswith(
        b'"floatvalue":null,"paintindex":null,"paintseed":null,"time_created":"2020-07-01 18:41:20"}'
    )


def test_a_time_is_shown_in_utc_whatever_zone_it_came_in() -> None:
    shelves = Shelves()
    zone = timezone(timedelta(hours=5, minutes=30))
    shelves.apply([make_offer(time_created=datetime(2026, 1, 1, 3, 0, 1, 999_999, tzinfo=zone))], ())
    assert read([shelves.row(1) or b""])[0]["time_created"] == "2025-12-31 21:30:01"
    shelves.apply([make_offer(2, time_created=datetime(2025, 12, 31, 21, 30, 2, tzinfo=UTC))], ())
    assert [row["id"] for row in dumped(shelves)] == ["2", "1"]


@pytest.mark.parametrize("cents", [0, 1, 10, 99, 100, 101, 2010, 999_999_999])
def test_a_price_has_two_decimals(cents: int) -> None:
    shelves = Shelves()
    shelves.apply([make_offer(price_cents=cents)], ())
    assert read([shelves.row(1) or b""])[0]["price"] == f"{cents // 100}.{cents % 100:02}"


@pytest.mark.parametrize(
    "name", [*NAMES, '"}{"id":"2', "\x00\x1f\x7f\u2028", "\\u0041", "😀", '"floatvalue":"9"']
)
def test_no_name_breaks_out_of_its_row(name: str) -> None:
    shelves = Shelves()
    offer = make_offer(market_hash_name=name, float_text="0.25")
    shelves.apply([offer], ())
    assert read([shelves.row(1) or b""]) == [shown(offer)]
    assert shelves.offer(1) == offer
    assert "™".encode() not in (shelves.row(1) or b"") or "™" in name


def test_a_dump_is_the_newest_first_at_every_offset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(game, "SEGMENT_ROWS_MAX", 4)
    shelves, dice = Shelves(), random.Random(1)
    offers = [random_offer(dice, id_, 1) for id_ in range(1, 60) if id_ % 7]
    shelves.apply(offers, ())
    newest = sorted(offers, key=lambda o: (o.time_created.replace(microsecond=0), o.id), reverse=True)
    rows = [shown(offer) for offer in newest]
    for offset in (0, 1, 3, 17, len(rows) - 1, len(rows), 10**12):
        for limit in (0, 1, 2, 9, 10**12):
            assert dumped(shelves, offset, limit) == rows[offset : offset + limit]


def test_a_piece_of_a_dump_is_kept_until_an_offer_in_it_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(game, "SEGMENT_ROWS_MAX", 8)
    shelves = Shelves()
    shelves.apply([make_offer(id_) for id_ in range(1, 41)], ())
    before = shelves.dump("csgo", 0, 30)
    again = shelves.dump("csgo", 0, 30)
    assert [old is new for old, new in zip(before[:-1], again[:-1], strict=True)] == [True] * (
        len(before) - 1
    )
    holder = next(at for at, piece in enumerate(before) if b'"id":"25"' in piece)
    shelves.apply([make_offer(25, version=2, price_cents=123)], ())
    after = shelves.dump("csgo", 0, 30)
    assert [at for at in range(len(before) - 1) if before[at] is not after[at]] == [holder]
    assert dumped(shelves)[15]["price"] == "1.23"
    shelves.apply([make_offer(41)], [(24, 2)])
    assert [row["id"] for row in dumped(shelves)][:18] == [str(id_) for id_ in range(41, 22, -1) if id_ != 24]


def test_pieces_kept_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(game, "SEGMENT_ROWS_MAX", 4)
    monkeypatch.setattr(dump, "BLOCKS_KEPT_MAX", 3)
    shelf = game.Shelf()
    for id_ in range(1, 61):
        shelf.put(make_offer(id_))
    pieces = dump.Dump(shelf)
    for offset in range(60):
        for limit in (1, 2, 30):
            pieces.pieces(offset, limit)
    kept = [block for block in shelf.orders["time"].blocks if block.texts]
    assert len(kept) <= 3
    assert max(len(block.texts) for block in kept) <= dump.PIECES_KEPT_MAX
