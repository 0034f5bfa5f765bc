"""What a merchant's own receiver is examined with, and how what came of it is judged.

Each case is a small play: notices that are sent at once or one after another, what each of them must be answered, and what
must have been added to the account in the end. Answers alone show less than half of it: a receiver that credits twice says
`ok` twice. So where a balance can be asked for, it decides; where not, what was answered rightly counts as rightly, and
the doctor says what to look at beside it.

A forger's notices carry the headers (`rules/notice.py`) of the genuine notice that he saw: he has no others.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlencode

from tradepost.rules import notice, payment
from tradepost.rules.ipn_remedies import Fault, Remedy, remedy
from tradepost.rules.money import write_cents
from tradepost.rules.payment import ACCOUNT_MAX, Ipn

AMOUNT_CENTS = 666  # of a skin, where none is named
SECOND_CENTS = 435  # of another: as a float times 100 it is 434.99999999999994
AT_ONCE = 4  # calls to one receiver that the market has under way at most
TRADES = 9  # trade_ids that the cases need, and one more for the test notice
SLOW_MILLISECONDS = 5_000  # an answer that takes longer is near to being none
PAYER_ADDRESS = "203.0.113.7"


class Demand(StrEnum):
    """What a notice must be answered."""

    OK = "ok"
    REFUSAL = "refusal"  # whatever does not count as received: `error`, or a status that says so
    EITHER = "either"


class Outcome(StrEnum):
    """How a case was handled."""

    RIGHT = "right"
    WRONG = "wrong"
    LOOK = "look"  # right, but only just


@dataclass(frozen=True, slots=True)
class Patient:
    """Whose notices are played: an order of the merchant's own, and names that were never used before."""

    order_id: str
    account: str
    amount_cents: int
    secret: str
    token: str
    transaction_id: str
    other_transaction_id: str
    created_at: datetime
    trade_ids: Sequence[str]


@dataclass(frozen=True, slots=True)
class Sending:
    """One notice that is sent: its query, and the query of the genuine notice whose headers it carries."""

    query: str
    signed: str
    demand: Demand = Demand.OK
    hang_up: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """A play; what stands in one step is sent at once."""

    name: str
    title: str
    steps: tuple[tuple[Sending, ...], ...]
    due_cents: int  # what is added to the order's own account in the end; to the other's, always nothing
    last_counts: bool = False  # its last answer alone must be ok: what was not received comes again
    is_webhook: bool = False  # the queries are bodies, posted to the webhook's address


@dataclass(frozen=True, slots=True)
class Heard:
    """What came back of one notice; `fault` says why it does not count as received."""

    sending: Sending
    status: int | None
    answer: str | None
    fault: str | None
    milliseconds: int

    @property
    def is_ok(self) -> bool:
        """Whether the notice counts as received."""
        return self.fault is None and not self.sending.hang_up


@dataclass(frozen=True, slots=True)
class Gained:
    """What was added to the order's own account and to the other's since the case began."""

    own_cents: int
    other_cents: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a case showed."""

    case: str
    title: str
    outcome: Outcome
    told: str
    due_cents: int  # what it must have added to the order's own account
    fault: Fault | None = None
    remedy: Remedy | None = None
    heard: tuple[Heard, ...] = ()


def other_account(account: str) -> str:
    """Return another user's number: the one that a forger would like to have credited."""
    number = int(account)
    return str(number + 1 if number < ACCOUNT_MAX else number - 1)


# The cases ---------------------------------------------------------------------------------------------------


def cases(patient: Patient) -> Iterator[Case]:
    """Yields the cases in their order; each but the second and the replays has trade_ids of its own."""
    whole, cents = patient, patient.amount_cents
    good, later, sooner, crowd, cut, caught, fresh, back, late = (
        _ipn(whole, one) for one in whole.trade_ids[:TRADES]
    )
    later = replace(later, amount_cents=SECOND_CENTS)
    genuine = _query(good, whole)

    yield Case("good", "A good notice", ((_true(genuine),),), cents)
    yield Case("repeated", "The same notice again, byte for byte", ((_true(genuine),), (_true(genuine),)), 0)
    yield Case(
        "reordered",
        "Two skins of one order, the later one first",
        ((_true(_query(later, whole)),), (_true(_query(sooner, whole)),)),
        cents + SECOND_CENTS,
    )
    once = _true(_query(crowd, whole))
    yield Case(
        "at_once", "One notice several times at the same instant", ((once,) * AT_ONCE, (once,)), cents, last_counts=True
    )  # fmt: skip
    forged = payment.ipn_hash(cut.order_id, write_cents(cents), payment.CURRENCY, cut.trade_id, "0" * 64)
    yield Case(
        "wrong_hash", "A notice with a wrong hash", ((_false(_query(cut, whole, hash=forged), genuine),),), 0
    )
    seen = _query(caught, whole)
    yield Case(
        "tampered",
        "A notice whose amount was changed on its way, and then the genuine one",
        ((_false(_query(caught, whole, amount=write_cents(cents * 100), hash=_hash_in(seen)), seen),), (_true(seen),)),
        cents,
    )  # fmt: skip
    nameless = replace(good, trade_id="")
    link = _query(nameless, whole)  # its hash is the signature of the payment's link
    without = _query(nameless, whole, trade_id=None)
    yield Case(
        "link_signature",
        "No trade_id, and the signature of a payment link as the hash",
        ((_false(link, genuine),), (_false(without, genuine),)),
        0,
    )
    again = _query(replace(good, transaction_id=whole.other_transaction_id), whole)
    yield Case(
        "other_transaction",
        "The good notice with another transaction_id",
        ((_either(again, genuine),), (_either(again, genuine),)),
        0,
    )
    mine, theirs = _query(fresh, whole), other_account(whole.account)
    yield Case(
        "other_account",
        "Notices that name another account than the order's own, and then the genuine one",
        (
            (_either(_query(replace(good, account=theirs), whole), genuine),),
            (_false(_query(replace(fresh, account=theirs), whole), mine),),
            (_true(mine),),
        ),
        cents,
    )
    slow = _true(_query(back, whole))
    yield Case(
        "slow",
        "We hang up before the answer, and send it again",
        ((replace(slow, hang_up=True),), (slow,)),
        cents,
        last_counts=True,
    )
    undone = _query(late, whole, status="reversed")
    title = "A notice whose status is not complete"
    yield Case("reversed", title, ((_false(undone, undone),),), 0)
    of_nothing = replace(
        back, amount_cents=0, trade_id=whole.trade_ids[TRADES], order_id="test-0", account="0", is_test=True
    )
    test = _query(of_nothing, whole)
    yield Case(
        "test", "A test notice: of nothing, of no order, and it says test=1", ((_either(test, test),),), 0
    )


def webhook_cases(patient: Patient) -> Iterator[Case]:
    """Yields the cases of a webhook that asked for `payment.reversed`."""
    told = {
        "type": notice.PAYMENT_REVERSED,
        "timestamp": f"{patient.created_at:%Y-%m-%dT%H:%M:%SZ}",
        "data": {
            "order_id": patient.order_id,
            "account": patient.account,
            "token": patient.token,
            "transaction_id": patient.transaction_id,
            "trade_id": patient.trade_ids[TRADES - 1],
            "state": "reversed",
            "credited": False,
            "amount": write_cents(patient.amount_cents),
            "currency": payment.CURRENCY,
        },
    }
    body = json.dumps(told, separators=(",", ":"))
    forged = Sending(body.replace("false", "true"), body, Demand.REFUSAL)
    title = "A webhook that tells of a reversal, twice"
    yield Case("webhook", title, ((Sending(body, body),), (Sending(body, body),)), 0, is_webhook=True)
    yield Case("webhook_forged", "The same with another's signature", ((forged,),), 0, is_webhook=True)


def _ipn(patient: Patient, trade_id: str) -> Ipn:
    return Ipn(
        amount_cents=patient.amount_cents,
        token=patient.token,
        account=patient.account,
        order_id=patient.order_id,
        trade_id=trade_id,
        transaction_id=patient.transaction_id,
        created_at=patient.created_at,
        ip=PAYER_ADDRESS,
    )


def _query(ipn: Ipn, patient: Patient, **other: str | None) -> str:
    """A notice's query, with other values in their places; None takes a parameter away."""
    parameters = {**dict(payment.ipn_parameters(ipn, patient.secret)), **other}
    return urlencode({name: value for name, value in parameters.items() if value is not None})


def _hash_in(query: str) -> str:
    return query.rpartition("hash=")[2]


def _true(query: str) -> Sending:
    return Sending(query, query)


def _false(query: str, seen: str) -> Sending:
    return Sending(query, seen, Demand.REFUSAL)


def _either(query: str, seen: str) -> Sending:
    return Sending(query, seen, Demand.EITHER)


# Judging -----------------------------------------------------------------------------------------------------


def judge(case: Case, heard: Sequence[Heard], gained: Gained | None) -> Verdict:
    """Say how a case was handled, by what came back and, where that is known, by what was credited."""
    for fault, told in _faults(case, heard, gained):
        return _wrong(case, fault, told, heard)
    outcome, told = _right(case, heard, gained)
    return Verdict(case.name, case.title, outcome, told, case.due_cents, heard=tuple(heard))


def judge_all(due_cents: int, gained: Gained) -> Verdict:
    """Say whether all cases together credited what they should have: what comes late is seen here at the latest."""
    case = Case("afterwards", "All of them together", (), due_cents)
    for fault, told in _faults(case, (), gained):
        return _wrong(case, fault, told, ())
    told = f"{_credited(gained.own_cents)}, to the cent."
    return Verdict(case.name, case.title, Outcome.RIGHT, told, due_cents)


def credited_in_all(found: Sequence[Verdict]) -> int | None:
    """Return what a receiver must have credited by all that was played; None where nobody can know, as a call had no answer."""
    unanswered = any(
        one.status is None and not one.sending.hang_up for verdict in found for one in verdict.heard
    )
    return None if unanswered else sum(one.due_cents for one in found)


def _wrong(case: Case, fault: Fault, told: str, heard: Sequence[Heard]) -> Verdict:
    found = remedy(case.name, fault)
    return Verdict(case.name, case.title, Outcome.WRONG, told, case.due_cents, fault, found, tuple(heard))


def _faults(case: Case, heard: Sequence[Heard], gained: Gained | None) -> Iterator[tuple[Fault, str]]:
    """Yields what was handled wrongly, the worst first: money that was lost or given away, then answers."""
    if gained is not None:
        if gained.other_cents > 0:
            yield Fault.OTHER_ACCOUNT, f"Another account was credited with {write_cents(gained.other_cents)}."
        if gained.own_cents > case.due_cents:
            yield (
                Fault.TOO_MUCH,
                f"{_credited(gained.own_cents)}, where it should have been {write_cents(case.due_cents)}.",
            )
    for one in heard:
        if one.sending.demand is Demand.REFUSAL and one.is_ok:
            yield Fault.BELIEVED, "It was answered ok."
    last = heard[-1:] if case.last_counts else heard
    unheard = [
        one for one in last if one.sending.demand is Demand.OK and one.fault and not one.sending.hang_up
    ]
    for one in unheard:
        yield _unheard(one), one.fault or ""
    if gained is not None and gained.own_cents < case.due_cents:
        fault = Fault.TOO_LITTLE if gained.own_cents else Fault.NOTHING
        yield (
            fault,
            f"It was answered ok, but {_credited(gained.own_cents).lower()}, where it should have been {write_cents(case.due_cents)}.",
        )


def _unheard(one: Heard) -> Fault:
    """Why a notice that is good did not count as received."""
    if one.status is None:
        return Fault.SILENT
    if (one.answer or "").lower() == "error":
        return Fault.REFUSED
    if 300 <= one.status < 400:  # noqa: PLR2004 - HTTP's own numbers
        return Fault.LED_AWAY
    return Fault.NOT_OK if 200 <= one.status < 300 else Fault.STATUS  # noqa: PLR2004 - as above


def _credited(cents: int) -> str:
    return f"{write_cents(cents)} was credited" if cents else "Nothing was credited"


def _right(case: Case, heard: Sequence[Heard], gained: Gained | None) -> tuple[Outcome, str]:
    answers = [one for one in heard if not one.sending.hang_up]
    said = "It was answered ok" if any(one.is_ok for one in answers) else "It was refused"
    if case.last_counts or len({one.is_ok for one in answers}) > 1:
        said = "It was answered as it should be"
    longest = max((one.milliseconds for one in answers), default=0)
    if longest > SLOW_MILLISECONDS:
        return (
            Outcome.LOOK,
            f"{said}, but one answer took {longest / 1000:.1f} s: after 20 s it is none. Answer first, and do afterwards what takes long.",
        )
    said += f" within {longest} ms"
    if case.name == "test" and not any(one.is_ok for one in answers):
        said += ", so the market's test will not count as received; to take one, answer ok to what has test=1 and amount=0.00"
    if gained is not None:
        return Outcome.RIGHT, f"{said}; {_credited(gained.own_cents).lower()}."
    if not any(one.is_ok for one in answers):
        return Outcome.RIGHT, f"{said}."
    return Outcome.RIGHT, f"{said}. Look in your books: {_expected(case)}."


def _expected(case: Case) -> str:
    """What the merchant's own books must have of a case, for who looks by hand."""
    if case.due_cents:
        return f"it must have added {write_cents(case.due_cents)}, once, to the order's own account"
    return "it must have added nothing, to no account"
