"""What a trade waits for, said in words; and its time line, in which no event is without a sentence."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from tradepost.market.trades import _word
from tradepost.rules import timeline
from tradepost.rules.outlook import NONE_LEFT, Part, awaited, explained, left, to_do
from tradepost.rules.trade import Event, Side, State

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
WEEK = NOW + timedelta(days=7)
SAID = "It stands."


@dataclass
class Row:
    """As much of a trade as its outlook depends on."""

    state: State
    due_at: datetime | None = None
    protected_until: datetime | None = None
    cancel_reason: str | None = None
    claimed_at: datetime | None = None
    disputed_at: datetime | None = None
    causer: Side | None = None
    explanation: str = SAID


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        (-1, NONE_LEFT),
        (0, NONE_LEFT),
        (0.1, "1 minute"),
        (1, "1 minute"),
        (11.01, "12 minutes"),
        (59.5, "1 hour"),
        (61, "1 hour and 1 minute"),
        (47 * 60, "47 hours"),
        (7 * 1440, "7 days"),
        (7 * 1440 - 0.5, "7 days"),
        (6 * 1440 + 61, "6 days and 2 hours"),
    ],
)
def test_a_span_is_said_as_people_say_it_and_a_minute_that_has_begun_counts(
    minutes: float, said: str
) -> None:
    assert left(timedelta(minutes=minutes)) == said


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (Row(State.CREATED, NOW + timedelta(minutes=12)), " The seller's program has 12 minutes left to send it."),
        (Row(State.SENDING, NOW), f" The seller's program has {NONE_LEFT} left to send it."),
        (Row(State.NEEDS_CONFIRMATION, NOW + timedelta(minutes=1)), " The seller has 1 minute left to confirm it."),
        (Row(State.SENT, NOW + timedelta(minutes=30)), " The buyer has 30 minutes left to accept it."),
        (Row(State.SENT, NOW + timedelta(seconds=15), claimed_at=NOW), ""),  # when a witness is looked for next
        (
            Row(State.SENT, NOW + timedelta(hours=1), cancel_reason="Late."),
            " If nobody can tell what became of it, an operator is asked in 1 hour.",
        ),
        (Row(State.SENT), ""),
        (Row(State.ACCEPTED, NOW + timedelta(minutes=10)), ""),
        (Row(State.PROTECTED, WEEK, WEEK), " Steam's protection ends in 7 days."),
        (Row(State.PROTECTED, NOW, NOW), " The protection is over: the item is looked at once more."),
        (Row(State.PROTECTED, None, WEEK, disputed_at=NOW), ""),
        (Row(State.FINISHED, None, NOW), ""),
        (Row(State.CANCELLED, NOW, claimed_at=NOW), ""),
        (Row(State.REVERSED), ""),
    ],
)  # fmt: skip
def test_an_explanation_says_who_has_how_long_to_do_what(row: Row, said: str) -> None:
    assert explained(row, NOW) == SAID + said
    found = awaited(row)
    if found is not None:
        assert f"{found.before}…{found.after}".replace("…", left(found.until - NOW)) == found.said(NOW)


@pytest.mark.parametrize("part", get_args(Part))
def test_each_side_is_told_in_every_state_what_it_can_do(part: Part) -> None:
    for state in State:
        causers = (*get_args(Side), None) if state is State.CANCELLED else (None,)
        for row in (Row(state, causer=causer) for causer in causers):
            assert to_do(row, part, NOW).endswith(".")
    waits = to_do(Row(State.SENT), part, NOW)
    for other in (
        Row(State.SENT, claimed_at=NOW),
        Row(State.SENT, cancel_reason="Late."),
        Row(State.PROTECTED, protected_until=NOW),
        Row(State.PROTECTED, protected_until=WEEK, disputed_at=NOW),
    ):
        assert to_do(other, part, NOW) not in (
            waits,
            to_do(Row(State.PROTECTED, protected_until=WEEK), part, NOW),
        )


def test_every_event_of_a_trade_has_a_sentence_in_its_time_line() -> None:
    words = ["bought", "code_seen", *(_word(_blank(kind)) for kind in get_args(Event))]
    for word in words:
        for state in State:
            said = timeline.what(word, state, state, {})
            assert said.endswith(".") and said != "Something happened.", word
    assert timeline.what("offer_seen", "sent", "sent", {"code": 7}).startswith("The buyer declined")
    assert timeline.what("offer_seen", "sending", "sent", {}) == "The Steam offer waits for the buyer."
    assert timeline.what("code_seen", "protected", "protected", {"axis": "history", "code": 3}).startswith(
        "Something new"
    )
    assert timeline.what("deadline", "sent", "sent", {}).startswith("The time to accept")
    assert "held again" in timeline.what("delivered", "cancelled", "accepted", {})
    assert "money back" in timeline.what("send_refused", "sending", "cancelled", {"cause": "bad_token"})  # fmt: skip


def test_a_line_says_whose_word_it_is_and_not_by_which_device() -> None:
    assert timeline.whose("seller_agent:my <b>desk") == "the seller's program"
    assert timeline.whose("operator:76561198000000001") == "an operator"
    assert timeline.whose("clock") == "the market's clock"
    assert timeline.whose("who knows") == "the market"


def _blank(kind: type) -> Event:
    """An event of a kind, whatever it says."""
    made: Event = object.__new__(kind)
    return made
