"""What a benchmark keeps: rows that say whence they are, none of a run with errors, and the tables made from them."""

import json
from dataclasses import fields, replace
from pathlib import Path

import pytest

from bench import rows, tables
from bench.rows import Row, RunHadErrors

FOUND = Row(
    work="page of 20", against="nginx", unit="requests/s", ours=30_123.4, theirs=60_000.0, ratio=0.502, goal=0.7, spread=1.04,
    size=1_000_000, p50_ms=0.4, p99_ms=3.21, ours_cpu_us=31.4, theirs_cpu_us=9.8,
)  # fmt: skip
PAGE = """# Speed
Before.
<!-- results: reads -->
old
<!-- end -->
Between.
<!-- results: peers -->
<!-- end -->
After.
"""


def test_a_row_is_kept_with_its_command_date_commit_and_machine(tmp_path: Path) -> None:
    kept = json.loads(rows.write("reads", [FOUND], tmp_path).read_text())
    assert [set(one) for one in kept] == [{field.name for field in fields(Row)}]
    assert list(kept[0]) == sorted(kept[0])
    assert (kept[0]["work"], kept[0]["ours"], kept[0]["against"], kept[0]["ratio"]) == (
        "page of 20",
        30_123.4,
        "nginx",
        0.502,
    )
    assert all(kept[0][name] for name in ("command", "date", "machine"))
    assert kept[0]["reached"] is False


def test_a_row_is_one_line_of_its_file(tmp_path: Path) -> None:
    lines = rows.write("reads", [FOUND, FOUND], tmp_path).read_text().splitlines()
    assert [line[:1] for line in lines] == ["[", "{", "{", "]"]


def test_a_new_run_takes_the_place_of_the_last_one(tmp_path: Path) -> None:
    rows.write("reads", [FOUND, FOUND], tmp_path)
    rows.write("reads", [replace(FOUND, work="search")], tmp_path)
    assert [row.work for row in rows.read(tmp_path / "reads.json")] == ["search"]


def test_a_run_with_errors_is_refused_and_the_last_one_stays(tmp_path: Path) -> None:
    rows.write("reads", [FOUND], tmp_path)
    with pytest.raises(RunHadErrors, match="7 errors in: search, dump") as refused:
        rows.write(
            "reads",
            [FOUND, replace(FOUND, work="search", errors=3), replace(FOUND, work="dump", errors=4)],
            tmp_path,
        )
    assert refused.value.errors == 7
    assert [row.work for row in rows.read(tmp_path / "reads.json")] == ["page of 20"]


@pytest.mark.parametrize(
    ("ratio", "goal", "reached"), [(0.7, 0.7, True), (0.69, 0.7, False), (0.9, None, None), (None, 0.7, None)]
)
def test_a_goal_is_reached_at_its_ratio(
    ratio: float | None, goal: float | None, reached: bool | None
) -> None:
    assert rows.stamp([replace(FOUND, ratio=ratio, goal=goal)])[0].reached is reached


def test_the_tables_of_a_page_are_replaced_and_its_prose_stays(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text(PAGE)
    rows.write("reads", [FOUND], tmp_path)
    rows.write("start", [FOUND], tmp_path)
    assert tables.fill(page, tmp_path) == ["start"]  # it has no place there
    text = page.read_text()
    assert "old" not in text
    assert all(word in text for word in ("# Speed", "Before.", "Between.", "After.", "*Not measured yet.*"))
    assert (
        "| page of 20 | 1,000,000 | nginx | 30,123 requests/s | 60,000 requests/s | 0.50 | 0.7 (not reached) | 1.04 |"
        in text
    )
    tables.fill(page, tmp_path)
    assert page.read_text() == text


def test_a_table_has_no_column_that_is_empty_and_says_whence_it_is() -> None:
    stamped = [
        replace(
            FOUND, command="python -m bench reads", date="2026-11-30 10:00", commit="abc", machine="2 cores"
        )
    ]
    text = tables.table(stamped)
    assert "MiB" not in text and "note" not in text
    assert text.endswith("\n\n`python -m bench reads`, 2026-11-30 10:00 UTC, commit abc, 2 cores.\n")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (0.0, "0"),
        (0.04567, "0.0457"),
        (1.234, "1.23"),
        (12.34, "12.3"),
        (123.4, "123"),
        (56_789.1, "56,789"),
    ],
)
def test_a_figure_has_three_digits(value: float | None, text: str) -> None:
    assert tables.figure(value) == text
