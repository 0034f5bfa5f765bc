"""ShadowPay API v1: calls by name, GET and POST alike, and HTTP 200 whatever came of them.

Its callers are PHP programs that read the body and nothing else. Its calls are in two modules, those that only
look and those that do something; here are its ways in.
"""

from starlette.routing import BaseRoute

from tradepost.app import App
from tradepost.dialects.edge import BodyTooLarge
from tradepost.dialects.pace import Kind, Paces
from tradepost.dialects.shadowpay.answers import Cancelled, Repriced, Success
from tradepost.dialects.shadowpay.calls import Handler, Method, TokenScope
from tradepost.dialects.shadowpay.v1 import answers, deeds, lists
from tradepost.dialects.shadowpay.ways import Manners, routes_below
from tradepost.rules.refusals import Refusal, TooManyRequests

PREFIX = "/api/v1"


def _both(
    scope: TokenScope, handler: Handler, answers: type[Success], kind: Kind | None = None
) -> dict[str, Method]:
    """The same call by GET and by POST."""
    method = Method(scope, handler, kind, answers)
    return {"GET": method, "POST": method}


CALLS: dict[str, dict[str, Method]] = {
    "/get_balance": _both("read", lists.balance, answers.BalanceV1),
    "/inventory": _both("read", lists.inventory, answers.InventoryV1, kind="steam"),
    "/search_item": _both("read", lists.of_name, answers.Found),
    "/search_items_by_list_names": _both("read", lists.of_names, answers.FoundByNames),
    "/search_similar_items": _both("read", lists.of_price, answers.Similar),
    "/get_items_on_sale": _both("read", lists.on_sale, answers.ItemsV1),
    "/get_items_on_sale_filtered": {
        # The seed has two calls of this name, and only what is sent tells one from the other.
        "GET": Method("read", lists.filtered, answers=answers.FilteredV1),
        "POST": Method("read", lists.mine, answers=answers.OwnItemsV1),
    },
    "/get_my_items_on_sale": _both("read", lists.mine, answers.OwnItemsV1),
    "/get_steam_prices": _both("read", lists.steam_prices, answers.SteamPrices),
    "/get_item_by_id": _both("read", lists.item, answers.ItemV1),
    "/buy_item": _both("buy", deeds.buy, answers.BoughtV1),
    "/sell_items": _both("sell", deeds.sell, answers.MadeV1, kind="steam"),
    "/cancel_items": _both("sell", deeds.cancel, Cancelled),
    "/change_item_price": _both("sell", deeds.reprice, Repriced),
    "/list_buy_info_by_custom_id": _both("read", lists.bought, answers.BuyInfos),
    "/operations_history": _both("read", lists.history, answers.OperationsV1),
}


def status(refusal: Refusal) -> int:
    """The HTTP status of a refusal: what is wrong stands in the body, but for what proxies must see."""
    if isinstance(refusal, TooManyRequests):
        return 429
    return 413 if isinstance(refusal, BodyTooLarge) else 200


MANNERS = Manners(status, internal_status=200, gone_status=200)


def routes(app: App, pace: Paces) -> list[BaseRoute]:
    """The ways into v1."""
    return routes_below(PREFIX, CALLS, MANNERS, app, pace)
