"""How parameters come off the wire: query, form, multipart form and JSON body grow into one tree.

The whole has bounds, which are checked before anything is allocated for it: keys, levels, and the bytes that
`edge` let in. An index orders and never allocates.
"""

import json
import re
from codecs import BOM_UTF8
from collections.abc import Iterable

import numpy as np

from tradepost.dialects.tree import DEPTH_MAX, Node, Number
from tradepost.rules.refusals import Malformed

KEYS_MAX = 2_000  # of query and body together
STRINGS_MAX = KEYS_MAX * (DEPTH_MAX + 1)  # of a JSON text: for each key its value, and a name on each level
PART_HEAD_BYTES_MAX = 1_000
ESCAPES_SINGLY_MAX = 500  # of a form: with more of them they are read all at once

_NEVER = b"\xff"  # a byte that no text in UTF-8 has
_HEX = b"0123456789abcdefABCDEF"
_ESCAPE = re.compile(rb"%([0-9a-fA-F]{2})")
_BYTES = {b"%c%c" % (high, low): bytes.fromhex(f"{high:c}{low:c}") for high in _HEX for low in _HEX}
_NO_DIGIT = 16
_DIGITS = np.full(256, _NO_DIGIT, np.uint8)
_DIGITS[list(_HEX)] = [int(chr(digit), 16) for digit in _HEX]
_BOUNDARY = re.compile(r'boundary="?([0-9A-Za-z\'()+_,./:=?-]{1,70})"?\s*(?:;|$)', re.ASCII | re.IGNORECASE)
_PART_NAME = re.compile(rb';[ \t]*name="([^"\r\n]*)"', re.IGNORECASE)
# Possessive, and content with a string that never ends: no text makes it go back and try again.
_JSON_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
_JSON_BRACKET = re.compile(r"[\[\]{}]")


def read_all(query: bytes, body: bytes, content_type: str) -> Node:
    """The tree of a request: its query, and its body as the form or the JSON that it is."""
    tree = Node()
    read_body(tree, body, content_type, read_query(tree, query))
    return tree


def read_query(tree: Node, query: bytes) -> int:
    """Put in what a query string says; answers how many keys that was."""
    return _put_form(tree, query, "query") if query else 0


def read_body(tree: Node, body: bytes, content_type: str, keys: int) -> None:
    """Put in what a body says, beside so many keys of the query.

    A body that begins with a brace is JSON whatever its type says: `curl -d` calls everything a form.
    """
    if not body:
        return
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        keys += _put_multipart(tree, body, content_type)
    elif kind == "application/json" or kind.endswith("+json") or body.lstrip()[:1] == b"{":
        keys += _put_json(tree, body)
    else:
        keys += _put_form(tree, body, "body")
    if keys > KEYS_MAX:
        raise _too_many("body")


# Forms -------------------------------------------------------------------------------------------------------


def _put_form(tree: Node, data: bytes, source: str) -> int:
    """Put in what a query string or a form says; answers how many keys that was."""
    if data.count(b"&") >= KEYS_MAX:
        raise _too_many(source)
    pairs = [piece.partition(b"=") for piece in data.split(b"&") if piece]
    # One text instead of thousands, as a hostile form has many escapes; what cuts it again is in no honest one.
    joined = _NEVER.join([part for name, _, value in pairs for part in (name, value)])
    parts = _unquote(joined.replace(b"+", b" ")).split(_NEVER) if pairs else []
    try:
        texts = [part.decode() for part in parts]
    except UnicodeDecodeError:
        texts = []
    if len(texts) != 2 * len(pairs):
        raise Malformed(source, "is not valid UTF-8")
    return _put_pairs(tree, zip(texts[::2], texts[1::2], strict=True))


def _put_multipart(tree: Node, body: bytes, content_type: str) -> int:
    """Put in a multipart form, which is what PHP's curl makes of an array; answers how many keys that was."""
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise Malformed("body", "is a multipart form without a boundary")
    pieces = (b"\r\n" + body).split(b"\r\n--" + found[1].encode(), KEYS_MAX + 2)
    if len(pieces) > KEYS_MAX + 2:
        raise _too_many("body")
    return _put_pairs(tree, [_part(piece) for piece in pieces[1:-1]])


def _put_pairs(tree: Node, pairs: Iterable[tuple[str, str]]) -> int:
    count = 0
    for name, value in pairs:
        tree.put(name, value)
        count += 1
    return count


def _unquote(data: bytes) -> bytes:
    """What a form's escapes stand for; a percent sign without two digits stays what it is.

    One by one they take half a second for a megabyte of them, which anybody may send.
    """
    escapes = data.count(b"%")
    if not escapes:
        return data
    if escapes <= ESCAPES_SINGLY_MAX:
        return _ESCAPE.sub(lambda found: _BYTES[found[1]], data)
    return _unquote_all(data)


def _unquote_all(data: bytes) -> bytes:
    """The same by array: no escape overlaps another, as a percent sign is no digit."""
    characters = np.frombuffer(data, np.uint8)
    digits = _DIGITS[characters]
    (at,) = np.nonzero((characters[:-2] == ord("%")) & (digits[1:-1] < _NO_DIGIT) & (digits[2:] < _NO_DIGIT))
    plain, stays = characters.copy(), np.ones(len(data), np.bool_)
    plain[at] = digits[at + 1] * _NO_DIGIT + digits[at + 2]
    stays[at + 1] = stays[at + 2] = False
    return plain[stays].tobytes()


def _part(piece: bytes) -> tuple[str, str]:
    head, gap, value = piece.partition(b"\r\n\r\n")
    name, kind = _PART_NAME.search(head[:PART_HEAD_BYTES_MAX]), head.lower()
    if not gap or name is None or b"form-data" not in kind or b"filename" in kind:
        raise Malformed("body", "has a part that is not a form's value")
    try:
        return name[1].decode(), value.decode()
    except UnicodeDecodeError:
        raise Malformed("body", "is not valid UTF-8") from None


# JSON --------------------------------------------------------------------------------------------------------


class _Pairs(list[tuple[str, object]]):
    """A JSON object as it was written: a dict would have lost its duplicate keys already."""


class _Constant:
    """NaN and its like, which JSON does not have and Python's decoder reads all the same."""


_CONSTANT = _Constant()
_DECODER = json.JSONDecoder(
    parse_float=Number, parse_int=Number, parse_constant=lambda _: _CONSTANT, object_pairs_hook=_Pairs
)


def _put_json(tree: Node, body: bytes) -> int:
    """Put in a JSON object; answers how many keys that was."""
    try:
        text = body.removeprefix(BOM_UTF8).decode()
    except UnicodeDecodeError:
        raise Malformed("body", "is not valid UTF-8") from None
    # One object that nothing is nested in, shorter than it would have to be for too many keys, is within all bounds.
    is_flat = len(text) < KEYS_MAX and "[" not in text and text.count("{") == 1
    keys = 0 if is_flat else _check_bounds(text)
    try:
        value = _DECODER.decode(text)
    except ValueError as error:
        raise Malformed("body", f"is not JSON: {error}") from None
    if not isinstance(value, _Pairs):
        raise Malformed("body", "must be a JSON object")
    _graft(tree, value)
    return max(1, len(value)) if is_flat else keys


def _check_bounds(text: str) -> int:
    """How many keys a JSON text has, or the refusal: counted before the decoder is let loose on it."""
    bare, strings = _JSON_STRING.subn("", text, STRINGS_MAX)
    keys = bare.count(",") + 1  # the leaves of a tree: one, and one more for each comma
    # Leaves are bounded, and levels are, so brackets are too, unless they are not JSON anyway.
    if (
        strings == STRINGS_MAX
        or keys > KEYS_MAX
        or bare.count("[") + bare.count("{") > KEYS_MAX * (DEPTH_MAX + 1)
    ):
        raise _too_many("body")
    depth = 0
    for bracket in _JSON_BRACKET.finditer(bare):
        depth += 1 if bracket[0] in "[{" else -1
        if depth > DEPTH_MAX:
            raise Malformed("body", f"is nested deeper than {DEPTH_MAX} levels")
    return keys


def _graft(node: Node, value: object) -> None:
    """Put a decoded value in at a node, and what is in it below."""
    if isinstance(value, str):
        if not _is_unicode(value):
            raise Malformed(node.spelled, "is not valid Unicode")
        node.values.append(value)
        return
    # Brackets in a name and those of the JSON around it are levels alike, and only the latter were counted before.
    if isinstance(value, _Pairs | list) and node.level >= DEPTH_MAX:
        raise Malformed(node.spelled, f"is nested deeper than {DEPTH_MAX} levels")
    if isinstance(value, _Pairs):
        _graft_object(node, value)
    elif isinstance(value, list):
        node.children = node.children or {}
        for index, inner in enumerate(value):
            _graft(node.below(str(index), f"[{index}]", is_json=True), inner)
    elif isinstance(value, _Constant):
        raise Malformed(node.spelled, "must be a number, and NaN and Infinity are none")
    elif value is None or isinstance(value, bool):
        node.values.append(value)


def _graft_object(node: Node, pairs: _Pairs) -> None:
    names: set[str] = set()
    node.children = node.children or {}
    for name, inner in pairs:
        if not _is_unicode(name):
            raise Malformed("body", "has a name that is not valid Unicode")
        below = _below(node, name)
        if name in names:
            raise Malformed(name if below is None else below.spelled, "is in the same JSON object twice")
        names.add(name)
        if below is not None:
            _graft(below, inner)


def _below(node: Node, name: str) -> Node | None:
    """Where a name of an object belongs; PHP's arrays may be spelled out in it as in a form: `offers[0][id]`."""
    if node.parent is not None:
        return node.below(name, f".{name}", is_json=True)
    return node.place(name) if "[" in name else node.below(name, name, is_json=True)


def _is_unicode(text: str) -> bool:
    """Whether a text is free of lone surrogates, which JSON's escapes can spell and UTF-8 cannot."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _too_many(source: str) -> Malformed:
    return Malformed(source, f"has more than {KEYS_MAX:,} keys")
