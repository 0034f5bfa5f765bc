"""How parameters come off the wire: query, form, multipart form and JSON body grow into one tree.

The whole has bounds, which are checked before anything is allocated for it: keys, levels, and the bytes that
`edge` let in. An index orders and never allocates.
"""

import json
import re
from collections.abc import Iterable

from tradepost.dialects.tree import DEPTH_MAX, Node, Number
from tradepost.rules.refusals import Malformed

KEYS_MAX = 2_000  # of query and body together
PART_HEAD_BYTES_MAX = 1_000

_HEX = b"0123456789abcdefABCDEF"
_ESCAPE = re.compile(rb"%([0-9a-fA-F]{2})")
_BYTES = {b"%c%c" % (high, low): bytes.fromhex(f"{high:c}{low:c}") for high in _HEX for low in _HEX}
_BOUNDARY = re.compile(r'boundary="?([0-9A-Za-z\'()+_,./:=?-]{1,70})"?\s*(?:;|$)', re.ASCII | re.IGNORECASE)
_PART_NAME = re.compile(rb'form-data;[^\r\n]*?\bname="([^"\r\n]*)"', re.IGNORECASE)
# Possessive, and content with a string that never ends: no text makes it go back and try again.
_JSON_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
_JSON_BRACKET = re.compile(r"[\[\]{}]")


def read_all(query: bytes, body: bytes, content_type: str) -> Node:
    """The tree of a request: its query, and its body as the form or the JSON that it is.

    A body that begins with a brace is JSON whatever its type says: `curl -d` calls everything a form.
    """
    tree = Node()
    kind = content_type.partition(";")[0].strip().lower()
    keys = _put_form(tree, query, "query") if query else 0
    if not body:
        return tree
    if kind == "multipart/form-data":
        keys += _put_multipart(tree, body, content_type)
    elif kind == "application/json" or kind.endswith("+json") or body.lstrip()[:1] == b"{":
        keys += _put_json(tree, body)
    else:
        keys += _put_form(tree, body, "body")
    if keys > KEYS_MAX:
        raise _too_many("body")
    return tree


# Forms -------------------------------------------------------------------------------------------------------


def _put_form(tree: Node, data: bytes, source: str) -> int:
    """Put in what a query string or a form says; answers how many keys that was."""
    if data.count(b"&") >= KEYS_MAX:
        raise _too_many(source)
    pieces = [piece.partition(b"=") for piece in data.split(b"&") if piece]
    try:
        return _put_pairs(tree, [(_unquote(name), _unquote(value)) for name, _, value in pieces])
    except UnicodeDecodeError:
        raise Malformed(source, "is not valid UTF-8") from None


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


def _unquote(piece: bytes) -> str:
    """The text of a form's piece; a percent sign without two digits stays what it is.

    The standard library's reader takes 0.6 s for a megabyte of percent signs, which anybody may send.
    """
    piece = piece.replace(b"+", b" ")
    return (_ESCAPE.sub(lambda found: _BYTES[found[1]], piece) if b"%" in piece else piece).decode()


def _part(piece: bytes) -> tuple[str, str]:
    head, gap, value = piece.partition(b"\r\n\r\n")
    name = _PART_NAME.search(head[:PART_HEAD_BYTES_MAX])
    if not gap or name is None or b"filename" in head.lower():
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
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Malformed("body", "is not valid UTF-8") from None
    keys = _check_bounds(text)
    try:
        value = _DECODER.decode(text)
    except ValueError as error:
        raise Malformed("body", f"is not JSON: {error}") from None
    if not isinstance(value, _Pairs):
        raise Malformed("body", "must be a JSON object")
    _graft(tree, value)
    return keys


def _check_bounds(text: str) -> int:
    """How many keys a JSON text has, or the refusal: counted before the decoder is let loose on it."""
    bare = _JSON_STRING.sub("", text)
    keys = bare.count(",") + 1  # the leaves of a tree: one, and one more for each comma
    # Leaves are bounded, and levels are, so brackets are too, unless they are not JSON anyway.
    if keys > KEYS_MAX or bare.count("[") + bare.count("{") > KEYS_MAX * (DEPTH_MAX + 1):
        raise _too_many("body")
    depth = 0
    for bracket in _JSON_BRACKET.finditer(bare):
        depth += 1 if bracket[0] in "[{" else -1
        if depth > DEPTH_MAX:
            raise Malformed("body", f"is nested deeper than {DEPTH_MAX} levels")
    return keys


def _graft(node: Node, value: object) -> None:
    """Put a decoded value in at a node, and what is in it below."""
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
    elif isinstance(value, str):
        if not _is_unicode(value):
            raise Malformed(node.spelled, "is not valid Unicode")
        node.values.append(value)


def _graft_object(node: Node, pairs: _Pairs) -> None:
    names: set[str] = set()
    node.children = node.children or {}
    for name, inner in pairs:
        if not _is_unicode(name):
            raise Malformed("body", "has a name that is not valid Unicode")
        below = node.below(name, name if node.parent is None else f".{name}", is_json=True)
        if name in names:
            raise Malformed(below.spelled, "is in the same JSON object twice")
        names.add(name)
        _graft(below, inner)


def _is_unicode(text: str) -> bool:
    """Whether a text is free of lone surrogates, which JSON's escapes can spell and UTF-8 cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _too_many(source: str) -> Malformed:
    return Malformed(source, f"has more than {KEYS_MAX:,} keys")
