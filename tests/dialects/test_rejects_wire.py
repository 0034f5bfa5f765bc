"""Requests that no well-made client sends, and those that well-made clients do: bytes, bodies, methods, tokens."""

import gzip
import itertools
import json
import re
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from yarl import URL

from dialects.notations import NO_LIMIT, fault, untouched
from dialects.rejects import INVALID_UTF8
from dialects.shop import BUYER, Reply, Shop, shop_on
from tradepost.db import Db
from tradepost.dialects.shadowpay import v1, v2
from tradepost.market import feed
from world import Databases

VERSIONS = {"v1": "buy_item", "v2": "buy"}
LISTS = {"v1": "get_items_on_sale_filtered", "v2": "items"}
BUY = {"id": "77", "steamid": BUYER, "trade_token": "abcdef"}  # well formed: there is no such item
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
FORM_BODY = f"id=77&steamid={BUYER}&trade_token=abcdef"
JSON_BODY = json.dumps(BUY)
PARTS = "".join(
    f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n' for name, text in BUY.items()
)


@pytest.fixture(scope="module")
async def shop(server: Databases) -> AsyncIterator[Shop]:
    async with untouched(server) as made:
        yield made


async def buy(shop: Shop, version: str, body: Any, kind: str | None = FORM, **headers: str) -> Reply:
    """A purchase with a body just as it is written."""
    named = {**({} if kind is None else {"Content-Type": kind}), **headers}
    skip = ["Content-Type"] if kind is None else []
    return await shop.call(
        "POST", f"/api/{version}/{VERSIONS[version]}", data=body, headers=named, skip_auto_headers=skip
    )


# Bodies: what is sent, its type, and the beginning of the refusal's sentence; nothing, where it is read.
BODIES: list[tuple[str | bytes, str | None, str]] = [
    (FORM_BODY, FORM, ""), (FORM_BODY, FORM + "; charset=UTF-8", ""), (FORM_BODY, FORM.upper(), ""), (FORM_BODY, None, ""), (FORM_BODY, "text/plain", ""),
    (FORM_BODY, "application/octet-stream", ""), (FORM_BODY, ";;;", ""), (FORM_BODY, "x" * 5_000, ""), (FORM_BODY, "", ""), (f"&&{FORM_BODY}&&&", FORM, ""),
    (JSON_BODY, JSON, ""), (JSON_BODY, JSON + "; charset=utf-8", ""), (JSON_BODY, "APPLICATION/JSON", ""), (JSON_BODY, "application/vnd.api+json", ""),
    (JSON_BODY, FORM, ""), (JSON_BODY, None, ""), (JSON_BODY, "text/plain", ""), (f" \n\t{JSON_BODY}\n ", JSON, ""), (b"\xef\xbb\xbf" + JSON_BODY.encode(), JSON, ""),
    (json.dumps({**BUY, "id": 77, "steamid": int(BUYER)}).replace('"abcdef"', "123456"), JSON, ""),
    (f"{PARTS}--b--\r\n", "multipart/form-data; boundary=b", ""), (f"{PARTS}--b--", 'multipart/form-data; boundary="b"', ""),
    (f"{PARTS}--b--\r\n", "Multipart/Form-Data; charset=utf-8; boundary=b", ""), (f"preamble\r\n{PARTS}--b--\r\nepilogue", "multipart/form-data; boundary=b", ""),
    # Empty ones, and those that say something else than their type does.
    ("", FORM, "id: is missing"), ("", JSON, "id: is missing"), ("", None, "id: is missing"), ("", "multipart/form-data; boundary=b", "id: is missing"),
    (" ", FORM, "id: is missing"), ("&&&", FORM, "id: is missing"), ("=", FORM, "id: is missing"), ("\ufeff" + FORM_BODY, FORM, "id: is missing"),
    ("{}", JSON, "id: is missing"), ("<xml><id>77</id></xml>", "application/xml", "id: is missing"), ("a:1:{s:2:\"id\";i:77;}", "application/vnd.php.serialized", "id: is missing"),
    (" ", JSON, "body: "), ("\x00", FORM, "id: is missing"), (FORM_BODY, JSON, "body: is not JSON"), ("[1]", JSON, "body: must be a JSON object"), ("[1]", FORM, "id: is missing"),
    ("null", JSON, "body: must be a JSON object"), ('"id"', JSON, "body: must be a JSON object"), ("7", JSON, "body: must be a JSON object"), (JSON_BODY + "x", JSON, "body: is not JSON"),
    (JSON_BODY * 2, JSON, "body: is not JSON"), (JSON_BODY[:-1], JSON, "body: is not JSON"), ("{'id': 77}", JSON, "body: is not JSON"), ("{id: 77}", JSON, "body: is not JSON"),
    ('{"id": 77,}', JSON, "body: is not JSON"), ('{"id": 77 /* */}', JSON, "body: is not JSON"), ("{", FORM, "body: is not JSON"), ('{"id": "a\nb"}', JSON, "body: is not JSON"),
    # Names twice, numbers that are none, texts that are none.
    ('{"id": 77, "id": 77}', JSON, "id: is in the same JSON object twice"), ('{"a": {"b": 1, "b": 2}}', JSON, "a.b: is in the same JSON object twice"),
    ('{"id": NaN}', JSON, "id: must be a number"), ('{"x": [Infinity]}', JSON, "x[0]: must be a number"), ('{"id": "\\ud800"}', JSON, "id: is not valid Unicode"),
    ('{"id": "\\udc00\\ud800"}', JSON, "id: is not valid Unicode"), ('{"\\ud800": 1}', JSON, "body: has a name that is not valid Unicode"),
    ('{"custom_id": "\\u0000", ' + JSON_BODY[1:], JSON, "custom_id: must not contain control characters"), (JSON_BODY.encode("utf-16"), JSON, "body: "),
    (JSON_BODY.encode("utf-16-le"), JSON + "; charset=utf-16", "body: "), (JSON_BODY.encode("utf-32"), JSON, "body: "),
    (b"custom_id=\xe9&" + FORM_BODY.encode(), FORM + "; charset=iso-8859-1", "body: is not valid UTF-8"), (b'{"id": "\xff"}', JSON, "body: is not valid UTF-8"),
    *((b"custom_id=" + text + b"&" + FORM_BODY.encode(), FORM, "body: is not valid UTF-8") for text in INVALID_UTF8),
    *((text + b"=1&" + FORM_BODY.encode(), FORM, "body: is not valid UTF-8") for text in INVALID_UTF8[:4]),
    # Too deep, too many.
    ('{"a":' * 5 + "1" + "}" * 5, JSON, "body: is nested deeper than 4 levels"), ("[" * 200_000, JSON, "body: "), ('{"a":' * 100_000, JSON, "body: "),
    ('{"a":"' + "[" * 900_000 + '"}', JSON, "id: is missing"), ("{" + ",".join(f'"a{n}":1' for n in range(2_001)) + "}", JSON, "body: has more than 2,000 keys"),
    ("&".join(f"a{n}=1" for n in range(2_001)), FORM, "body: has more than 2,000 keys"), (JSON_BODY.replace('"77"', "9" * 1_000_000), JSON, "id: must"),
    (FORM_BODY.replace("77", "9" * 1_000_000), FORM, "id: must"), ("a" * 1_000_000, FORM, "id: is missing"), ("%" * 1_000_000, FORM, "id: is missing"),
    # Multipart forms that are none.
    (PARTS, "multipart/form-data", "body: is a multipart form without a boundary"), (PARTS, "multipart/form-data; boundary=", "body: is a multipart form without"),
    (PARTS, f"multipart/form-data; boundary={'b' * 71}", "body: is a multipart form without"), ("nothing of it", "multipart/form-data; boundary=b", "id: is missing"),
    ("--b\r\njunk\r\n--b--", "multipart/form-data; boundary=b", "body: has a part that is not"), ("--b--", "multipart/form-data; boundary=b", "id: is missing"),
    (PARTS.replace('name="id"', 'name="id"; filename="x.png"') + "--b--", "multipart/form-data; boundary=b", "body: has a part that is not"),
    (PARTS.replace("77", "7\x007") + "--b--", "multipart/form-data; boundary=b", "id: must not contain control characters"),
    (PARTS.encode().replace(b"77", b"\xff") + b"--b--", "multipart/form-data; boundary=b", "body: is not valid UTF-8"),
    ("\r\n--b" * 200_000, "multipart/form-data; boundary=b", "body: has more than 2,000 keys"),
]  # fmt: skip


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_body_is_read_for_what_it_is_or_refused_with_the_reason(shop: Shop, version: str) -> None:
    wrong = []
    for body, kind, reason in BODIES:
        reply = await buy(shop, version, body, kind)
        said = fault(reply, version, "validation_error" if reason else "no_item")
        said = said or ("" if reply.body["error_details"].startswith(reason) else f"is not {reason}")
        wrong += [f"{body[:60]!r} as {kind and kind[:60]} {said}: {str(reply.body)[:300]}"] if said else []
    assert wrong == []


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_body_in_chunks_or_one_that_waits_to_be_asked_for_is_read(shop: Shop, version: str) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for piece in re.findall(".{1,7}", FORM_BODY):
            yield piece.encode()

    assert fault(await buy(shop, version, chunks()), version, "no_item") == ""
    path = f"/api/{version}/{VERSIONS[version]}"
    waiting = await shop.call("POST", path, data=BUY, expect100=True)
    assert fault(waiting, version, "no_item") == ""
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nToken: {shop.token}\r\nContent-Type: {FORM}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    for chunked in (
        b"zz\r\nid=77\r\n0\r\n\r\n",
        b"-5\r\nid=77\r\n0\r\n\r\n",
        b"5\r\nid=77XX0\r\n\r\n",
        b"FFFFFFFFFFFFFFFFF\r\nx",
    ):
        answer = await shop.raw(head.encode() + chunked)
        assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 422 ")) or answer == b"", answer[:100]


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_compressed_body_is_refused_and_an_identical_one_is_not(shop: Shop, version: str) -> None:
    packed = gzip.compress(FORM_BODY.encode())
    for coding in ("gzip", "deflate", "br", "GZIP", "gzip, identity", "x"):
        reply = await buy(shop, version, packed, FORM, **{"Content-Encoding": coding})
        assert fault(reply, version, "validation_error", "Content-Encoding") == "", (coding, reply.body)
    bomb = gzip.compress(b"a" * 100_000_000)
    assert (
        fault(
            await buy(shop, version, bomb, FORM, **{"Content-Encoding": "gzip"}), version, "validation_error"
        )
        == ""
    )
    reply = await buy(shop, version, FORM_BODY, FORM, **{"Content-Encoding": "identity"})
    assert fault(reply, version, "no_item") == ""


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_form_as_php_curl_sends_an_array_is_read(shop: Shop, version: str) -> None:
    """PHP's curl makes multipart/form-data of `CURLOPT_POSTFIELDS => [...]`, and asks before a long one."""
    parts = aiohttp.FormData(default_to_multipart=True)
    for name, text in BUY.items():
        parts.add_field(name, text)
    reply = await shop.call("POST", f"/api/{version}/{VERSIONS[version]}", data=parts, expect100=True)
    assert fault(reply, version, "no_item") == ""


# Tokens ------------------------------------------------------------------------------------------------------

PLACES = ("query", "form", "json", "Token", "Authorization")


def with_tokens(tokens: dict[str, str]) -> dict[str, Any]:
    """A purchase that carries a token in each of these places."""
    how: dict[str, Any] = {"headers": {}, "params": {}}
    for place, token in tokens.items():
        if place == "query":
            how["params"] = {"token": token}
        elif place == "form":
            how["data"] = {**BUY, "token": token}
        elif place == "json":
            how["json"] = {**BUY, "token": token}
        else:
            how["headers"][place] = f"Bearer {token}" if place == "Authorization" else token
    return how if {"data", "json"} & how.keys() else {**how, "json": BUY}


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_token_may_stand_anywhere_and_everywhere_but_is_one(shop: Shop, version: str) -> None:
    path = f"/api/{version}/{VERSIONS[version]}"
    other = await shop.make_token(shop.merchant)
    for first, second in itertools.combinations_with_replacement(PLACES, 2):
        if {first, second} == {"form", "json"}:
            continue  # a body is one of them
        both = with_tokens({first: shop.token, second: shop.token})
        reply = await shop.call("POST", path, token="", **both)
        assert fault(reply, version, "no_item") == "", (first, second, reply.body)
        for differing in (other, "sometesttoken", "é") if first != second else ():
            if differing == "é" and second in ("Token", "Authorization"):
                continue
            one, two = (
                with_tokens({first: shop.token, second: differing}),
                with_tokens({first: differing, second: shop.token}),
            )
            for how in (one, two) if first not in ("Token", "Authorization") else (one,):
                reply = await shop.call("POST", path, token="", **how)
                words = ("wrong_params", "wrong_token") if differing != other else ("wrong_params",)
                assert reply.refusal[1] in words, (first, second, differing, reply.body)


TOKENS: list[tuple[str, str]] = [
    ("token[]=T", "validation_error"), ("token[0]=T", "validation_error"), ("token[a]=T", "validation_error"), ("token[=T", "validation_error"),
    ("token=T&token=x", "wrong_params"), ("token=", "wrong_token"), ("token=%00", "wrong_token"), ("token=T%0A", "wrong_token"), ("token=%20T", "wrong_token"),
    ("token=T%00", "wrong_token"), ("TOKEN=T", "wrong_token"), ("token%00=T", "wrong_token"), ("", "wrong_token"),
    ("token=%C3%A9", "wrong_token"), ("token=%FF", "validation_error"), ("token=" + "x" * 100_000, "wrong_token"), ("token=T&token=T", ""),
]  # fmt: skip


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_token_of_another_shape_is_no_token(shop: Shop, version: str) -> None:
    for written, word in TOKENS:
        text = re.sub("=(%20)?T", lambda found: f"={found[1] or ''}{shop.token}", written)
        reply = await shop.call("GET", f"/api/{version}/{LISTS[version]}?{text}", token="")
        if word:
            assert fault(reply, version, word) == "", (text[:60], reply.body)
        else:
            assert reply.body["status"] == "success"
    for value in (True, 7, None, [shop.token], {"0": shop.token}, {}):
        how = {"json": {"token": value, **BUY}}
        reply = await shop.call("POST", f"/api/{version}/{VERSIONS[version]}", token="", **how)
        assert reply.refusal[1] in ("validation_error", "wrong_token"), (value, reply.body)


# Methods -----------------------------------------------------------------------------------------------------

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "QUERY")
CALLS = {"v1": v1.CALLS, "v2": v2.CALLS}


@pytest.mark.parametrize("version", CALLS)
async def test_every_other_method_on_every_path_is_the_wrong_one(shop: Shop, version: str) -> None:
    for path, methods in CALLS[version].items():
        for method in METHODS:
            if method in methods:
                continue
            target = f"/api/{version}{re.sub('{[a-z_]+}', '77', path)}"
            is_read = "GET" in methods and methods["GET"].scope == "read"
            async with shop.http.request(
                method,
                shop.url + target,
                headers={"Token": shop.token},
                json=BUY if method != "HEAD" else None,
            ) as response:
                text = await response.text()
            if method == "HEAD":
                assert text == ""
                assert is_read or response.status == (404 if version == "v2" else 200), target
                assert is_read or int(response.headers["Content-Length"]) < 200
                continue
            status = 200 if version == "v1" else 404
            assert (response.status, json.loads(text)["error_message"]) == (status, "wrong_method"), (
                method, target,
            )  # fmt: skip


async def test_a_head_asked_in_passing_buys_nothing(shop: Shop) -> None:
    """v1 buys by GET, too; that nothing was bought is held at the end, and seen here."""
    asked = {"id": "1", "steamid": BUYER, "trade_token": "abcdef"}
    reply = await shop.call("HEAD", "/api/v1/buy_item", params=asked)
    assert int(reply.headers["Content-Length"]) < 200  # a refusal
    assert (await shop.get("items/1")).status == 200


@pytest.mark.parametrize("version", CALLS)
async def test_paths_beside_those_of_the_calls_are_no_calls(shop: Shop, version: str) -> None:
    known = [re.sub("{[a-z_]+}", "77", path) for path in CALLS[version]]
    beside = [
        f"{path}{end}"
        for path in known
        for end in ("/", "//", "/x", "%00", ".json", ";x=1", "%2f", "%20", "\u00e9")
    ]
    beside += [f"/{path.lstrip('/').upper()}" for path in known] + [
        "",
        "/",
        "//",
        "/..",
        "/%",
        "/" + "x" * 5_000,
        "/%ff",
        "/*",
    ]
    for path in beside:
        if re.fullmatch(r"/(items|offers|payments)/[^/]+", path.replace("%2f", "/")):
            continue  # these have an id in their path, however odd
        address = URL(f"{shop.url}/api/{version}{path}", encoded=True)
        async with shop.http.get(address, headers={"Token": shop.token}) as response:
            text = await response.text()
        assert response.status in (200, 400, 404), path
        assert response.status == 400 or json.loads(text)["error_message"] == "wrong_method", (path, text)


# Searches, pages, columns ------------------------------------------------------------------------------------

PATTERNS = [
    "%", "%%", "_", "%_%", "%_" * 60, "_" * 150, "\\", "\\%", "%\\", "\\\\" * 50, "a%" * 60, "(a+)+$", "(((((a*)*)*)*)*)*b", "a" * 199 + "b", "[", "[a-",
    ".*" * 60, "*", "?" * 100, "^", "$", "|", "' OR '1'='1", "';--", "\"", "%' ESCAPE '!", "${x}", "{{7*7}}", "\u202e", "\u0130" * 100, "\u00df" * 100, "\ufb03" * 60, "\u1e9e" * 60,
]  # fmt: skip


@pytest.mark.parametrize("version", LISTS)
async def test_a_hostile_search_costs_what_a_plain_one_costs(db: Db, version: str) -> None:
    names = [f"{'a' * 190}{number}" for number in range(100)] + ["100%_\\ (Field-Tested)", "a\"b'c"]
    async with shop_on(db, **NO_LIMIT) as shop:
        await feed.put(
            shop.app, [await shop.box.stock.offer(shop.stranger, 100, name=name) for name in names]
        )
        calls = [LISTS[version], *(["steam_items"] if version == "v2" else [])]
        for text, call in itertools.product(PATTERNS, calls):
            begun = time.perf_counter()
            reply = await shop.get(f"/api/{version}/{call}", params={"search": text, "limit": 1000})
            assert time.perf_counter() - begun < 0.5, (call, text)
            assert reply.body["status"] == "success", (call, text, reply.body)
            assert reply.body["metadata"]["total"] == sum(text in name for name in names), (call, text)


PAGES: list[tuple[str, int, int]] = [
    ("limit=1000000000", 15_000, 0), (f"limit={'9' * 18}", 15_000, 0), (f"limit={'9' * 5000}", 15_000, 0), ("limit=1&offset=1000000000000", 1, 10**12),
    (f"offset={'9' * 18}&limit=15000", 15_000, 10**18 - 1), ("limit=15001", 15_000, 0), ("limit=15000", 15_000, 0),
]  # fmt: skip


@pytest.mark.parametrize("version", LISTS)
async def test_a_page_beyond_all_bounds_is_clamped_and_says_so(shop: Shop, version: str) -> None:
    for text, limit, offset in PAGES:
        reply = await shop.get(f"/api/{version}/{LISTS[version]}?{text}")
        assert reply.body["status"] == "success"
        metadata = reply.body["metadata"]
        assert (metadata["limit"], metadata["offset"]) == (limit, offset), text
        assert len(reply.body["data"]) == max(0, metadata["total"] - offset)


# Strings for numbers and numbers for strings, and other ways to say the same ----------------------------------

SAME: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"id": 77}, {"id": "77"}), ({"price": "3.1"}, {"price": 3.10}), ({"price": "3"}, {"price": 3}), ({"steamid": BUYER}, {"steamid": int(BUYER)}),
    ({"custom_id": 400}, {"custom_id": "400"}), ({"trade_token": 123456}, {"trade_token": "123456"}), ({"price": None}, {}), ({"custom_id": None}, {}),
]  # fmt: skip


@pytest.mark.parametrize("version", VERSIONS)
async def test_strings_for_numbers_and_numbers_for_strings_are_taken(shop: Shop, version: str) -> None:
    path = f"/api/{version}/{VERSIONS[version]}"
    for one, other in SAME:
        for changes in (one, other):
            reply = await shop.call("POST", path, json={**BUY, **changes})
            assert fault(reply, version, "no_item") == "", (changes, reply.body)
            if None not in changes.values():
                reply = await shop.call("POST", path, data={**BUY, **changes})
                assert fault(reply, version, "no_item") == "", (changes, reply.body)


async def test_a_delete_with_a_body_is_read_like_any_other(shop: Shop) -> None:
    asked: dict[str, Any] = {"steamid": BUYER, "item_ids": [1, "2"]}
    ways: list[dict[str, Any]] = [
        {"json": asked}, {"data": {"steamid": BUYER, "item_ids": "1,2"}}, {"data": f"steamid={BUYER}&item_ids[]=1&item_ids[]=2"},
        {"params": {"steamid": BUYER}, "json": {"item_ids": 1}}, {"params": {"steamid": BUYER, "item_ids[0]": 1}}, {"data": json.dumps(asked)},
    ]  # fmt: skip
    for how in ways:
        assert fault(await shop.call("DELETE", "offers", **how), "v2", "no_access") == "", how
    both: dict[str, Any] = {"params": {"item_ids[]": 1, "steamid": BUYER}, "json": {"item_ids": [2]}}
    assert fault(await shop.call("DELETE", "offers", **both), "v2", "wrong_params") == ""
