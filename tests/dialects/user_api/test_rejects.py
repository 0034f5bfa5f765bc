"""Nonsense for each parameter of each call: HTTP 300 with the field named, never a fault of ours, and nothing done."""

import re
from collections.abc import AsyncIterator
from typing import Any, get_args, get_origin
from urllib.parse import quote

import pytest

from dialects.notations import NO_LIMIT
from dialects.user_api.authorization import ROWS
from dialects.user_api.club import Club, Member, Reply, club_on
from dialects.user_api.rejects import NONSENSE, takers
from dialects.user_api.test_authorization import NOBODYS, state_of
from tradepost.dialects.openapi.examples import EXAMPLES
from tradepost.dialects.openapi.user import operation_id
from tradepost.dialects.pace import Pace
from tradepost.dialects.user_api import CALLS, ways
from world import Databases, faults_of_the_books

TAKERS = takers()
SHAPES: list[Any] = [{"a": 1}, [["x"]], [{"a": 1}]]
EMPTY: list[Any] = [
    [None],
    True,
    {},
    [[]],
    None,
]  # for a list, a flag or a mark these may be something, or nothing


def nonsense(kind: Any) -> list[str]:
    """Texts that are none of a type; of a choice of words, those that are none of the words."""
    if get_origin(kind) is not None and get_args(kind):
        return ["nothing", "NOTHING", "x" * 5_000, "\x00", f"{get_args(kind)[0]};"]
    return NONSENSE[kind]


@pytest.fixture(scope="module")
async def club(server: Databases) -> AsyncIterator[Club]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ways, "Pace", lambda _: Pace(10_000_000))
        async with server.fresh() as db, club_on(db, **NO_LIMIT) as made:
            yield made
            assert await faults_of_the_books(db) == []


@pytest.fixture(scope="module")
async def member(club: Club) -> Member:
    """Somebody who may do everything."""
    return await club.browser()


def test_every_type_of_a_parameter_has_its_nonsense() -> None:
    missing = {kind for *_, kind, _ in TAKERS if get_origin(kind) is None and kind not in NONSENSE}
    assert not missing


async def tried(
    member: Member, method: str, path: str, name: str, asked: dict[str, Any], notation: str
) -> Reply:
    """One request with a value for a parameter, and the rest as in the call's example."""
    url = path
    for part in re.findall(r"\{(\w+)\}", path):
        url = url.replace(f"{{{part}}}", quote(str(asked.pop(part, "1")), safe=""))
    how: dict[str, Any] = {"query": {"params": asked}, "form": {"data": asked}, "json": {"json": asked}}[
        notation
    ]
    return await member.call(method, url, **how)


@pytest.mark.parametrize(
    ("method", "path", "name", "kind", "is_list"), TAKERS, ids=[f"{m} {p} {n}" for m, p, n, *_ in TAKERS]
)
async def test_nonsense_is_refused_and_named_and_nothing_is_done(
    club: Club, member: Member, method: str, path: str, name: str, kind: Any, is_list: bool
) -> None:
    example = EXAMPLES.get(("user", operation_id(path, method, CALLS[path])))
    asked = example.asked if example else ROWS[f"{method} {path}"].asked(NOBODYS)
    others = {key: value for key, value in asked.items() if key != name}
    in_path = f"{{{name}}}" in path
    if method != "GET" and not in_path:
        for value in EMPTY:
            reply = await tried(member, method, path, name, {**others, name: value}, "json")
            assert reply.status in (200, 300, 403, 404), (value, reply.body)
    before = await state_of(club.db)
    plain = not any(isinstance(one, list | dict | bool) for one in others.values())
    notations = ["query"] if method == "GET" else ["json", "form"] if plain else ["json"]
    for value in nonsense(kind) if "json" not in notations or in_path else [*nonsense(kind), *SHAPES]:
        for notation in notations if isinstance(value, str) else ["json"]:
            given = [value] if is_list and isinstance(value, str) and notation == "json" else value
            reply = await tried(member, method, path, name, {**others, name: given}, notation)
            about = (notation, value, reply.body)
            if in_path:
                assert reply.refusal[0] in (300, 404), about
                continue
            assert reply.refusal[0] == 300, about
            assert reply.body["field"].startswith(name), about
    after = await state_of(club.db)
    assert [table for table in before if before[table] != after[table]] == []
