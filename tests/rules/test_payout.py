"""A payout's law, as a table: every step in every state, and what comes of it."""

import pytest

from tradepost.rules.payout import OPEN, State, Step, approvals_needed, step

# In a state that is not named a step is refused.
TABLE = """
    approve  asked     -> approved
    refuse   asked     -> refused
    refuse   approved  -> refused
    send     approved  -> sending
    lose     sending   -> unknown
    clear    sending   -> approved
    clear    unknown   -> approved
    pay      approved  -> paid
    pay      sending   -> paid
    pay      unknown   -> paid
"""


def read_table() -> dict[tuple[str, str], str]:
    lines = (line.replace("->", "").split() for line in TABLE.strip().splitlines())
    return {(taken, state): after for taken, state, after in lines}


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("taken", Step)
def test_every_step_in_every_state_does_what_the_table_says(taken: Step, state: State) -> None:
    assert step(state, taken) == read_table().get((taken, state))


def test_nothing_that_may_have_been_sent_is_sent_or_given_back_without_a_word_of_the_provider_s_books() -> (
    None
):
    for state in (State.SENDING, State.UNKNOWN):
        assert step(state, Step.SEND) is None
        assert step(state, Step.REFUSE) is None
    assert {taken for taken in Step if step(State.UNKNOWN, taken)} == {Step.PAY, Step.CLEAR}


def test_what_ended_stays() -> None:
    assert {state for state in State if any(step(state, taken) for taken in Step)} == set(OPEN)


def test_two_operators_approve_what_is_above_the_limit() -> None:
    assert [approvals_needed(cents, 100) for cents in (99, 100, 101)] == [1, 2, 2]
    assert step(State.ASKED, Step.APPROVE, approvals=0, needed=2) is State.ASKED
    assert step(State.ASKED, Step.APPROVE, approvals=1, needed=2) is State.APPROVED
