"""The trade machine: the one place that decides what an event does to a trade.

An arm for each event; every event has an answer in every state, and tests/rules/test_trade.py is the whole table.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from tradepost.rules.trade import (
    DELIVERED,
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
    Side,
    State,
    TakenBack,
    Terms,
    Trade,
)


def decide(trade: Trade, event: Event, now: datetime, terms: Terms) -> Decision:
    """Decide what an event does to a trade; every event has an answer in every state."""
    match event:
        case Leased():
            return _leased(trade)
        case SendRefused():
            return _send_refused(trade, event.cause, now)
        case SendUnknown():
            if trade.state is not State.SENDING:
                return _misfit(trade, "no answer to an order to send is awaited")
            return _stay(
                trade,
                "Steam did not say whether the offer was created; the seller's program is reading its offers again.",
            )
        case OfferAbsent():
            return _offer_absent(trade, now)
        case OfferSeen():
            return _offer_seen(trade, event, now, terms)
        case Delivered():
            return _delivered(trade, event, now, terms)
        case SettlementKnown():
            return _settlement_known(trade, event.at, terms)
        case Deadline():
            return _deadline(trade, now, terms)
        case Settled():
            return _settled(trade, now, terms)
        case LookFailed():
            return _look_failed(trade, event.reason, now, terms)
        case TakenBack():
            return _taken_back(trade, event.initiator, now)
        case Disputed():
            return _disputed(trade, now, terms)
        case Ruled():
            return _ruled(trade, event, now, terms)


def _misfit(trade: Trade, reason: str) -> Decision:
    return Decision(trade, refused=f"The trade is {trade.state}: {reason}.")


def _stay(trade: Trade, explanation: str, *deeds: Deed) -> Decision:
    return Decision(replace(trade, explanation=explanation), deeds)


def _leased(trade: Trade) -> Decision:
    if trade.state is not State.CREATED:
        return _misfit(trade, "only a created trade waits for its offer to be sent")
    return Decision(
        replace(
            trade,
            state=State.SENDING,
            offer_maybe_live=True,
            explanation="The seller's program is sending the Steam offer.",
        )
    )


_BUYERS_FAULT = {
    SendCause.BAD_TOKEN: "Steam refused the buyer's trade token.",
    SendCause.TRADE_BAN: "Steam does not let the buyer trade.",
    SendCause.PARTNER_UNAVAILABLE: "The buyer is not available to trade on Steam.",
    SendCause.HOLD: "Steam would hold this trade because of the buyer's account.",
}
_TRY_AGAIN = {
    SendCause.PARTNER_LIMIT: "The seller has too many open offers to this buyer; it is tried again.",
    SendCause.ACCOUNT_LIMIT: "The seller has too many open Steam offers; it is tried again.",
    SendCause.NOT_LOGGED_IN: "Steam wants the seller to sign in again before the offer can be sent.",
    SendCause.NEW_DEVICE: "Steam does not let the seller trade from a new device yet.",
    SendCause.ACK_NEEDED: "The seller has to acknowledge Steam's trade protection once.",
    SendCause.OTHER: "Steam did not take the offer; it is tried again.",
}


def _send_refused(trade: Trade, cause: SendCause, now: datetime) -> Decision:
    if trade.state is State.CANCELLED and trade.offer_maybe_live and trade.steam_tradeofferid is None:
        return _dead_after_refund(trade, "Steam refused the offer.")
    if trade.state is not State.SENDING:
        return _misfit(trade, "no answer to an order to send is awaited")
    trade = replace(trade, offer_maybe_live=False)
    if trade.cancel_causer is not None:
        return _cancel(trade, trade.cancel_causer, trade.cancel_reason or "It was not sent in time.", now)
    if cause in _BUYERS_FAULT:
        decision = _cancel(trade, "buyer", _BUYERS_FAULT[cause], now, strike=False)
        return (
            replace(decision, deeds=(*decision.deeds, Deed.BUYER_HOLD))
            if cause is SendCause.HOLD
            else decision
        )
    if cause is SendCause.ITEMS_GONE:
        return _cancel(trade, "seller", "The item is not in the seller's inventory any more.", now)
    return Decision(replace(trade, state=State.CREATED, explanation=_TRY_AGAIN[cause]))


def _offer_absent(trade: Trade, now: datetime) -> Decision:
    if trade.state is State.CANCELLED and trade.offer_maybe_live and trade.steam_tradeofferid is None:
        return _dead_after_refund(trade, "Steam has no such offer.")
    if trade.state is not State.SENDING or trade.steam_tradeofferid is not None:
        return _misfit(trade, "its offer is known, or none was asked for")
    trade = replace(trade, offer_maybe_live=False)
    if trade.cancel_causer is not None:
        return _cancel(trade, trade.cancel_causer, trade.cancel_reason or "It was not sent in time.", now)
    return Decision(
        replace(trade, state=State.CREATED, explanation="Steam has no such offer; it will be sent.")
    )


def _dead_after_refund(trade: Trade, reason: str) -> Decision:
    """The offer of a trade that an operator refunded is proven dead: nobody needs to cancel it any more."""
    return Decision(
        replace(trade, offer_maybe_live=False, explanation=f"{reason} The buyer has his money back.")
    )


_DEAD = {
    4: "The buyer answered with another offer.",
    5: "The Steam offer expired.",
    6: "The seller cancelled the Steam offer.",
    7: "The buyer declined the Steam offer.",
    8: "The item is not available for the Steam offer any more.",
    10: "The offer was not confirmed on the seller's phone.",
}
_BUYER_KILLED = (4, 5, 7)
INVALID, ACTIVE, ACCEPTED, NEEDS_CONFIRMATION, IN_ESCROW, REVERTED = 1, 2, 3, 9, 11, 12


def _offer_seen(trade: Trade, event: OfferSeen, now: datetime, terms: Terms) -> Decision:
    if trade.steam_tradeofferid not in (None, event.steam_tradeofferid):
        return _misfit(trade, "it has another Steam offer")
    if event.code not in range(1, 13):
        return _misfit(trade, "Steam has no such offer state")
    if event.code == INVALID and trade.steam_tradeofferid is None:
        return _misfit(trade, "an offer that Steam calls invalid is none")
    seen = replace(
        trade,
        steam_offer_state=event.code,
        steam_tradeofferid=event.steam_tradeofferid,
        steam_tradeid=event.steam_tradeid or trade.steam_tradeid,
    )
    match trade.state:
        case State.CREATED | State.SENDING | State.NEEDS_CONFIRMATION | State.SENT:
            return _offer_seen_before_delivery(trade, seen, event, now, terms)
        case State.ACCEPTED | State.PROTECTED:
            # The payee's side saying it was taken back speaks against itself, so it is believed.
            return _taken_back(seen, None, now) if event.code == REVERTED else Decision(seen)
        case State.CANCELLED if event.code in (ACTIVE, NEEDS_CONFIRMATION):
            live = replace(
                seen,
                offer_maybe_live=True,
                explanation="A Steam offer of this cancelled trade is alive; it must be cancelled.",
            )
            return Decision(_case(live, now), (Deed.ASK_CANCEL, Deed.OPEN_CASE))
        case State.CANCELLED if event.code in (*_DEAD, REVERTED) and trade.offer_maybe_live:
            return _dead_after_refund(seen, _DEAD.get(event.code, "The exchange was reversed on Steam."))
        case State.CANCELLED if event.code == ACCEPTED:
            claimed = replace(seen, claimed_at=trade.claimed_at or now, due_at=now, tries=0, case_at=None,
                              explanation="The item is said to have changed hands after the money went back; looking for a witness.")  # fmt: skip
            return Decision(claimed)
        case State.FINISHED if event.code == REVERTED:
            return Decision(_case(seen, now), (Deed.OPEN_CASE,))
        case _:
            return Decision(seen)


def _offer_seen_before_delivery(
    trade: Trade, seen: Trade, event: OfferSeen, now: datetime, terms: Terms
) -> Decision:
    code = event.code
    if trade.state is State.CREATED and code in (*_DEAD, REVERTED):
        return _misfit(trade, "no offer was asked for")
    if code == REVERTED:
        return _taken_back(seen, None, now)
    if trade.claimed_at is not None and code in (INVALID, ACTIVE, NEEDS_CONFIRMATION):
        return Decision(trade)  # an older look, told late: of two devices, or by an answer sent again
    if trade.claimed_at is not None and code != ACCEPTED:
        # Steam never takes an acceptance back: who says both is not to be believed in either.
        doubt = replace(
            seen,
            explanation="The seller's program contradicts itself about the acceptance; an operator has to look.",
        )
        return Decision(_case(doubt, now), (Deed.OPEN_CASE,))
    if code in _DEAD:
        # Who let his time pass before has the fault, however the offer died in the end.
        side = trade.cancel_causer or ("buyer" if code in _BUYER_KILLED else "seller")
        return _cancel(seen, side, trade.cancel_reason or _DEAD[code], now)
    if code == ACCEPTED:
        claimed = replace(seen, state=State.SENT, offer_maybe_live=True, claimed_at=trade.claimed_at or now, due_at=now,
                          explanation="The seller's side reports that the buyer accepted; looking for the item in the buyer's inventory.")  # fmt: skip
        return Decision(claimed)
    alive = replace(seen, offer_maybe_live=True)
    if code == IN_ESCROW:
        who = "buyer" if event.hold_side == "buyer" else "seller"
        due_at = (
            trade.due_at if trade.cancel_causer else now + terms.proof
        )  # told again, it gives no more time
        held = replace(alive, state=State.SENT, cancel_causer=event.hold_side, cancel_reason=f"Steam holds this trade because of the {who}'s account.",
                       due_at=due_at, explanation=f"Steam holds this trade because of the {who}'s account; the offer is being cancelled.")  # fmt: skip
        return Decision(held, (Deed.ASK_CANCEL, *((Deed.BUYER_HOLD,) if event.hold_side == "buyer" else ())))
    if code == ACTIVE:
        if trade.state is State.SENT:
            return Decision(alive)
        due_at = trade.due_at if trade.cancel_causer else now + terms.accept
        return Decision(
            replace(
                alive,
                state=State.SENT,
                due_at=due_at,
                explanation="Waiting for the buyer to accept the Steam offer.",
            )
        )
    if (
        code == NEEDS_CONFIRMATION
        and trade.state is not State.NEEDS_CONFIRMATION
        and trade.state is not State.SENT
    ):
        due_at = trade.due_at if trade.cancel_causer else now + terms.confirm
        return Decision(
            replace(
                alive,
                state=State.NEEDS_CONFIRMATION,
                due_at=due_at,
                explanation="Waiting for the seller to confirm the offer on his phone.",
            )
        )
    return Decision(alive)  # a state that says nothing new, Steam's 1 included


def _delivered(trade: Trade, event: Delivered, now: datetime, terms: Terms) -> Decision:
    if trade.state in (*DELIVERED, State.FINISHED, State.REVERSED):
        return _misfit(trade, "delivery was settled already")
    if trade.state is State.CANCELLED:
        if not event.can_hold_again:
            late = replace(trade, new_assetid=event.new_assetid, due_at=None,
                           explanation="The item was delivered after the money went back, and it cannot be held again; an operator has to decide.")  # fmt: skip
            return Decision(_case(late, now), (Deed.OPEN_CASE,))
        trade = replace(trade, causer=None, ended_at=None)
        deeds: tuple[Deed, ...] = (Deed.HOLD_AGAIN, Deed.OFFER_TAKEN)
    else:
        deeds = ()
    settles_at = now if not terms.protection else now + terms.settlement_report
    return Decision(
        replace(
            trade,
            state=State.ACCEPTED,
            offer_maybe_live=False,
            new_assetid=event.new_assetid,
            accepted_at=now,
            cancel_causer=None,
            cancel_reason=None,
            due_at=settles_at,
            tries=0,
            case_at=None,  # what was asked of an operator is answered; what comes may be asked anew
            explanation="The buyer has the item; waiting for Steam's end of protection."
            if terms.protection
            else "The buyer has the item; one more look before the seller is paid.",
        ),
        deeds,
    )


def _settlement_known(trade: Trade, at: datetime, terms: Terms) -> Decision:
    if trade.state not in DELIVERED or trade.accepted_at is None:
        return _misfit(trade, "protection begins with the delivery")
    full = min(trade.accepted_at, trade.claimed_at or trade.accepted_at) + terms.protection
    if at < full - terms.report_lag:
        return _misfit(trade, "a protection that ends so early is not Steam's")
    if at > trade.accepted_at + terms.settlement_max:
        return _misfit(trade, "a protection that ends so late is not Steam's")
    # Taken from a claim that a witness confirmed late, too, but the seven days count from what the witness saw: a
    # claim made before the acceptance must not have the payee paid while Steam still lets him take the item back.
    at = max(at, trade.accepted_at + terms.protection)
    if trade.protected_until is not None and at <= trade.protected_until:
        return Decision(trade)  # told again, or shorter than before: protection is only ever extended
    return Decision(_protect(trade, at))


def _protect(trade: Trade, until: datetime) -> Trade:
    if trade.disputed_at is not None:
        return replace(trade, state=State.PROTECTED, protected_until=until, due_at=None, tries=0)
    return replace(
        trade,
        state=State.PROTECTED,
        protected_until=until,
        due_at=until,
        tries=0,
        explanation=f"The buyer has the item. Steam lets either side reverse the trade until {until:%Y-%m-%d %H:%M:%S} UTC; then the seller is paid.",
    )


def _deadline(trade: Trade, now: datetime, terms: Terms) -> Decision:
    match trade.state:
        case State.CREATED:
            return _cancel(trade, "seller", "The seller's program did not send the offer in time.", now)
        case State.SENDING | State.NEEDS_CONFIRMATION | State.SENT if trade.claimed_at is not None:
            return _misfit(trade, "an acceptance was reported; a witness is looked for")
        case State.SENDING | State.NEEDS_CONFIRMATION | State.SENT if trade.cancel_causer is not None:
            overdue = replace(
                trade,
                explanation="Nobody can say whether the Steam offer is still alive; the money stays held until an operator decides.",
            )
            return Decision(_case(replace(overdue, due_at=None), now), (Deed.ASK_CANCEL, Deed.OPEN_CASE))
        case State.SENDING | State.NEEDS_CONFIRMATION | State.SENT:
            side: Side = "buyer" if trade.state is State.SENT else "seller"
            reason = {
                State.SENDING: "The seller's program did not send the offer in time.",
                State.NEEDS_CONFIRMATION: "The seller did not confirm the offer in time.",
                State.SENT: "The buyer did not accept the offer in time.",
            }[trade.state]
            asked = replace(trade, cancel_causer=side, cancel_reason=reason, due_at=now + terms.proof,
                            explanation=f"{reason} The Steam offer is being cancelled.")  # fmt: skip
            return Decision(asked, (Deed.ASK_CANCEL,))
        case State.ACCEPTED:
            if trade.accepted_at is None:
                return _misfit(trade, "it has no time of delivery")
            until = trade.accepted_at + (terms.fallback if terms.protection else timedelta(0))
            return Decision(_protect(trade, until))
        case _:
            return _misfit(trade, "no deadline runs")


def _settled(trade: Trade, now: datetime, terms: Terms) -> Decision:
    if trade.disputed_at is not None:
        return _misfit(trade, "its buyer disputes it, and an operator has to rule")
    if trade.state is State.ACCEPTED and not terms.protection:
        trade = _protect(trade, trade.accepted_at or now)
    if trade.state is not State.PROTECTED or trade.protected_until is None:
        return _misfit(trade, "nothing is to be settled")
    if now < trade.protected_until:
        return _misfit(trade, "Steam's protection is not over")
    paid = replace(
        trade,
        state=State.FINISHED,
        ended_at=now,
        due_at=None,
        tries=0,
        explanation="Done: the seller is paid.",
    )
    return Decision(paid, (Deed.PAY, Deed.OFFER_SOLD))


def _look_failed(trade: Trade, reason: str, now: datetime, terms: Terms) -> Decision:
    if trade.disputed_at is not None:
        return _misfit(trade, "its buyer disputes it, and no look at Steam is awaited")
    if trade.claimed_at is not None and trade.state in (State.SENT, State.CANCELLED):
        since, often = trade.claimed_at, now < trade.claimed_at + terms.hurry
    elif trade.state is State.ACCEPTED and not terms.protection:
        since, often = trade.accepted_at or now, False
    elif (
        trade.state is State.PROTECTED and trade.protected_until is not None and now >= trade.protected_until
    ):
        since, often = trade.protected_until, False
    else:
        return _misfit(trade, "no look at Steam is awaited")
    wait = min(
        timedelta(seconds=15) * 2 ** min(trade.tries, 12),
        timedelta(minutes=10) if often else timedelta(hours=6),
    )
    later = replace(
        trade,
        tries=trade.tries + 1,
        due_at=now + wait if now < since + terms.looks_max else None,
        explanation=f"Looking for a witness that the buyer has the item: {reason}.",
    )
    if now >= since + terms.proof and trade.case_at is None:
        return Decision(_case(later, now), (Deed.OPEN_CASE,))
    return Decision(later)


def _taken_back(trade: Trade, initiator: Side | None, now: datetime) -> Decision:
    if trade.state not in (*DELIVERED, *WAITING_FOR_STEAM):
        if trade.state is State.FINISHED:
            return Decision(_case(trade, now), (Deed.OPEN_CASE,))
        return _misfit(trade, "there is no exchange to reverse")
    ban = {"seller": (Deed.BAN_SELLER,), "buyer": (Deed.BAN_BUYER,), None: (Deed.OPEN_CASE,)}[initiator]
    by = f" by the {initiator}" if initiator else ""
    gone = replace(trade, state=State.REVERSED, causer=initiator, offer_maybe_live=False, ended_at=now, due_at=None, disputed_at=None,
                   explanation=f"The trade was reversed{by} during Steam's protection; the buyer has his money back.")  # fmt: skip
    if initiator is None:
        gone = _case(gone, now)
    return Decision(gone, (Deed.REFUND, Deed.OFFER_ENDS, *ban))


def _disputed(trade: Trade, now: datetime, terms: Terms) -> Decision:
    if trade.state not in DELIVERED or not terms.protection:
        return _misfit(trade, "only what was delivered and is protected can be disputed")
    if trade.disputed_at is not None:
        return _misfit(trade, "it is disputed already")
    if trade.protected_until is not None and now > trade.protected_until:
        return _misfit(trade, "the time in which it could be disputed is over")
    waiting = replace(
        trade,
        disputed_at=now,
        due_at=None,
        explanation="The buyer disputes the trade; the seller is not paid before an operator has ruled.",
    )
    return Decision(_case(waiting, now), (Deed.OPEN_CASE,))


def _dismissed(trade: Trade, now: datetime, terms: Terms) -> Decision:
    """An operator found nothing wrong: the trade goes on as if nobody had disputed it, or is settled by his word."""
    trade = replace(trade, disputed_at=None, case_at=None)
    if trade.protected_until is None:
        said = "The buyer has the item; waiting for Steam's end of protection."
        return Decision(replace(trade, due_at=now, tries=0, explanation=said))
    if now < trade.protected_until:
        return Decision(_protect(trade, trade.protected_until))
    return _settled(trade, now, terms)


def _ruled(trade: Trade, event: Ruled, now: datetime, terms: Terms) -> Decision:
    match event.verdict, trade.state:
        case "refund", State.CREATED | State.SENDING | State.NEEDS_CONFIRMATION | State.SENT:
            decision = _cancel(trade, event.causer, "An operator cancelled the trade.", now, strike=False)
            if not trade.offer_maybe_live:
                return decision
            # The item may still change hands, so it must not be sold again, and the agent still has an offer to cancel.
            live = replace(decision.trade, offer_maybe_live=True)
            return Decision(live, (Deed.REFUND, Deed.OFFER_ENDS, Deed.ASK_CANCEL))
        case "deliver", State.SENDING | State.NEEDS_CONFIRMATION | State.SENT:
            return _delivered(trade, Delivered(trade.new_assetid), now, terms)
        case "settle", State.ACCEPTED | State.PROTECTED if trade.disputed_at is not None:
            return _dismissed(trade, now, terms)
        case "settle", State.ACCEPTED | State.PROTECTED:
            return _settled(trade, now, terms)
        case (
            "reverse",
            State.SENDING | State.NEEDS_CONFIRMATION | State.SENT | State.ACCEPTED | State.PROTECTED,
        ):
            return _taken_back(trade, event.causer, now)
        case _:
            return _misfit(trade, f"{event.verdict} is not possible")


def _cancel(
    trade: Trade, causer: Side | None, reason: str, now: datetime, *, strike: bool = True
) -> Decision:
    done = replace(trade, state=State.CANCELLED, causer=causer, offer_maybe_live=False, cancel_causer=None, cancel_reason=None,
                   ended_at=now, due_at=None, tries=0, explanation=f"{reason} The buyer has his money back.")  # fmt: skip
    deeds: tuple[Deed, ...] = (Deed.REFUND, Deed.OFFER_ENDS if causer == "seller" else Deed.OFFER_BACK)
    if strike and causer is not None:
        deeds += (Deed.STRIKE_SELLER if causer == "seller" else Deed.STRIKE_BUYER,)
    return Decision(done, deeds)


def _case(trade: Trade, now: datetime) -> Trade:
    return replace(trade, case_at=trade.case_at or now)
