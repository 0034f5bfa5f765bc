"""From the tree of what was sent to the struct that a call declares; errors keep the caller's own spelling.

A call's parameters are a msgspec struct of the types in `fields`. Here the tree is brought into the struct's
shape (one value or many, a comma list, rows), whatever notation it came in; msgspec then converts the values
and fills in the defaults.
"""

import re
from dataclasses import dataclass
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from tradepost.dialects.fields import Flag
from tradepost.dialects.reading import KEYS_MAX
from tradepost.dialects.tree import SPELLED_CHARS_MAX, Node, Scalar
from tradepost.rules.refusals import Conflicting, Malformed, Refusal

S = TypeVar("S", bound=msgspec.Struct)

_PATH = re.compile(r"(.*) - at `\$(.*)`", re.DOTALL)
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CONTROL_BUT_LINES = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")  # for a type that HAS_LINES


@dataclass(frozen=True, slots=True)
class Also:
    """A second name of the same parameter."""

    name: str


@dataclass(frozen=True, slots=True)
class Rows:
    """How many elements a list may have, one at least; a list without this may have as many as a request has keys."""

    most: int


class Unread(NamedTuple):
    """A row that cannot be read, where the rest of its list stands all the same: a list of `Row | Unread` has such.

    A tuple, since msgspec tells it from the struct beside it by that.
    """

    id: str | None  # as it was sent
    field: str  # as it was spelled
    clause: str

    @property
    def refusal(self) -> Malformed:
        """What is wrong with it."""
        return Malformed(self.field, self.clause)


COMMAS = "commas"  # a list that may be written as one text with commas
BLANKS = "blanks"  # of what is cut at commas the blanks around it may belong to it: both readings count
EMPTY = "must not be empty: give it a value, or leave it away altogether"
FILLED = "filled"  # an empty text is refused: taken for an absent one, as elsewhere, it would mean much more


@dataclass(frozen=True, slots=True)
class _Field:
    """What a struct says of one parameter."""

    name: str
    names: tuple[str, ...]  # all that it may be sent under, the documented one first
    required: bool
    is_list: bool
    row: type[msgspec.Struct] | None  # of a list of structs
    by_row: bool  # a row that cannot be read is one of the list
    commas: bool
    blanks: bool
    filled: bool
    most: int | None
    options: tuple[str, ...]  # of a Literal


@dataclass(frozen=True, slots=True)
class _Shape:
    """A struct's parameters by every name, and those that must be there."""

    by_name: dict[str, _Field]
    required: tuple[_Field, ...]


@cache
def _shape(kind: type[msgspec.Struct]) -> _Shape:
    hints = get_type_hints(kind, include_extras=True)
    # By the name that is sent: a parameter may be called `from`, which no attribute can be.
    fields = [_field(one.encode_name, hints[one.name], one.required) for one in msgspec.structs.fields(kind)]
    return _Shape(
        {name: field for field in fields for name in field.names},
        tuple(field for field in fields if field.required),
    )


def _field(name: str, hint: Any, required: bool) -> _Field:
    hint, marks = bare(hint)
    is_list = get_origin(hint) is list
    inner = get_args(hint)[0] if is_list else hint
    by_row = Unread in get_args(inner)
    inner = row_of(inner)
    return _Field(
        name,
        (name, *(mark.name for mark in marks if isinstance(mark, Also))),
        required,
        is_list,
        inner if isinstance(inner, type) and issubclass(inner, msgspec.Struct) else None,
        by_row,
        COMMAS in marks,
        BLANKS in marks,
        FILLED in marks,
        next((mark.most for mark in marks if isinstance(mark, Rows)), None),
        get_args(inner) if get_origin(inner) is Literal else (),
    )


def bare(hint: Any) -> tuple[Any, list[Any]]:
    """What a parameter's type is without its marks and its None, and these marks."""
    marks: list[Any] = []
    while True:
        if get_origin(hint) is Annotated:
            hint, *more = get_args(hint)
            marks += more
        elif get_origin(hint) in (Union, UnionType):
            hint = next(option for option in get_args(hint) if option is not type(None))
        else:
            return hint, marks


def row_of(inner: Any) -> Any:
    """What a list's elements are meant to be: of `Row | Unread` the row."""
    options = get_args(inner)
    return next(one for one in options if one is not Unread) if Unread in options else inner


def names_of(kind: type[msgspec.Struct]) -> dict[str, str]:
    """The attributes of a struct by every name that they may be sent under."""
    attributes = {one.encode_name: one.name for one in msgspec.structs.fields(kind)}
    return {name: attributes[field.name] for name, field in _shape(kind).by_name.items()}


def take(kind: type[S], tree: Node) -> S:
    """The struct that a call asks for, out of what was sent; a refusal names the field."""
    try:
        return msgspec.convert(_plain(kind, tree), kind, dec_hook=_read)
    except msgspec.ValidationError as error:
        found = _PATH.fullmatch(str(error))
        if found is None:
            raise
        raise Malformed(_spelled(kind, tree, found[2]), found[1]) from None


def _plain(kind: type[msgspec.Struct], node: Node) -> dict[str, object]:
    """What was sent for a struct, as the dict and lists that msgspec converts."""
    shape, plain = _shape(kind), dict[str, object]()
    for name, child in (node.children or {}).items():
        field = shape.by_name.get(name)
        if field is None:
            continue
        value = _value(field, child)
        if value is None:
            continue
        if field.name in plain and (field.is_list or plain[field.name] != value):
            raise Conflicting(f"{' and '.join(field.names)} are one parameter; give one of them.")
        plain[field.name] = value
    for field in shape.required:
        if field.name not in plain:
            sent = _sent(field, node)
            raise Malformed(node.spell(field.name) if sent is None else sent.spelled, "is missing")
    return plain


def _sent(field: _Field, node: Node) -> Node | None:
    """The node of a parameter, under whichever name it was sent."""
    children = node.children or {}
    return next((children[name] for name in field.names if name in children), None)


def _value(field: _Field, node: Node) -> object:
    node.check()
    if not field.is_list:
        return _single(field, node)
    if field.row is not None:
        return _rows(field, field.row, node)
    return _texts(field, node)


def _single(field: _Field, node: Node) -> Scalar:
    """The one value; an empty text counts as absent: PHP makes it of null, forms of what nobody filled in."""
    value = node.scalar()
    if value != "":
        return _option(field, node, value)
    if field.filled:
        raise Malformed(node.spelled, EMPTY)
    return None


def _texts(field: _Field, node: Node) -> list[Scalar] | None:
    """The values of a list, however it was written; None when only null was sent."""
    given: list[Scalar]
    if node.children is None:
        if field.filled and "" in node.values:
            raise Malformed(node.spelled, EMPTY)
        given = [value for value in node.values if value is not None and value != ""]
        if not given:
            return None
    else:
        given = [element.scalar() for element in node.elements()]
    # Counted before it is cut: a megabyte of commas is one key, and would be half a million elements.
    commas = sum(value.count(",") for value in given if isinstance(value, str)) if field.commas else 0
    if len(given) + commas > KEYS_MAX:
        _count(field, node, len(given) + commas)
    elements: list[list[Scalar]] = []
    for value in given:
        # Only what has one is cut: a number has none, and must stay a number for whoever reads it.
        if commas and isinstance(value, str) and "," in value:
            elements += filter(None, (_readings(field, piece) for piece in value.split(",")))
        else:
            elements.append([value])
    if given and not elements:
        return None
    _count(field, node, len(elements))
    return [_option(field, node, reading) for element in elements for reading in element]


def _readings(field: _Field, piece: str) -> list[Scalar]:
    """What may be meant by a piece between commas: nothing, the piece without the blanks around it, or also with."""
    bare = piece.strip(" ")
    both = (bare, piece) if field.blanks else (bare,)
    return [reading for reading in dict.fromkeys(both) if reading]


def _rows(field: _Field, row: type[msgspec.Struct], node: Node) -> list[dict[str, object] | Unread] | None:
    if node.children is None:
        if all(value is None for value in node.values):
            return None
        raise Malformed(node.spelled, "must be a list")
    elements = node.elements()
    _count(field, node, len(elements))
    for element in elements:
        if element.values:
            raise Malformed(element.spelled, "must have fields of its own, not be a single value")
    return [_row(row, element) if field.by_row else _plain(row, element) for element in elements]


def _row(row: type[msgspec.Struct], element: Node) -> dict[str, object] | Unread:
    """A row by itself, or what is wrong with it."""
    try:
        take(row, element)
        return _plain(row, element)
    except Malformed as error:
        return Unread(_id(element), error.field, str(error).removeprefix(f"{error.field}: "))


def _id(element: Node) -> str | None:
    """By what a caller knows a row that cannot be read."""
    node = (element.children or {}).get("id")
    try:
        value = None if node is None else node.scalar()
    except Refusal:
        return None
    return value[:SPELLED_CHARS_MAX] if isinstance(value, str) and value else None


def _count(field: _Field, node: Node, count: int) -> None:
    most = field.most or KEYS_MAX
    if count > most:
        raise Malformed(node.spelled, f"has {count} elements; at most {most} are taken at once")
    if not count and field.most is not None:
        raise Malformed(node.spelled, "is an empty list")


def _option(field: _Field, node: Node, value: Scalar) -> Scalar:
    if field.options and value is not None and value not in field.options:
        raise Malformed(node.spelled, f"must be one of {', '.join(field.options)}")
    return value


def _read(kind: Any, value: object) -> object:
    """Read one value as the type that the struct gives its field."""
    if kind is Flag and isinstance(value, bool):
        return Flag(value)
    if not isinstance(value, str):
        raise ValueError("must be a text or a number")
    if (_CONTROL_BUT_LINES if getattr(kind, "HAS_LINES", False) else _CONTROL).search(value):
        raise ValueError("must not contain control characters")
    return kind.read(value)


def _spelled(kind: type[msgspec.Struct], node: Node, path: str) -> str:
    """How the caller spelled a place that msgspec names by its path."""
    elements: list[Node] = []
    row: type[msgspec.Struct] | None = kind
    for name, index in _STEP.findall(path):
        if name and row is not None:
            field = _shape(row).by_name[name]
            found = _sent(field, node)
            if found is None:
                return node.spell(name)
            node, row = found, field.row
            elements = node.elements() if field.is_list and node.children is not None else []
        elif index and int(index) < len(elements):  # of a list with commas there are fewer nodes than values
            node = elements[int(index)]
    return node.spelled
