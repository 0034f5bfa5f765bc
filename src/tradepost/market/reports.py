"""What agents answer to their directives: compared with what was asked, then an event of the trade."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from tradepost.app import App
from tradepost.db import Record, Tx, UniqueViolationError
from tradepost.market import endings, feed, presence, trades
from tradepost.market.agents import Agent
from tradepost.market.directives import witness_of
from tradepost.market.sightings import (
    ANOTHERS_OFFER,
    TOO_OFTEN,
    SeenItem,
    Verdict,
    identity_fault,
    ids_fault,
    is_overlong,
)
from tradepost.market.trade_view import TradeView
from tradepost.rules.trade import (
    Decision,
    Event,
    OfferAbsent,
    OfferSeen,
    SendCause,
    SendRefused,
    SendUnknown,
)

Status = Literal["success", "needs_confirmation", "failed", "deferred", "absent", "unsupported", "malformed"]

ACTIVE, NEEDS_CONFIRMATION = 2, 9
UNKNOWN_OUTCOMES = ("timeout_unknown", "service_down")  # Steam may have done it all the same
WAIT_SECONDS_MIN = 5
WAIT_SECONDS_MAX = 1_800
WAIT_SECONDS = 60  # until it is asked again, where neither the agent nor the next lines say otherwise
WAIT_SECONDS_AFTER: dict[str, int] = {
    "partner_limit": 120,
    "account_limit": 120,
    "not_logged_in": 30,
    "new_device": 600,
}
_CAUSES: dict[str, SendCause] = {cause.value: cause for cause in SendCause}
TAKEN = Verdict(True)
KNOWN = Verdict(True, "known")


@dataclass(frozen=True, slots=True)
class Answer:
    """What an agent says came of a directive."""

    directive_id: str
    status: Status
    steam_tradeofferid: str | None = None
    partner_steamid: str | None = None
    items: tuple[SeenItem, ...] = ()
    code: int | None = None
    cause: str | None = None
    text: str | None = None
    retry_seconds: int | None = None

    @property
    def is_unknown(self) -> bool:
        """Whether the agent does not know what came of it, and goes on looking."""
        return self.status == "failed" and self.cause in UNKNOWN_OUTCOMES

    def offer(self, default: int | None = None) -> OfferSeen | None:
        """Return the Steam offer that it tells of, in the state it names or else in the default one."""
        code = default if self.code is None else self.code
        if self.steam_tradeofferid is None or code is None:
            return None
        return OfferSeen(code, self.steam_tradeofferid)

    def detail(self) -> dict[str, object]:
        """Return what the trade's time line keeps of it."""
        told = {
            "directive_id": self.directive_id,
            "status": self.status,
            "steam_tradeofferid": self.steam_tradeofferid,
            "code": self.code,
            "cause": self.cause,
            "text": self.text,
        }
        return {name: value for name, value in told.items() if value is not None}


async def answered(app: App, agent: Agent, answer: Answer) -> Verdict:
    """Take an agent's answer to one directive; what it says of its trade happens in the same transaction."""
    try:
        async with app.db.transaction() as tx:
            directive = await _read(tx, agent, answer.directive_id)
            if directive is None:
                return Verdict(False, "There is no such directive of this account.")
            if directive["trade_id"] is None:
                return await _inventory_failed(tx, directive, answer, app.real_now())
            verdict, decision = await _answered(tx, app, agent, directive["trade_id"], answer)
    except UniqueViolationError:  # two trades were told the same Steam offer at the same moment
        return Verdict(False, ANOTHERS_OFFER)
    if decision is not None:
        await trades.after(app, decision)
    return verdict


async def _answered(
    tx: Tx, app: App, agent: Agent, trade_id: int, answer: Answer
) -> tuple[Verdict, Decision | None]:
    view = await trades.lock(tx, trade_id)
    directive = await _read(tx, agent, answer.directive_id)  # as it is now that nobody else can change it
    if view is None or directive is None:
        raise RuntimeError(f"directive {answer.directive_id} lost its trade")
    verdict, event = await _weigh(tx, agent, directive, view, answer)
    decision = None
    if event is not None:
        decision = await trades.happened(
            tx,
            app.settings,
            trade_id,
            event,
            witness=witness_of(agent, "seller"),
            now=app.now(),
            detail=answer.detail(),
        )
        if decision.refused is not None:
            verdict, decision = Verdict(False, decision.refused), None
    # An answer that no longer fits the trade is an answer all the same: it is not asked for again.
    if (event is not None or verdict == TAKEN) and not (
        directive["action"] == "create_offer" and answer.is_unknown
    ):
        await _close(tx, directive, answer, app.real_now())
    return verdict, decision


async def _read(tx: Tx, agent: Agent, directive_id: str) -> Record | None:
    rows = await tx.fetch(
        "SELECT id, trade_id, action, device_id, body, status FROM directive"
        " WHERE id = $1 AND account_id = $2",
        directive_id, agent.account_id,
    )  # fmt: skip
    return rows[0] if rows else None


async def _weigh(
    tx: Tx, agent: Agent, directive: Record, view: TradeView, answer: Answer
) -> tuple[Verdict, Event | None]:
    """Compare an answer with its directive and return what it means, or why it is refused.

    An offer that exists is heard of from whoever tells of it, and however late. That there is none, only the
    device that has the order can know.
    """
    if directive["status"] == answer.status:
        return KNOWN, None
    refused = None
    if await is_overlong(tx, view.trade.id, "seller"):
        refused = TOO_OFTEN
    elif answer.steam_tradeofferid is not None:
        refused = identity_fault(view, "seller", answer.partner_steamid or "", answer.items)
        refused = refused or await ids_fault(tx, view, answer.steam_tradeofferid)
    elif directive["status"] not in (None, "void"):
        refused = "This directive was answered already."
    elif directive["device_id"] != agent.device_id:
        refused = "This directive was given to another device."
    if refused is not None:
        return Verdict(False, refused), None
    match directive["action"]:
        case "create_offer":
            return _weigh_create(answer)
        case "cancel_offer":
            return _weigh_cancel(view, answer)
        case _:
            return TAKEN, answer.offer()


def _weigh_create(answer: Answer) -> tuple[Verdict, Event | None]:
    match answer.status:
        case "success" | "needs_confirmation":
            event = answer.offer(ACTIVE if answer.status == "success" else NEEDS_CONFIRMATION)
            return (
                TAKEN if event else Verdict(False, "A created offer has a steam_tradeofferid."),
                event,
            )
        case "absent":
            return TAKEN, OfferAbsent()
        case _ if answer.is_unknown:
            return TAKEN, SendUnknown()
        case _:
            # A word for a cause that the machine does not have is nobody's fault: it is tried again.
            return TAKEN, SendRefused(_CAUSES.get(answer.cause or "", SendCause.OTHER))


def _weigh_cancel(view: TradeView, answer: Answer) -> tuple[Verdict, Event | None]:
    if answer.status == "absent":
        if view.trade.steam_tradeofferid is not None:
            return Verdict(False, "This trade's Steam offer is known; its state is what is asked."), None
        return TAKEN, OfferAbsent()
    event = answer.offer()
    if answer.status == "success" and event is None:
        return Verdict(False, "A cancelled offer has a steam_tradeofferid and a code."), None
    return TAKEN, event


async def _close(tx: Tx, directive: Record, answer: Answer, real_now: datetime) -> None:
    """Write the answer down; `leased_until` is from now on when the same may be asked again."""
    again_at = real_now + timedelta(seconds=_wait_seconds(directive["action"], answer))
    await tx.execute(
        "UPDATE directive SET status = $2, answered_at = $3, leased_until = $4 WHERE id = $1",
        directive["id"], answer.status, real_now, again_at,
    )  # fmt: skip


def _wait_seconds(action: str, answer: Answer) -> int:
    # What was done well leads on by itself; a cancel that the trade still needs after it was none.
    if answer.status in ("success", "needs_confirmation", "absent") and action == "create_offer":
        return 0
    if answer.retry_seconds is not None:
        return max(WAIT_SECONDS_MIN, min(answer.retry_seconds, WAIT_SECONDS_MAX))
    return WAIT_SECONDS_AFTER.get(answer.cause or "", WAIT_SECONDS)


# Inventories -----------------------------------------------------------------------------------------


async def _inventory_failed(tx: Tx, directive: Record, answer: Answer, real_now: datetime) -> Verdict:
    """Note that an inventory could not be read; it is asked for again after a while."""
    if directive["status"] is not None:
        return KNOWN
    if answer.status == "success":
        return Verdict(False, "An inventory is answered with POST /agent/v1/inventory.")
    wait = timedelta(seconds=_wait_seconds("report_inventory", answer))
    await tx.execute("UPDATE directive SET leased_until = $2 WHERE id = $1", directive["id"], real_now + wait)
    return TAKEN


@dataclass(frozen=True, slots=True)
class InventorySeen:
    """What an agent found in its own inventory of one game."""

    directive_id: str
    appid: int
    contextid: int
    present_assetids: Collection[str]
    complete: bool


async def inventory_seen(app: App, agent: Agent, seen: InventorySeen) -> Verdict:
    """Take a reading of a seller's inventory: what was asked for and is not there is not for sale."""
    real_now = app.real_now()
    async with app.db.transaction() as tx:
        directive = await _read(tx, agent, seen.directive_id)
        if directive is None or directive["action"] != "report_inventory":
            return Verdict(False, "There is no such directive of this account.")
        body = directive["body"]
        if (seen.appid, seen.contextid) != (body["appid"], int(body["contextid"])):
            return Verdict(False, "Another inventory was asked for.")
        # Only the first answer counts: a later one could be an older reading.
        closed = await tx.execute(
            "UPDATE directive SET status = 'success', answered_at = $2, leased_until = $2"
            " WHERE id = $1 AND status IS NULL",
            seen.directive_id, real_now,
        )  # fmt: skip
        if not closed:
            return KNOWN
        changed = await endings.end_missing(
            tx,
            agent.account_id,
            body["project"],
            seen.present_assetids,
            seen.complete,
            body["assetids"],
            real_now,
            made_before=datetime.fromisoformat(body["asked_at"]),
        )
        await presence.scanned(tx, agent.account_id, body["project"], real_now, complete=seen.complete)
    await feed.tell(app, changed)
    return TAKEN
