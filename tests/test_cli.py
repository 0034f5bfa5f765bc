"""The command line refuses in a sentence whatever a person may mistype, before anything is touched."""

from pathlib import Path
from typing import Any

import pytest

from stock import MARKET_NOW
from tradepost.cli import _parser, main, sentence_of
from tradepost.config import Settings
from tradepost.db import Db
from tradepost.market import audit, users
from tradepost.rules.refusals import Conflicting, Malformed, Refusal

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
        (("token", "create", WHO, "--expires-days", "0"), "a whole number from 1 to 3650"),
        (("token", "create", WHO, "--allow-address", "10.0.0.1/8"), "an address looks like 203.0.113.7"),
        (("token", "create", WHO, "--allow-address", "shop.example"), "a network like 10.0.0.0/8"),
        (("token", "change", "test_x", "--url", "maybe"), "invalid choice"),
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


# Tokens ------------------------------------------------------------------------------------------------------


async def run(db: Db, *words: str) -> int:
    """Run a verb on a database."""
    options = _parser().parse_args([*words])
    status: int = await options.verb(Settings(mode="sandbox", database_url=db.dsn), options)
    return status


@pytest.fixture
async def known(db: Db) -> Db:
    """A database with one account in it."""
    async with db.transaction() as tx:
        await users.know(tx, WHO, "operator", MARKET_NOW)
    return db


async def tokens(db: Db, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The lines of the list."""
    assert await run(db, "token", "list", WHO) == 0
    return capsys.readouterr().out.splitlines()


async def test_a_token_is_made_changed_listed_and_revoked(
    known: Db, capsys: pytest.CaptureFixture[str]
) -> None:
    made: list[Any] = []
    for more in (
        (),
        ("--scopes", "read", "--label", "till", "--no-url", "--expires-days", "30"),
        ("--allow-address", "203.0.113.7", "--allow-address", "10.0.0.0/8"),
    ):
        assert await run(known, "token", "create", WHO, *more) == 0
        made.append(capsys.readouterr().out.strip())
    first, second, third = (token[:13] for token in made)
    lines = await tokens(known, capsys)
    assert lines[0] == f"{first}…  buy,read,sell  valid  never used"
    assert lines[1].startswith(f"{second}…  read  valid until ") and lines[1].endswith(
        "never used  not in URLs  till"
    )
    assert lines[2] == f"{third}…  buy,read,sell  valid  never used  203.0.113.7/32, 10.0.0.0/8"
    assert not any(token in "".join(lines) for token in made)

    assert (
        await run(known, "token", "change", first, "--scopes", "buy", "--url", "refused", "--label", "x") == 0
    )
    assert await run(known, "token", "change", made[1], "--url", "allowed", "--allow-address", "::1") == 0
    assert await run(known, "token", "change", third, "--any-address") == 0
    assert await run(known, "token", "revoke", first) == 0
    assert capsys.readouterr().out == "1 changed\n" * 3 + "1 revoked\n"
    lines = await tokens(known, capsys)
    assert "  buy  revoked " in lines[0] and lines[0].endswith("not in URLs  x")
    assert lines[1].endswith("never used  ::1/128  till")
    assert lines[2] == f"{third}…  buy,read,sell  valid  never used"
    for verb in (
        ("revoke", first),
        ("change", first, "--label", "late"),
        ("change", "unknown", "--label", "a"),
    ):
        assert await run(known, "token", *verb) == 1


@pytest.mark.parametrize(
    ("words", "kind", "sentence"),
    [
        (("create", WHO, "--scopes", "read,pay"), Malformed, "must be one or more of read, sell, buy"),
        (("create", WHO, "--scopes", ""), Malformed, "must be one or more of"),
        (
            ("change", "test_x", "--any-address", "--allow-address", "::1"),
            Conflicting,
            "contradict each other",
        ),
        (("change", "test_x", "--scopes", ""), Malformed, "must be one or more of"),
        (("change", "test_x"), Conflicting, "Say what is to change"),
        (("list", "76561198000000009"), Refusal, "does not know 76561198000000009"),
    ],
)
async def test_what_a_token_cannot_be_is_said(
    known: Db, words: tuple[str, ...], kind: type[Refusal], sentence: str
) -> None:
    with pytest.raises(kind, match=sentence):
        await run(known, "token", *words)
    assert await known.value("SELECT count(*) FROM api_token") == 0


async def test_what_is_done_on_the_command_line_is_in_the_audit(known: Db) -> None:
    assert await run(known, "ban", "add", WHO, "seller", "--reason", "not sent") == 0
    assert await run(known, "ban", "lift", WHO, "seller") == 0
    assert await run(known, "rate", "set", "EUR", "0.92") == 0
    assert await run(known, "switch", "buying", "off", "--reason", "maintenance") == 0
    assert await run(known, "admin", "grant", WHO) == 0
    assert await run(known, "admin", "list") == 0
    assert await run(known, "admin", "revoke", WHO, "--reason", "he left") == 0
    assert await run(known, "admin", "revoke", WHO) == 1
    lines = [(note.actor, note.subject, note.deed, note.reason) for note in await audit.page(known)]
    assert lines == [
        (None, WHO, "role revoked", "he left"),
        (None, WHO, "role granted", ""),
        (None, None, "switched off", "maintenance"),
        (None, None, "rate set", ""),
        (None, WHO, "bans lifted", ""),
        (None, WHO, "ban added", "not sent"),
    ]
