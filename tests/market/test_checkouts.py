"""Deposits by card: made of what Stripe itself says, once, whatever comes twice, late, wrong or not at all."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from agent.selling import an_app
from market.floor import HandClock
from market.till import SECRET_KEY, WEBHOOK_SECRET, StripeTill, event, signed, stripe_till
from stock import Stock
from tradepost.app import App
from tradepost.config import ConfigRefused, Settings, load
from tradepost.db import Db
from tradepost.market import alerts, checkouts, freezing, ledger, stripe
from tradepost.market.ledger import Posting
from tradepost.rules.refusals import Conflicting, Forbidden, Frozen, Malformed, SwitchedOff

pytestmark = pytest.mark.sql
PAID = "checkout.session.completed"


@dataclass
class Counter:
    """A market with a way to Stripe, and somebody who deposits."""

    app: App
    till: StripeTill
    stock: Stock
    account: int
    clock: HandClock

    @property
    def db(self) -> Db:
        return self.app.db

    async def begin(self, cents: int = 5_000) -> str:
        return await checkouts.begin(self.app, self.account, cents)

    async def hear(self, kind: str, found: dict[str, Any] | None = None, **more: Any) -> bool:
        """Stripe's webhook comes."""
        body = event(kind, found or self.till.newest, **more)
        return await checkouts.heard(self.app, body, signed(body, int(self.app.real_now().timestamp())))

    async def state(self) -> tuple[str, int]:
        """What became of the newest checkout, and how much lies in the deposit."""
        state = await self.db.value("SELECT state FROM checkout ORDER BY id DESC LIMIT 1")
        return state, (await ledger.wallet(self.db, self.account)).deposit_cents

    async def told(self, kind: alerts.Kind = "alert") -> list[str]:
        found, _ = await alerts.page(self.db, self.account, kind, first=0, count=50)
        return [one.text for one in reversed(found)]

    async def operators(self) -> list[str]:
        rows = await self.db.fetch("SELECT text FROM operator_alert WHERE kind = 'checkout' ORDER BY id")
        return [row["text"] for row in rows]


@asynccontextmanager
async def a_counter(db: Db, till: StripeTill, **settings: Any) -> AsyncIterator[Counter]:
    chosen = {"mode": "sandbox", "stripe_secret_key": SECRET_KEY, "stripe_webhook_secret": WEBHOOK_SECRET}
    async with an_app(db, settings=Settings(**{**chosen, "stripe_api_url": till.url, **settings})) as app:
        clock = HandClock()
        app.clock = clock
        stock = Stock(db)
        yield Counter(app, till, stock, await stock.person(), clock)


@pytest.fixture
async def till() -> AsyncIterator[StripeTill]:
    async with stripe_till() as made:
        yield made


@pytest.fixture
async def counter(db: Db, till: StripeTill) -> AsyncIterator[Counter]:
    async with a_counter(db, till) as made:
        yield made


# Beginning ---------------------------------------------------------------------------------------------------


async def test_a_deposit_begins_with_the_address_of_stripe_s_page(counter: Counter) -> None:
    url = await counter.begin()
    made = counter.till.newest
    assert url == made["url"]
    assert (made["amount_total"], made["currency"], made["mode"]) == (5_000, "usd", "payment")
    assert made["success_url"] == "http://127.0.0.1:8000/wallet/deposit?deposit=paid"
    assert made["metadata"]["account"] == str(counter.account)
    assert await counter.state() == ("open", 0)
    ((_, _, headers),) = counter.till.asked
    assert headers["Stripe-Version"] and headers["Idempotency-Key"] == made["client_reference_id"]


@pytest.mark.parametrize("cents", [0, 499, 100_001])
async def test_a_deposit_has_a_least_and_a_most(counter: Counter, cents: int) -> None:
    with pytest.raises(Malformed, match=r"amount: must be from 5\.00 to 1000\.00 USD"):
        await counter.begin(cents)


async def test_without_a_key_nobody_deposits_by_card(db: Db, till: StripeTill) -> None:
    async with a_counter(db, till, stripe_secret_key="", stripe_webhook_secret="") as counter:
        with pytest.raises(Conflicting, match="not set up"):
            await counter.begin()
        with pytest.raises(Conflicting, match="not set up"):
            await checkouts.heard(counter.app, b"{}", "t=1,v1=0")
        assert await checkouts.ask_provider(counter.app) == 0


async def test_who_is_frozen_or_has_too_many_under_way_begins_none(counter: Counter) -> None:
    for _ in range(checkouts.OPEN_MAX):
        await counter.begin()
    with pytest.raises(Conflicting, match="20 deposits under way"):
        await counter.begin()
    await freezing.freeze(counter.app, counter.account, actor_id=None, reason="a stolen card")
    with pytest.raises(Frozen):
        await counter.begin()


@pytest.mark.parametrize("faults", [["429"], ["500", "409"], ["503", "429"], ["done, and then 500"]])
async def test_what_was_not_answered_is_asked_again_under_the_same_key(
    counter: Counter, faults: list[str]
) -> None:
    counter.till.faults = faults
    assert await counter.begin() == counter.till.newest["url"]
    assert len(counter.till.sessions) == 1
    assert len({headers["Idempotency-Key"] for _, _, headers in counter.till.asked}) == 1


async def test_an_answer_that_does_not_come_in_time_is_asked_for_again(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stripe, "ANSWER_SECONDS", 1.5)
    counter.till.faults = ["done, and then silence"]
    assert await counter.begin() == counter.till.newest["url"]
    assert len(counter.till.sessions) == 1


@pytest.mark.parametrize("fault", ["500", "429", "nonsense", "endless"])
async def test_where_stripe_stays_silent_nothing_is_owed_and_a_session_that_was_made_can_still_be_paid(
    counter: Counter, fault: str
) -> None:
    counter.till.faults = [fault] * 3
    with pytest.raises(SwitchedOff, match="try again later"):
        await counter.begin()
    assert await counter.state() == ("asked", 0)
    if counter.till.sessions:
        assert await counter.hear(PAID, counter.till.pay())
        assert await counter.state() == ("paid", 5_000)


@pytest.mark.parametrize("fault", ["400", "401", "402", "403", "elsewhere"])
async def test_what_stripe_refuses_is_not_asked_again(counter: Counter, fault: str) -> None:
    counter.till.faults = [fault]
    with pytest.raises(SwitchedOff, match="try again later"):
        await counter.begin()
    assert len(counter.till.asked) == 1
    assert await counter.state() == ("failed", 0)


@pytest.mark.parametrize(
    "answers",
    [{"amount_total": 4_999}, {"currency": "eur"}, {"livemode": True}, {"client_reference_id": "f" * 32}, {"url": "javascript:x"}],
)  # fmt: skip
async def test_another_session_than_was_asked_for_is_none(counter: Counter, answers: dict[str, Any]) -> None:
    counter.till.answers = answers
    with pytest.raises(SwitchedOff):
        await counter.begin()
    assert await counter.state() == ("failed", 0)


async def test_nobody_answers_at_all(db: Db) -> None:
    async with a_counter(db, StripeTill(url="http://127.0.0.1:9")) as counter:
        with pytest.raises(SwitchedOff):
            await counter.begin()
        assert await counter.state() == ("asked", 0)


# What Stripe says --------------------------------------------------------------------------------------------


async def test_what_was_paid_is_a_deposit_and_told(counter: Counter) -> None:
    await counter.begin()
    assert await counter.hear(PAID, counter.till.pay())
    assert await counter.state() == ("paid", 5_000)
    assert await counter.told() == ["50.00 USD were added to your deposit."]


async def test_a_webhook_that_comes_sixteen_times_at_once_is_one_deposit(counter: Counter) -> None:
    await counter.begin()
    counter.till.pay()
    assert all(await asyncio.gather(*(counter.hear(PAID) for _ in range(16))))
    assert await counter.state() == ("paid", 5_000)
    assert len(await counter.told()) == 1


async def test_a_bank_that_takes_its_days_is_waited_for(counter: Counter) -> None:
    await counter.begin()
    counter.till.newest.update(status="complete", payment_status="unpaid")
    assert await counter.hear(PAID)
    assert await counter.state() == ("open", 0)
    assert await counter.hear("checkout.session.async_payment_succeeded", counter.till.pay())
    assert await counter.state() == ("paid", 5_000)


@pytest.mark.parametrize("later", ["checkout.session.expired", "checkout.session.async_payment_failed", PAID])
async def test_an_older_word_that_comes_late_changes_nothing(counter: Counter, later: str) -> None:
    await counter.begin()
    before = dict(counter.till.newest)
    await counter.hear(PAID, counter.till.pay())
    expired = {**before, "status": "expired"} if later.endswith("expired") else before
    assert await counter.hear(later, expired)
    assert await counter.state() == ("paid", 5_000)


async def test_what_failed_is_told_and_what_is_paid_all_the_same_is_paid(counter: Counter) -> None:
    await counter.begin()
    await counter.hear("checkout.session.expired", {**counter.till.newest, "status": "expired"})
    assert await counter.state() == ("failed", 0)
    assert await counter.told("review") == [
        "Your deposit of 50.00 USD came to nothing. It was not paid in time."
    ]
    await counter.hear(PAID, counter.till.pay())
    assert await counter.state() == ("paid", 5_000)


async def test_a_word_that_overtakes_the_answer_counts(counter: Counter) -> None:
    counter.till.meanwhile = lambda: counter.hear(PAID, counter.till.pay())
    await counter.begin()
    assert await counter.state() == ("paid", 5_000)
    assert await counter.told() == ["50.00 USD were added to your deposit."]


async def test_a_word_that_comes_before_we_heard_of_the_session_counts(counter: Counter) -> None:
    counter.till.faults = ["done, and then 500"] * 3
    with pytest.raises(SwitchedOff):
        await counter.begin()
    await counter.hear(PAID, counter.till.pay())
    assert await counter.state() == ("paid", 5_000)


@pytest.mark.parametrize(
    "otherwise", [{"amount_total": 1}, {"amount_total": 500_000}, {"currency": "rub"}, {"livemode": True}]
)
async def test_other_money_than_was_asked_for_is_an_operator_s_matter(
    counter: Counter, otherwise: Any
) -> None:
    await counter.begin()
    for _ in range(2):
        assert await counter.hear(PAID, counter.till.pay(**otherwise))
    assert await counter.state() == ("doubted", 0)
    (said,) = await counter.operators()
    assert "where 50.00 USD were asked for" in said


@pytest.mark.parametrize(
    "otherwise", [{"client_reference_id": "f" * 32}, {"client_reference_id": None}, {"id": "cs_test_other"}]
)
async def test_a_session_of_somebody_else_is_none_of_ours(counter: Counter, otherwise: Any) -> None:
    await counter.begin()
    assert not await counter.hear(PAID, {**counter.till.pay(), **otherwise})
    assert await counter.state() == ("open", 0)


async def test_an_event_of_something_else_is_none_of_ours(counter: Counter) -> None:
    await counter.begin()
    assert not await counter.hear("invoice.paid")
    assert not await counter.hear("charge.refunded", {"payment_intent": "pi_9", "amount_refunded": 1, "currency": "usd"})  # fmt: skip


async def test_what_is_not_signed_is_not_believed(counter: Counter) -> None:
    await counter.begin()
    body = event(PAID, counter.till.pay())
    now = int(counter.app.real_now().timestamp())
    for header in ("", signed(body, now, "whsec_other"), signed(body, now - 301), signed(body + b" ", now)):
        with pytest.raises(Forbidden, match="signature"):
            await checkouts.heard(counter.app, body, header)
    assert await counter.state() == ("open", 0)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff", b'{"type": "checkout.session.completed", "data": {"object": {"client_reference_id": "' + b"a" * 32 + b'"}}}',
     b"[" * 100_000],
)  # fmt: skip
async def test_nonsense_that_is_signed_is_refused(counter: Counter, body: bytes) -> None:
    with pytest.raises(Malformed, match="not one of Stripe's events"):
        await checkouts.heard(counter.app, body, signed(body, int(counter.app.real_now().timestamp())))


# Given back --------------------------------------------------------------------------------------------------


def charge(counter: Counter, cents: int) -> dict[str, Any]:
    name = counter.till.newest["client_reference_id"]
    return {"payment_intent": "pi_1", "amount": 5_000, "amount_refunded": cents, "currency": "usd", "metadata": {"checkout": name}}  # fmt: skip


async def test_what_stripe_gives_back_whole_is_taken_back_once(counter: Counter) -> None:
    await counter.begin()
    await counter.hear(PAID, counter.till.pay())
    for kind in ("charge.refunded", "charge.refunded", "charge.dispute.funds_withdrawn"):
        assert await counter.hear(kind, charge(counter, 5_000))
    assert await counter.state() == ("paid", 0)
    assert (await counter.told())[-1] == "A deposit of 50.00 USD was taken back: it was refunded at Stripe"
    assert await counter.operators() == []


async def test_a_part_given_back_and_money_that_is_spent_are_an_operator_s_matter(counter: Counter) -> None:
    await counter.begin()
    await counter.hear(PAID, counter.till.pay())
    await counter.hear("charge.refunded", charge(counter, 700))
    async with counter.db.transaction() as tx:
        legs = (Posting(counter.account, "deposit", -4_000), Posting(None, "world", 4_000))
        await ledger.post(tx, "spent", "test", legs, counter.app.now())
    for _ in range(2):
        await counter.hear("charge.dispute.funds_withdrawn", charge(counter, 5_000))
    assert await counter.state() == ("paid", 1_000)
    part, spent = await counter.operators()
    assert "7.00 of 50.00 USD" in part
    assert "40.00 USD of this deposit's 50.00 USD are spent or held" in spent


async def test_a_refund_that_is_told_before_its_payment_is_told_again_later(counter: Counter) -> None:
    await counter.begin()
    counter.till.pay()
    with pytest.raises(Conflicting, match="Nothing was heard"):
        await counter.hear("charge.refunded", charge(counter, 5_000))
    await counter.hear(PAID)
    await counter.hear("charge.refunded", charge(counter, 5_000))
    assert await counter.state() == ("paid", 0)


# Asked by us -------------------------------------------------------------------------------------------------


async def test_where_no_webhook_comes_stripe_is_asked(counter: Counter) -> None:
    await counter.begin()
    counter.till.pay()
    assert await checkouts.ask_provider(counter.app) == 0
    counter.clock.tick(901)
    assert await checkouts.ask_provider(counter.app) == 1
    assert await counter.state() == ("paid", 5_000)
    assert await checkouts.ask_provider(counter.app) == 0


async def test_many_workers_and_a_webhook_at_once_make_one_deposit(counter: Counter) -> None:
    await counter.begin()
    counter.till.pay()
    counter.clock.tick(901)
    counts = await asyncio.gather(
        *(checkouts.ask_provider(counter.app) for _ in range(4)), counter.hear(PAID), return_exceptions=True
    )
    assert not [one for one in counts if isinstance(one, Exception)]
    assert await counter.state() == ("paid", 5_000)


async def test_what_is_still_open_or_cannot_be_asked_is_asked_again_in_an_hour(counter: Counter) -> None:
    await counter.begin()
    for wait, faults in ((901, []), (3_601, ["500"] * 3), (3_601, ["404"])):
        counter.till.faults = list(faults)
        counter.clock.tick(wait)
        assert await checkouts.ask_provider(counter.app) == 1
        assert await checkouts.ask_provider(counter.app) == 0
        assert await counter.state() == ("open", 0)
    counter.till.newest["status"] = "expired"
    counter.clock.tick(3_601)
    await checkouts.ask_provider(counter.app)
    assert await counter.state() == ("failed", 0)


async def test_what_is_never_heard_of_is_given_up_and_paid_if_it_is_paid_all_the_same(
    counter: Counter,
) -> None:
    counter.till.faults = ["done, and then 500"] * 3
    with pytest.raises(SwitchedOff):
        await counter.begin()
    counter.clock.real += timedelta(days=1)
    await checkouts.ask_provider(counter.app)
    assert await counter.state() == ("failed", 0)
    await counter.hear(PAID, counter.till.pay())
    assert await counter.state() == ("paid", 5_000)


# Keys, books -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"TRADEPOST_STRIPE_SECRET_KEY": "sk_x"}, "belong together"),
        ({"TRADEPOST_STRIPE_WEBHOOK_SECRET": "whsec_x"}, "belong together"),
        ({"TRADEPOST_STRIPE_SECRET_KEY": "sk x", "TRADEPOST_STRIPE_WEBHOOK_SECRET": "w"}, "without blanks"),
        ({"TRADEPOST_STRIPE_API_URL": "ftp://x"}, "STRIPE_API_URL should be a URL"),
        ({"TRADEPOST_DEPOSIT_LEAST_CENTS": "200000"}, "deposit_least_cents is above deposit_most_cents"),
        ({"TRADEPOST_MODE": "production", "TRADEPOST_STRIPE_SECRET_KEY": "sk_test_1"}, "test key of Stripe"),
        ({"TRADEPOST_MODE": "production", "TRADEPOST_STRIPE_API_URL": "http://x"}, "https:// address as stripe_api_url"),
    ],
)  # fmt: skip
def test_settings_that_do_not_fit_are_refused(given: dict[str, str], sentence: str) -> None:
    with pytest.raises(ConfigRefused) as refused:
        load({"TRADEPOST_MODE": "sandbox", **given}, None)
    assert any(sentence in one for one in refused.value.sentences), refused.value.sentences


@pytest.mark.broken_books
@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE checkout SET cents = cents + 1",
        "UPDATE checkout SET state = 'failed'",
        "UPDATE checkout SET session = session || 'x'",
    ],
)
async def test_a_checkout_that_is_not_its_deposit_is_found(counter: Counter, sql: str) -> None:
    await counter.begin()
    await counter.hear(PAID, counter.till.pay())
    assert await ledger.faults(counter.db) == []
    await counter.db.execute(sql)
    assert any("its deposit disagree" in fault for fault in await ledger.faults(counter.db))
