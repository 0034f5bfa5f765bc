"""What is malformed is refused by its name, in both versions, however it is passed; and nothing changes by it."""

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any, get_args, get_type_hints

import msgspec
import pytest

from dialects.notations import Lexeme, fault, send, spelled, untouched, ways_of
from dialects.rejects import A_FEW_NUMBERS, BAD, LEXEMES, NOT_JSON, NUMBERS, TAKERS, Taker
from dialects.shop import Shop
from tradepost.dialects.shadowpay import v1, v2
from world import Databases

MAIN = {
    ("v1", "buy_item"),
    ("v2", "buy"),
    ("v2", "items"),
    ("v1", "search_similar_items"),
}  # get the whole list


@pytest.fixture(scope="module")
async def shop(server: Databases) -> AsyncIterator[Shop]:
    async with untouched(server) as made:
        yield made


def bad_values(taker: Taker) -> list[str]:
    """The texts that a taker must refuse; the long list of numbers goes to one call of each version."""
    bad = BAD[taker.kind]
    is_long = len(bad) >= len(NUMBERS) and (taker.version, taker.path) not in MAIN
    return A_FEW_NUMBERS if is_long else bad


def test_the_table_is_as_long_as_it_is_meant_to_be() -> None:
    assert len(NUMBERS) >= 300
    assert len({taker.name for taker in TAKERS}) == len(TAKERS)
    assert {taker.kind for taker in TAKERS} == BAD.keys()


def test_every_parameter_of_every_call_is_in_the_table() -> None:
    """Those in a path are tried with the calls that have them; v1's two calls of one name have one set between them."""
    known = {(one.version, re.sub(r"/77$", "/{id}", f"/{one.path}"), re.sub(r"\[\w*\]$", "", one.field)
              if "][" not in one.field else re.sub(r"\[\d\]\[", "[][", one.field)) for one in TAKERS}  # fmt: skip
    missing = {
        (version, path, name)
        for version, calls in {"v1": v1.CALLS, "v2": v2.CALLS}.items()
        for path, methods in calls.items()
        for method in methods.values()
        for name in names_of(method.asked)
        if f"{{{name}}}" not in path and name not in ("mine",)
    } - known
    assert missing == set()


def names_of(asked: type[msgspec.Struct]) -> Iterator[str]:
    """The names that a call reads, of rows with the list's name before them."""
    hints = get_type_hints(asked, include_extras=True)
    for one in msgspec.structs.fields(asked):
        text = str(hints[one.name])
        also = re.findall(r"Also\(name='(\w+)'\)", text)
        inner = list(structs_in(hints[one.name]))
        for name in (one.encode_name, *also):
            yield from (f"{name}[][{below}]" for kind in inner for below in names_of(kind))
            if not inner:
                yield name


def structs_in(hint: Any) -> Iterator[type[msgspec.Struct]]:
    """The structs that a type speaks of."""
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        yield hint
    for one in get_args(hint):
        yield from structs_in(one)


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize("kind", BAD)
async def test_a_text_that_is_none_of_its_kind_is_refused_by_name_however_it_is_passed(
    shop: Shop, version: str, kind: str
) -> None:
    word = "invalid_tradelink" if kind == "trade_token" else "validation_error"
    wrong = []
    for taker in TAKERS:
        if (taker.version, taker.kind) != (version, kind):
            continue
        for way in ways_of(taker):
            for text in bad_values(taker):
                reply = await send(shop, taker, way, text)
                said = fault(reply, version, word, spelled(taker.field, way))
                wrong += [f"{taker.name} by {way}: {text[:40]!r} {said}: {reply.body}"] if said else []
    assert wrong == []


JSON_TAKERS = [taker for taker in TAKERS if taker.version == "v1" or taker.method != "GET"]


@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_a_json_value_that_is_no_text_or_number_of_ours_is_refused_by_name(
    shop: Shop, version: str
) -> None:
    wrong = []
    for taker in JSON_TAKERS:
        if taker.version != version or taker.kind not in ("price", "id", "bound", "limit"):
            continue
        method = "POST" if version == "v1" else taker.method
        for text in LEXEMES:
            if taker.kind == "limit" and re.fullmatch("1[0-9]+|9+", text):
                continue  # merely very many
            if taker.kind == "id" and text == "10000000":
                continue
            if text == "[[1]]" and "[" in taker.field:
                continue  # there it is nested too deep
            reply = await send(shop, taker, f"{method} json", Lexeme(text))
            said = fault(reply, version, "validation_error", spelled(taker.field, "json"))
            wrong += [f"{taker.name}: {text[:40]} {said}: {reply.body}"] if said else []
    assert wrong == []


@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_what_is_not_json_is_refused_as_the_body_that_it_is(shop: Shop, version: str) -> None:
    taker = next(one for one in TAKERS if one.version == version and one.field == "price")
    wrong = []
    for text in NOT_JSON:
        reply = await send(shop, taker, "POST json", Lexeme(text))
        said = fault(reply, version, "validation_error", "body")
        wrong += [f"{text}: {said}: {reply.body}"] if said else []
    assert wrong == []


@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_an_empty_text_is_an_absent_one_or_refused_by_name(shop: Shop, version: str) -> None:
    """PHP sends an empty text for null, and forms send what nobody filled in."""
    wrong = []
    for taker in TAKERS:
        if taker.version != version:
            continue
        for way in ways_of(taker):
            absent, reply = [await send(shop, taker, way, value) for value in (None, "")]
            if reply.body.get("error_message") == absent.body.get("error_message"):
                continue
            if taker.name == "v2 DELETE webhook code" and reply.body.get("error_message") == "no_item":
                continue  # the first of the two removed it
            said = fault(reply, version, "validation_error", spelled(taker.field, way))
            wrong += [f"{taker.name} by {way} {said}: {reply.body}"] if said else []
    assert wrong == []
