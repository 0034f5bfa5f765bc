"""The simulated Steam, as the sandbox's console commands it: what fails from now on, and what somebody does with an offer.

Only where no item is real: in production every verb here answers as if there were none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import aiohttp
import msgspec

from tradepost.app import App
from tradepost.market import trades
from tradepost.market.trade_view import TradeView
from tradepost.rules.refusals import Conflicting, NotFound, SteamUnavailable, UnknownRoute

SECONDS = 5.0  # for one answer
SLOW_SECONDS = 5
HOLD_DAYS = 15
STATUS_OK, STATUS_REFUSED = 200, 400
NO_TRADE = "You have no such trade."

FaultName = Literal["down", "slow", "busy", "blind", "refused", "unsure", "holds"]
DeedName = Literal[
    "accept", "decline", "cancel", "expire", "confirm", "reject",
    "reverse_by_buyer", "reverse_by_seller", "offline", "online", "escrow", "no_escrow",
]  # fmt: skip

# What the simulator is ordered to break; `times` 0 lasts until it is ended.
FAULTS: Mapping[FaultName, Mapping[str, object]] = {
    "down": {"kind": "all", "mode": "status", "code": 503, "times": 0},
    "slow": {"kind": "all", "mode": "slow", "seconds": SLOW_SECONDS, "times": 0},
    "busy": {"kind": "inventory", "mode": "status", "code": 429, "times": 5},
    "blind": {"kind": "offers", "mode": "status", "code": 500, "times": 0},
    "refused": {"kind": "send", "mode": "strerror", "code": 26, "times": 1},
    "unsure": {"kind": "send", "mode": "created_but_16", "times": 1},
    "holds": {"kind": "holds", "mode": "status", "code": 500, "times": 3},
}
OFFLINE: Mapping[str, object] = {"kind": "all", "mode": "drop", "times": 0}  # of one seller's program


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault that waits for requests."""

    id: int
    mode: str
    kind: str
    steamid: str  # only requests of, or about, this account; nothing: all
    times: int  # 0: until it is ended
    left: int
    hits: int
    code: int = 0
    seconds: float = 0.0


async def faults(app: App) -> list[Fault]:
    """Return the faults that wait, the oldest first."""
    answer = await _call(app, "GET", "faults")
    return msgspec.convert(answer["faults"], list[Fault])


async def break_steam(app: App, name: FaultName, steamid: str = "") -> None:
    """Let Steam fail in a way that has a name, for everybody or for one account; the same twice is once."""
    await _order(app, {**FAULTS[name], "steamid": steamid})


async def mend(app: App, fault_id: int | None = None) -> None:
    """End one fault, or all."""
    await _call(app, "DELETE", "faults" if fault_id is None else f"faults/{fault_id}")


async def play(app: App, account_id: int, trade_id: int, deed: DeedName) -> None:
    """Do what somebody at the other end does with one of an account's own trades.

    Raises NotFound for another's trade, Conflicting with the simulator's own words for what cannot be done now.
    """
    view = await trades.read(app.db, trade_id)
    if view is None or account_id not in (view.trade.buyer_id, view.trade.payee_id, view.trade.seller_id):
        raise NotFound(NO_TRADE)
    seller, buyer = view.seller_steamid, view.trade.buyer_steamid
    match deed:
        case "offline":
            await _order(app, {**OFFLINE, "steamid": seller})
        case "online":
            for fault in await faults(app):
                if fault.steamid == seller and fault.mode == OFFLINE["mode"]:
                    await mend(app, fault.id)
        case "escrow" | "no_escrow":
            await _call(app, "POST", f"users/{buyer}", {"hold_days": HOLD_DAYS if deed == "escrow" else 0})
        case "reverse_by_buyer" | "reverse_by_seller":
            offer = await _call(app, "GET", f"offers/{_offer(view)}")
            if not offer["tradeid"]:
                raise Conflicting(
                    "This Steam offer was not accepted yet, so there is nothing to be taken back."
                )
            by = buyer if deed == "reverse_by_buyer" else seller
            # Without the ban that Steam puts on whoever does so: the next try would fail for another reason.
            await _call(app, "POST", f"trades/{offer['tradeid']}/reverse", {"by": by, "ban": False})
        case _:
            await _call(app, "POST", f"offers/{_offer(view)}/{deed}", {})


def _offer(view: TradeView) -> str:
    found = view.trade.steam_tradeofferid
    if found is None:
        raise Conflicting(
            "There is no Steam offer of this trade yet: the seller's program sends it within seconds."
        )
    return found


async def _order(app: App, order: Mapping[str, object]) -> None:
    told = {name: value for name, value in order.items() if name not in ("times", "seconds")}
    for fault in await faults(app):
        if all(getattr(fault, name, None) == value for name, value in told.items()):
            await mend(app, fault.id)
    await _call(app, "POST", "faults", order)


async def _call(app: App, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
    """What the simulator's control API answers; its refusals are ours."""
    base = app.settings.steam_control_url
    if app.settings.mode == "production" or not base:
        raise UnknownRoute("There is no simulated Steam here.")
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=SECONDS)) as http,
            http.request(method, f"{base}/_sim/{path}", json=body) as answer,
        ):
            status, said = answer.status, await answer.json(content_type=None)
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise SteamUnavailable("The simulated Steam does not answer.") from error
    if status == STATUS_REFUSED:
        raise Conflicting(f"The simulated Steam says: {said['error']}.")
    if status != STATUS_OK:
        raise SteamUnavailable(f"The simulated Steam answered with status {status}.")
    return said
