"""The seed's own text as data: its JSON examples, its calls with their parameters, its words for errors.

Where the seed does not lie beside the repository, `table.txt` says the same of it: names, types and formats.
Four of its examples are not JSON as they stand, and four successes forget their status; both are mended here,
and each example says what was mended in it.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
TABLE = Path(__file__).with_name("table.txt")

Shape = dict[str, frozenset[str]]  # of each place in a JSON value the words for what stands there

INTRODUCTIONS = re.compile(
    r"The above command returns JSON structured|The response will be structured as follows"
    r"|Grouped response will be structured as follows|Re(quest|sponse) example"
)
ADDRESS = re.compile(r"(GET|POST|PATCH|DELETE) https://[a-z.]*shadowpay\.com(/\S+)")
PARAMETER = re.compile(r"(\S+) (?:true|false)\b.*")
ERROR = re.compile(r"([a-z_]+) [A-Z].*")
FORMATS = {
    "moment": re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"),
    "steamid": re.compile(r"7656\d{13}"),
    "money": re.compile(r"(0|[1-9]\d*)\.\d\d"),
    "digits": re.compile(r"\d+"),
}


@dataclass(frozen=True)
class Example:
    """A JSON example: which call it belongs to, under which heading it stands, and what it took to read it."""

    call: str  # as `POST /api/v1/buy_item`
    heading: str
    is_request: bool
    value: Any
    mended: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What tells it from the others: one call has several, and two calls have one address."""
        return " | ".join([self.call, self.heading, *(["request"] if self.is_request else [])])


@cache
def seed() -> str | None:
    """The text of the seed, if it lies beside the repository."""
    found = sorted((ROOT.parent / "shared" / "seeds").glob("004_*.txt"))
    return found[0].read_text(encoding="utf-8") if found else None


# The seed's text ---------------------------------------------------------------------------------------------


def examples(text: str) -> list[Example]:
    """Every JSON example of the seed, in its order."""
    lines = text.split("\n")
    heading, found, waiting = "", list[Example](), list[tuple[str, bool, str, tuple[str, ...]]]()
    is_request, is_grouped = False, False
    for number, line in enumerate(lines):
        if INTRODUCTIONS.match(line):
            before = next(one for one in reversed(lines[:number]) if one.strip())
            heading = heading if before == "}" else before
            is_request, is_grouped = line.startswith("Request"), line.startswith("Grouped")
        elif line == "{":
            end = lines.index("}", number)
            value, mended = read("\n".join(lines[number : end + 1]), is_request=is_request)
            if is_grouped:  # of the call that was described just before
                found.append(Example(found[-1].call, heading, is_request, value, mended))
            else:
                waiting.append((heading, is_request, value, mended))
        elif address := ADDRESS.fullmatch(line.strip()):
            call = " ".join(address.groups())
            found += [Example(call, *one) for one in waiting]
            waiting = []
    return found


def read(text: str, *, is_request: bool) -> tuple[Any, tuple[str, ...]]:
    """The value of an example, and what was wrong with it.

    Lists are cut short with `...`, which goes, and with it the comma before; a comma is left behind the last
    element; and a success has its status at the root wherever the seed does not forget it.
    """
    mended = []
    if re.search(r"^\s*\.\.\.\s*$", text, re.MULTILINE):
        mended.append("ellipsis")
        text = re.sub(r",\s*\.\.\.\s*\n", "\n", text)
    elif re.search(r",\s*[\]}]", text):
        mended.append("comma")
        text = re.sub(r",(\s*[\]}])", r"\1", text)
    value = json.loads(text, parse_float=Decimal)
    if not is_request and "status" not in value:
        mended.append("status")
        value = {**value, "status": "success"}
    return value, tuple(mended)


def calls(text: str) -> dict[str, list[str]]:
    """Every call of the seed with the parameters of its tables; one address that stands twice takes both's."""
    found: dict[str, list[str]] = {}
    call, is_table = "", False
    for line in text.split("\n"):
        if address := ADDRESS.fullmatch(line.strip()):
            call = " ".join(address.groups())
            found.setdefault(call, [])
        elif line.startswith("Parameter Required"):
            is_table = True
        elif not (row := PARAMETER.fullmatch(line)):
            is_table = False
        elif is_table and row[1] not in found[call]:
            found[call].append(row[1])
    return found


def words(text: str) -> list[str]:
    """The words of both of the seed's tables of errors."""
    found: list[str] = []
    is_table = False
    for line in text.split("\n"):
        if line.startswith("Error Code Meaning"):
            is_table = True
        elif not (row := ERROR.fullmatch(line)):
            is_table = False
        elif is_table and row[1] not in found:
            found.append(row[1])
    return found


# Shapes ------------------------------------------------------------------------------------------------------


def word(value: Any) -> str:
    """What kind of thing a value is, and in what form it is written where it is a text."""
    if isinstance(value, str):
        return next((name for name, form in FORMATS.items() if form.fullmatch(value)), "text")
    kinds = {bool: "flag", dict: "object", list: "list", int: "number", Decimal: "number", type(None): "null"}
    return kinds[type(value)]


def is_keyed_by_data(value: dict[str, Any]) -> bool:
    """Whether the keys of an object are names of items or a merchant's own ids, rather than names of fields."""
    return any(not re.fullmatch("[a-z][a-z_]*", key) for key in value)


def below(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """What lies in a value, each with its place: `data[].id`, `data.*.price`."""
    if isinstance(value, list):
        yield from ((f"{path}[]", one) for one in value)
    elif isinstance(value, dict):
        names = dict.fromkeys(value, "*") if is_keyed_by_data(value) else {key: key for key in value}
        yield from ((f"{path}.{names[key]}".lstrip("."), one) for key, one in value.items())


def shape(value: Any, path: str = "") -> Shape:
    """The words of every place in a value."""
    found: dict[str, frozenset[str]] = {path: frozenset({word(value)})} if path else {}
    for place, inner in below(path, value):
        for name, kinds in shape(inner, place).items():
            found[name] = found.get(name, frozenset()) | kinds
    return found


# The table ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Said:
    """What the seed says: the shape of each example, the parameters of each call, the words for errors."""

    shapes: dict[str, Shape]
    calls: dict[str, list[str]]
    words: list[str]


def said_by(text: str) -> Said:
    """What the seed's own text says."""
    return Said({one.name: shape(one.value) for one in examples(text)}, calls(text), words(text))


def write_table(said: Said) -> str:
    """The table of names, types and formats, a line for each."""
    lines = [f"errors: {' '.join(said.words)}"]
    lines += [f"call: {call}: {' '.join(names)}" for call, names in said.calls.items()]
    for name, places in said.shapes.items():
        lines += ["", f"example: {name}"]
        lines += [f"  {place}  {'|'.join(sorted(kinds))}" for place, kinds in places.items()]
    return "\n".join(lines) + "\n"


def read_table(text: str) -> Said:
    """What the table says."""
    said = Said({}, {}, [])
    places: dict[str, frozenset[str]] = {}
    for line in text.splitlines():
        kind, _, rest = line.partition(": ")
        if kind == "errors":
            said.words.extend(rest.split())
        elif kind == "call":
            call, _, names = rest.partition(":")
            said.calls[call] = names.split()
        elif kind == "example":
            places = said.shapes[rest] = {}
        elif line:
            place, kinds = line.split()
            places[place] = frozenset(kinds.split("|"))
    return said


@cache
def said() -> Said:
    """What the seed says: read from itself where it is there, and from the table where it is not."""
    text = seed()
    return said_by(text) if text is not None else read_table(TABLE.read_text(encoding="utf-8"))
