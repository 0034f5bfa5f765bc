"""The tree of what a caller sent: one place for each name, whichever notation it came in.

It remembers how each name was spelled, so that an error can say it back. A parameter that nobody asks for is
ignored, and its oddities with it: what is wrong with a name is only said to a call that reads it.
"""

import re

from tradepost.rules.refusals import Conflicting, Malformed

DEPTH_MAX = 4
SPELLED_CHARS_MAX = 100  # of a name that we say back to the caller

INDEX_DIGITS_MAX = 18

_INDEX = re.compile(r"0|[1-9][0-9]{0,17}", re.ASCII)
_NAME = re.compile(r"([^\[\]]++)((?:\[[^\[\]]*+\])*+)")
_STEP = re.compile(r"\[([^\[\]]*)\]")


class Number(str):
    """A JSON number, kept as the text that was sent: it never becomes a float."""

    __slots__ = ()


Scalar = str | bool | None


class Node:
    """One place in the tree: the values given for exactly this name, and what was given below it."""

    __slots__ = ("_next", "children", "fault", "is_json", "label", "parent", "values")

    def __init__(self, label: str = "", parent: "Node | None" = None, *, is_json: bool = False) -> None:
        self.label = label  # what the caller wrote after the parent's name: `[0]`, `[]`, `.id`
        self.parent = parent
        self.is_json = is_json
        self.values: list[Scalar] = []
        self.children: dict[str, Node] | None = None
        self.fault: str | None = None  # a name with this root whose brackets do not match
        self._next = 0  # the index that `[]` takes, one above the highest so far, as in PHP

    @property
    def spelled(self) -> str:
        """The whole name, as the caller wrote it."""
        labels, node = [self.label], self.parent
        while node is not None:
            labels.append(node.label)
            node = node.parent
        return "".join(reversed(labels))[:SPELLED_CHARS_MAX]

    @property
    def level(self) -> int:
        """How many names lead here."""
        count, node = 0, self.parent
        while node is not None:
            count, node = count + 1, node.parent
        return count

    def spell(self, name: str) -> str:
        """How the caller would have spelled a name below this one, which he did not send."""
        if self.parent is None:
            return name
        return f"{self.spelled}.{name}" if self.is_json else f"{self.spelled}[{name}]"

    # What is put in ------------------------------------------------------------------------------------------

    def below(self, key: str, label: str, *, is_json: bool = False) -> "Node":
        """The node below this one with a key, made if it is new; the first spelling of it stays."""
        if self.children is None:
            self.children = {}
        node = self.children.get(key)
        if node is None:
            node = self.children[key] = Node(label, self, is_json=is_json)
            if "0" <= key[:1] <= "9" and _INDEX.fullmatch(key):
                self._next = max(self._next, int(key) + 1)
        return node

    def put(self, name: str, value: str) -> None:
        """Put in a value of a form, under a name that may have brackets: `offers[0][id]`, `names[]`."""
        node = self.place(name)
        if node is not None:
            node.values.append(value)

    def place(self, name: str) -> "Node | None":
        """The node of a name that may have brackets; None where they do not match, which is noted at its root."""
        if "[" not in name:
            return self.below(name, name)
        if not (parts := _NAME.fullmatch(name)):
            root = name.partition("[")[0]
            self.below(root, root).fault = name[:SPELLED_CHARS_MAX]
            return None
        if parts[2].count("[") >= DEPTH_MAX:
            raise Malformed(name[:SPELLED_CHARS_MAX], f"is nested deeper than {DEPTH_MAX} levels")
        keys = _STEP.findall(parts[2])
        node = self.below(parts[1], parts[1])
        for key in keys:
            node = node.below(key, f"[{key}]") if key else node.below(str(node._next), "[]")
        return node

    # What is read out ----------------------------------------------------------------------------------------

    def check(self) -> None:
        """Refuse a name whose brackets do not match; whoever reads a parameter's node calls this first."""
        if self.fault is not None:
            raise Malformed(self.fault, "has brackets that do not match")

    def scalar(self) -> Scalar:
        """The one value given here; None when there is none, or only null.

        An empty text counts for nothing beside a value, as forms send the fields that nobody filled in.
        """
        self.check()
        if self.children is not None:
            raise Malformed(self.spelled, "must be a single value, not a list")
        if len(self.values) == 1:
            return self.values[0]
        given = [value for value in self.values if value is not None]
        given = [value for value in given if value != ""] or given
        if any(value != given[0] for value in given):
            raise Conflicting(f"{self.spelled} is given more than once, with different values.")
        return given[0] if given else None

    def elements(self) -> "list[Node]":
        """The nodes below this one in the order of their indices, which may begin anywhere and have gaps."""
        children = self.children or {}
        for key, node in children.items():
            if not _INDEX.fullmatch(key):
                raise Malformed(node.spelled, _index_fault(key))
        if self.values and children:
            raise Malformed(self.spelled, "is given both as a value and as a list")
        return [children[key] for key in sorted(children, key=int)]


def _index_fault(key: str) -> str:
    """What is wrong with a key that is no index of ours."""
    if not (key.isascii() and key.isdecimal()):
        return "must have whole numbers as indices"
    if key.startswith("0"):
        return "must have whole numbers as indices, without leading zeros"
    return f"has an index that is too large: it may have {INDEX_DIGITS_MAX} digits at most"
