"""Faults on demand: what goes wrong, where, for whom and how often."""

import json
import re
from dataclasses import dataclass
from typing import Any

import msgspec

FAULTS_MAX = 100
SECONDS_MAX = 600
TIMES_MAX = 1_000_000
HANG_SECONDS = 30.0

# What a kind means: the paths it covers.
KINDS: dict[str, re.Pattern[str]] = {
    name: re.compile(pattern)
    for name, pattern in {
        "all": r"/",
        "inventory": r"/inventory/|/IEconService/GetInv|/tradeoffer/new/partnerinv|/profiles/\d+/inventory",
        "send": r"/tradeoffer/new/send",
        "accept": r"/tradeoffer/\d+/accept",
        "decline": r"/tradeoffer/\d+/decline",
        "cancel": r"/tradeoffer/\d+/cancel",
        "offers": r"/IEconService/GetTradeOffer",
        "history": r"/IEconService/GetTrade(History|Status)",
        "holds": r"/IEconService/GetTradeHoldDurations",
        "profiles": r"/ISteamUser/|/profiles/\d+$",
        "market": r"/market/",
        "openid": r"/openid/",
        "mobileconf": r"/mobileconf/",
        "login": r"/IAuthenticationService/|/jwt/|/pointssummary/",
    }.items()
}
MODES = ("strerror", "status", "timeout", "slow", "drop", "created_but_16", "garbage", "null", "html")


class FaultOrder(msgspec.Struct, forbid_unknown_fields=True):
    """What the control API is asked to break."""

    mode: str
    kind: str = "all"
    path_prefix: str = ""
    times: int = 1  # 0: until it is deleted
    code: int = 0  # of a strError or the HTTP status
    text: str = ""  # a strError's whole text, instead of the usual one
    seconds: float = HANG_SECONDS
    steamid: str = ""  # only requests signed in as, or naming, this account
    after: bool = False  # do the deed first, then answer so

    def flaw(self) -> str | None:
        """What is wrong with this order, or nothing."""
        if self.mode not in MODES:
            return f"mode must be one of {', '.join(MODES)}"
        if self.kind not in KINDS:
            return f"kind must be one of {', '.join(KINDS)}"
        if not 0 <= self.times <= TIMES_MAX or not 0 <= self.seconds <= SECONDS_MAX:
            return f"times is 0 to {TIMES_MAX}, seconds 0 to {SECONDS_MAX}"
        if self.mode == "status" and not 200 <= self.code <= 599:  # noqa: PLR2004 - HTTP's statuses
            return "mode status needs a code from 200 to 599"
        return None


@dataclass
class Fault:
    """A fault that waits for its request."""

    id: int
    order: FaultOrder
    left: int
    hits: int = 0

    @property
    def is_after(self) -> bool:
        """Whether the deed is done before the answer goes wrong."""
        return self.order.after or self.order.mode == "created_but_16"

    def shown(self) -> dict[str, Any]:
        """The fault as the control API lists it."""
        order: dict[str, Any] = msgspec.to_builtins(self.order)
        return order | {"id": self.id, "left": self.left, "hits": self.hits}


class Faults:
    """The faults that wait, oldest first. They are not stored: a restart is a new day."""

    def __init__(self) -> None:
        self._waiting: dict[int, Fault] = {}
        self._next_id = 1

    def add(self, order: FaultOrder) -> Fault:
        """Takes an order; the oldest fault makes room when there are too many."""
        fault = Fault(self._next_id, order, order.times)
        self._next_id += 1
        self._waiting[fault.id] = fault
        if len(self._waiting) > FAULTS_MAX:
            del self._waiting[next(iter(self._waiting))]
        return fault

    def clear(self, fault_id: int | None = None) -> int:
        """Removes one fault or all; says how many."""
        if fault_id is not None:
            return 1 if self._waiting.pop(fault_id, None) else 0
        count = len(self._waiting)
        self._waiting.clear()
        return count

    def listed(self) -> list[dict[str, Any]]:
        """The faults that still wait."""
        return [fault.shown() for fault in self._waiting.values()]

    def take(self, path: str, steamids: set[str]) -> Fault | None:
        """The first fault that fits this request, used up by one."""
        for fault in self._waiting.values():
            order = fault.order
            if order.path_prefix and not path.startswith(order.path_prefix):
                continue
            if not KINDS[order.kind].match(path) or (order.steamid and order.steamid not in steamids):
                continue
            fault.hits += 1
            if fault.left:
                fault.left -= 1
                if not fault.left:
                    del self._waiting[fault.id]
            return fault
        return None


def str_error(what: str, code: int, text: str = "") -> bytes:
    """The JSON of Steam's complaint, with the double space that it has."""
    sentence = text or f"There was an error {what}.  Please try again later. ({code})"
    return json.dumps({"strError": sentence}, ensure_ascii=False).encode()


def broken_answer(fault: Fault) -> tuple[int, str, bytes]:
    """The status, content type and body that a fault answers with."""
    order = fault.order
    json_type, html_type = "application/json; charset=utf-8", "text/html; charset=utf-8"
    match order.mode:
        case "created_but_16":
            return 500, json_type, str_error("sending your trade offer", 16)
        case "strerror":
            return 500, json_type, str_error("sending your trade offer", order.code, order.text)
        case "status":
            return order.code, json_type, b"null"
        case "garbage":
            return order.code or 200, json_type, b'{"success":true,"assets":[{"appid":73'
        case "null":
            return order.code or 200, json_type, b"null"
        case _:
            sorry = "<html><head><title>Steam Community :: Error</title></head><body><h1>Sorry!</h1>"
            sorry += "<h3>An error was encountered while processing your request:</h3></body></html>"
            return order.code or 200, html_type, sorry.encode()
