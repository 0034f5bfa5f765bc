"""Flat queries: what a query string of plain names and lists says, each of its pairs read once and remembered.

`limit=20` means the same in every query, so it is read by the ordinary reader the first time and found again after.
Whatever is not that simple, a name twice, an array of arrays, a value that is refused, is left to the ordinary reader.
"""

from typing import Any, Generic, TypeVar, get_type_hints

import msgspec

from tradepost.dialects.reading import read_query
from tradepost.dialects.shapes import bare, names_of, take
from tradepost.dialects.tree import Node
from tradepost.rules.refusals import Refusal

PAIRS_MAX = 32  # of one query
PAIR_BYTES_MAX = 400  # a longer one is not worth remembering
REMEMBERED_MAX = 16_384

ELEMENT = (b"[]", b"%5B%5D", b"%5b%5d")

Pair = tuple[str, Any, bool]  # an attribute, what it is, and whether that is one element of it
S = TypeVar("S", bound=msgspec.Struct)


class Flat(Generic[S]):
    """The reader of one struct's flat queries."""

    def __init__(self, kind: type[S]) -> None:
        self._kind = kind
        self._attributes = {name.encode(): attribute for name, attribute in names_of(kind).items()}
        # Numbers are another one each time: these types read their text themselves, and nothing else is done to it.
        hints = get_type_hints(kind)
        self._readers = {
            attribute: hint.read
            for attribute in self._attributes.values()
            if hasattr(hint := bare(hints[attribute])[0], "read")
        }
        self._pairs: dict[bytes, Pair] = {}

    def read(self, query: bytes) -> S | None:
        """The struct that a query says; None where the ordinary reader has to look at it."""
        values: dict[str, Any] = {}
        elements: set[str] = set()  # attributes of which elements were given, one by one: `exteriors[]=...`
        if query:
            pairs = query.split(b"&", PAIRS_MAX)
            for pair in pairs:
                found = self._pairs.get(pair) or self._first(pair)
                if found is None:
                    return None
                attribute, value, is_element = found
                if attribute not in values:
                    values[attribute] = value
                elif is_element and attribute in elements:
                    values[attribute] = [*values[attribute], *value]
                else:
                    return None
                if is_element:
                    elements.add(attribute)
        return self._kind(**values)

    def _first(self, pair: bytes) -> Pair | None:
        """What a pair says that was not met before."""
        name, equals, value = pair.partition(b"=")
        brackets = next((ending for ending in ELEMENT if name.endswith(ending)), b"")
        is_element = bool(brackets)
        attribute = self._attributes.get(name.removesuffix(brackets))
        if attribute is None or not equals or len(pair) > PAIR_BYTES_MAX or b"&" in value:
            return None
        try:
            if attribute in self._readers and value.isdigit() and not is_element:
                return attribute, self._readers[attribute](value.decode()), False
            tree = Node()
            read_query(tree, pair)
            found = (attribute, getattr(take(self._kind, tree), attribute), is_element)
        except (Refusal, ValueError):
            return None
        if len(self._pairs) >= REMEMBERED_MAX:
            self._pairs.clear()
        self._pairs[pair] = found
        return found
