"""Exchange: what an answer about exchange rates says, and whether it may be believed.

Read from text into whole millionths, never through a float (rules.md 13). The forms are those that the public sources
of rates share: a base, an object of rates, and when they are of.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tradepost.rules.money import MILLION

BASE = "USD"
# The least and the most units for one USD that a source is believed. What it mistakes (the base for the quote, a
# decimal point) lies far outside.
PLAUSIBLE = {"EUR": ("0.5", "2"), "RUB": ("10", "1000"), "PLN": ("1", "20")}
AHEAD_MAX = timedelta(days=1)  # of now, that a source's date may be: it is tomorrow already in Kiribati
DIGITS = 6  # of a millionth

_RATE = re.compile(r"(0|[1-9][0-9]{0,8})(?:\.([0-9]{1,40}))?", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_UNIX = re.compile(r"[1-9][0-9]{8,10}", re.ASCII)


class Unusable(ValueError):
    """The answer of a source as a whole, or one of its rates, is not one to go by; the message says why."""


@dataclass(frozen=True, slots=True)
class Quotes:
    """What a source says: what one USD costs in each currency, in millionths, and since when; else what is wrong."""

    at: datetime | None
    millionths: dict[str, int] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)


def read_quotes(body: bytes, currencies: Iterable[str], now: datetime) -> Quotes:
    """Return what the body of an answer says of these currencies; raises Unusable where it says nothing at all.

    `{"base": "USD", "rates": {"EUR": 0.92}, "date": "2026-11-20"}`; also `base_code`, `conversion_rates`, and
    `time_last_update_unix` or `timestamp` in Unix seconds, which is more exact and goes before a date.
    """
    answer = _decode(body)
    base = answer.get("base", answer.get("base_code"))
    if base != BASE:
        raise Unusable(f"its base is not {BASE}")
    rates = answer.get("rates", answer.get("conversion_rates"))
    if not isinstance(rates, dict):
        raise Unusable("it has no object of rates")
    quotes = Quotes(_moment(answer, now))
    for currency in currencies:
        try:
            quotes.millionths[currency] = _millionths(currency, rates.get(currency))
        except Unusable as fault:
            quotes.faults[currency] = str(fault)
    return quotes


def jump_fault(before: int | None, after: int, jump_percent: int) -> str | None:
    """Return what is wrong with a new rate beside the last one, in millionths; None where nothing is."""
    if before is None or abs(after - before) * 100 <= before * jump_percent:
        return None
    return f"it differs from the last one by more than {jump_percent} %"


def _decode(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(
            body.decode("utf-8-sig"),
            parse_float=str,
            parse_int=str,
            parse_constant=_refuse,
            object_pairs_hook=_once_each,
        )
    except (ValueError, RecursionError) as error:
        raise Unusable(f"it is not JSON: {error}") from None
    if not isinstance(answer, dict):
        raise Unusable("it is not a JSON object")
    return answer


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is no number")


def _once_each(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is there twice")
    return found


def _moment(answer: Mapping[str, Any], now: datetime) -> datetime | None:
    """Since when the rates are: a moment, or the beginning of a day; None where nothing is said."""
    unix, date = answer.get("time_last_update_unix", answer.get("timestamp")), answer.get("date")
    try:
        if unix is not None:
            if not isinstance(unix, str) or not _UNIX.fullmatch(unix):
                raise ValueError
            at = datetime.fromtimestamp(int(unix), UTC)
        elif date is not None:
            if not isinstance(date, str) or not _DATE.fullmatch(date):
                raise ValueError
            at = datetime.fromisoformat(date).replace(tzinfo=UTC)
        else:
            return None
    except (ValueError, OverflowError, OSError):
        raise Unusable("its time cannot be read") from None
    if at > now + AHEAD_MAX:
        raise Unusable("its time lies ahead")
    return min(at, now)


def _millionths(currency: str, text: object) -> int:
    found = _RATE.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise Unusable("there is none" if text is None else "it is no decimal number")
    millionths = _whole(found)
    least, most = (_whole(bound) for bound in map(_RATE.fullmatch, PLAUSIBLE[currency]) if bound)
    if not least <= millionths <= most:
        raise Unusable(f"it is not between {PLAUSIBLE[currency][0]} and {PLAUSIBLE[currency][1]}")
    return millionths


def _whole(found: "re.Match[str]") -> int:
    """Millionths, rounded up: what is dearer is worth less in USD, so no price grows by the rounding."""
    part = found[2] or ""
    millionths = int(found[1]) * MILLION + int(part[:DIGITS].ljust(DIGITS, "0"))
    return millionths + any(digit != "0" for digit in part[DIGITS:])
