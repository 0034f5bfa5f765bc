"""Locks: until when Steam lets nobody trade an item, read from the sentence that it shows the owner."""

import re
from datetime import UTC, datetime, timedelta, timezone

SENTENCE_CHARS_MAX = 2_000

_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_MONTH = rf"({'|'.join(_MONTHS)})[a-z]*"
_UNIX = re.compile(r"\[date\]([0-9]{9,10})\[/date\]", re.ASCII)
_GMT = re.compile(
    rf"{_MONTH} ([0-9]{{1,2}}), ([0-9]{{4}}) \(([0-9]{{1,2}}):([0-9]{{2}}):([0-9]{{2}})\) GMT", re.ASCII
)
_PLAIN = re.compile(
    rf"After ([0-9]{{1,2}}) {_MONTH}(?:,? ([0-9]{{4}}))? @ ([0-9]{{1,2}}):([0-9]{{2}})([ap]m)", re.ASCII
)
_NOON = 12
# The short form names no zone: Steam writes it in the asker's or, untold, in its own, the Pacific one. That
# one's winter time is the later of its two, and too late is the safe side.
_STEAMS_ZONE = timezone(timedelta(hours=-8))


def protected_until(sentence: str, read_at: int) -> int | None:
    """The Unix second that a line under an item names as the end of its lock; None if it names none."""
    sentence = sentence[:SENTENCE_CHARS_MAX]
    try:
        if unix := _UNIX.search(sentence):
            return int(unix[1])
        if gmt := _GMT.search(sentence):
            month, day, year, hour, minute, second = gmt.groups()
            when = datetime(
                int(year), _month(month), int(day), int(hour), int(minute), int(second), tzinfo=UTC
            )
            return int(when.timestamp())
        if plain := _PLAIN.search(sentence):
            return _from_short_form(plain, read_at)
    except ValueError:  # a 31st of February, a 25th hour
        return None
    return None


def _from_short_form(found: re.Match[str], read_at: int) -> int:
    day, month, year, hour, minute, half = found.groups()
    hours = int(hour) % _NOON + (_NOON if half == "pm" else 0)
    read = datetime.fromtimestamp(read_at, _STEAMS_ZONE)
    when = datetime(int(year or read.year), _month(month), int(day), hours, int(minute), tzinfo=_STEAMS_ZONE)
    if not year and when < read - timedelta(days=180):  # read in December, locked until January
        when = when.replace(year=when.year + 1)
    return int(when.timestamp())


def _month(name: str) -> int:
    return _MONTHS.index(name) + 1
