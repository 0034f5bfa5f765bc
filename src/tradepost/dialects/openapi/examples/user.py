"""Examples of the user API's calls: what is asked, and the `content` of the answer."""

from typing import Any

from tradepost.dialects.openapi.examples.rows import Example

_STEAMID, _NOW = "76561198000000101", 1_795_262_400
_MONTH = 31 * 86_400
_BALANCE: dict[str, Any] = {"balance": 12_345}
_INFOS: dict[str, Any] = {
    "informations": {
        "steamId": _STEAMID,
        "balance": 12_345,
        "skrill": "ann@example.com",
        "tradeurl": "https://steamcommunity.com/tradeoffer/new/?partner=39734373&token=zPvo-jv3",
        "since": 1_763_726_400,
        "image": "https://avatars.steamstatic.com/fef49e7fa7e1997310d705b2a6158ff8dc1cdfeb_full.jpg",
        "2fa": "true",
        "name": "Ann",
        "lastactivity": _NOW,
        "discordtag": "ann#1234",
        "discord": "80351110224678912",
        "shorturl": "ann42",
        "message": 0,
        "notification": 1,
    }
}
_CODES = {"recoveryCodes": [f"{pair}-{pair[::-1]}" for pair in (
    "k7qm2", "xpd9a", "b3c4d", "e5f6g", "h7j8k", "m9n2p", "q3r4s", "t5u6v", "w7x8y", "z9a2b")]}  # fmt: skip
_MAIL = {"address": "ann@example.com"}

_PAYOUT: dict[str, Any] = {
    "id": 7,
    "amount": 4_000,
    "method": "skrill",
    "address": "ann@example.com",
    "state": "asked",
    "reason": "",
    "reference": None,
    "timestamp": _NOW,
    "changed": _NOW,
}


def _told(id_: int, text: str) -> dict[str, Any]:
    row = {"id": id_, "text": text, "timestamp": _NOW, "closed": False}
    return {"informations": [row], "page": 0, "count": 50, "total": 1}


_ORDER: dict[str, Any] = {
    "id": 77,
    "steamid": _STEAMID,
    "user": _STEAMID,
    "itemid": 8101,
    "item_id": 8101,
    "name": "AK-47 | Slate (Field-Tested)",
    "price": 431,
    "value": 431,
    "amount": 2,
    "timestamp": str(_NOW),
    "project": "csgo",
    "bought": 0,
    "asleep": False,
    "explanation": "Waiting for an offer at this price or less.",
}

USER: dict[str, Example] = {
    "user_login_by_post": Example(
        {"apiKey": "test_..."},
        {"jwt": "eyJhbGciOiJIUzI1NiIs...", "expires_in": _MONTH, "scopes": ["buy", "read", "sell"]},
    ),
    "user_isConnected": Example({}, {"isConnected": True, "steamId": _STEAMID}),
    "user_disconnect": Example({}, {"message": "You are disconnected."}),
    "csrf_token": Example({}, {"csrf_token": "0123456789abcdef" * 4, "expires_in": 2_592_000}),
    "user_getSessions": Example(
        {},
        {
            "sessions": [
                {
                    "id": "s17",
                    "kind": "browser",
                    "name": "Mozilla/5.0 ...",
                    "apiKey": None,
                    "since": _NOW,
                    "lastSeen": _NOW,
                    "expires": _NOW + _MONTH,
                    "current": True,
                },
                {
                    "id": "jq3VbJ0pT0m1v9yWcL2xS4dRk",
                    "kind": "jwt",
                    "name": "my-bot/1.0",
                    "apiKey": "live_a1B2c3D4",
                    "since": _NOW,
                    "lastSeen": None,
                    "expires": _NOW + _MONTH,
                    "current": False,
                },
            ]
        },
    ),
    "user_endSession": Example({"id": "s17"}, {"message": "The session is ended."}),
    "user_endSessions": Example({}, {"message": "Ended: 2.", "ended": 2}),
    "user_getApiKeys": Example(
        {},
        {
            "keys": [
                {
                    "prefix": "live_a1B2c3D4",
                    "label": "my bot",
                    "scopes": ["buy", "read"],
                    "allowAddresses": ["203.0.113.0/24"],
                    "allowUrl": False,
                    "created": _NOW,
                    "expires": None,
                    "lastUsed": _NOW,
                }
            ]
        },
    ),
    "user_createApiKey": Example(
        {"label": "my bot", "scopes": ["read", "buy"], "allow_url": False, "code": "123456"},
        {"apiKey": "live_a1B2c3D4...", "prefix": "live_a1B2c3D4", "scopes": ["buy", "read"], "expires": None},
    ),
    "user_revokeApiKey": Example({"prefix": "live_a1B2c3D4"}, {"message": "The API key is revoked."}),
    "user_infos": Example({}, _INFOS),
    "user_infos_of_user": Example({"userid": _STEAMID}, _INFOS),
    "user_balance": Example({}, _BALANCE),
    "user_balance_of_user": Example({"userid": _STEAMID}, _BALANCE),
    "user_getContactMail": Example({}, _MAIL),
    "user_getContactMail_of_user": Example({"userid": _STEAMID}, _MAIL),
    "user_setTradeUrl": Example(
        {"tradeurl": "https://steamcommunity.com/tradeoffer/new/?partner=39734373&token=zPvo-jv3"},
        {
            "message": "Your trade URL is saved; Steam could not be asked whether it takes it.",
            "verified": False,
        },
    ),
    "user_updateShortUrl": Example({"shorturl": "ann42"}, {"message": "Your short URL is saved."}),
    "user_getMessages": Example(
        {},
        {
            "messages": [{"id": 3, "text": "Your payout is paid.", "timestamp": _NOW, "read": False}],
            "unread": 1,
        },
    ),
    "user_readMessages": Example({"id": 3}, {"message": "They are read.", "unread": 0}),
    "user_setMailNotification": Example(
        {"mail": "ann@example.com"},
        {
            "message": "A code was sent to ann@example.com: give it to confirm the address.",
            "confirmed": False,
        },
    ),
    "user_confirmMail": Example(
        {"code": "012345"}, {"message": "ann@example.com is your contact mail.", "address": "ann@example.com"}
    ),
    "user_setMailNotificationStatus": Example(
        {"status": 1}, {"message": "You are told by mail.", "notification": 1}
    ),
    "user_setSkrill": Example(
        {"skrill": "ann@example.com", "code": "123456"}, {"message": "Your Skrill address is saved."}
    ),
    "user_setDiscord": Example(
        {"discord": "80351110224678912", "discordtag": "ann#1234"},
        {"message": "Your Discord account is saved."},
    ),
    "user_2fa": Example({}, {"2fa": "true", "recoveryCodesLeft": 9}),
    "user_enable2fa": Example(
        {},
        {
            "secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
            "otpauth": "otpauth://totp/Tradepost:Ann?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Tradepost",
        },
    ),
    "user_confirm2fa": Example({"code": "123456"}, _CODES),
    "user_recoveryCodes": Example({"code": "123456"}, _CODES),
    "user_disable2fa": Example({"code": "123456"}, {"message": "The second factor is off."}),
    "user_notifications": Example({}, {"count": 1, "paymentReviews": 2}),
    "user_getPaymentAlerts": Example(
        {"page": 0, "count": 50},
        _told(12, "Your payout of 40.00 USD was paid to ann@example.com; Skrill's reference is SKR-2044."),
    ),
    "user_getPaymentReviews": Example(
        {"page": 0, "count": 50}, _told(11, "An operator looks at your payout of 40.00 USD.")
    ),
    "user_closePaymentAlert": Example({"id": 12}, {"message": "The payment alert is closed."}),
    "user_closePaymentReviews": Example({}, {"message": "The payment reviews are closed."}),
    "user_cashout": Example(
        {"amount": 4000, "method": "skrill", "code": "123456"},
        {"message": "40.00 USD are held; you are told when they are paid.", "informations": _PAYOUT},
    ),
    "user_getPayouts": Example(
        {"page": 0, "count": 50}, {"informations": [_PAYOUT], "page": 0, "count": 50, "total": 1}
    ),
    "user_deposit": Example(
        {"amount": 5000},
        {"url": "https://checkout.stripe.com/c/pay/cs_live_a1B2c3D4#fidkdWxOYHwnPyd1blpxYHZx"},
    ),
    "user_deleteAccount": Example(
        {"steamid": _STEAMID}, {"message": "Your data are deleted, and you are signed out everywhere."}
    ),
    "user_deposit_stripe": Example({}, {"message": "Noted."}),
    "user_dispute": Example(
        {"trade": 4711, "text": "It is another item than the one I paid for."},
        {
            "message": "An operator looks at trade 4711; the seller is not paid before he has ruled.",
            "trade": 4711,
            "timestamp": _NOW,
        },
    ),
    "user_buyorder_item": Example({"item": "8101"}, {"informations": _ORDER}),
    "user_getBuyorder": Example(
        {"page": 0, "count": 50}, {"informations": [_ORDER], "page": 0, "count": 50, "total": 1}
    ),
    "item_buyorderList_id": Example(
        {"id": "8101"},
        {
            "informations": {
                "itemid": 8101,
                "item_id": 8101,
                "name": "AK-47 | Slate (Field-Tested)",
                "project": "csgo",
                "buyorders": [
                    {"price": 431, "value": 431, "amount": 2, "orders": 1},
                    {"price": 425, "value": 425, "amount": 17, "orders": 4},
                ],
            }
        },
    ),
    "item_buyorder": Example(
        {"itemid": 8101, "value": 431, "amount": 2},
        {"message": "Your buy order is placed.", "informations": _ORDER},
    ),
    "item_buyorder_update": Example(
        {"itemid": 8101, "value": 440},
        {"message": "Your buy order is changed.", "informations": {**_ORDER, "price": 440, "value": 440}},
    ),
    "item_buyorder_remove": Example(
        {"itemid": 8101}, {"message": "Your buy order is removed.", "id": 77, "itemid": 8101}
    ),
    "item_buyorder_bulk": Example(
        {
            "orders": [
                {"itemid": 8101, "value": 431, "amount": 2},
                {"itemid": 999999999, "value": 100, "amount": 1},
            ]
        },
        {
            "message": "1 of 2 buy orders are placed.",
            "results": [
                {"itemid": 8101, "success": True, "informations": _ORDER},
                {"itemid": 999999999, "success": False, "message": "There is no such item in the catalogue."},
            ],
        },
    ),
}
