"""Money that operators move: deposits, corrections by two of them, fees; and whether the ledger adds up."""

from typing import Literal

import msgspec
from starlette.responses import Response

from tradepost.app import App
from tradepost.dialects.fields import Id, Limit, SteamId
from tradepost.dialects.operator_api import money
from tradepost.dialects.operator_api.calls import known
from tradepost.dialects.operator_api.fields import Cents, Reason, Reference, SignedCents
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
from tradepost.dialects.web.typed import Amount
from tradepost.dialects.web.visits import Page, Visit

DEPOSITS, CORRECTIONS, LEDGER = f"{HOME}/deposits", f"{HOME}/corrections", f"{HOME}/ledger"
IN_DOLLARS = {"amount_cents": "amount"}
DONE = {
    "recorded": "The deposit is recorded under its reference: once, however often it was sent.",
    "reversed": "The deposit is taken back.",
    "asked": "The correction is asked for. Nothing moves until another admin approves it.",
    "approved": "The correction is approved, and its money has moved.",
    "refused": "The correction is refused, and nothing has moved.",
    "withdrawn": "The fees are taken out under their reference: once, however often it was sent.",
    "checked": "The ledger was checked just now.",
}


# Deposits ----------------------------------------------------------------------------------------------------


class OfWhom(Done):
    """Whose deposits are shown, if anybody's."""

    steamid: SteamId | None = None


async def show_deposits(visit: Visit, failed: Failed = NOTHING) -> Response:
    """Two forms, and the deposits of whoever is named."""
    call, asked = await admin(visit), asked_of(visit, OfWhom)
    found = None
    if asked.steamid is not None:
        call.about = await known(call.app, asked.steamid)
        query = money.OfUser(asked.steamid, Limit(ROWS))
        found = await look(call, "/operator/users/{steamid}/deposits", query)
    done = DONE.get(asked.done or "", "")
    return page(visit, "admin_deposits.html", failed, found=found, user=call.about, done=done)


class Recording(msgspec.Struct):
    """A deposit, in dollars."""

    steamid: SteamId
    amount: Amount
    reference: Reference
    reason: Reason


def _deposit(asked: Recording) -> money.DepositAsked:
    return money.DepositAsked(asked.steamid, Cents(asked.amount), asked.reference, asked.reason)


# Corrections -------------------------------------------------------------------------------------------------


class Which(Done):
    """Which corrections, and which page of them."""

    state: Literal["asked", "posted", "refused"] | None = None
    steamid: SteamId | None = None
    before: Id | None = None


async def show_corrections(visit: Visit, failed: Failed = NOTHING) -> Response:
    """Corrections, the newest first, each with who asked and who decided."""
    call, asked = await admin(visit), asked_of(visit, Which)
    query = money.CorrectionsAsked(asked.state, asked.steamid, asked.before, Limit(ROWS))
    found = await look(call, "/operator/corrections", query)
    given = {"state": asked.state, "steamid": asked.steamid}
    return page(
        visit,
        "admin_corrections.html",
        failed,
        found=found,
        names=await names(
            call, (who for one in found for who in (one.steamid, one.asked_by, one.decided_by))
        ),
        asked=asked,
        me=call.me.steamid,
        older=older(CORRECTIONS, given, found),
        done=DONE.get(asked.done or "", ""),
    )


class Correcting(msgspec.Struct):
    """A correction, in dollars and one of two directions."""

    steamid: SteamId
    bucket: Literal["deposit", "balance"]
    direction: Literal["add", "take"]
    amount: Amount
    reason: Reason
    reference: Reference


def _correction(asked: Correcting) -> money.CorrectionAsked:
    cents = SignedCents(asked.amount if asked.direction == "add" else -asked.amount)
    return money.CorrectionAsked(asked.steamid, asked.bucket, cents, asked.reason, asked.reference)


# The ledger and fees -----------------------------------------------------------------------------------------


async def show_ledger(visit: Visit, failed: Failed = NOTHING) -> Response:
    """What the newest check of the ledger found, and the fees that were earned and taken out."""
    call, asked = await admin(visit), asked_of(visit, Done)
    last = await look(call, "/operator/check")
    fees = await look(call, "/operator/fees")
    return page(visit, "admin_ledger.html", failed, last=last, fees=fees, done=DONE.get(asked.done or "", ""))


class Withdrawing(msgspec.Struct):
    """Fees that are taken out, in dollars."""

    amount: Amount
    reference: Reference
    reason: Reason


def _fees(asked: Withdrawing) -> money.FeesAsked:
    return money.FeesAsked(Cents(asked.amount), asked.reference, asked.reason)


RECORD = Act(DEPOSITS, "/operator/deposits", show_deposits, DEPOSITS, "recorded", Recording, _deposit, IN_DOLLARS)  # fmt: skip
ASK = Act(CORRECTIONS, "/operator/corrections", show_corrections, CORRECTIONS, "asked", Correcting, _correction, IN_DOLLARS)  # fmt: skip
CHECK = Act(LEDGER, "/operator/check", show_ledger, LEDGER, "checked")
ACTS = (
    Act(f"{DEPOSITS}/reverse", "/operator/deposits/reverse", show_deposits, DEPOSITS, "reversed"),
    Act(f"{CORRECTIONS}/{{id}}/approve", "/operator/corrections/{id}/approve", show_corrections, CORRECTIONS, "approved"),
    Act(f"{CORRECTIONS}/{{id}}/refuse", "/operator/corrections/{id}/refuse", show_corrections, CORRECTIONS, "refused"),
    Act(f"{LEDGER}/fees", "/operator/fees/withdraw", show_ledger, LEDGER, "withdrawn", Withdrawing, _fees, IN_DOLLARS),
)  # fmt: skip


def pages(app: App, desk: Desk) -> list[Page]:
    """The pages of money and their forms."""
    return [
        Page(app, desk, DEPOSITS, get=show_deposits, post=RECORD.handler()),
        Page(app, desk, CORRECTIONS, get=show_corrections, post=ASK.handler()),
        Page(app, desk, LEDGER, get=show_ledger, post=CHECK.handler()),
        *(act.page(app, desk) for act in ACTS),
    ]
