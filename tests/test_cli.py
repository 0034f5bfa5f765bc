"""The command line refuses in a sentence whatever a person may mistype, before anything is touched."""

from pathlib import Path

import pytest

from tradepost.cli import main, sentence_of

WHO = "76561198000000001"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("merchant", "create", "7656119800000000"), "a steamid has 17 digits"),
        (("merchant", "create", WHO, "--name", "a\x1b[2J"), "none of control"),
        (("merchant", "deposit", WHO, "12.345"), "an amount looks like 12.34"),
        (("merchant", "deposit", WHO, "-5"), "an amount looks like 12.34"),
        (("merchant", "deposit", WHO, "0"), "an amount looks like 12.34"),
        (("merchant", "deposit", WHO, "5", "--reference", "x" * 201), "at most 200 characters"),
        (("user", "add", WHO, "--trade-token", "x y"), "after token= in a trade URL"),
        (("user", "pair", WHO, "--floor", "-5"), "a whole number from 0 to 3000"),
        (("user", "pair", WHO, "--floor", "99999999999"), "a whole number from 0 to 3000"),
        (("grant", "give", WHO, WHO, "--floor", "٥"), "a whole number from 0 to 3000"),
        (("ban", "add", WHO, "seller", "--days", "0"), "a whole number from 1 to 3650"),
        (("ban", "add", WHO, "seller", "--days", "999999999"), "a whole number from 1 to 3650"),
        (("ban", "add", WHO, "thief"), "invalid choice"),
        (("rate", "set", "EUR", "0"), "a rate looks like 0.9215"),
        (("trade", "show", "9" * 30), "a whole number from 1 to 9223372036854775807"),
        (("trade", "rule", "1", "refund"), "--reason"),
        (("serve", "--port", "70000"), "a whole number from 0 to 65535"),
        (("nonsense",), "invalid choice"),
    ],
)
def test_a_word_that_makes_no_sense_is_refused_where_it_stands(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], sentence: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    said = capsys.readouterr()
    assert sentence in said.err.splitlines()[-1] and not said.out


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "its first line should name project,market_hash_name,price; project is missing"),
        (b"name,price\na,1\n", "project is missing"),
        (
            b"project,market_hash_name,price\ncsgo,A\n",
            "line 2: needs a project, a market_hash_name and a price",
        ),
        (b"project,market_hash_name,price\ncsgo,A,1e3\n", "line 2: needs a project"),
        (b"project,market_hash_name,price\ncsgo,A,0\n", "line 2: needs a project"),
        (b"\xff\xfe\x00", "is no CSV file in UTF-8"),
        (b"project,market_hash_name,price\ncsgo," + b"x" * 200_000 + b",1\n", "is no CSV file in UTF-8"),
    ],
)
def test_prices_that_cannot_be_read_are_refused_with_file_and_line(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    content: bytes,
    sentence: str,
) -> None:
    monkeypatch.setenv("TRADEPOST_MODE", "sandbox")
    file = tmp_path / "prices.csv"
    file.write_bytes(content)
    assert main(["prices", "import", str(file), "--data-dir", str(tmp_path / "data")]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"tradepost: {file}") and sentence in said and said.count("\n") == 1
    assert not (tmp_path / "data").exists()


def test_what_the_system_refuses_is_said_without_its_number(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRADEPOST_MODE", "sandbox")
    file = tmp_path / "nowhere.csv"
    assert main(["prices", "import", str(file), "--data-dir", str(tmp_path / "data")]) == 1
    assert capsys.readouterr().err == f"tradepost: {file}: No such file or directory\n"
    assert sentence_of(OSError("without a number")) == "without a number"
