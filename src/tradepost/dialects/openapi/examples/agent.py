"""Examples of the agent API's calls."""

from typing import Any

from tradepost.dialects.openapi.examples.rows import ASSET, RECEIVER, STEAMID, VALENCE, Example

_MERCHANT = "76561198000000001"
_NOW, _LATER = "2026-11-21T12:00:00Z", "2026-11-21T12:15:00Z"
_DIRECTIVE = "dir_0123456789abcdef01234567"
_DEVICE = {"device_id": "desk", "platform": "linux", "version": "0.1.0"}
_ITEM = {"appid": 730, "contextid": "2", "assetid": ASSET, "amount": 1}
_GRANTS = [{"merchant_steamid": _MERCHANT, "merchant_name": "Shop", "floor_bps": 7500, "given_at": _NOW}]
_OFFER: dict[str, Any] = {"steam_tradeofferid": "4285501167", "partner_steamid": RECEIVER, "items": [_ITEM]}

AGENT: dict[str, Example] = {
    "pair": Example(
        {"code": "K7QM-2XPD", **_DEVICE},
        {"agent_token": "agt_...", "steamid": STEAMID, "grants": _GRANTS},
    ),
    "heartbeat": Example(
        {
            "steamid": STEAMID,
            "session": {"ok": True, "expires_at": "2026-11-22T09:00:00Z"},
            "capabilities": ["create", "cancel", "watch", "inventory"],
            **_DEVICE,
        },
        {
            "server_time": _NOW,
            "ttl_seconds": 30,
            "accepted": True,
            "steamid": STEAMID,
            "watch": [],
            "directives": [
                {
                    "action": "create_offer",
                    "directive_id": _DIRECTIVE,
                    "lease_seconds": 120,
                    "trade_id": "2235",
                    "partner_steamid": RECEIVER,
                    "trade_token": "zPvo-jv3",
                    "items": [_ITEM],
                    "message": "#2235",
                    "bought_at": _NOW,
                    "send_until": _LATER,
                    "market_hash_name": VALENCE,
                    "price_cents": 13,
                    "steam_price_cents": 14,
                    "merchant_steamid": _MERCHANT,
                    "merchant_name": "Shop",
                }
            ],
            "grants": _GRANTS,
        },
    ),
    "results": Example(
        {"results": [{"directive_id": _DIRECTIVE, "status": "success", **_OFFER}]},
        {"results": [{"directive_id": _DIRECTIVE, "accepted": True, "reason": None}]},
    ),
    "trade_events": Example(
        {"events": [{"trade_id": "2235", "axis": "offer", "code": 3, "observed_at": _NOW, **_OFFER}]},
        {"events": [{"trade_id": "2235", "axis": "offer", "code": 3, "accepted": True, "reason": None}]},
    ),
    "inventory": Example(
        {
            "directive_id": _DIRECTIVE,
            "appid": 730,
            "contextid": "2",
            "scan_complete": True,
            "present_assetids": [ASSET],
        },
        {"directive_id": _DIRECTIVE, "accepted": True, "reason": None},
    ),
    "offline": Example({}, {"accepted": True}),
    "unpair": Example({}, {"accepted": True}),
    "events": Example({}, ": wake-ups follow\n\nevent: wake\ndata: {}\n\n: still here"),
}
