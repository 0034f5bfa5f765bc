"""Pages of examples: requests in ```http blocks, each followed by its answer in a ```json or ```text block.

The examples of a page are one story, told from its first to its last on one market. An answer must have the shape that
the page shows: the same keys, the same types, texts of the same format; ids, times and tokens may be others.
With `TRADEPOST_WRITE_EXAMPLES=1` the answers are written into the page as they were.
"""

import json
import os
import re
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from dialects.shop import Shop

API = Path(__file__).resolve().parents[2] / "docs/api"
WRITES = bool(os.environ.get("TRADEPOST_WRITE_EXAMPLES"))

_PAIR = re.compile(r"```http\n(.*?)\n```\n+```(json|text)\n(.*?)\n?```", re.DOTALL)
_FORMATS = {
    "a moment": r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d",
    "RFC 3339": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)",
    "a day": r"\d{4}-\d\d-\d\d",
    "a steamid": r"7656119\d{10}",
    "two decimals": r"\d+\.\d\d",
    "a whole number": r"\d+",
    "an address": r"https?://\S+",
}


@dataclass(frozen=True)
class Example:
    """One request, and what the page says of its answer."""

    method: str
    path: str
    headers: dict[str, str]
    body: str
    kind: str  # json or text
    answer: str
    span: tuple[int, int]  # where the answer stands in the page


def examples(page: str) -> list[Example]:
    """The examples of a page, in order."""
    found = []
    for pair in _PAIR.finditer(page):
        head, _, body = pair[1].partition("\n\n")
        first, *lines = head.split("\n")
        method, path = first.split(" ", 1)
        headers = dict(line.split(": ", 1) for line in lines)
        found.append(Example(method, path, headers, body, pair[2], pair[3], pair.span(3)))
    return found


def shape(value: Any) -> Any:
    """What of a value stays the same when the same is asked of another market."""
    if isinstance(value, dict):
        return {_key(key): shape(one) for key, one in value.items()}
    if isinstance(value, list):
        return [shape(one) for one in value]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float | Decimal):
        return "a number"
    return next((name for name, form in _FORMATS.items() if re.fullmatch(form, value)), "a text")


def _key(key: str) -> str:
    return "a whole number" if key.isdecimal() else key


async def tell(shop: Shop, name: str) -> list[Example]:
    """Tell the story of a page; every answer has the shape that stands there. The examples, to be counted."""
    path = API / name
    page = path.read_text(encoding="utf-8")
    told, written, at = examples(page), [], 0
    for example in told:
        reply = await _ask(shop, example)
        if WRITES:
            written += [page[at : example.span[0]], _pretty(reply)]
            at = example.span[1] - page[example.span[0] : example.span[1]].endswith("\n")
            continue
        if example.kind == "text":
            assert _lines(reply) == _lines(example.answer), f"{example.method} {example.path}"
            continue
        said = json.loads(example.answer, parse_float=Decimal)
        assert shape(reply) == shape(said), f"{example.method} {example.path} answered {_pretty(reply)}"
    if WRITES:
        path.write_text("".join([*written, page[at:]]), encoding="utf-8")
    return told


async def _ask(shop: Shop, example: Example) -> Any:
    url = shop.url + example.path
    if example.kind == "text":
        headers = {"Token": shop.token, **example.headers}
        async with shop.http.request(example.method, url, headers=headers) as response:
            assert response.status == 200
            text = ""
            while "event:" not in text:
                text += (await response.content.readuntil(b"\n\n")).decode()
            return text.strip()
    reply = await shop.call(
        example.method, example.path, headers=example.headers, data=example.body.encode() or None
    )
    return reply.body


def _lines(text: str) -> list[str]:
    """The names of an event's lines, and which event it is: ids and data are others each time."""
    return [line if line.startswith("event") else line.partition(":")[0] for line in text.split("\n")]


def _pretty(answer: Any) -> str:
    if isinstance(answer, str):
        return answer
    return json.dumps(answer, indent=2, ensure_ascii=False, default=float)
