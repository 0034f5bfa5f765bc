"""Sheets: lines of CSV in which nothing is a formula, in whatever program they are opened.

A program that opens CSV may take a cell for a formula by its first character, and may cut a line at other marks than
ours: where people write decimals with a comma, at `;`. So a formula's beginning is disarmed wherever a cell could begin,
and not only where ours do. Amounts have no sign: what goes out stands in a column of its own.
"""

import re
from collections.abc import Iterable

CELL_CHARS_MAX = 2_000
DISARM = "'"
# What begins a formula, also as the wide characters that spreadsheets of East Asia take for these.
_BEGIN = "=+\\-@\uff1d\uff0b\uff0d\uff20\u2212"
_CONTROL = r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]"
_CONTROLS = re.compile(_CONTROL)
_FORMULA = re.compile(rf"(^|[;|,])(\s*)(?=[{_BEGIN}])")
_SUSPECT = re.compile(rf"(?:^|[;|,])\s*[{_BEGIN}]|{_CONTROL}")


def harmless(text: str) -> str:
    """Return a cell's text without control characters, and with an apostrophe before what could begin a formula."""
    text = text[:CELL_CHARS_MAX]
    if not _SUSPECT.search(text):
        return text
    return _FORMULA.sub(rf"\1\2{DISARM}", _CONTROLS.sub(" ", text))


def line(cells: Iterable[object]) -> str:
    """Return a line of CSV; nothing at all stands for None. Every cell is quoted: less is left to be guessed."""
    texts = ("" if cell is None else harmless(str(cell)) for cell in cells)
    return '"' + '","'.join([text.replace('"', '""') for text in texts]) + '"\r\n'
