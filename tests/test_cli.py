"""The command line refuses in a sentence whatever a person may mistype, before anything is touched."""

import gc
import re
from pathlib import Path
from typing import Any

import pytest

from market.paying import till
from stock import MARKET_NOW
from tradepost.cli import GARBAGE_OBJECTS_MIN, _parser, loading, main, sentence_of
from tradepost.config import Settings
from tradepost.db import Db
from tradepost.market import audit, ledger, users
from tradepost.rules.refusals import Conflicting, Malformed, NotFound, Refusal

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
        (("gateway", "open", WHO), "--callback"),
        (("gateway", "open", WHO, "--callback", "https://a\x1b[2J"), "an address looks like"),
        (("gateway", "set", WHO, "--ipn-on", "sold"), "invalid choice"),
        (("gateway", "rotate", WHO, "everything"), "invalid choice"),
        (("gateway", "reserve", WHO, "fund", "0"), "an amount looks like 12.34"),
        (("payment", "list", WHO, "--limit", "0"), "a whole number from 1 to 1000"),
        (("payment", "show", "seven"), "a whole number from 1 to"),
        (("notice", "resend", "-1"), "a whole number from 1 to"),
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


# Pay by Steam skins ------------------------------------------------------------------------------------------

URL = "https://shop.example/ipn"


def said(capsys: pytest.CaptureFixture[str]) -> list[tuple[str, str]]:
    """What was printed: a name and a value a line."""
    lines = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()]
    return [(name, value) for name, value in lines]


async def opened(db: Db, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """A gateway that was opened; what was printed of it this once."""
    assert await run(db, "gateway", "open", WHO, "--callback", URL) == 0
    return dict(said(capsys))


async def test_a_gateway_is_opened_shown_set_and_its_secrets_are_rotated(
    known: Db, capsys: pytest.CaptureFixture[str]
) -> None:
    first = await opened(known, capsys)
    assert list(first) == ["public_hash", "secret", "signature_v2", "notices"]
    assert await run(known, "gateway", "show", WHO) == 0
    assert said(capsys) == [
        ("public_hash", first["public_hash"]),
        ("callback", URL),
        ("ipn_on", "settled"),
        ("signature_v2", "optional"),
        ("reserve", "0.00 USD, 0.00 of it needed"),
        ("notices", "0 waiting, 0 set aside"),
    ]
    changes = ("--callback", f"{URL}?v=2", "--ipn-on", "accepted", "--signature-v2", "required")
    assert await run(known, "gateway", "set", WHO, *changes) == 0
    told = capsys.readouterr()
    assert "each skin waits for its settlement" in told.err
    assert [tuple(line.split(maxsplit=1)) for line in told.out.splitlines()][1:] == [
        ("callback", f"{URL}?v=2"),
        ("ipn_on", "accepted"),
        ("signature_v2", "required"),
    ]
    assert await run(known, "gateway", "set", WHO, "--signature-v2", "optional") == 0
    assert said(capsys)[1:] == [
        ("callback", f"{URL}?v=2"),
        ("ipn_on", "accepted"),
        ("signature_v2", "optional"),
    ]
    fresh = []
    for which in ("secret", "signature_v2", "notices"):
        assert await run(known, "gateway", "rotate", WHO, which) == 0
        told = capsys.readouterr()
        fresh.append(told.out.strip())
        assert "good for 24 hours more" in told.err
    assert len({*fresh, *first.values()}) == 7 and fresh[2].startswith("whsec_")
    assert await run(known, "gateway", "show", WHO) == 0
    shown = capsys.readouterr().out
    assert (
        len(re.findall(r"the old one is good until \S+ \S+ UTC, real time\n", shown)) == 3
        and "no link was signed with the new one yet" in shown
    )
    assert not any(
        secret in shown for secret in (*fresh, first["secret"], first["signature_v2"], first["notices"])
    )


async def test_a_reserve_is_funded_and_released_once_for_its_reference(
    known: Db, capsys: pytest.CaptureFixture[str]
) -> None:
    await opened(known, capsys)
    async with known.transaction() as tx:
        account = (await users.by_steamid(tx, WHO) or pytest.fail("nobody")).id
        legs = (ledger.Posting(account, "balance", 10_000), ledger.Posting(None, "world", -10_000))
        await ledger.post(tx, "earned", "deposit", legs, MARKET_NOW)
    for words, line in (
        (("fund", "60.00", "--reference", "a"), "moved; balance 40.00, reserve 60.00 USD"),
        (
            ("fund", "60.00", "--reference", "a"),
            "this reference was used before: nothing moved; balance 40.00, reserve 60.00 USD",
        ),
        (("fund", "40.00"), "moved; balance 0.00, reserve 100.00 USD"),
        (("release", "0.01"), "moved; balance 0.01, reserve 99.99 USD"),
    ):
        assert await run(known, "gateway", "reserve", WHO, *words) == 0
        assert capsys.readouterr().out == f"{line}\n"
    with pytest.raises(Refusal):
        await run(known, "gateway", "reserve", WHO, "release", "100.00")
    assert await run(known, "gateway", "set", WHO, "--ipn-on", "accepted") == 0
    assert "settlement" not in capsys.readouterr().err  # the reserve bears some


async def test_payments_are_listed_and_shown_and_their_notices_sent_again(
    db: Db, capsys: pytest.CaptureFixture[str]
) -> None:
    async with till(db) as shop:
        paid = await shop.link(order_id="42", amount="10.00", account="7")
        offers = await shop.on_sale(paid, 1000, 300)
        await shop.sell(offers[0])
        await shop.link(order_id="43")
        (notice,) = await shop.told()
    who = await db.value("SELECT steamid FROM account WHERE id = $1", shop.merchant)
    assert await run(db, "payment", "list", who) == 0
    assert [line.split("  ", 2)[2] for line in capsys.readouterr().out.splitlines()] == [
        f"order 43  open  by {shop.payers[max(shop.payers)]}  0 skins  credited 0.00, expected 0.00 USD",
        f"order 42  active  by {shop.payers[paid.payer_id]}  2 skins  credited 9.50, expected 2.85 USD",
    ]
    for words in (("--order", "42"), ("--state", "active"), ("--limit", "1", "--order", "42")):
        assert await run(db, "payment", "list", who, *words) == 0
        (line,) = capsys.readouterr().out.splitlines()
        assert "order 42" in line
    assert await run(db, "payment", "list", who, "--limit", "1") == 0
    assert capsys.readouterr().out.splitlines()[-1] == "1 more; --limit shows them"

    assert await run(db, "payment", "show", str(paid.id)) == 0
    shown = capsys.readouterr().out
    assert (
        f"token {paid.token}, transaction {paid.transaction_id}" in shown
        and "account 7, amount 10.00" in shown
    )
    assert "credited" in shown and "for 10.00, 9.50 to the merchant" in shown and "on_sale" in shown
    assert f"notice {notice['id']}  ipn payment" in shown and "waiting after 0 attempts" in shown
    assert await run(db, "notice", "resend", str(notice["id"])) == 0
    assert capsys.readouterr().out == f"notice {notice['id']} is due now, 8 attempts are left\n"


@pytest.mark.parametrize(
    ("words", "kind", "sentence"),
    [
        (("gateway", "show", WHO), NotFound, "open a gateway"),
        (("gateway", "set", WHO), Conflicting, "Say what is to change"),
        (("gateway", "set", WHO, "--ipn-on", "settled"), NotFound, "open a gateway"),
        (("gateway", "rotate", WHO, "notices"), NotFound, "open a gateway"),
        (("gateway", "reserve", WHO, "fund", "1.00"), NotFound, "open a gateway"),
        (("gateway", "open", WHO, "--callback", "https://10.0.0.1/"), Malformed, "address in numbers"),
        (("gateway", "open", "76561198000000009", "--callback", URL), Refusal, "does not know"),
        (("payment", "list", "76561198000000009"), Refusal, "does not know"),
        (("payment", "show", "1"), NotFound, "no such payment"),
        (("notice", "resend", "1"), NotFound, "no such notice"),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, tuple) else "",
)
async def test_what_a_gateway_cannot_be_is_said(
    known: Db, words: tuple[str, ...], kind: type[Refusal], sentence: str
) -> None:
    with pytest.raises(kind, match=sentence):
        await run(known, *words)
    assert await known.value("SELECT count(*) FROM gateway") == 0


async def test_a_second_gateway_is_refused(known: Db, capsys: pytest.CaptureFixture[str]) -> None:
    await opened(known, capsys)
    with pytest.raises(Conflicting, match="accepts skins already"):
        await run(known, "gateway", "open", WHO, "--callback", URL)


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


def test_garbage_is_looked_for_again_once_modules_are_loaded_and_not_among_them() -> None:
    before, pace = gc.get_freeze_count(), gc.get_threshold()
    try:
        gc.set_threshold(700)
        with pytest.raises(ImportError), loading():
            assert not gc.isenabled()
            raise ImportError("no such module")
        assert gc.isenabled()
        assert gc.get_freeze_count() > before
        assert gc.get_threshold()[0] == GARBAGE_OBJECTS_MIN  # the buys under way are no garbage
    finally:
        gc.unfreeze()
        gc.set_threshold(*pace)
