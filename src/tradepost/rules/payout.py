"""A payout: the states it goes through, and what an operator's step does to it.

    asked -> approved -> sending -> paid
      |         |           |
      +-> refused           +--> unknown -> paid
                            |       |
         approved <---------+-------+   where it was proven that nothing was sent

The law that shapes it: *what may have been sent is never sent again*. Who pays at the provider takes the payout in hand
first, so that nobody else does; where nobody can say what became of it, only the provider's books lead on.
"""

from enum import StrEnum


class State(StrEnum):
    """Where a payout stands."""

    ASKED = "asked"  # -> approved, refused: held, and waiting for an operator
    APPROVED = "approved"  # -> sending, paid, refused: as many operators agreed as are needed
    SENDING = "sending"  # -> paid, unknown, approved: one operator pays it at the provider
    UNKNOWN = "unknown"  # -> paid, approved: nobody can say whether it was sent
    PAID = "paid"  # the money is gone, under the provider's reference
    REFUSED = "refused"  # the money is back in the balance


class Step(StrEnum):
    """What an operator does with a payout."""

    APPROVE = "approve"
    REFUSE = "refuse"
    SEND = "send"  # he takes it in hand: from now on it may be on its way
    LOSE = "lose"  # how sending it ended is not known
    CLEAR = "clear"  # the provider's books say that nothing was sent
    PAY = "pay"  # the provider's books have it


OPEN = (State.ASKED, State.APPROVED, State.SENDING, State.UNKNOWN)

_ARROWS: dict[tuple[State, Step], State] = {
    (State.ASKED, Step.APPROVE): State.APPROVED,
    (State.ASKED, Step.REFUSE): State.REFUSED,
    (State.APPROVED, Step.REFUSE): State.REFUSED,
    (State.APPROVED, Step.SEND): State.SENDING,
    (State.APPROVED, Step.PAY): State.PAID,
    (State.SENDING, Step.PAY): State.PAID,
    (State.SENDING, Step.LOSE): State.UNKNOWN,
    (State.SENDING, Step.CLEAR): State.APPROVED,
    (State.UNKNOWN, Step.PAY): State.PAID,
    (State.UNKNOWN, Step.CLEAR): State.APPROVED,
}


def step(state: State, taken: Step, *, approvals: int = 0, needed: int = 1) -> State | None:
    """Return the state after a step, or None where it does not fit; `approvals` were given before this one."""
    after = _ARROWS.get((state, taken))
    if after is State.APPROVED and taken is Step.APPROVE and approvals + 1 < needed:
        return State.ASKED
    return after


def approvals_needed(cents: int, two_from_cents: int) -> int:
    """Return how many operators have to approve a payout."""
    return 2 if cents >= two_from_cents else 1
