"""The machine's law, as a table: every event in every state, and what follows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tradepost.rules.machine import decide
from tradepost.rules.trade import (
    PUBLIC,
    WAITING_FOR_STEAM,
    Deadline,
    Decision,
    Deed,
    Delivered,
    Disputed,
    Event,
    Leased,
    LookFailed,
    OfferAbsent,
    OfferSeen,
    Ruled,
    SendCause,
    SendRefused,
    SendUnknown,
    Settled,
    SettlementKnown,
    State,
    TakenBack,
    Terms,
    Trade,
)

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
TERMS = Terms(protection=timedelta(days=7))
UNPROTECTED = Terms(protection=timedelta(0))

EVENTS: dict[str, Event] = {
    "leased": Leased(),
    "refused_token": SendRefused(SendCause.BAD_TOKEN),
    "refused_hold": SendRefused(SendCause.HOLD),
    "refused_gone": SendRefused(SendCause.ITEMS_GONE),
    "refused_login": SendRefused(SendCause.NOT_LOGGED_IN),
    "unknown": SendUnknown(),
    "absent": OfferAbsent(),
    **{f"offer_{code}": OfferSeen(code, "555", "777") for code in range(1, 13)},
    "offer_other": OfferSeen(2, "556"),
    "delivered": Delivered("99"),
    "delivered_again": Delivered("99", can_hold_again=True),
    "settlement": SettlementKnown(NOW + timedelta(days=1)),
    "settlement_early": SettlementKnown(NOW - timedelta(days=4)),
    "deadline": Deadline(),
    "settled": Settled(),
    "look_failed": LookFailed("the inventory is private"),
    "taken_back": TakenBack(),
    "taken_by_buyer": TakenBack("buyer"),
    "disputed": Disputed(),
    "rule_refund": Ruled("refund"),
    "rule_deliver": Ruled("deliver"),
    "rule_settle": Ruled("settle"),
    "rule_reverse": Ruled("reverse", "seller"),
}

# event, states -> state after it ("." the same), then the deeds. In every state that is not named the event is
# refused and changes nothing.
TABLE = """
    leased           created                                                    -> sending
    refused_token    sending                                                    -> cancelled(buyer) refund offer_back
    refused_hold     sending                                                    -> cancelled(buyer) refund offer_back buyer_hold
    refused_gone     sending                                                    -> cancelled(seller) refund offer_ends strike_seller
    refused_login    sending                                                    -> created
    unknown          sending                                                    -> .
    absent           sending                                                    -> created
    offer_1          needs_confirmation sent accepted protected finished cancelled reversed -> .
    offer_2          created sending needs_confirmation                         -> sent
    offer_2          sent accepted protected finished reversed                  -> .
    offer_2          cancelled                                                  -> . ask_cancel open_case
    offer_3          created sending needs_confirmation                         -> sent claimed
    offer_3          sent cancelled                                             -> . claimed
    offer_3          accepted protected finished reversed                       -> .
    offer_4          sending needs_confirmation sent                            -> cancelled(buyer) refund offer_back strike_buyer
    offer_4          accepted protected finished cancelled reversed             -> .
    offer_5          sending needs_confirmation sent                            -> cancelled(buyer) refund offer_back strike_buyer
    offer_5          accepted protected finished cancelled reversed             -> .
    offer_6          sending needs_confirmation sent                            -> cancelled(seller) refund offer_ends strike_seller
    offer_6          accepted protected finished cancelled reversed             -> .
    offer_7          sending needs_confirmation sent                            -> cancelled(buyer) refund offer_back strike_buyer
    offer_7          accepted protected finished cancelled reversed             -> .
    offer_8          sending needs_confirmation sent                            -> cancelled(seller) refund offer_ends strike_seller
    offer_8          accepted protected finished cancelled reversed             -> .
    offer_9          created sending                                            -> needs_confirmation
    offer_9          needs_confirmation sent accepted protected finished reversed -> .
    offer_9          cancelled                                                  -> . ask_cancel open_case
    offer_10         sending needs_confirmation sent                            -> cancelled(seller) refund offer_ends strike_seller
    offer_10         accepted protected finished cancelled reversed             -> .
    offer_11         created sending needs_confirmation                         -> sent cancel=buyer ask_cancel buyer_hold
    offer_11         sent                                                       -> . cancel=buyer ask_cancel buyer_hold
    offer_11         accepted protected finished cancelled reversed             -> .
    offer_12         sending needs_confirmation sent accepted protected         -> reversed refund offer_ends open_case
    offer_12         finished                                                   -> . open_case
    offer_12         cancelled reversed                                         -> .
    offer_other      created sending                                            -> sent
    delivered        created sending needs_confirmation sent                    -> accepted
    delivered        cancelled                                                  -> . open_case
    delivered_again  created sending needs_confirmation sent                    -> accepted
    delivered_again  cancelled                                                  -> accepted hold_again offer_taken
    settlement       accepted                                                   -> protected
    settlement       protected                                                  -> .
    settlement_early                                                            -> refused in every state
    deadline         created                                                    -> cancelled(seller) refund offer_ends strike_seller
    deadline         sending needs_confirmation                                 -> . cancel=seller ask_cancel
    deadline         sent                                                       -> . cancel=buyer ask_cancel
    deadline         accepted                                                   -> protected
    settled          protected                                                  -> finished pay offer_sold
    look_failed      protected                                                  -> .
    taken_back       sending needs_confirmation sent accepted protected         -> reversed refund offer_ends open_case
    taken_back       finished                                                   -> . open_case
    taken_by_buyer   sending needs_confirmation sent accepted protected         -> reversed refund offer_ends ban_buyer
    taken_by_buyer   finished                                                   -> . open_case
    disputed         accepted protected                                         -> . disputed open_case
    rule_refund      created                                                    -> cancelled(None) refund offer_back
    rule_refund      sending needs_confirmation sent                            -> cancelled(None) refund offer_ends ask_cancel
    rule_deliver     sending needs_confirmation sent                            -> accepted
    rule_settle      protected                                                  -> finished pay offer_sold
    rule_reverse     sending needs_confirmation sent accepted protected         -> reversed refund offer_ends ban_seller
"""


def a_trade(state: State) -> Trade:
    """A trade of 10.00 in a state, with the times and ids that this state has; delivered eight days ago."""
    delivered = state in (State.ACCEPTED, State.PROTECTED, State.FINISHED)
    ended = state in (State.FINISHED, State.CANCELLED, State.REVERSED)
    return Trade(
        id=7, offer_id=1, buyer_id=1, payee_id=2, seller_id=2, buyer_steamid="76561198000000001", trade_token="abcdefgh",
        price_cents=1000, fee_cents=50, paid_deposit_cents=600, paid_balance_cents=400, seller_sold_count=0,
        custom_id=None, idempotency_key=None, digest=b"", state=state, causer=None,
        offer_maybe_live=state in WAITING_FOR_STEAM, cancel_causer=None, cancel_reason=None, steam_offer_state=None,
        steam_tradeofferid=None if state in (State.CREATED, State.SENDING) else "555", steam_tradeid=None, buyer_had=None,
        new_assetid=None, claimed_at=None, accepted_at=NOW - timedelta(days=8) if delivered else None,
        protected_until=NOW if state in (State.PROTECTED, State.FINISHED) else None, ended_at=NOW if ended else None,
        due_at=NOW, tries=0, case_at=None, explanation="", created_at=NOW - timedelta(days=9), changed_at=NOW,
    )  # fmt: skip


def in_words(before: Trade, decision: Decision) -> str:
    if decision.refused:
        assert decision.trade == before
        assert not decision.deeds
        return ""
    after = decision.trade
    words = ["." if after.state is before.state else after.state.value]
    if after.state is State.CANCELLED and before.state is not State.CANCELLED:
        words[0] += f"({after.causer})"
    if after.claimed_at and not before.claimed_at:
        words.append("claimed")
    if after.cancel_causer and not before.cancel_causer:
        words.append(f"cancel={after.cancel_causer}")
    if after.disputed_at and not before.disputed_at:
        words.append("disputed")
    return " ".join([*words, *(deed.value for deed in decision.deeds)])


def read_table(table: str = TABLE) -> dict[tuple[str, State], str]:
    cells: dict[tuple[str, State], str] = {}
    for line in table.strip().splitlines():
        left, _, outcome = line.partition("->")
        name, *states = left.split()
        for state in states:
            assert (name, State(state)) not in cells, f"{name} in {state} stands twice"
            cells[name, State(state)] = outcome.strip()
    return cells


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("name", EVENTS)
def test_every_event_in_every_state_does_what_the_table_says(name: str, state: State) -> None:
    trade = a_trade(state)
    assert in_words(trade, decide(trade, EVENTS[name], NOW, TERMS)) == read_table().get((name, state), "")


# The same for a trade whose buyer disputes it: nothing settles it but a ruling. What is not named is refused.
OF_DISPUTED = """
    offer_1          accepted protected   -> .
    offer_2          accepted protected   -> .
    offer_3          accepted protected   -> .
    offer_4          accepted protected   -> .
    offer_5          accepted protected   -> .
    offer_6          accepted protected   -> .
    offer_7          accepted protected   -> .
    offer_8          accepted protected   -> .
    offer_9          accepted protected   -> .
    offer_10         accepted protected   -> .
    offer_11         accepted protected   -> .
    offer_12         accepted protected   -> reversed refund offer_ends open_case
    settlement       accepted             -> protected
    settlement       protected            -> .
    deadline         accepted             -> protected
    taken_back       accepted protected   -> reversed refund offer_ends open_case
    taken_by_buyer   accepted protected   -> reversed refund offer_ends ban_buyer
    rule_settle      accepted             -> .
    rule_settle      protected            -> finished pay offer_sold
    rule_reverse     accepted protected   -> reversed refund offer_ends ban_seller
"""


@pytest.mark.parametrize("state", [State.ACCEPTED, State.PROTECTED])
@pytest.mark.parametrize("name", EVENTS)
def test_a_disputed_trade_does_what_its_own_table_says(name: str, state: State) -> None:
    trade = decide(a_trade(state), Disputed(), NOW, TERMS).trade
    decision = decide(trade, EVENTS[name], NOW, TERMS)
    assert in_words(trade, decision) == read_table(OF_DISPUTED).get((name, state), "")
    after = decision.trade
    if after.disputed_at is not None:
        assert (after.due_at, after.case_at) == (None, NOW)  # it waits for the operator who was asked
    else:
        assert name.startswith("rule_") or after.state is State.REVERSED


def test_the_table_is_whole() -> None:
    assert {line.split()[0] for line in TABLE.strip().splitlines()} == set(EVENTS)
    covered = {type(event) for event in EVENTS.values()}
    assert covered == set(Event.__args__)


def test_every_state_has_a_public_word() -> None:
    assert set(PUBLIC) == set(State)
    assert set(PUBLIC.values()) == {"active", "finished", "cancelled"}


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("name", EVENTS)
def test_money_moves_exactly_where_the_trade_ends_or_opens_again(name: str, state: State) -> None:
    trade = a_trade(state)
    decision = decide(trade, EVENTS[name], NOW, TERMS)
    ended = decision.trade.state in (State.CANCELLED, State.REVERSED) and state not in (
        State.CANCELLED,
        State.REVERSED,
    )
    assert (Deed.REFUND in decision.deeds) == ended
    assert (Deed.PAY in decision.deeds) == (
        decision.trade.state is State.FINISHED and state is not State.FINISHED
    )
    assert (Deed.HOLD_AGAIN in decision.deeds) == (
        state is State.CANCELLED and decision.trade.state is State.ACCEPTED
    )


@pytest.mark.parametrize("state", WAITING_FOR_STEAM)
def test_no_deadline_refunds_an_offer_that_may_be_alive(state: State) -> None:
    asked = decide(a_trade(state), Deadline(), NOW, TERMS)
    assert Deed.REFUND not in asked.deeds
    later = decide(asked.trade, Deadline(), NOW + timedelta(hours=1), TERMS)
    assert Deed.REFUND not in later.deeds
    assert Deed.OPEN_CASE in later.deeds
    assert later.trade.due_at is None
    assert "operator" in later.trade.explanation


def test_after_a_missed_deadline_the_dead_offer_is_the_fault_of_the_side_that_let_it_pass() -> None:
    asked = decide(a_trade(State.SENT), Deadline(), NOW, TERMS)
    cancelled = decide(asked.trade, OfferSeen(6, "555"), NOW, TERMS)
    assert cancelled.trade.causer == "buyer"
    assert Deed.OFFER_BACK in cancelled.deeds
    assert Deed.STRIKE_BUYER in cancelled.deeds


def test_an_absent_offer_after_a_missed_deadline_is_proof_enough_to_refund() -> None:
    asked = decide(a_trade(State.SENDING), Deadline(), NOW, TERMS)
    absent = decide(asked.trade, OfferAbsent(), NOW, TERMS)
    assert absent.trade.state is State.CANCELLED
    assert absent.trade.causer == "seller"
    assert not absent.trade.offer_maybe_live


def test_an_acceptance_that_was_claimed_cannot_be_unsaid() -> None:
    claimed = decide(a_trade(State.SENT), OfferSeen(3, "555", "777"), NOW, TERMS)
    unsaid = decide(claimed.trade, OfferSeen(7, "555"), NOW, TERMS)
    assert Deed.REFUND not in unsaid.deeds
    assert Deed.OPEN_CASE in unsaid.deeds


def test_a_settlement_a_little_before_ours_is_steams_and_never_shortens_the_protection() -> None:
    delivered = replace(a_trade(State.SENT), claimed_at=NOW - timedelta(minutes=2))
    accepted = decide(delivered, Delivered("99"), NOW, TERMS).trade
    told = decide(accepted, SettlementKnown(NOW - timedelta(minutes=5) + timedelta(days=7)), NOW, TERMS)
    assert told.refused is None
    assert told.trade.protected_until == NOW + timedelta(days=7)
    day_short = decide(accepted, SettlementKnown(NOW + timedelta(days=6)), NOW, TERMS)
    assert day_short.refused is not None
    year_long = decide(accepted, SettlementKnown(NOW + timedelta(days=365)), NOW, TERMS)
    assert year_long.refused is not None


def test_protection_is_only_ever_extended() -> None:
    trade = a_trade(State.PROTECTED)
    longer = decide(trade, SettlementKnown(NOW + timedelta(days=2)), NOW, TERMS).trade
    assert longer.protected_until == NOW + timedelta(days=2)
    assert longer.due_at == longer.protected_until
    assert decide(longer, SettlementKnown(NOW + timedelta(days=1)), NOW, TERMS).trade == longer


def test_without_a_reported_settlement_protection_lasts_eight_days() -> None:
    accepted = replace(a_trade(State.ACCEPTED), accepted_at=NOW)
    protected = decide(accepted, Deadline(), NOW, TERMS).trade
    assert protected.protected_until == NOW + timedelta(days=8)
    early = decide(protected, Settled(), NOW + timedelta(days=7, hours=23), TERMS)
    assert early.refused is not None


def test_a_game_without_protection_settles_after_one_look() -> None:
    accepted = decide(a_trade(State.SENT), Delivered("99"), NOW, UNPROTECTED).trade
    assert accepted.due_at == NOW
    settled = decide(accepted, Settled(), NOW, UNPROTECTED)
    assert settled.trade.state is State.FINISHED
    assert Deed.PAY in settled.deeds


def test_looks_that_tell_nothing_are_tried_again_ever_more_slowly_and_end_with_an_operator() -> None:
    trade = decide(a_trade(State.SENT), OfferSeen(3, "555", "777"), NOW, TERMS).trade
    now, waits, cases = NOW, [], 0
    while now < NOW + timedelta(hours=2):
        decision = decide(trade, LookFailed("the inventory is private"), now, TERMS)
        assert decision.trade.due_at is not None
        waits.append(decision.trade.due_at - now)
        cases += Deed.OPEN_CASE in decision.deeds
        trade, now = decision.trade, decision.trade.due_at
    assert waits == sorted(waits)
    assert waits[0] == timedelta(seconds=15)
    assert waits[-1] == timedelta(minutes=10)
    assert cases == 1


def test_an_operator_who_refunds_a_live_offer_does_not_put_the_item_back_on_sale() -> None:
    refunded = decide(a_trade(State.SENT), Ruled("refund"), NOW, TERMS)
    assert refunded.trade.offer_maybe_live
    assert Deed.OFFER_BACK not in refunded.deeds
    assert Deed.ASK_CANCEL in refunded.deeds


def test_an_offer_that_steam_calls_invalid_is_none() -> None:
    for state in (State.CREATED, State.SENDING):
        decision = decide(a_trade(state), OfferSeen(1, "555"), NOW, TERMS)
        assert decision.refused is not None
        assert decision.trade.steam_tradeofferid is None


def test_an_older_look_that_is_told_late_does_not_contradict_an_acceptance() -> None:
    claimed = decide(a_trade(State.SENT), OfferSeen(3, "555", "777"), NOW, TERMS).trade
    for code in (1, 2, 9):
        assert decide(claimed, OfferSeen(code, "555"), NOW, TERMS) == Decision(claimed)


@pytest.mark.parametrize("code", [4, 5, 6, 7, 8, 10])
def test_who_missed_his_deadline_has_the_fault_however_the_offer_dies(code: int) -> None:
    late = decide(a_trade(State.NEEDS_CONFIRMATION), Deadline(), NOW, TERMS).trade
    assert late.cancel_causer == "seller"
    sent = decide(late, OfferSeen(2, "555"), NOW, TERMS).trade
    dead = decide(sent, OfferSeen(code, "555"), NOW, TERMS)
    assert dead.trade.causer == "seller"
    assert Deed.STRIKE_BUYER not in dead.deeds
    assert Deed.STRIKE_SELLER in dead.deeds


def test_a_hold_that_is_told_again_gives_no_more_time() -> None:
    held = decide(a_trade(State.SENT), OfferSeen(11, "555"), NOW, TERMS).trade
    again = decide(held, OfferSeen(11, "555"), NOW + timedelta(minutes=50), TERMS).trade
    assert again.due_at == held.due_at == NOW + TERMS.proof


@pytest.mark.parametrize(
    "proof",
    [OfferSeen(6, "555"), OfferSeen(8, "555"), OfferSeen(12, "555")],
    ids=lambda proof: str(proof.code),
)
def test_a_refunded_offer_that_died_needs_no_cancel_any_more(proof: Event) -> None:
    refunded = decide(a_trade(State.SENT), Ruled("refund"), NOW, TERMS).trade
    assert refunded.offer_maybe_live
    dead = decide(refunded, proof, NOW, TERMS)
    assert (dead.trade.state, dead.trade.offer_maybe_live, dead.deeds) == (State.CANCELLED, False, ())


@pytest.mark.parametrize("proof", [OfferAbsent(), SendRefused(SendCause.OTHER)], ids=["absent", "refused"])
def test_a_refunded_order_to_send_that_came_to_nothing_needs_no_cancel_any_more(proof: Event) -> None:
    refunded = decide(a_trade(State.SENDING), Ruled("refund"), NOW, TERMS).trade
    dead = decide(refunded, proof, NOW, TERMS)
    assert (dead.trade.state, dead.trade.offer_maybe_live, dead.deeds) == (State.CANCELLED, False, ())
    assert decide(dead.trade, proof, NOW, TERMS).refused is not None


def test_a_claim_made_before_the_acceptance_does_not_shorten_the_protection() -> None:
    """The seller's program says "accepted" at once, the buyer accepts days later: Steam protects from then on."""
    claimed = decide(a_trade(State.SENT), OfferSeen(3, "555", "777"), NOW, TERMS).trade
    accepted_at = NOW + timedelta(days=5)
    accepted = decide(claimed, Delivered("99"), accepted_at, TERMS).trade
    told = decide(accepted, SettlementKnown(NOW + timedelta(days=7)), accepted_at, TERMS).trade
    early = decide(told, Settled(), accepted_at + timedelta(days=7) - timedelta(seconds=1), TERMS)
    assert early.refused is not None
    assert decide(told, Settled(), accepted_at + timedelta(days=7), TERMS).trade.state is State.FINISHED


def test_a_look_that_comes_late_does_not_touch_a_trade_that_moved_on() -> None:
    claimed = decide(a_trade(State.SENT), OfferSeen(3, "555", "777"), NOW, TERMS).trade
    accepted = decide(claimed, Delivered("99"), NOW, TERMS).trade
    assert decide(accepted, LookFailed("Steam was silent"), NOW, TERMS) == Decision(
        accepted, refused="The trade is accepted: no look at Steam is awaited."
    )
    protected = decide(accepted, SettlementKnown(NOW + timedelta(days=7.5)), NOW, TERMS).trade
    assert decide(protected, LookFailed("Steam was silent"), NOW, TERMS).trade == protected


def test_a_game_without_protection_waits_for_its_one_look() -> None:
    accepted = decide(a_trade(State.SENT), Delivered("99"), NOW, UNPROTECTED).trade
    failed = decide(accepted, LookFailed("Steam is silent"), NOW, UNPROTECTED).trade
    assert (failed.state, failed.due_at) == (State.ACCEPTED, NOW + timedelta(seconds=15))


def test_a_look_is_repeated_rarely_after_a_day_and_not_for_ever() -> None:
    trade = decide(a_trade(State.SENT), OfferSeen(3, "555", "777"), NOW, TERMS).trade
    now, looks = NOW, 0
    while trade.due_at is not None and looks < 300:
        now = trade.due_at
        trade = decide(trade, LookFailed("the inventory is private"), now, TERMS).trade
        looks += 1
    assert trade.due_at is None
    assert timedelta(days=29) < now - NOW < timedelta(days=31)
    assert trade.case_at is not None


def test_an_operator_is_asked_again_where_a_later_step_waits_in_vain() -> None:
    claimed = decide(a_trade(State.SENT), OfferSeen(3, "555", "777"), NOW, TERMS).trade
    asked = decide(claimed, LookFailed("the inventory is private"), NOW + timedelta(hours=2), TERMS)
    assert Deed.OPEN_CASE in asked.deeds
    ruled = decide(asked.trade, Ruled("deliver"), NOW + timedelta(hours=3), TERMS).trade
    protected = decide(ruled, Deadline(), NOW + timedelta(hours=4), TERMS).trade
    assert protected.protected_until is not None
    later = protected.protected_until + timedelta(hours=2)
    assert Deed.OPEN_CASE in decide(protected, LookFailed("the inventory is private"), later, TERMS).deeds


def test_only_a_delivered_item_is_disputed_and_only_while_it_is_protected() -> None:
    protected = replace(a_trade(State.PROTECTED), protected_until=NOW)
    assert decide(protected, Disputed(), NOW, TERMS).refused is None
    late = decide(protected, Disputed(), NOW + timedelta(seconds=1), TERMS)
    assert late.refused == "The trade is protected: the time in which it could be disputed is over."
    assert decide(a_trade(State.ACCEPTED), Disputed(), NOW, UNPROTECTED).refused is not None


def test_a_dispute_that_an_operator_dismisses_leaves_the_trade_as_it_was() -> None:
    before = replace(a_trade(State.PROTECTED), protected_until=NOW + timedelta(days=3))
    disputed = decide(before, Disputed(), NOW, TERMS).trade
    longer = decide(disputed, SettlementKnown(NOW + timedelta(days=4)), NOW, TERMS).trade
    assert longer.protected_until == NOW + timedelta(days=4)
    after = decide(longer, Ruled("settle"), NOW, TERMS)
    assert after.deeds == ()
    assert (after.trade.disputed_at, after.trade.case_at) == (None, None)
    assert after.trade.due_at == after.trade.protected_until
    assert decide(after.trade, Settled(), NOW + timedelta(days=4), TERMS).trade.state is State.FINISHED


def test_a_dispute_about_an_item_whose_protection_steam_has_not_told_yet_is_dismissed_into_waiting() -> None:
    disputed = decide(a_trade(State.ACCEPTED), Disputed(), NOW, TERMS).trade
    after = decide(disputed, Ruled("settle"), NOW, TERMS).trade
    assert (after.state, after.due_at, after.disputed_at) == (State.ACCEPTED, NOW, None)
    assert decide(after, Deadline(), NOW, TERMS).trade.state is State.PROTECTED
