"""No cell of a sheet is a formula, in whatever program and with whatever separator it is opened."""

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.rules import sheet

BEGINNINGS = "=+-@＝＋－＠−"


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("AK-47 | Slate (Field-Tested)", "AK-47 | Slate (Field-Tested)"),
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", " '=1"),
        ("\r=1", " '=1"),
        ("\n=1", " '=1"),
        ("  =1", "  '=1"),
        ("\u00a0=1", "\u00a0'=1"),
        ("＝1", "'＝1"),
        ("a;=cmd|' /C calc'!A0", "a;'=cmd|' /C calc'!A0"),
        ("a; -1,@b", "a; '-1,'@b"),
        ("a\x00b\x1b[0m", "a b [0m"),
        ("1.50", "1.50"),
        ("", ""),
        ("x" * 10_000, "x" * sheet.CELL_CHARS_MAX),
    ],
)
def test_a_cell_that_could_be_a_formula_is_disarmed(text: str, cell: str) -> None:
    assert sheet.harmless(text) == cell


@given(st.lists(st.text(), min_size=1, max_size=5))
def test_a_line_has_its_cells_and_none_begins_as_a_formula_does(cells: list[str]) -> None:
    line = sheet.line(cells)
    assert line.endswith("\r\n")
    assert line.count("\n") == 1
    (read,) = csv.reader(io.StringIO(line, newline=""))
    assert read == [sheet.harmless(cell) for cell in cells]
    for cell in read:
        for part in re.split(r"[;,|]", cell):
            assert not part.lstrip().startswith(tuple(BEGINNINGS))


@given(st.text(alphabet=BEGINNINGS + ";,|\" '\t\r\na1", max_size=30))
def test_cut_at_any_separator_it_is_harmless_still(text: str) -> None:
    for part in re.split(r"[;,|]", sheet.harmless(text)):
        assert not part.lstrip().startswith(tuple(BEGINNINGS))


def test_nothing_is_an_empty_cell() -> None:
    assert sheet.line([None, 0, "a"]) == '"","0","a"\r\n'
