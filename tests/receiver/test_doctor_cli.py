"""`tradepost ipn-doctor`, as a merchant runs it: what it prints, how it ends, what it refuses."""

import pytest

from receiver import merchants
from receiver.command import of, run
from receiver.market import KEY, SECRET
from receiver.merchants import Merchant, open_at
from tradepost.cli import doctor, main
from tradepost.rules import notice

WHSEC = notice.write_secret(KEY)


async def test_all_that_is_right_is_said_case_by_case_and_ends_with_0() -> None:
    """No setting, no database, no key: it is a program of its own."""
    async with open_at(Merchant()) as merchant:
        more = (
            "--balance-url",
            f"{merchant.url}/balance?account={{account}}",
            "--webhook-url",
            f"{merchant.url}/webhook",
        )
        status, said, complained = await run(
            *of(merchant, *more), IPN_SECRET_HASH=SECRET, IPN_NOTICE_SECRET=WHSEC, IPN_WEBHOOK_SECRET=WHSEC
        )
        assert merchant.balances == {"1001": 4431}
    assert (status, complained) == (0, "")
    assert said.count("\nright  ") == 15 and "WRONG" not in said
    assert "\nright  A good notice\n       It was answered ok within " in said
    assert said.endswith("\n15 handled rightly, 0 wrongly, 0 to look at.\n")


async def test_a_fault_is_said_with_its_fix_in_both_languages_and_ends_with_1() -> None:
    async with open_at(merchants.TellsRepeatsAsTheDocumentSays()) as merchant:
        more = (
            "--balance-url",
            f"{merchant.url}/balance?account={{account}}",
            "--secret-hash",
            SECRET,
            "--amount",
            "1.00",
        )
        status, said, _ = await run(*of(merchant, *more))
    assert status == 1
    part = said.partition("WRONG  The good notice with another transaction_id\n")[2].split("\n")
    assert part[0] == "       1.00 was credited, where it should have been 0.00."
    assert (
        "not covered by the hash" in part[1]
        and part[2].startswith("       PHP: ")
        and part[3].startswith("       Python: ")
    )
    assert SECRET not in said


async def test_without_a_balance_it_says_in_the_end_what_the_books_must_have() -> None:
    async with open_at(Merchant()) as merchant:
        status, said, _ = await run(*of(merchant), IPN_SECRET_HASH=SECRET)
    assert status == 0
    assert "\nright  A good notice\n" in said and "Look in your books: it must have added 6.66, once" in said
    assert "\n12 handled rightly, 0 wrongly, 0 to look at.\n" in said
    assert "look whether it is 44.31 in all to 1001, and nothing to 1002." in said


async def test_where_a_good_notice_is_not_taken_in_it_says_so_and_shows_what_was_answered() -> None:
    async with open_at(merchants.Answers(500, "Warning: mysqli \x1b[2J")) as merchant:
        status, said, _ = await run(*of(merchant), IPN_SECRET_HASH=SECRET)
    assert status == 1 and said.count("WRONG") == 1
    assert "It said: Warning: mysqli  [2J" in said and "\x1b" not in said
    assert "The rest was not played" in said and "in all" not in said


async def test_of_a_receiver_that_is_not_there_no_sum_is_claimed() -> None:
    gone = Merchant(url="http://127.0.0.1:9")  # the discard port: nobody listens
    status, said, _ = await run(*of(gone), IPN_SECRET_HASH=SECRET)
    assert status == 1 and "only your own books say what was credited" in said and "6.66" not in said


async def test_a_balance_that_cannot_be_read_ends_with_2_and_a_sentence() -> None:
    async with open_at(Merchant()) as merchant:
        status, _, complained = await run(
            *of(merchant, "--balance-url", "http://127.0.0.1:1/"), IPN_SECRET_HASH=SECRET
        )
        assert merchant.balances.total() == 0
    assert status == 2
    assert (
        complained == "ipn-doctor: The balance of 1001 could not be asked for. The host took no connection.\n"
    )


GOOD = ("http://shop.example/ipn", "--order-id", "order-1", "--account", "1001")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "the following arguments are required"),
        (("ftp://shop.example/", *GOOD[1:]), "such as https://shop.example/notices"),
        (("http://a:b@shop.example/", *GOOD[1:]), "no user or password"),
        (("http://shop.example/?test=1", *GOOD[1:]), "a parameter test"),
        ((*GOOD[:2], "a b", *GOOD[3:]), "an order's id has 1 to 64"),
        ((*GOOD[:4], "-1"), "up to 2^64-1"),
        ((*GOOD[:4], "18446744073709551616"), "up to 2^64-1"),
        ((*GOOD[:4], "٥"), "up to 2^64-1"),
        ((*GOOD, "--amount", "0"), "looks like 6.66"),
        ((*GOOD, "--amount", "NaN"), "looks like 6.66"),
        ((*GOOD, "--amount", "100000.00"), "at most 99999.99"),
        ((*GOOD, "--balance-url", "shop.example/{account}"), "such as https://"),
    ],
)
def test_a_word_that_makes_no_sense_is_refused_where_it_stands(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], sentence: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(("ipn-doctor", *words))
    assert ended.value.code == 2
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (GOOD, "--secret-hash, or IPN_SECRET_HASH"),
        ((*GOOD, "--secret-hash", SECRET, "--notice-secret", "abc"), "begins with whsec_"),
        ((*GOOD, "--secret-hash", SECRET, "--notice-secret", "whsec_!"), "goes on in base64"),
        (
            (*GOOD, "--secret-hash", SECRET, "--webhook-url", "http://shop.example/"),
            "a webhook needs its secret",
        ),
    ],
)
def test_a_secret_that_is_missing_or_none_is_said(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], sentence: str
) -> None:
    for name in (doctor.SECRET, doctor.NOTICE_SECRET, doctor.WEBHOOK_SECRET):
        monkeypatch.delenv(name, raising=False)
    assert main(("ipn-doctor", *words)) == 2
    assert sentence in capsys.readouterr().err


def test_every_option_is_explained() -> None:
    assert [action.dest for action in doctor.parser()._actions if not action.help] == []
