"""Examples of the operator API's calls: what is asked, and the `data` of the answer."""

from typing import Any

from tradepost.dialects.openapi.examples.rows import Example

_ADMIN, _SECOND, _USER, _SELLER = (f"765611980000001{number}" for number in ("01", "02", "77", "78"))
_AT, _LATER = "2026-11-21T12:00:00Z", "2026-11-24T12:00:00Z"
_WHY = "chargeback of invoice-17"

_CHECK: dict[str, Any] = {"id": 311, "at": _AT, "milliseconds": 412, "faults": []}
_SPAN = {
    "bought": 31, "finished": 28, "volume_cents": 48_210, "fees_cents": 2_411, "cancelled_by_seller": 2,
    "cancelled_by_buyer": 1, "cancelled_by_nobody": 0, "reversed": 0,
}  # fmt: skip
_WALLETS = {"deposit": 91_200, "balance": 40_310, "held": 12_000, "payout": 4_000, "reserve": 0}
_OVERVIEW: dict[str, Any] = {
    "at": _AT,
    "real_at": _AT,
    "trades": {"sent": 3, "protected": 41, "finished": 911},
    "spans": {"day": _SPAN, "week": _SPAN, "month": _SPAN},
    "wallets_cents": _WALLETS,
    "agents_online": 12,
    "queue_ages_seconds": {"trades": 0.2, "notices": 0.0, "buy_orders": 0.0, "operator_alerts": 0.0},
    "waiting": {
        "cases": 1, "payouts": 1, "payouts_cents": 4_000, "oldest_payout_at": _AT, "corrections": 0,
        "frozen_accounts": 0, "notices_set_aside": 0,
    },
    "switches_off": {},
    "last_check": _CHECK,
}  # fmt: skip
_SWITCHES = [
    {"name": "api", "is_off": False, "reason": ""},
    {"name": "buying", "is_off": True, "reason": "Steam is down for maintenance"},
]
_RATES = [{"currency": "EUR", "millionths": 921_500, "source": f"operator {_ADMIN}", "at": _AT, "is_usable": True}]  # fmt: skip
_TRADE: dict[str, Any] = {
    "id": 5_012,
    "state": "protected",
    "explanation": "The buyer disputes what he got: an operator looks at it.",
    "item": {
        "project": "csgo", "assetid": "19643581752", "new_assetid": "50000000001",
        "market_hash_name": "AK-47 | Slate (Field-Tested)", "certificate": None,
    },
    "offer_id": 8_120,
    "seller_steamid": _SELLER,
    "buyer_steamid": _USER,
    "price_cents": 431,
    "fee_cents": 22,
    "causer": None,
    "steam_offer_state": 3,
    "steam_tradeofferid": "7000005012",
    "steam_tradeid": "600000000005012",
    "offer_maybe_live": False,
    "created_at": _AT,
    "accepted_at": _AT,
    "protected_until": _LATER,
    "ended_at": None,
    "due_at": None,
    "case_at": _AT,
    "evidence": {
        "events": [{"no": 1, "event": "bought", "from_state": None, "to_state": "created", "witness": "buyer", "detail": {}, "at": _AT}],
        "directives": [{"id": "d1", "action": "create", "device_id": "v1", "created_at": _AT, "status": "done", "answered_at": _AT}],
        "cases": [{"reason": "The buyer disputes what he got.", "opened_at": _AT, "closed_at": None, "ruling": None}],
        "dispute": "It is another float than was shown.",
        "disputed_at": _AT,
    },
}  # fmt: skip
_ACCOUNT: dict[str, Any] = {
    "id": 77, "steamid": _USER, "name": "Ann", "avatar": "", "trade_token": "zPvo-jv3", "trade_token_refused_at": None,
    "hold_until": None, "known_by": "sign_in", "sold_count": 4, "may_trade_with_self": False, "created_at": _AT,
}  # fmt: skip
_DOSSIER: dict[str, Any] = {
    "account": _ACCOUNT,
    "wallet": {
        "account_id": 77, "deposit_cents": 2_000, "balance_cents": 12_345, "held_cents": 0, "payout_cents": 4_000,
        "reserve_cents": 0,
    },
    "profile": {
        "account_id": 77, "mail": "ann@example.com", "mail_notices": True, "skrill": "ann@example.com",
        "skrill_set_at": _AT, "factor_set_at": None, "discord": "", "discordtag": "", "shorturl": "ann42",
        "active_at": _AT,
    },
    "is_admin": False,
    "has_factor": False,
    "frozen_at": None,
    "freezings": [{"reason": _WHY, "frozen_at": _AT, "thawed_at": _LATER}],
    "bans": [{"id": 3, "side": "buyer", "reason": _WHY, "from_at": _AT, "until_at": _LATER, "lifted_at": None}],
    "counts": {"trades_open": 1, "offers_on_sale": 2, "orders_live": 0, "payouts_open": 1, "tokens": 1, "sessions": 1},
    "unread_messages": 1,
}  # fmt: skip
_CORRECTION: dict[str, Any] = {
    "id": 9, "reference": "ticket-4411", "account_id": 77, "steamid": _USER, "bucket": "balance", "amount_cents": -250,
    "reason": "invoice-17 was booked twice", "state": "asked", "asked_by": _ADMIN, "asked_at": _AT, "decided_by": None,
    "decided_at": None, "decided_reason": "",
}  # fmt: skip
_DECIDED = {"decided_by": _SECOND, "decided_at": _LATER, "decided_reason": "the bank's statement says so"}
_DEPOSIT: dict[str, Any] = {
    "reference": "wire-2026-11-21", "account_id": 77, "steamid": _USER, "amount_cents": 2_000, "note": "wire of 21 November", "at": _AT,
    "reversed_at": None, "reversed_note": None,
}  # fmt: skip
_PAYOUT: dict[str, Any] = {
    "id": 7, "account_id": 77, "steamid": _USER, "amount_cents": 4_000, "method": "skrill", "address": "ann@example.com", "needed": 1,
    "state": "approved", "reference": None, "reason": "", "asked_at": _AT, "changed_at": _LATER, "ended_at": None,
}  # fmt: skip
_ASKED = {"no": 1, "step": "ask", "from_state": None, "to_state": "asked", "actor": "owner", "reason": "", "at": _AT}  # fmt: skip


def _payout(state: str, **more: Any) -> dict[str, Any]:
    return {**_PAYOUT, "state": state, **more}


def _of(**asked: Any) -> dict[str, Any]:
    return {"steamid": _USER, **asked}


OPERATOR: dict[str, Example] = {
    "show_overview": Example({}, _OVERVIEW),
    "list_cases": Example({}, [{"trade_id": 5_012, "opened_at": _AT, "reason": "The buyer disputes what he got."}]),
    "rule_case": Example(
        {"id": 5_012, "verdict": "refund", "causer": "seller", "reason": "the float differs"},
        {"state": "reversed", "explanation": "An operator gave the price back."},
    ),
    "close_case": Example({"id": 5_012, "reason": "Steam shows that it ended well"}, {"closed": True}),
    "show_trade": Example({"id": "5012"}, _TRADE),
    "list_switches": Example({}, _SWITCHES),
    "turn": Example({"name": "buying", "off": True, "reason": "Steam is down for maintenance"}, _SWITCHES),
    "list_rates": Example({}, _RATES),
    "set_rate": Example({"currency": "EUR", "rate": "0.9215", "reason": "the source is down"}, _RATES),
    "list_alerts": Example({"limit": 1}, [{
        "id": 12, "ref": "trade:5012", "kind": "trade_stuck", "text": "Trade 5012 waits for an operator.", "at": _AT,
        "due_at": None, "attempts": 1, "mailed_at": _AT, "called_at": None, "fault": None}]),
    "read_audit": Example({"subject": _USER, "deed": "ban added"}, [{
        "id": 900, "at": _AT, "actor": _ADMIN, "subject": _USER, "deed": "ban added",
        "detail": {"side": "buyer", "until": _LATER}, "reason": _WHY, "request_id": "r-8f2c"}]),
    "users": Example({"search": "ann", "limit": 50}, [{
        "account_id": 77, "steamid": _USER, "name": "Ann", "known_by": "sign_in", "created_at": _AT, "sold_count": 4,
        "frozen_at": None, "left_at": None, "is_admin": False, "is_banned": True}]),
    "user": Example(_of(), _DOSSIER),
    "entries": Example(_of(limit=1), [{
        "transfer_id": 61_000, "key": "deposit:wire-2026-11-21", "kind": "deposit", "trade_id": None, "note": "", "at": _AT,
        "bucket": "deposit", "amount_cents": 2_000, "after_cents": 2_000}]),
    "read_messages": Example(_of(limit=1), [{"id": 5, "text": "Please write to us.", "at": _AT, "read_at": None}]),
    "send_message": Example(_of(text="Please write to us."), {"id": 5}),
    "ban": Example(_of(side="buyer", days=3, reason=_WHY), {
        "id": 3, "steamid": _USER, "side": "buyer", "reason": _WHY, "from_at": _AT, "until_at": _LATER}),
    "lift": Example(_of(side="buyer", reason="it was paid after all"), {"lifted": 1}),
    "freeze": Example(_of(reason=_WHY, code="123456"), {"frozen": True, "offers_ended": [812, 813]}),
    "thaw": Example(_of(reason="it was paid after all"), {"frozen": False}),
    "delete": Example(_of(reason="he asked for it by letter"), {"deleted": True}),
    "sign_out": Example(_of(reason="his mail was stolen"), {"sessions": 2, "jwts": 1}),
    "reset_factor": Example(_of(reason="he lost his telephone"), {"has_factor": False}),
    "admins": Example({}, [{
        "account_id": 1, "steamid": _ADMIN, "name": "Olga", "granted_at": _AT, "granted_by": None}]),
    "grant_admin": Example({"steamid": _SECOND, "reason": "works with us from today"}, {"granted": True}),
    "revoke_admin": Example({"steamid": _SECOND, "reason": "works elsewhere"}, {"revoked": True}),
    "list_corrections": Example({"state": "asked"}, [_CORRECTION]),
    "ask_correction": Example(
        _of(bucket="balance", amount_cents=-250, reason=_CORRECTION["reason"], reference="ticket-4411"), _CORRECTION
    ),
    "approve_correction": Example(
        {"id": 9, "reason": _DECIDED["decided_reason"]}, {**_CORRECTION, **_DECIDED, "state": "posted"}
    ),
    "refuse_correction": Example(
        {"id": 9, "reason": _DECIDED["decided_reason"]}, {**_CORRECTION, **_DECIDED, "state": "refused"}
    ),
    "list_deposits": Example(_of(limit=50), [_DEPOSIT]),
    "record_deposit": Example(
        _of(amount_cents=2_000, reference="wire-2026-11-21", reason="wire of 21 November"),
        {"recorded": True, "deposit": _DEPOSIT},
    ),
    "reverse_deposit": Example(
        {"reference": "wire-2026-11-21", "reason": "the bank took it back"},
        {**_DEPOSIT, "reversed_at": _LATER, "reversed_note": "the bank took it back"},
    ),
    "show_fees": Example({}, {
        "left_cents": 120_300,
        "withdrawn": [{"reference": "fees-2026-10", "amount_cents": 90_000, "note": "October", "at": _AT}]}),
    "withdraw_fees": Example(
        {"amount_cents": 100_000, "reference": "fees-2026-11", "reason": "November"}, {"withdrawn": True}
    ),
    "list_payouts": Example({}, [_payout("asked")]),
    "show_payout": Example({"id": "7"}, {"payout": _payout("asked"), "events": [_ASKED]}),
    "approve_payout": Example({"id": 7}, _PAYOUT),
    "refuse_payout": Example(
        {"id": 7, "reason": "the address is not his"}, _payout("refused", reason="the address is not his", ended_at=_LATER)
    ),
    "send_payout": Example({"id": 7}, _payout("sending")),
    "lose_payout": Example({"id": 7, "reason": "Skrill timed out"}, _payout("unknown", reason="Skrill timed out")),
    "clear_payout": Example({"id": 7, "reason": "not in its books"}, _payout("approved", reason="not in its books")),
    "pay_payout": Example(
        {"id": 7, "reference": "skrill-998877"}, _payout("paid", reference="skrill-998877", ended_at=_LATER)
    ),
    "last_check": Example({}, _CHECK),
    "check_now": Example({}, _CHECK),
}  # fmt: skip
