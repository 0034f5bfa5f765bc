"""Buy orders: what people will pay for an item of a name, filled by who sells it for that or less.

An order reserves nothing. Whoever puts an offer on sale, and whoever's wallet grows, leaves a row that is due
(sql/0010_buy_orders.sql); the worker fills from there. See docs/buy_orders.md.
"""

from tradepost.market.buy_orders.filling import MATCHES_CLAIMED_MAX, fill_buy_orders
from tradepost.market.buy_orders.placing import ORDERS_MAX, change, end_all, place, remove
from tradepost.market.buy_orders.reading import (
    BoughtByOrder,
    BuyOrderView,
    Depth,
    Level,
    bought,
    depth,
    own,
    page,
)
from tradepost.market.buy_orders.rows import BuyOrder

__all__ = [
    "MATCHES_CLAIMED_MAX",
    "ORDERS_MAX",
    "BoughtByOrder",
    "BuyOrder",
    "BuyOrderView",
    "Depth",
    "Level",
    "bought",
    "change",
    "depth",
    "end_all",
    "fill_buy_orders",
    "own",
    "page",
    "place",
    "remove",
]
