"""Examples of v2's calls of notices, and of the stream."""

import json
from typing import Any

from tradepost.dialects.openapi.examples.rows import MOMENT, TRADE, Example, item, listed, success

_WEBHOOK = {
    "url": "https://shop.example/tradepost",
    "events": ["trade.accepted", "trade.finished", "trade.cancelled"],
    "time_set": MOMENT,
    "old_secret_until": None,
    "is_silent": False,
}


def notice(
    type_: str,
    payload: Any,
    *attempts: dict[str, Any],
    state: str = "delivered",
    payment_id: str | None = None,
) -> dict[str, Any]:
    """A notice; one with the parameters of an IPN is one."""
    return {
        "id": "901",
        "webhook_id": "msg_2c1f0a8be4d94f0b9a3c5d6e7f801b92",
        "kind": "ipn" if "hash" in payload else "webhook",
        "type": type_,
        "payment_id": payment_id,
        "state": state,
        "time_created": MOMENT,
        "next_attempt": None if state == "delivered" else MOMENT,
        "attempts_left": 0 if state == "delivered" else 8,
        "payload": payload,
        "attempts": list(attempts),
    }


_ATTEMPT = {
    "no": 1,
    "time": MOMENT,
    "request": "POST https://shop.example/tradepost",
    "status": 204,
    "answer": "",
    "milliseconds": 41,
    "result": "received",
    "reason": None,
}
_PING = {"type": "ping", "timestamp": "2026-11-21T12:00:00Z", "data": {}}
_TRADE = {
    "type": "trade.finished",
    "timestamp": "2026-11-21T12:00:00Z",
    "data": {**TRADE, "state": "finished", "type": "buy"},
}
_STREAM = "\n\n".join(
    [
        "retry: 1000",
        'id: 812-33\nevent: hello\ndata: {"last_event_id":"812-33"}',
        f"id: 813-1\nevent: offer.made\ndata: {json.dumps(item('0.13'), separators=(',', ':'))}",
        ": still here\nid: 815-2",
    ]
)

NOTICES: dict[str, Example] = {
    "webhook": Example({}, success(data=_WEBHOOK)),
    "set_webhook": Example(
        {"url": _WEBHOOK["url"], "events": _WEBHOOK["events"]},
        success(data={**_WEBHOOK, "secret": "whsec_Zm9yIGRvY3VtZW50cyBhbmQgbm90aGluZyBlbHNlIQ=="}),
    ),
    "remove_webhook": Example({}, success(data={"set_aside": 0})),
    "ping": Example({}, success(data=notice("ping", _PING, state="waiting"))),
    "list_notices": Example(
        {"states": ["delivered"], "limit": 20}, listed(notice("trade.finished", _TRADE, _ATTEMPT))
    ),
    "resend": Example(
        {"id": "901"}, success(data=notice("trade.finished", _TRADE, _ATTEMPT, state="waiting"))
    ),
    "stream": Example({"events": ["offer.made", "offer.gone"], "project": ["csgo"]}, _STREAM),
}
