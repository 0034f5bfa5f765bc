"""How a row of the database becomes a frozen dataclass: by name, all of them, or not at all."""

from collections import Counter
from collections.abc import Callable
from dataclasses import fields
from enum import Enum
from operator import itemgetter
from types import NoneType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from asyncpg import Record

from tradepost.db.errors import RowMismatch

T = TypeVar("T")
_builders: dict[
    tuple[type, tuple[str, ...]], Callable[[Record], Any]
] = {}  # as many as the source has queries


def builder(kind: type[T], record: Record) -> Callable[[Record], T]:
    """What makes a `kind` of each row with the columns of this one; worked out once for each such pair."""
    key = (kind, tuple(record.keys()))
    build = _builders.get(key)
    if build is None:
        build = _builders[key] = _work_out(*key)
    return build


def _work_out(kind: type[T], columns: tuple[str, ...]) -> Callable[[Record], T]:
    names = [field.name for field in fields(kind) if field.init]  # type: ignore[arg-type] # not a dataclass: it says so
    if fault := _mismatch(kind.__name__, names, columns):
        raise RowMismatch(fault)
    hints = get_type_hints(kind)
    changes = {at: change for at, name in enumerate(names) if (change := _change(hints[name]))}
    order = [columns.index(name) for name in names]
    if not changes:
        if order == sorted(order):
            return lambda record: kind(*record)
        pick = itemgetter(*order)  # two columns at least, or they would be in order
        return lambda record: kind(*pick(record))

    def build(record: Record) -> T:
        values = [record[at] for at in order]
        for at, change in changes.items():
            if values[at] is not None:
                values[at] = change(values[at])
        return kind(*values)

    return build


def _mismatch(kind: str, names: list[str], columns: tuple[str, ...]) -> str:
    doubled = ", ".join(name for name, count in Counter(columns).items() if count > 1)
    unknown = ", ".join(name for name in columns if name not in names)
    missing = ", ".join(name for name in names if name not in columns)
    faults = (
        f"the row has {doubled} twice" if doubled else "",
        f"{kind} has no field for the column {unknown}" if unknown else "",
        f"the row has no column for {kind}'s field {missing}" if missing else "",
    )
    return "; ".join(fault for fault in faults if fault)


def _change(hint: Any) -> Callable[[Any], Any] | None:
    """What the driver's value is put through to be what the field promises: an enum's member, or a tuple."""
    options = [part for part in get_args(hint) if part is not NoneType]
    if len(options) == 1 and NoneType in get_args(hint):
        hint = options[0]
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint
    return tuple if get_origin(hint) is tuple else None
