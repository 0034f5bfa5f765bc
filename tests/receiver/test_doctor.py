"""The doctor finds nothing wrong with a receiver that is right, and each fault that receivers have by its name."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Any, cast

import pytest

from examples.running import WEBHOOK_KEY, market, shop
from receiver import merchants
from receiver.market import KEY, OLD_KEY, OLD_SECRET, SECRET
from receiver.merchants import Answers, Merchant, open_at
from tradepost import dial
from tradepost.market import ipn_doctor
from tradepost.market.ipn_doctor import NoBalance, Visit, examine
from tradepost.rules import ipn_doctor as rules
from tradepost.rules.callback_address import AddressRefused
from tradepost.rules.ipn_doctor import Outcome, Verdict
from tradepost.rules.ipn_remedies import Fault, remedy

HERE = dial.Policy((ip_network("127.0.0.0/8"),), total_seconds=10.0)
HASTY = replace(HERE, total_seconds=1.5)  # for merchants that never answer: a busy machine is not one of them
IPN_CASES = [
    *(
        "good",
        "repeated",
        "reordered",
        "at_once",
        "wrong_hash",
        "tampered",
        "link_signature",
        "other_transaction",
    ),
    *("other_account", "slow", "reversed", "test"),
]
ALL_CASES = [*IPN_CASES, "webhook", "webhook_forged", "afterwards"]


def now() -> datetime:
    return datetime.now(UTC)


def visit_to(merchant: Merchant, **other: Any) -> Visit:
    visit = Visit(
        url=f"{merchant.url}/ipn",
        secret=SECRET,
        order_id="order-1",
        account="1001",
        balance_url=f"{merchant.url}/balance?account={{account}}",
        webhook_url=f"{merchant.url}/webhook",
        webhook_secrets=[KEY],
        patience_seconds=0.4,
    )
    return replace(visit, **other)


async def verdicts(visit: Visit, policy: dial.Policy = HERE) -> list[Verdict]:
    return [verdict async for verdict in examine(visit, policy, now)]


def wrong(found: list[Verdict]) -> dict[str, Fault | None]:
    """What was handled wrongly, and how; each has its sentence and its remedy."""
    for one in found:
        assert (one.outcome is Outcome.WRONG) is (one.remedy is not None) is (one.fault is not None)
        assert one.told.endswith(".") and (one.remedy is None or one.remedy.sentence.endswith("."))
    return {one.case: one.fault for one in found if one.outcome is Outcome.WRONG}


# A receiver that is right ------------------------------------------------------------------------------------


async def test_a_receiver_that_is_right_is_found_right_in_every_case() -> None:
    async with open_at(Merchant()) as merchant:
        found = await verdicts(visit_to(merchant))
    assert [one.case for one in found] == ALL_CASES
    assert {one.outcome for one in found} == {Outcome.RIGHT}
    assert merchant.balances["1001"] == sum(one.due_cents for one in found[:-1]) == found[-1].due_cents
    assert merchant.balances["1002"] == 0


@pytest.mark.parametrize(
    "keys", [(), (KEY,), (OLD_KEY, KEY)], ids=["without headers", "with headers", "rotated"]
)
async def test_the_example_shop_is_found_right(tmp_path: Path, keys: tuple[bytes, ...]) -> None:
    async with market() as beside, shop(tmp_path, beside, notice_keys=keys) as running:
        order_id = await running.order(beside)
        visit = Visit(
            url=f"{running.url}/ipn?shop=7",
            secret=SECRET,
            order_id=order_id,
            account="1001",
            notice_secrets=keys[:1],
            balance_url=f"{running.url}/balance?account={{account}}",
            webhook_url=f"{running.url}/notices",
            webhook_secrets=[WEBHOOK_KEY],
            patience_seconds=0.2,
        )
        found = await verdicts(visit)
    assert [one.case for one in found] == ALL_CASES
    assert {one.outcome for one in found} == {Outcome.RIGHT}, wrong(found)


async def test_a_receiver_that_credits_from_a_queue_is_waited_for() -> None:
    async with open_at(merchants.CreditsLater()) as merchant:
        assert wrong(await verdicts(visit_to(merchant))) == {}


async def test_a_receiver_that_asks_to_come_again_while_it_is_busy_is_found_right() -> None:
    async with open_at(merchants.AsksToComeAgainWhileItIsBusy()) as merchant:
        found = await verdicts(visit_to(merchant))
    assert wrong(found) == {}
    assert any(one.status == 503 for verdict in found for one in verdict.heard)


async def test_without_a_balance_it_says_what_to_look_at_and_judges_answers_alone() -> None:
    async with open_at(Merchant()) as merchant:
        found = await verdicts(visit_to(merchant, balance_url=None, webhook_url=None))
    assert [one.case for one in found] == IPN_CASES
    assert wrong(found) == {}
    assert {one.outcome for one in found} == {Outcome.RIGHT}
    by_hand = {one.case for one in found if "Look in your books" in one.told}
    assert by_hand == {
        "good",
        "repeated",
        "reordered",
        "at_once",
        "tampered",
        "other_transaction",
        "other_account",
        "slow",
    }
    said = {one.case: one.told for one in found}
    assert (
        "it must have added 6.66, once" in said["good"] and "it must have added nothing" in said["repeated"]
    )
    assert "11.01" in said["reordered"]
    assert "/balance" not in merchant.calls and "/webhook" not in merchant.calls


# Receivers that are wrong ------------------------------------------------------------------------------------

TOO_MUCH, TOO_LITTLE, NOTHING, BELIEVED = Fault.TOO_MUCH, Fault.TOO_LITTLE, Fault.NOTHING, Fault.BELIEVED
FAULTY: list[tuple[Callable[[], Merchant], dict[str, Fault], str]] = [
    # receiver, what is found in which case, and a word of the remedy that must be among them
    (merchants.BelievesTheHashAlone, {"link_signature": TOO_MUCH, "afterwards": TOO_MUCH}, "demand a trade_id"),
    (merchants.CreditsWhateverIsNotComplete, {"reversed": TOO_MUCH, "afterwards": TOO_MUCH}, "status is complete"),
    (
        merchants.ChecksNoHash,
        {"wrong_hash": TOO_MUCH, "tampered": TOO_MUCH, "afterwards": TOO_MUCH},
        "Verify the hash",
    ),
    (
        merchants.TellsNoRepeats,
        dict.fromkeys(("repeated", "at_once", "other_transaction", "slow", "afterwards"), TOO_MUCH),
        "unique key",
    ),
    (
        merchants.TellsRepeatsAsTheDocumentSays,
        {"other_transaction": TOO_MUCH, "afterwards": TOO_MUCH},
        "transaction_id is not covered by the hash",
    ),
    (
        merchants.CreditsAnOrderOnce,
        dict.fromkeys(("reordered", "at_once", "tampered", "other_account", "slow"), NOTHING) | {"afterwards": TOO_LITTLE},
        "tell repeats by trade_id, not by order_id",
    ),
    (
        merchants.LooksBeforeItWrites,
        {"at_once": TOO_MUCH, "slow": TOO_MUCH, "afterwards": TOO_MUCH},
        "insert first, do not look first",
    ),
    (merchants.CreditsWhomTheNoticeNames, {"other_account": Fault.OTHER_ACCOUNT, "afterwards": Fault.OTHER_ACCOUNT}, "account of your own order"),
    (merchants.ReadsFloats, {"reordered": TOO_LITTLE, "afterwards": TOO_LITTLE}, "never as a float"),
    (
        merchants.TakesDollarsForCents,
        dict.fromkeys(("good", "reordered", "at_once", "tampered", "other_account", "slow", "afterwards"), TOO_MUCH),
        "in dollars: read it as whole cents",
    ),
    (
        merchants.RefusesRepeats,
        dict.fromkeys(("repeated", "at_once", "slow"), Fault.REFUSED),
        "Answer a repeat as the first time",
    ),
    (
        merchants.ForgetsWhatItWasToldWhenTheCallerHangsUp,
        {"slow": NOTHING, "afterwards": TOO_LITTLE},
        "ignore_user_abort",
    ),
    (
        merchants.KeepsWhatItRefuses,
        {"tampered": NOTHING, "other_account": NOTHING, "afterwards": TOO_LITTLE},
        "must leave nothing behind",
    ),
    (
        merchants.SaysOkToEverybody,
        dict.fromkeys(("wrong_hash", "tampered", "link_signature", "other_account", "reversed"), BELIEVED),
        "Verify the hash",
    ),
    (
        merchants.CreditsNothing,
        dict.fromkeys(("good", "reordered", "at_once", "tampered", "other_account", "slow", "afterwards"), NOTHING),
        "Credit before you answer ok",
    ),
    (merchants.CreditsLaterAndTwice, {"afterwards": TOO_MUCH}, "after it was judged"),
    (merchants.VerifiesNoWebhook, {"webhook_forged": BELIEVED}, "Verify the signature over webhook-id"),
    (merchants.KnowsNoWebhook, {"webhook": Fault.STATUS}, "A webhook is received with any status"),
    (
        merchants.TakesBackWhatItNeverGave,
        {"webhook": TOO_LITTLE, "afterwards": TOO_LITTLE},
        "Take back only what was credited",
    ),
    (merchants.CreditsWhatIsReversed, {"webhook": TOO_MUCH, "afterwards": TOO_MUCH}, "payment.reversed adds nothing"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "faults", "words"), FAULTY, ids=[make.__name__ for make, _, _ in FAULTY])
async def test_a_fault_is_found_and_named_with_its_remedy(
    make: Callable[[], Merchant], faults: dict[str, Fault], words: str
) -> None:
    async with open_at(make()) as merchant:
        found = await verdicts(visit_to(merchant))
    assert wrong(found) == faults
    assert any(words in one.remedy.sentence + (one.remedy.php or "") for one in found if one.remedy)


@pytest.mark.parametrize(
    ("make", "faults"),
    [
        (merchants.CreditsWhateverIsNotComplete, {"reversed": BELIEVED}),
        (merchants.CreditsWhomTheNoticeNames, {"other_account": BELIEVED}),
        (
            merchants.SaysOkToEverybody,
            dict.fromkeys(
                ("wrong_hash", "tampered", "link_signature", "other_account", "reversed"), BELIEVED
            ),
        ),
    ],
    ids=["not complete", "another account", "everything"],
)
async def test_whoever_answers_ok_to_what_is_not_the_market_s_is_wrong_also_where_no_balance_can_be_asked(
    make: Callable[[], Merchant], faults: dict[str, Fault]
) -> None:
    async with open_at(make()) as merchant:
        found = await verdicts(visit_to(merchant, balance_url=None, webhook_url=None))
    assert wrong(found) == faults
    assert all("never as a float" not in one.remedy.sentence for one in found if one.remedy)


async def test_a_test_notice_is_taken_or_refused_and_credits_nothing() -> None:
    class TakesTests(Merchant):
        async def ipn(self, query: str, is_gone: Callable[[], bool]) -> merchants.Answer:
            return merchants.OK if "&test=1&" in query else await super().ipn(query, is_gone)

    for merchant, words in ((Merchant(), "will not count as received"), (TakesTests(), "answered ok within")):
        async with open_at(merchant):
            found = {one.case: one for one in await verdicts(visit_to(merchant))}
        assert found["test"].outcome is Outcome.RIGHT and words in found["test"].told
        assert found["test"].told.endswith("othing was credited.")


async def test_where_a_call_had_no_answer_no_sum_is_claimed() -> None:
    class HangsOnce(Merchant):
        async def ipn(self, query: str, is_gone: Callable[[], bool]) -> merchants.Answer:
            if "status=reversed" in query:
                await asyncio.sleep(60)
            return await super().ipn(query, is_gone)

    async with open_at(HangsOnce()) as merchant:
        found = await verdicts(visit_to(merchant), HASTY)
    assert "afterwards" not in {one.case for one in found} and rules.credited_in_all(found) is None
    async with open_at(Merchant()) as merchant:
        found = await verdicts(visit_to(merchant))
    assert rules.credited_in_all(found[:-1]) == 4431


@pytest.mark.parametrize(
    ("merchant", "fault", "words"),
    [
        (Answers(200, "<h1>ok</h1>"), Fault.NOT_OK, "and nothing else"),
        (Answers(200, '{"status":"ok"}'), Fault.NOT_OK, "no JSON"),
        (Answers(200, ""), Fault.NOT_OK, "and nothing else"),
        (Answers(200, "error"), Fault.REFUSED, "secret hash"),
        (Answers(403, "error"), Fault.REFUSED, "--notice-secret"),
        (Answers(403, "Forbidden"), Fault.STATUS, "CSRF"),
        (Answers(404, "x"), Fault.STATUS, "404"),
        (Answers(500, "ok"), Fault.STATUS, "own log"),
        (Answers(302, ""), Fault.LED_AWAY, "Redirects are not followed"),
        (merchants.Hangs(), Fault.SILENT, "within 20 seconds"),
    ],
    ids=["html", "json", "empty", "error", "error 403", "403", "404", "500", "302", "hangs"],
)
async def test_where_not_even_a_good_notice_is_taken_in_nothing_more_is_played(
    merchant: Merchant, fault: Fault, words: str
) -> None:
    async with open_at(merchant):
        found = await verdicts(visit_to(merchant), HASTY if fault is Fault.SILENT else HERE)
    assert wrong(found) == {"good": fault} and len(found) == 1
    assert found[0].remedy is not None and words in found[0].remedy.sentence
    assert merchant.calls.count("/ipn") == 1


async def test_another_secret_is_a_good_notice_refused() -> None:
    async with open_at(Merchant()) as merchant:
        found = await verdicts(visit_to(merchant, secret=OLD_SECRET))
    assert wrong(found) == {"good": Fault.REFUSED} and merchant.balances.total() == 0


async def test_an_answer_that_takes_long_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "SLOW_MILLISECONDS", 40)
    async with open_at(merchants.IsSlow()) as merchant:
        found = await verdicts(visit_to(merchant))
    assert wrong(found) == {}
    assert all(
        one.outcome is Outcome.LOOK and "after 20 s it is none" in one.told
        for one in found
        if one.case in IPN_CASES
    )


async def test_an_amount_of_one_s_own_is_what_is_credited() -> None:
    async with open_at(Merchant()) as merchant:
        found = await verdicts(visit_to(merchant, amount_cents=1, account="1002", order_id="order-2"))
    assert wrong(found) == {} and found[0].due_cents == 1 and merchant.balances["1001"] == 0


# Where it may not or cannot look -----------------------------------------------------------------------------


async def test_it_calls_no_address_that_the_policy_does_not() -> None:
    async with open_at(Merchant()) as merchant:
        for other in ({"balance_url": None}, {}, {"url": "https://shop.example/", "webhook_url": None}):
            with pytest.raises(AddressRefused):
                await verdicts(visit_to(merchant, **other), dial.Policy())
    assert merchant.calls == []


@pytest.mark.parametrize(
    "said",
    [
        "", "ok", "[]", "{}", '{"balance":null}', '{"balance":"NaN"}', '{"balance":6.666}', '{"balance":1e9}',
        '{"balance":"6,66"}', '{"balance":"６.66"}', '{"balance":{}}', "[" * 100_000, '{"balance":"' + "9" * 16 + '"}',
    ],
)  # fmt: skip
async def test_a_balance_that_is_none_is_said_before_anything_is_sent(said: str) -> None:
    class Strange(Merchant):
        def balance(self, account: str) -> str:
            return said

    async with open_at(Strange()) as merchant:
        with pytest.raises(NoBalance, match="balance"):
            await verdicts(visit_to(merchant))
    assert "/ipn" not in merchant.calls


@pytest.mark.parametrize(
    ("said", "cents"),
    [("6.66", 666), ('"6.6"', 660), ("-1.05", -105), ('"12345678901.00"', 1_234_567_890_100), ("7", 700)],
)
def test_a_balance_is_read_as_a_text_or_a_number(said: str, cents: int) -> None:
    assert ipn_doctor._read_balance(dial.Reply(200, f'{{"balance":{said}}}'.encode(), True)) == cents


async def test_verdicts_come_one_by_one_and_who_goes_away_stops_the_rest() -> None:
    async with open_at(Merchant()) as merchant:
        played = examine(visit_to(merchant), HERE, now)
        async with aclosing(cast(Any, played)):
            assert (await anext(played)).case == "good"
            assert merchant.calls.count("/ipn") == 1
        calls = len(merchant.calls)
    assert len(merchant.calls) == calls


# The rules by themselves -------------------------------------------------------------------------------------


def test_another_account_is_another_even_at_the_end_of_numbers() -> None:
    for account in ("0", "7", "1001", str(2**64 - 1)):
        assert int(rules.other_account(account)) != int(account) <= 2**64 - 1
        assert 0 <= int(rules.other_account(account)) < 2**64


@pytest.mark.parametrize("fault", Fault)
def test_every_fault_of_every_case_has_a_remedy(fault: Fault) -> None:
    for case in ALL_CASES:
        assert remedy(case, fault).sentence.endswith(".")
