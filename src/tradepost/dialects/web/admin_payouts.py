"""Payout reviews: what waits for an operator, who approved it, and each step until the money is gone or back."""

from collections.abc import Mapping

from starlette.responses import Response

from tradepost.app import App
from tradepost.dialects.fields import Id
from tradepost.dialects.operator_api import money
from tradepost.dialects.web.admin_desk import (
    HOME,
    NOTHING,
    ROWS,
    Act,
    Done,
    Failed,
    admin,
    asked_of,
    look,
    names,
    older,
    page,
)
from tradepost.dialects.web.desk import Desk
from tradepost.dialects.web.visits import Page, Visit
from tradepost.market import freezing, ledger, payouts, users
from tradepost.rules.payout import State, Step, step

PAYOUTS, ONE = f"{HOME}/payouts", f"{HOME}/payouts/{{id}}"
STATES: Mapping[str, tuple[str, str]] = {
    "asked": ("waits for approval", "wait"),
    "approved": ("approved, to be sent", "far"),
    "sending": ("in hand, being sent", "far"),
    "unknown": ("nobody knows whether it was sent", "bad"),
    "paid": ("paid", "good"),
    "refused": ("refused", ""),
}
STEPS = {
    "ask": "asked for",
    "approve": "approved",
    "refuse": "refused",
    "send": "taken in hand",
    "lose": "noted as unknown",
    "clear": "noted as not sent",
    "pay": "noted as paid",
}
DONE = {
    "approve": "Your approval is noted.",
    "refuse": "The payout is refused, and the money is in the balance again.",
    "send": "The payout is in your hand: pay it at the provider now, and then say how it went.",
    "lose": "It is noted that nobody knows whether it was sent. Nobody sends it before the provider's books were read.",
    "clear": "It is noted that nothing was sent. It can be sent again, or refused.",
    "pay": "The payout is paid, and its owner is told.",
}


class Which(Done):
    """Which page of those that are over."""

    before: Id | None = None


async def show(visit: Visit) -> Response:
    """The payouts that wait for an operator, the oldest first, and those that are over, the newest first."""
    call, asked = await admin(visit), asked_of(visit, Which)
    found = await look(call, "/operator/payouts")
    over = await payouts.ended(call.app.db, before=asked.before, count=ROWS)
    people = await users.by_ids(call.app.db, [one.account_id for one in (*found, *over)])
    return page(
        visit,
        "admin_payouts.html",
        found=found,
        over=over,
        people=people,
        asked=asked,
        older=older(PAYOUTS, {}, over),
        words=STATES,
    )


class AskedOne(Done):
    """Which payout."""

    id: Id


async def show_one(visit: Visit, failed: Failed = NOTHING) -> Response:
    """A payout with its time line, whose it is, and the steps that it can take now."""
    call, asked = await admin(visit), asked_of(visit, AskedOne)
    seen = await look(call, "/operator/payouts/{id}", money.Numbered(asked.id))
    one, db = seen.payout, call.app.db
    account = await users.by_id(db, one.account_id)
    approvers = [event.actor for event in seen.events if event.step == Step.APPROVE]
    return page(
        visit,
        "admin_payout.html",
        failed,
        done=DONE.get(asked.done or "", ""),
        one=one,
        events=seen.events,
        names=await names(call, (event.actor for event in seen.events)),
        user=account,
        purse=await ledger.wallet(db, one.account_id),
        is_frozen=await freezing.is_frozen(db, one.account_id),
        approvers=approvers,
        possible={taken.value for taken in Step if step(State(one.state), taken) is not None},
        words=STATES,
        steps=STEPS,
        root=ONE.format(id=one.id),
        is_mine=one.account_id == call.me.account_id,
        has_approved=call.me.steamid in approvers,
    )


ACTS = [
    Act(f"{ONE}/{name}", f"/operator/payouts/{{id}}/{name}", show_one, ONE, name)
    for name in ("approve", "refuse", "send", "lose", "clear", "pay")
]


def pages(app: App, desk: Desk) -> list[Page]:
    """The pages of payouts and their forms."""
    return [
        Page(app, desk, PAYOUTS, get=show),
        Page(app, desk, ONE, get=show_one),
        *(act.page(app, desk) for act in ACTS),
    ]
