"""Lists as callers take them: whole, compressed, or not at all; and what is compressed is what would have been sent."""

import asyncio
import gzip
import json
import random
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialects.shop import Reply, Shop
from stock import NAME
from tradepost.dialects import pressing, representation
from tradepost.dialects.edge import Answer
from tradepost.dialects.pressing import Press
from tradepost.market import feed


def scope(method: str = "GET", **headers: str) -> dict[str, Any]:
    named = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    return {"type": "http", "method": method, "headers": named}


async def represented(pieces: list[bytes], method: str = "GET", **headers: str) -> Answer:
    return await representation.represent(scope(method, **headers), Answer(pieces, is_list=True))


def value(answer: Answer, name: bytes) -> bytes | None:
    return dict(answer.headers).get(name)


def texts(count: int, chars: int) -> list[bytes]:
    dice = random.Random(count)
    return [bytes(dice.choices(b'{"id":0123456789}', k=chars)) for _ in range(count)]


# Compressing -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "pieces",
    [
        [b""],
        [b"a"],
        [b"", b"", b""],
        [b"x" * 70_000],
        texts(3, 5_000),
        [b"[", *texts(40, 6_000), b"]"],
        [b"short" * 30_000, *texts(2, 4_095), *texts(2, 4_096), b""],
    ],
    ids=lambda pieces: f"{len(pieces)} of {sum(map(len, pieces))}",
)
async def test_what_was_compressed_piece_by_piece_is_one_member_of_gzip(pieces: list[bytes]) -> None:
    press = Press()
    made = b"".join(await press.gzip(pieces))
    assert gzip.decompress(made) == b"".join(pieces)
    one_member = zlib.decompressobj(16 + zlib.MAX_WBITS)
    assert one_member.decompress(made) == b"".join(pieces)
    assert one_member.eof
    assert one_member.unused_data == b""
    assert b"".join(await press.gzip(pieces)) == made


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_the_checksum_of_two_texts_is_made_of_the_checksums_of_each(first: bytes, second: bytes) -> None:
    combined = pressing._times(pressing._power(len(second)), zlib.crc32(first)) ^ zlib.crc32(second)
    assert combined == zlib.crc32(first + second)


async def test_a_piece_is_compressed_once_however_often_and_beside_whatever_it_is_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[bytes] = []
    keep = pressing._keep

    def counted(piece: bytes, pressed: bool) -> pressing.Kept:
        made.append(piece)
        return keep(piece, pressed)

    monkeypatch.setattr(pressing, "_keep", counted)
    press, pieces = Press(), texts(50, 6_000)  # more than is done at once: in the thread
    await asyncio.gather(*(press.gzip(pieces) for _ in range(20)))
    assert sorted(made) == sorted(pieces)
    made.clear()
    new = texts(51, 6_001)[-1]
    again = [b"{", *pieces[:20], new, *pieces[21:], b"}"]
    assert gzip.decompress(b"".join(await press.gzip(again))) == b"".join(again)
    assert made == [new]


async def test_a_digest_tells_every_text_and_every_cut_from_any_other() -> None:
    press = Press()
    long = texts(1, 9_000)[0]
    different = [
        [b""],
        [b"", b""],
        [b"ab"],
        [b"a", b"b"],
        [long],
        [long[:4_500], long[4_500:]],
        [long[:-1]],
        [long, b""],
        [b"0:9000:", long],
    ]
    digests = [await press.digest(pieces) for pieces in different for _ in range(2)]
    assert len(set(digests)) == len(different)
    assert await Press().digest([long]) == digests[8]  # the same in every process


async def test_what_is_remembered_is_bounded() -> None:
    press = Press(bytes_max=100_000)
    for number in range(60):
        await press.gzip([*texts(number + 1, 5_000)[-1:], b"tail"])
        assert 0 < press.bytes_kept <= 100_000
    for number in range(30):
        await press.gzip(texts(10, 5_000 + number))
    assert len(press._wholes) <= pressing.WHOLES_MAX
    assert press.bytes_kept <= 100_000


async def test_compressing_much_keeps_nobody_waiting() -> None:
    """Megabytes are compressed beside the event loop, which has its turns meanwhile."""
    press, turns = Press(), 0

    async def take_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0.001)

    ticking = asyncio.create_task(take_turns())
    await asyncio.sleep(0)
    await press.gzip(texts(64, 50_000))
    ticking.cancel()
    assert turns > 3


# What a caller takes -----------------------------------------------------------------------------------------

GZIP, IDENTITY, EITHER = (True, True), (False, True), (True, False)


@pytest.mark.parametrize(
    ("said", "taken"),
    [
        ("", IDENTITY),
        ("gzip", GZIP),
        ("GZIP", GZIP),
        ("x-gzip", GZIP),
        ("gzip, deflate, br", GZIP),
        ("br;q=1.0, gzip;q=0.8, *;q=0.1", GZIP),
        ("gzip;q=0", IDENTITY),
        ("gzip;q=0.000", IDENTITY),
        ("gzip ; q = 0.001", GZIP),
        ("*", GZIP),
        ("*;q=0", (False, False)),
        ("gzip;q=0, *", IDENTITY),
        ("identity", IDENTITY),
        ("identity;q=0", (False, False)),
        ("identity;q=0, gzip", EITHER),
        ("gzip, *;q=0", EITHER),
        ("identity;q=1, gzip;q=0.5", IDENTITY),
        ("identity;q=0.5, gzip;q=0.5", GZIP),
        ("gzip;q=1.5", IDENTITY),  # no quality that there is: the element says nothing
        ("gzip;q=", IDENTITY),
        ("gzip;q=0.1234", IDENTITY),
        ("gzip;level=9", GZIP),
        ("zipped", IDENTITY),
        (",,;;,=", IDENTITY),
        ("gzip" + "," * 600, IDENTITY),  # nobody means that
    ],
)
def test_an_accept_encoding_is_understood(said: str, taken: tuple[bool, bool]) -> None:
    found = representation.accepted_by(said)
    assert (found.gzip, found.identity) == taken


async def test_a_compressed_list_is_the_same_list_under_another_tag() -> None:
    pieces = [b"[", *texts(3, 9_000), b"]"]
    plain, pressed = await represented(pieces), await represented(pieces, accept_encoding="gzip")
    assert (plain.status, value(plain, b"content-encoding")) == (200, None)
    assert b"".join(plain.pieces) == b"".join(pieces)
    assert value(pressed, b"content-encoding") == b"gzip"
    assert gzip.decompress(b"".join(pressed.pieces)) == b"".join(pieces)
    assert value(plain, b"etag") != value(pressed, b"etag")
    assert (value(plain, b"vary"), value(pressed, b"vary")) == (b"accept-encoding", b"accept-encoding")


async def test_a_short_list_is_not_compressed_unless_it_must_be() -> None:
    assert value(await represented([b"[]"], accept_encoding="gzip"), b"content-encoding") is None
    forced = await represented([b"[]"], accept_encoding="gzip, identity;q=0")
    assert gzip.decompress(b"".join(forced.pieces)) == b"[]"


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("{tag}", 304),
        ("W/{tag}", 304),
        ('"other", {tag}', 304),
        ('"other",{tag} , W/"more"', 304),
        ("*", 304),
        (" * ", 304),
        ('"other"', 200),
        ("", 200),
        ('"*"', 200),
        ("{bare}", 200),  # without its quotes it is no tag
        ("{longer}", 200),
        ('w/"nonsense', 200),
        ('"' * 5_000, 200),
    ],
)
async def test_who_has_exactly_this_list_is_sent_nothing(said: str, status: int) -> None:
    pieces = [b"[", *texts(2, 900), b"]"]
    tag = (value(await represented(pieces), b"etag") or b"").decode()
    said = said.format(tag=tag, bare=tag[1:-1], longer=f'{tag[:-1]}0"') if "{" in said else said
    answer = await represented(pieces, if_none_match=said)
    assert answer.status == status
    if status == 304:
        assert answer.pieces == []
        assert {name for name, _ in answer.headers} == {b"etag", b"cache-control", b"vary"}
    assert (await represented(pieces, "POST", if_none_match=said)).status == 200  # it is no copy of a GET's
    assert (await represented(pieces, "HEAD", if_none_match=said)).status == status


async def test_a_tag_of_the_plain_list_is_none_of_the_compressed_one() -> None:
    pieces = texts(2, 9_000)
    tag = (value(await represented(pieces), b"etag") or b"").decode()
    assert (await represented(pieces, accept_encoding="gzip", if_none_match=tag)).status == 200


async def test_an_answer_that_is_no_list_is_left_as_it_is() -> None:
    plain = Answer([b"x" * 9_000])
    assert await representation.represent(scope(accept_encoding="gzip", if_none_match="*"), plain) is plain
    assert plain.headers == []


@given(st.text(max_size=60))
def test_no_header_is_a_bug_of_ours(text: str) -> None:
    said = text.encode("utf-8", "replace").decode("latin-1")
    representation.accepted_by(said)
    representation.has(said, "tag")


async def test_rows_are_written_in_pieces_that_others_may_come_between(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(representation, "PIECE_ROWS", 3)
    for count in range(8):
        pieces = await representation.in_pieces(list(range(count)), lambda number: b"%d" % number)
        assert json.loads(b"[" + b"".join(pieces) + b"]") == list(range(count))
        assert len(pieces) == -(-count // 3)


@pytest.mark.parametrize(
    ("lengths", "sent"),
    [
        ([], [0]),
        ([10, 70_000, 10], [10, 70_000, 10]),
        ([20_000] * 4, [20_000] * 4),
        ([6_000] * 20, [60_000, 60_000]),  # what is short is joined
        ([6_000, 60_000, 6_000, 6_000, 16_384], [6_000, 60_000, 12_000, 16_384]),
        ([10_000] * 3, [30_000]),
    ],
)
async def test_an_answer_is_sent_in_few_parts_and_no_long_piece_is_copied(
    lengths: list[int], sent: list[int]
) -> None:
    pieces, bodies = [bytes(length) for length in lengths], []

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            bodies.append(message.get("body", b""))

    await Answer(pieces).send(send)
    assert [len(body) for body in bodies if body or not any(lengths)] == sent
    assert b"".join(bodies) == b"".join(pieces)


# Over HTTP ---------------------------------------------------------------------------------------------------

LISTS = [
    "items",
    "items?limit=15000",
    "items?limit=300&offset=3",
    "items?search=valence&limit=5000",
    "items?group_by=steam_market_hash_name",
    "steam_items",
    "prices",
    "prices?search=v",
    "offers",
    f"sales_history?steam_market_hash_name={NAME}",
]


async def filled(shop: Shop) -> None:
    ids = [await shop.box.stock.offer(shop.stranger, 100 + number) for number in range(300)]
    own = [
        await shop.box.stock.offer(shop.seller, 500 + number, payee_id=shop.merchant) for number in range(60)
    ]
    await feed.put(shop.app, [*ids, *own])


async def plain(shop: Shop, path: str, **headers: str) -> Reply:
    return await shop.get(path, headers={"Accept-Encoding": "identity", **headers})


async def test_every_list_has_a_tag_and_is_not_sent_twice(shop: Shop) -> None:
    await filled(shop)
    for path in LISTS:
        first = await plain(shop, path)
        assert first.status == 200, (path, first)
        assert first.headers["Cache-Control"] == "private, no-cache"
        assert "Content-Encoding" not in first.headers
        again = await plain(shop, path, **{"If-None-Match": f'"older", {first.headers["Etag"]}'})
        assert (again.status, again.body) == (304, "")
        assert again.headers["Etag"] == first.headers["Etag"]
        assert {"Content-Length", "Content-Type"}.isdisjoint(again.headers)
        assert again.headers["Cache-Control"] == "private, no-cache"
        compressed = await shop.get(path, headers={"Accept-Encoding": "gzip"})
        assert compressed.body == first.body
        if int(first.headers["Content-Length"]) >= representation.GZIP_BYTES_MIN:
            assert compressed.headers["Content-Encoding"] == "gzip"
            assert compressed.headers["Etag"] != first.headers["Etag"]
            assert int(compressed.headers["Content-Length"]) * 4 < int(first.headers["Content-Length"])
        head = await shop.call("HEAD", path, headers={"Accept-Encoding": "identity"})
        assert (head.status, head.body) == (200, "")
        assert head.headers["Content-Length"] == first.headers["Content-Length"]


async def test_a_tag_holds_while_this_page_is_the_same_and_no_longer(shop: Shop) -> None:
    await filled(shop)
    dear = "items?price_from=1000"
    before = {path: (await plain(shop, path)).headers["Etag"] for path in ("items", dear)}
    made = await shop.foreign(101)
    for path, status in (("items", 200), (dear, 304)):  # another page of the market has changed
        assert (await plain(shop, path, **{"If-None-Match": before[path]})).status == status, path
    await shop.db.execute("UPDATE offer SET state = 'ended', ended_reason = 'test' WHERE id = $1", made)
    await feed.put(shop.app, [made])
    assert (await plain(shop, "items", **{"If-None-Match": before["items"]})).status == 304


async def test_what_is_singular_or_secret_is_never_to_be_kept(shop: Shop) -> None:
    offer = await shop.foreign(100)
    for path in ("account/balance", f"items/{offer}", "operations", "rates"):
        reply = await shop.get(path, headers={"If-None-Match": "*"})
        assert (reply.status, reply.headers["Cache-Control"]) == (200, "no-store"), path
        assert "Etag" not in reply.headers


async def test_a_tag_opens_nothing_to_whom_the_list_is_closed(shop: Shop) -> None:
    await filled(shop)
    tag = (await plain(shop, "offers")).headers["Etag"]
    stranger = await shop.make_token(shop.stranger)
    other = await shop.get(
        "offers", token=stranger, headers={"If-None-Match": tag, "Accept-Encoding": "identity"}
    )
    assert other.status == 200  # his own, which is another list
    assert other.headers["Etag"] != tag
    nobody = await shop.get("offers", token="test_" + "x" * 43, headers={"If-None-Match": "*"})
    assert nobody.refusal == (401, "wrong_token")
    assert (nobody.headers["Cache-Control"], "Etag" in nobody.headers) == ("no-store", False)
    wrong = await shop.get("items?limit=0", headers={"If-None-Match": "*"})
    assert wrong.refusal == (422, "validation_error")
