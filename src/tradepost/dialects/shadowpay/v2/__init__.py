"""ShadowPay API v2: REST paths, pages with metadata, HTTP statuses that mean what they say.

Its calls are in modules by what they are about; here are its ways in.
"""

from starlette.routing import BaseRoute

from tradepost.app import App
from tradepost.dialects.edge import BodyTooLarge
from tradepost.dialects.pace import Paces
from tradepost.dialects.shadowpay.answers import Cancelled, Repriced
from tradepost.dialects.shadowpay.calls import Method
from tradepost.dialects.shadowpay.v2 import (
    answers,
    deeds,
    lists,
    notices,
    payment_answers,
    payments,
    prices,
    stream,
    token,
    webhook,
)
from tradepost.dialects.shadowpay.ways import Manners, routes_below
from tradepost.dialects.shadowpay.words import word
from tradepost.rules.refusals import Refusal, TooManyRequests

PREFIX = "/api/v2"

STATUS = {
    "wrong_params": 400,
    "wrong_token": 401,
    "need_sum": 402,
    "no_access": 403,
    "buyer_has_buy_items_ban": 403,
    "no_item": 404,
    "wrong_method": 404,
    "empty_user_data": 404,
    "custom_id_exist": 409,
    "seller_offline_error": 409,
    "no_item_in_inventory": 409,
    "trade_yourself": 409,
    "need_apikey": 409,
    "invalid_trade_seller_link": 409,
    "validation_error": 422,
    "invalid_tradelink": 422,
    "error_steam_or_bot": 502,
    "buy_items_disabled": 503,
    "disabled": 503,
}

CALLS: dict[str, dict[str, Method]] = {
    "/account/balance": {"GET": Method("read", lists.balance, answers=answers.Balance)},
    "/token": {"GET": Method("read", token.token, answers=answers.Token)},
    "/account/inventory": {"GET": Method("read", lists.inventory, kind="steam", answers=answers.Inventory)},
    "/items": {"GET": Method("read", lists.items, answers=answers.Items)},
    "/items/{id}": {"GET": Method("read", lists.item, answers=answers.Item)},
    "/steam_items": {"GET": Method("read", lists.catalogue, answers=answers.SteamItems)},
    "/prices": {"GET": Method("read", prices.prices, answers=prices.Prices)},
    "/sales_history": {"GET": Method("read", prices.sales_history, answers=prices.SalesHistory)},
    "/rates": {"GET": Method("read", prices.exchange_rates, answers=prices.Rates)},
    "/buy": {"POST": Method("buy", deeds.buy, answers=answers.Bought)},
    "/offers": {
        "GET": Method("read", lists.own_offers, answers=answers.Offers),
        "POST": Method("sell", deeds.make_offers, kind="steam", answers=answers.Made),
        "PATCH": Method("sell", deeds.reprice_offers, answers=answers.RepricedMany),
        "DELETE": Method("sell", deeds.cancel_offers, answers=Cancelled),
    },
    "/offers/{id}": {"PATCH": Method("sell", deeds.reprice_offer, answers=Repriced)},
    "/webhook": {
        "GET": Method("read", webhook.webhook, answers=webhook.Webhook),
        "PUT": Method("sell", webhook.set_webhook, answers=webhook.WebhookSet),
        "DELETE": Method("sell", webhook.remove_webhook, answers=webhook.WebhookRemoved),
    },
    "/webhook/test": {"POST": Method("sell", webhook.ping, answers=notices.OneNotice)},
    "/notices": {"GET": Method("read", notices.list_notices, answers=notices.Notices)},
    "/notices/{id}/resend": {"POST": Method("sell", notices.resend, answers=notices.OneNotice)},
    "/payments": {"GET": Method("read", payments.list_payments, answers=payment_answers.Payments)},
    "/payments/test": {"POST": Method("sell", payments.test_ipn, answers=notices.OneNotice)},
    "/payments/{id}": {"GET": Method("read", payments.payment, answers=payment_answers.OnePayment)},
    "/gateway": {"GET": Method("read", payments.gateway, answers=payment_answers.OneGateway)},
    "/operations": {"GET": Method("read", lists.operations, answers=answers.Operations)},
    "/stream": {"GET": Method("read", stream.stream, kind="stream", answers=answers.Told)},
}


def status(refusal: Refusal) -> int:
    """The HTTP status of a refusal."""
    if isinstance(refusal, TooManyRequests):
        return 429
    return 413 if isinstance(refusal, BodyTooLarge) else STATUS[word(refusal)]


MANNERS = Manners(status, internal_status=500, gone_status=503)


def routes(app: App, pace: Paces) -> list[BaseRoute]:
    """The ways into v2."""
    return routes_below(PREFIX, CALLS, MANNERS, app, pace)
