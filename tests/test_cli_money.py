"""An operator's day with money on the command line: payouts step by step, deposits taken back, fees taken out."""

from datetime import timedelta

import pytest

from agent.selling import an_app
from stock import MARKET_NOW, Stock, steamid
from tradepost.app import Clock
from tradepost.cli import _parser, main
from tradepost.config import Settings
from tradepost.db import Db
from tradepost.market import audit, ledger, payouts, profiles
from tradepost.market.ledger import Posting
from tradepost.rules.refusals import Conflicting, NotFound

pytestmark = pytest.mark.sql
WHO = steamid(1)


async def run(db: Db, *words: str) -> int:
    """Run a verb on a database."""
    options = _parser().parse_args([*words])
    status: int = await options.verb(Settings(mode="sandbox", database_url=db.dsn), options)
    return status


async def asked(db: Db, cents: int) -> None:
    """Somebody has earned money and wants to have it."""
    async with an_app(db) as app:
        account = await Stock(db).person(balance_cents=cents)
        async with db.transaction() as tx:
            await profiles.set_skrill(tx, account, "ann@example.com", Clock().real_now() - timedelta(days=9))
        await payouts.ask(app, account, cents)


async def test_a_payout_goes_its_way_by_the_command_line(db: Db, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = steamid(901), steamid(902)
    await run(db, "payout", "list")
    assert capsys.readouterr().out == "no payout waits\n"
    await asked(db, 120_000)
    await run(db, "payout", "list")
    line = capsys.readouterr().out
    assert line.startswith("payout 1  asked         1200.00 USD  skrill ann@example.com  asked ")
    assert line.endswith("needs 2 admins\n")
    for name in ("anna", "bert", first, second):
        with pytest.raises(Conflicting, match="approved by two admins"):
            await run(db, "payout", "approve", "1", "--by", name)
    for admin in (first, second):
        await run(db, "admin", "grant", admin)
        async with db.transaction() as tx:
            await payouts.approve(tx, 1, by=admin, now=MARKET_NOW)
    capsys.readouterr()
    await run(db, "payout", "send", "1", "--by", "anna")
    await run(db, "payout", "unknown", "1", "--by", "anna", "--reason", "Skrill timed out")
    with pytest.raises(Conflicting, match="unknown: refuse is not possible"):
        await run(db, "payout", "refuse", "1", "--by", "anna", "--reason", "impatient")
    await run(db, "payout", "not-sent", "1", "--by", "bert", "--reason", "not in the list")
    await run(db, "payout", "paid", "1", "SKR-1", "--by", "anna")
    capsys.readouterr()
    await run(db, "payout", "show", "1")
    head, *line_of = capsys.readouterr().out.splitlines()
    assert " paid " in head and head.endswith("SKR-1")
    assert [" ".join(one.split()[2:]) for one in line_of] == [
        "asked ask by owner",
        f"asked approve by {first}",
        f"approved approve by {second}",
        "sending send by command line (anna)",
        "unknown lose by command line (anna) Skrill timed out",
        "approved clear by command line (bert) not in the list",
        "paid pay by command line (anna) SKR-1",
    ]
    deeds = [(note.deed, note.subject, note.detail["by"], note.reason) for note in await audit.page(db)
             if note.deed.startswith("payout")]  # fmt: skip
    assert deeds[::-1] == [
        ("payout taken in hand", WHO, "anna", ""),
        ("payout unknown", WHO, "anna", "Skrill timed out"), ("payout not sent", WHO, "bert", "not in the list"),
        ("payout paid", WHO, "anna", ""),
    ]  # fmt: skip


async def test_a_payout_is_refused_with_a_reason(db: Db, capsys: pytest.CaptureFixture[str]) -> None:
    await asked(db, 5_000)
    await run(db, "payout", "refuse", "1", "--by", "anna", "--reason", "another name")
    assert capsys.readouterr().out.endswith("  another name\n")
    with pytest.raises(NotFound):
        await run(db, "payout", "show", "2")


async def test_a_deposit_is_recorded_listed_and_taken_back(
    db: Db, capsys: pytest.CaptureFixture[str]
) -> None:
    await Stock(db).person()
    await run(db, "deposit", "list", WHO)
    assert capsys.readouterr().out == "no deposits\n"
    for _ in range(2):
        await run(db, "merchant", "deposit", WHO, "10.00", "--reference", "wire 7")
    assert "nothing moved" in capsys.readouterr().out
    await run(db, "deposit", "reverse", "wire 7", "--reason", "charged back", "--by", "anna")
    assert capsys.readouterr().out == "10.00 USD were taken back; deposit 0.00 USD\n"
    await run(db, "deposit", "list", WHO)
    (line,) = capsys.readouterr().out.splitlines()
    assert "10.00 USD  wire 7  command line  taken back " in line and line.endswith(
        "(command line (anna): charged back)"
    )
    assert [note.deed for note in await audit.page(db)] == ["deposit reversed", "deposit recorded"]


async def test_fees_are_shown_and_taken_out(db: Db, capsys: pytest.CaptureFixture[str]) -> None:
    account = await Stock(db).person(deposit_cents=1_000)
    async with db.transaction() as tx:
        legs = (Posting(account, "deposit", -1_000), Posting(None, "fees", 1_000))
        await ledger.post(tx, "fee", "test", legs, MARKET_NOW)
    for _ in range(2):
        await run(db, "fees", "withdraw", "4.00", "october", "--by", "anna", "--reason", "to the bank")
    out = capsys.readouterr().out
    assert out == (
        "taken out; 6.00 USD are left\nthis reference was taken out before: nothing moved; 6.00 USD are left\n"
    )
    await run(db, "fees", "show")
    first, second = capsys.readouterr().out.splitlines()
    assert first == "6.00 USD" and second.endswith("-4.00  october  command line (anna): to the bank")
    assert [note.deed for note in await audit.page(db)] == ["fees withdrawn"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("payout", "approve", "1"), "--by"),
        (("payout", "approve", "0", "--by", "anna"), "a whole number from 1"),
        (("payout", "refuse", "1", "--by", "anna"), "--reason"),
        (("payout", "paid", "1", "--by", "anna"), "reference"),
        (("payout", "paid", "1", "a\x1b[2J", "--by", "anna"), "none of control"),
        (("deposit", "reverse", "wire 7", "--by", "anna"), "--reason"),
        (("deposit", "list", "7656"), "a steamid has 17 digits"),
        (("fees", "withdraw", "0", "x", "--by", "anna"), "an amount looks like 12.34"),
    ],
)
def test_a_word_that_makes_no_sense_is_refused_where_it_stands(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], sentence: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert sentence in capsys.readouterr().err.splitlines()[-1]
