"""Who may do what in the user API: for each call what it needs, a request, and whose things it names.

A row stands here by itself, not made from the routes: a scope or a step-up that is changed there has to be changed here
too.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Things:
    """What a request names: a user's own things, another's, or what nobody has."""

    session: str
    jwt: str
    key: str  # an API key's prefix
    alert: int
    message: int
    item: int  # of the catalogue, for which there is an order


Asked = Callable[[Things], dict[str, Any]]


@dataclass(frozen=True)
class Row:
    """What a call needs, and what it is asked with."""

    scope: Literal["read", "sell", "buy"] = "read"
    asked: Asked = lambda _: {}
    who: Literal["connected", "anybody"] = "connected"
    step_up: Literal["no", "jwt", "yes"] = "no"
    others: bool = False  # an admin may name another user
    names: bool = False  # it names something of the caller's: another's is as if it were not there


NEW = {"value": 500, "amount": 1}
URL = "https://steamcommunity.com/tradeoffer/new/?partner=39734373&token=abcdefgh"

ROWS: dict[str, Row] = {
    "GET /user/login": Row(who="anybody"),
    "POST /user/login": Row(who="anybody", asked=lambda _: {"apiKey": "test_x"}),
    "GET /user/isConnected": Row(who="anybody"),
    "GET /user/disconnect": Row(who="anybody"),
    "GET /csrf/token": Row(),
    "GET /user/getSessions": Row(),
    "POST /user/endSession": Row("sell", lambda things: {"id": things.session}, names=True),
    "POST /user/endSessions": Row("sell"),
    "GET /user/getApiKeys": Row(),
    "POST /user/createApiKey": Row("sell", lambda _: {"label": "bot", "scopes": ["sell"]}, step_up="yes"),
    "POST /user/revokeApiKey": Row("sell", lambda things: {"prefix": things.key}, names=True),
    "GET /user/infos": Row(others=True),
    "GET /user/balance": Row(others=True),
    "GET /user/getContactMail": Row(others=True),
    "GET /user/getMessages": Row(asked=lambda things: {"before": things.message}),
    "POST /user/readMessages": Row("sell", lambda things: {"id": things.message}),
    "POST /user/setTradeUrl": Row("sell", lambda _: {"tradeurl": URL}, step_up="jwt"),
    "POST /user/updateShortUrl": Row("sell", lambda _: {"shorturl": "ann42"}),
    "POST /user/setSkrill": Row("sell", lambda _: {"skrill": "thief@example.com"}, step_up="yes"),
    "POST /user/setDiscord": Row("sell", lambda _: {"discordtag": "ann"}),
    "POST /user/setMailNotification": Row("sell", lambda _: {"mail": "ann@example.com"}),
    "POST /user/confirmMail": Row("sell", lambda _: {"code": "123456"}),
    "POST /user/setMailNotificationStatus": Row("sell", lambda _: {"status": 0}),
    "GET /user/2fa": Row(),
    "POST /user/enable2fa": Row("sell", step_up="yes"),
    "POST /user/confirm2fa": Row("sell", lambda _: {"code": "123456"}, step_up="yes"),
    "POST /user/recoveryCodes": Row("sell", step_up="yes"),
    "POST /user/disable2fa": Row("sell", step_up="yes"),
    "GET /user/notifications": Row(),
    "GET /user/getPaymentAlerts": Row(),
    "GET /user/getPaymentReviews": Row(),
    "POST /user/closePaymentAlert": Row("sell", lambda things: {"id": things.alert}, names=True),
    "POST /user/closePaymentReviews": Row("sell"),
    "POST /user/cashout": Row("sell", lambda _: {"amount": 1_000}, step_up="yes"),
    "GET /user/getPayouts": Row(),
    "POST /user/deposit": Row("buy", lambda _: {"amount": 5_000}),
    "POST /user/deposit/stripe": Row(who="anybody"),
    "POST /user/dispute": Row("sell", lambda _: {"trade": 999_999, "text": "It is another item."}),
    "GET /user/getSalesInfos": Row(others=True),
    "GET /user/getSalesChartInfos": Row(others=True),
    "POST /user/setAffiliates": Row(who="anybody", asked=lambda _: {"ref": "ann42"}),
    "GET /user/generateCSVToken": Row(others=True),
    "GET /user/exportCSV": Row(who="anybody", asked=lambda _: {"token": "0" * 128, "type": "sales"}),
    "POST /user/exportData": Row(step_up="yes"),
    "POST /user/deleteAccount": Row("sell", lambda _: {"steamid": "76561198000000999"}, step_up="yes"),
    "GET /user/getSalesHistory": Row(others=True),
    "GET /user/getPurchaseHistory": Row(others=True),
    "GET /user/getBalanceHistory": Row(others=True),
    "GET /user/getTransactionHistory": Row(others=True),
    "POST /item/buyorder": Row("buy", lambda things: {"itemid": things.item, **NEW}),
    "POST /item/buyorder/update": Row(
        "buy", lambda things: {"itemid": things.item, "value": 400}, names=True
    ),
    "POST /item/buyorder/remove": Row("buy", lambda things: {"itemid": things.item}, names=True),
    "POST /item/buyorder/bulk": Row("buy", lambda things: {"orders": [{"itemid": things.item, **NEW}]}),
    "GET /item/buyorderList/{id}": Row(asked=lambda things: {"id": things.item}),
    "GET /user/getBuyorder": Row(),
    "GET /user/buyorder/{item}": Row(asked=lambda things: {"item": things.item}, names=True),
}
