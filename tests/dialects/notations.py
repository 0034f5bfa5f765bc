"""The notations that parameters reach a call in: query, form, multipart form, JSON; written once, with a form's names.

And the shop that they are sent to, whose state is held against what it was before, as refusals leave no trace.
"""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import fields
from typing import Any

import aiohttp

from dialects.rejects import Taker
from dialects.shop import Reply, Shop, shop_on
from tradepost.config.settings import Settings
from tradepost.db import Db
from tradepost.dialects.shadowpay.v2 import STATUS
from world import Databases, faults_of_the_books

NO_LIMIT = {one.name: 10_000_000 for one in fields(Settings) if one.name.endswith("_per_minute")}
TABLES = ("account", "offer", "trade", "wallet", "transfer", "entry", "seller_grant")
STEPS = re.compile(r"[^\[\]]+|\[\]")


class Lexeme(str):
    """A value that JSON gets as it is, rather than as a text of these characters."""

    __slots__ = ()


def json_of(parameters: dict[str, str]) -> str:
    """The JSON object with the same parameters: `offers[0][id]` is the id in the first row of `offers`."""
    grown: dict[str, Any] = {}
    for name, value in parameters.items():
        first, *steps = STEPS.findall(name)
        place, key = grown, first
        for step in steps:
            place, key = place.setdefault(key, {}), "0" if step == "[]" else step
        place[key] = value
    return _write(grown)


def _write(value: Any) -> str:
    if not isinstance(value, dict):
        return str(value) if isinstance(value, Lexeme) else json.dumps(value)
    if value and all(key.isdigit() for key in value):  # a list; gaps close
        return f"[{','.join(_write(value[key]) for key in sorted(value, key=int))}]"
    return "{" + ",".join(f"{json.dumps(key)}:{_write(one)}" for key, one in value.items()) + "}"


def spelled(name: str, way: str) -> str:
    """How an error says a name back: as it was written, in a form or in JSON."""
    if "json" not in way:
        return name
    first, *steps = [str(step) for step in STEPS.findall(name)]
    return first + "".join("[0]" if step == "[]" or step.isdigit() else f".{step}" for step in steps)


def ways_of(taker: Taker) -> list[str]:
    """Every way to pass parameters to a call: method and notation."""
    if taker.version == "v1":
        return ["GET query", "POST query", "POST form", "POST multipart", "POST json"]
    if taker.method == "GET":
        return ["GET query"]
    return [f"{taker.method} {notation}" for notation in ("query", "form", "multipart", "json")]


async def send(shop: Shop, taker: Taker, way: str, value: str | None) -> Reply:
    """One call with a value for the taker's parameter, or without it, and the rest of what it needs."""
    parameters = dict(taker.others)
    if value is not None:
        parameters[taker.field] = value
    by_row = taker.method == "PATCH" and taker.field.startswith("offers[")
    if by_row:  # of prices changed together each row is refused by itself, once the seller has granted it
        parameters["steamid"] = shop.seller_steamid
    method, notation = way.split()
    how: dict[str, Any] = {}
    if notation == "query":
        how["params"] = parameters
    elif notation == "form":
        how["data"] = parameters
    elif notation == "multipart":
        parts = aiohttp.FormData(default_to_multipart=True, quote_fields=False)
        for name, text in parameters.items():
            parts.add_field(name, text)
        how["data"] = parts
    else:
        how["data"] = json_of(parameters).encode()
        how["headers"] = {"Content-Type": "application/json"}
    reply = await shop.call(method, f"/api/{taker.version}/{taker.path}", **how)
    if by_row and "bids" in reply.body:
        (row,) = reply.body["bids"]
        return Reply(STATUS[row["error_message"]], row, reply.headers) if "error_message" in row else reply
    return reply


def fault(reply: Reply, version: str, word: str, name: str = "") -> str:
    """What is wrong with a refusal: its status, its word, or the name that its sentence begins with."""
    body = reply.body
    if not isinstance(body, dict) or body.get("error_message") != word:
        return f"is no {word}"
    if reply.status != (200 if version == "v1" else STATUS[word]):
        return f"has the status {reply.status}"
    details = body.get("error_details", "")
    if name and (not details.startswith(f"{name}: ") or len(details) < len(name) + 10):
        return f"does not begin with the name {name}"
    return ""


async def state_of(db: Db) -> list[Any]:
    """All that a request could have changed."""
    return [
        [tuple(row) for row in await db.fetch(f"SELECT * FROM {table} ORDER BY 1, 2")] for table in TABLES
    ]


@asynccontextmanager
async def untouched(server: Databases) -> AsyncIterator[Shop]:
    """One shop for many rows: what is refused leaves no trace, and that is held at the end."""
    async with server.fresh() as db, shop_on(db, **NO_LIMIT) as made:
        await made.foreign()
        await made.own()
        before = await state_of(db)
        yield made
        assert await state_of(db) == before
        assert await faults_of_the_books(db) == []
